// RUN: stepwell-opt %s -p "schedule-kernels{vector-width=16}" | filecheck %s
// RUN: stepwell-opt %s -p "schedule-kernels{vector-width=1}" | filecheck %s --check-prefix=SCALAR
// RUN: stepwell-opt %s -p "schedule-kernels{vector-width=16 fmas=1 half-fmas=2}" | filecheck %s --check-prefix=HALVES

#id = affine_map<(i, j) -> (i, j)>
#flip = affine_map<(i, j) -> (j, i)>
#row = affine_map<(i, j) -> (i)>
#column = affine_map<(i, j) -> (j)>

// A schedule that is there stays as it is.
// CHECK-LABEL: schedule.kernel @by_hand {
// CHECK-NEXT:    %i = schedule.nest [0] : 32
// CHECK-NEXT:    schedule.vectorize %i by 4
// CHECK-NEXT:  }
// CHECK-NOT:     schedule.kernel @by_hand
schedule.kernel @by_hand {
  %i = schedule.nest [0] : 32
  schedule.vectorize %i by 4
}
func.func @by_hand(%x: memref<32xf32>) {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%x : memref<32xf32>)
  func.return
}

// Nothing to schedule, no schedule.
// CHECK-NOT: schedule.kernel @nothing
func.func @nothing(%x: memref<32xf32>) {
  func.return
}

