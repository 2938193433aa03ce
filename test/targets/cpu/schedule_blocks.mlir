// RUN: stepwell-opt %s -p "graph-to-linalg,fuse-elementwise,bufferize,schedule-blocks" | filecheck %s
// RUN: stepwell-opt %s -p "graph-to-linalg,fuse-elementwise,bufferize,schedule-blocks,apply-blocks" | filecheck %s --check-prefix=APPLIED
// RUN: stepwell-opt %s -p "graph-to-linalg,fuse-elementwise,bufferize,schedule-blocks{l1=131072}" | filecheck %s --check-prefix=LARGER

// A softmax reads its rows three times. A row is 14 KB, and so is what it gives: one at a time is in the first-level cache,
// and four where that is larger.
// CHECK:         schedule.kernel @softmax {
// CHECK-NEXT:      schedule.block [0, 1, 2, 3, 4, 5] along [0, 0, 0, 0, 0, 0] by [1, 1, 1, 1, 1, 1]
// CHECK-NEXT:    }
// LARGER:        schedule.kernel @softmax {
// LARGER-NEXT:     schedule.block [0, 1, 2, 3, 4, 5] along [0, 0, 0, 0, 0, 0] by [4, 4, 4, 4, 4, 4]
// APPLIED-LABEL: func.func private @softmax
// APPLIED:         scf.for %block = 
// APPLIED:           memref.subview %x[%{{.*}}, 0] [1, 3584] [1, 1]
// APPLIED:         } {stepwell.parallel}
func.func private @softmax(%x: tensor<512x3584xf32>) -> tensor<512x3584xf32> attributes {stepwell.kernel} {
  %y = graph.softmax %x {axis = 1} : tensor<512x3584xf32>
  func.return %y : tensor<512x3584xf32>
}

// An attention runs head by head: the scores of one, 64 KB, are made, normalized and used, and so are its keys turned.
// Rows of all heads would need the keys of all heads, 768 KB with the values. The result has the heads inside.
// CHECK-NEXT:    schedule.kernel @attention {
// CHECK-NEXT:      schedule.block [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11] along [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2] by [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]
// CHECK-NEXT:    }
// APPLIED-LABEL: func.func private @attention
// APPLIED:         scf.for %block = 
// APPLIED:           memref.alloc() : memref<1x1x128x128xf32>
// APPLIED-NOT:     memref.alloc() : memref<1x12
// APPLIED:         } {stepwell.parallel}
func.func private @attention(%q: tensor<1x128x12x64xf32>, %k: tensor<1x128x12x64xf32>, %v: tensor<1x128x12x64xf32>)
    -> tensor<1x128x12x64xf32> attributes {stepwell.kernel} {
  %qh = graph.transpose %q {perm = [0, 2, 1, 3]} : (tensor<1x128x12x64xf32>) -> tensor<1x12x128x64xf32>
  %kh = graph.transpose %k {perm = [0, 2, 3, 1]} : (tensor<1x128x12x64xf32>) -> tensor<1x12x64x128xf32>
  %vh = graph.transpose %v {perm = [0, 2, 1, 3]} : (tensor<1x128x12x64xf32>) -> tensor<1x12x128x64xf32>
  %s = graph.matmul %qh, %kh : (tensor<1x12x128x64xf32>, tensor<1x12x64x128xf32>) -> tensor<1x12x128x128xf32>
  %p = graph.softmax %s {axis = 3} : tensor<1x12x128x128xf32>
  %o = graph.matmul %p, %vh : (tensor<1x12x128x128xf32>, tensor<1x12x128x64xf32>) -> tensor<1x12x128x64xf32>
  %y = graph.transpose %o {perm = [0, 2, 1, 3]} : (tensor<1x12x128x64xf32>) -> tensor<1x128x12x64xf32>
  func.return %y : tensor<1x128x12x64xf32>
}

