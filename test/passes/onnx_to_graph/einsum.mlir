// RUN: stepwell-opt %s -p onnx-to-graph | filecheck %s

builtin.module attributes {onnx.opset = {ai.onnx = 13 : i64}} {

// Batch, rows, inner times batch, inner, columns; what comes out is in the order b, i, k.
// CHECK-LABEL: @product
// CHECK-NEXT:    %[[P:.*]] = graph.matmul %a, %b : (tensor<8x2x3xf32>, tensor<8x3x4xf32>) -> tensor<8x2x4xf32>
// CHECK-NEXT:    graph.transpose %[[P]] {perm = [0, 2, 1]} : (tensor<8x2x4xf32>) -> tensor<8x4x2xf32>
// CHECK-NEXT:    func.return
func.func @product(%a: tensor<8x2x3xf32>, %b: tensor<8x3x4xf32>) -> tensor<8x4x2xf32> {
  %y = onnx.Einsum(%a, %b) {equation = "bij,bjk->bki"}
    : (tensor<8x2x3xf32>, tensor<8x3x4xf32>) -> tensor<8x4x2xf32>
  func.return %y : tensor<8x4x2xf32>
}

// A label of one operand alone is summed over before; without a common label nothing is a matrix product.
// CHECK-LABEL: @outer
// CHECK-NEXT:    %[[B:.*]] = graph.reduce sum %b {axes = [1]} : (tensor<4x5xf32>) -> tensor<4xf32>
// CHECK-NEXT:    %[[ROWS:.*]] = graph.reshape %a : (tensor<3xf32>) -> tensor<3x1xf32>
// CHECK-NEXT:    %[[COLUMNS:.*]] = graph.reshape %[[B]] : (tensor<4xf32>) -> tensor<1x4xf32>
// CHECK-NEXT:    graph.mul %[[ROWS]], %[[COLUMNS]]
// CHECK-NEXT:    func.return
func.func @outer(%a: tensor<3xf32>, %b: tensor<4x5xf32>) -> tensor<3x4xf32> {
  %y = onnx.Einsum(%a, %b) {equation = "i,jk->ij"} : (tensor<3xf32>, tensor<4x5xf32>) -> tensor<3x4xf32>
  func.return %y : tensor<3x4xf32>
}

// The diagonal of a 3x3 matrix is every fourth of its elements.
// CHECK-LABEL: @trace
// CHECK-NEXT:    %[[FLAT:.*]] = graph.reshape %a : (tensor<3x3xf32>) -> tensor<9xf32>
// CHECK-NEXT:    %[[D:.*]] = graph.slice %[[FLAT]] {starts = [0], sizes = [3], steps = [4]}
// CHECK-NEXT:    graph.reduce sum %[[D]] {axes = [0]} : (tensor<3xf32>) -> tensor<f32>
func.func @trace(%a: tensor<3x3xf32>) -> tensor<f32> {
  %y = onnx.Einsum(%a) {equation = "ii"} : (tensor<3x3xf32>) -> tensor<f32>
  func.return %y : tensor<f32>
}

}
