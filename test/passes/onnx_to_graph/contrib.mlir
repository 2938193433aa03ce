// RUN: stepwell-opt %s -p onnx-to-graph | filecheck %s

// ONNX Runtime's own operators, which its optimizer makes of ONNX's, become what they were made of.
builtin.module attributes {onnx.opset = {ai.onnx = 13 : i64, com.microsoft = 1 : i64}} {

// CHECK-LABEL: @fused_matmul
// CHECK-NEXT:    %[[B:.*]] = graph.transpose %b {perm = [1, 0]} : (tensor<4x3xf32>) -> tensor<3x4xf32>
// CHECK-NEXT:    %[[P:.*]] = graph.matmul %a, %[[B]] : (tensor<2x3xf32>, tensor<3x4xf32>) -> tensor<2x4xf32>
// CHECK-NEXT:    %[[ALPHA:.*]] = graph.constant dense<1.250000e-01> : tensor<f32>
// CHECK-NEXT:    graph.mul %[[P]], %[[ALPHA]] : (tensor<2x4xf32>, tensor<f32>) -> tensor<2x4xf32>
func.func @fused_matmul(%a: tensor<2x3xf32>, %b: tensor<4x3xf32>) -> tensor<2x4xf32> {
  %y = onnx.com.microsoft.FusedMatMul(%a, %b) {alpha = 0.125 : f32, transB = 1 : i64} : (tensor<2x3xf32>, tensor<4x3xf32>) -> tensor<2x4xf32>
  func.return %y : tensor<2x4xf32>
}

// CHECK-LABEL: @quick_gelu
// CHECK:         %[[S:.*]] = graph.mul %x, %{{.*}} : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
// CHECK-NEXT:    %[[G:.*]] = graph.sigmoid %[[S]] : tensor<4xf32>
// CHECK-NEXT:    graph.mul %x, %[[G]] : tensor<4xf32>
func.func @quick_gelu(%x: tensor<4xf32>) -> tensor<4xf32> {
  %y = onnx.com.microsoft.QuickGelu(%x) : (tensor<4xf32>) -> tensor<4xf32>
  func.return %y : tensor<4xf32>
}

// The fourth result is the sum that is normalized.
// CHECK-LABEL: @skip_norm
// CHECK-NEXT:    %[[SUM:.*]] = graph.add %x, %skip : tensor<2x3x4xf32>
// CHECK-NEXT:    %[[MEAN:.*]] = graph.reduce mean %[[SUM]] {axes = [2], keepdims}
// CHECK-NEXT:    %[[CENTERED:.*]] = graph.sub %[[SUM]], %[[MEAN]]
// CHECK:         graph.rsqrt
// CHECK:         func.return %{{.*}}, %[[SUM]]
func.func @skip_norm(%x: tensor<2x3x4xf32>, %skip: tensor<2x3x4xf32>, %scale: tensor<4xf32>) -> (tensor<2x3x4xf32>, tensor<2x3x4xf32>) {
  %y, %mean, %deviation, %sum = onnx.com.microsoft.SkipLayerNormalization(%x, %skip, %scale) : (tensor<2x3x4xf32>, tensor<2x3x4xf32>, tensor<4xf32>) -> (tensor<2x3x4xf32>, tensor<2x3x1xf32>, tensor<2x3x1xf32>, tensor<2x3x4xf32>)
  func.return %y, %sum : tensor<2x3x4xf32>, tensor<2x3x4xf32>
}

// Heads are split off, a mask of lengths becomes numbers that are added to the scores.
// CHECK-LABEL: @multi_head_attention
// CHECK-NEXT:    %[[Q:.*]] = graph.reshape %q : (tensor<1x5x12xf32>) -> tensor<1x5x3x4xf32>
// CHECK-NEXT:    %[[QH:.*]] = graph.transpose %[[Q]] {perm = [0, 2, 1, 3]}
// CHECK:         %[[SCORES:.*]] = graph.matmul %[[QH]], %{{.*}} : (tensor<1x3x5x4xf32>, tensor<1x3x4x7xf32>) -> tensor<1x3x5x7xf32>
// CHECK:         graph.compare lt %{{.*}}, %{{.*}}
// CHECK:         graph.softmax %{{.*}} {axis = 3} : tensor<1x3x5x7xf32>
// CHECK-NEXT:    graph.matmul %{{.*}} : (tensor<1x3x5x7xf32>, tensor<1x3x7x4xf32>) -> tensor<1x3x5x4xf32>
// CHECK-NEXT:    graph.transpose %{{.*}} {perm = [0, 2, 1, 3]}
// CHECK-NEXT:    graph.reshape %{{.*}} : (tensor<1x5x3x4xf32>) -> tensor<1x5x12xf32>
func.func @multi_head_attention(%q: tensor<1x5x12xf32>, %k: tensor<1x7x12xf32>, %v: tensor<1x7x12xf32>, %lengths: tensor<1xi32>) -> tensor<1x5x12xf32> {
  %none = onnx.NoValue
  %y = onnx.com.microsoft.MultiHeadAttention(%q, %k, %v, %none, %lengths) {num_heads = 3 : i64} : (tensor<1x5x12xf32>, tensor<1x7x12xf32>, tensor<1x7x12xf32>, none, tensor<1xi32>) -> tensor<1x5x12xf32>
  func.return %y : tensor<1x5x12xf32>
}

// Before opset 17 a LayerNormalization is what ONNX Runtime wrote there.
// CHECK-LABEL: @layer_normalization_of_opset_13
// CHECK-COUNT-2: graph.reduce
// CHECK:         graph.rsqrt
func.func @layer_normalization_of_opset_13(%x: tensor<2x4xf32>, %scale: tensor<4xf32>) -> tensor<2x4xf32> {
  %y = onnx.LayerNormalization(%x, %scale) : (tensor<2x4xf32>, tensor<4xf32>) -> tensor<2x4xf32>
  func.return %y : tensor<2x4xf32>
}
}
