// RUN: stepwell-opt %s -p onnx-to-graph | filecheck %s

builtin.module attributes {onnx.opset = {ai.onnx = 13 : i64}} {

// CHECK-LABEL: @reshape
// CHECK-NEXT:    graph.reshape %x : (tensor<2x3x4xf32>) -> tensor<2x12xf32>
// CHECK-NEXT:    func.return
func.func @reshape(%x: tensor<2x3x4xf32>) -> tensor<2x12xf32> {
  %shape = onnx.Constant() {value = dense<[0, -1]> : tensor<2xi64>} : () -> tensor<2xi64>
  %y = onnx.Reshape(%x, %shape) : (tensor<2x3x4xf32>, tensor<2xi64>) -> tensor<2x12xf32>
  func.return %y : tensor<2x12xf32>
}

// One unknown dim is what is left.
// CHECK-LABEL: @flatten_any_batch
// CHECK-NEXT:    %[[SHAPE:.*]] = graph.constant dense<[-1, 12]> : tensor<2xi64>
// CHECK-NEXT:    graph.dynamic_reshape %x, %[[SHAPE]] : (tensor<?x3x4xf32>, tensor<2xi64>) -> tensor<?x12xf32>
func.func @flatten_any_batch(%x: tensor<?x3x4xf32>) -> tensor<?x12xf32> {
  %y = onnx.Flatten(%x) : (tensor<?x3x4xf32>) -> tensor<?x12xf32>
  func.return %y : tensor<?x12xf32>
}

// More than one is read off the shape.
// CHECK-LABEL: @unsqueeze_unknown
// CHECK:         %[[SHAPE:.*]] = graph.concat
// CHECK-NEXT:    graph.dynamic_reshape %x, %[[SHAPE]] : (tensor<?x?xf32>, tensor<3xi64>) -> tensor<1x?x?xf32>
func.func @unsqueeze_unknown(%x: tensor<?x?xf32>) -> tensor<1x?x?xf32> {
  %axes = onnx.Constant() {value = dense<0> : tensor<1xi64>} : () -> tensor<1xi64>
  %y = onnx.Unsqueeze(%x, %axes) : (tensor<?x?xf32>, tensor<1xi64>) -> tensor<1x?x?xf32>
  func.return %y : tensor<1x?x?xf32>
}

// Bounds are clamped to x; a negative step starts at the first element that is read.
// CHECK-LABEL: @slice
// CHECK-NEXT:    graph.slice %x {starts = [1, 3], sizes = [1, 2], steps = [1, -2]} : (tensor<2x4xf32>) -> tensor<1x2xf32>
// CHECK-NEXT:    func.return
func.func @slice(%x: tensor<2x4xf32>) -> tensor<1x2xf32> {
  %starts = onnx.Constant() {value = dense<[-1, 9]> : tensor<2xi64>} : () -> tensor<2xi64>
  %ends = onnx.Constant() {value = dense<[9, -9]> : tensor<2xi64>} : () -> tensor<2xi64>
  %axes = onnx.Constant() {value = dense<[0, -1]> : tensor<2xi64>} : () -> tensor<2xi64>
  %steps = onnx.Constant() {value = dense<[1, -2]> : tensor<2xi64>} : () -> tensor<2xi64>
  %y = onnx.Slice(%x, %starts, %ends, %axes, %steps)
    : (tensor<2x4xf32>, tensor<2xi64>, tensor<2xi64>, tensor<2xi64>, tensor<2xi64>) -> tensor<1x2xf32>
  func.return %y : tensor<1x2xf32>
}

// What follows from static shapes is known: no dynamic op, though the file computes it.
// CHECK-LABEL: @shape_arithmetic
// CHECK-NEXT:    graph.broadcast_to %x : (tensor<1x4xf32>) -> tensor<2x4xf32>
// CHECK-NEXT:    func.return
func.func @shape_arithmetic(%x: tensor<1x4xf32>, %like: tensor<2x4xf32>) -> tensor<2x4xf32> {
  %shape = onnx.Shape(%like) : (tensor<2x4xf32>) -> tensor<2xi64>
  %y = onnx.Expand(%x, %shape) : (tensor<1x4xf32>, tensor<2xi64>) -> tensor<2x4xf32>
  func.return %y : tensor<2x4xf32>
}

// A negative pad cuts.
// CHECK-LABEL: @pad
// CHECK-NEXT:    graph.pad %x {low = [1], high = [0], value = 2.0} : (tensor<4xf32>) -> tensor<5xf32>
// CHECK-NEXT:    graph.slice %{{.*}} {starts = [0], sizes = [3]} : (tensor<5xf32>) -> tensor<3xf32>
func.func @pad(%x: tensor<4xf32>) -> tensor<3xf32> {
  %pads = onnx.Constant() {value = dense<[1, -2]> : tensor<2xi64>} : () -> tensor<2xi64>
  %two = onnx.Constant() {value = dense<2.0> : tensor<f32>} : () -> tensor<f32>
  %y = onnx.Pad(%x, %pads, %two) : (tensor<4xf32>, tensor<2xi64>, tensor<f32>) -> tensor<3xf32>
  func.return %y : tensor<3xf32>
}

// CHECK-LABEL: @depth_to_space
// CHECK-NEXT:    graph.reshape %x : (tensor<1x8x2x3xf32>) -> tensor<1x2x2x2x2x3xf32>
// CHECK-NEXT:    graph.transpose %{{.*}} {perm = [0, 3, 4, 1, 5, 2]}
// CHECK-NEXT:    graph.reshape %{{.*}} -> tensor<1x2x4x6xf32>
func.func @depth_to_space(%x: tensor<1x8x2x3xf32>) -> tensor<1x2x4x6xf32> {
  %y = onnx.DepthToSpace(%x) {blocksize = 2 : i64} : (tensor<1x8x2x3xf32>) -> tensor<1x2x4x6xf32>
  func.return %y : tensor<1x2x4x6xf32>
}

// Nothing is left of what does nothing.
// CHECK-LABEL: @nothing
// CHECK-NEXT:    func.return %x
func.func @nothing(%x: tensor<4xf32>) -> tensor<4xf32> {
  %a = onnx.Identity(%x) : (tensor<4xf32>) -> tensor<4xf32>
  %b = onnx.Dropout(%a) : (tensor<4xf32>) -> tensor<4xf32>
  func.return %b : tensor<4xf32>
}

}
