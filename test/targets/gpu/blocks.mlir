// RUN: stepwell-opt %s -p 'schedule-gpu{threads=4096 registers=16 block=256 workgroup=16384}' --split-input-file | filecheck %s
// RUN: stepwell-opt %s -p 'schedule-gpu{threads=32768 registers=64 block=1024 workgroup=49152}' --split-input-file | filecheck %s --check-prefix=LARGE
// RUN: stepwell-opt %s -p 'schedule-gpu{threads=4096 registers=16}' --split-input-file | filecheck %s --check-prefix=FLAT

// A product by blocks of 16 x 16 threads, of 4 x 4 results each: a step makes 16 products of 8 loads from memory of the
// block, and 4096 of 128 loads from the device's memory. Neighbours along the sum are rows of the first tile, so these
// are padded. A device of more registers has threads of 8 x 8 results: 64 products of 16 loads.
// CHECK-LABEL: schedule.kernel @matmul {
// CHECK-NEXT:    %i, %j, %r = schedule.nest [0, 1] : 4096, 4096, 4096
// CHECK-NEXT:    %i_b, %i_x = schedule.tile %i by 64
// CHECK-NEXT:    %i_i, %i_t = schedule.tile %i_x by 16
// CHECK-NEXT:    %j_b, %j_x = schedule.tile %j by 64
// CHECK-NEXT:    %j_i, %j_t = schedule.tile %j_x by 16
// CHECK-NEXT:    %r_o, %r_i = schedule.tile %r by 16
// CHECK-NEXT:    schedule.reorder %i_b, %j_b, %i_t, %j_t, %r_o, %r_i, %i_i, %j_i
// CHECK-NEXT:    schedule.bind %i_b, %j_b to block
// CHECK-NEXT:    schedule.bind %i_t, %j_t to thread
// CHECK-NEXT:    schedule.cache [1] input 0 at %r_o pad 1
// CHECK-NEXT:    schedule.cache [1] input 1 at %r_o
// CHECK-NEXT:    schedule.unroll %i_i, %j_i
// LARGE-LABEL: schedule.kernel @matmul {
// LARGE:         schedule.tile %i by 128
// LARGE-NEXT:    schedule.tile %i_x by 16
// LARGE-NEXT:    schedule.tile %j by 128
// LARGE-NEXT:    schedule.tile %j_x by 16
// Without memory of a block each thread computes its tile from the device's memory: 16 products of 8 loads from there.
// FLAT-LABEL:  schedule.kernel @matmul {
// FLAT-NOT:      schedule.bind
// FLAT:          schedule.parallel
func.func private @matmul(%a: memref<4096x4096xf32>, %b: memref<4096x4096xf32>, %y: memref<4096x4096xf32>) {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%y : memref<4096x4096xf32>)
  linalg.generic {indexing_maps = [affine_map<(i, j, r) -> (i, r)>, affine_map<(i, j, r) -> (r, j)>,
                                   affine_map<(i, j, r) -> (i, j)>],
                  iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<4096x4096xf32>, memref<4096x4096xf32>) outs(%y : memref<4096x4096xf32>) {
  ^bb0(%x: f32, %w: f32, %s: f32):
    %p = arith.mulf %x, %w : f32
    %t = arith.addf %s, %p : f32
    linalg.yield %t : f32
  }
  func.return
}

// -----

// Of few products each thread computes a sum by itself.
// CHECK-LABEL: schedule.kernel @small {
// CHECK-NEXT:    %i, %j, %r = schedule.nest [0, 1] : 32, 32, 16
// CHECK-NEXT:    schedule.parallel %i, %j
// CHECK-NEXT:  }
func.func private @small(%a: memref<32x16xf32>, %b: memref<16x32xf32>, %y: memref<32x32xf32>) {
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

// A convolution: each of 14 rows of the image is for threads of its own, none is left without one; a thread has two
// columns and two filters. The row of a window is neighbours in memory, so that its 3 columns and 64 channels are one
// loop. Two copies of such tiles fit half of the memory.
// CHECK-LABEL: schedule.kernel @conv {
// CHECK-NEXT:    %i, %j, %k, %r, %s = schedule.nest [0, 1] : 14, 14, 64, 3, 192
// CHECK-NEXT:    %j_b, %j_x = schedule.tile %j by 2
// CHECK-NEXT:    %k_b, %k_x = schedule.tile %k by 32
// CHECK-NEXT:    %k_i, %k_t = schedule.tile %k_x by 16
// CHECK-NEXT:    %s_o, %s_i = schedule.tile %s by 16
// CHECK-NEXT:    schedule.reorder %j_b, %k_b, %i, %k_t, %r, %s_o, %s_i, %j_x, %k_i
// CHECK-NEXT:    schedule.bind %j_b, %k_b to block
// CHECK-NEXT:    schedule.bind %i, %k_t to thread
// CHECK-NEXT:    schedule.cache [1] input 0 at %s_o double pad 1
// CHECK-NEXT:    schedule.cache [1] input 1 at %s_o double
// CHECK-NEXT:    schedule.unroll %j_x, %k_i
func.func private @conv(%x: memref<16x16x64xf32>, %w: memref<3x3x64x64xf32>, %y: memref<14x14x64xf32>) {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%y : memref<14x14x64xf32>)
  linalg.generic {indexing_maps = [affine_map<(h, w, f, r, s, c) -> (h + r, w + s, c)>,
                                   affine_map<(h, w, f, r, s, c) -> (r, s, c, f)>,
                                   affine_map<(h, w, f, r, s, c) -> (h, w, f)>],
                  iterator_types = ["parallel", "parallel", "parallel", "reduction", "reduction", "reduction"]}
      ins(%x, %w : memref<16x16x64xf32>, memref<3x3x64x64xf32>) outs(%y : memref<14x14x64xf32>) {
  ^bb0(%a: f32, %b: f32, %s: f32):
    %p = arith.mulf %a, %b : f32
    %t = arith.addf %s, %p : f32
    linalg.yield %t : f32
  }
  func.return
}

// -----

// A depthwise convolution has no use for copies of the image: each of its elements is for one channel.
// CHECK-LABEL: schedule.kernel @depthwise {
// CHECK-NOT:     schedule.cache
func.func private @depthwise(%x: memref<58x58x64xf32>, %w: memref<3x3x64xf32>, %y: memref<56x56x64xf32>) {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%y : memref<56x56x64xf32>)
  linalg.generic {indexing_maps = [affine_map<(h, w, c, r, s) -> (h + r, w + s, c)>,
                                   affine_map<(h, w, c, r, s) -> (r, s, c)>,
                                   affine_map<(h, w, c, r, s) -> (h, w, c)>],
                  iterator_types = ["parallel", "parallel", "parallel", "reduction", "reduction"]}
      ins(%x, %w : memref<58x58x64xf32>, memref<3x3x64xf32>) outs(%y : memref<56x56x64xf32>) {
  ^bb0(%a: f32, %b: f32, %s: f32):
    %p = arith.mulf %a, %b : f32
    %t = arith.addf %s, %p : f32
    linalg.yield %t : f32
  }
  func.return
}
