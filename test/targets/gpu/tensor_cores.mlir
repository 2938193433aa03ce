// RUN: stepwell-opt %s -p 'schedule-gpu{threads=32768 registers=64 block=1024 workgroup=49152 vector=16 stages=3 mma=f16,bf16}' --split-input-file | filecheck %s
// RUN: stepwell-opt %s -p 'schedule-gpu{threads=32768 registers=64 block=1024 workgroup=49152 vector=16 stages=3 mma=f16,bf16,tf32}' --split-input-file | filecheck %s --check-prefix=TF32
// RUN: stepwell-opt %s -p 'schedule-gpu{threads=32768 registers=64 block=1024 workgroup=49152}' --split-input-file | filecheck %s --check-prefix=NONE

// A device without tensor cores multiplies as ever.
// NONE-LABEL:  schedule.kernel @large {
// NONE-NOT:      schedule.mma
// NONE-LABEL:  schedule.kernel @middling {
// NONE-NOT:      schedule.mma
// NONE-LABEL:  schedule.kernel @strided {
// NONE-NOT:      schedule.mma
// NONE-LABEL:  schedule.kernel @single {
// NONE-NOT:      schedule.mma

// A block of 128 x 128 results has 2 x 4 warps of 64 x 32 each, 16 fragments a lane of four results: 64 registers. Two
// copies of 32 terms of both factors fit into the 48 KB that a block has, where the device copies the next one by itself,
// 16 bytes at once. Rows are those of the factors, padded by 16 bytes.
// CHECK-LABEL: schedule.kernel @large {
// CHECK-NEXT:    %i, %j, %r = schedule.nest [0, 1] : 4096, 4096, 4096
// CHECK-NEXT:    %i_b, %i_x = schedule.tile %i by 128
// CHECK-NEXT:    %i_w, %i_f = schedule.tile %i_x by 64
// CHECK-NEXT:    %j_b, %j_x = schedule.tile %j by 128
// CHECK-NEXT:    %j_w, %j_f = schedule.tile %j_x by 32
// CHECK-NEXT:    %r_o, %r_i = schedule.tile %r by 32
// CHECK-NEXT:    schedule.reorder %i_b, %j_b, %i_w, %j_w, %r_o, %i_f, %j_f, %r_i
// CHECK-NEXT:    schedule.bind %i_b, %j_b to block
// CHECK-NEXT:    schedule.bind %i_w, %j_w to warp
// CHECK-NEXT:    schedule.cache [1] input 0 at %r_o stages 2 by 8 straight pad 8
// CHECK-NEXT:    schedule.cache [1] input 1 at %r_o stages 2 by 8 pad 8
// CHECK-NEXT:    schedule.mma rows %i_f columns %j_f sums %r_i as f16
func.func private @large(%a: memref<4096x4096xf16>, %b: memref<4096x4096xf16>, %y: memref<4096x4096xf32>) {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%y : memref<4096x4096xf32>)
  linalg.generic {indexing_maps = [affine_map<(i, j, r) -> (i, r)>, affine_map<(i, j, r) -> (r, j)>,
                                   affine_map<(i, j, r) -> (i, j)>],
                  iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<4096x4096xf16>, memref<4096x4096xf16>) outs(%y : memref<4096x4096xf32>) {
  ^bb0(%x: f16, %w: f16, %s: f32):
    %u = arith.extf %x : f16 to f32
    %v = arith.extf %w : f16 to f32
    %p = arith.mulf %u, %v : f32
    %t = arith.addf %s, %p : f32
    linalg.yield %t : f32
  }
  func.return
}

// -----

// Of fewer results blocks are smaller, so that there are some for each multiprocessor.
// CHECK-LABEL: schedule.kernel @middling {
// CHECK-NEXT:    %i, %j, %r = schedule.nest [0, 1] : 256, 256, 1024
// CHECK-NEXT:    %i_b, %i_x = schedule.tile %i by 16
// CHECK-NEXT:    %j_b, %j_x = schedule.tile %j by 32
// CHECK:         schedule.mma rows %i_x columns %j_x sums %r_i as bf16
func.func private @middling(%a: memref<256x1024xbf16>, %b: memref<1024x256xbf16>, %y: memref<256x256xf32>) {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%y : memref<256x256xf32>)
  linalg.generic {indexing_maps = [affine_map<(i, j, r) -> (i, r)>, affine_map<(i, j, r) -> (r, j)>,
                                   affine_map<(i, j, r) -> (i, j)>],
                  iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<256x1024xbf16>, memref<1024x256xbf16>) outs(%y : memref<256x256xf32>) {
  ^bb0(%x: bf16, %w: bf16, %s: f32):
    %u = arith.extf %x : bf16 to f32
    %v = arith.extf %w : bf16 to f32
    %p = arith.mulf %u, %v : f32
    %t = arith.addf %s, %p : f32
    linalg.yield %t : f32
  }
  func.return
}

