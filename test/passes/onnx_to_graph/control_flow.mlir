// RUN: stepwell-opt %s -p onnx-to-graph --split-input-file | filecheck %s

// A condition that is known: one side is written where the If stood, nothing of the other.
// CHECK-LABEL: @main
// CHECK-NEXT:    %n = graph.neg %x : tensor<4xf32>
// CHECK-NEXT:    func.return %n : tensor<4xf32>
builtin.module attributes {onnx.opset = {ai.onnx = 17 : i64}} {
func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
  %c = onnx.Constant() {value = dense<true> : tensor<i1>} : () -> tensor<i1>
  %y = onnx.If(%c) : (tensor<i1>) -> tensor<4xf32> else_branch {
    %e = onnx.Exp(%x) : (tensor<4xf32>) -> tensor<4xf32>
    onnx.Yield %e : tensor<4xf32>
  } then_branch {
    %n = onnx.Neg(%x) : (tensor<4xf32>) -> tensor<4xf32>
    onnx.Yield %n : tensor<4xf32>
  }
  func.return %y : tensor<4xf32>
}
}

// -----

// A condition that is only known when the program runs: the sides see the values around them.
// CHECK-LABEL: @main
// CHECK:         [[c:%.*]] = graph.reshape %c : (tensor<1xi1>) -> tensor<i1>
// CHECK-NEXT:    %y = graph.if [[c]] -> (tensor<4xf32>) {
// CHECK-NEXT:      %n = graph.neg %x : tensor<4xf32>
// CHECK-NEXT:      graph.yield %n : tensor<4xf32>
// CHECK-NEXT:    } else {
// CHECK-NEXT:      graph.yield %x : tensor<4xf32>
// CHECK-NEXT:    }
builtin.module attributes {onnx.opset = {ai.onnx = 17 : i64}} {
func.func @main(%x: tensor<4xf32>, %c: tensor<1xi1>) -> tensor<4xf32> {
  %y = onnx.If(%c) : (tensor<1xi1>) -> tensor<4xf32> else_branch {
    onnx.Yield %x : tensor<4xf32>
  } then_branch {
    %n = onnx.Neg(%x) : (tensor<4xf32>) -> tensor<4xf32>
    onnx.Yield %n : tensor<4xf32>
  }
  func.return %y : tensor<4xf32>
}
}

// -----

// A loop that only counts: its condition holds as long as it runs, so it needs none. What the body hands on unchanged
// (%w) is not carried.
// CHECK-LABEL: @main
// CHECK:         %h = graph.loop {{%.*}} to %n iter({{%.*}} = %x) : tensor<4xf32> {
// CHECK:           [[p:%.*]] = graph.mul {{%.*}}, %w : tensor<4xf32>
// CHECK-NEXT:      graph.yield [[p]] : tensor<4xf32>
// CHECK-NEXT:    }
// CHECK-NEXT:    func.return %h, %w : tensor<4xf32>, tensor<4xf32>
builtin.module attributes {onnx.opset = {ai.onnx = 17 : i64}} {
func.func @main(%n: tensor<i64>, %x: tensor<4xf32>, %w: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
  %true = onnx.Constant() {value = dense<true> : tensor<i1>} : () -> tensor<i1>
  %h, %v = onnx.Loop(%n, %true, %x, %w)
      : (tensor<i64>, tensor<i1>, tensor<4xf32>, tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) body {
  ^bb0(%i: tensor<i64>, %go: tensor<i1>, %a: tensor<4xf32>, %b: tensor<4xf32>):
    %same = onnx.Identity(%b) : (tensor<4xf32>) -> tensor<4xf32>
    %p = onnx.Mul(%a, %same) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
    onnx.Yield %go, %p, %same : tensor<i1>, tensor<4xf32>, tensor<4xf32>
  }
  func.return %h, %v : tensor<4xf32>, tensor<4xf32>
}
}

// -----

