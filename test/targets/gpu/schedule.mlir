// RUN: stepwell-opt %s -p 'schedule-gpu{threads=64 registers=16}' --split-input-file | filecheck %s
// RUN: stepwell-opt %s -p 'schedule-gpu{threads=4096 registers=16}' --split-input-file | filecheck %s --check-prefix=FEW

// A thread computes 4 by 4 results: 8 loads for 16 products, and still 64 threads. Where a device wants more threads
// than there are results, each computes one.
// CHECK-LABEL: schedule.kernel @matmul
// CHECK-NEXT:    %i, %j, %r = schedule.nest [0, 1] : 32, 32, 16
// CHECK-NEXT:    %i_o, %i_i = schedule.tile %i by 4
// CHECK-NEXT:    %j_o, %j_i = schedule.tile %j by 4
// CHECK-NEXT:    schedule.reorder %i_o, %j_o, %r, %i_i, %j_i
// CHECK-NEXT:    schedule.parallel %i_o, %j_o
// CHECK-NEXT:    schedule.unroll %i_i, %j_i
// FEW-LABEL:   schedule.kernel @matmul
// FEW-NEXT:      %i, %j, %r = schedule.nest [0, 1] : 32, 32, 16
// FEW-NEXT:      schedule.parallel %i, %j
// FEW-NEXT:    }
func.func private @matmul(%a: memref<32x16xf32>, %b: memref<16x32xf32>, %y: memref<32x32xf32>) {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%y : memref<32x32xf32>)
  linalg.generic {indexing_maps = [affine_map<(i, j, r) -> (i, r)>, affine_map<(i, j, r) -> (r, j)>,
                                   affine_map<(i, j, r) -> (i, j)>],
                  iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<32x16xf32>, memref<16x32xf32>) outs(%y : memref<32x32xf32>) {
  ^bb0(%x: f32, %w: f32, %s: f32):
    %p = arith.mulf %x, %w : f32
    %t = arith.addf %s, %p : f32
    linalg.yield %t : f32
  }
  func.return
}

// -----

// A map has nothing to save: each thread computes one element. Loops that can be one are one.
// CHECK-LABEL: schedule.kernel @negate
// CHECK-NEXT:    %i = schedule.nest [0] : 2048
// CHECK-NEXT:    schedule.parallel %i
// CHECK-NEXT:  }
func.func private @negate(%x: memref<64x32xf32>, %y: memref<64x32xf32>) {
  linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>],
                  iterator_types = ["parallel", "parallel"]}
      ins(%x : memref<64x32xf32>) outs(%y : memref<64x32xf32>) {
  ^bb0(%v: f32, %o: f32):
    %n = arith.negf %v : f32
    linalg.yield %n : f32
  }
  func.return
}

// -----

// A schedule that is there already stays.
// CHECK:       schedule.kernel @given
// CHECK-NEXT:    %i = schedule.nest [0] : 64
// CHECK-NEXT:  }
// CHECK-NOT:   schedule.kernel
func.func private @given(%y: memref<64xf32>) {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%y : memref<64xf32>)
  func.return
}
schedule.kernel @given {
  %i = schedule.nest [0] : 64
}
