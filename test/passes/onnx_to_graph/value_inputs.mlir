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
