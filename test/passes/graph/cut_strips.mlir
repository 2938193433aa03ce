// RUN: stepwell-opt %s -p "cut-strips{cache=4096}" | filecheck %s

// 18 KB between a convolution and its pool: strips of 2 rows of the result, of 5 padded rows each. The first has the row
// of padding above, and 4 rows of the convolution; the others have 5, of which the first was the last one before.
// CHECK-LABEL: @pool
// CHECK-NEXT:    %[[X0:.*]] = graph.slice %x {starts = [0, 0, 0, 0], sizes = [1, 9, 33, 3]}
// CHECK-NEXT:    %c = graph.conv %[[X0]], %w {strides = [2, 2], layout = nhwc} : {{.*}} -> tensor<1x4x16x16xf32>
// CHECK-NEXT:    %r = graph.relu %c : tensor<1x4x16x16xf32>
// CHECK-NEXT:    %p = graph.pad %r {low = [0, 1, 1, 0], high = [0, 0, 0, 0]} : {{.*}} -> tensor<1x5x17x16xf32>
// CHECK-NEXT:    %y = graph.max_pool %p {strides = [2, 2], layout = nhwc, kernel = [3, 3]} : {{.*}} -> tensor<1x2x8x16xf32>
// CHECK-NEXT:    %[[X1:.*]] = graph.slice %x {starts = [0, 6, 0, 0], sizes = [1, 11, 33, 3]}
// CHECK-NEXT:    %c_1 = graph.conv %[[X1]], %w {strides = [2, 2], layout = nhwc} : {{.*}} -> tensor<1x5x16x16xf32>
// CHECK-NEXT:    %r_1 = graph.relu %c_1
// CHECK-NEXT:    %p_1 = graph.pad %r_1 {low = [0, 0, 1, 0], high = [0, 0, 0, 0]} : {{.*}} -> tensor<1x5x17x16xf32>
// CHECK-NEXT:    %y_1 = graph.max_pool %p_1 {{.*}} -> tensor<1x2x8x16xf32>
// CHECK-NEXT:    graph.slice %x {starts = [0, 14, 0, 0], sizes = [1, 11, 33, 3]}
// CHECK:         graph.slice %x {starts = [0, 22, 0, 0], sizes = [1, 11, 33, 3]}
// CHECK:         %[[Y:.*]] = graph.concat %y, %y_1, %y_2, %y_3 {axis = 1} : {{.*}} -> tensor<1x8x8x16xf32>
// CHECK-NEXT:    func.return %[[Y]]
func.func @pool(%x: tensor<1x33x33x3xf32>, %w: tensor<3x3x3x16xf32>) -> tensor<1x8x8x16xf32> {
  %c = graph.conv %x, %w {strides = [2, 2], layout = nhwc} : (tensor<1x33x33x3xf32>, tensor<3x3x3x16xf32>) -> tensor<1x16x16x16xf32>
  %r = graph.relu %c : tensor<1x16x16x16xf32>
  %p = graph.pad %r {low = [0, 1, 1, 0], high = [0, 0, 0, 0]} : (tensor<1x16x16x16xf32>) -> tensor<1x17x17x16xf32>
  %y = graph.max_pool %p {strides = [2, 2], layout = nhwc, kernel = [3, 3]} : (tensor<1x17x17x16xf32>) -> tensor<1x8x8x16xf32>
  func.return %y : tensor<1x8x8x16xf32>
}

// Winograd's strips are whole tiles, but for the last one, which keeps what completes its tiles; what follows it is cut
// with it. A number a channel is the same for each row.
// CHECK-LABEL: @tiles
// CHECK:         graph.pad %{{.*}} {low = [0, 1, 1, 0], high = [0, 0, 3, 0]}
// CHECK:         graph.winograd_conv %{{.*}} {tile = 4, pads = [0, 0, 0, -2]} : (tensor<1x6x20x16xf32>, {{.*}}) -> tensor<1x4x16x8xf32>
// CHECK-NEXT:    graph.mul %{{.*}}, %s
// CHECK:         graph.pad %{{.*}} {low = [0, 0, 1, 0], high = [0, 0, 3, 0]}
// CHECK:         graph.winograd_conv %{{.*}} -> tensor<1x4x16x8xf32>
// CHECK:         graph.pad %{{.*}} {low = [0, 0, 1, 0], high = [0, 0, 3, 0]}
// CHECK:         graph.winograd_conv %{{.*}} -> tensor<1x4x16x8xf32>
// CHECK:         graph.pad %{{.*}} {low = [0, 0, 1, 0], high = [0, 3, 3, 0]}
// CHECK-NEXT:    graph.winograd_conv %{{.*}} {tile = 4, pads = [0, 0, -2, -2]} : (tensor<1x6x20x16xf32>, {{.*}}) -> tensor<1x2x16x8xf32>
// CHECK-NEXT:    graph.mul %{{.*}}, %s
// CHECK-NEXT:    graph.concat %{{.*}} {axis = 1} : {{.*}} -> tensor<1x14x16x8xf32>
func.func @tiles(%x: tensor<1x14x16x4xf32>, %w: tensor<1x1x4x16xf32>, %u: tensor<36x1x16x8xf32>, %s: tensor<8xf32>) -> tensor<1x14x16x8xf32> {
  %c = graph.conv %x, %w {layout = nhwc} : (tensor<1x14x16x4xf32>, tensor<1x1x4x16xf32>) -> tensor<1x14x16x16xf32>
  %p = graph.pad %c {low = [0, 1, 1, 0], high = [0, 3, 3, 0]} : (tensor<1x14x16x16xf32>) -> tensor<1x18x20x16xf32>
  %y = graph.winograd_conv %p, %u {tile = 4, pads = [0, 0, -2, -2]} : (tensor<1x18x20x16xf32>, tensor<36x1x16x8xf32>) -> tensor<1x14x16x8xf32>
  %z = graph.mul %y, %s : (tensor<1x14x16x8xf32>, tensor<8xf32>) -> tensor<1x14x16x8xf32>
  func.return %z : tensor<1x14x16x8xf32>
}