// -----

// A convolution: rows of a block's matrix are pixels. Each of 28 rows of the image is for blocks of its own, 32 pixels, of
// which 28 are there. Of the sum's last loop, 3 columns of a window with 64 channels each, a third is in memory at a time.
// CHECK-LABEL: schedule.kernel @strided {
// CHECK-NEXT:    %i, %j, %k, %r, %s = schedule.nest [0, 1] : 28, 28, 128, 3, 192
// CHECK-NEXT:    %j_b, %j_x = schedule.tile %j by 32
// CHECK-NEXT:    %k_b, %k_x = schedule.tile %k by 32
// CHECK-NEXT:    %k_w, %k_f = schedule.tile %k_x by 16
// CHECK-NEXT:    %s_o, %s_i = schedule.tile %s by 64
// CHECK-NEXT:    schedule.reorder %i, %j_b, %k_b, %k_w, %r, %s_o, %j_x, %k_f, %s_i
// CHECK-NEXT:    schedule.bind %i, %j_b, %k_b to block
// CHECK-NEXT:    schedule.bind %k_w to warp
// CHECK-NEXT:    schedule.cache [1] input 0 at %s_o stages 3 by 8 straight pad 8
// CHECK-NEXT:    schedule.cache [1] input 1 at %s_o stages 3 by 8 pad 8
// CHECK-NEXT:    schedule.mma rows %j_x columns %k_f sums %s_i as f16
func.func private @strided(%x: memref<57x57x64xf16>, %w: memref<3x3x64x128xf16>, %y: memref<28x28x128xf32>) {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%y : memref<28x28x128xf32>)
  linalg.generic {indexing_maps = [affine_map<(h, w, f, r, s, c) -> (2 * h + r, 2 * w + s, c)>,
                                   affine_map<(h, w, f, r, s, c) -> (r, s, c, f)>,
                                   affine_map<(h, w, f, r, s, c) -> (h, w, f)>],
                  iterator_types = ["parallel", "parallel", "parallel", "reduction", "reduction", "reduction"]}
      ins(%x, %w : memref<57x57x64xf16>, memref<3x3x64x128xf16>) outs(%y : memref<28x28x128xf32>) {
  ^bb0(%a: f16, %b: f16, %s: f32):
    %u = arith.extf %a : f16 to f32
    %v = arith.extf %b : f16 to f32
    %p = arith.mulf %u, %v : f32
    %t = arith.addf %s, %p : f32
    linalg.yield %t : f32
  }
  func.return
}

// -----

// f32 is rounded only if that is asked for.
// CHECK-LABEL: schedule.kernel @single {
// CHECK-NOT:     schedule.mma
// TF32-LABEL:  schedule.kernel @single {
// TF32:          schedule.mma rows %{{.*}} columns %{{.*}} sums %{{.*}} as tf32
func.func private @single(%a: memref<512x512xf32>, %b: memref<512x512xf32>, %y: memref<512x512xf32>) {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%y : memref<512x512xf32>)
  linalg.generic {indexing_maps = [affine_map<(i, j, r) -> (i, r)>, affine_map<(i, j, r) -> (r, j)>,
                                   affine_map<(i, j, r) -> (i, j)>],
                  iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<512x512xf32>, memref<512x512xf32>) outs(%y : memref<512x512xf32>) {
  ^bb0(%x: f32, %w: f32, %s: f32):
    %p = arith.mulf %x, %w : f32
    %t = arith.addf %s, %p : f32
    linalg.yield %t : f32
  }
  func.return
}

// -----

// Bytes are multiplied as ever, and so are few rows, of which a fragment would be mostly empty, and few products.
// CHECK-LABEL: schedule.kernel @integers {
// CHECK-NOT:     schedule.mma
// TF32-LABEL:  schedule.kernel @integers {
// TF32-NOT:      schedule.mma
func.func private @integers(%a: memref<512x512xi8>, %b: memref<512x512xi8>, %y: memref<512x512xi32>) {
  %zero = arith.constant 0 : i32
  linalg.fill ins(%zero : i32) outs(%y : memref<512x512xi32>)
  linalg.generic {indexing_maps = [affine_map<(i, j, r) -> (i, r)>, affine_map<(i, j, r) -> (r, j)>,
                                   affine_map<(i, j, r) -> (i, j)>],
                  iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<512x512xi8>, memref<512x512xi8>) outs(%y : memref<512x512xi32>) {
  ^bb0(%x: i8, %w: i8, %s: i32):
    %u = arith.extsi %x : i8 to i32
    %v = arith.extsi %w : i8 to i32
    %p = arith.muli %u, %v : i32
    %t = arith.addi %s, %p : i32
    linalg.yield %t : i32
  }
  func.return
}

