// RUN: stepwell-opt %s -p onnx-to-graph | filecheck %s

builtin.module attributes {onnx.opset = {ai.onnx = 20 : i64}} {

// x comes first in a grid, and is the last dim of a picture. One tap, of which the place is the nearest whole number.
// CHECK-LABEL: @nearest
// CHECK:         graph.slice %g {starts = [0, 0, 0, 1], sizes = [1, 2, 2, 1]}
// CHECK:         %[[ROW:.*]] = graph.round
// CHECK:         graph.slice %g {starts = [0, 0, 0, 0], sizes = [1, 2, 2, 1]}
// CHECK:         %[[COLUMN:.*]] = graph.round
// CHECK:         %[[PIXELS:.*]] = graph.reshape %x : (tensor<1x3x8x4xf32>) -> tensor<1x3x32xf32>
// CHECK:         %[[IN:.*]] = graph.and
// CHECK:         graph.clamp %[[ROW]] {min = 0.0, max = 7.0}
// CHECK:         graph.clamp %[[COLUMN]] {min = 0.0, max = 3.0}
// CHECK:         %[[AT:.*]] = graph.add %{{.*}} : tensor<1x1x4xi32>
// CHECK:         %[[BOTH:.*]] = graph.and
// CHECK-NEXT:    %[[Y:.*]] = graph.gather_elements %[[PIXELS]], %[[AT]] {axis = 2} : (tensor<1x3x32xf32>, tensor<1x1x4xi32>) -> tensor<1x3x4xf32>
// CHECK:         graph.select %[[BOTH]], %[[Y]], %{{.*}}
func.func @nearest(%x: tensor<1x3x8x4xf32>, %g: tensor<1x2x2x2xf32>) -> tensor<1x3x2x2xf32> {
  %y = onnx.GridSample(%x, %g) {mode = "nearest"}
    : (tensor<1x3x8x4xf32>, tensor<1x2x2x2xf32>) -> tensor<1x3x2x2xf32>
  func.return %y : tensor<1x3x2x2xf32>
}

// Four taps. What lies at the border is read instead of what lies outside, so nothing is selected.
// CHECK-LABEL: @linear
// CHECK-COUNT-4: graph.gather_elements
// CHECK-NOT:     graph.select
func.func @linear(%x: tensor<1x3x8x4xf32>, %g: tensor<1x2x2x2xf32>) -> tensor<1x3x2x2xf32> {
  %y = onnx.GridSample(%x, %g) {mode = "linear", padding_mode = "border"}
    : (tensor<1x3x8x4xf32>, tensor<1x2x2x2xf32>) -> tensor<1x3x2x2xf32>
  func.return %y : tensor<1x3x2x2xf32>
}

// CHECK-LABEL: @affine
// CHECK:         %[[GRID:.*]] = graph.constant dense<{{\[}}[-5.000000e-01, 5.000000e-01], [0.000000e+00, 0.000000e+00], [1.000000e+00, 1.000000e+00]]> : tensor<3x2xf32>
// CHECK-NEXT:    %[[P:.*]] = graph.matmul %theta, %[[GRID]] : (tensor<1x2x3xf32>, tensor<3x2xf32>) -> tensor<1x2x2xf32>
// CHECK-NEXT:    %[[T:.*]] = graph.transpose %[[P]] {perm = [0, 2, 1]}
// CHECK-NEXT:    graph.reshape %[[T]] : (tensor<1x2x2xf32>) -> tensor<1x1x2x2xf32>
func.func @affine(%theta: tensor<1x2x3xf32>) -> tensor<1x1x2x2xf32> {
  %size = onnx.Constant() {value = dense<[1, 3, 1, 2]> : tensor<4xi64>} : () -> tensor<4xi64>
  %y = onnx.AffineGrid(%theta, %size) : (tensor<1x2x3xf32>, tensor<4xi64>) -> tensor<1x1x2x2xf32>
  func.return %y : tensor<1x1x2x2xf32>
}

}
