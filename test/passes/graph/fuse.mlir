// RUN: stepwell-opt %s -p fuse | filecheck %s
// RUN: stepwell-opt %s -p fuse{max-ops=2} | filecheck %s --check-prefix=SMALL

// A convolution with what follows it: bias, residual, activation. The number 6 is cloned into the kernel; the weight
// and the bias, which have more than one element, are inputs.
// CHECK-LABEL: @epilogue
// CHECK:         %y = graph.fusion(%{{.*}} = %x, %{{.*}} = %w, %{{.*}} = %b, %{{.*}} = %r)
// CHECK-NEXT:      graph.conv
// CHECK-NEXT:      graph.add
// CHECK-NEXT:      graph.add
// CHECK-NEXT:      %[[SIX:.*]] = graph.constant dense<6.000000e+00>
// CHECK-NEXT:      %[[Y:.*]] = graph.min %{{.*}}, %[[SIX]]
// CHECK-NEXT:      graph.yield %[[Y]]
// CHECK-NEXT:    }
// CHECK-NEXT:    func.return %y
// SMALL-LABEL: @epilogue
// SMALL-COUNT-2: graph.fusion
// SMALL:         func.return
func.func @epilogue(%x: tensor<1x3x8x8xf32>, %r: tensor<1x4x8x8xf32>) -> tensor<1x4x8x8xf32> {
  %w = graph.constant dense_resource<w> : tensor<4x3x1x1xf32>
  %b = graph.constant dense<[[[1.0]], [[2.0]], [[3.0]], [[4.0]]]> : tensor<4x1x1xf32>
  %six = graph.constant dense<6.0> : tensor<f32>
  %c = graph.conv %x, %w : (tensor<1x3x8x8xf32>, tensor<4x3x1x1xf32>) -> tensor<1x4x8x8xf32>
  %d = graph.add %c, %b : (tensor<1x4x8x8xf32>, tensor<4x1x1xf32>) -> tensor<1x4x8x8xf32>
  %e = graph.add %d, %r : tensor<1x4x8x8xf32>
  %y = graph.min %e, %six : (tensor<1x4x8x8xf32>, tensor<f32>) -> tensor<1x4x8x8xf32>
  func.return %y : tensor<1x4x8x8xf32>
}

// x * sigmoid(x): two users of the matmul, both in its own group.
// CHECK-LABEL: @diamond
// CHECK-COUNT-1: graph.fusion
// CHECK:           graph.matmul
// CHECK-NEXT:      graph.sigmoid
// CHECK-NEXT:      graph.mul
// CHECK-NEXT:      graph.yield
func.func @diamond(%a: tensor<4x4xf32>, %b: tensor<4x4xf32>) -> tensor<4x4xf32> {
  %c = graph.matmul %a, %b : tensor<4x4xf32>
  %s = graph.sigmoid %c : tensor<4x4xf32>
  %y = graph.mul %c, %s : tensor<4x4xf32>
  func.return %y : tensor<4x4xf32>
}

// A value that others need too ends its group: the first relu is an input of the second product and of the sum.
// CHECK-LABEL: @shared
// CHECK:         %a = graph.fusion
// CHECK-NEXT:      graph.matmul
// CHECK-NEXT:      graph.relu
// CHECK:         %s = graph.fusion({{.*}} = %a
// CHECK-NEXT:      graph.matmul
// CHECK-NEXT:      graph.add
func.func @shared(%x: tensor<4x4xf32>) -> tensor<4x4xf32> {
  %p = graph.matmul %x, %x : tensor<4x4xf32>
  %a = graph.relu %p : tensor<4x4xf32>
  %q = graph.matmul %a, %a : tensor<4x4xf32>
  %s = graph.add %q, %a : tensor<4x4xf32>
  func.return %s : tensor<4x4xf32>
}

