// RUN: stepwell-opt %s -p apply-schedule | filecheck %s

#x = affine_map<(i, j, k) -> (i, k)>
#w = affine_map<(i, j, k) -> (j floordiv 32, k floordiv 2, j mod 32, k mod 2)>
#y = affine_map<(i, j, k) -> (i, j)>

// Two by two tiles of sums: four loads a step for four products. Rows of %a are 64 elements apart, those of %b, 32 pairs
// of a panel, 64 as well. The sums go through a buffer, from which they are added to what %c held.
// CHECK-LABEL: @two_by_two
// CHECK:         scf.for %[[I:.*]] = %c0 to %c64 step %c32 {
// CHECK:           scf.for %[[J:.*]] = %c0 to %c64 step %c32 {
// CHECK-COUNT-4:     amx.tile_zero : !amx.tile<16x16xf32>
// CHECK:             %[[T0:.*]], %{{.*}}, %{{.*}}, %[[T3:.*]] = scf.for %[[R:.*]] = %c0 to %c64 step %c32 iter_args(%[[S0:.*]] = %{{.*}}, %[[S1:.*]] = %{{.*}}, %[[S2:.*]] = %{{.*}}, %[[S3:.*]] = %{{.*}}) -> (!amx.tile<16x16xf32>, !amx.tile<16x16xf32>, !amx.tile<16x16xf32>, !amx.tile<16x16xf32>) {
// CHECK:               memref.reinterpret_cast %a_flat to offset: [%{{.*}}], sizes: [16, 32], strides: [64, 1] : memref<4096xbf16> to memref<16x32xbf16, strided<[64, 1], offset: ?>>
// CHECK:               %[[A0:.*]] = amx.tile_load %{{.*}}[%c0, %c0] : memref<16x32xbf16, strided<[64, 1], offset: ?>> into !amx.tile<16x32xbf16>
// CHECK:               %[[A1:.*]] = amx.tile_load
// CHECK:               memref.reinterpret_cast %b_flat to offset: [%{{.*}}], sizes: [16, 32], strides: [64, 1] : memref<4096xbf16>
// CHECK:               %[[B0:.*]] = amx.tile_load
// CHECK:               %[[B1:.*]] = amx.tile_load
// CHECK-NEXT:          amx.tile_mulf %[[A0]], %[[B0]], %[[S0]] : !amx.tile<16x32xbf16>, !amx.tile<16x32xbf16>, !amx.tile<16x16xf32>
// CHECK-NEXT:          amx.tile_mulf %[[A0]], %[[B1]], %[[S1]]
// CHECK-NEXT:          amx.tile_mulf %[[A1]], %[[B0]], %[[S2]]
// CHECK-NEXT:          amx.tile_mulf %[[A1]], %[[B1]], %[[S3]]
// CHECK:             %sums = memref.alloc() : memref<32x32xf32>
// CHECK:             amx.tile_store %sums[%c0, %c0], %[[T0]] : memref<32x32xf32>, !amx.tile<16x16xf32>
// CHECK:             amx.tile_store %sums[%c16, %c16], %[[T3]]
// CHECK:             %[[SUM:.*]] = vector.load %sums[%c0, %c0] : memref<32x32xf32>, vector<16xf32>
// CHECK:             %[[OLD:.*]] = vector.load %c_flat
// CHECK:             arith.addf %[[OLD]], %[[SUM]] : vector<16xf32>
// CHECK:             vector.store
// CHECK-NOT:     x86vector
func.func private @two_by_two(%a: memref<64x64xbf16>, %b: memref<2x32x32x2xbf16>, %c: memref<64x64xf32>) {
  linalg.generic {indexing_maps = [#x, #w, #y], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<64x64xbf16>, memref<2x32x32x2xbf16>) outs(%c : memref<64x64xf32>) {
  ^bb0(%l: bf16, %r: bf16, %acc: f32):
    %u = arith.extf %l : bf16 to f32
    %v = arith.extf %r : bf16 to f32
    %p = arith.mulf %u, %v : f32
    %s = arith.addf %acc, %p : f32
    linalg.yield %s : f32
  }
  func.return
}
schedule.kernel @two_by_two {
  %i, %j, %r = schedule.nest [0] : 64, 64, 64
  %io, %ii = schedule.tile %i by 32
  %jo, %ji = schedule.tile %j by 32
  %ro, %ri = schedule.tile %r by 32
  schedule.reorder %io, %jo, %ro, %ii, %ji, %ri
  schedule.unroll %ii
  schedule.vectorize %ji by 16
  schedule.dot %ri by amx
}

// Rows that make no whole tile, one here, are multiplied pair by pair. Columns that are not there are zeros in the panel.
// CHECK-LABEL: @a_row_and_columns_left
// CHECK:         amx.tile_mulf {{.*}} : !amx.tile<14x24xbf16>, !amx.tile<12x32xbf16>, !amx.tile<14x16xf32>
// CHECK:         vector.load %sums{{.*}} : memref<{{.*}}xf32>, vector<8xf32>
// CHECK:         scf.for %{{.*}} = %c0 to %c48 step %c2 iter_args
// CHECK:           x86vector.avx512.dot
func.func private @a_row_and_columns_left(%a: memref<29x48xbf16>, %b: memref<2x24x32x2xbf16>, %c: memref<29x40xf32>) {
  linalg.generic {indexing_maps = [#x, #w, #y], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<29x48xbf16>, memref<2x24x32x2xbf16>) outs(%c : memref<29x40xf32>) {
  ^bb0(%l: bf16, %r: bf16, %acc: f32):
    %u = arith.extf %l : bf16 to f32
    %v = arith.extf %r : bf16 to f32
    %p = arith.mulf %u, %v : f32
    %s = arith.addf %acc, %p : f32
    linalg.yield %s : f32
  }
  func.return
}
schedule.kernel @a_row_and_columns_left {
  %i, %j, %r = schedule.nest [0] : 29, 40, 48
  %io, %ii = schedule.tile %i by 28
  %jo, %ji = schedule.tile %j by 32
  %ro, %ri = schedule.tile %r by 24
  schedule.reorder %io, %jo, %ro, %ii, %ji, %ri
  schedule.unroll %ii
  schedule.vectorize %ji by 16
  schedule.dot %ri by amx
}
