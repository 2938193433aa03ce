// RUN: stepwell-opt %s -p onnx-to-graph | filecheck %s

builtin.module attributes {onnx.opset = {ai.onnx = 13 : i64}} {

// CHECK-LABEL: @gemm
// CHECK-NEXT:    %[[B:.*]] = graph.transpose %b {perm = [1, 0]} : (tensor<5x4xf32>) -> tensor<4x5xf32>
// CHECK-NEXT:    %[[AB:.*]] = graph.matmul %a, %[[B]] : (tensor<3x4xf32>, tensor<4x5xf32>) -> tensor<3x5xf32>
// CHECK-NEXT:    %[[HALF:.*]] = graph.constant dense<5.000000e-01> : tensor<f32>
// CHECK-NEXT:    %[[C:.*]] = graph.mul %c, %[[HALF]]
// CHECK-NEXT:    graph.add %[[AB]], %[[C]]
func.func @gemm(%a: tensor<3x4xf32>, %b: tensor<5x4xf32>, %c: tensor<5xf32>) -> tensor<3x5xf32> {
  %y = onnx.Gemm(%a, %b, %c) {transB = 1 : i64, beta = 0.5 : f32}
    : (tensor<3x4xf32>, tensor<5x4xf32>, tensor<5xf32>) -> tensor<3x5xf32>
  func.return %y : tensor<3x5xf32>
}

// A vector is a row on the left and a column on the right; the dim of 1 goes again.
// CHECK-LABEL: @vectors
// CHECK-NEXT:    graph.reshape %v : (tensor<4xf32>) -> tensor<4x1xf32>
// CHECK-NEXT:    graph.matmul %a, %{{.*}} : (tensor<2x3x4xf32>, tensor<4x1xf32>) -> tensor<2x3x1xf32>
// CHECK-NEXT:    graph.reshape %{{.*}} : (tensor<2x3x1xf32>) -> tensor<2x3xf32>
func.func @vectors(%a: tensor<2x3x4xf32>, %v: tensor<4xf32>) -> tensor<2x3xf32> {
  %y = onnx.MatMul(%a, %v) : (tensor<2x3x4xf32>, tensor<4xf32>) -> tensor<2x3xf32>
  func.return %y : tensor<2x3xf32>
}

}
