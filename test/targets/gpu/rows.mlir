// RUN: stepwell-opt %s -p 'schedule-gpu{threads=4096 registers=16 block=256 workgroup=16384}' --split-input-file | filecheck %s

// Rows that are summed, then divided by their sums: one launch, a block of 64 threads a row. Both nests have as many
// threads, neighbours along the row.
// CHECK-LABEL: schedule.kernel @rows {
// CHECK-NEXT:    %i, %r = schedule.nest [0, 1] : 100, 777
// CHECK-NEXT:    %r_o, %r_t = schedule.tile %r by 64
// CHECK-NEXT:    schedule.reorder %i, %r_t, %r_o
// CHECK-NEXT:    schedule.bind %i to block
// CHECK-NEXT:    schedule.bind %r_t to thread
// CHECK-NEXT:    %i_1, %j = schedule.nest [2] : 100, 777
// CHECK-NEXT:    %j_o, %j_t = schedule.tile %j by 64
// CHECK-NEXT:    schedule.reorder %i_1, %j_t, %j_o
// CHECK-NEXT:    schedule.bind %i_1 to block
// CHECK-NEXT:    schedule.bind %j_t to thread
// CHECK-NEXT:    schedule.together %i, %i_1
func.func private @rows(%x: memref<100x777xf32>, %y: memref<100x777xf32>) {
  %zero = arith.constant 0.0 : f32
  %sum = memref.alloc() : memref<100xf32>
  linalg.fill ins(%zero : f32) outs(%sum : memref<100xf32>)
  linalg.generic {indexing_maps = [affine_map<(i, r) -> (i, r)>, affine_map<(i, r) -> (i)>],
                  iterator_types = ["parallel", "reduction"]}
      ins(%x : memref<100x777xf32>) outs(%sum : memref<100xf32>) {
  ^bb0(%v: f32, %s: f32):
    %t = arith.addf %s, %v : f32
    linalg.yield %t : f32
  }
  linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i)>, affine_map<(i, j) -> (i, j)>],
                  iterator_types = ["parallel", "parallel"]}
      ins(%x, %sum : memref<100x777xf32>, memref<100xf32>) outs(%y : memref<100x777xf32>) {
  ^bb0(%v: f32, %s: f32, %o: f32):
    %t = arith.divf %v, %s : f32
    linalg.yield %t : f32
  }
  func.return
}

// -----

// Where a row needs the sums of others, these are a launch before.
// CHECK-LABEL: schedule.kernel @columns {
// CHECK-NOT:     schedule.together
func.func private @columns(%x: memref<64x64xf32>, %y: memref<64x64xf32>) {
  %zero = arith.constant 0.0 : f32
  %sum = memref.alloc() : memref<64xf32>
  linalg.fill ins(%zero : f32) outs(%sum : memref<64xf32>)
  linalg.generic {indexing_maps = [affine_map<(i, r) -> (i, r)>, affine_map<(i, r) -> (i)>],
                  iterator_types = ["parallel", "reduction"]}
      ins(%x : memref<64x64xf32>) outs(%sum : memref<64xf32>) {
  ^bb0(%v: f32, %s: f32):
    %t = arith.addf %s, %v : f32
    linalg.yield %t : f32
  }
  linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (j)>, affine_map<(i, j) -> (i, j)>],
                  iterator_types = ["parallel", "parallel"]}
      ins(%x, %sum : memref<64x64xf32>, memref<64xf32>) outs(%y : memref<64x64xf32>) {
  ^bb0(%v: f32, %s: f32, %o: f32):
    %t = arith.divf %v, %s : f32
    linalg.yield %t : f32
  }
  func.return
}

// -----

// Short rows are for threads of their own.
// CHECK-LABEL: schedule.kernel @short {
// CHECK-NOT:     schedule.together
func.func private @short(%x: memref<100x7xf32>, %y: memref<100x7xf32>) {
  %zero = arith.constant 0.0 : f32
  %sum = memref.alloc() : memref<100xf32>
  linalg.fill ins(%zero : f32) outs(%sum : memref<100xf32>)
  linalg.generic {indexing_maps = [affine_map<(i, r) -> (i, r)>, affine_map<(i, r) -> (i)>],
                  iterator_types = ["parallel", "reduction"]}
      ins(%x : memref<100x7xf32>) outs(%sum : memref<100xf32>) {
  ^bb0(%v: f32, %s: f32):
    %t = arith.addf %s, %v : f32
    linalg.yield %t : f32
  }
  linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i)>, affine_map<(i, j) -> (i, j)>],
                  iterator_types = ["parallel", "parallel"]}
      ins(%x, %sum : memref<100x7xf32>, memref<100xf32>) outs(%y : memref<100x7xf32>) {
  ^bb0(%v: f32, %s: f32, %o: f32):
    %t = arith.divf %v, %s : f32
    linalg.yield %t : f32
  }
  func.return
}
