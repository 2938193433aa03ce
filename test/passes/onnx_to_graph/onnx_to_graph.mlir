// RUN: not stepwell-opt %s -p onnx-to-graph 2>&1 | filecheck %s

// All that has no conversion is named in one error, with how often, at which opset, and where.
// CHECK:      error: 2 ONNX operators are not supported:
// CHECK-NEXT:   4 x ImageDecoder (opset 20): {{.*}}onnx_to_graph.mlir:16{{.*}}, {{.*}}:17{{.*}}, {{.*}}:18{{.*}}, ...
// CHECK-NEXT:   1 x MaxRoiPool (opset 20): {{.*}}onnx_to_graph.mlir:14
// CHECK:      fix:
// CHECK-NOT:  Relu

builtin.module attributes {onnx.opset = {ai.onnx = 20 : i64}} {
  func.func @main(%x: tensor<4x4xf32>, %file: tensor<99xui8>, %p: tensor<1x1x4x4xf32>, %r: tensor<1x5xf32>)
      -> tensor<4x4xf32> {
    %y = onnx.Relu(%x) : (tensor<4x4xf32>) -> tensor<4x4xf32>
    %d = onnx.MaxRoiPool(%p, %r) {pooled_shape = array<i64: 2, 2>}
      : (tensor<1x1x4x4xf32>, tensor<1x5xf32>) -> tensor<1x1x2x2xf32>
    %a = onnx.ImageDecoder(%file) : (tensor<99xui8>) -> tensor<?x?x3xui8>
    %b = onnx.ImageDecoder(%file) : (tensor<99xui8>) -> tensor<?x?x3xui8>
    %c = onnx.ImageDecoder(%file) : (tensor<99xui8>) -> tensor<?x?x3xui8>
    %e = onnx.ImageDecoder(%file) : (tensor<99xui8>) -> tensor<?x?x3xui8>
    func.return %y : tensor<4x4xf32>
  }
}
