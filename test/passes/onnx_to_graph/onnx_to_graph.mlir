// RUN: not stepwell-opt %s -p onnx-to-graph 2>&1 | filecheck %s

// All that has no conversion is named in one error, with how often, at which opset, and where.
// CHECK:      error: 2 ONNX operators are not supported:
// CHECK-NEXT:   1 x ImageDecoder (opset 20): {{.*}}onnx_to_graph.mlir:13
// CHECK-NEXT:   4 x NonZero (opset 20): {{.*}}:14{{.*}}, {{.*}}:15{{.*}}, {{.*}}:16{{.*}}, ...
// CHECK:      fix:
// CHECK-NOT:  Relu

builtin.module attributes {onnx.opset = {ai.onnx = 20 : i64}} {
  func.func @main(%x: tensor<4x4xf32>, %file: tensor<99xui8>) -> tensor<4x4xf32> {
    %y = onnx.Relu(%x) : (tensor<4x4xf32>) -> tensor<4x4xf32>
    %d = onnx.ImageDecoder(%file) : (tensor<99xui8>) -> tensor<?x?x3xui8>
    %a = onnx.NonZero(%x) : (tensor<4x4xf32>) -> tensor<2x?xi64>
    %b = onnx.NonZero(%x) : (tensor<4x4xf32>) -> tensor<2x?xi64>
    %c = onnx.NonZero(%x) : (tensor<4x4xf32>) -> tensor<2x?xi64>
    %e = onnx.NonZero(%x) : (tensor<4x4xf32>) -> tensor<2x?xi64>
    func.return %y : tensor<4x4xf32>
  }
}
