// RUN: stepwell-opt %s -p channels-last | filecheck %s

// Two convolutions with channels last; between them nothing moves: the transposes sink through relu and add, meet the
// next one's, and vanish. The weights are transposed at once, a bias a channel needs no dims behind it any more.
// CHECK-LABEL: @chain
// CHECK-NEXT:    %[[W:.*]] = graph.constant dense_resource<{{.*}}> : tensor<3x3x3x4xf32>
// CHECK:         %[[X:.*]] = graph.transpose %x {perm = [0, 2, 3, 1]} : (tensor<1x3x8x8xf32>) -> tensor<1x8x8x3xf32>
// CHECK-NEXT:    %a = graph.conv %[[X]], %{{.*}} {pads = [1, 1, 1, 1], layout = nhwc} : {{.*}} -> tensor<1x8x8x4xf32>
// CHECK-NEXT:    %b = graph.relu %a : tensor<1x8x8x4xf32>
// CHECK-NOT:     graph.transpose
// CHECK:         %c = graph.add %b, %{{.*}} : (tensor<1x8x8x4xf32>, tensor<4xf32>) -> tensor<1x8x8x4xf32>
// CHECK-NEXT:    %d = graph.max_pool %c {strides = [2, 2], layout = nhwc, kernel = [2, 2]}
// CHECK-NEXT:    %[[Y:.*]] = graph.transpose %d {perm = [0, 3, 1, 2]} : tensor<1x4x4x4xf32>
// CHECK-NEXT:    func.return %[[Y]]
func.func @chain(%x: tensor<1x3x8x8xf32>) -> tensor<1x4x4x4xf32> {
  %w = graph.constant dense<0.5> : tensor<4x3x3x3xf32>
  %bias = graph.constant dense<[[[1.0]], [[2.0]], [[3.0]], [[4.0]]]> : tensor<4x1x1xf32>
  %a = graph.conv %x, %w {pads = [1, 1, 1, 1]} : (tensor<1x3x8x8xf32>, tensor<4x3x3x3xf32>) -> tensor<1x4x8x8xf32>
  %b = graph.relu %a : tensor<1x4x8x8xf32>
  %c = graph.add %b, %bias : (tensor<1x4x8x8xf32>, tensor<4x1x1xf32>) -> tensor<1x4x8x8xf32>
  %d = graph.max_pool %c {kernel = [2, 2], strides = [2, 2]} : (tensor<1x4x8x8xf32>) -> tensor<1x4x4x4xf32>
  func.return %d : tensor<1x4x4x4xf32>
}

// What the model transposed around its convolutions (TensorFlow's way) is gone.
// CHECK-LABEL: @transposed_around
// CHECK-NOT:     graph.transpose
// CHECK:         graph.conv_transpose %x, %{{.*}} {strides = [2, 2], layout = nhwc}
// CHECK-SAME:      (tensor<1x8x8x3xf32>, tensor<2x2x3x4xf32>) -> tensor<1x16x16x4xf32>
// CHECK-NEXT:    func.return
func.func @transposed_around(%x: tensor<1x8x8x3xf32>) -> tensor<1x16x16x4xf32> {
  %w = graph.constant dense<0.5> : tensor<3x4x2x2xf32>
  %t = graph.transpose %x {perm = [0, 3, 1, 2]} : (tensor<1x8x8x3xf32>) -> tensor<1x3x8x8xf32>
  %c = graph.conv_transpose %t, %w {strides = [2, 2]}
    : (tensor<1x3x8x8xf32>, tensor<3x4x2x2xf32>) -> tensor<1x4x16x16xf32>
  %y = graph.transpose %c {perm = [0, 2, 3, 1]} : (tensor<1x4x16x16xf32>) -> tensor<1x16x16x4xf32>
  func.return %y : tensor<1x16x16x4xf32>
}

// Squeeze and excite: the mean has nothing to move but dims of 1, and the flattened result is a reshape.
// CHECK-LABEL: @squeeze_and_excite
// CHECK:         %p = graph.max_pool
// CHECK-NEXT:    %m = graph.reduce mean %p {axes = [1, 2], keepdims} : (tensor<1x4x4x8xf32>) -> tensor<1x1x1x8xf32>
// CHECK-NEXT:    %s = graph.sigmoid %m : tensor<1x1x1x8xf32>
// CHECK-NEXT:    %y = graph.mul %p, %s : (tensor<1x4x4x8xf32>, tensor<1x1x1x8xf32>) -> tensor<1x4x4x8xf32>
// CHECK-NEXT:    %q = graph.reduce max %y {axes = [1, 2], keepdims}
// CHECK-NEXT:    %f = graph.reshape %q : (tensor<1x1x1x8xf32>) -> tensor<1x8xf32>
// CHECK-NEXT:    func.return %f
func.func @squeeze_and_excite(%x: tensor<1x8x8x8xf32>) -> tensor<1x8xf32> {
  %p = graph.max_pool %x {kernel = [2, 2], strides = [2, 2]} : (tensor<1x8x8x8xf32>) -> tensor<1x8x4x4xf32>
  %m = graph.reduce mean %p {axes = [2, 3], keepdims} : (tensor<1x8x4x4xf32>) -> tensor<1x8x1x1xf32>
  %s = graph.sigmoid %m : tensor<1x8x1x1xf32>
  %y = graph.mul %p, %s : (tensor<1x8x4x4xf32>, tensor<1x8x1x1xf32>) -> tensor<1x8x4x4xf32>
  %q = graph.reduce max %y {axes = [2, 3], keepdims} : (tensor<1x8x4x4xf32>) -> tensor<1x8x1x1xf32>
  %f = graph.reshape %q : (tensor<1x8x1x1xf32>) -> tensor<1x8xf32>
  func.return %f : tensor<1x8xf32>
}

