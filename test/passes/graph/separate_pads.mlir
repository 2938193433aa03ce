// RUN: stepwell-opt %s -p separate-pads | filecheck %s

// The padding of a convolution becomes an op on its input; in either layout.
// CHECK-LABEL: @conv
// CHECK-NEXT:    %[[P:.*]] = graph.pad %x {low = [0, 1, 2, 0], high = [0, 1, 2, 0]} : (tensor<1x8x8x4xf32>) -> tensor<1x10x12x4xf32>
// CHECK-NEXT:    graph.conv %[[P]], %w {layout = nhwc} :
func.func @conv(%x: tensor<1x8x8x4xf32>, %w: tensor<3x5x4x16xf32>) -> tensor<1x8x8x16xf32> {
  %y = graph.conv %x, %w {pads = [1, 2, 1, 2], layout = nhwc}
    : (tensor<1x8x8x4xf32>, tensor<3x5x4x16xf32>) -> tensor<1x8x8x16xf32>
  func.return %y : tensor<1x8x8x16xf32>
}

// CHECK-LABEL: @channels_first
// CHECK-NEXT:    %[[P:.*]] = graph.pad %x {low = [0, 0, 1, 1], high = [0, 0, 1, 1]}
// CHECK-NEXT:    graph.conv %[[P]], %w, %b :
func.func @channels_first(%x: tensor<1x4x8x8xf32>, %w: tensor<16x4x3x3xf32>, %b: tensor<16xf32>) -> tensor<1x16x8x8xf32> {
  %y = graph.conv %x, %w, %b {pads = [1, 1, 1, 1]}
    : (tensor<1x4x8x8xf32>, tensor<16x4x3x3xf32>, tensor<16xf32>) -> tensor<1x16x8x8xf32>
  func.return %y : tensor<1x16x8x8xf32>
}

// Four windows of 3 with stride 2 from -1 on reach to element 7: of the padding at the end of 8 they see nothing.
// CHECK-LABEL: @unseen
// CHECK-NEXT:    graph.pad %x {low = [0, 1, 1, 0], high = [0, 0, 0, 0]} : (tensor<1x8x8x4xf32>) -> tensor<1x9x9x4xf32>
// CHECK-NEXT:    graph.conv {{.*}} {strides = [2, 2], layout = nhwc} :
func.func @unseen(%x: tensor<1x8x8x4xf32>, %w: tensor<3x3x4x16xf32>) -> tensor<1x4x4x16xf32> {
  %y = graph.conv %x, %w {strides = [2, 2], pads = [1, 1, 1, 1], layout = nhwc}
    : (tensor<1x8x8x4xf32>, tensor<3x3x4x16xf32>) -> tensor<1x4x4x16xf32>
  func.return %y : tensor<1x4x4x16xf32>
}

// Winograd's tiles are whole: two of 4x4 cover the 7 rows and columns of the result, and the padding with them. What is
// padded for that alone is left out of the result by pads below 0.
// CHECK-LABEL: @winograd
// CHECK-NEXT:    %[[P:.*]] = graph.pad %x {low = [0, 1, 1, 0], high = [0, 2, 2, 0]} : (tensor<1x7x7x4xf32>) -> tensor<1x10x10x4xf32>
// CHECK-NEXT:    graph.winograd_conv %[[P]], %u {tile = 4, pads = [0, 0, -1, -1]} : {{.*}} -> tensor<1x7x7x16xf32>
func.func @winograd(%x: tensor<1x7x7x4xf32>, %u: tensor<36x1x4x16xf32>) -> tensor<1x7x7x16xf32> {
  %y = graph.winograd_conv %x, %u {tile = 4, pads = [1, 1, 1, 1]}
    : (tensor<1x7x7x4xf32>, tensor<36x1x4x16xf32>) -> tensor<1x7x7x16xf32>
  func.return %y : tensor<1x7x7x16xf32>
}