// One anchor a kernel: of two products that are added, one stands alone.
// CHECK-LABEL: @two_anchors
// CHECK:         %p = graph.fusion
// CHECK-NEXT:      graph.matmul
// CHECK-NEXT:      graph.yield
// CHECK:         %s = graph.fusion({{.*}} = %p
// CHECK-NEXT:      graph.matmul
// CHECK-NEXT:      graph.add
func.func @two_anchors(%x: tensor<4x4xf32>, %y: tensor<4x4xf32>) -> tensor<4x4xf32> {
  %p = graph.matmul %x, %y : tensor<4x4xf32>
  %q = graph.matmul %y, %x : tensor<4x4xf32>
  %s = graph.add %p, %q : tensor<4x4xf32>
  func.return %s : tensor<4x4xf32>
}

// A reduction reads each element once, so what computes them may stand before it.
// CHECK-LABEL: @before_softmax
// CHECK-COUNT-1: graph.fusion
// CHECK:           graph.mul
// CHECK-NEXT:      graph.softmax
// CHECK-NEXT:      graph.yield
func.func @before_softmax(%x: tensor<4x4xf32>, %m: tensor<4x4xf32>) -> tensor<4x4xf32> {
  %a = graph.mul %x, %m : tensor<4x4xf32>
  %y = graph.softmax %a {axis = 1} : tensor<4x4xf32>
  func.return %y : tensor<4x4xf32>
}

// A convolution reads them again for each window: what computes them is a kernel of its own.
// CHECK-LABEL: @before_conv
// CHECK:         %a = graph.fusion
// CHECK-NEXT:      graph.relu
// CHECK-NEXT:      graph.yield
// CHECK:         %y = graph.fusion
// CHECK-NEXT:      graph.conv
func.func @before_conv(%x: tensor<1x3x8x8xf32>, %w: tensor<3x3x3x3xf32>) -> tensor<1x3x6x6xf32> {
  %a = graph.relu %x : tensor<1x3x8x8xf32>
  %y = graph.conv %a, %w : (tensor<1x3x8x8xf32>, tensor<3x3x3x3xf32>) -> tensor<1x3x6x6xf32>
  func.return %y : tensor<1x3x6x6xf32>
}

// A factor a channel is computed once a channel, a row of pixels, in the kernel that reads it for each of them.
// CHECK-LABEL: @row_factor
// CHECK-COUNT-1: graph.fusion
// CHECK:           graph.sigmoid %{{.*}} : tensor<1x4x1x1xf32>
// CHECK-NEXT:      graph.mul
// CHECK-NEXT:      graph.yield
func.func @row_factor(%x: tensor<1x4x8x8xf32>, %g: tensor<1x4x1x1xf32>) -> tensor<1x4x8x8xf32> {
  %s = graph.sigmoid %g : tensor<1x4x1x1xf32>
  %y = graph.mul %x, %s : (tensor<1x4x8x8xf32>, tensor<1x4x1x1xf32>) -> tensor<1x4x8x8xf32>
  func.return %y : tensor<1x4x8x8xf32>
}

// What is broadcast along leading dims belongs to no row: it is another kernel.
// CHECK-LABEL: @other_shape
// CHECK:         %s = graph.fusion
// CHECK-NEXT:      graph.sigmoid
// CHECK-NEXT:      graph.yield
// CHECK:         %y = graph.fusion(%{{.*}} = %x, %{{.*}} = %s)
// CHECK-NEXT:      graph.mul
func.func @other_shape(%x: tensor<1x8x8x4xf32>, %g: tensor<4xf32>) -> tensor<1x8x8x4xf32> {
  %s = graph.sigmoid %g : tensor<4xf32>
  %y = graph.mul %x, %s : (tensor<1x8x8x4xf32>, tensor<4xf32>) -> tensor<1x8x8x4xf32>
  func.return %y : tensor<1x8x8x4xf32>
}

