// RUN: stepwell-opt %s | stepwell-opt - | filecheck %s

// A scalar becomes a tensor of one element, as upstream has it.
// CHECK-LABEL: @of_a_scalar
// CHECK:         tensor.expand_shape %{{.*}} [] output_shape [1, 1] : tensor<f32> into tensor<1x1xf32>
func.func @of_a_scalar(%x: tensor<f32>) -> tensor<1x1xf32> {
  %y = tensor.expand_shape %x [] output_shape [1, 1] : tensor<f32> into tensor<1x1xf32>
  func.return %y : tensor<1x1xf32>
}

// What xDSL's op takes, ours takes, too.
// CHECK-LABEL: @of_a_vector
// CHECK:         tensor.expand_shape %{{.*}} {{\[\[0.*1.*\]\]}} output_shape [2, 3] : tensor<6xf32> into tensor<2x3xf32>
func.func @of_a_vector(%x: tensor<6xf32>) -> tensor<2x3xf32> {
  %y = tensor.expand_shape %x [[0, 1]] output_shape [2, 3] : tensor<6xf32> into tensor<2x3xf32>
  func.return %y : tensor<2x3xf32>
}
