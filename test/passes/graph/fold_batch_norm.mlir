// RUN: stepwell-opt %s -p fold-batch-norm | filecheck %s

// a = scale / sqrt(var + epsilon) = [2, 4] multiplies the weights of each output channel;
// the bias becomes 0 * a + bias - mean * a = [1 - 2, 1 - 8].
// CHECK-LABEL: @conv
// CHECK:         %[[W:.*]] = graph.constant dense<{{\[\[\[\[}}6.000000e+00{{\]\]\]}}, {{\[\[\[}}2.000000e+01{{\]\]\]\]}}> : tensor<2x1x1x1xf32>
// CHECK-NEXT:    %[[B:.*]] = graph.constant dense<[-1.000000e+00, -7.000000e+00]> : tensor<2xf32>
// CHECK-NEXT:    %[[Y:.*]] = graph.conv %x, %[[W]], %[[B]] {strides = [2, 2]}
// CHECK-NEXT:    func.return %[[Y]]
func.func @conv(%x: tensor<1x1x4x4xf32>) -> tensor<1x2x2x2xf32> {
  %w = graph.constant dense<[[[[3.0]]], [[[5.0]]]]> : tensor<2x1x1x1xf32>
  %scale = graph.constant dense<[2.0, 4.0]> : tensor<2xf32>
  %one = graph.constant dense<1.0> : tensor<2xf32>
  %mean = graph.constant dense<[1.0, 2.0]> : tensor<2xf32>
  %c = graph.conv %x, %w {strides = [2, 2]} : (tensor<1x1x4x4xf32>, tensor<2x1x1x1xf32>) -> tensor<1x2x2x2xf32>
  %y = graph.batch_norm %c, %scale, %one, %mean, %one {epsilon = 0.0}
    : (tensor<1x2x2x2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) -> tensor<1x2x2x2xf32>
  func.return %y : tensor<1x2x2x2xf32>
}

// A bias that is there already is scaled: 10 * 2 - 1 and 10 * 4 - 7. A transposed convolution has its output channels
// second in the weight.
// CHECK-LABEL: @conv_transpose
// CHECK:         %[[W:.*]] = graph.constant dense<{{\[\[\[\[}}6.000000e+00{{\]\]}}, {{\[\[}}2.000000e+01{{\]\]\]\]}}> : tensor<1x2x1x1xf32>
// CHECK-NEXT:    %[[B:.*]] = graph.constant dense<[1.900000e+01, 3.300000e+01]> : tensor<2xf32>
// CHECK-NEXT:    graph.conv_transpose %x, %[[W]], %[[B]] :
func.func @conv_transpose(%x: tensor<1x1x4x4xf32>) -> tensor<1x2x4x4xf32> {
  %w = graph.constant dense<[[[[3.0]], [[5.0]]]]> : tensor<1x2x1x1xf32>
  %ten = graph.constant dense<10.0> : tensor<2xf32>
  %scale = graph.constant dense<[2.0, 4.0]> : tensor<2xf32>
  %one = graph.constant dense<1.0> : tensor<2xf32>
  %mean = graph.constant dense<[1.0, 2.0]> : tensor<2xf32>
  %c = graph.conv_transpose %x, %w, %ten
    : (tensor<1x1x4x4xf32>, tensor<1x2x1x1xf32>, tensor<2xf32>) -> tensor<1x2x4x4xf32>
  %y = graph.batch_norm %c, %scale, %one, %mean, %one {epsilon = 0.0}
    : (tensor<1x2x4x4xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) -> tensor<1x2x4x4xf32>
  func.return %y : tensor<1x2x4x4xf32>
}

// A fully connected layer: x @ (w * a) + (c * a + b).
// CHECK-LABEL: @matmul
// CHECK:         %[[W:.*]] = graph.constant dense<{{\[\[}}6.000000e+00, 2.000000e+01{{\]\]}}> : tensor<1x2xf32>
// CHECK-NEXT:    %[[B:.*]] = graph.constant dense<[1.900000e+01, 3.300000e+01]> : tensor<2xf32>
// CHECK-NEXT:    %[[P:.*]] = graph.matmul %x, %[[W]]
// CHECK-NEXT:    graph.add %[[P]], %[[B]]
func.func @matmul(%x: tensor<3x1xf32>) -> tensor<3x2xf32> {
  %w = graph.constant dense<[[3.0, 5.0]]> : tensor<1x2xf32>
  %ten = graph.constant dense<10.0> : tensor<2xf32>
  %scale = graph.constant dense<[2.0, 4.0]> : tensor<2xf32>
  %one = graph.constant dense<1.0> : tensor<2xf32>
  %mean = graph.constant dense<[1.0, 2.0]> : tensor<2xf32>
  %m = graph.matmul %x, %w : (tensor<3x1xf32>, tensor<1x2xf32>) -> tensor<3x2xf32>
  %c = graph.add %m, %ten : (tensor<3x2xf32>, tensor<2xf32>) -> tensor<3x2xf32>
  %y = graph.batch_norm %c, %scale, %one, %mean, %one {epsilon = 0.0}
    : (tensor<3x2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) -> tensor<3x2xf32>
  func.return %y : tensor<3x2xf32>
}

// Somebody else sees the convolution's own result, so it must not change: a mul and an add stay.
// CHECK-LABEL: @used_twice
// CHECK:         %c = graph.conv %x, %w :
// CHECK-NEXT:    %[[A:.*]] = graph.constant dense<{{\[\[\[}}2.000000e+00{{\]\]}}, {{\[\[}}4.000000e+00{{\]\]\]}}> : tensor<2x1x1xf32>
// CHECK-NEXT:    %[[B:.*]] = graph.constant dense<{{\[\[\[}}-1.000000e+00{{\]\]}}, {{\[\[}}-7.000000e+00{{\]\]\]}}> : tensor<2x1x1xf32>
// CHECK-NEXT:    %[[P:.*]] = graph.mul %c, %[[A]]
// CHECK-NEXT:    graph.add %[[P]], %[[B]]
func.func @used_twice(%x: tensor<1x1x4x4xf32>) -> (tensor<1x2x4x4xf32>, tensor<1x2x4x4xf32>) {
  %w = graph.constant dense<[[[[3.0]]], [[[5.0]]]]> : tensor<2x1x1x1xf32>
  %scale = graph.constant dense<[2.0, 4.0]> : tensor<2xf32>
  %one = graph.constant dense<1.0> : tensor<2xf32>
  %mean = graph.constant dense<[1.0, 2.0]> : tensor<2xf32>
  %c = graph.conv %x, %w : (tensor<1x1x4x4xf32>, tensor<2x1x1x1xf32>) -> tensor<1x2x4x4xf32>
  %y = graph.batch_norm %c, %scale, %one, %mean, %one {epsilon = 0.0}
    : (tensor<1x2x4x4xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) -> tensor<1x2x4x4xf32>
  func.return %c, %y : tensor<1x2x4x4xf32>, tensor<1x2x4x4xf32>
}

// With parameters that only the run knows, the formula itself.
// CHECK-LABEL: @unknown_parameters
// CHECK-NOT:     graph.batch_norm
// CHECK:         graph.sqrt
// CHECK:         graph.sub %x
// CHECK:         graph.add
func.func @unknown_parameters(%x: tensor<1x2x4x4xf32>, %p: tensor<2xf32>) -> tensor<1x2x4x4xf32> {
  %y = graph.batch_norm %x, %p, %p, %p, %p
    : (tensor<1x2x4x4xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) -> tensor<1x2x4x4xf32>
  func.return %y : tensor<1x2x4x4xf32>
}