// Scan outputs are put into one tensor, step by step.
// CHECK-LABEL: @main
// CHECK:         {{%.*}}, %ys = graph.loop [[i:%.*]] to {{%.*}} iter([[a:%.*]] = %x, [[room:%.*]] = {{%.*}}) : tensor<4xf32>, tensor<3x4xf32> {
// CHECK:           %e = graph.exp [[a]] : tensor<4xf32>
// CHECK:           [[part:%.*]] = graph.reshape %e : (tensor<4xf32>) -> tensor<1x4xf32>
// CHECK:           [[put:%.*]] = graph.update_at [[room]], [[part]], [[i]], {{%.*}} : (tensor<3x4xf32>, tensor<1x4xf32>, tensor<i64>, tensor<i64>) -> tensor<3x4xf32>
// CHECK-NEXT:      graph.yield %e, [[put]] : tensor<4xf32>, tensor<3x4xf32>
builtin.module attributes {onnx.opset = {ai.onnx = 17 : i64}} {
func.func @main(%x: tensor<4xf32>) -> tensor<3x4xf32> {
  %n = onnx.Constant() {value = dense<3> : tensor<i64>} : () -> tensor<i64>
  %none = onnx.NoValue
  %h, %ys = onnx.Loop(%n, %none, %x) : (tensor<i64>, none, tensor<4xf32>) -> (tensor<4xf32>, tensor<3x4xf32>) body {
  ^bb0(%i: tensor<i64>, %go: tensor<i1>, %a: tensor<4xf32>):
    %e = onnx.Exp(%a) : (tensor<4xf32>) -> tensor<4xf32>
    onnx.Yield %go, %e, %e : tensor<i1>, tensor<4xf32>, tensor<4xf32>
  }
  func.return %ys : tensor<3x4xf32>
}
}

// -----

// A loop that its own results end, and that scans: there is room for all steps, and what counts of it is told beside it.
// CHECK-LABEL: @main
// CHECK-SAME:      (tensor<5x4xf32> {stepwell.name = "ys", stepwell.sizes = array<i64: 1, -1>}, tensor<i64> {{{.*}}stepwell.hidden})
// CHECK:         {{%.*}}, %ys, [[count:%.*]] = graph.loop [[i:%.*]] to {{%.*}} while {{%.*}} iter({{.*}}) : tensor<4xf32>, tensor<5x4xf32>, tensor<i64> {
// CHECK:           [[next:%.*]] = graph.add [[i]], {{%.*}} : tensor<i64>
// CHECK-NEXT:      graph.yield %more, %e, {{%.*}}, [[next]] : tensor<i1>, tensor<4xf32>, tensor<5x4xf32>, tensor<i64>
// CHECK:         func.return %ys, [[count]] : tensor<5x4xf32>, tensor<i64>
builtin.module attributes {onnx.opset = {ai.onnx = 17 : i64}} {
func.func @main(%x: tensor<4xf32>) -> (tensor<?x4xf32> {stepwell.name = "ys"}) {
  %n = onnx.Constant() {value = dense<5> : tensor<i64>} : () -> tensor<i64>
  %limit = onnx.Constant() {value = dense<9.0> : tensor<f32>} : () -> tensor<f32>
  %none = onnx.NoValue
  %h, %ys = onnx.Loop(%n, %none, %x) : (tensor<i64>, none, tensor<4xf32>) -> (tensor<4xf32>, tensor<?x4xf32>) body {
  ^bb0(%k: tensor<i64>, %go: tensor<i1>, %a: tensor<4xf32>):
    %e = onnx.Exp(%a) : (tensor<4xf32>) -> tensor<4xf32>
    %s = onnx.ReduceMax(%e) {keepdims = 0 : i64} : (tensor<4xf32>) -> tensor<f32>
    %more = onnx.Less(%s, %limit) : (tensor<f32>, tensor<f32>) -> tensor<i1>
    onnx.Yield %more, %e, %e : tensor<i1>, tensor<4xf32>, tensor<4xf32>
  }
  func.return %ys : tensor<?x4xf32>
}
}

// -----