// A matrix product, with what starts it and what follows it in its loops: 16 results of 16 lanes stay in registers. For
// a C compiler rows are accumulated, so that it finds an inner loop that walks memory.
// CHECK-LABEL: schedule.kernel @dense {
// CHECK-NEXT:    %i, %j, %r = schedule.nest [0, 1, 2] : 56, 512, 64
// CHECK-NEXT:    %i_o, %i_i = schedule.tile %i by 4
// CHECK-NEXT:    %j_o, %j_i = schedule.tile %j by 64
// CHECK-NEXT:    schedule.reorder %j_o, %i_o, %r, %i_i, %j_i
// CHECK-NEXT:    schedule.parallel %j_o, %i_o
// CHECK-NEXT:    schedule.unroll %i_i
// CHECK-NEXT:    schedule.vectorize %j_i by 16
// CHECK-NEXT:  }
// SCALAR-LABEL: schedule.kernel @dense {
// SCALAR-NEXT:    %i, %j, %r = schedule.nest [0, 1, 2] : 56, 512, 64
// SCALAR-NEXT:    %r_o, %r_i = schedule.tile %r by 4
// SCALAR-NEXT:    schedule.reorder %i, %r_o, %j, %r_i
// SCALAR-NEXT:    schedule.accumulate %j
// SCALAR-NEXT:    schedule.unroll %r_i
// SCALAR-NEXT:  }
func.func @dense(%a: memref<56x64xf32>, %b: memref<64x512xf32>, %bias: memref<512xf32>, %out: memref<56x512xf32>) {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%out : memref<56x512xf32>)
  linalg.generic {indexing_maps = [affine_map<(i, j, k) -> (i, k)>, affine_map<(i, j, k) -> (k, j)>,
                                   affine_map<(i, j, k) -> (i, j)>],
                  iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<56x64xf32>, memref<64x512xf32>) outs(%out : memref<56x512xf32>) {
  ^bb0(%l: f32, %r: f32, %acc: f32):
    %p = arith.mulf %l, %r : f32
    %s = arith.addf %acc, %p : f32
    linalg.yield %s : f32
  }
  linalg.generic {indexing_maps = [#id, #column, #id], iterator_types = ["parallel", "parallel"]}
      ins(%out, %bias : memref<56x512xf32>, memref<512xf32>) outs(%out : memref<56x512xf32>) {
  ^bb0(%v: f32, %c: f32, %o: f32):
    %s = arith.addf %v, %c : f32
    linalg.yield %s : f32
  }
  func.return
}

// The sum of each row: lanes along the reduction, several vectors of partial sums so that additions overlap.
// CHECK-LABEL: schedule.kernel @sums {
// CHECK-NEXT:    %i, %r = schedule.nest [0] : 3, 256
// CHECK-NEXT:    %r_o, %r_i = schedule.tile %r by {{[0-9]+}}
// CHECK-NEXT:    schedule.parallel %i
// CHECK-NEXT:    schedule.vectorize %r_i by 16
func.func @sums(%x: memref<3x256xf32>, %out: memref<3xf32>) {
  linalg.generic {indexing_maps = [#id, #row], iterator_types = ["parallel", "reduction"]}
      ins(%x : memref<3x256xf32>) outs(%out : memref<3xf32>) {
  ^bb0(%a: f32, %o: f32):
    %s = arith.addf %o, %a : f32
    linalg.yield %s : f32
  }
  func.return
}

// An elementwise op that is followed by a transposition: they meet at different elements, so each has its own nest. The
// transposition moves squares that are turned in registers.
// CHECK-LABEL: schedule.kernel @two_nests {
// CHECK-NEXT:    %i = schedule.nest [0] : 64
// CHECK-NEXT:    schedule.vectorize %i by 16
// CHECK-NEXT:    %i_1, %j = schedule.nest [1] : 8, 8
// CHECK-NEXT:    schedule.transpose %i_1
// CHECK-NEXT:    schedule.vectorize %j by 8
// CHECK-NEXT:  }
func.func @two_nests(%x: memref<8x8xf32>, %out: memref<8x8xf32>) {
  %t = memref.alloc() : memref<8x8xf32>
  linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%x : memref<8x8xf32>) outs(%t : memref<8x8xf32>) {
  ^bb0(%a: f32, %o: f32):
    %e = math.exp %a : f32
    linalg.yield %e : f32
  }
  linalg.generic {indexing_maps = [#flip, #id], iterator_types = ["parallel", "parallel"]}
      ins(%t : memref<8x8xf32>) outs(%out : memref<8x8xf32>) {
  ^bb0(%a: f32, %o: f32):
    linalg.yield %a : f32
  }
  func.return
}

// From planes to pixels: three rows of sixteen pixels are interleaved on the way out.
// CHECK-LABEL: schedule.kernel @pixels {
// CHECK-NEXT:    %i, %j = schedule.nest [0] : 100, 3
// CHECK-NEXT:    %i_o, %i_i = schedule.tile %i by 16
// CHECK-NEXT:    schedule.reorder %i_o, %j, %i_i
// CHECK-NEXT:    schedule.parallel %i_o
// CHECK-NEXT:    schedule.transpose %j
// CHECK-NEXT:    schedule.vectorize %i_i by 16
func.func @pixels(%x: memref<3x100xf32>, %out: memref<100x3xf32>) {
  linalg.generic {indexing_maps = [#flip, #id], iterator_types = ["parallel", "parallel"]}
      ins(%x : memref<3x100xf32>) outs(%out : memref<100x3xf32>) {
  ^bb0(%a: f32, %o: f32):
    linalg.yield %a : f32
  }
  func.return
}

// Every other element: neighbours along no loop are neighbours in memory, so they are moved one by one.
// CHECK-LABEL: schedule.kernel @every_other {
// CHECK-NEXT:    %i = schedule.nest [0] : 50
// CHECK-NEXT:    schedule.parallel %i
// CHECK-NEXT:  }
func.func @every_other(%x: memref<100xf32>, %out: memref<50xf32>) {
  linalg.generic {indexing_maps = [affine_map<(i) -> (i * 2)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
      ins(%x : memref<100xf32>) outs(%out : memref<50xf32>) {
  ^bb0(%a: f32, %o: f32):
    linalg.yield %a : f32
  }
  func.return
}

// 24 columns are a vector and a half of 16 lanes. Where two halves start in a cycle, but one whole, three of 8 are used.
// CHECK-LABEL: schedule.kernel @columns {
// CHECK:         schedule.vectorize %j by 16
// HALVES-LABEL: schedule.kernel @columns {
// HALVES:        schedule.vectorize %j by 8
func.func @columns(%a: memref<64x64xf32>, %b: memref<64x24xf32>, %out: memref<64x24xf32>) {
  linalg.generic {indexing_maps = [affine_map<(i, j, k) -> (i, k)>, affine_map<(i, j, k) -> (k, j)>,
                                   affine_map<(i, j, k) -> (i, j)>],
                  iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<64x64xf32>, memref<64x24xf32>) outs(%out : memref<64x24xf32>) {
  ^bb0(%l: f32, %r: f32, %acc: f32):
    %p = arith.mulf %l, %r : f32
    %s = arith.addf %acc, %p : f32
    linalg.yield %s : f32
  }
  func.return
}

// 120 columns waste eight lanes of 128: whole vectors are as good, and fewer.
// HALVES-LABEL: schedule.kernel @nearly_whole {
// HALVES:        schedule.vectorize %{{.*}} by 16
func.func @nearly_whole(%a: memref<64x64xf32>, %b: memref<64x120xf32>, %out: memref<64x120xf32>) {
  linalg.generic {indexing_maps = [affine_map<(i, j, k) -> (i, k)>, affine_map<(i, j, k) -> (k, j)>,
                                   affine_map<(i, j, k) -> (i, j)>],
                  iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<64x64xf32>, memref<64x120xf32>) outs(%out : memref<64x120xf32>) {
  ^bb0(%l: f32, %r: f32, %acc: f32):
    %p = arith.mulf %l, %r : f32
    %s = arith.addf %acc, %p : f32
    linalg.yield %s : f32
  }
  func.return
}
