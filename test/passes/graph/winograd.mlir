// RUN: stepwell-opt %s -p 'winograd{vector-width=4 bytes-per-cycle=2}' --split-input-file | filecheck %s
// RUN: stepwell-opt %s -p 'winograd{vector-width=4 tile=2}' --split-input-file | filecheck %s --check-prefix=FORCED

// Many tiles: those of 4x4 need the fewest products. Panels of 8 output channels, two vectors.
// CHECK-LABEL: @many_tiles
// CHECK-NOT:     graph.conv
// CHECK:         %[[U:.*]] = graph.constant dense_resource<{{.*}}> : tensor<36x2x16x8xf32>
// CHECK:         graph.winograd_conv %x, %[[U]], %b {tile = 4, pads = [1, 1, 1, 1]}
// FORCED-LABEL: @many_tiles
// FORCED:        graph.winograd_conv {{.*}} {tile = 2,
func.func @many_tiles(%x: tensor<1x56x56x16xf32>, %b: tensor<16xf32>) -> tensor<1x56x56x16xf32> {
  %w = graph.constant dense<0.5> : tensor<3x3x16x16xf32>
  %y = graph.conv %x, %w, %b {pads = [1, 1, 1, 1], layout = nhwc} : (tensor<1x56x56x16xf32>, tensor<3x3x16x16xf32>, tensor<16xf32>) -> tensor<1x56x56x16xf32>
  func.return %y : tensor<1x56x56x16xf32>
}

// -----

// Few tiles for weights that come from memory each time: those of 2x2 need less than half as many weights.
// CHECK-LABEL: @few_tiles
// CHECK:         graph.constant dense_resource<{{.*}}> : tensor<16x32x256x8xf32>
// CHECK:         graph.winograd_conv {{.*}} {tile = 2, pads = [1, 1, 1, 1]}
func.func @few_tiles(%x: tensor<1x7x7x256xf32>) -> tensor<1x7x7x256xf32> {
  %w = graph.constant dense<0.5> : tensor<3x3x256x256xf32>
  %y = graph.conv %x, %w {pads = [1, 1, 1, 1], layout = nhwc} : (tensor<1x7x7x256xf32>, tensor<3x3x256x256xf32>) -> tensor<1x7x7x256xf32>
  func.return %y : tensor<1x7x7x256xf32>
}

// -----

// Three channels: the transforms take more than the products that they save.
// CHECK-LABEL: @few_channels
// CHECK:         graph.conv
// FORCED-LABEL: @few_channels
// FORCED:        graph.winograd_conv
func.func @few_channels(%x: tensor<1x56x56x3xf32>) -> tensor<1x56x56x16xf32> {
  %w = graph.constant dense<0.5> : tensor<3x3x3x16xf32>
  %y = graph.conv %x, %w {pads = [1, 1, 1, 1], layout = nhwc} : (tensor<1x56x56x3xf32>, tensor<3x3x3x16xf32>) -> tensor<1x56x56x16xf32>
  func.return %y : tensor<1x56x56x16xf32>
}

// -----

// Not Winograd's kind: strides, dilations, groups, other windows, channels first, fewer output channels than lanes,
// weights that are computed, other elements.
// FORCED-LABEL: @others
// FORCED-NOT:    winograd
func.func @others(%x: tensor<1x8x8x4xf32>, %v: tensor<3x3x4x4xf32>, %h: tensor<1x8x8x4xf64>) {
  %w = graph.constant dense<0.5> : tensor<3x3x4x4xf32>
  %stride = graph.conv %x, %w {strides = [2, 1], pads = [1, 1, 1, 1], layout = nhwc} : (tensor<1x8x8x4xf32>, tensor<3x3x4x4xf32>) -> tensor<1x4x8x4xf32>
  %wide = graph.conv %x, %w {dilations = [2, 2], layout = nhwc} : (tensor<1x8x8x4xf32>, tensor<3x3x4x4xf32>) -> tensor<1x4x4x4xf32>
  %d = graph.constant dense<0.5> : tensor<3x3x1x4xf32>
  %depth = graph.conv %x, %d {layout = nhwc, groups = 4} : (tensor<1x8x8x4xf32>, tensor<3x3x1x4xf32>) -> tensor<1x6x6x4xf32>
  %o = graph.constant dense<0.5> : tensor<1x1x4x4xf32>
  %point = graph.conv %x, %o {layout = nhwc} : (tensor<1x8x8x4xf32>, tensor<1x1x4x4xf32>) -> tensor<1x8x8x4xf32>
  %f = graph.constant dense<0.5> : tensor<4x8x3x3xf32>
  %first = graph.conv %x, %f : (tensor<1x8x8x4xf32>, tensor<4x8x3x3xf32>) -> tensor<1x4x6x2xf32>
  %t = graph.constant dense<0.5> : tensor<3x3x4x3xf32>
  %three = graph.conv %x, %t {layout = nhwc} : (tensor<1x8x8x4xf32>, tensor<3x3x4x3xf32>) -> tensor<1x6x6x3xf32>
  %computed = graph.conv %x, %v {layout = nhwc} : (tensor<1x8x8x4xf32>, tensor<3x3x4x4xf32>) -> tensor<1x6x6x4xf32>
  %g = graph.constant dense<0.5> : tensor<3x3x4x4xf64>
  %double = graph.conv %h, %g {layout = nhwc} : (tensor<1x8x8x4xf64>, tensor<3x3x4x4xf64>) -> tensor<1x6x6x4xf64>
  func.return
}

// -----

// Six output channels, with four lanes: one panel of two vectors, of which the last two lanes are zeros. Ten: three
// panels of one vector, where two of two would leave a whole vector empty.
// FORCED-LABEL: @part_of_a_panel
// FORCED:         graph.constant dense_resource<{{.*}}> : tensor<16x1x4x8xf32>
// FORCED:         graph.winograd_conv %x, %{{.*}} {tile = 2, filters = 6} : {{.*}} -> tensor<1x6x6x6xf32>
// FORCED:         graph.constant dense_resource<{{.*}}> : tensor<16x3x4x4xf32>
// FORCED:         graph.winograd_conv %x, %{{.*}} {tile = 2, filters = 10} : {{.*}} -> tensor<1x6x6x10xf32>
func.func @part_of_a_panel(%x: tensor<1x8x8x4xf32>) -> (tensor<1x6x6x6xf32>, tensor<1x6x6x10xf32>) {
  %w = graph.constant dense<0.5> : tensor<3x3x4x6xf32>
  %y = graph.conv %x, %w {layout = nhwc} : (tensor<1x8x8x4xf32>, tensor<3x3x4x6xf32>) -> tensor<1x6x6x6xf32>
  %v = graph.constant dense<0.5> : tensor<3x3x4x10xf32>
  %z = graph.conv %x, %v {layout = nhwc} : (tensor<1x8x8x4xf32>, tensor<3x3x4x10xf32>) -> tensor<1x6x6x10xf32>
  func.return %y, %z : tensor<1x6x6x6xf32>, tensor<1x6x6x10xf32>
}