// What is needed elsewhere, too, is made as a whole.
// CHECK-LABEL: @two_users
// CHECK-NOT:     graph.concat
func.func @two_users(%x: tensor<1x32x32x3xf32>, %w: tensor<1x1x3x16xf32>) -> (tensor<1x16x16x16xf32>, tensor<1x32x32x16xf32>) {
  %c = graph.conv %x, %w {layout = nhwc} : (tensor<1x32x32x3xf32>, tensor<1x1x3x16xf32>) -> tensor<1x32x32x16xf32>
  %y = graph.max_pool %c {strides = [2, 2], layout = nhwc, kernel = [2, 2]} : (tensor<1x32x32x16xf32>) -> tensor<1x16x16x16xf32>
  func.return %y, %c : tensor<1x16x16x16xf32>, tensor<1x32x32x16xf32>
}

// So is what another large tensor is added to.
// CHECK-LABEL: @residual
// CHECK-NOT:     graph.concat
func.func @residual(%x: tensor<1x32x32x3xf32>, %w: tensor<1x1x3x16xf32>, %s: tensor<1x32x32x16xf32>) -> tensor<1x16x16x16xf32> {
  %c = graph.conv %x, %w {layout = nhwc} : (tensor<1x32x32x3xf32>, tensor<1x1x3x16xf32>) -> tensor<1x32x32x16xf32>
  %a = graph.add %c, %s : tensor<1x32x32x16xf32>
  %y = graph.max_pool %a {strides = [2, 2], layout = nhwc, kernel = [2, 2]} : (tensor<1x32x32x16xf32>) -> tensor<1x16x16x16xf32>
  func.return %y : tensor<1x16x16x16xf32>
}

// CHECK-LABEL: @rows_of_lower_rank
// CHECK-NOT:     graph.concat
func.func @rows_of_lower_rank(%x: tensor<1x32x32x3xf32>, %w: tensor<1x1x3x16xf32>, %s: tensor<32x32x16xf32>) -> tensor<1x16x16x16xf32> {
  %c = graph.conv %x, %w {layout = nhwc} : (tensor<1x32x32x3xf32>, tensor<1x1x3x16xf32>) -> tensor<1x32x32x16xf32>
  %a = graph.add %c, %s : (tensor<1x32x32x16xf32>, tensor<32x32x16xf32>) -> tensor<1x32x32x16xf32>
  %y = graph.max_pool %a {strides = [2, 2], layout = nhwc, kernel = [2, 2]} : (tensor<1x32x32x16xf32>) -> tensor<1x16x16x16xf32>
  func.return %y : tensor<1x16x16x16xf32>
}

// A result as large as the tensor is in memory anyway.
// CHECK-LABEL: @as_large
// CHECK-NOT:     graph.concat
func.func @as_large(%x: tensor<1x32x32x3xf32>, %w: tensor<1x1x3x16xf32>, %v: tensor<1x1x16x16xf32>) -> tensor<1x32x32x16xf32> {
  %c = graph.conv %x, %w {layout = nhwc} : (tensor<1x32x32x3xf32>, tensor<1x1x3x16xf32>) -> tensor<1x32x32x16xf32>
  %y = graph.conv %c, %v {layout = nhwc} : (tensor<1x32x32x16xf32>, tensor<1x1x16x16xf32>) -> tensor<1x32x32x16xf32>
  func.return %y : tensor<1x32x32x16xf32>
}

// Each strip would compute three rows again, of 414,720 operations each: more than it is worth.
// CHECK-LABEL: @much_twice
// CHECK-NOT:     graph.concat
func.func @much_twice(%x: tensor<1x22x22x72xf32>, %w: tensor<3x3x72x16xf32>, %v: tensor<5x5x1x16xf32>) -> tensor<1x8x8x16xf32> {
  %c = graph.conv %x, %w {layout = nhwc} : (tensor<1x22x22x72xf32>, tensor<3x3x72x16xf32>) -> tensor<1x20x20x16xf32>
  %y = graph.conv %c, %v {strides = [2, 2], groups = 16, layout = nhwc} : (tensor<1x20x20x16xf32>, tensor<5x5x1x16xf32>) -> tensor<1x8x8x16xf32>
  func.return %y : tensor<1x8x8x16xf32>
}

// Up to four strips fit into the cache together.
// CHECK-LABEL: @small
// CHECK-NOT:     graph.concat
func.func @small(%x: tensor<1x16x16x3xf32>, %w: tensor<1x1x3x16xf32>) -> tensor<1x8x8x16xf32> {
  %c = graph.conv %x, %w {layout = nhwc} : (tensor<1x16x16x3xf32>, tensor<1x1x3x16xf32>) -> tensor<1x16x16x16xf32>
  %y = graph.max_pool %c {strides = [2, 2], layout = nhwc, kernel = [2, 2]} : (tensor<1x16x16x16xf32>) -> tensor<1x8x8x16xf32>
  func.return %y : tensor<1x8x8x16xf32>
}