// A layer norm: two means a row and what is done with them. The residual before it is the epilogue of the product, which
// by its weight is a kernel of its own.
// CHECK-LABEL: @layer_norm
// CHECK:         %x = graph.fusion
// CHECK-NEXT:      graph.matmul
// CHECK-NEXT:      graph.add
// CHECK-NEXT:      graph.yield
// CHECK:         %y = graph.fusion(%{{.*}} = %x)
// CHECK-NEXT:      graph.reduce mean
// CHECK-NEXT:      graph.sub
// CHECK-NEXT:      graph.mul
// CHECK-NEXT:      graph.reduce mean
// CHECK-NEXT:      graph.rsqrt
// CHECK-NEXT:      %[[Y:.*]] = graph.mul
// CHECK-NEXT:      graph.yield %[[Y]]
func.func @layer_norm(%a: tensor<8x16xf32>, %r: tensor<8x32xf32>) -> tensor<8x32xf32> {
  %w = graph.constant dense_resource<w> : tensor<16x32xf32>
  %p = graph.matmul %a, %w : (tensor<8x16xf32>, tensor<16x32xf32>) -> tensor<8x32xf32>
  %x = graph.add %p, %r : tensor<8x32xf32>
  %m = graph.reduce mean %x {axes = [1], keepdims} : (tensor<8x32xf32>) -> tensor<8x1xf32>
  %c = graph.sub %x, %m : (tensor<8x32xf32>, tensor<8x1xf32>) -> tensor<8x32xf32>
  %q = graph.mul %c, %c : tensor<8x32xf32>
  %v = graph.reduce mean %q {axes = [1], keepdims} : (tensor<8x32xf32>) -> tensor<8x1xf32>
  %s = graph.rsqrt %v : tensor<8x1xf32>
  %y = graph.mul %c, %s : (tensor<8x32xf32>, tensor<8x1xf32>) -> tensor<8x32xf32>
  func.return %y : tensor<8x32xf32>
}

// An attention: each row of scores is made, scaled, masked, normalized and read by the second product. The heads are
// read from, and written to, where they lie beside one another.
// CHECK-LABEL: @attention
// CHECK-COUNT-1: graph.fusion
// CHECK-NEXT:      graph.transpose
// CHECK-NEXT:      graph.transpose
// CHECK-NEXT:      graph.transpose
// CHECK-NEXT:      graph.matmul
// CHECK-NEXT:      graph.constant
// CHECK-NEXT:      graph.mul
// CHECK-NEXT:      graph.add
// CHECK-NEXT:      graph.softmax
// CHECK-NEXT:      graph.matmul
// CHECK-NEXT:      %[[O:.*]] = graph.transpose
// CHECK-NEXT:      graph.yield %[[O]]
// CHECK-NOT:     graph.fusion
func.func @attention(%q: tensor<1x8x2x4xf32>, %k: tensor<1x8x2x4xf32>, %v: tensor<1x8x2x4xf32>,
                     %mask: tensor<1x1x1x8xf32>) -> tensor<1x8x2x4xf32> {
  %scale = graph.constant dense<0.5> : tensor<f32>
  %qh = graph.transpose %q {perm = [0, 2, 1, 3]} : (tensor<1x8x2x4xf32>) -> tensor<1x2x8x4xf32>
  %kh = graph.transpose %k {perm = [0, 2, 3, 1]} : (tensor<1x8x2x4xf32>) -> tensor<1x2x4x8xf32>
  %vh = graph.transpose %v {perm = [0, 2, 1, 3]} : (tensor<1x8x2x4xf32>) -> tensor<1x2x8x4xf32>
  %s = graph.matmul %qh, %kh : (tensor<1x2x8x4xf32>, tensor<1x2x4x8xf32>) -> tensor<1x2x8x8xf32>
  %t = graph.mul %s, %scale : (tensor<1x2x8x8xf32>, tensor<f32>) -> tensor<1x2x8x8xf32>
  %u = graph.add %t, %mask : (tensor<1x2x8x8xf32>, tensor<1x1x1x8xf32>) -> tensor<1x2x8x8xf32>
  %p = graph.softmax %u {axis = 3} : tensor<1x2x8x8xf32>
  %o = graph.matmul %p, %vh : (tensor<1x2x8x8xf32>, tensor<1x2x8x4xf32>) -> tensor<1x2x8x4xf32>
  %y = graph.transpose %o {perm = [0, 2, 1, 3]} : (tensor<1x2x8x4xf32>) -> tensor<1x8x2x4xf32>
  func.return %y : tensor<1x8x2x4xf32>
}

