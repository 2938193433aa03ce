// RUN: stepwell-opt %s -p grow-in-place --split-input-file | filecheck %s
// RUN: stepwell-opt %s -p grow-in-place,fuse,outline-kernels,graph-to-linalg,bufferize --split-input-file | filecheck %s --check-prefix=BUFFERS

// A cache with a row appended is an output: both are one memory, in which the new row is written; who reads the output
// reads it there.
// CHECK-LABEL: @main
// CHECK-SAME:    %past: tensor<2x9x4xf32> {stepwell.name = "past", stepwell.grows = "present"}
// CHECK-NEXT:    %[[ZERO:.*]] = graph.constant dense<0> : tensor<i64>
// CHECK-NEXT:    %[[ROW:.*]] = graph.constant dense<8> : tensor<i64>
// CHECK-NEXT:    %present = graph.update_at %past, %new, %[[ZERO]], %[[ROW]], %[[ZERO]]
// CHECK-NEXT:    %y = graph.reduce sum %present
// CHECK-NEXT:    func.return %y, %present

// BUFFERS-LABEL: @main
// BUFFERS-SAME:    (%past: memref<2x9x4xf32>, %new: memref<2x1x4xf32>, %out0: memref<2x4xf32>, %out1: memref<2x9x4xf32>)
// BUFFERS-NEXT:    %[[ROW:.*]] = memref.subview %past[0, 8, 0] [2, 1, 4] [1, 1, 1]
// BUFFERS:         func.call @copy_2x1x4xf32(%new, %{{.*}})
// BUFFERS-NEXT:    func.call @kernel_reduce_0(%past, %out0)
// BUFFERS-NEXT:    func.return
func.func @main(%past: tensor<2x8x4xf32> {stepwell.name = "past"}, %new: tensor<2x1x4xf32> {stepwell.name = "new"})
    -> (tensor<2x4xf32> {stepwell.name = "y"}, tensor<2x9x4xf32> {stepwell.name = "present"}) {
  %present = graph.concat %past, %new {axis = 1} : (tensor<2x8x4xf32>, tensor<2x1x4xf32>) -> tensor<2x9x4xf32>
  %y = graph.reduce sum %present {axes = [1]} : (tensor<2x9x4xf32>) -> tensor<2x4xf32>
  func.return %y, %present : tensor<2x4xf32>, tensor<2x9x4xf32>
}

// -----

// Not so: what is put in front moves the rows that were there; what is read elsewhere too would have to stay as it was;
// what nobody is given needs no memory of a caller's.
// CHECK-LABEL: @main
// CHECK-COUNT-3: graph.concat
func.func @main(
    %a: tensor<8xf32> {stepwell.name = "a"}, %b: tensor<8xf32> {stepwell.name = "b"},
    %c: tensor<8xf32> {stepwell.name = "c"}, %new: tensor<1xf32> {stepwell.name = "new"})
    -> (tensor<9xf32> {stepwell.name = "x"}, tensor<9xf32> {stepwell.name = "y"}, tensor<9xf32> {stepwell.name = "z"},
        tensor<8xf32> {stepwell.name = "w"}) {
  %x = graph.concat %new, %a {axis = 0} : (tensor<1xf32>, tensor<8xf32>) -> tensor<9xf32>
  %y = graph.concat %b, %new {axis = 0} : (tensor<8xf32>, tensor<1xf32>) -> tensor<9xf32>
  %w = graph.neg %b : tensor<8xf32>
  %d = graph.concat %c, %new {axis = 0} : (tensor<8xf32>, tensor<1xf32>) -> tensor<9xf32>
  %z = graph.neg %d : tensor<9xf32>
  func.return %x, %y, %z, %w : tensor<9xf32>, tensor<9xf32>, tensor<9xf32>, tensor<8xf32>
}