// Padding is never the largest: it holds the lowest number of the type.
// CHECK-LABEL: @max_pool
// CHECK-NEXT:    %[[P:.*]] = graph.pad %x {low = [0, 0, 1, 1], high = [0, 0, 1, 1], value = -inf}
// CHECK-NEXT:    graph.max_pool %[[P]] {kernel = [3, 3]} :
// CHECK-NEXT:    graph.pad %i {{.*}} value = -128.0}
func.func @max_pool(%x: tensor<1x4x8x8xf32>, %i: tensor<1x4x8x8xi8>) -> (tensor<1x4x8x8xf32>, tensor<1x4x8x8xi8>) {
  %y = graph.max_pool %x {kernel = [3, 3], pads = [1, 1, 1, 1]} : tensor<1x4x8x8xf32>
  %j = graph.max_pool %i {kernel = [3, 3], pads = [1, 1, 1, 1]} : tensor<1x4x8x8xi8>
  func.return %y, %j : tensor<1x4x8x8xf32>, tensor<1x4x8x8xi8>
}

// With ceil_mode the last windows of a maximum reach beyond what was asked for: that much is padded.
// CHECK-LABEL: @ceil_mode
// CHECK-NEXT:    %[[P:.*]] = graph.pad %x {low = [0, 0, 0, 0], high = [0, 0, 1, 1], value = -inf} : (tensor<1x4x8x8xf32>) -> tensor<1x4x9x9xf32>
// CHECK-NEXT:    graph.max_pool %[[P]] {strides = [2, 2], kernel = [3, 3]} :
func.func @ceil_mode(%x: tensor<1x4x8x8xf32>) -> tensor<1x4x4x4xf32> {
  %y = graph.max_pool %x {kernel = [3, 3], strides = [2, 2], ceil_mode} : (tensor<1x4x8x8xf32>) -> tensor<1x4x4x4xf32>
  func.return %y : tensor<1x4x4x4xf32>
}

// A mean may count its padding as zeros; one that does not must know what is padding, so it keeps it. So does one
// whose last windows reach beyond the padding, for that does not count.
// CHECK-LABEL: @avg_pool
// CHECK-NEXT:    %[[P:.*]] = graph.pad %x {low = [0, 0, 1, 1], high = [0, 0, 1, 1]} :
// CHECK-NEXT:    graph.avg_pool %[[P]] {kernel = [3, 3], count_include_pad} :
// CHECK-NEXT:    graph.avg_pool %x {pads = [1, 1, 1, 1], kernel = [3, 3]} :
// CHECK-NEXT:    graph.avg_pool %x {{.*}}pads = [1, 1, 1, 1], {{.*}}ceil_mode
func.func @avg_pool(%x: tensor<1x4x8x8xf32>) -> (tensor<1x4x8x8xf32>, tensor<1x4x8x8xf32>, tensor<1x4x5x5xf32>) {
  %a = graph.avg_pool %x {kernel = [3, 3], pads = [1, 1, 1, 1], count_include_pad} : tensor<1x4x8x8xf32>
  %b = graph.avg_pool %x {kernel = [3, 3], pads = [1, 1, 1, 1]} : tensor<1x4x8x8xf32>
  %c = graph.avg_pool %x {kernel = [3, 3], strides = [2, 2], pads = [1, 1, 1, 1], count_include_pad, ceil_mode}
    : (tensor<1x4x8x8xf32>) -> tensor<1x4x5x5xf32>
  func.return %a, %b, %c : tensor<1x4x8x8xf32>, tensor<1x4x8x8xf32>, tensor<1x4x5x5xf32>
}

// Nothing to separate: no pads, or pads that take away.
// CHECK-LABEL: @stays
// CHECK-NOT:     graph.pad
func.func @stays(%x: tensor<1x4x8x8xf32>, %w: tensor<16x4x3x3xf32>) -> (tensor<1x16x6x6xf32>, tensor<1x16x4x4xf32>) {
  %y = graph.conv %x, %w : (tensor<1x4x8x8xf32>, tensor<16x4x3x3xf32>) -> tensor<1x16x6x6xf32>
  %z = graph.conv %x, %w {pads = [-1, -1, -1, -1]} : (tensor<1x4x8x8xf32>, tensor<16x4x3x3xf32>) -> tensor<1x16x4x4xf32>
  func.return %y, %z : tensor<1x16x6x6xf32>, tensor<1x16x4x4xf32>
}