// -----

// TF32-LABEL:  schedule.kernel @few_rows {
// CHECK-LABEL: schedule.kernel @few_rows {
// CHECK-NOT:     schedule.mma
func.func private @few_rows(%a: memref<3x512xf16>, %b: memref<512x512xf16>, %y: memref<3x512xf32>) {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%y : memref<3x512xf32>)
  linalg.generic {indexing_maps = [affine_map<(i, j, r) -> (i, r)>, affine_map<(i, j, r) -> (r, j)>,
                                   affine_map<(i, j, r) -> (i, j)>],
                  iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<3x512xf16>, memref<512x512xf16>) outs(%y : memref<3x512xf32>) {
  ^bb0(%x: f16, %w: f16, %s: f32):
    %u = arith.extf %x : f16 to f32
    %v = arith.extf %w : f16 to f32
    %p = arith.mulf %u, %v : f32
    %t = arith.addf %s, %p : f32
    linalg.yield %t : f32
  }
  func.return
}

// -----

// CHECK-LABEL: schedule.kernel @small {
// CHECK-NOT:     schedule.mma
func.func private @small(%a: memref<32x32xf16>, %b: memref<32x32xf16>, %y: memref<32x32xf32>) {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%y : memref<32x32xf32>)
  linalg.generic {indexing_maps = [affine_map<(i, j, r) -> (i, r)>, affine_map<(i, j, r) -> (r, j)>,
                                   affine_map<(i, j, r) -> (i, j)>],
                  iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<32x32xf16>, memref<32x32xf16>) outs(%y : memref<32x32xf32>) {
  ^bb0(%x: f16, %w: f16, %s: f32):
    %u = arith.extf %x : f16 to f32
    %v = arith.extf %w : f16 to f32
    %p = arith.mulf %u, %v : f32
    %t = arith.addf %s, %p : f32
    linalg.yield %t : f32
  }
  func.return
}

// -----

// Channels of a depthwise convolution move both factors: there are no columns.
// CHECK-LABEL: schedule.kernel @depthwise {
// CHECK-NOT:     schedule.mma
func.func private @depthwise(%x: memref<58x58x64xf16>, %w: memref<3x3x64xf16>, %y: memref<56x56x64xf32>) {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%y : memref<56x56x64xf32>)
  linalg.generic {indexing_maps = [affine_map<(h, w, c, r, s) -> (h + r, w + s, c)>,
                                   affine_map<(h, w, c, r, s) -> (r, s, c)>,
                                   affine_map<(h, w, c, r, s) -> (h, w, c)>],
                  iterator_types = ["parallel", "parallel", "parallel", "reduction", "reduction"]}
      ins(%x, %w : memref<58x58x64xf16>, memref<3x3x64xf16>) outs(%y : memref<56x56x64xf32>) {
  ^bb0(%a: f16, %b: f16, %s: f32):
    %u = arith.extf %a : f16 to f32
    %v = arith.extf %b : f16 to f32
    %p = arith.mulf %u, %v : f32
    %t = arith.addf %s, %p : f32
    linalg.yield %t : f32
  }
  func.return
}

// -----

// Rows of 515 f16 start anywhere, so that the device cannot copy them by itself: an element at a time, by registers.
// CHECK-LABEL: schedule.kernel @odd {
// CHECK:         schedule.cache [1] input 0 at %r_o double straight pad 8
// CHECK-NEXT:    schedule.cache [1] input 1 at %r_o double pad 8
// CHECK-NEXT:    schedule.mma
func.func private @odd(%a: memref<515x515xf16>, %b: memref<515x515xf16>, %y: memref<515x515xf32>) {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%y : memref<515x515xf32>)
  linalg.generic {indexing_maps = [affine_map<(i, j, r) -> (i, r)>, affine_map<(i, j, r) -> (r, j)>,
                                   affine_map<(i, j, r) -> (i, j)>],
                  iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<515x515xf16>, memref<515x515xf16>) outs(%y : memref<515x515xf32>) {
  ^bb0(%x: f16, %w: f16, %s: f32):
    %u = arith.extf %x : f16 to f32
    %v = arith.extf %w : f16 to f32
    %p = arith.mulf %u, %v : f32
    %t = arith.addf %s, %p : f32
    linalg.yield %t : f32
  }
  func.return
}
