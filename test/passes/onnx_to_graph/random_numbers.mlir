// RUN: stepwell-opt %s -p onnx-to-graph | filecheck %s

builtin.module attributes {onnx.opset = {ai.onnx = 22 : i64}} {

// SplitMix64 of 0, 1, 2, ...; the 24 bits at its top are a number below 1.
// CHECK-LABEL: @uniform
// CHECK-NEXT:    %[[I:.*]] = graph.iota : tensor<6xui64>
// CHECK:         %[[Z0:.*]] = graph.add
// CHECK:         %[[S1:.*]] = graph.shift_right %[[Z0]]
// CHECK-NEXT:    %[[X1:.*]] = graph.xor %[[Z0]], %[[S1]]
// CHECK:         %[[Z1:.*]] = graph.mul %[[X1]]
// CHECK:         %[[S2:.*]] = graph.shift_right %[[Z1]]
// CHECK-NEXT:    %[[X2:.*]] = graph.xor %[[Z1]], %[[S2]]
// CHECK:         %[[Z2:.*]] = graph.mul %[[X2]]
// CHECK:         %[[S3:.*]] = graph.shift_right %[[Z2]]
// CHECK-NEXT:    %[[Z:.*]] = graph.xor %[[Z2]], %[[S3]]
// CHECK:         %[[TOP:.*]] = graph.shift_right %[[Z]], %{{.*}} : (tensor<6xui64>, tensor<ui64>) -> tensor<6xui64>
// CHECK:         graph.reshape %{{.*}} : (tensor<6xf32>) -> tensor<2x3xf32>
func.func @uniform() -> tensor<2x3xf32> {
  %y = onnx.RandomUniform() {shape = array<i64: 2, 3>, low = 1.0 : f32, high = 3.0 : f32, seed = 5.0 : f32} : () -> tensor<2x3xf32>
  func.return %y : tensor<2x3xf32>
}

// In training a dropout keeps what is drawn above its ratio, and makes it as much larger.
// CHECK-LABEL: @dropout
// CHECK:         %[[MASK:.*]] = graph.compare ge %{{.*}}, %ratio
// CHECK:         %[[LARGER:.*]] = graph.div %x
// CHECK:         graph.select %[[MASK]], %[[LARGER]]
func.func @dropout(%x: tensor<4xf32>, %ratio: tensor<f32>) -> tensor<4xf32> {
  %training = onnx.Constant() {value = dense<true> : tensor<i1>} : () -> tensor<i1>
  %y, %mask = onnx.Dropout(%x, %ratio, %training) : (tensor<4xf32>, tensor<f32>, tensor<i1>) -> (tensor<4xf32>, tensor<4xi1>)
  func.return %y : tensor<4xf32>
}

}
