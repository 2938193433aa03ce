// RUN: stepwell-opt %s -p 'plan-memory{shared=65536}' --split-input-file | filecheck %s

// Weights of 65536 bytes and more stand behind the others, in the order of use. The first line of the block is left for
// the number that says where they begin.
// CHECK-LABEL: func.func @main
// CHECK-SAME:    stepwell.shared_weights = 128 : i64
// CHECK-SAME:    stepwell.weights_layout = {small = 64 : i64, large = 128 : i64, other = 1048704 : i64}
// CHECK-SAME:    stepwell.weights_size = 1114240 : i64
memref.global "private" constant @small : memref<4xf32> = dense_resource<small>
memref.global "private" constant @large : memref<262144xf32> = dense_resource<large>
memref.global "private" constant @other : memref<16384xf32> = dense_resource<other>
func.func private @use(%x: memref<262144xf32>, %y: memref<4xf32>, %z: memref<16384xf32>)
func.func @main() {
  %l = memref.get_global @large : memref<262144xf32>
  %s = memref.get_global @small : memref<4xf32>
  %o = memref.get_global @other : memref<16384xf32>
  func.call @use(%l, %s, %o) : (memref<262144xf32>, memref<4xf32>, memref<16384xf32>) -> ()
  func.return
}

// -----

// Less than a mebibyte of them is not worth it: the block has no first line, and the order is that of use.
// CHECK-LABEL: func.func @main
// CHECK-NOT:     stepwell.shared_weights
// CHECK-SAME:    stepwell.weights_layout = {other = 0 : i64, small = 65536 : i64}
memref.global "private" constant @small : memref<4xf32> = dense_resource<small>
memref.global "private" constant @other : memref<16384xf32> = dense_resource<other>
func.func private @use(%y: memref<4xf32>, %z: memref<16384xf32>)
func.func @main() {
  %o = memref.get_global @other : memref<16384xf32>
  %s = memref.get_global @small : memref<4xf32>
  func.call @use(%s, %o) : (memref<4xf32>, memref<16384xf32>) -> ()
  func.return
}
