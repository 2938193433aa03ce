// RUN: stepwell-opt %s -p split-stages --split-input-file | filecheck %s

// How many places there are, the data decide: what reads them is the next stage. %x and %places go in, a constant
// stands where it is needed; what needs nothing of them stays, also where the next stage reads it.
// CHECK:         func.func @main(%x: tensor<3x4xf32> {stepwell.name = "x"})
// CHECK-SAME:      -> (tensor<3x4xf32> {stepwell.name = "e"}, tensor<2x?xi64> {stepwell.name = "places"}) {
// CHECK:           %places = onnx.NonZero(%x)
// CHECK-NEXT:      %e = onnx.Exp(%x)
// CHECK-NEXT:      func.return %e, %places
// CHECK:         func.func private @next_stage
// CHECK-SAME:      (%x: tensor<3x4xf32> {stepwell.name = "x"}, %places: tensor<2x?xi64> {stepwell.name = "places"},
// CHECK-SAME:      %e: tensor<3x4xf32> {stepwell.name = "e"}) -> (tensor<?x3x4xf32> {stepwell.name = "y"}) {
// CHECK-NEXT:      %one = onnx.Constant()
// CHECK-NEXT:      %t = onnx.Transpose(%places)
// CHECK-NEXT:      %g = onnx.GatherND(%x, %t)
// CHECK-NEXT:      %s = onnx.Reshape(%g, %one)
// CHECK-NEXT:      %y = onnx.Mul(%s, %e)
// CHECK-NEXT:      func.return %y
builtin.module attributes {stepwell.level = "onnx", onnx.opset = {ai.onnx = 17 : i64}} {
  func.func @main(%x: tensor<3x4xf32> {stepwell.name = "x"})
      -> (tensor<3x4xf32> {stepwell.name = "e"}, tensor<?x3x4xf32> {stepwell.name = "y"}) {
    %one = onnx.Constant() {value = dense<[-1, 1, 1]> : tensor<3xi64>} : () -> tensor<3xi64>
    %places = onnx.NonZero(%x) : (tensor<3x4xf32>) -> tensor<2x?xi64>
    %t = onnx.Transpose(%places) {perm = array<i64: 1, 0>} : (tensor<2x?xi64>) -> tensor<?x2xi64>
    %g = onnx.GatherND(%x, %t) : (tensor<3x4xf32>, tensor<?x2xi64>) -> tensor<?xf32>
    %e = onnx.Exp(%x) : (tensor<3x4xf32>) -> tensor<3x4xf32>
    %s = onnx.Reshape(%g, %one) : (tensor<?xf32>, tensor<3xi64>) -> tensor<?x1x1xf32>
    %y = onnx.Mul(%s, %e) : (tensor<?x1x1xf32>, tensor<3x4xf32>) -> tensor<?x3x4xf32>
    func.return %e, %y : tensor<3x4xf32>, tensor<?x3x4xf32>
  }
}

// -----

// A number that the model computes says how long a list is: it is an input of the next stage, by whose value that is
// made.
// CHECK:         func.func @main
// CHECK-SAME:      -> (tensor<i64> {stepwell.name = "n"})
// CHECK:         func.func private @next_stage(%n: tensor<i64> {stepwell.name = "n"}) -> (tensor<?xi64> {stepwell.name = "y"})
// CHECK:           %y = onnx.Range(%{{.*}}, %n, %{{.*}})
builtin.module attributes {stepwell.level = "onnx", onnx.opset = {ai.onnx = 17 : i64}} {
  func.func @main(%x: tensor<3x4xf32> {stepwell.name = "x"}) -> (tensor<?xi64> {stepwell.name = "y"}) {
    %zero = onnx.Constant() {value = dense<0> : tensor<i64>} : () -> tensor<i64>
    %one = onnx.Constant() {value = dense<1> : tensor<i64>} : () -> tensor<i64>
    %s = onnx.ReduceMax(%x) {keepdims = 0 : i64} : (tensor<3x4xf32>) -> tensor<f32>
    %n = onnx.Cast(%s) {to = 7 : i64} : (tensor<f32>) -> tensor<i64>
    %y = onnx.Range(%zero, %n, %one) : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<?xi64>
    func.return %y : tensor<?xi64>
  }
}

// -----

// A result whose size the data decide, but that nothing reads, is an output like any other: there is nothing to cut.
// CHECK:         func.func @main
// CHECK-NOT:     @next_stage
builtin.module attributes {stepwell.level = "onnx", onnx.opset = {ai.onnx = 17 : i64}} {
  func.func @main(%x: tensor<3x4xf32> {stepwell.name = "x"}) -> (tensor<2x?xi64> {stepwell.name = "y"}) {
    %y = onnx.NonZero(%x) : (tensor<3x4xf32>) -> tensor<2x?xi64>
    func.return %y : tensor<2x?xi64>
  }
}
