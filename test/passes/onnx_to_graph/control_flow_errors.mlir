// RUN: stepwell-opt %s -p onnx-to-graph --split-input-file --verify-diagnostics

// Sides that give tensors of different shapes cannot stand in one program.
builtin.module attributes {onnx.opset = {ai.onnx = 17 : i64}} {
func.func @main(%x: tensor<4xf32>, %c: tensor<i1>) -> tensor<*xf32> {
  // expected-error@+1 {{If: a condition computed at run time is not supported here: result 0 is tensor<8xf32> if it is true and tensor<4xf32> if not}}
  %y = onnx.If(%c) : (tensor<i1>) -> tensor<*xf32> else_branch {
    onnx.Yield %x : tensor<4xf32>
  } then_branch {
    %n = onnx.Concat(%x, %x) {axis = 0 : i64} : (tensor<4xf32>, tensor<4xf32>) -> tensor<8xf32>
    onnx.Yield %n : tensor<8xf32>
  }
  func.return %y : tensor<*xf32>
}
}

// -----

// ... and it must be: a tensor that grows by what is known only when the program runs has no place in it.
builtin.module attributes {onnx.opset = {ai.onnx = 17 : i64}} {
func.func @main(%n: tensor<i64>, %x: tensor<1xf32>) -> tensor<*xf32> {
  %none = onnx.NoValue
  // expected-error@+1 {{Loop: a number of steps computed at run time is not supported where shapes change from step to step}}
  %h = onnx.Loop(%n, %none, %x) : (tensor<i64>, none, tensor<1xf32>) -> tensor<*xf32> body {
  ^bb0(%i: tensor<i64>, %go: tensor<i1>, %a: tensor<?xf32>):
    %d = onnx.Concat(%a, %x) {axis = 0 : i64} : (tensor<?xf32>, tensor<1xf32>) -> tensor<?xf32>
    onnx.Yield %go, %d : tensor<i1>, tensor<?xf32>
  }
  func.return %h : tensor<*xf32>
}
}

// -----

// A loop that nothing ends: exporters write 2^63 - 1 for a trip count that is not meant. Its condition is handed on.
builtin.module attributes {onnx.opset = {ai.onnx = 17 : i64}} {
func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
  %most = onnx.Constant() {value = dense<9223372036854775807> : tensor<i64>} : () -> tensor<i64>
  %none = onnx.NoValue
  // expected-error@+1 {{Loop: never ends: its condition stays true, and no trip count below 2^62 ends it}}
  %h = onnx.Loop(%most, %none, %x) : (tensor<i64>, none, tensor<4xf32>) -> tensor<4xf32> body {
  ^bb0(%i: tensor<i64>, %go: tensor<i1>, %a: tensor<4xf32>):
    %b = onnx.Tanh(%a) : (tensor<4xf32>) -> tensor<4xf32>
    onnx.Yield %go, %b : tensor<i1>, tensor<4xf32>
  }
  func.return %h : tensor<4xf32>
}
}

// -----

// What it is computed from is carried, and the same at each step.
builtin.module attributes {onnx.opset = {ai.onnx = 17 : i64}} {
func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
  %true = onnx.Constant() {value = dense<true> : tensor<i1>} : () -> tensor<i1>
  %none = onnx.NoValue
  // expected-error@+1 {{Loop: never ends: its condition stays true, and no trip count below 2^62 ends it}}
  %h, %d = onnx.Loop(%none, %true, %x, %true)
      : (none, tensor<i1>, tensor<4xf32>, tensor<i1>) -> (tensor<4xf32>, tensor<i1>) body {
  ^bb0(%i: tensor<i64>, %go: tensor<i1>, %a: tensor<4xf32>, %c: tensor<i1>):
    %b = onnx.Tanh(%a) : (tensor<4xf32>) -> tensor<4xf32>
    %e = onnx.Or(%c, %go) : (tensor<i1>, tensor<i1>) -> tensor<i1>
    onnx.Yield %c, %b, %e : tensor<i1>, tensor<4xf32>, tensor<i1>
  }
  func.return %h : tensor<4xf32>
}
}
