// RUN: stepwell-opt %s -p "schedule-kernels{vector-width=16 dot}" | filecheck %s
// RUN: stepwell-opt %s -p "schedule-kernels{vector-width=16}" | filecheck %s --check-prefix WITHOUT

// Without an instruction that multiplies pairs of bf16 there are none.
// WITHOUT-LABEL: schedule.kernel @by_rule
// WITHOUT-NOT:     schedule.dot

#x = affine_map<(i, j, k) -> (i, k)>
#w = affine_map<(i, j, k) -> (k, j)>
#y = affine_map<(i, j, k) -> (i, j)>

// The strategy packs weights in pairs where there is the instruction, also in a single panel.
// CHECK-LABEL: schedule.kernel @by_rule {
// CHECK-NEXT:    schedule.pack [0] input 1 outer_dims_perm = [1, 0] inner_dims_pos = [1, 0] inner_tiles = [32, 2]
// CHECK:         %[[R:.*]]_o, %[[R]]_i = schedule.tile %[[R]] by 2
// CHECK:         schedule.vectorize %{{.*}} by 16
// CHECK-NEXT:    schedule.dot %[[R]]_i
memref.global "private" constant @weight : memref<128x32xbf16> = dense_resource<weight>
func.func @main(%x: memref<4x128xbf16>, %y: memref<4x32xf32>) {
  %w = memref.get_global @weight : memref<128x32xbf16>
  func.call @by_rule(%x, %w, %y) : (memref<4x128xbf16>, memref<128x32xbf16>, memref<4x32xf32>) -> ()
  func.return
}
func.func private @by_rule(%a: memref<4x128xbf16>, %b: memref<128x32xbf16>, %c: memref<4x32xf32>) {
  linalg.generic {indexing_maps = [#x, #w, #y], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<4x128xbf16>, memref<128x32xbf16>) outs(%c : memref<4x32xf32>) {
  ^bb0(%l: bf16, %r: bf16, %acc: f32):
    %u = arith.extf %l : bf16 to f32
    %v = arith.extf %r : bf16 to f32
    %p = arith.mulf %u, %v : f32
    %s = arith.addf %acc, %p : f32
    linalg.yield %s : f32
  }
  func.return
}

// An odd sum has no pairs: its numbers are widened one by one.
// CHECK-LABEL: schedule.kernel @odd {
// CHECK-NOT:     schedule.dot
func.func private @odd(%a: memref<4x37xbf16>, %b: memref<37x32xbf16>, %c: memref<4x32xf32>) {
  linalg.generic {indexing_maps = [#x, #w, #y], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<4x37xbf16>, memref<37x32xbf16>) outs(%c : memref<4x32xf32>) {
  ^bb0(%l: bf16, %r: bf16, %acc: f32):
    %u = arith.extf %l : bf16 to f32
    %v = arith.extf %r : bf16 to f32
    %p = arith.mulf %u, %v : f32
    %s = arith.addf %acc, %p : f32
    linalg.yield %s : f32
  }
  func.return
}
