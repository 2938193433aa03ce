// RUN: stepwell-opt %s -p "schedule-kernels{vector-width=16 registers=32 fmas=1}" | filecheck %s
// RUN: stepwell-opt %s -p "schedule-kernels{vector-width=8 registers=16}" | filecheck %s --check-prefix=AVX2
// RUN: stepwell-opt %s -p "schedule-kernels{vector-width=1}" | filecheck %s --check-prefix=SCALAR

#x = affine_map<(i, j, k) -> (i, k)>
#w = affine_map<(i, j, k) -> (k, j)>
#y = affine_map<(i, j, k) -> (i, j)>

// SCALAR-NOT: schedule.pack

memref.global "private" constant @weight : memref<768x256xf32> = dense_resource<weight>
memref.global "private" constant @narrow : memref<768x32xf32> = dense_resource<narrow>
memref.global "private" constant @filter : memref<3x3x64x256xf32> = dense_resource<filter>

func.func @main(%x: memref<128x768xf32>, %y: memref<128x256xf32>, %z: memref<128x32xf32>, %image: memref<30x30x64xf32>,
                %out: memref<28x28x256xf32>) {
  %weight = memref.get_global @weight : memref<768x256xf32>
  %narrow = memref.get_global @narrow : memref<768x32xf32>
  %filter = memref.get_global @filter : memref<3x3x64x256xf32>
  func.call @weights(%x, %weight, %y) : (memref<128x768xf32>, memref<768x256xf32>, memref<128x256xf32>) -> ()
  func.call @one_panel(%x, %narrow, %z) : (memref<128x768xf32>, memref<768x32xf32>, memref<128x32xf32>) -> ()
  func.call @conv(%image, %filter, %out)
      : (memref<30x30x64xf32>, memref<3x3x64x256xf32>, memref<28x28x256xf32>) -> ()
  func.return
}

// A weight is packed in panels as wide as the tile of registers, which lie one after the other.
// CHECK-LABEL: schedule.kernel @weights {
// CHECK-NEXT:    schedule.pack [0] input 1 outer_dims_perm = [1, 0] inner_dims_pos = [1] inner_tiles = [64]
// CHECK-NEXT:    %i, %j, %r = schedule.nest [0] : 128, 256, 768
// CHECK:         schedule.tile %j by 64
// With 16 registers of 8 lanes: 5 rows of 2 vectors, which are 10 chains where 8 just hide the latency of two FMAs.
// AVX2-LABEL: schedule.kernel @weights {
// AVX2-NEXT:    schedule.pack [0] input 1 outer_dims_perm = [1, 0] inner_dims_pos = [1] inner_tiles = [16]
// AVX2:         schedule.tile %i by 5
// AVX2-NEXT:    %j_o, %j_i = schedule.tile %j by 16
func.func private @weights(%a: memref<128x768xf32>, %b: memref<768x256xf32>, %c: memref<128x256xf32>) {
  linalg.generic {indexing_maps = [#x, #w, #y], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<128x768xf32>, memref<768x256xf32>) outs(%c : memref<128x256xf32>) {
  ^bb0(%l: f32, %r: f32, %acc: f32):
    %p = arith.mulf %l, %r : f32
    %s = arith.addf %acc, %p : f32
    linalg.yield %s : f32
  }
  func.return
}

// One panel has all the columns: it is packed as it is.
// CHECK-LABEL: schedule.kernel @one_panel {
// CHECK-NEXT:    %i, %j, %r = schedule.nest [0] : 128, 32, 768
func.func private @one_panel(%a: memref<128x768xf32>, %b: memref<768x32xf32>, %c: memref<128x32xf32>) {
  linalg.generic {indexing_maps = [#x, #w, #y], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<128x768xf32>, memref<768x32xf32>) outs(%c : memref<128x32xf32>) {
  ^bb0(%l: f32, %r: f32, %acc: f32):
    %p = arith.mulf %l, %r : f32
    %s = arith.addf %acc, %p : f32
    linalg.yield %s : f32
  }
  func.return
}

// What is no weight is not copied: its rows do not push one another out of the second-level cache.
// CHECK-LABEL: schedule.kernel @inputs {
// CHECK-NEXT:    %i, %j, %r = schedule.nest [0] : 1024, 256, 256
func.func private @inputs(%a: memref<1024x256xf32>, %b: memref<256x256xf32>, %c: memref<1024x256xf32>) {
  linalg.generic {indexing_maps = [#x, #w, #y], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<1024x256xf32>, memref<256x256xf32>) outs(%c : memref<1024x256xf32>) {
  ^bb0(%l: f32, %r: f32, %acc: f32):
    %p = arith.mulf %l, %r : f32
    %s = arith.addf %acc, %p : f32
    linalg.yield %s : f32
  }
  func.return
}

// Here they do, and each element is read 1024 times.
// CHECK-LABEL: schedule.kernel @far_rows {
// CHECK-NEXT:    schedule.pack [0] input 1 outer_dims_perm = [1, 0] inner_dims_pos = [1] inner_tiles = [64]
func.func private @far_rows(%a: memref<1024x2048xf32>, %b: memref<2048x2048xf32>, %c: memref<1024x2048xf32>) {
  linalg.generic {indexing_maps = [#x, #w, #y], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<1024x2048xf32>, memref<2048x2048xf32>) outs(%c : memref<1024x2048xf32>) {
  ^bb0(%l: f32, %r: f32, %acc: f32):
    %p = arith.mulf %l, %r : f32
    %s = arith.addf %acc, %p : f32
    linalg.yield %s : f32
  }
  func.return
}

// Few rows read them: a copy would take longer than it saves.
// CHECK-LABEL: schedule.kernel @far_rows_once {
// CHECK-NEXT:    %i, %j, %r = schedule.nest [0] : 4, 2048, 2048
func.func private @far_rows_once(%a: memref<4x2048xf32>, %b: memref<2048x2048xf32>, %c: memref<4x2048xf32>) {
  linalg.generic {indexing_maps = [#x, #w, #y], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<4x2048xf32>, memref<2048x2048xf32>) outs(%c : memref<4x2048xf32>) {
  ^bb0(%l: f32, %r: f32, %acc: f32):
    %p = arith.mulf %l, %r : f32
    %s = arith.addf %acc, %p : f32
    linalg.yield %s : f32
  }
  func.return
}

// The filter of a convolution: 3 by 3 by 64 steps a panel.
// CHECK-LABEL: schedule.kernel @conv {
// CHECK-NEXT:    schedule.pack [0] input 1 outer_dims_perm = [3, 0, 1, 2] inner_dims_pos = [3] inner_tiles = [{{[0-9]+}}]
func.func private @conv(%x: memref<30x30x64xf32>, %w: memref<3x3x64x256xf32>, %out: memref<28x28x256xf32>) {
  linalg.generic {indexing_maps = [affine_map<(h, w, f, p, q, c) -> (h + p, w + q, c)>,
                                   affine_map<(h, w, f, p, q, c) -> (p, q, c, f)>,
                                   affine_map<(h, w, f, p, q, c) -> (h, w, f)>],
                  iterator_types = ["parallel", "parallel", "parallel", "reduction", "reduction", "reduction"]}
      ins(%x, %w : memref<30x30x64xf32>, memref<3x3x64x256xf32>) outs(%out : memref<28x28x256xf32>) {
  ^bb0(%l: f32, %r: f32, %acc: f32):
    %p = arith.mulf %l, %r : f32
    %s = arith.addf %acc, %p : f32
    linalg.yield %s : f32
  }
  func.return
}
