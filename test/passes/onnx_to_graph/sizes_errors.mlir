// RUN: stepwell-opt %s -p onnx-to-graph --verify-diagnostics

// Nothing can be computed in one program from a tensor whose size the data decide: `split-stages` cuts the model there.
builtin.module attributes {onnx.opset = {ai.onnx = 13 : i64}} {
func.func @main(%x: tensor<3x4xf32>) -> tensor<?x2xi64> {
  %y = onnx.NonZero(%x) : (tensor<3x4xf32>) -> tensor<2x?xi64>
  // expected-error@+1 {{Transpose: it reads a tensor whose size is known only when the program runs}}
  %z = onnx.Transpose(%y) : (tensor<2x?xi64>) -> tensor<?x2xi64>
  func.return %z : tensor<?x2xi64>
}
}
