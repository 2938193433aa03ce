// RUN: stepwell-opt %s -p graph-to-linalg | filecheck %s

// Channels last: the output's loops, then the window's, then the channels'. The padding is put round x first.
// CHECK-LABEL: @nhwc
// CHECK:         %[[PADDED:.*]] = tensor.insert_slice %x into %{{.*}}[0, 1, 1, 0] [1, 8, 8, 3] [1, 1, 1, 1] : tensor<1x8x8x3xf32> into tensor<1x10x10x3xf32>
// CHECK:         %[[ZERO:.*]] = linalg.fill ins(%{{.*}} : f32) outs(%{{.*}} : tensor<1x4x4x16xf32>)
// CHECK:         linalg.generic {indexing_maps = [
// CHECK-SAME:      (d0, d1, d2, d3, d4, d5, d6) -> (d0, ((d1 * 2) + d4), ((d2 * 2) + d5), d6)>
// CHECK-SAME:      (d0, d1, d2, d3, d4, d5, d6) -> (d4, d5, d6, d3)>
// CHECK-SAME:      (d0, d1, d2, d3, d4, d5, d6) -> (d0, d1, d2, d3)>
// CHECK-SAME:      ["parallel", "parallel", "parallel", "parallel", "reduction", "reduction", "reduction"]
// CHECK-SAME:      ins(%[[PADDED]], %w : {{.*}}) outs(%[[ZERO]] : tensor<1x4x4x16xf32>)
// CHECK:           %[[PRODUCT:.*]] = arith.mulf
// CHECK-NEXT:      arith.addf %{{.*}}, %[[PRODUCT]] : f32
func.func private @nhwc(%x: tensor<1x8x8x3xf32>, %w: tensor<3x3x3x16xf32>) -> tensor<1x4x4x16xf32> attributes {stepwell.kernel} {
  %y = graph.conv %x, %w {strides = [2, 2], pads = [1, 1, 1, 1], layout = nhwc} : (tensor<1x8x8x3xf32>, tensor<3x3x3x16xf32>) -> tensor<1x4x4x16xf32>
  func.return %y : tensor<1x4x4x16xf32>
}

// Channels second; no padding, no padded tensor.
// CHECK-LABEL: @nchw
// CHECK-NOT:     insert_slice
// CHECK:         (d0, d1, d2, d3, d4, d5, d6) -> (d0, d4, (d2 + d5), (d3 + d6))>
// CHECK-SAME:    (d0, d1, d2, d3, d4, d5, d6) -> (d1, d4, d5, d6)>
func.func private @nchw(%x: tensor<1x3x8x8xf32>, %w: tensor<16x3x3x3xf32>) -> tensor<1x16x6x6xf32> attributes {stepwell.kernel} {
  %y = graph.conv %x, %w : (tensor<1x3x8x8xf32>, tensor<16x3x3x3xf32>) -> tensor<1x16x6x6xf32>
  func.return %y : tensor<1x16x6x6xf32>
}

// A window of one element has no loops; the bias is a loop of its own.
// CHECK-LABEL: @pointwise
// CHECK:         (d0, d1, d2, d3, d4) -> (d0, d1, d2, d4)>
// CHECK-SAME:    (d0, d1, d2, d3, d4) -> (0, 0, d4, d3)>
// CHECK:         (d0, d1, d2, d3) -> (d3)>
// CHECK:           arith.addf
func.func private @pointwise(%x: tensor<1x8x8x3xf32>, %w: tensor<1x1x3x16xf32>, %b: tensor<16xf32>) -> tensor<1x8x8x16xf32> attributes {stepwell.kernel} {
  %y = graph.conv %x, %w, %b {layout = nhwc} : (tensor<1x8x8x3xf32>, tensor<1x1x3x16xf32>, tensor<16xf32>) -> tensor<1x8x8x16xf32>
  func.return %y : tensor<1x8x8x16xf32>
}

// Depthwise: the channel is a loop of the output, and only the window is reduced.
// CHECK-LABEL: @depthwise
// CHECK:         (d0, d1, d2, d3, d4, d5) -> (d0, (d1 + d4), (d2 + d5), d3)>
// CHECK-SAME:    (d0, d1, d2, d3, d4, d5) -> (d4, d5, 0, d3)>
// CHECK-SAME:    ["parallel", "parallel", "parallel", "parallel", "reduction", "reduction"]
func.func private @depthwise(%x: tensor<1x8x8x16xf32>, %w: tensor<3x3x1x16xf32>) -> tensor<1x6x6x16xf32> attributes {stepwell.kernel} {
  %y = graph.conv %x, %w {groups = 16, layout = nhwc} : (tensor<1x8x8x16xf32>, tensor<3x3x1x16xf32>) -> tensor<1x6x6x16xf32>
  func.return %y : tensor<1x6x6x16xf32>
}

// Groups: channels are split into group and channel, which are loops of their own.
// CHECK-LABEL: @groups
// CHECK-DAG:     tensor.expand_shape %x {{.*}} : tensor<1x8x8x4xf32> into tensor<1x8x8x2x2xf32>
// CHECK-DAG:     tensor.expand_shape %w {{.*}} : tensor<3x3x2x6xf32> into tensor<3x3x2x2x3xf32>
// CHECK:         (d0, d1, d2, d3, d4, d5, d6, d7) -> (d0, (d1 + d5), (d2 + d6), d3, d7)>
// CHECK-SAME:    (d0, d1, d2, d3, d4, d5, d6, d7) -> (d5, d6, d7, d3, d4)>
// CHECK:         tensor.collapse_shape {{.*}} : tensor<1x6x6x2x3xf32> into tensor<1x6x6x6xf32>
func.func private @groups(%x: tensor<1x8x8x4xf32>, %w: tensor<3x3x2x6xf32>) -> tensor<1x6x6x6xf32> attributes {stepwell.kernel} {
  %y = graph.conv %x, %w {groups = 2, layout = nhwc} : (tensor<1x8x8x4xf32>, tensor<3x3x2x6xf32>) -> tensor<1x6x6x6xf32>
  func.return %y : tensor<1x6x6x6xf32>
}

// Transposed: x with a zero between its elements, read backwards.
// CHECK-LABEL: @transposed
// CHECK:         tensor.insert_slice %x into %{{.*}}[0, 1, 0] [1, 4, 3] [1, 2, 1] : tensor<1x4x3xf32> into tensor<1x9x3xf32>
// CHECK:         (d0, d1, d2, d3, d4) -> (d0, (d1 + ((d3 * -1) + 1)), d4)>
// CHECK-SAME:    (d0, d1, d2, d3, d4) -> (d3, d4, d2)>
func.func private @transposed(%x: tensor<1x4x3xf32>, %w: tensor<2x3x5xf32>) -> tensor<1x8x5xf32> attributes {stepwell.kernel} {
  %y = graph.conv_transpose %x, %w {strides = [2], layout = nhwc} : (tensor<1x4x3xf32>, tensor<2x3x5xf32>) -> tensor<1x8x5xf32>
  func.return %y : tensor<1x8x5xf32>
}