// A right operand that does not stay in the cache is not read once a block of rows: the products are two kernels.
// CHECK-LABEL: @large_panel
// CHECK:         graph.fusion
// CHECK-NEXT:      graph.matmul
// CHECK-NEXT:      graph.yield
// CHECK:         graph.fusion
// CHECK-NEXT:      graph.softmax
// CHECK-NEXT:      graph.matmul
func.func @large_panel(%q: tensor<8x64xf32>, %k: tensor<64x4096xf32>, %v: tensor<4096x4xf32>) -> tensor<8x4xf32> {
  %s = graph.matmul %q, %k : (tensor<8x64xf32>, tensor<64x4096xf32>) -> tensor<8x4096xf32>
  %p = graph.softmax %s {axis = 1} : tensor<8x4096xf32>
  %o = graph.matmul %p, %v : (tensor<8x4096xf32>, tensor<4096x4xf32>) -> tensor<8x4xf32>
  func.return %o : tensor<8x4xf32>
}

// The rows of a right operand are no rows of the result: each of them is read for all.
// CHECK-LABEL: @right_operand
// CHECK:         %p = graph.fusion
// CHECK-NEXT:      graph.softmax
// CHECK-NEXT:      graph.yield
// CHECK:         graph.fusion({{.*}} = %p)
// CHECK-NEXT:      graph.matmul
func.func @right_operand(%x: tensor<8x8xf32>, %y: tensor<8x8xf32>) -> tensor<8x8xf32> {
  %p = graph.softmax %x {axis = 1} : tensor<8x8xf32>
  %o = graph.matmul %y, %p : tensor<8x8xf32>
  func.return %o : tensor<8x8xf32>
}

// A reshape is a view: it stays outside, and parts what it stands between.
// CHECK-LABEL: @view
// CHECK:         %a = graph.fusion
// CHECK:         %v = graph.reshape %a
// CHECK-NEXT:    %y = graph.fusion(%{{.*}} = %v)
func.func @view(%x: tensor<4x4xf32>) -> tensor<16xf32> {
  %a = graph.relu %x : tensor<4x4xf32>
  %v = graph.reshape %a : (tensor<4x4xf32>) -> tensor<16xf32>
  %y = graph.neg %v : tensor<16xf32>
  func.return %y : tensor<16xf32>
}

// A slice is a view, a concatenation and a padding are places that others write into: all stay outside.
// CHECK-LABEL: @places
// CHECK:         %a = graph.fusion
// CHECK:         %s = graph.slice %a
// CHECK-NEXT:    %c = graph.concat %s, %x
// CHECK-NEXT:    %p = graph.pad %c
// CHECK-NEXT:    %y = graph.fusion(%{{.*}} = %p)
func.func @places(%x: tensor<4x4xf32>) -> tensor<8x6xf32> {
  %a = graph.relu %x : tensor<4x4xf32>
  %s = graph.slice %a {starts = [2, 0], sizes = [2, 4]} : (tensor<4x4xf32>) -> tensor<2x4xf32>
  %c = graph.concat %s, %x {axis = 0} : (tensor<2x4xf32>, tensor<4x4xf32>) -> tensor<6x4xf32>
  %p = graph.pad %c {low = [1, 1], high = [1, 1]} : (tensor<6x4xf32>) -> tensor<8x6xf32>
  %y = graph.neg %p : tensor<8x6xf32>
  func.return %y : tensor<8x6xf32>
}

