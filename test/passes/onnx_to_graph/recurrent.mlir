// RUN: stepwell-opt %s -p onnx-to-graph,canonicalize --split-input-file | filecheck %s

// The products of all inputs stand before the loop, those of the state in it; each output is put in its place.
// CHECK-LABEL: @main
// CHECK:         [[x:%.*]] = graph.reshape %x : (tensor<9x1x4xf32>) -> tensor<9x4xf32>
// CHECK:         [[w:%.*]] = graph.transpose {{%.*}} {perm = [1, 0]} : (tensor<5x4xf32>) -> tensor<4x5xf32>
// CHECK:         graph.matmul [[x]], [[w]] : (tensor<9x4xf32>, tensor<4x5xf32>) -> tensor<9x5xf32>
// CHECK:         [[r:%.*]] = graph.transpose {{%.*}} {perm = [1, 0]} : tensor<5x5xf32>
// CHECK:         {{%.*}}, %y = graph.loop [[i:%.*]] to {{%.*}} iter([[h:%.*]] = {{%.*}}, [[ys:%.*]] = {{%.*}}) : tensor<1x5xf32>, tensor<9x1x1x5xf32> {
// CHECK:           graph.slice_at {{%.*}}, [[i]], {{%.*}} {sizes = [1, 1, 5]}
// CHECK:           [[p:%.*]] = graph.matmul [[h]], [[r]] : (tensor<1x5xf32>, tensor<5x5xf32>) -> tensor<1x5xf32>
// CHECK:           [[s:%.*]] = graph.add {{%.*}}, [[p]] : tensor<1x5xf32>
// CHECK:           [[n:%.*]] = graph.tanh [[s]] : tensor<1x5xf32>
// CHECK:           graph.update_at [[ys]], {{%.*}}, [[i]], {{%.*}} : (tensor<9x1x1x5xf32>, tensor<1x1x1x5xf32>
// CHECK:           graph.yield [[n]], {{%.*}} : tensor<1x5xf32>, tensor<9x1x1x5xf32>
builtin.module attributes {onnx.opset = {ai.onnx = 14 : i64}} {
func.func @main(%x: tensor<9x1x4xf32>, %w: tensor<1x5x4xf32>, %r: tensor<1x5x5xf32>) -> tensor<9x1x1x5xf32> {
  %y, %h = onnx.RNN(%x, %w, %r) {hidden_size = 5 : i64}
      : (tensor<9x1x4xf32>, tensor<1x5x4xf32>, tensor<1x5x5xf32>) -> (tensor<9x1x1x5xf32>, tensor<1x1x5xf32>)
  func.return %y : tensor<9x1x1x5xf32>
}
}

// -----

// Both directions write into one tensor: the second loop goes on with what the first has made. It counts from the end.
// CHECK-LABEL: @main
// CHECK:         {{%.*}}, [[ys:%.*]] = graph.loop {{.*}} : tensor<1x5xf32>, tensor<9x2x1x5xf32> {
// CHECK:         {{%.*}}, %y = graph.loop [[i:%.*]] to {{.*}} = [[ys]]) : tensor<1x5xf32>, tensor<9x2x1x5xf32> {
// CHECK:           [[back:%.*]] = graph.sub {{%.*}}, [[i]] : tensor<i64>
// CHECK:           graph.slice_at {{%.*}}, [[back]],
// CHECK:           graph.update_at {{%.*}}, {{%.*}}, [[back]],
builtin.module attributes {onnx.opset = {ai.onnx = 14 : i64}} {
func.func @main(%x: tensor<9x1x4xf32>, %w: tensor<2x15x4xf32>, %r: tensor<2x15x5xf32>) -> tensor<9x2x1x5xf32> {
  %y = onnx.GRU(%x, %w, %r) {hidden_size = 5 : i64, direction = "bidirectional", linear_before_reset = 1 : i64}
      : (tensor<9x1x4xf32>, tensor<2x15x4xf32>, tensor<2x15x5xf32>) -> tensor<9x2x1x5xf32>
  func.return %y : tensor<9x2x1x5xf32>
}
}

// -----

// One step needs no loop. Outputs that nobody reads are not made.
// CHECK-LABEL: @main
// CHECK-NOT:     graph.loop
// CHECK-NOT:     graph.update_at
// CHECK:         func.return %c : tensor<1x2x5xf32>
builtin.module attributes {onnx.opset = {ai.onnx = 14 : i64}} {
func.func @main(%x: tensor<1x2x4xf32>, %w: tensor<1x20x4xf32>, %r: tensor<1x20x5xf32>) -> tensor<1x2x5xf32> {
  %y, %h, %c = onnx.LSTM(%x, %w, %r) {hidden_size = 5 : i64} : (tensor<1x2x4xf32>, tensor<1x20x4xf32>,
      tensor<1x20x5xf32>) -> (tensor<1x1x2x5xf32>, tensor<1x2x5xf32>, tensor<1x2x5xf32>)
  func.return %c : tensor<1x2x5xf32>
}
}

// -----

// Sequences end at lengths of their own: from there on outputs are 0, and the state stays what it was.
// CHECK-LABEL: @main
// CHECK:         [[n:%.*]] = graph.cast %lengths : (tensor<2xi32>) -> tensor<2xi64>
// CHECK:         [[lengths:%.*]] = graph.reshape [[n]] : (tensor<2xi64>) -> tensor<2x1xi64>
// CHECK:         graph.loop [[i:%.*]] to {{%.*}} iter([[h:%[0-9]+]] =
// CHECK:           [[on:%.*]] = graph.compare gt [[lengths]], [[i]] : (tensor<2x1xi64>, tensor<i64>) -> tensor<2x1xi1>
// CHECK:           graph.select [[on]], %{{[0-9]+}}, %{{[0-9]+}} : (tensor<2x1xi1>, tensor<2x5xf32>, tensor<f32>) -> tensor<2x5xf32>
// CHECK:           graph.select [[on]], {{%.*}}, [[h]] : (tensor<2x1xi1>, tensor<2x5xf32>, tensor<2x5xf32>) -> tensor<2x5xf32>
builtin.module attributes {onnx.opset = {ai.onnx = 14 : i64}} {
func.func @main(%x: tensor<9x2x4xf32>, %w: tensor<1x5x4xf32>, %r: tensor<1x5x5xf32>, %lengths: tensor<2xi32>)
    -> tensor<9x1x2x5xf32> {
  %none = onnx.NoValue
  %y, %h = onnx.RNN(%x, %w, %r, %none, %lengths) {hidden_size = 5 : i64} : (tensor<9x2x4xf32>, tensor<1x5x4xf32>,
      tensor<1x5x5xf32>, none, tensor<2xi32>) -> (tensor<9x1x2x5xf32>, tensor<1x2x5xf32>)
  func.return %y : tensor<9x1x2x5xf32>
}
}
