// RUN: stepwell-opt %s -p "schedule-kernels{vector-width=16 dot amx}" | filecheck %s
// RUN: stepwell-opt %s -p "schedule-kernels{vector-width=16 dot}" | filecheck %s --check-prefix WITHOUT

// WITHOUT-NOT: by amx

#x = affine_map<(i, j, k) -> (i, k)>
#w = affine_map<(i, j, k) -> (k, j)>
#y = affine_map<(i, j, k) -> (i, j)>

// 45 rows are three times 15, two tiles of which go with two of columns.
// CHECK-LABEL: schedule.kernel @by_rule {
// CHECK-NEXT:    schedule.pack [0] input 1 outer_dims_perm = [1, 0] inner_dims_pos = [1, 0] inner_tiles = [32, 2]
// CHECK:         schedule.tile %{{.*}} by 30
// CHECK-NEXT:    schedule.tile %{{.*}} by 32
// CHECK-NEXT:    %[[R:.*]]_o, %[[R]]_i = schedule.tile %[[R]] by 32
// CHECK:         schedule.vectorize %{{.*}} by 16
// CHECK-NEXT:    schedule.dot %[[R]]_i by amx
memref.global "private" constant @weight : memref<128x48xbf16> = dense_resource<weight>
func.func @main(%x: memref<45x128xbf16>, %y: memref<45x48xf32>) {
  %w = memref.get_global @weight : memref<128x48xbf16>
  func.call @by_rule(%x, %w, %y) : (memref<45x128xbf16>, memref<128x48xbf16>, memref<45x48xf32>) -> ()
  func.return
}
func.func private @by_rule(%a: memref<45x128xbf16>, %b: memref<128x48xbf16>, %c: memref<45x48xf32>) {
  linalg.generic {indexing_maps = [#x, #w, #y], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<45x128xbf16>, memref<128x48xbf16>) outs(%c : memref<45x48xf32>) {
  ^bb0(%l: bf16, %r: bf16, %acc: f32):
    %u = arith.extf %l : bf16 to f32
    %v = arith.extf %r : bf16 to f32
    %p = arith.mulf %u, %v : f32
    %s = arith.addf %acc, %p : f32
    linalg.yield %s : f32
  }
  func.return
}

// Of what is no constant the pairs are not packed, and 4 rows make no tile: pairs, one by one.
// CHECK-LABEL: schedule.kernel @not_packed {
// CHECK-NOT:     by amx
func.func private @not_packed(%a: memref<45x128xbf16>, %b: memref<128x48xbf16>, %c: memref<45x48xf32>) {
  linalg.generic {indexing_maps = [#x, #w, #y], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<45x128xbf16>, memref<128x48xbf16>) outs(%c : memref<45x48xf32>) {
  ^bb0(%l: bf16, %r: bf16, %acc: f32):
    %u = arith.extf %l : bf16 to f32
    %v = arith.extf %r : bf16 to f32
    %p = arith.mulf %u, %v : f32
    %s = arith.addf %acc, %p : f32
    linalg.yield %s : f32
  }
  func.return
}


// CHECK-LABEL: schedule.kernel @few_rows {
// CHECK-NOT:     by amx
memref.global "private" constant @other : memref<128x32xbf16> = dense_resource<other>
func.func @second(%x: memref<4x128xbf16>, %y: memref<4x32xf32>) {
  %w = memref.get_global @other : memref<128x32xbf16>
  func.call @few_rows(%x, %w, %y) : (memref<4x128xbf16>, memref<128x32xbf16>, memref<4x32xf32>) -> ()
  func.return
}
func.func private @few_rows(%a: memref<4x128xbf16>, %b: memref<128x32xbf16>, %c: memref<4x32xf32>) {
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
