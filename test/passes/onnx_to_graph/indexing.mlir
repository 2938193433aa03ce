// RUN: stepwell-opt %s -p onnx-to-graph --split-input-file | filecheck %s

builtin.module attributes {onnx.opset = {ai.onnx = 18 : i64}} {

// ONNX's indices may stand for a corner of x.
// CHECK-LABEL: @gather_elements
// CHECK-NEXT:    %[[X:.*]] = graph.slice %x {starts = [0, 0], sizes = [4, 2]} : (tensor<4x8xf32>) -> tensor<4x2xf32>
// CHECK-NEXT:    graph.gather_elements %[[X]], %i {axis = 0} : (tensor<4x2xf32>, tensor<3x2xi64>) -> tensor<3x2xf32>
func.func @gather_elements(%x: tensor<4x8xf32>, %i: tensor<3x2xi64>) -> tensor<3x2xf32> {
  %y = onnx.GatherElements(%x, %i) {axis = -2 : si64} : (tensor<4x8xf32>, tensor<3x2xi64>) -> tensor<3x2xf32>
  func.return %y : tensor<3x2xf32>
}

// CHECK-LABEL: @scatter_elements
// CHECK-NEXT:    graph.scatter max %x, %i, %u {axis = 1} : (tensor<4x8xf32>, tensor<4x3xi64>, tensor<4x3xf32>) -> tensor<4x8xf32>
func.func @scatter_elements(%x: tensor<4x8xf32>, %i: tensor<4x3xi64>, %u: tensor<4x3xf32>) -> tensor<4x8xf32> {
  %y = onnx.ScatterElements(%x, %i, %u) {axis = 1 : si64, reduction = "max"}
    : (tensor<4x8xf32>, tensor<4x3xi64>, tensor<4x3xf32>) -> tensor<4x8xf32>
  func.return %y : tensor<4x8xf32>
}

// Lists of one index are indices of rows.
// CHECK-LABEL: @gather_nd_rows
// CHECK-NEXT:    %[[I:.*]] = graph.reshape %i : (tensor<9x1xi64>) -> tensor<9xi64>
// CHECK-NEXT:    graph.gather %x, %[[I]] {axis = 0} : (tensor<4x8xf32>, tensor<9xi64>) -> tensor<9x8xf32>
func.func @gather_nd_rows(%x: tensor<4x8xf32>, %i: tensor<9x1xi64>) -> tensor<9x8xf32> {
  %y = onnx.GatherND(%x, %i) : (tensor<4x8xf32>, tensor<9x1xi64>) -> tensor<9x8xf32>
  func.return %y : tensor<9x8xf32>
}

// Longer ones are places in the dims that they index, seen as one. Each index is moved into its own dim before.
// CHECK-LABEL: @scatter_nd
// CHECK:         graph.clamp {{.*}} {min = 0.0, max = 3.0}
// CHECK:         graph.mul
// CHECK:         graph.clamp {{.*}} {min = 0.0, max = 4.0}
// CHECK:         %[[ROWS:.*]] = graph.reshape %x : (tensor<4x5x8xf32>) -> tensor<20x8xf32>
// CHECK:         graph.scatter add %[[ROWS]], %{{.*}}, %u {axis = 0} : (tensor<20x8xf32>, tensor<9x1xi64>, tensor<9x8xf32>) -> tensor<20x8xf32>
func.func @scatter_nd(%x: tensor<4x5x8xf32>, %i: tensor<9x2xi64>, %u: tensor<9x8xf32>) -> tensor<4x5x8xf32> {
  %y = onnx.ScatterND(%x, %i, %u) {reduction = "add"}
    : (tensor<4x5x8xf32>, tensor<9x2xi64>, tensor<9x8xf32>) -> tensor<4x5x8xf32>
  func.return %y : tensor<4x5x8xf32>
}
}

// -----

builtin.module attributes {onnx.opset = {ai.onnx = 24 : i64}} {

// New entries of a cache: where each goes is the same along all that lies behind it.
// CHECK-LABEL: @tensor_scatter
// CHECK:         %[[PLACES:.*]] = graph.add {{.*}} -> tensor<2x1x3x1xi64>
// CHECK-NEXT:    %[[ROUND:.*]] = graph.constant dense<16> : tensor<i64>
// CHECK-NEXT:    %[[INSIDE:.*]] = graph.mod %[[PLACES]], %[[ROUND]]
// CHECK-NEXT:    graph.scatter none %cache, %[[INSIDE]], %new {axis = 2}
func.func @tensor_scatter(%cache: tensor<2x4x16x8xf32>, %new: tensor<2x4x3x8xf32>, %at: tensor<2xi64>) -> tensor<2x4x16x8xf32> {
  %y = onnx.TensorScatter(%cache, %new, %at) {mode = "circular"}
    : (tensor<2x4x16x8xf32>, tensor<2x4x3x8xf32>, tensor<2xi64>) -> tensor<2x4x16x8xf32>
  func.return %y : tensor<2x4x16x8xf32>
}
}
