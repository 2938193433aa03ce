// RUN: stepwell-opt %s -p onnx-to-graph | filecheck %s

builtin.module attributes {onnx.opset = {ai.onnx = 20 : i64}} {

// One product with a matrix of cosines and sines, side by side.
// CHECK-LABEL: @real
// CHECK-NEXT:    %[[ROWS:.*]] = graph.reshape %x : (tensor<5x4x1xf32>) -> tensor<5x4xf32>
// CHECK-NEXT:    %[[ROOTS:.*]] = graph.constant dense_resource<roots> : tensor<4x6xf32>
// CHECK-NEXT:    graph.matmul %[[ROWS]], %[[ROOTS]] : (tensor<5x4xf32>, tensor<4x6xf32>) -> tensor<5x6xf32>
// CHECK-NEXT:    graph.reshape %{{.*}} : (tensor<5x6xf32>) -> tensor<5x3x2xf32>
// CHECK-NEXT:    func.return
func.func @real(%x: tensor<5x4x1xf32>) -> tensor<5x3x2xf32> {
  %y = onnx.DFT(%x) {onesided = 1 : i64} : (tensor<5x4x1xf32>) -> tensor<5x3x2xf32>
  func.return %y : tensor<5x3x2xf32>
}

// 1024 = 32 * 32: 32 short ones for each signal, a turn by roots of unity, and 32 again.
// CHECK-LABEL: @in_steps
// CHECK:         graph.transpose %{{.*}} {perm = [0, 3, 1, 2]} : (tensor<3x2x32x32xf32>) -> tensor<3x32x2x32xf32>
// CHECK:         graph.matmul %{{.*}} : (tensor<96x64xf32>, tensor<64x64xf32>) -> tensor<96x64xf32>
// CHECK:         graph.slice %{{.*}} {starts = [0, 0, 1, 0], sizes = [3, 32, 2, 32], steps = [1, 1, -1, 1]}
// CHECK:         graph.add
// CHECK:         graph.matmul %{{.*}} : (tensor<96x64xf32>, tensor<64x64xf32>) -> tensor<96x64xf32>
// CHECK:         graph.transpose %{{.*}} {perm = [0, 2, 3, 1]} : (tensor<3x32x2x32xf32>) -> tensor<3x2x32x32xf32>
func.func @in_steps(%x: tensor<3x1024x2xf32>) -> tensor<3x1024x2xf32> {
  %y = onnx.DFT(%x) : (tensor<3x1024x2xf32>) -> tensor<3x1024x2xf32>
  func.return %y : tensor<3x1024x2xf32>
}

// Frames are gathered; a window that is known stands in the matrix.
// CHECK-LABEL: @frames
// CHECK:         graph.constant dense<{{\[}}[0, 1, 2, 3], [2, 3, 4, 5], [4, 5, 6, 7]]> : tensor<3x4xi64>
// CHECK-NEXT:    graph.gather %x, %{{.*}} {axis = 1} : (tensor<1x8x1xf32>, tensor<3x4xi64>) -> tensor<1x3x4x1xf32>
// CHECK-NOT:     graph.mul
// CHECK:         graph.matmul %{{.*}} : (tensor<3x4xf32>, tensor<4x6xf32>) -> tensor<3x6xf32>
func.func @frames(%x: tensor<1x8x1xf32>) -> tensor<1x3x3x2xf32> {
  %step = onnx.Constant() {value = dense<2> : tensor<i64>} : () -> tensor<i64>
  %window = onnx.Constant() {value = dense<[0.0, 0.5, 1.0, 0.5]> : tensor<4xf32>} : () -> tensor<4xf32>
  %y = onnx.STFT(%x, %step, %window) : (tensor<1x8x1xf32>, tensor<i64>, tensor<4xf32>) -> tensor<1x3x3x2xf32>
  func.return %y : tensor<1x3x3x2xf32>
}

}
