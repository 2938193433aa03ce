// RUN: stepwell-opt %s -p graph-to-linalg | filecheck %s

// Each element twice: a loop over the copies, merged into the dim by a view. No table, nothing looked up.
// CHECK-LABEL: @nearest_twice
// CHECK:         affine_map<(d0, d1, d2, d3) -> (d0, d1, d3)>, affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>
// CHECK:         tensor.collapse_shape %{{.*}} : tensor<1x4x2x3xf32> into tensor<1x8x3xf32>
func.func private @nearest_twice(%x: tensor<1x4x3xf32>) -> tensor<1x8x3xf32> attributes {stepwell.kernel} {
  %y = graph.resize %x {coordinate = asymmetric, nearest_mode = floor} : (tensor<1x4x3xf32>) -> tensor<1x8x3xf32>
  func.return %y : tensor<1x8x3xf32>
}

// Every second element.
// CHECK-LABEL: @nearest_half
// CHECK:         affine_map<(d0, d1, d2) -> (d0, (d1 * 2), d2)>
func.func private @nearest_half(%x: tensor<1x8x3xf32>) -> tensor<1x4x3xf32> attributes {stepwell.kernel} {
  %y = graph.resize %x {coordinate = asymmetric, nearest_mode = floor} : (tensor<1x8x3xf32>) -> tensor<1x4x3xf32>
  func.return %y : tensor<1x4x3xf32>
}

// Where there is no rule to them, the indices are a table.
// CHECK-LABEL: @nearest_odd(%x: tensor<5xf32>, %{{.*}}: tensor<3xi64>)
// CHECK:         tensor.extract %x
func.func private @nearest_odd(%x: tensor<5xf32>) -> tensor<3xf32> attributes {stepwell.kernel} {
  %y = graph.resize %x {coordinate = asymmetric, nearest_mode = floor} : (tensor<5xf32>) -> tensor<3xf32>
  func.return %y : tensor<3xf32>
}

// Twice the size by interpolation is a small convolution: of the three neighbours, by weights that depend on whether
// the output element is the even or the odd one.
// CHECK-LABEL: @linear_twice(%x: tensor<4x3xf32>, %{{.*}}: tensor<2x3xf32>)
// CHECK-NOT:     tensor.extract %
// CHECK:         affine_map<(d0, d1, d2, d3) -> ((d0 + d3), d2)>, affine_map<(d0, d1, d2, d3) -> (d1, d3)>
// CHECK-SAME:    ["parallel", "parallel", "parallel", "reduction"]
// CHECK:         tensor.collapse_shape %{{.*}} : tensor<4x2x3xf32> into tensor<8x3xf32>
func.func private @linear_twice(%x: tensor<4x3xf32>) -> tensor<8x3xf32> attributes {stepwell.kernel} {
  %y = graph.resize %x {mode = linear} : (tensor<4x3xf32>) -> tensor<8x3xf32>
  func.return %y : tensor<8x3xf32>
}

// Any other size: two neighbours and their weights, from tables.
// CHECK-LABEL: @linear_odd(%x: tensor<5x3xf32>, %{{.*}}: tensor<7x2xi64>, %{{.*}}: tensor<7x2xf32>)
// CHECK:         tensor.extract %x
func.func private @linear_odd(%x: tensor<5x3xf32>) -> tensor<7x3xf32> attributes {stepwell.kernel} {
  %y = graph.resize %x {mode = linear} : (tensor<5x3xf32>) -> tensor<7x3xf32>
  func.return %y : tensor<7x3xf32>
}
