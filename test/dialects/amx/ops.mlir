// RUN: stepwell-opt %s | stepwell-opt - | filecheck %s

// CHECK-LABEL: @tiles
// CHECK:         %[[ZERO:.*]] = amx.tile_zero : !amx.tile<16x16xf32>
// CHECK-NEXT:    %[[A:.*]] = amx.tile_load %a[%i, %r] : memref<64x128xbf16> into !amx.tile<16x32xbf16>
// CHECK-NEXT:    %[[B:.*]] = amx.tile_load %b[%r, %i] : memref<64x64xbf16> into !amx.tile<16x32xbf16>
// CHECK-NEXT:    %[[SUM:.*]] = amx.tile_mulf %[[A]], %[[B]], %[[ZERO]] : !amx.tile<16x32xbf16>, !amx.tile<16x32xbf16>, !amx.tile<16x16xf32>
// CHECK-NEXT:    amx.tile_store %c[%i, %i], %[[SUM]] : memref<64x64xf32>, !amx.tile<16x16xf32>
func.func @tiles(%a: memref<64x128xbf16>, %b: memref<64x64xbf16>, %c: memref<64x64xf32>, %i: index, %r: index) {
  %zero = amx.tile_zero : !amx.tile<16x16xf32>
  %at = amx.tile_load %a[%i, %r] : memref<64x128xbf16> into !amx.tile<16x32xbf16>
  %bt = amx.tile_load %b[%r, %i] : memref<64x64xbf16> into !amx.tile<16x32xbf16>
  %sum = amx.tile_mulf %at, %bt, %zero : !amx.tile<16x32xbf16>, !amx.tile<16x32xbf16>, !amx.tile<16x16xf32>
  amx.tile_store %c[%i, %i], %sum : memref<64x64xf32>, !amx.tile<16x16xf32>
  func.return
}

// Rows may lie apart, and a tile may be smaller.
// CHECK-LABEL: @smaller
// CHECK:         amx.tile_load %a[%i, %i] : memref<14x24xbf16, strided<[96, 1], offset: ?>> into !amx.tile<14x24xbf16>
func.func @smaller(%a: memref<14x24xbf16, strided<[96, 1], offset: ?>>, %b: !amx.tile<12x32xbf16>, %i: index) {
  %zero = amx.tile_zero : !amx.tile<14x16xf32>
  %at = amx.tile_load %a[%i, %i] : memref<14x24xbf16, strided<[96, 1], offset: ?>> into !amx.tile<14x24xbf16>
  %sum = amx.tile_mulf %at, %b, %zero : !amx.tile<14x24xbf16>, !amx.tile<12x32xbf16>, !amx.tile<14x16xf32>
  func.return
}
