// RUN: stepwell-opt %s -p onnx-to-graph | filecheck %s

builtin.module attributes {onnx.opset = {ai.onnx = 17 : i64}} {

// CHECK-LABEL: @periodic
// CHECK-NEXT:    graph.constant dense<[0.000000e+00, 5.000000e-01, 1.000000e+00, 5.000000e-01]> : tensor<4xf32>
func.func @periodic() -> tensor<4xf32> {
  %size = onnx.Constant() {value = dense<4> : tensor<i64>} : () -> tensor<i64>
  %y = onnx.HannWindow(%size) : (tensor<i64>) -> tensor<4xf32>
  func.return %y : tensor<4xf32>
}

// The ends of a symmetric one are equal. 11 is f64.
// CHECK-LABEL: @symmetric
// CHECK-NEXT:    graph.constant dense<[0.000000e+00, 1.000000e+00, 0.000000e+00]> : tensor<3xf64>
func.func @symmetric() -> tensor<3xf64> {
  %size = onnx.Constant() {value = dense<3> : tensor<i64>} : () -> tensor<i64>
  %y = onnx.HannWindow(%size) {periodic = 0 : i64, output_datatype = 11 : i64} : (tensor<i64>) -> tensor<3xf64>
  func.return %y : tensor<3xf64>
}

// Each column is a triangle, of edges at 0, 426, 1113 and 2216 hertz: in bins of 8000 / 9 hertz at 0, 0, 1 and 2.
// CHECK-LABEL: @mel
// CHECK:         graph.constant dense<{{\[}}[1.000000e+00, 0.000000e+00], [0.000000e+00, 1.000000e+00],
// CHECK-SAME:      [0.000000e+00, 0.000000e+00], {{.*}}> : tensor<5x2xf32>
func.func @mel() -> tensor<5x2xf32> {
  %bins = onnx.Constant() {value = dense<2> : tensor<i64>} : () -> tensor<i64>
  %length = onnx.Constant() {value = dense<8> : tensor<i64>} : () -> tensor<i64>
  %rate = onnx.Constant() {value = dense<8000> : tensor<i64>} : () -> tensor<i64>
  %low = onnx.Constant() {value = dense<0.0> : tensor<f32>} : () -> tensor<f32>
  %high = onnx.Constant() {value = dense<4000.0> : tensor<f32>} : () -> tensor<f32>
  %y = onnx.MelWeightMatrix(%bins, %length, %rate, %low, %high)
    : (tensor<i64>, tensor<i64>, tensor<i64>, tensor<f32>, tensor<f32>) -> tensor<5x2xf32>
  func.return %y : tensor<5x2xf32>
}

}
