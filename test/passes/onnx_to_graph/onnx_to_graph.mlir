// RUN: not stepwell-opt %s -p onnx-to-graph 2>&1 | filecheck %s

// All that has no conversion is named in one error, with how often, at which opset, and where.
// CHECK:      error: 2 ONNX operators are not supported:
// CHECK-NEXT:   1 x ImageDecoder (opset 20): {{.*}}onnx_to_graph.mlir:13
// CHECK-NEXT:   4 x Multinomial (opset 20): {{.*}}:14{{.*}}, {{.*}}:15{{.*}}, {{.*}}:16{{.*}}, ...
// CHECK:      fix:
// CHECK-NOT:  Relu

builtin.module attributes {onnx.opset = {ai.onnx = 20 : i64}} {
  func.func @main(%x: tensor<4x4xf32>, %file: tensor<99xui8>) -> tensor<4x4xf32> {
    %y = onnx.Relu(%x) : (tensor<4x4xf32>) -> tensor<4x4xf32>
    %d = onnx.ImageDecoder(%file) : (tensor<99xui8>) -> tensor<?x?x3xui8>
    %a = onnx.Multinomial(%x) : (tensor<4x4xf32>) -> tensor<4x1xi32>
    %b = onnx.Multinomial(%x) : (tensor<4x4xf32>) -> tensor<4x1xi32>
    %c = onnx.Multinomial(%x) : (tensor<4x4xf32>) -> tensor<4x1xi32>
    %e = onnx.Multinomial(%x) : (tensor<4x4xf32>) -> tensor<4x1xi32>
    func.return %y : tensor<4x4xf32>
  }
}
