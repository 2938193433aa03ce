// RUN: stepwell-opt %s -p onnx-to-graph | filecheck %s

builtin.module attributes {onnx.opset = {ai.onnx = 21 : i64}} {

// A scale an axis gets dims of 1 for the others, and broadcasts.
// CHECK-LABEL: @by_axis
// CHECK-NEXT:    %[[SCALE:.*]] = graph.reshape %scale : (tensor<3xf32>) -> tensor<3x1xf32>
// CHECK-NEXT:    %[[ZERO:.*]] = graph.reshape %zero : (tensor<3xi8>) -> tensor<3x1xi8>
// CHECK-NEXT:    graph.quantize %x, %[[SCALE]], %[[ZERO]] : (tensor<2x3x4xf32>, tensor<3x1xf32>, tensor<3x1xi8>) -> tensor<2x3x4xi8>
func.func @by_axis(%x: tensor<2x3x4xf32>, %scale: tensor<3xf32>, %zero: tensor<3xi8>) -> tensor<2x3x4xi8> {
  %y = onnx.QuantizeLinear(%x, %scale, %zero) : (tensor<2x3x4xf32>, tensor<3xf32>, tensor<3xi8>) -> tensor<2x3x4xi8>
  func.return %y : tensor<2x3x4xi8>
}

// A scale a block: the axis is split into blocks and the numbers of one.
// CHECK-LABEL: @by_blocks
// CHECK-NEXT:    %[[X:.*]] = graph.reshape %x : (tensor<2x4xi8>) -> tensor<2x2x2xi8>
// CHECK-NEXT:    %[[SCALE:.*]] = graph.reshape %scale : (tensor<2x2xf32>) -> tensor<2x2x1xf32>
// CHECK-NEXT:    %[[Y:.*]] = graph.dequantize %[[X]], %[[SCALE]] : (tensor<2x2x2xi8>, tensor<2x2x1xf32>) -> tensor<2x2x2xf32>
// CHECK-NEXT:    graph.reshape %[[Y]] : (tensor<2x2x2xf32>) -> tensor<2x4xf32>
func.func @by_blocks(%x: tensor<2x4xi8>, %scale: tensor<2x2xf32>) -> tensor<2x4xf32> {
  %y = onnx.DequantizeLinear(%x, %scale) {axis = 1 : i64, block_size = 2 : i64} : (tensor<2x4xi8>, tensor<2x2xf32>) -> tensor<2x4xf32>
  func.return %y : tensor<2x4xf32>
}

// What is found of the numbers: a scale and a zero point with which bytes hold them and 0.
// CHECK-LABEL: @dynamic
// CHECK:         graph.reduce min %x
// CHECK:         graph.reduce max %x
// CHECK:         %[[ZERO:.*]] = graph.quantize %{{.*}}, %[[SCALE:.*]] : (tensor<f32>, tensor<f32>) -> tensor<ui8>
// CHECK-NEXT:    %y = graph.quantize %x, %[[SCALE]], %[[ZERO]] : (tensor<4xf32>, tensor<f32>, tensor<ui8>) -> tensor<4xui8>
func.func @dynamic(%x: tensor<4xf32>) -> tensor<4xui8> {
  %y, %s, %z = onnx.DynamicQuantizeLinear(%x) : (tensor<4xf32>) -> (tensor<4xui8>, tensor<f32>, tensor<ui8>)
  func.return %y : tensor<4xui8>
}

// A quantized operator is what it stands for.
// CHECK-LABEL: @matmul
// CHECK-NEXT:    %[[A:.*]] = graph.dequantize %a, %as, %az : (tensor<2x3xui8>, tensor<f32>, tensor<ui8>) -> tensor<2x3xf32>
// CHECK-NEXT:    %[[B:.*]] = graph.dequantize %b, %bs, %bz : (tensor<3x4xi8>, tensor<4xf32>, tensor<4xi8>) -> tensor<3x4xf32>
// CHECK-NEXT:    %[[C:.*]] = graph.matmul %[[A]], %[[B]]
// CHECK-NEXT:    %y = graph.quantize %[[C]], %as, %az : (tensor<2x4xf32>, tensor<f32>, tensor<ui8>) -> tensor<2x4xui8>
func.func @matmul(%a: tensor<2x3xui8>, %as: tensor<f32>, %az: tensor<ui8>, %b: tensor<3x4xi8>, %bs: tensor<4xf32>, %bz: tensor<4xi8>) -> tensor<2x4xui8> {
  %y = onnx.QLinearMatMul(%a, %as, %az, %b, %bs, %bz, %as, %az) : (tensor<2x3xui8>, tensor<f32>, tensor<ui8>, tensor<3x4xi8>, tensor<4xf32>, tensor<4xi8>, tensor<f32>, tensor<ui8>) -> tensor<2x4xui8>
  func.return %y : tensor<2x4xui8>
}

// A product of integers is one of what is left after the zero points; `fuse-qdq` makes it one of bytes.
// CHECK-LABEL: @integers
// CHECK-NEXT:    %[[A:.*]] = graph.cast %a : (tensor<2x3xui8>) -> tensor<2x3xi32>
// CHECK-NEXT:    %[[Z:.*]] = graph.cast %az : (tensor<ui8>) -> tensor<i32>
// CHECK-NEXT:    %[[CENTERED:.*]] = graph.sub %[[A]], %[[Z]] : (tensor<2x3xi32>, tensor<i32>) -> tensor<2x3xi32>
// CHECK-NEXT:    %[[B:.*]] = graph.cast %b : (tensor<3x4xi8>) -> tensor<3x4xi32>
// CHECK-NEXT:    %y = graph.matmul %[[CENTERED]], %[[B]]
func.func @integers(%a: tensor<2x3xui8>, %az: tensor<ui8>, %b: tensor<3x4xi8>) -> tensor<2x4xi32> {
  %y = onnx.MatMulInteger(%a, %b, %az) : (tensor<2x3xui8>, tensor<3x4xi8>, tensor<ui8>) -> tensor<2x4xi32>
  func.return %y : tensor<2x4xi32>
}

}
