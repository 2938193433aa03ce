// RUN: stepwell-opt %s -p onnx-to-graph | filecheck %s

builtin.module attributes {onnx.opset = {ai.onnx = 23 : i64}} {

// Four heads of queries share two of keys. No row can lose all its keys, so nothing is selected behind the softmax.
// CHECK-LABEL: @causal
// CHECK:         graph.reshape %q : (tensor<1x4x3x8xf32>) -> tensor<1x2x2x3x8xf32>
// CHECK:         graph.reshape %k : (tensor<1x2x5x8xf32>) -> tensor<1x2x1x5x8xf32>
// CHECK:         graph.matmul %{{.*}} : (tensor<1x2x2x3x8xf32>, tensor<1x2x1x8x5xf32>) -> tensor<1x2x2x3x5xf32>
// CHECK:         %[[SEEN:.*]] = graph.compare le %{{.*}} -> tensor<3x5xi1>
// CHECK:         %[[S:.*]] = graph.select %[[SEEN]], %{{.*}} -> tensor<1x4x3x5xf32>
// CHECK:         %[[P:.*]] = graph.softmax %[[S]] {axis = 3}
// CHECK-NOT:     graph.select
// CHECK:         graph.matmul %{{.*}} : (tensor<1x2x2x3x5xf32>, tensor<1x2x1x5x8xf32>) -> tensor<1x2x2x3x8xf32>
func.func @causal(%q: tensor<1x4x3x8xf32>, %k: tensor<1x2x5x8xf32>, %v: tensor<1x2x5x8xf32>) -> tensor<1x4x3x8xf32> {
  %y = onnx.Attention(%q, %k, %v) {is_causal = 1 : i64}
    : (tensor<1x4x3x8xf32>, tensor<1x2x5x8xf32>, tensor<1x2x5x8xf32>) -> tensor<1x4x3x8xf32>
  func.return %y : tensor<1x4x3x8xf32>
}

// A mask of numbers is added; a row of which all are -inf gives 0.
// CHECK-LABEL: @masked
// CHECK:         %[[S:.*]] = graph.add %{{.*}}, %m
// CHECK:         graph.reduce max %m {axes = [1], keepdims} : (tensor<3x5xf32>) -> tensor<3x1xf32>
// CHECK:         %[[NONE:.*]] = graph.compare eq %{{.*}} -> tensor<3x1xi1>
// CHECK:         %[[P:.*]] = graph.softmax %[[S]] {axis = 3}
// CHECK:         graph.select %[[NONE]], %{{.*}}, %[[P]]
func.func @masked(%q: tensor<1x2x3x8xf32>, %k: tensor<1x2x5x8xf32>, %v: tensor<1x2x5x8xf32>, %m: tensor<3x5xf32>)
    -> tensor<1x2x3x8xf32> {
  %y = onnx.Attention(%q, %k, %v, %m)
    : (tensor<1x2x3x8xf32>, tensor<1x2x5x8xf32>, tensor<1x2x5x8xf32>, tensor<3x5xf32>) -> tensor<1x2x3x8xf32>
  func.return %y : tensor<1x2x3x8xf32>
}

// CHECK-LABEL: @rotary
// CHECK:         graph.gather %c, %p {axis = 0} : (tensor<9x2xf32>, tensor<1x3xi64>) -> tensor<1x3x2xf32>
// CHECK:         graph.gather %s, %p {axis = 0}
// CHECK:         graph.slice %{{.*}} {starts = [0, 0, 0, 0], sizes = [1, 2, 3, 2]}
// CHECK:         graph.slice %{{.*}} {starts = [0, 0, 0, 2], sizes = [1, 2, 3, 2]}
// CHECK:         graph.concat %{{.*}} {axis = 3}
func.func @rotary(%x: tensor<1x2x3x4xf32>, %c: tensor<9x2xf32>, %s: tensor<9x2xf32>, %p: tensor<1x3xi64>)
    -> tensor<1x2x3x4xf32> {
  %y = onnx.RotaryEmbedding(%x, %c, %s, %p)
    : (tensor<1x2x3x4xf32>, tensor<9x2xf32>, tensor<9x2xf32>, tensor<1x3xi64>) -> tensor<1x2x3x4xf32>
  func.return %y : tensor<1x2x3x4xf32>
}

}
