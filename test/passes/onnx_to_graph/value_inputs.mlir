// RUN: stepwell-opt %s -p mark-value-inputs --split-input-file | filecheck %s

// The axes say what shape the result has; what they are computed from is marked. `%x` is data.
// CHECK-LABEL: @main
// CHECK-SAME:    %x: tensor<2x3xf32> {stepwell.name = "x"}
// CHECK-SAME:    %axis: tensor<1xi64> {stepwell.name = "axis", stepwell.by_value}
builtin.module attributes {onnx.opset = {ai.onnx = 17 : i64}, stepwell.level = "onnx"} {
func.func @main(
    %x: tensor<2x3xf32> {stepwell.name = "x"}, %axis: tensor<1xi64> {stepwell.name = "axis"}
) -> tensor<*xf32> {
  %axes = onnx.Neg(%axis) : (tensor<1xi64>) -> tensor<1xi64>
  %y = onnx.ReduceSum(%x, %axes) : (tensor<2x3xf32>, tensor<1xi64>) -> tensor<*xf32>
  func.return %y : tensor<*xf32>
}
}

// -----

// A shape is no value: once `x` has its sizes, all is known.
// CHECK-LABEL: @main
// CHECK-NOT:     by_value
builtin.module attributes {onnx.opset = {ai.onnx = 17 : i64}, stepwell.level = "onnx"} {
func.func @main(%x: tensor<?xf32> {stepwell.name = "x", stepwell.dims = ["n"]}) -> tensor<*xf32> {
  %shape = onnx.Shape(%x) : (tensor<?xf32>) -> tensor<1xi64>
  %y = onnx.Tile(%x, %shape) : (tensor<?xf32>, tensor<1xi64>) -> tensor<*xf32>
  func.return %y : tensor<*xf32>
}
}

// -----

// Indices that only pick elements are data, however few they are.
// CHECK-LABEL: @main
// CHECK-NOT:     by_value
builtin.module attributes {onnx.opset = {ai.onnx = 17 : i64}, stepwell.level = "onnx"} {
func.func @main(
    %x: tensor<2x3xf32> {stepwell.name = "x"}, %i: tensor<2xi64> {stepwell.name = "i"}
) -> tensor<2x3xf32> {
  %y = onnx.Gather(%x, %i) : (tensor<2x3xf32>, tensor<2xi64>) -> tensor<2x3xf32>
  func.return %y : tensor<2x3xf32>
}
}

// -----

// The sides of an If differ in shape: what its condition is computed from is marked.
// CHECK-LABEL: @main
// CHECK-SAME:    %x: tensor<2x3xf32> {stepwell.name = "x"}
// CHECK-SAME:    %rate: tensor<i64> {stepwell.name = "rate", stepwell.by_value}
builtin.module attributes {onnx.opset = {ai.onnx = 17 : i64}, stepwell.level = "onnx"} {
func.func @main(
    %x: tensor<2x3xf32> {stepwell.name = "x"}, %rate: tensor<i64> {stepwell.name = "rate"}
) -> tensor<*xf32> {
  %high = onnx.Constant() {value = dense<16000> : tensor<i64>} : () -> tensor<i64>
  %c = onnx.Equal(%rate, %high) : (tensor<i64>, tensor<i64>) -> tensor<i1>
  %y = onnx.If(%c) : (tensor<i1>) -> tensor<*xf32> else_branch {
    onnx.Yield %x : tensor<2x3xf32>
  } then_branch {
    %t = onnx.Transpose(%x) : (tensor<2x3xf32>) -> tensor<3x2xf32>
    onnx.Yield %t : tensor<3x2xf32>
  }
  func.return %y : tensor<*xf32>
}
}

// -----

// ... where they are alike, it is data; and so it is where the dims are open and what it hangs on cannot be marked.
// CHECK-LABEL: @main
// CHECK-NOT:     by_value
builtin.module attributes {onnx.opset = {ai.onnx = 17 : i64}, stepwell.level = "onnx"} {
func.func @main(
    %x: tensor<2x3xf32> {stepwell.name = "x"}, %c: tensor<i1> {stepwell.name = "c"},
    %open: tensor<?x8xf32> {stepwell.name = "open", stepwell.dims = ["n", 8 : i64]}
) -> (tensor<2x3xf32>, tensor<*xf32>) {
  %y = onnx.If(%c) : (tensor<i1>) -> tensor<2x3xf32> else_branch {
    onnx.Yield %x : tensor<2x3xf32>
  } then_branch {
    %n = onnx.Neg(%x) : (tensor<2x3xf32>) -> tensor<2x3xf32>
    onnx.Yield %n : tensor<2x3xf32>
  }
  %sum = onnx.ReduceSum(%open) {keepdims = 0 : i64} : (tensor<?x8xf32>) -> tensor<f32>
  %zero = onnx.Constant() {value = dense<0.0> : tensor<f32>} : () -> tensor<f32>
  %more = onnx.Greater(%sum, %zero) : (tensor<f32>, tensor<f32>) -> tensor<i1>
  %z = onnx.If(%more) : (tensor<i1>) -> tensor<*xf32> else_branch {
    onnx.Yield %open : tensor<?x8xf32>
  } then_branch {
    %n = onnx.Neg(%open) : (tensor<?x8xf32>) -> tensor<?x8xf32>
    onnx.Yield %n : tensor<?x8xf32>
  }
  func.return %y, %z : tensor<2x3xf32>, tensor<*xf32>
}
}

// -----

// The number of steps is a dim of what a loop puts together.
// CHECK-LABEL: @main
// CHECK-SAME:    %n: tensor<i64> {stepwell.name = "n", stepwell.by_value}
// CHECK-SAME:    %x: tensor<4xf32> {stepwell.name = "x"}
builtin.module attributes {onnx.opset = {ai.onnx = 17 : i64}, stepwell.level = "onnx"} {
func.func @main(
    %n: tensor<i64> {stepwell.name = "n"}, %x: tensor<4xf32> {stepwell.name = "x"}
) -> tensor<*xf32> {
  %none = onnx.NoValue
  %h, %ys = onnx.Loop(%n, %none, %x) : (tensor<i64>, none, tensor<4xf32>) -> (tensor<4xf32>, tensor<*xf32>) body {
  ^bb0(%i: tensor<i64>, %go: tensor<i1>, %a: tensor<4xf32>):
    %e = onnx.Exp(%a) : (tensor<4xf32>) -> tensor<4xf32>
    onnx.Yield %go, %e, %e : tensor<i1>, tensor<4xf32>, tensor<4xf32>
  }
  func.return %ys : tensor<*xf32>
}
}

// -----

// That GatherElements must know the dims of what Expand gives is no fault of the model: they follow from %shape.
// CHECK-LABEL: @main
// CHECK-SAME:    %shape: tensor<2xi64> {stepwell.name = "shape", stepwell.by_value}
builtin.module attributes {onnx.opset = {ai.onnx = 17 : i64}, stepwell.level = "onnx"} {
func.func @main(
    %x: tensor<1x4xf32> {stepwell.name = "x"}, %shape: tensor<2xi64> {stepwell.name = "shape"},
    %i: tensor<3x4xi64> {stepwell.name = "i"}
) -> tensor<3x4xf32> {
  %many = onnx.Expand(%x, %shape) : (tensor<1x4xf32>, tensor<2xi64>) -> tensor<?x?xf32>
  %y = onnx.GatherElements(%many, %i) : (tensor<?x?xf32>, tensor<3x4xi64>) -> tensor<3x4xf32>
  func.return %y : tensor<3x4xf32>
}
}
