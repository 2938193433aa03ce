// RUN: stepwell-opt %s -p apply-blocks | filecheck %s

// 10 rows in blocks of 4: two whole blocks in a loop, and the last two rows behind it. %t, which only these ops touch,
// holds one block; of the arguments each block sees its rows, of %w all.
// CHECK-LABEL: @rows
// CHECK-SAME:      stepwell.blocked
// CHECK-NOT:     memref.alloc
// CHECK:         scf.for %block = %{{.*}} to %[[TWO:.*]] step %{{.*}} {
// CHECK-NEXT:      %[[FOUR:.*]] = arith.constant 4 : index
// CHECK-NEXT:      %[[START:.*]] = arith.muli %block, %[[FOUR]] : index
// CHECK-NEXT:      %[[T:.*]] = memref.alloc() : memref<4x64xf32>
// CHECK-NEXT:      %[[X:.*]] = memref.subview %x[%[[START]], 0] [4, 64] [1, 1] : memref<10x64xf32> to memref<4x64xf32, strided<[64, 1], offset: ?>>
// CHECK-NEXT:      linalg.generic {{.*}} ins(%[[X]] : {{.*}}) outs(%[[T]] : memref<4x64xf32>)
// CHECK:           %[[OUT:.*]] = memref.subview %out[%[[START]], 0] [4, 32] [1, 1]
// CHECK-NEXT:      linalg.fill {{.*}} outs(%[[OUT]] :
// CHECK-NEXT:      linalg.generic {{.*}} ins(%[[T]], %w : {{.*}}) outs(%[[OUT]] :
// CHECK:         } {stepwell.parallel}
// CHECK:         %[[LAST:.*]] = memref.alloc() : memref<4x64xf32>
// CHECK-NEXT:    memref.subview %x[8, 0] [2, 64] [1, 1] : memref<10x64xf32> to memref<2x64xf32, strided<[64, 1], offset: 512>>
// CHECK-NEXT:    memref.reinterpret_cast %[[LAST]] to offset: [0], sizes: [2, 64], strides: [64, 1]
func.func private @rows(%x: memref<10x64xf32>, %w: memref<64x32xf32>, %out: memref<10x32xf32>) attributes {stepwell.kernel} {
  %zero = arith.constant 0.0 : f32
  %t = memref.alloc() : memref<10x64xf32>
  linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
      ins(%x : memref<10x64xf32>) outs(%t : memref<10x64xf32>) {
  ^bb0(%a: f32, %b: f32):
    %m = arith.maximumf %a, %zero : f32
    linalg.yield %m : f32
  }
  linalg.fill ins(%zero : f32) outs(%out : memref<10x32xf32>)
  linalg.generic {indexing_maps = [affine_map<(i, j, k) -> (i, k)>, affine_map<(i, j, k) -> (k, j)>, affine_map<(i, j, k) -> (i, j)>], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%t, %w : memref<10x64xf32>, memref<64x32xf32>) outs(%out : memref<10x32xf32>) {
  ^bb0(%a: f32, %b: f32, %s: f32):
    %p = arith.mulf %a, %b : f32
    %q = arith.addf %s, %p : f32
    linalg.yield %q : f32
  }
  func.return
}
schedule.kernel @rows {
  schedule.block [0, 1, 2] along [0, 0, 0] by [4, 4, 4]
}

// An index counts on from the block's start. The output may stand over the input no more once a block reads rows that
// another one has overwritten; over %r, read just where the output is written, it may.
// CHECK-LABEL: @windows
// CHECK-SAME:      %x: memref<9x4xf32>, %r: memref<8x4xf32>, %out: memref<8x4xf32> {stepwell.inplace = array<i64: 1>}
// CHECK:           %[[START:.*]] = arith.muli %block, %{{.*}} : index
// CHECK:           memref.subview %x[%[[START]], 0] [5, 4] [1, 1] : memref<9x4xf32> to memref<5x4xf32, strided<[4, 1], offset: ?>>
// CHECK:           %[[I:.*]] = linalg.index 0 : index
// CHECK-NEXT:      %[[AT:.*]] = arith.addi %[[I]], %[[START]] : index
// CHECK-NEXT:      arith.index_cast %[[AT]]
func.func private @windows(%x: memref<9x4xf32>, %r: memref<8x4xf32>, %out: memref<8x4xf32> {stepwell.inplace = array<i64: 0, 1>}) attributes {stepwell.kernel} {
  %t = memref.alloc() : memref<8x4xf32>
  linalg.generic {indexing_maps = [affine_map<(i, j) -> (i + 1, j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
      ins(%x : memref<9x4xf32>) outs(%t : memref<8x4xf32>) {
  ^bb0(%a: f32, %c: f32):
    %i = linalg.index 0 : index
    %n = arith.index_cast %i : index to i32
    %f = arith.sitofp %n : i32 to f32
    %m = arith.mulf %a, %f : f32
    linalg.yield %m : f32
  }
  linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
      ins(%t, %r : memref<8x4xf32>, memref<8x4xf32>) outs(%out : memref<8x4xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %s = arith.addf %a, %b : f32
    linalg.yield %s : f32
  }
  func.return
}
schedule.kernel @windows {
  schedule.block [0, 1] along [0, 0] by [4, 4]
}
