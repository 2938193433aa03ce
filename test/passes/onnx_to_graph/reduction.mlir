// RUN: stepwell-opt %s -p onnx-to-graph | filecheck %s

builtin.module attributes {onnx.opset = {ai.onnx = 13 : i64}} {

// Axes are an attribute, or (of ReduceSum since opset 13) an input.
// CHECK-LABEL: @axes
// CHECK-NEXT:    graph.reduce mean %x {axes = [0, 2]} : (tensor<2x3x4xf32>) -> tensor<3xf32>
// CHECK-NEXT:    graph.reduce sum %x {axes = [1], keepdims} : (tensor<2x3x4xf32>) -> tensor<2x1x4xf32>
// CHECK-NEXT:    func.return
func.func @axes(%x: tensor<2x3x4xf32>) -> (tensor<3xf32>, tensor<2x1x4xf32>) {
  %axes = onnx.Constant() {value = dense<-2> : tensor<1xi64>} : () -> tensor<1xi64>
  %y = onnx.ReduceMean(%x) {axes = array<i64: -1, 0>, keepdims = 0 : i64} : (tensor<2x3x4xf32>) -> tensor<3xf32>
  %z = onnx.ReduceSum(%x, %axes) : (tensor<2x3x4xf32>, tensor<1xi64>) -> tensor<2x1x4xf32>
  func.return %y, %z : tensor<3xf32>, tensor<2x1x4xf32>
}

// No axes are all axes, unless the node says that they are none.
// CHECK-LABEL: @no_axes
// CHECK-NEXT:    %y = graph.reduce max %x {axes = [0, 1], keepdims} : (tensor<2x3xf32>) -> tensor<1x1xf32>
// CHECK-NEXT:    func.return %y, %x
func.func @no_axes(%x: tensor<2x3xf32>) -> (tensor<1x1xf32>, tensor<2x3xf32>) {
  %y = onnx.ReduceMax(%x) : (tensor<2x3xf32>) -> tensor<1x1xf32>
  %z = onnx.ReduceSum(%x) {noop_with_empty_axes = 1 : i64} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  func.return %y, %z : tensor<1x1xf32>, tensor<2x3xf32>
}

// CHECK-LABEL: @norm
// CHECK-NEXT:    %[[SQUARE:.*]] = graph.mul %x, %x
// CHECK-NEXT:    %[[SUM:.*]] = graph.reduce sum %[[SQUARE]] {axes = [1], keepdims}
// CHECK-NEXT:    graph.sqrt %[[SUM]]
func.func @norm(%x: tensor<2x3xf32>) -> tensor<2x1xf32> {
  %y = onnx.ReduceL2(%x) {axes = array<i64: 1>} : (tensor<2x3xf32>) -> tensor<2x1xf32>
  func.return %y : tensor<2x1xf32>
}

}
