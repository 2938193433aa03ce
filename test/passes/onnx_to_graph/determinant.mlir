// RUN: stepwell-opt %s -p onnx-to-graph | filecheck %s

builtin.module attributes {onnx.opset = {ai.onnx = 13 : i64}} {

// Two steps: the row with the greatest first element comes to the top, and is taken off the others.
// CHECK-LABEL: @two_rows
// CHECK:         graph.arg_reduce max %{{.*}} {axis = 0, keepdims} : (tensor<2x1xf32>) -> tensor<1x1xi64>
// CHECK:         %[[AT:.*]] = graph.compare eq %{{.*}} -> tensor<2x1xi1>
// CHECK:         %[[TOP:.*]] = graph.reduce sum %{{.*}} {axes = [0], keepdims} : (tensor<2x2xf32>) -> tensor<1x2xf32>
// CHECK:         graph.div
// CHECK:         graph.pad %{{.*}} {low = [0, 0], high = [1, 1]} : (tensor<1x1xf32>) -> tensor<2x2xf32>
// CHECK:         graph.arg_reduce max
// CHECK-NOT:     graph.arg_reduce
// CHECK:         graph.reshape %{{.*}} : (tensor<1x1xf32>) -> tensor<f32>
func.func @two_rows(%x: tensor<2x2xf32>) -> tensor<f32> {
  %y = onnx.Det(%x) : (tensor<2x2xf32>) -> tensor<f32>
  func.return %y : tensor<f32>
}

}