// Axes, pads, starts and scales move with their dims.
// CHECK-LABEL: @attributes
// CHECK:         graph.concat %{{.*}} {axis = 3} : {{.*}} -> tensor<1x4x4x16xf32>
// CHECK-NEXT:    graph.pad %{{.*}} {low = [0, 1, 2, 0], high = [0, 0, 0, 0]} : {{.*}} -> tensor<1x5x6x16xf32>
// CHECK-NEXT:    graph.slice %{{.*}} {starts = [0, 1, 2, 3], sizes = [1, 2, 3, 5]} : {{.*}} -> tensor<1x2x3x5xf32>
// CHECK-NEXT:    graph.softmax %{{.*}} {axis = 3} : tensor<1x2x3x5xf32>
// CHECK-NEXT:    graph.resize %{{.*}} : (tensor<1x2x3x5xf32>) -> tensor<1x4x6x5xf32>
// CHECK-NEXT:    graph.transpose %{{.*}} {perm = [0, 3, 1, 2]}
// CHECK-NEXT:    func.return
func.func @attributes(%x: tensor<1x8x8x8xf32>) -> tensor<1x5x4x6xf32> {
  %p = graph.max_pool %x {kernel = [2, 2], strides = [2, 2]} : (tensor<1x8x8x8xf32>) -> tensor<1x8x4x4xf32>
  %c = graph.concat %p, %p {axis = 1} : (tensor<1x8x4x4xf32>, tensor<1x8x4x4xf32>) -> tensor<1x16x4x4xf32>
  %a = graph.pad %c {low = [0, 0, 1, 2], high = [0, 0, 0, 0]} : (tensor<1x16x4x4xf32>) -> tensor<1x16x5x6xf32>
  %s = graph.slice %a {starts = [0, 3, 1, 2], sizes = [1, 5, 2, 3]} : (tensor<1x16x5x6xf32>) -> tensor<1x5x2x3xf32>
  %m = graph.softmax %s {axis = 1} : tensor<1x5x2x3xf32>
  %y = graph.resize %m : (tensor<1x5x2x3xf32>) -> tensor<1x5x4x6xf32>
  func.return %y : tensor<1x5x4x6xf32>
}

// An operand with channels first would need a transpose of its own: one before and one after for one now. It stays.
// CHECK-LABEL: @not_worth_it
// CHECK:         %p = graph.max_pool
// CHECK-NEXT:    %[[T:.*]] = graph.transpose %p
// CHECK-NEXT:    graph.add %[[T]], %z : tensor<1x8x4x4xf32>
func.func @not_worth_it(%x: tensor<1x8x8x8xf32>, %z: tensor<1x8x4x4xf32>) -> tensor<1x8x4x4xf32> {
  %p = graph.max_pool %x {kernel = [2, 2], strides = [2, 2]} : (tensor<1x8x8x8xf32>) -> tensor<1x8x4x4xf32>
  %y = graph.add %p, %z : tensor<1x8x4x4xf32>
  func.return %y : tensor<1x8x4x4xf32>
}

// Unless that transpose is there already, here for the pool: a residual block on what came with channels first.
// CHECK-LABEL: @worth_it
// CHECK:         %[[X:.*]] = graph.transpose %x
// CHECK:         %p = graph.max_pool %[[X]]
// CHECK:         %[[Y:.*]] = graph.add %p, %{{.*}} : tensor<1x8x8x8xf32>
// CHECK-NEXT:    graph.max_pool %[[Y]]
func.func @worth_it(%x: tensor<1x8x8x8xf32>) -> tensor<1x8x4x4xf32> {
  %p = graph.max_pool %x {kernel = [3, 3], pads = [1, 1, 1, 1]} : tensor<1x8x8x8xf32>
  %y = graph.add %p, %x : tensor<1x8x8x8xf32>
  %q = graph.max_pool %y {kernel = [2, 2], strides = [2, 2]} : (tensor<1x8x8x8xf32>) -> tensor<1x8x4x4xf32>
  func.return %q : tensor<1x8x4x4xf32>
}

// Without windows there is nothing to do.
// CHECK-LABEL: @nothing
// CHECK-NEXT:    graph.add %x, %x
// CHECK-NEXT:    func.return
func.func @nothing(%x: tensor<1x3x8x8xf32>) -> tensor<1x3x8x8xf32> {
  %y = graph.add %x, %x : tensor<1x3x8x8xf32>
  func.return %y : tensor<1x3x8x8xf32>
}
