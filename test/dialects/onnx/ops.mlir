// RUN: stepwell-opt %s --split-input-file | stepwell-opt - --split-input-file | filecheck %s

// A node is an op of its operator's name; its attributes stand in braces, its opset on the module.
// CHECK:       builtin.module attributes {onnx.opset = {ai.onnx = 13 : i64}} {
// CHECK-LABEL: @nodes
// CHECK:         %w = onnx.Constant() {value = dense_resource<conv1.weight> : tensor<8x3x3x3xf32>} : () -> tensor<8x3x3x3xf32>
// CHECK-NEXT:    %h = onnx.Conv(%x, %w) {pads = array<i64: 1, 1, 1, 1>, strides = array<i64: 2, 2>} : (tensor<?x3x8x8xf32>, tensor<8x3x3x3xf32>) -> tensor<?x8x4x4xf32>
// CHECK-NEXT:    %y = onnx.LeakyRelu(%h) {alpha = 1.000000e-01 : f32} : (tensor<?x8x4x4xf32>) -> tensor<?x8x4x4xf32>
builtin.module attributes {onnx.opset = {ai.onnx = 13 : i64}} {
  func.func @nodes(%x: tensor<?x3x8x8xf32> {stepwell.name = "x", stepwell.dims = ["batch", 3 : i64, 8 : i64, 8 : i64]})
      -> tensor<?x8x4x4xf32> {
    %w = onnx.Constant() {value = dense_resource<conv1.weight> : tensor<8x3x3x3xf32>} : () -> tensor<8x3x3x3xf32>
    %h = onnx.Conv(%x, %w) {pads = array<i64: 1, 1, 1, 1>, strides = array<i64: 2, 2>}
        : (tensor<?x3x8x8xf32>, tensor<8x3x3x3xf32>) -> tensor<?x8x4x4xf32>
    %y = onnx.LeakyRelu(%h) {alpha = 0.1 : f32} : (tensor<?x8x4x4xf32>) -> tensor<?x8x4x4xf32>
    func.return %y : tensor<?x8x4x4xf32>
  }
}

// -----

// The generic form says the same; what is an attribute of the node is a property of the op.
// CHECK-LABEL: @generic
// CHECK:         onnx.Softmax(%x) {axis = 1 : i64, stepwell.note = "kept"} : (tensor<2x3xf32>) -> tensor<2x3xf32>
builtin.module attributes {onnx.opset = {ai.onnx = 13 : i64}} {
  func.func @generic(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
    %y = "onnx.Softmax"(%x) <{axis = 1 : i64}> {stepwell.note = "kept"} : (tensor<2x3xf32>) -> tensor<2x3xf32>
    func.return %y : tensor<2x3xf32>
  }
}

// -----

// An optional input that is left out is the value of onnx.NoValue; one at the end may be missing.
// CHECK-LABEL: @left_out
// CHECK:         %none = onnx.NoValue
// CHECK-NEXT:    onnx.Clip(%x, %none, %high) : (tensor<4xf32>, none, tensor<f32>) -> tensor<4xf32>
// CHECK-NEXT:    onnx.Clip(%x) : (tensor<4xf32>) -> tensor<4xf32>
builtin.module attributes {onnx.opset = {ai.onnx = 13 : i64}} {
  func.func @left_out(%x: tensor<4xf32>, %high: tensor<f32>) -> (tensor<4xf32>, tensor<4xf32>) {
    %none = onnx.NoValue
    %a = onnx.Clip(%x, %none, %high) : (tensor<4xf32>, none, tensor<f32>) -> tensor<4xf32>
    %b = onnx.Clip(%x) : (tensor<4xf32>) -> tensor<4xf32>
    func.return %a, %b : tensor<4xf32>, tensor<4xf32>
  }
}

// -----

// A graph that is an attribute is a region; it sees the values around it.
// CHECK-LABEL: @choice
// CHECK:         %r = onnx.If(%c) : (tensor<i1>) -> tensor<4xf32> else_branch {
// CHECK-NEXT:      onnx.Yield %x : tensor<4xf32>
// CHECK-NEXT:    } then_branch {
// CHECK-NEXT:      %n = onnx.Neg(%x) : (tensor<4xf32>) -> tensor<4xf32>
// CHECK-NEXT:      onnx.Yield %n : tensor<4xf32>
// CHECK-NEXT:    }
builtin.module attributes {onnx.opset = {ai.onnx = 13 : i64}} {
  func.func @choice(%c: tensor<i1>, %x: tensor<4xf32>) -> tensor<4xf32> {
    %r = onnx.If(%c) : (tensor<i1>) -> tensor<4xf32> else_branch {
      onnx.Yield %x : tensor<4xf32>
    } then_branch {
      %n = onnx.Neg(%x) : (tensor<4xf32>) -> tensor<4xf32>
      onnx.Yield %n : tensor<4xf32>
    }
    func.return %r : tensor<4xf32>
  }
}

// -----

