// RUN: not stepwell-opt %s 2>&1 | filecheck %s

// A scalar has one element: it cannot become two.
// CHECK: error: tensor.expand_shape
// CHECK-NEXT: invalid.mlir:7:8
func.func @two_of_one(%x: tensor<f32>) -> tensor<2xf32> {
  %y = tensor.expand_shape %x [] output_shape [2] : tensor<f32> into tensor<2xf32>
  func.return %y : tensor<2xf32>
}
