// RUN: stepwell-opt %s -p onnx-to-graph | filecheck %s

builtin.module attributes {onnx.opset = {ai.onnx = 11 : i64}} {

// Scales tell where elements lie; the size is rounded down.
// CHECK-LABEL: @by_scales
// CHECK-NEXT:    graph.resize %x {coordinate = asymmetric, nearest_mode = floor, scales = [1.0, 1.0, 1.5, 1.5]}
// CHECK-SAME:      (tensor<1x1x3x3xf32>) -> tensor<1x1x4x4xf32>
func.func @by_scales(%x: tensor<1x1x3x3xf32>) -> tensor<1x1x4x4xf32> {
  %none = onnx.Constant() {value = dense<> : tensor<0xf32>} : () -> tensor<0xf32>
  %scales = onnx.Constant() {value = dense<[1.0, 1.0, 1.5, 1.5]> : tensor<4xf32>} : () -> tensor<4xf32>
  %y = onnx.Resize(%x, %none, %scales) {coordinate_transformation_mode = "asymmetric", nearest_mode = "floor"}
    : (tensor<1x1x3x3xf32>, tensor<0xf32>, tensor<4xf32>) -> tensor<1x1x4x4xf32>
  func.return %y : tensor<1x1x4x4xf32>
}

// Of sizes they follow, so nothing is said.
// CHECK-LABEL: @by_sizes
// CHECK-NEXT:    graph.resize %x {mode = linear} : (tensor<1x1x3x3xf32>) -> tensor<1x1x6x4xf32>
func.func @by_sizes(%x: tensor<1x1x3x3xf32>) -> tensor<1x1x6x4xf32> {
  %none = onnx.Constant() {value = dense<> : tensor<0xf32>} : () -> tensor<0xf32>
  %sizes = onnx.Constant() {value = dense<[1, 1, 6, 4]> : tensor<4xi64>} : () -> tensor<4xi64>
  %y = onnx.Resize(%x, %none, %none, %sizes) {mode = "linear"}
    : (tensor<1x1x3x3xf32>, tensor<0xf32>, tensor<0xf32>, tensor<4xi64>) -> tensor<1x1x6x4xf32>
  func.return %y : tensor<1x1x6x4xf32>
}

// CHECK-LABEL: @at_run_time
// CHECK:         graph.dynamic_resize %x, %sizes {mode = linear}
func.func @at_run_time(%x: tensor<1x1x3x3xf32>, %sizes: tensor<4xi64>) -> tensor<1x1x?x?xf32> {
  %none = onnx.Constant() {value = dense<> : tensor<0xf32>} : () -> tensor<0xf32>
  %y = onnx.Resize(%x, %none, %none, %sizes) {mode = "linear"}
    : (tensor<1x1x3x3xf32>, tensor<0xf32>, tensor<0xf32>, tensor<4xi64>) -> tensor<1x1x?x?xf32>
  func.return %y : tensor<1x1x?x?xf32>
}

// A crop from the middle of each dim to a place beyond its end, where a constant mask selects the value given.
// CHECK-LABEL: @cropped
// CHECK-NEXT:    %[[Y:.*]] = graph.resize %x {mode = linear, coordinate = tf_crop_and_resize, starts = [0.5], ends = [1.5]}
// CHECK-NEXT:    %[[IN:.*]] = graph.constant dense<[true, true, true, false, false]> : tensor<5xi1>
// CHECK-NEXT:    %[[NINE:.*]] = graph.constant dense<9.000000e+00> : tensor<f32>
// CHECK-NEXT:    graph.select %[[IN]], %[[Y]], %[[NINE]]
func.func @cropped(%x: tensor<5xf32>) -> tensor<5xf32> {
  %roi = onnx.Constant() {value = dense<[0.5, 1.5]> : tensor<2xf32>} : () -> tensor<2xf32>
  %none = onnx.Constant() {value = dense<> : tensor<0xf32>} : () -> tensor<0xf32>
  %sizes = onnx.Constant() {value = dense<5> : tensor<1xi64>} : () -> tensor<1xi64>
  %y = onnx.Resize(%x, %roi, %none, %sizes)
    {mode = "linear", coordinate_transformation_mode = "tf_crop_and_resize", extrapolation_value = 9.0 : f32}
    : (tensor<5xf32>, tensor<2xf32>, tensor<0xf32>, tensor<1xi64>) -> tensor<5xf32>
  func.return %y : tensor<5xf32>
}

}