// 1024 keys: of one head the scores would be 4 MB. In a block of heads is one of rows: 64 of them have 256 KB of scores.
// The keys, which op 0 turns for all rows of a head, come from a farther cache: with the values they fill this one.
// CHECK-NEXT:    schedule.kernel @long {
// CHECK-NEXT:      schedule.block [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11] along [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2] by [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]
// CHECK-NEXT:      schedule.block [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11] along [2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 1] by [64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64]
// CHECK-NEXT:    }
// APPLIED-LABEL: func.func private @long
// APPLIED-NOT:     memref.alloc
// APPLIED:         scf.for %block = 
// APPLIED:           %[[KEYS:.*]] = memref.alloc() : memref<1x1x64x1024xf32>
// APPLIED:           linalg.generic {{.*}} outs(%[[KEYS]] :
// APPLIED-NOT:       memref.alloc
// APPLIED:           scf.for %block_1 = 
// APPLIED:             memref.alloc() : memref<1x1x64x1024xf32>
// APPLIED-NOT:         memref.alloc() : memref<1x12
// APPLIED:           } {stepwell.parallel}
// APPLIED:         } {stepwell.parallel}
func.func private @long(%q: tensor<1x1024x12x64xf32>, %k: tensor<1x1024x12x64xf32>, %v: tensor<1x1024x12x64xf32>)
    -> tensor<1x1024x12x64xf32> attributes {stepwell.kernel} {
  %qh = graph.transpose %q {perm = [0, 2, 1, 3]} : (tensor<1x1024x12x64xf32>) -> tensor<1x12x1024x64xf32>
  %kh = graph.transpose %k {perm = [0, 2, 3, 1]} : (tensor<1x1024x12x64xf32>) -> tensor<1x12x64x1024xf32>
  %vh = graph.transpose %v {perm = [0, 2, 1, 3]} : (tensor<1x1024x12x64xf32>) -> tensor<1x12x1024x64xf32>
  %s = graph.matmul %qh, %kh : (tensor<1x12x1024x64xf32>, tensor<1x12x64x1024xf32>) -> tensor<1x12x1024x1024xf32>
  %p = graph.softmax %s {axis = 3} : tensor<1x12x1024x1024xf32>
  %o = graph.matmul %p, %vh : (tensor<1x12x1024x1024xf32>, tensor<1x12x1024x64xf32>) -> tensor<1x12x1024x64xf32>
  %y = graph.transpose %o {perm = [0, 2, 1, 3]} : (tensor<1x12x1024x64xf32>) -> tensor<1x1024x12x64xf32>
  func.return %y : tensor<1x1024x12x64xf32>
}

// Eight sentences, each head by head: one sentence after the other, for the heads of all would not fit.
// CHECK-NEXT:    schedule.kernel @sentences {
// CHECK-NEXT:      schedule.block [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11] along [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0] by [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]
// CHECK-NEXT:      schedule.block [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11] along [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2] by [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]
// CHECK-NEXT:    }
// APPLIED-LABEL: func.func private @sentences
// APPLIED:         scf.for %block = 
// APPLIED:           scf.for %block_1 = 
// APPLIED-COUNT-2:     } {stepwell.parallel}
func.func private @sentences(%q: tensor<8x128x12x64xf32>, %k: tensor<8x128x12x64xf32>, %v: tensor<8x128x12x64xf32>)
    -> tensor<8x128x12x64xf32> attributes {stepwell.kernel} {
  %qh = graph.transpose %q {perm = [0, 2, 1, 3]} : (tensor<8x128x12x64xf32>) -> tensor<8x12x128x64xf32>
  %kh = graph.transpose %k {perm = [0, 2, 3, 1]} : (tensor<8x128x12x64xf32>) -> tensor<8x12x64x128xf32>
  %vh = graph.transpose %v {perm = [0, 2, 1, 3]} : (tensor<8x128x12x64xf32>) -> tensor<8x12x128x64xf32>
  %s = graph.matmul %qh, %kh : (tensor<8x12x128x64xf32>, tensor<8x12x64x128xf32>) -> tensor<8x12x128x128xf32>
  %p = graph.softmax %s {axis = 3} : tensor<8x12x128x128xf32>
  %o = graph.matmul %p, %vh : (tensor<8x12x128x128xf32>, tensor<8x12x128x64xf32>) -> tensor<8x12x128x64xf32>
  %y = graph.transpose %o {perm = [0, 2, 1, 3]} : (tensor<8x12x128x64xf32>) -> tensor<8x128x12x64xf32>
  func.return %y : tensor<8x128x12x64xf32>
}

