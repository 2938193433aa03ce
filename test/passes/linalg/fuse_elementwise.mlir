// RUN: stepwell-opt %s -p graph-to-linalg,fuse-elementwise | filecheck %s

// What follows a convolution is one loop; the convolution itself stays apart.
// CHECK-LABEL: @epilogue
// CHECK:         %[[CONV:.*]] = linalg.generic
// CHECK:           arith.mulf
// CHECK-NEXT:      arith.addf
// CHECK-NEXT:      linalg.yield
// CHECK:         linalg.generic {indexing_maps = [affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>, affine_map<(d0, d1, d2, d3) -> (d3)>, affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>, affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>]
// CHECK-SAME:      ins(%[[CONV]], %b, %r : {{.*}})
// CHECK-NEXT:    ^bb0
// CHECK-NEXT:      arith.addf
// CHECK-NEXT:      arith.addf
// CHECK-NEXT:      arith.constant
// CHECK-NEXT:      arith.maximumf
// CHECK-NEXT:      linalg.yield
// CHECK-NOT:     linalg.generic
func.func private @epilogue(%x: tensor<1x4x4x3xf32>, %w: tensor<1x1x3x8xf32>, %b: tensor<8xf32>, %r: tensor<1x4x4x8xf32>) -> tensor<1x4x4x8xf32> attributes {stepwell.kernel} {
  %0 = graph.conv %x, %w, %b {layout = nhwc} : (tensor<1x4x4x3xf32>, tensor<1x1x3x8xf32>, tensor<8xf32>) -> tensor<1x4x4x8xf32>
  %1 = graph.add %0, %r : tensor<1x4x4x8xf32>
  %2 = graph.relu %1 : tensor<1x4x4x8xf32>
  func.return %2 : tensor<1x4x4x8xf32>
}

// An elementwise op merges into the sum over its result: each element is still computed once.
// CHECK-LABEL: @into_a_sum
// CHECK:         linalg.generic {{.*}} ["parallel", "reduction"]
// CHECK:           math.exp
// CHECK-NEXT:      arith.addf
// CHECK-NOT:     linalg.generic
func.func private @into_a_sum(%x: tensor<4x8xf32>) -> tensor<4xf32> attributes {stepwell.kernel} {
  %0 = graph.exp %x : tensor<4x8xf32>
  %1 = graph.reduce sum %0 {axes = [1]} : (tensor<4x8xf32>) -> tensor<4xf32>
  func.return %1 : tensor<4xf32>
}

// It does not merge into a product, which reads each element many times...
// CHECK-LABEL: @not_into_a_product
// CHECK:         math.exp
// CHECK-NEXT:    linalg.yield
// CHECK:         arith.mulf
func.func private @not_into_a_product(%a: tensor<4x8xf32>, %b: tensor<8x4xf32>) -> tensor<4x4xf32> attributes {stepwell.kernel} {
  %0 = graph.exp %a : tensor<4x8xf32>
  %1 = graph.matmul %0, %b : (tensor<4x8xf32>, tensor<8x4xf32>) -> tensor<4x4xf32>
  func.return %1 : tensor<4x4xf32>
}

// A transpose does, if it leaves the elements along the last dim together: they read as fast where they lay.
// CHECK-LABEL: @moved_runs
// CHECK:         linalg.generic {indexing_maps = [affine_map<(d0, d1, d2, d3) -> (d1, d0, d3)>, affine_map<(d0, d1, d2, d3) -> (d0, d3, d2)>, affine_map<(d0, d1, d2, d3) -> (d0, d1, d2)>]
// CHECK-SAME:      ins(%a, %b :
// CHECK-NOT:     linalg.generic
func.func private @moved_runs(%a: tensor<4x2x8xf32>, %b: tensor<2x8x16xf32>) -> tensor<2x4x16xf32> attributes {stepwell.kernel} {
  %0 = graph.transpose %a {perm = [1, 0, 2]} : (tensor<4x2x8xf32>) -> tensor<2x4x8xf32>
  %1 = graph.matmul %0, %b : (tensor<2x4x8xf32>, tensor<2x8x16xf32>) -> tensor<2x4x16xf32>
  func.return %1 : tensor<2x4x16xf32>
}

// One that parts them is carried out once, before the product reads each of them many times.
// CHECK-LABEL: @parted_runs
// CHECK:         %[[T:.*]] = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d1, d0)>, affine_map<(d0, d1) -> (d0, d1)>]
// CHECK:         linalg.generic
// CHECK-SAME:      ins(%a, %[[T]] :
func.func private @parted_runs(%a: tensor<4x8xf32>, %b: tensor<16x8xf32>) -> tensor<4x16xf32> attributes {stepwell.kernel} {
  %0 = graph.transpose %b {perm = [1, 0]} : (tensor<16x8xf32>) -> tensor<8x16xf32>
  %1 = graph.matmul %a, %0 : (tensor<4x8xf32>, tensor<8x16xf32>) -> tensor<4x16xf32>
  func.return %1 : tensor<4x16xf32>
}

