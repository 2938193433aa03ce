// RUN: stepwell-opt %s -p fuse-qdq | filecheck %s

// Bytes are multiplied; what the zero point of the left ones adds is known, and so is the product of the scales.
// CHECK-LABEL: @matmul
// CHECK:         %[[P:.*]] = graph.matmul %x, %w {wide} : (tensor<2x4xui8>, tensor<4x2xi8>) -> tensor<2x2xi32>
// CHECK-DAG:     %[[ZERO:.*]] = graph.constant dense<3> : tensor<i32>
// CHECK-DAG:     %[[SUMS:.*]] = graph.constant dense<{{\[\[}}16, 20]]> : tensor<1x2xi32>
// CHECK:         %[[MOVED:.*]] = graph.mul %[[ZERO]], %[[SUMS]]
// CHECK-NEXT:    %[[I:.*]] = graph.sub %[[P]], %[[MOVED]] : (tensor<2x2xi32>, tensor<1x2xi32>) -> tensor<2x2xi32>
// CHECK-NEXT:    %[[SCALE:.*]] = graph.constant dense<[1.250000e-01, 2.500000e-01]> : tensor<2xf32>
// CHECK-NEXT:    %[[F:.*]] = graph.cast %[[I]] : (tensor<2x2xi32>) -> tensor<2x2xf32>
// CHECK-NEXT:    %y = graph.mul %[[F]], %[[SCALE]]
func.func @matmul(%x: tensor<2x4xui8>) -> tensor<2x2xf32> {
  %xs = graph.constant dense<0.5> : tensor<f32>
  %xz = graph.constant dense<3> : tensor<ui8>
  %w = graph.constant dense<[[1, 2], [3, 4], [5, 6], [7, 8]]> : tensor<4x2xi8>
  %ws = graph.constant dense<[0.25, 0.5]> : tensor<2xf32>
  %a = graph.dequantize %x, %xs, %xz : (tensor<2x4xui8>, tensor<f32>, tensor<ui8>) -> tensor<2x4xf32>
  %b = graph.dequantize %w, %ws : (tensor<4x2xi8>, tensor<2xf32>) -> tensor<4x2xf32>
  %y = graph.matmul %a, %b : (tensor<2x4xf32>, tensor<4x2xf32>) -> tensor<2x2xf32>
  func.return %y : tensor<2x2xf32>
}

// The left bytes of a product have no sign, the right ones have one: each changes together with its zero point.
// CHECK-LABEL: @signs
// CHECK:         %[[UNSIGNED:.*]] = graph.cast %x : (tensor<2x4xi8>) -> tensor<2x4xui8>
// CHECK:         %[[X:.*]] = graph.xor %[[UNSIGNED]], %{{.*}} : (tensor<2x4xui8>, tensor<ui8>) -> tensor<2x4xui8>
// CHECK:         %[[W:.*]] = graph.constant dense<{{.*}}> : tensor<4x1xi8>
// CHECK:         graph.matmul %[[X]], %[[W]] {wide} : (tensor<2x4xui8>, tensor<4x1xi8>) -> tensor<2x1xi32>
func.func @signs(%x: tensor<2x4xi8>) -> tensor<2x1xi32> {
  %w = graph.constant dense<[[1], [100], [200], [255]]> : tensor<4x1xui8>
  %a = graph.cast %x : (tensor<2x4xi8>) -> tensor<2x4xi32>
  %b = graph.cast %w : (tensor<4x1xui8>) -> tensor<4x1xi32>
  %y = graph.matmul %a, %b : (tensor<2x4xi32>, tensor<4x1xi32>) -> tensor<2x1xi32>
  func.return %y : tensor<2x1xi32>
}

// A convolution is padded with its zero point, and its channels are filled up to four. The quantization that follows
// divides no more: the scales of the product have been divided while compiling.
// CHECK-LABEL: @convolution
// CHECK:         %[[PADDED:.*]] = graph.pad %x {low = [0, 0, 1, 1], high = [0, 1, 1, 1], value = 7.0} : (tensor<1x3x4x4xui8>) -> tensor<1x4x6x6xui8>
// CHECK:         %[[P:.*]] = graph.conv %[[PADDED]], %{{.*}}, %{{.*}} {{.*}} : (tensor<1x4x6x6xui8>, tensor<2x4x3x3xi8>, tensor<2xi32>) -> tensor<1x2x4x4xi32>
// CHECK-NEXT:    %[[F:.*]] = graph.cast %[[P]]
// CHECK:         %[[SCALES:.*]] = graph.constant dense<{{\[\[\[}}4.375000e-01{{.*}}> : tensor<2x1x1xf32>
// CHECK:         %[[R:.*]] = graph.mul %[[F]], %[[SCALES]]
// CHECK:         %[[BIAS:.*]] = graph.add %[[R]], %{{.*}} : (tensor<1x2x4x4xf32>, tensor<2x1x1xf32>) -> tensor<1x2x4x4xf32>
// CHECK:         %[[ONE:.*]] = graph.constant dense<1.000000e+00> : tensor<f32>
// CHECK-NEXT:    graph.quantize %[[BIAS]], %[[ONE]], %{{.*}} : (tensor<1x2x4x4xf32>, tensor<f32>, tensor<ui8>) -> tensor<1x2x4x4xui8>
func.func @convolution(%x: tensor<1x3x4x4xui8>) -> tensor<1x2x4x4xui8> {
  %xs = graph.constant dense<0.5> : tensor<f32>
  %xz = graph.constant dense<7> : tensor<ui8>
  %w = graph.constant dense<1> : tensor<2x3x3x3xi8>
  %ws = graph.constant dense<[[[[0.0875]]], [[[0.25]]]]> : tensor<2x1x1x1xf32>
  %c = graph.constant dense<[1.0, 2.0]> : tensor<2xf32>
  %ys = graph.constant dense<0.1> : tensor<f32>
  %a = graph.dequantize %x, %xs, %xz : (tensor<1x3x4x4xui8>, tensor<f32>, tensor<ui8>) -> tensor<1x3x4x4xf32>
  %b = graph.dequantize %w, %ws : (tensor<2x3x3x3xi8>, tensor<2x1x1x1xf32>) -> tensor<2x3x3x3xf32>
  %y = graph.conv %a, %b, %c {pads = [1, 1, 1, 1]} : (tensor<1x3x4x4xf32>, tensor<2x3x3x3xf32>, tensor<2xf32>) -> tensor<1x2x4x4xf32>
  %q = graph.quantize %y, %ys, %xz : (tensor<1x2x4x4xf32>, tensor<f32>, tensor<ui8>) -> tensor<1x2x4x4xui8>
  func.return %q : tensor<1x2x4x4xui8>
}

