// RUN: stepwell-opt %s -p onnx-to-graph | filecheck %s

builtin.module attributes {onnx.opset = {ai.onnx = 11 : i64}} {

// CHECK-LABEL: @batch_normalization
// CHECK-NEXT:    graph.batch_norm %x, %p, %p, %p, %p {epsilon = 0.5}
func.func @batch_normalization(%x: tensor<1x3x8x8xf32>, %p: tensor<3xf32>) -> tensor<1x3x8x8xf32> {
  %y = onnx.BatchNormalization(%x, %p, %p, %p, %p) {epsilon = 0.5 : f32}
    : (tensor<1x3x8x8xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3xf32>) -> tensor<1x3x8x8xf32>
  func.return %y : tensor<1x3x8x8xf32>
}

// Before opset 13 a softmax goes over all dims from the axis on.
// CHECK-LABEL: @softmax_flattened
// CHECK-NEXT:    graph.reshape %x : (tensor<2x3x4xf32>) -> tensor<2x12xf32>
// CHECK-NEXT:    graph.softmax %{{.*}} {axis = 1} : tensor<2x12xf32>
// CHECK-NEXT:    graph.reshape %{{.*}} : (tensor<2x12xf32>) -> tensor<2x3x4xf32>
func.func @softmax_flattened(%x: tensor<2x3x4xf32>) -> tensor<2x3x4xf32> {
  %y = onnx.Softmax(%x) : (tensor<2x3x4xf32>) -> tensor<2x3x4xf32>
  func.return %y : tensor<2x3x4xf32>
}

// At the last axis that is the same as along it.
// CHECK-LABEL: @softmax_last
// CHECK-NEXT:    graph.softmax %x {axis = 2} : tensor<2x3x4xf32>
// CHECK-NEXT:    func.return
func.func @softmax_last(%x: tensor<2x3x4xf32>) -> tensor<2x3x4xf32> {
  %y = onnx.Softmax(%x) {axis = -1 : i64} : (tensor<2x3x4xf32>) -> tensor<2x3x4xf32>
  func.return %y : tensor<2x3x4xf32>
}

// The mean is subtracted before squaring, so that nothing cancels.
// CHECK-LABEL: @instance_normalization
// CHECK-NEXT:    %[[MEAN:.*]] = graph.reduce mean %x {axes = [2], keepdims}
// CHECK-NEXT:    %[[CENTERED:.*]] = graph.sub %x, %[[MEAN]]
// CHECK-NEXT:    %[[SQUARE:.*]] = graph.mul %[[CENTERED]], %[[CENTERED]]
// CHECK-NEXT:    graph.reduce mean %[[SQUARE]] {axes = [2], keepdims}
// CHECK:         graph.rsqrt
// CHECK:         graph.reshape %p : (tensor<3xf32>) -> tensor<3x1xf32>
func.func @instance_normalization(%x: tensor<1x3x8xf32>, %p: tensor<3xf32>) -> tensor<1x3x8xf32> {
  %y = onnx.InstanceNormalization(%x, %p, %p)
    : (tensor<1x3x8xf32>, tensor<3xf32>, tensor<3xf32>) -> tensor<1x3x8xf32>
  func.return %y : tensor<1x3x8xf32>
}

}
