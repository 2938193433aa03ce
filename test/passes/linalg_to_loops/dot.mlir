// RUN: stepwell-opt %s -p apply-schedule | filecheck %s

#x = affine_map<(i, j, k) -> (i, k)>
#w = affine_map<(i, j, k) -> (k, j)>
#y = affine_map<(i, j, k) -> (i, j)>

// A pair of %a for all lanes, moved as the 32 bits that it is; 16 pairs of %b put together from two rows.
// CHECK-LABEL: @rows
// CHECK:         scf.for %{{.*}} = %c0 to %c8 step %c2 iter_args(%[[ACC:.*]] = %{{.*}}) -> (vector<16xf32>) {
// CHECK:           %[[PAIR:.*]] = vector.load %a_flat[%{{.*}}] : memref<32xbf16>, vector<2xbf16>
// CHECK-NEXT:      %[[BITS:.*]] = vector.bitcast %[[PAIR]] : vector<2xbf16> to vector<1xf32>
// CHECK-NEXT:      %[[ALL:.*]] = vector.broadcast %[[BITS]] : vector<1xf32> to vector<16xf32>
// CHECK-NEXT:      %[[A:.*]] = vector.bitcast %[[ALL]] : vector<16xf32> to vector<32xbf16>
// CHECK:           %[[FIRST:.*]] = vector.load %b_flat[%{{.*}}] : memref<256xbf16>, vector<16xbf16>
// CHECK:           %[[SECOND:.*]] = vector.load %b_flat[%{{.*}}] : memref<256xbf16>, vector<16xbf16>
// CHECK-NEXT:      %[[B:.*]] = vector.shuffle %[[FIRST]], %[[SECOND]] [0, 16, 1, 17, {{.*}}, 15, 31] : vector<16xbf16>, vector<16xbf16>
// CHECK-NEXT:      x86vector.avx512.dot %[[ACC]], %[[A]], %[[B]] : vector<32xbf16> -> vector<16xf32>
func.func private @rows(%a: memref<4x8xbf16>, %b: memref<8x32xbf16>, %c: memref<4x32xf32>) {
  linalg.generic {indexing_maps = [#x, #w, #y], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<4x8xbf16>, memref<8x32xbf16>) outs(%c : memref<4x32xf32>) {
  ^bb0(%l: bf16, %r: bf16, %acc: f32):
    %u = arith.extf %l : bf16 to f32
    %v = arith.extf %r : bf16 to f32
    %p = arith.mulf %u, %v : f32
    %s = arith.addf %acc, %p : f32
    linalg.yield %s : f32
  }
  func.return
}
schedule.kernel @rows {
  %i, %j, %r = schedule.nest [0] : 4, 32, 8
  %jo, %ji = schedule.tile %j by 16
  %ro, %ri = schedule.tile %r by 2
  schedule.reorder %i, %jo, %ro, %ji, %ri
  schedule.vectorize %ji by 16
  schedule.dot %ri
}

// What is packed in pairs is read with one load.
// CHECK-LABEL: @packed
// CHECK:         vector.load %b_flat[%{{.*}}] : memref<256xbf16>, vector<32xbf16>
// CHECK-NOT:     vector.shuffle
// CHECK:         x86vector.avx512.dot
func.func private @packed(%a: memref<4x8xbf16>, %b: memref<4x32x2xbf16>, %c: memref<4x32xf32>) {
  linalg.generic {indexing_maps = [#x, affine_map<(i, j, k) -> (k floordiv 2, j, k mod 2)>, #y],
                  iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<4x8xbf16>, memref<4x32x2xbf16>) outs(%c : memref<4x32xf32>) {
  ^bb0(%l: bf16, %r: bf16, %acc: f32):
    %u = arith.extf %l : bf16 to f32
    %v = arith.extf %r : bf16 to f32
    %p = arith.mulf %u, %v : f32
    %s = arith.addf %acc, %p : f32
    linalg.yield %s : f32
  }
  func.return
}
schedule.kernel @packed {
  %i, %j, %r = schedule.nest [0] : 4, 32, 8
  %jo, %ji = schedule.tile %j by 16
  %ro, %ri = schedule.tile %r by 2
  schedule.reorder %i, %jo, %ro, %ji, %ri
  schedule.vectorize %ji by 16
  schedule.dot %ri
}
