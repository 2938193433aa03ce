// RUN: stepwell-opt %s -p onnx-to-graph | filecheck %s

builtin.module attributes {onnx.opset = {ai.onnx = 13 : i64}} {

// In each step the row with the greatest first element comes to the top, and is taken off the others.
// CHECK-LABEL: @three_rows
// CHECK:         %{{.*}}, %[[DET:.*]] = graph.loop %{{.*}} to %{{.*}} iter({{.*}} = %x, %[[SO_FAR:.*]] = %{{.*}}) : tensor<3x3xf32>, tensor<1x1xf32> {
// CHECK:           graph.arg_reduce max %{{.*}} {axis = 0, keepdims} : (tensor<3x1xf32>) -> tensor<1x1xi64>
// CHECK:           %[[AT:.*]] = graph.compare eq %{{.*}} -> tensor<3x1xi1>
// CHECK:           %[[TOP:.*]] = graph.reduce sum %{{.*}} {axes = [0], keepdims} : (tensor<3x3xf32>) -> tensor<1x3xf32>
// CHECK:           graph.div
// CHECK:           %[[LEFT:.*]] = graph.pad %{{.*}} {low = [0, 0], high = [1, 1]} : (tensor<2x2xf32>) -> tensor<3x3xf32>
// CHECK:           %[[PRODUCT:.*]] = graph.mul %[[SO_FAR]], %{{.*}} : tensor<1x1xf32>
// CHECK:           graph.yield %[[LEFT]], %[[PRODUCT]]
// CHECK:         graph.reshape %[[DET]] : (tensor<1x1xf32>) -> tensor<f32>
func.func @three_rows(%x: tensor<3x3xf32>) -> tensor<f32> {
  %y = onnx.Det(%x) : (tensor<3x3xf32>) -> tensor<f32>
  func.return %y : tensor<f32>
}

}
