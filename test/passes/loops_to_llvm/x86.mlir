// RUN: stepwell-opt %s -p loops-to-llvm | filecheck %s

// CHECK-LABEL: @dot
// CHECK:         llvm.call_intrinsic "llvm.x86.avx512bf16.dpbf16ps.512"(%{{.*}}, %{{.*}}, %{{.*}}) : (vector<16xf32>, vector<32xbf16>, vector<32xbf16>) -> vector<16xf32>
// CHECK:         llvm.call_intrinsic "llvm.x86.avx512bf16.dpbf16ps.256"(%{{.*}}, %{{.*}}, %{{.*}}) : (vector<8xf32>, vector<16xbf16>, vector<16xbf16>) -> vector<8xf32>
func.func private @dot(%m: memref<32xbf16>, %s: memref<16xf32>) attributes {stepwell.kernel} {
  %c0 = arith.constant 0 : index
  %a = vector.load %m[%c0] : memref<32xbf16>, vector<32xbf16>
  %acc = vector.load %s[%c0] : memref<16xf32>, vector<16xf32>
  %sum = x86vector.avx512.dot %acc, %a, %a : vector<32xbf16> -> vector<16xf32>
  vector.store %sum, %s[%c0] : memref<16xf32>, vector<16xf32>
  %b = vector.load %m[%c0] : memref<32xbf16>, vector<16xbf16>
  %few = vector.load %s[%c0] : memref<16xf32>, vector<8xf32>
  %half = x86vector.avx512.dot %few, %b, %b : vector<16xbf16> -> vector<8xf32>
  vector.store %half, %s[%c0] : memref<16xf32>, vector<8xf32>
  func.return
}

// A tile is of one type whatever its shape; each op says rows and bytes of a row. Rows of %x are 256 bytes apart.
// CHECK-LABEL: @tiles
// CHECK-NEXT:    %[[C14:.*]] = llvm.mlir.constant(14 : i16) : i16
// CHECK-NEXT:    %[[C64:.*]] = llvm.mlir.constant(64 : i16) : i16
// CHECK:         %[[C48:.*]] = llvm.mlir.constant(48 : i16) : i16
// CHECK-NEXT:    %[[APART:.*]] = llvm.mlir.constant(256) : i64
// CHECK-NEXT:    %[[C12:.*]] = llvm.mlir.constant(12 : i16) : i16
// CHECK:         %[[ZERO:.*]] = llvm.call_intrinsic "llvm.x86.tilezero.internal"(%[[C14]], %[[C64]]) : (i16, i16) -> !llvm.x86_amx
// CHECK:         ^{{.*}}(%{{.*}}: i64, %[[OLD:.*]]: !llvm.x86_amx):
// CHECK:         %[[A:.*]] = llvm.call_intrinsic "llvm.x86.tileloadd64.internal"(%[[C14]], %[[C48]], %{{.*}}, %[[APART]]) : (i16, i16, !llvm.ptr, i64) -> !llvm.x86_amx
// CHECK:         %[[B:.*]] = llvm.call_intrinsic "llvm.x86.tileloadd64.internal"(%[[C12]], %[[C64]], %{{.*}}, %{{.*}}) : (i16, i16, !llvm.ptr, i64) -> !llvm.x86_amx
// CHECK:         llvm.call_intrinsic "llvm.x86.tdpbf16ps.internal"(%[[C14]], %[[C64]], %[[C48]], %[[OLD]], %[[A]], %[[B]]) : (i16, i16, i16, !llvm.x86_amx, !llvm.x86_amx, !llvm.x86_amx) -> !llvm.x86_amx
// CHECK:         llvm.call_intrinsic "llvm.x86.tilestored64.internal"(%[[C14]], %[[C64]], %{{.*}}, %{{.*}}, %{{.*}}) : (i16, i16, !llvm.ptr, i64, !llvm.x86_amx) -> ()
func.func private @tiles(%x: memref<14x128xbf16>, %w: memref<64x32xbf16>, %y: memref<14x16xf32>) attributes {stepwell.kernel} {
  %c0 = arith.constant 0 : index
  %c24 = arith.constant 24 : index
  %c96 = arith.constant 96 : index
  %c2 = arith.constant 2 : index
  %zero = amx.tile_zero : !amx.tile<14x16xf32>
  %sum = scf.for %r = %c0 to %c96 step %c24 iter_args(%acc = %zero) -> (!amx.tile<14x16xf32>) {
    %p = arith.divui %r, %c2 : index
    %a = amx.tile_load %x[%c0, %r] : memref<14x128xbf16> into !amx.tile<14x24xbf16>
    %b = amx.tile_load %w[%p, %c0] : memref<64x32xbf16> into !amx.tile<12x32xbf16>
    %s = amx.tile_mulf %a, %b, %acc : !amx.tile<14x24xbf16>, !amx.tile<12x32xbf16>, !amx.tile<14x16xf32>
    scf.yield %s : !amx.tile<14x16xf32>
  }
  amx.tile_store %y[%c0, %c0], %sum : memref<14x16xf32>, !amx.tile<14x16xf32>
  func.return
}
