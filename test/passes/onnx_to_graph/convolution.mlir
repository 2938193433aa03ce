// RUN: stepwell-opt %s -p onnx-to-graph | filecheck %s

builtin.module attributes {onnx.opset = {ai.onnx = 13 : i64}} {

// Defaults are left out: strides and dilations of 1, no pads.
// CHECK-LABEL: @plain
// CHECK-NEXT:    graph.conv %x, %w, %b : (tensor<1x3x8x8xf32>, tensor<4x3x3x3xf32>, tensor<4xf32>) -> tensor<1x4x6x6xf32>
func.func @plain(%x: tensor<1x3x8x8xf32>, %w: tensor<4x3x3x3xf32>, %b: tensor<4xf32>) -> tensor<1x4x6x6xf32> {
  %y = onnx.Conv(%x, %w, %b) : (tensor<1x3x8x8xf32>, tensor<4x3x3x3xf32>, tensor<4xf32>) -> tensor<1x4x6x6xf32>
  func.return %y : tensor<1x4x6x6xf32>
}

// ceil(8 / 2) = 4 results need one element of padding: SAME_UPPER puts it at the end, SAME_LOWER at the front.
// CHECK-LABEL: @same
// CHECK-NEXT:    graph.conv %x, %w {strides = [2, 2], pads = [0, 0, 1, 1]} : {{.*}} -> tensor<1x4x4x4xf32>
// CHECK-NEXT:    graph.conv %x, %w {strides = [2, 2], pads = [1, 1, 0, 0]} : {{.*}} -> tensor<1x4x4x4xf32>
func.func @same(%x: tensor<1x3x8x8xf32>, %w: tensor<4x3x3x3xf32>) -> (tensor<1x4x4x4xf32>, tensor<1x4x4x4xf32>) {
  %y = onnx.Conv(%x, %w) {auto_pad = "SAME_UPPER", strides = array<i64: 2, 2>}
    : (tensor<1x3x8x8xf32>, tensor<4x3x3x3xf32>) -> tensor<1x4x4x4xf32>
  %z = onnx.Conv(%x, %w) {auto_pad = "SAME_LOWER", strides = array<i64: 2, 2>}
    : (tensor<1x3x8x8xf32>, tensor<4x3x3x3xf32>) -> tensor<1x4x4x4xf32>
  func.return %y, %z : tensor<1x4x4x4xf32>, tensor<1x4x4x4xf32>
}

// An unknown size matters only modulo the stride, so with a stride of 1 not at all.
// CHECK-LABEL: @same_of_any_size
// CHECK-NEXT:    graph.conv %x, %w {pads = [1, 1, 1, 1]}
func.func @same_of_any_size(%x: tensor<1x3x?x?xf32>, %w: tensor<4x3x3x3xf32>) -> tensor<1x4x?x?xf32> {
  %y = onnx.Conv(%x, %w) {auto_pad = "SAME_UPPER"}
    : (tensor<1x3x?x?xf32>, tensor<4x3x3x3xf32>) -> tensor<1x4x?x?xf32>
  func.return %y : tensor<1x4x?x?xf32>
}

// With a stride of 2 an odd size pads both sides, an even one the end only: worked out from the shape at run time.
// CHECK-LABEL: @same_at_run_time
// CHECK-NEXT:    graph.shape_of %x
// CHECK:         graph.dynamic_pad %x
// CHECK-NEXT:    graph.conv %{{.*}}, %w {strides = [2, 2]}
func.func @same_at_run_time(%x: tensor<1x3x?x?xf32>, %w: tensor<4x3x3x3xf32>) -> tensor<1x4x?x?xf32> {
  %y = onnx.Conv(%x, %w) {auto_pad = "SAME_UPPER", strides = array<i64: 2, 2>}
    : (tensor<1x3x?x?xf32>, tensor<4x3x3x3xf32>) -> tensor<1x4x?x?xf32>
  func.return %y : tensor<1x4x?x?xf32>
}

// 9 elements of 10 wanted: one is added at the end.
// CHECK-LABEL: @enlarged
// CHECK-NEXT:    graph.conv_transpose %x, %w {strides = [2], output_padding = [1]} : {{.*}} -> tensor<1x5x10xf32>
func.func @enlarged(%x: tensor<1x3x4xf32>, %w: tensor<3x5x3xf32>) -> tensor<1x5x10xf32> {
  %y = onnx.ConvTranspose(%x, %w) {strides = array<i64: 2>, output_shape = array<i64: 10>}
    : (tensor<1x3x4xf32>, tensor<3x5x3xf32>) -> tensor<1x5x10xf32>
  func.return %y : tensor<1x5x10xf32>
}

// (4 - 1) * 2 + 3 = 9 elements, of which output_shape keeps 8: the odd one is cut at the front unless SAME_UPPER.
// CHECK-LABEL: @transposed
// CHECK-NEXT:    graph.conv_transpose %x, %w {strides = [2], pads = [1, 0]} : {{.*}} -> tensor<1x5x8xf32>
// CHECK-NEXT:    graph.conv_transpose %x, %w {strides = [2], pads = [0, 1]} : {{.*}} -> tensor<1x5x8xf32>
func.func @transposed(%x: tensor<1x3x4xf32>, %w: tensor<3x5x3xf32>) -> (tensor<1x5x8xf32>, tensor<1x5x8xf32>) {
  %y = onnx.ConvTranspose(%x, %w) {strides = array<i64: 2>, output_shape = array<i64: 8>}
    : (tensor<1x3x4xf32>, tensor<3x5x3xf32>) -> tensor<1x5x8xf32>
  %z = onnx.ConvTranspose(%x, %w) {strides = array<i64: 2>, auto_pad = "SAME_UPPER"}
    : (tensor<1x3x4xf32>, tensor<3x5x3xf32>) -> tensor<1x5x8xf32>
  func.return %y, %z : tensor<1x5x8xf32>, tensor<1x5x8xf32>
}

}
