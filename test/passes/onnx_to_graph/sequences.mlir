// RUN: stepwell-opt %s -p onnx-to-graph --split-input-file | filecheck %s

// What a sequence holds is known, so only what is made of it is left.
// CHECK-LABEL: @main
// CHECK-NEXT:    %y = graph.concat %a, %c, %b {axis = 0} : (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) -> tensor<12xf32>
// CHECK-NEXT:    func.return %y, %c : tensor<12xf32>, tensor<4xf32>
builtin.module attributes {onnx.opset = {ai.onnx = 17 : i64}} {
func.func @main(%a: tensor<4xf32>, %b: tensor<4xf32>, %c: tensor<4xf32>) -> (tensor<12xf32>, tensor<4xf32>) {
  %s = onnx.SequenceConstruct(%a, %b) : (tensor<4xf32>, tensor<4xf32>) -> !onnx.seq<tensor<4xf32>>
  %one = onnx.Constant() {value = dense<1> : tensor<i64>} : () -> tensor<i64>
  %two = onnx.Constant() {value = dense<-2> : tensor<i64>} : () -> tensor<i64>
  %t = onnx.SequenceInsert(%s, %c, %one)
      : (!onnx.seq<tensor<4xf32>>, tensor<4xf32>, tensor<i64>) -> !onnx.seq<tensor<4xf32>>
  %y = onnx.ConcatFromSequence(%t) {axis = 0 : i64} : (!onnx.seq<tensor<4xf32>>) -> tensor<12xf32>
  %m = onnx.SequenceAt(%t, %two) : (!onnx.seq<tensor<4xf32>>, tensor<i64>) -> tensor<4xf32>
  func.return %y, %m : tensor<12xf32>, tensor<4xf32>
}
}

// -----

// A loop that carries a sequence is written out.
// CHECK-LABEL: @main
// CHECK-NOT:     graph.loop
// CHECK:         %n = graph.neg %x : tensor<4xf32>
// CHECK:         [[n:%.*]] = graph.neg %x : tensor<4xf32>
// CHECK:         %y = graph.concat %n, [[n]] {axis = 0} : (tensor<4xf32>, tensor<4xf32>) -> tensor<8xf32>
builtin.module attributes {onnx.opset = {ai.onnx = 17 : i64}} {
func.func @main(%x: tensor<4xf32>) -> tensor<8xf32> {
  %two = onnx.Constant() {value = dense<2> : tensor<i64>} : () -> tensor<i64>
  %none = onnx.NoValue
  %empty = onnx.SequenceEmpty() : () -> !onnx.seq<tensor<*xf32>>
  %s = onnx.Loop(%two, %none, %empty)
      : (tensor<i64>, none, !onnx.seq<tensor<*xf32>>) -> !onnx.seq<tensor<*xf32>> body {
  ^bb0(%i: tensor<i64>, %go: tensor<i1>, %a: !onnx.seq<tensor<*xf32>>):
    %n = onnx.Neg(%x) : (tensor<4xf32>) -> tensor<4xf32>
    %t = onnx.SequenceInsert(%a, %n) : (!onnx.seq<tensor<*xf32>>, tensor<4xf32>) -> !onnx.seq<tensor<*xf32>>
    onnx.Yield %go, %t : tensor<i1>, !onnx.seq<tensor<*xf32>>
  }
  %y = onnx.ConcatFromSequence(%s) {axis = 0 : i64} : (!onnx.seq<tensor<*xf32>>) -> tensor<8xf32>
  func.return %y : tensor<8xf32>
}
}

// -----

// An optional holds something or nothing, which is known; so the If that asks has one side left.
// CHECK-LABEL: @main
// CHECK-NEXT:    %n = graph.neg %x : tensor<4xf32>
// CHECK-NEXT:    func.return %n : tensor<4xf32>
builtin.module attributes {onnx.opset = {ai.onnx = 18 : i64}} {
func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
  %o = onnx.Optional(%x) : (tensor<4xf32>) -> !onnx.optional<tensor<4xf32>>
  %c = onnx.OptionalHasElement(%o) : (!onnx.optional<tensor<4xf32>>) -> tensor<i1>
  %y = onnx.If(%c) : (tensor<i1>) -> tensor<4xf32> else_branch {
    onnx.Yield %x : tensor<4xf32>
  } then_branch {
    %v = onnx.OptionalGetElement(%o) : (!onnx.optional<tensor<4xf32>>) -> tensor<4xf32>
    %n = onnx.Neg(%v) : (tensor<4xf32>) -> tensor<4xf32>
    onnx.Yield %n : tensor<4xf32>
  }
  func.return %y : tensor<4xf32>
}
}
