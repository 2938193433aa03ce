// RUN: stepwell-opt %s -p onnx-to-graph | filecheck %s

builtin.module attributes {onnx.opset = {ai.onnx = 13 : i64}} {

// CHECK-LABEL: @windows
// CHECK-NEXT:    graph.max_pool %x {strides = [2, 2], kernel = [3, 3], ceil_mode} : {{.*}} -> tensor<1x3x4x4xf32>
// CHECK-NEXT:    graph.avg_pool %x {pads = [1, 1, 1, 1], kernel = [3, 3], count_include_pad} : tensor<1x3x8x8xf32>
func.func @windows(%x: tensor<1x3x8x8xf32>) -> (tensor<1x3x4x4xf32>, tensor<1x3x8x8xf32>) {
  %y = onnx.MaxPool(%x) {kernel_shape = array<i64: 3, 3>, strides = array<i64: 2, 2>, ceil_mode = 1 : i64}
    : (tensor<1x3x8x8xf32>) -> tensor<1x3x4x4xf32>
  %z = onnx.AveragePool(%x) {kernel_shape = array<i64: 3, 3>, pads = array<i64: 1, 1, 1, 1>, count_include_pad = 1 : i64}
    : (tensor<1x3x8x8xf32>) -> tensor<1x3x8x8xf32>
  func.return %y, %z : tensor<1x3x4x4xf32>, tensor<1x3x8x8xf32>
}

// A pool over all of the image is a reduction.
// CHECK-LABEL: @global
// CHECK-NEXT:    graph.reduce mean %x {axes = [2, 3], keepdims} : (tensor<?x3x?x8xf32>) -> tensor<?x3x1x1xf32>
// CHECK-NEXT:    graph.reduce max %x {axes = [2, 3], keepdims}
func.func @global(%x: tensor<?x3x?x8xf32>) -> (tensor<?x3x1x1xf32>, tensor<?x3x1x1xf32>) {
  %y = onnx.GlobalAveragePool(%x) : (tensor<?x3x?x8xf32>) -> tensor<?x3x1x1xf32>
  %z = onnx.GlobalMaxPool(%x) : (tensor<?x3x?x8xf32>) -> tensor<?x3x1x1xf32>
  func.return %y, %z : tensor<?x3x1x1xf32>, tensor<?x3x1x1xf32>
}

// With a window as wide as its stride the front pad is 0 whatever the size; a pad of 1 at the end does for odd sizes,
// and for even ones no window reaches it.
// CHECK-LABEL: @same_of_any_size
// CHECK-NEXT:    graph.max_pool %x {strides = [2, 2], pads = [0, 0, 1, 1], kernel = [2, 2]}
func.func @same_of_any_size(%x: tensor<1x3x?x?xf32>) -> tensor<1x3x?x?xf32> {
  %y = onnx.MaxPool(%x) {kernel_shape = array<i64: 2, 2>, strides = array<i64: 2, 2>, auto_pad = "SAME_UPPER"}
    : (tensor<1x3x?x?xf32>) -> tensor<1x3x?x?xf32>
  func.return %y : tensor<1x3x?x?xf32>
}

}