// A slice that goes backwards or whose elements lie apart, and a padding that is not one number, are kernels.
// CHECK-LABEL: @moved
// CHECK:         graph.fusion
// CHECK-NEXT:      graph.slice
// CHECK:         graph.fusion
// CHECK-NEXT:      graph.slice
// CHECK:         graph.fusion
// CHECK-NEXT:      graph.pad
func.func @moved(%x: tensor<4x4xf32>) -> (tensor<4x4xf32>, tensor<4x2xf32>, tensor<4x6xf32>) {
  %a = graph.slice %x {starts = [3, 0], sizes = [4, 4], steps = [-1, 1]} : (tensor<4x4xf32>) -> tensor<4x4xf32>
  %b = graph.slice %x {starts = [0, 0], sizes = [4, 2], steps = [1, 2]} : (tensor<4x4xf32>) -> tensor<4x2xf32>
  %c = graph.pad %x {low = [0, 1], high = [0, 1], mode = reflect} : (tensor<4x4xf32>) -> tensor<4x6xf32>
  func.return %a, %b, %c : tensor<4x4xf32>, tensor<4x2xf32>, tensor<4x6xf32>
}

// Moving elements is work too, and may have an epilogue.
// CHECK-LABEL: @movement
// CHECK-COUNT-1: graph.fusion
// CHECK:           graph.transpose
// CHECK-NEXT:      graph.relu
func.func @movement(%x: tensor<2x4xf32>) -> tensor<4x2xf32> {
  %t = graph.transpose %x {perm = [1, 0]} : (tensor<2x4xf32>) -> tensor<4x2xf32>
  %y = graph.relu %t : tensor<4x2xf32>
  func.return %y : tensor<4x2xf32>
}

// Nothing to compute, nothing to fuse.
// CHECK-LABEL: @nothing
// CHECK-NEXT:    %c = graph.constant
// CHECK-NEXT:    func.return %x, %c
func.func @nothing(%x: tensor<4xf32>) -> (tensor<4xf32>, tensor<f32>) {
  %c = graph.constant dense<1.0> : tensor<f32>
  func.return %x, %c : tensor<4xf32>, tensor<f32>
}

// No kernel reaches into or out of a region of control flow: each region is grouped for itself. What has its place
// (slice_at, update_at) stays outside.
// CHECK-LABEL: @regions
// CHECK-NEXT:    %[[E:.*]] = graph.fusion(%{{.*}} = %x)
// CHECK:         graph.loop
// CHECK-NEXT:      %p = graph.slice_at
// CHECK-NEXT:      %[[N:.*]] = graph.fusion(%{{.*}} = %a, %{{.*}} = %p, %{{.*}} = %[[E]])
// CHECK:           graph.update_at %s, %[[N]]
// CHECK:         graph.fusion
// CHECK-NEXT:      graph.relu
func.func @regions(%x: tensor<4xf32>, %xs: tensor<8xf32>, %n: tensor<i64>) -> (tensor<4xf32>, tensor<8xf32>) {
  %e = graph.exp %x : tensor<4xf32>
  %y, %t = graph.loop %i to %n iter(%a = %x, %s = %xs) : tensor<4xf32>, tensor<8xf32> {
    %p = graph.slice_at %xs, %i {sizes = [4]} : (tensor<8xf32>, tensor<i64>) -> tensor<4xf32>
    %b = graph.add %a, %p : tensor<4xf32>
    %c = graph.mul %b, %e : tensor<4xf32>
    %u = graph.update_at %s, %c, %i : (tensor<8xf32>, tensor<4xf32>, tensor<i64>) -> tensor<8xf32>
    graph.yield %c, %u : tensor<4xf32>, tensor<8xf32>
  }
  %r = graph.relu %y : tensor<4xf32>
  func.return %r, %t : tensor<4xf32>, tensor<8xf32>
}
