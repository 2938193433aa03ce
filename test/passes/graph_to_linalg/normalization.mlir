// RUN: stepwell-opt %s -p graph-to-linalg | filecheck %s

// The factor is computed once a channel, not once an element.
// CHECK-LABEL: @batch_norm
// CHECK:         ins(%scale, %var : tensor<4xf32>, tensor<4xf32>)
// CHECK:           math.sqrt
// CHECK-NEXT:      arith.divf
// CHECK:         (d0, d1, d2, d3) -> (d0, d1, d2, d3)>, affine_map<(d0, d1, d2, d3) -> (d1)>
// CHECK:           arith.subf
// CHECK-NEXT:      arith.mulf
// CHECK-NEXT:      arith.addf
func.func private @batch_norm(%x: tensor<1x4x8x8xf32>, %scale: tensor<4xf32>, %bias: tensor<4xf32>, %mean: tensor<4xf32>, %var: tensor<4xf32>) -> tensor<1x4x8x8xf32> attributes {stepwell.kernel} {
  %y = graph.batch_norm %x, %scale, %bias, %mean, %var : (tensor<1x4x8x8xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) -> tensor<1x4x8x8xf32>
  func.return %y : tensor<1x4x8x8xf32>
}
