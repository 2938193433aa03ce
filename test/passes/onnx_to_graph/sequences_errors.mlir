// RUN: stepwell-opt %s -p onnx-to-graph --split-input-file --verify-diagnostics

// Which value is meant must be known.
builtin.module attributes {onnx.opset = {ai.onnx = 17 : i64}} {
func.func @main(%a: tensor<4xf32>, %i: tensor<i64>) -> tensor<4xf32> {
  %s = onnx.SequenceConstruct(%a, %a) : (tensor<4xf32>, tensor<4xf32>) -> !onnx.seq<tensor<4xf32>>
  // expected-error@+1 {{SequenceAt: a position in a sequence computed at run time is not supported; a constant is}}
  %m = onnx.SequenceAt(%s, %i) : (!onnx.seq<tensor<4xf32>>, tensor<i64>) -> tensor<4xf32>
  func.return %m : tensor<4xf32>
}
}

// -----

// A sequence cannot be handed out.
builtin.module attributes {onnx.opset = {ai.onnx = 17 : i64}} {
// expected-error@+1 {{output 0 is a sequence or an optional; only tensors can be handed out}}
func.func @main(%a: tensor<4xf32>) -> !onnx.seq<tensor<4xf32>> {
  %s = onnx.SequenceConstruct(%a, %a) : (tensor<4xf32>, tensor<4xf32>) -> !onnx.seq<tensor<4xf32>>
  func.return %s : !onnx.seq<tensor<4xf32>>
}
}
