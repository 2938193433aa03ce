// RUN: stepwell-opt %s -p apply-schedule | filecheck %s

#x = affine_map<(i, j, k) -> (i, k)>
#w = affine_map<(i, j, k) -> (k floordiv 4, j, k mod 4)>
#y = affine_map<(i, j, k) -> (i, j)>

// Four bytes of %a for all lanes, moved as the 32 bits that they are; sixteen fours of %b, which are packed so. The
// instruction wants the factor without a sign first, whichever stands first in the body.
// CHECK-LABEL: @fours
// CHECK:         scf.for %{{.*}} = %c0 to %c8 step %c4 iter_args(%[[ACC:.*]] = %{{.*}}) -> (vector<16xi32>) {
// CHECK:           %[[FOUR:.*]] = vector.load %a_flat[%{{.*}}] : memref<32xi8>, vector<4xi8>
// CHECK-NEXT:      %[[BITS:.*]] = vector.bitcast %[[FOUR]] : vector<4xi8> to vector<1xf32>
// CHECK-NEXT:      %[[ALL:.*]] = vector.broadcast %[[BITS]] : vector<1xf32> to vector<16xf32>
// CHECK-NEXT:      %[[A:.*]] = vector.bitcast %[[ALL]] : vector<16xf32> to vector<64xi8>
// CHECK:           %[[B:.*]] = vector.load %b_flat[%{{.*}}] : memref<256xi8>, vector<64xi8>
// CHECK-NEXT:      x86vector.avx512.dot %[[ACC]], %[[A]], %[[B]] : vector<64xi8> -> vector<16xi32>
func.func private @fours(%a: memref<4x8xi8>, %b: memref<2x32x4xi8>, %c: memref<4x32xi32>) {
  linalg.generic {indexing_maps = [#x, #w, #y], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<4x8xi8>, memref<2x32x4xi8>) outs(%c : memref<4x32xi32>) {
  ^bb0(%l: i8, %r: i8, %acc: i32):
    %v = arith.extsi %r : i8 to i32
    %u = arith.extui %l : i8 to i32
    %p = arith.muli %v, %u : i32
    %s = arith.addi %acc, %p : i32
    linalg.yield %s : i32
  }
  func.return
}
schedule.kernel @fours {
  %i, %j, %r = schedule.nest [0] : 4, 32, 8
  %jo, %ji = schedule.tile %j by 16
  %ro, %ri = schedule.tile %r by 4
  schedule.reorder %i, %jo, %ro, %ji, %ri
  schedule.vectorize %ji by 16
  schedule.dot %ri
}
