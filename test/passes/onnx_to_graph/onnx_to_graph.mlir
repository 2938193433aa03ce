// RUN: not stepwell-opt %s -p onnx-to-graph 2>&1 | filecheck %s

// All that has no conversion is named in one error, with how often, at which opset, and where.
// CHECK:      error: 2 ONNX operators are not supported:
// CHECK-NEXT:   4 x ImageDecoder (opset 20): {{.*}}onnx_to_graph.mlir:14{{.*}}, {{.*}}:15{{.*}}, {{.*}}:16{{.*}}, ...
// CHECK-NEXT:   1 x ai.onnx.ml.Binarizer (opset 3): {{.*}}onnx_to_graph.mlir:13
// CHECK:      fix:
// CHECK-NOT:  Relu

builtin.module attributes {onnx.opset = {ai.onnx = 20 : i64, ai.onnx.ml = 3 : i64}} {
  func.func @main(%x: tensor<4x4xf32>, %file: tensor<99xui8>) -> tensor<4x4xf32> {
    %y = onnx.Relu(%x) : (tensor<4x4xf32>) -> tensor<4x4xf32>
    %d = onnx.ai.onnx.ml.Binarizer(%x) : (tensor<4x4xf32>) -> tensor<4x4xf32>
    %a = onnx.ImageDecoder(%file) : (tensor<99xui8>) -> tensor<?x?x3xui8>
    %b = onnx.ImageDecoder(%file) : (tensor<99xui8>) -> tensor<?x?x3xui8>
    %c = onnx.ImageDecoder(%file) : (tensor<99xui8>) -> tensor<?x?x3xui8>
    %e = onnx.ImageDecoder(%file) : (tensor<99xui8>) -> tensor<?x?x3xui8>
    func.return %y : tensor<4x4xf32>
  }
}