// One head: by rows. The keys are turned before the blocks, for all of them: op 0 has no loop over the queries' rows.
// CHECK-NEXT:    schedule.kernel @one_head {
// CHECK-NEXT:      schedule.block [1, 2, 3, 4, 5, 6, 7, 8, 9, 10] along [0, 0, 0, 0, 0, 0, 0, 0, 0, 0] by [64, 64, 64, 64, 64, 64, 64, 64, 64, 64]
// CHECK-NEXT:    }
// APPLIED-LABEL: func.func private @one_head
// APPLIED:         memref.alloc() : memref<64x512xf32>
// APPLIED:         scf.for %block
func.func private @one_head(%q: tensor<512x64xf32>, %k: tensor<512x64xf32>, %v: tensor<512x64xf32>)
    -> tensor<512x64xf32> attributes {stepwell.kernel} {
  %kt = graph.transpose %k {perm = [1, 0]} : (tensor<512x64xf32>) -> tensor<64x512xf32>
  %s = graph.matmul %q, %kt : (tensor<512x64xf32>, tensor<64x512xf32>) -> tensor<512x512xf32>
  %p = graph.softmax %s {axis = 1} : tensor<512x512xf32>
  %o = graph.matmul %p, %v : (tensor<512x512xf32>, tensor<512x64xf32>) -> tensor<512x64xf32>
  func.return %o : tensor<512x64xf32>
}

// A Winograd convolution: transform, fill, products, transform, relu. With its weights, 576 KB, no block fits; but they
// may be read again for 14 rows of a product, which are 14 tiles here: one row of them, of which the transformed input
// and the products, what the blocks have to themselves, take 126 KB each. The last op has 4 rows for each row of tiles.
// CHECK-NEXT:    schedule.kernel @tiles {
// CHECK-NEXT:      schedule.block [0, 1, 2, 3, 4] along [1, 3, 3, 1, 1] by [1, 1, 1, 1, 4]
// CHECK-NEXT:    }
// APPLIED-LABEL: func.func private @tiles
// APPLIED:         scf.for %block = 
// APPLIED:           memref.alloc() : memref<36x1x1x14x64xf32>
// APPLIED:           memref.alloc() : memref<36x2x1x1x14x32xf32>
// APPLIED-NOT:     memref.alloc()
// APPLIED:           memref.subview %{{[0-9]+}}[0, %{{.*}}, 0, 0] [1, 4, 56, 64] [1, 1, 1, 1]
// APPLIED:         } {stepwell.parallel}
func.func private @tiles(%x: tensor<1x58x58x64xf32>, %u: tensor<36x2x64x32xf32>, %b: tensor<64xf32>)
    -> tensor<1x56x56x64xf32> attributes {stepwell.kernel} {
  %c = graph.winograd_conv %x, %u, %b {tile = 4, pads = [0, 0, 0, 0]}
      : (tensor<1x58x58x64xf32>, tensor<36x2x64x32xf32>, tensor<64xf32>) -> tensor<1x56x56x64xf32>
  %y = graph.relu %c : tensor<1x56x56x64xf32>
  func.return %y : tensor<1x56x56x64xf32>
}