// A condition that the body computes ends the loop.
// CHECK-LABEL: @main
// CHECK:         %h = graph.loop {{%.*}} to %n while {{%.*}} iter([[a:%.*]] = %x) : tensor<f32> {
// CHECK:           %d = graph.add [[a]], [[a]] : tensor<f32>
// CHECK:           %more = graph.compare lt %d, %limit
// CHECK-NEXT:      graph.yield %more, %d : tensor<i1>, tensor<f32>
builtin.module attributes {onnx.opset = {ai.onnx = 17 : i64}} {
func.func @main(%n: tensor<i64>, %x: tensor<f32>, %limit: tensor<f32>) -> tensor<f32> {
  %none = onnx.NoValue
  %h = onnx.Loop(%n, %none, %x) : (tensor<i64>, none, tensor<f32>) -> tensor<f32> body {
  ^bb0(%i: tensor<i64>, %go: tensor<i1>, %a: tensor<f32>):
    %d = onnx.Add(%a, %a) : (tensor<f32>, tensor<f32>) -> tensor<f32>
    %more = onnx.Less(%d, %limit) : (tensor<f32>, tensor<f32>) -> tensor<i1>
    onnx.Yield %more, %d : tensor<i1>, tensor<f32>
  }
  func.return %h : tensor<f32>
}
}

// -----

// What is carried grows: the loop is written out, since its number of steps is known.
// CHECK-LABEL: @main
// CHECK-NOT:     graph.loop
// CHECK:         {{%.*}} = graph.concat %x, %x {axis = 0} : (tensor<1xf32>, tensor<1xf32>) -> tensor<2xf32>
// CHECK:         {{%.*}} = graph.concat {{%.*}}, %x {axis = 0} : (tensor<2xf32>, tensor<1xf32>) -> tensor<3xf32>
// CHECK-NOT:     graph.concat
// CHECK:         func.return
builtin.module attributes {onnx.opset = {ai.onnx = 17 : i64}} {
func.func @main(%x: tensor<1xf32>) -> tensor<*xf32> {
  %n = onnx.Constant() {value = dense<2> : tensor<i64>} : () -> tensor<i64>
  %none = onnx.NoValue
  %h = onnx.Loop(%n, %none, %x) : (tensor<i64>, none, tensor<1xf32>) -> tensor<*xf32> body {
  ^bb0(%i: tensor<i64>, %go: tensor<i1>, %a: tensor<?xf32>):
    %d = onnx.Concat(%a, %x) {axis = 0 : i64} : (tensor<?xf32>, tensor<1xf32>) -> tensor<?xf32>
    onnx.Yield %go, %d : tensor<i1>, tensor<?xf32>
  }
  func.return %h : tensor<*xf32>
}
}

// -----

// Scan takes the second input from its end, along axis 1, and puts its output together along axis 1.
// CHECK-LABEL: @main
// CHECK:         %ys = graph.loop [[i:%.*]] to {{%.*}} iter([[room:%.*]] = {{%.*}}) : tensor<4x3xf32> {
// CHECK:           [[one:%.*]] = graph.slice_at %a, [[i]], {{%.*}} {sizes = [1, 4]}
// CHECK:           [[back:%.*]] = graph.sub {{%.*}}, [[i]] : tensor<i64>
// CHECK:           [[two:%.*]] = graph.slice_at %b, {{%.*}}, [[back]] {sizes = [4, 1]}
// CHECK:           graph.update_at [[room]], {{%.*}}, {{%.*}}, [[i]] : (tensor<4x3xf32>, tensor<4x1xf32>, tensor<i64>, tensor<i64>) -> tensor<4x3xf32>
builtin.module attributes {onnx.opset = {ai.onnx = 17 : i64}} {
func.func @main(%a: tensor<3x4xf32>, %b: tensor<4x3xf32>) -> tensor<4x3xf32> {
  %ys = onnx.Scan(%a, %b) {
      num_scan_inputs = 2 : i64, scan_input_axes = array<i64: 0, 1>, scan_input_directions = array<i64: 0, 1>,
      scan_output_axes = array<i64: 1>} : (tensor<3x4xf32>, tensor<4x3xf32>) -> tensor<4x3xf32> body {
  ^bb0(%x: tensor<4xf32>, %y: tensor<4xf32>):
    %s = onnx.Add(%x, %y) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
    onnx.Yield %s : tensor<4xf32>
  }
  func.return %ys : tensor<4x3xf32>
}
}
