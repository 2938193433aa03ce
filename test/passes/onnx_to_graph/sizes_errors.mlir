// RUN: stepwell-opt %s -p onnx-to-graph --verify-diagnostics

// So far nothing can be computed from a tensor whose size the data decide.
builtin.module attributes {onnx.opset = {ai.onnx = 13 : i64}} {
func.func @main(%x: tensor<3x4xf32>) -> tensor<?x2xi64> {
  %y = onnx.NonZero(%x) : (tensor<3x4xf32>) -> tensor<2x?xi64>
  // expected-error@+1 {{Transpose: it reads a tensor whose size is known only when the program runs; so far such a one can only be an output of the model}}
  %z = onnx.Transpose(%y) : (tensor<2x?xi64>) -> tensor<?x2xi64>
  func.return %z : tensor<?x2xi64>
}
}