// Rows of 7 tiles: two at a time, and then the last one.
// CHECK-NEXT:    schedule.kernel @short_rows {
// CHECK-NEXT:      schedule.block [0, 1, 2, 3, 4] along [1, 3, 3, 1, 1] by [2, 2, 2, 2, 8]
// CHECK-NEXT:    }
// APPLIED-LABEL: func.func private @short_rows
// APPLIED:         scf.for %block = 
// APPLIED:           memref.subview %{{[0-9]+}}[0, %{{.*}}, 0, 0] [1, 8, 28, 128] [1, 1, 1, 1]
// APPLIED:         } {stepwell.parallel}
// APPLIED:         memref.subview %{{[0-9]+}}[0, 24, 0, 0] [1, 4, 28, 128] [1, 1, 1, 1]
func.func private @short_rows(%x: tensor<1x30x30x128xf32>, %u: tensor<36x4x128x32xf32>, %b: tensor<128xf32>)
    -> tensor<1x28x28x128xf32> attributes {stepwell.kernel} {
  %c = graph.winograd_conv %x, %u, %b {tile = 4, pads = [0, 0, 0, 0]}
      : (tensor<1x30x30x128xf32>, tensor<36x4x128x32xf32>, tensor<128xf32>) -> tensor<1x28x28x128xf32>
  %y = graph.relu %c : tensor<1x28x28x128xf32>
  func.return %y : tensor<1x28x28x128xf32>
}

// 55 rows are 14 rows of tiles, of which the last one lacks a row of outputs.
// CHECK-NEXT:    schedule.kernel @cropped {
// CHECK-NEXT:      schedule.block [0, 1, 2, 3, 4] along [1, 3, 3, 1, 1] by [1, 1, 1, 1, 4]
// CHECK-NEXT:    }
// APPLIED-LABEL: func.func private @cropped
// APPLIED:         scf.for %block = 
// APPLIED:           memref.subview %out[0, %{{.*}}, 0, 0] [1, 4, 55, 64] [1, 1, 1, 1]
// APPLIED:         } {stepwell.parallel}
// APPLIED:         memref.subview %out[0, 52, 0, 0] [1, 3, 55, 64] [1, 1, 1, 1]
func.func private @cropped(%x: tensor<1x58x58x64xf32>, %u: tensor<36x2x64x32xf32>, %b: tensor<64xf32>)
    -> tensor<1x55x55x64xf32> attributes {stepwell.kernel} {
  %c = graph.winograd_conv %x, %u, %b {tile = 4, pads = [0, 0, -1, -1]}
      : (tensor<1x58x58x64xf32>, tensor<36x2x64x32xf32>, tensor<64xf32>) -> tensor<1x55x55x64xf32>
  %y = graph.relu %c : tensor<1x55x55x64xf32>
  func.return %y : tensor<1x55x55x64xf32>
}

// A row of 32 tiles is too much: half of each, row by row. The weights come from a farther cache for each 16 tiles.
// CHECK-NEXT:    schedule.kernel @wide {
// CHECK-NEXT:      schedule.block [0, 1, 2, 3, 4] along [1, 3, 3, 1, 1] by [1, 1, 1, 1, 4]
// CHECK-NEXT:      schedule.block [0, 1, 2, 3, 4] along [2, 4, 4, 2, 2] by [16, 16, 16, 16, 64]
// CHECK-NEXT:    }
// APPLIED-LABEL: func.func private @wide
// APPLIED-NOT:     memref.alloc
// APPLIED:         scf.for %block = 
// APPLIED-NOT:       memref.alloc
// APPLIED:           scf.for %block_1 = 
// APPLIED:             memref.alloc() : memref<36x1x1x16x64xf32>
func.func private @wide(%x: tensor<1x130x130x64xf32>, %u: tensor<36x2x64x32xf32>, %b: tensor<64xf32>)
    -> tensor<1x128x128x64xf32> attributes {stepwell.kernel} {
  %c = graph.winograd_conv %x, %u, %b {tile = 4, pads = [0, 0, 0, 0]}
      : (tensor<1x130x130x64xf32>, tensor<36x2x64x32xf32>, tensor<64xf32>) -> tensor<1x128x128x64xf32>
  %y = graph.relu %c : tensor<1x128x128x64xf32>
  func.return %y : tensor<1x128x128x64xf32>
}