// What moves bytes moves them as they are, between equal scales.
// CHECK-LABEL: @move
// CHECK-NEXT:    graph.max_pool %x {{.*}} : (tensor<1x2x4x4xui8>) -> tensor<1x2x2x2xui8>
// CHECK-NEXT:    func.return
func.func @move(%x: tensor<1x2x4x4xui8>) -> tensor<1x2x2x2xui8> {
  %s = graph.constant dense<0.5> : tensor<f32>
  %a = graph.dequantize %x, %s : (tensor<1x2x4x4xui8>, tensor<f32>) -> tensor<1x2x4x4xf32>
  %m = graph.max_pool %a {kernel = [2, 2], strides = [2, 2]} : (tensor<1x2x4x4xf32>) -> tensor<1x2x2x2xf32>
  %q = graph.quantize %m, %s : (tensor<1x2x2x2xf32>, tensor<f32>) -> tensor<1x2x2x2xui8>
  func.return %q : tensor<1x2x2x2xui8>
}

// Between other scales it does not.
// CHECK-LABEL: @move_and_scale
// CHECK:         graph.reshape %{{.*}} : (tensor<2x2xf32>) -> tensor<4xf32>
func.func @move_and_scale(%x: tensor<2x2xui8>) -> tensor<4xui8> {
  %s = graph.constant dense<0.5> : tensor<f32>
  %t = graph.constant dense<0.25> : tensor<f32>
  %a = graph.dequantize %x, %s : (tensor<2x2xui8>, tensor<f32>) -> tensor<2x2xf32>
  %m = graph.reshape %a : (tensor<2x2xf32>) -> tensor<4xf32>
  %q = graph.quantize %m, %t : (tensor<4xf32>, tensor<f32>) -> tensor<4xui8>
  func.return %q : tensor<4xui8>
}

// A scale along the dim that is summed is no factor of the sum.
// CHECK-LABEL: @scale_along_the_sum
// CHECK:         graph.matmul %{{.*}}, %{{.*}} : (tensor<2x4xf32>, tensor<4x2xf32>) -> tensor<2x2xf32>
func.func @scale_along_the_sum(%x: tensor<2x4xui8>, %w: tensor<4x2xi8>, %s: tensor<f32>, %ws: tensor<4x1xf32>) -> tensor<2x2xf32> {
  %a = graph.dequantize %x, %s : (tensor<2x4xui8>, tensor<f32>) -> tensor<2x4xf32>
  %b = graph.dequantize %w, %ws : (tensor<4x2xi8>, tensor<4x1xf32>) -> tensor<4x2xf32>
  %y = graph.matmul %a, %b : (tensor<2x4xf32>, tensor<4x2xf32>) -> tensor<2x2xf32>
  func.return %y : tensor<2x2xf32>
}

// Bytes that are only dequantized again have no sign.
// CHECK-LABEL: @drop_sign
// CHECK:         %[[Q:.*]] = graph.quantize %x, %s, %{{.*}} : (tensor<4xf32>, tensor<f32>, tensor<ui8>) -> tensor<4xui8>
// CHECK:         graph.dequantize %[[Q]], %s, %{{.*}} : (tensor<4xui8>, tensor<f32>, tensor<ui8>) -> tensor<4xf32>
func.func @drop_sign(%x: tensor<4xf32>, %s: tensor<f32>) -> tensor<4xf32> {
  %z = graph.constant dense<-5> : tensor<i8>
  %q = graph.quantize %x, %s, %z : (tensor<4xf32>, tensor<f32>, tensor<i8>) -> tensor<4xi8>
  %y = graph.dequantize %q, %s, %z : (tensor<4xi8>, tensor<f32>, tensor<i8>) -> tensor<4xf32>
  func.return %y : tensor<4xf32>
}
