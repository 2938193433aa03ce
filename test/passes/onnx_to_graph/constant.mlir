// RUN: stepwell-opt %s -p onnx-to-graph | filecheck %s

builtin.module attributes {onnx.opset = {ai.onnx = 15 : i64}} {

// CHECK-LABEL: @constants
// CHECK-NEXT:    %a = graph.constant dense_resource<weight> : tensor<40xf32>
// CHECK-NEXT:    %b = graph.constant dense<[1, 2]> : tensor<2xi64>
// CHECK-NEXT:    %c = graph.constant dense<2.500000e+00> : tensor<f32>
func.func @constants() -> (tensor<40xf32>, tensor<2xi64>, tensor<f32>) {
  %a = onnx.Constant() {value = dense_resource<weight> : tensor<40xf32>} : () -> tensor<40xf32>
  %b = onnx.Constant() {value_ints = array<i64: 1, 2>} : () -> tensor<2xi64>
  %c = onnx.Constant() {value_float = 2.5 : f32} : () -> tensor<f32>
  func.return %a, %b, %c : tensor<40xf32>, tensor<2xi64>, tensor<f32>
}

// CHECK-LABEL: @constant_of_shape
// CHECK:         graph.broadcast_to %{{.*}} : (tensor<i64>) -> tensor<2x3xi64>
func.func @constant_of_shape() -> tensor<2x3xi64> {
  %shape = onnx.Constant() {value = dense<[2, 3]> : tensor<2xi64>} : () -> tensor<2xi64>
  %y = onnx.ConstantOfShape(%shape) {value = dense<7> : tensor<1xi64>} : (tensor<2xi64>) -> tensor<2x3xi64>
  func.return %y : tensor<2x3xi64>
}

// CHECK-LABEL: @shape_from_to
// CHECK-NEXT:    graph.shape_of %x : (tensor<?x3x4xf32>) -> tensor<3xi64>
// CHECK-NEXT:    graph.slice %{{.*}} {starts = [1], sizes = [2]} : (tensor<3xi64>) -> tensor<2xi64>
func.func @shape_from_to(%x: tensor<?x3x4xf32>) -> tensor<2xi64> {
  %y = onnx.Shape(%x) {start = -2 : i64} : (tensor<?x3x4xf32>) -> tensor<2xi64>
  func.return %y : tensor<2xi64>
}

}
