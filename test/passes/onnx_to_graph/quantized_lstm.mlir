// RUN: stepwell-opt %s -p onnx-to-graph,canonicalize | filecheck %s

// Each product is one of quantized numbers: the inputs of all steps have one scale, each state has its own.
// CHECK-LABEL: @main
// CHECK:         [[w:%.*]] = graph.dequantize {{%.*}}, {{%.*}}, {{%.*}} : (tensor<4x20xi8>, tensor<f32>, tensor<i8>) -> tensor<4x20xf32>
// CHECK:         [[q:%.*]] = graph.quantize {{%.*}}, [[scale:%[0-9]+]], [[zero:%[0-9]+]] : (tensor<9x4xf32>, tensor<f32>, tensor<ui8>) -> tensor<9x4xui8>
// CHECK-NEXT:    [[x:%.*]] = graph.dequantize [[q]], [[scale]], [[zero]] : (tensor<9x4xui8>, tensor<f32>, tensor<ui8>) -> tensor<9x4xf32>
// CHECK-NEXT:    graph.matmul [[x]], [[w]] : (tensor<9x4xf32>, tensor<4x20xf32>) -> tensor<9x20xf32>
// CHECK:         [[r:%.*]] = graph.dequantize {{%.*}}, {{%.*}}, {{%.*}} : (tensor<5x20xi8>, tensor<f32>, tensor<i8>) -> tensor<5x20xf32>
// CHECK:         graph.loop
// CHECK:           graph.reduce min
// CHECK:           graph.reduce max
// CHECK:           [[b:%.*]] = graph.quantize {{%.*}} : (tensor<1x5xf32>, tensor<f32>, tensor<ui8>) -> tensor<1x5xui8>
// CHECK-NEXT:      [[h:%.*]] = graph.dequantize [[b]], {{%.*}} : (tensor<1x5xui8>, tensor<f32>, tensor<ui8>) -> tensor<1x5xf32>
// CHECK-NEXT:      graph.matmul [[h]], [[r]] : (tensor<1x5xf32>, tensor<5x20xf32>) -> tensor<1x20xf32>
builtin.module attributes {onnx.opset = {ai.onnx = 17 : i64, com.microsoft = 1 : i64}} {
func.func @main(
    %x: tensor<9x1x4xf32>, %w: tensor<1x4x20xi8>, %r: tensor<1x5x20xi8>, %ws: tensor<1xf32>, %wz: tensor<1xi8>,
    %rs: tensor<1xf32>, %rz: tensor<1xi8>
) -> tensor<9x1x1x5xf32> {
  %none = onnx.NoValue
  %y, %h, %c = onnx.com.microsoft.DynamicQuantizeLSTM(%x, %w, %r, %none, %none, %none, %none, %none, %ws, %wz, %rs, %rz)
      {hidden_size = 5 : i64} : (tensor<9x1x4xf32>, tensor<1x4x20xi8>, tensor<1x5x20xi8>, none, none, none, none, none,
      tensor<1xf32>, tensor<1xi8>, tensor<1xf32>, tensor<1xi8>)
      -> (tensor<9x1x1x5xf32>, tensor<1x1x5xf32>, tensor<1x1x5xf32>)
  func.return %y : tensor<9x1x1x5xf32>
}
}
