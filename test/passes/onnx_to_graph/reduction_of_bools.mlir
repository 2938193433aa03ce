// RUN: stepwell-opt %s -p onnx-to-graph | filecheck %s

builtin.module attributes {onnx.opset = {ai.onnx = 20 : i64}} {

// Bools are reduced as bytes: the largest of them is whether any holds.
// CHECK-LABEL: @any
// CHECK-NEXT:    %[[BYTES:.*]] = graph.cast %x : (tensor<2x3xi1>) -> tensor<2x3xui8>
// CHECK-NEXT:    %[[MAX:.*]] = graph.reduce max %[[BYTES]] {axes = [1], keepdims} : (tensor<2x3xui8>) -> tensor<2x1xui8>
// CHECK:         graph.compare ne %[[MAX]]
func.func @any(%x: tensor<2x3xi1>) -> tensor<2x1xi1> {
  %axis = onnx.Constant() {value = dense<1> : tensor<1xi64>} : () -> tensor<1xi64>
  %y = onnx.ReduceMax(%x, %axis) : (tensor<2x3xi1>, tensor<1xi64>) -> tensor<2x1xi1>
  func.return %y : tensor<2x1xi1>
}

}