// A loop's region has the iteration, the condition and what is carried as arguments.
// CHECK-LABEL: @loop
// CHECK:         onnx.Loop(%n, %none, %x) : (tensor<i64>, none, tensor<4xf32>) -> (tensor<4xf32>, tensor<?x4xf32>) body {
// CHECK-NEXT:    ^bb0(%i: tensor<i64>, %go: tensor<i1>, %h: tensor<4xf32>):
// CHECK:           onnx.Yield %go, %h2, %h2 : tensor<i1>, tensor<4xf32>, tensor<4xf32>
builtin.module attributes {onnx.opset = {ai.onnx = 13 : i64}} {
  func.func @loop(%n: tensor<i64>, %x: tensor<4xf32>) -> (tensor<4xf32>, tensor<?x4xf32>) {
    %none = onnx.NoValue
    %last, %all = onnx.Loop(%n, %none, %x) : (tensor<i64>, none, tensor<4xf32>) -> (tensor<4xf32>, tensor<?x4xf32>) body {
    ^bb0(%i: tensor<i64>, %go: tensor<i1>, %h: tensor<4xf32>):
      %h2 = onnx.Relu(%h) : (tensor<4xf32>) -> tensor<4xf32>
      onnx.Yield %go, %h2, %h2 : tensor<i1>, tensor<4xf32>, tensor<4xf32>
    }
    func.return %last, %all : tensor<4xf32>, tensor<?x4xf32>
  }
}

// -----

// The types that ONNX has and MLIR lacks; attributes of every kind.
// CHECK-LABEL: @types
// CHECK-SAME:    (%words: tensor<2x!onnx.string>, %list: !onnx.seq<tensor<?xf32>>, %may: !onnx.optional<tensor<4xf32>>, %u: tensor<3xui8>)
// CHECK:         onnx.Constant() {value = #onnx.strings<["a", "b"], tensor<2x!onnx.string>>} : () -> tensor<2x!onnx.string>
// CHECK-NEXT:    onnx.SequenceLength(%list) : (!onnx.seq<tensor<?xf32>>) -> tensor<i64>
// CHECK-NEXT:    onnx.OptionalHasElement(%may) : (!onnx.optional<tensor<4xf32>>) -> tensor<i1>
// CHECK-NEXT:    onnx.Constant() {value_strings = ["a", "b"]} : () -> tensor<2x!onnx.string>
// CHECK-NEXT:    onnx.Constant() {value_floats = array<f32: 1.000000e+00, 2.500000e+00>} : () -> tensor<2xf32>
// CHECK-NEXT:    onnx.Optional() {type = tensor<4xf32>} : () -> !onnx.optional<tensor<4xf32>>
// CHECK:         onnx.ConstantOfShape(%n) {value = dense<7> : tensor<1xui8>} : (tensor<1xi64>) -> tensor<*xui8>
// CHECK-NEXT:    onnx.SequenceAt(%list, %i) : (!onnx.seq<tensor<?xf32>>, tensor<i64>) -> !onnx.unknown
builtin.module attributes {onnx.opset = {ai.onnx = 18 : i64}} {
  func.func @types(%words: tensor<2x!onnx.string>, %list: !onnx.seq<tensor<?xf32>>, %may: !onnx.optional<tensor<4xf32>>,
                   %u: tensor<3xui8>) {
    %s = onnx.Constant() {value = #onnx.strings<["a", "b"], tensor<2x!onnx.string>>} : () -> tensor<2x!onnx.string>
    %i = onnx.SequenceLength(%list) : (!onnx.seq<tensor<?xf32>>) -> tensor<i64>
    %h = onnx.OptionalHasElement(%may) : (!onnx.optional<tensor<4xf32>>) -> tensor<i1>
    %t = onnx.Constant() {value_strings = ["a", "b"]} : () -> tensor<2x!onnx.string>
    %f = onnx.Constant() {value_floats = array<f32: 1.0, 2.5>} : () -> tensor<2xf32>
    %o = onnx.Optional() {type = tensor<4xf32>} : () -> !onnx.optional<tensor<4xf32>>
    %n = onnx.Constant() {value = dense<3> : tensor<1xi64>} : () -> tensor<1xi64>
    %c = onnx.ConstantOfShape(%n) {value = dense<7> : tensor<1xui8>} : (tensor<1xi64>) -> tensor<*xui8>
    %e = onnx.SequenceAt(%list, %i) : (!onnx.seq<tensor<?xf32>>, tensor<i64>) -> !onnx.unknown
    func.return
  }
}

// -----

// An operator of another domain has the domain in its name, and the domain's opset on the module.
// CHECK:       builtin.module attributes {onnx.opset = {ai.onnx = 13 : i64, ai.onnx.ml = 2 : i64}} {
// CHECK:         onnx.ai.onnx.ml.Scaler(%x) {offset = array<f32: 5.000000e-01>} : (tensor<1x4xf32>) -> tensor<1x4xf32>
builtin.module attributes {onnx.opset = {ai.onnx = 13 : i64, ai.onnx.ml = 2 : i64}} {
  func.func @domain(%x: tensor<1x4xf32>) -> tensor<1x4xf32> {
    %y = onnx.ai.onnx.ml.Scaler(%x) {offset = array<f32: 0.5>} : (tensor<1x4xf32>) -> tensor<1x4xf32>
    func.return %y : tensor<1x4xf32>
  }
}
