// RUN: stepwell-opt %s -p use-bf16 | filecheck %s
// RUN: stepwell-opt %s -p use-bf16,fold-constants,canonicalize,cse,fuse | filecheck %s --check-prefix FUSED

// The weights are rounded when constants are folded; the sums stay in f32.
// CHECK-LABEL: @matmul
// CHECK:         %[[X:.*]] = graph.cast %x : (tensor<4x2xf32>) -> tensor<4x2xbf16>
// CHECK-NEXT:    %[[W:.*]] = graph.cast %w : (tensor<2x3xf32>) -> tensor<2x3xbf16>
// CHECK-NEXT:    %[[Y:.*]] = graph.matmul %[[X]], %[[W]] {wide} : (tensor<4x2xbf16>, tensor<2x3xbf16>) -> tensor<4x3xf32>
// CHECK-NEXT:    func.return %[[Y]] : tensor<4x3xf32>
// 1.004 has no place in 8 bits of mantissa.
// FUSED-LABEL: @matmul
// FUSED:         graph.constant dense<{{\[\[}}1.000000e+00, 2.000000e+00, 3.000000e+00], {{.*}}> : tensor<2x3xbf16>
func.func @matmul(%x: tensor<4x2xf32>) -> tensor<4x3xf32> {
  %w = graph.constant dense<[[1.001, 2.0, 3.0], [4.0, 5.0, 6.0]]> : tensor<2x3xf32>
  %y = graph.matmul %x, %w : (tensor<4x2xf32>, tensor<2x3xf32>) -> tensor<4x3xf32>
  func.return %y : tensor<4x3xf32>
}

// The bias is added to the sums, in f32.
// CHECK-LABEL: @conv
// CHECK:         %[[Y:.*]] = graph.conv %{{.*}}, %{{.*}}, %bias {strides = [2, 2], layout = nhwc, wide} : (tensor<1x8x8x16xbf16>, tensor<1x1x16x4xbf16>, tensor<4xf32>) -> tensor<1x4x4x4xf32>
func.func @conv(%x: tensor<1x8x8x16xf32>, %bias: tensor<4xf32>) -> tensor<1x4x4x4xf32> {
  %w = graph.constant dense<0.5> : tensor<1x1x16x4xf32>
  %y = graph.conv %x, %w, %bias {strides = [2, 2], layout = nhwc}
    : (tensor<1x8x8x16xf32>, tensor<1x1x16x4xf32>, tensor<4xf32>) -> tensor<1x4x4x4xf32>
  func.return %y : tensor<1x4x4x4xf32>
}

// Between two layers the rounded tensor is what lies in memory: the cast ends the kernel of the first.
// FUSED-LABEL: @between
// FUSED:         %h = graph.fusion({{.*}}) {{.*}} -> tensor<4x2xbf16> {
// FUSED:           graph.matmul
// FUSED-NEXT:      graph.relu
// FUSED-NEXT:      graph.cast
// FUSED-NEXT:      graph.yield
// FUSED:         graph.fusion(%{{.*}} = %h, {{.*}} -> tensor<4x2xf32> {
func.func @between(%x: tensor<4x2xf32>) -> tensor<4x2xf32> {
  %w = graph.constant dense<0.5> : tensor<2x2xf32>
  %p = graph.matmul %x, %w : (tensor<4x2xf32>, tensor<2x2xf32>) -> tensor<4x2xf32>
  %h = graph.relu %p : tensor<4x2xf32>
  %y = graph.matmul %h, %w : (tensor<4x2xf32>, tensor<2x2xf32>) -> tensor<4x2xf32>
  func.return %y : tensor<4x2xf32>
}

// A transpose moves half the bytes of a rounded tensor.
// CHECK-LABEL: @transposed
// CHECK:         %[[X:.*]] = graph.cast %x : (tensor<2x4xf32>) -> tensor<2x4xbf16>
// CHECK-NEXT:    %[[T:.*]] = graph.transpose %[[X]] {perm = [1, 0]} : (tensor<2x4xbf16>) -> tensor<4x2xbf16>
// CHECK-NEXT:    graph.reshape %[[T]] : (tensor<4x2xbf16>) -> tensor<1x4x2xbf16>
func.func @transposed(%x: tensor<2x4xf32>) -> tensor<1x4x2xf32> {
  %w = graph.constant dense<0.5> : tensor<2x2xf32>
  %t = graph.transpose %x {perm = [1, 0]} : (tensor<2x4xf32>) -> tensor<4x2xf32>
  %r = graph.reshape %t : (tensor<4x2xf32>) -> tensor<1x4x2xf32>
  %y = graph.matmul %r, %w : (tensor<1x4x2xf32>, tensor<2x2xf32>) -> tensor<1x4x2xf32>
  func.return %y : tensor<1x4x2xf32>
}

// Neither a product of two values, nor f64, nor an odd sum of products, is rounded.
// CHECK-LABEL: @matmuls_left_alone
// CHECK-NOT:     bf16
// CHECK-LABEL: @convolutions_left_alone
func.func @matmuls_left_alone(%x: tensor<4x4xf32>, %d: tensor<4x4xf64>) -> (tensor<4x4xf32>, tensor<4x4xf64>, tensor<4x2xf32>) {
  %w64 = graph.constant dense<0.5> : tensor<4x4xf64>
  %w3 = graph.constant dense<0.5> : tensor<3x2xf32>
  %a = graph.matmul %x, %x : (tensor<4x4xf32>, tensor<4x4xf32>) -> tensor<4x4xf32>
  %b = graph.matmul %d, %w64 : (tensor<4x4xf64>, tensor<4x4xf64>) -> tensor<4x4xf64>
  %s = graph.slice %x {starts = [0, 0], sizes = [4, 3]} : (tensor<4x4xf32>) -> tensor<4x3xf32>
  %c = graph.matmul %s, %w3 : (tensor<4x3xf32>, tensor<3x2xf32>) -> tensor<4x2xf32>
  func.return %a, %b, %c : tensor<4x4xf32>, tensor<4x4xf64>, tensor<4x2xf32>
}

// Nor is a convolution of few channels, or of one channel a group, or whose weights are no constant.
// CHECK-NOT:     bf16
func.func @convolutions_left_alone(%x: tensor<1x16x4x4xf32>, %w: tensor<2x16x1x1xf32>) -> (tensor<1x16x4x4xf32>, tensor<1x2x4x4xf32>, tensor<1x16x4x4xf32>) {
  %depthwise = graph.constant dense<0.5> : tensor<16x1x1x1xf32>
  %few = graph.constant dense<0.5> : tensor<16x2x1x1xf32>
  %a = graph.conv %x, %depthwise {groups = 16} : (tensor<1x16x4x4xf32>, tensor<16x1x1x1xf32>) -> tensor<1x16x4x4xf32>
  %b = graph.conv %x, %w : (tensor<1x16x4x4xf32>, tensor<2x16x1x1xf32>) -> tensor<1x2x4x4xf32>
  %c = graph.conv %b, %few : (tensor<1x2x4x4xf32>, tensor<16x2x1x1xf32>) -> tensor<1x16x4x4xf32>
  func.return %a, %b, %c : tensor<1x16x4x4xf32>, tensor<1x2x4x4xf32>, tensor<1x16x4x4xf32>
}
