// RUN: stepwell-opt %s | stepwell-opt - | filecheck %s

// Integers that stand for real numbers, and products of bytes whose sums are wide.
// CHECK-LABEL: @quantized
// CHECK:         %y = graph.dequantize %x, %scale, %zero : (tensor<4x8xui8>, tensor<f32>, tensor<ui8>) -> tensor<4x8xf32>
// CHECK:         %q = graph.quantize %y, %scales : (tensor<4x8xf32>, tensor<4x1xf32>) -> tensor<4x8xi8>
// CHECK:         %p = graph.matmul %x, %w {wide} : (tensor<4x8xui8>, tensor<8x4xi8>) -> tensor<4x4xi32>
func.func @quantized(%x: tensor<4x8xui8>, %scale: tensor<f32>, %zero: tensor<ui8>, %scales: tensor<4x1xf32>, %w: tensor<8x4xi8>) {
  %y = graph.dequantize %x, %scale, %zero : (tensor<4x8xui8>, tensor<f32>, tensor<ui8>) -> tensor<4x8xf32>
  %q = graph.quantize %y, %scales : (tensor<4x8xf32>, tensor<4x1xf32>) -> tensor<4x8xi8>
  %p = graph.matmul %x, %w {wide} : (tensor<4x8xui8>, tensor<8x4xi8>) -> tensor<4x4xi32>
  func.return
}
