// RUN: stepwell-opt %s -p onnx-to-graph | filecheck %s

builtin.module attributes {onnx.opset = {ai.onnx = 19 : i64}} {

// 4 taps of 4 windows are 16 places, each between four elements; then the product of an ordinary convolution.
// CHECK-LABEL: @deformed
// CHECK:         graph.constant dense<{{\[}}[0.000000e+00, 0.000000e+00, 1.000000e+00, 1.000000e+00], {{.*}}> : tensor<4x4xf32>
// CHECK:         graph.floor %{{.*}} : tensor<1x1x16xf32>
// CHECK-COUNT-4: graph.gather_elements %{{.*}} {axis = 2} : (tensor<1x2x9xf32>, tensor<1x1x16xi32>) -> tensor<1x2x16xf32>
// CHECK:         graph.reshape %w : (tensor<5x2x2x2xf32>) -> tensor<1x5x8xf32>
// CHECK:         graph.matmul %{{.*}} : (tensor<1x5x8xf32>, tensor<1x1x8x4xf32>) -> tensor<1x1x5x4xf32>
func.func @deformed(%x: tensor<1x2x3x3xf32>, %w: tensor<5x2x2x2xf32>, %o: tensor<1x8x2x2xf32>) -> tensor<1x5x2x2xf32> {
  %y = onnx.DeformConv(%x, %w, %o)
    : (tensor<1x2x3x3xf32>, tensor<5x2x2x2xf32>, tensor<1x8x2x2xf32>) -> tensor<1x5x2x2xf32>
  func.return %y : tensor<1x5x2x2xf32>
}

}