// ...nor into a broadcast of it...
// CHECK-LABEL: @not_into_a_broadcast
// CHECK:         math.exp
// CHECK-NEXT:    linalg.yield
// CHECK:         arith.mulf
func.func private @not_into_a_broadcast(%a: tensor<8xf32>, %b: tensor<4x8xf32>) -> tensor<4x8xf32> attributes {stepwell.kernel} {
  %0 = graph.exp %a : tensor<8xf32>
  %1 = graph.mul %0, %b : (tensor<8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
  func.return %1 : tensor<4x8xf32>
}

// ...nor where something else reads it too.
// CHECK-LABEL: @two_readers
// CHECK-COUNT-2: linalg.generic
// CHECK-NOT:     linalg.generic
func.func private @two_readers(%x: tensor<8xf32>) -> (tensor<8xf32>, tensor<8xf32>) attributes {stepwell.kernel} {
  %0 = graph.exp %x : tensor<8xf32>
  %1 = graph.relu %0 : tensor<8xf32>
  func.return %0, %1 : tensor<8xf32>, tensor<8xf32>
}

// Two ways from one tensor to one op: all merge, and x is read once.
// CHECK-LABEL: @diamond
// CHECK:         linalg.generic {{.*}} ins(%x : tensor<8xf32>)
// CHECK-NOT:     linalg.generic
func.func private @diamond(%x: tensor<8xf32>) -> tensor<8xf32> attributes {stepwell.kernel} {
  %0 = graph.sigmoid %x : tensor<8xf32>
  %1 = graph.exp %0 : tensor<8xf32>
  %2 = graph.sin %0 : tensor<8xf32>
  %3 = graph.mul %1, %2 : tensor<8xf32>
  %4 = graph.mul %3, %x : tensor<8xf32>
  func.return %4 : tensor<8xf32>
}

// A transposition on the way is a map; what a body asks of its loops is asked of the reader's.
// CHECK-LABEL: @through_a_transpose
// CHECK:         linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0)>
// CHECK:           %[[ROW:.*]] = linalg.index 1 : index
// CHECK-NEXT:      tensor.extract %x[%[[ROW]], %{{.*}}] : tensor<4x8xf32>
// CHECK:           math.exp
// CHECK-NOT:     linalg.generic
func.func private @through_a_transpose(%x: tensor<4x8xf32>, %i: tensor<3xi64>) -> tensor<3x4xf32> attributes {stepwell.kernel} {
  %0 = graph.gather %x, %i {axis = 1} : (tensor<4x8xf32>, tensor<3xi64>) -> tensor<4x3xf32>
  %1 = graph.transpose %0 {perm = [1, 0]} : (tensor<4x3xf32>) -> tensor<3x4xf32>
  %2 = graph.exp %1 : tensor<3x4xf32>
  func.return %2 : tensor<3x4xf32>
}

// A view that puts dims of size 1 back does not stand in the way: mean and sigmoid are one loop.
// CHECK-LABEL: @through_a_view
// CHECK-COUNT-2: linalg.generic
// CHECK:           arith.divf
// CHECK:           math.exp
// CHECK-NOT:     linalg.generic
func.func private @through_a_view(%x: tensor<1x4x4x8xf32>) -> tensor<1x1x1x8xf32> attributes {stepwell.kernel} {
  %0 = graph.reduce mean %x {axes = [1, 2], keepdims} : (tensor<1x4x4x8xf32>) -> tensor<1x1x1x8xf32>
  %1 = graph.sigmoid %0 : tensor<1x1x1x8xf32>
  func.return %1 : tensor<1x1x1x8xf32>
}

// What turns x round stays apart from a sum over it: of the loop over the dim, read at 7 - d1 alone, nothing would say
// how far it runs.
// CHECK-LABEL: @backwards
// CHECK:         affine_map<(d0, d1) -> (d0, ((d1 * -1) + 7))>
// CHECK:         linalg.generic {{.*}} ["parallel", "reduction"]
func.func private @backwards(%x: tensor<4x8xf32>) -> tensor<4xf32> attributes {stepwell.kernel} {
  %0 = graph.slice %x {starts = [0, 7], sizes = [4, 8], steps = [1, -1]} : tensor<4x8xf32>
  %1 = graph.reduce sum %0 {axes = [1]} : (tensor<4x8xf32>) -> tensor<4xf32>
  func.return %1 : tensor<4xf32>
}

// A filled tensor is read as its number, and goes.
// CHECK-LABEL: @reads_a_fill
// CHECK-NOT:     linalg.fill
// CHECK:           arith.constant 2.000000e+00 : f32
// CHECK-NOT:     linalg.fill
func.func private @reads_a_fill(%x: tensor<4xf32>) -> tensor<4xf32> attributes {stepwell.kernel} {
  %c = graph.constant dense<2.0> : tensor<f32>
  %0 = graph.broadcast_to %c : (tensor<f32>) -> tensor<4xf32>
  %1 = graph.add %x, %0 : tensor<4xf32>
  func.return %1 : tensor<4xf32>
}