// Weights of 100 KB stay in the cache: three tiles are enough then. Of 3 rows of tiles of 4 rows the last has one row.
// CHECK-NEXT:    schedule.kernel @few_weights {
// CHECK-NEXT:      schedule.block [0, 1, 2, 3, 4] along [1, 3, 3, 1, 1] by [1, 1, 1, 1, 4]
// CHECK-NEXT:    }
func.func private @few_weights(%x: tensor<1x14x14x24xf32>, %u: tensor<36x1x24x32xf32>, %b: tensor<32xf32>)
    -> tensor<1x9x9x32xf32> attributes {stepwell.kernel} {
  %c = graph.winograd_conv %x, %u, %b {tile = 4, pads = [0, 0, -3, -3]}
      : (tensor<1x14x14x24xf32>, tensor<36x1x24x32xf32>, tensor<32xf32>) -> tensor<1x9x9x32xf32>
  %y = graph.relu %c : tensor<1x9x9x32xf32>
  func.return %y : tensor<1x9x9x32xf32>
}

// 4 rows of 4 tiles: a block of 14 tiles would be all of them.
// CHECK-NOT:     schedule.kernel
func.func private @few_tiles(%x: tensor<1x18x18x128xf32>, %u: tensor<36x4x128x32xf32>, %b: tensor<128xf32>)
    -> tensor<1x16x16x128xf32> attributes {stepwell.kernel} {
  %c = graph.winograd_conv %x, %u, %b {tile = 4, pads = [0, 0, 0, 0]}
      : (tensor<1x18x18x128xf32>, tensor<36x4x128x32xf32>, tensor<128xf32>) -> tensor<1x16x16x128xf32>
  %y = graph.relu %c : tensor<1x16x16x128xf32>
  func.return %y : tensor<1x16x16x128xf32>
}

// Twice the channels: 14 tiles are too many for the cache.
func.func private @many_channels(%x: tensor<1x30x30x256xf32>, %u: tensor<36x8x256x32xf32>, %b: tensor<256xf32>)
    -> tensor<1x28x28x256xf32> attributes {stepwell.kernel} {
  %c = graph.winograd_conv %x, %u, %b {tile = 4, pads = [0, 0, 0, 0]}
      : (tensor<1x30x30x256xf32>, tensor<36x8x256x32xf32>, tensor<256xf32>) -> tensor<1x28x28x256xf32>
  %y = graph.relu %c : tensor<1x28x28x256xf32>
  func.return %y : tensor<1x28x28x256xf32>
}

// A product with its epilogue is one nest: nothing is handed on.
func.func private @dense(%a: tensor<128x768xf32>, %b: tensor<768x768xf32>) -> tensor<128x768xf32> attributes {stepwell.kernel} {
  %p = graph.matmul %a, %b : (tensor<128x768xf32>, tensor<768x768xf32>) -> tensor<128x768xf32>
  %y = graph.relu %p : tensor<128x768xf32>
  func.return %y : tensor<128x768xf32>
}

// All of this is in the first-level cache anyway.
func.func private @small(%x: tensor<16x64xf32>) -> tensor<16x64xf32> attributes {stepwell.kernel} {
  %y = graph.softmax %x {axis = 1} : tensor<16x64xf32>
  func.return %y : tensor<16x64xf32>
}

// One row: there is no loop to cut.
func.func private @one_row(%x: tensor<1x65536xf32>) -> tensor<1x65536xf32> attributes {stepwell.kernel} {
  %y = graph.softmax %x {axis = 1} : tensor<1x65536xf32>
  func.return %y : tensor<1x65536xf32>
}
