// RUN: stepwell-opt %s -p graph-to-linalg | filecheck %s

// The loops are those of the output; the map says where each element comes from.
// CHECK-LABEL: @transpose
// CHECK:         affine_map<(d0, d1, d2) -> (d1, d2, d0)>, affine_map<(d0, d1, d2) -> (d0, d1, d2)>
// CHECK:         ^bb0(%[[X:.*]]: f32, %{{.*}}: f32):
// CHECK-NEXT:      linalg.yield %[[X]] : f32
func.func private @transpose(%x: tensor<2x3x4xf32>) -> tensor<4x2x3xf32> attributes {stepwell.kernel} {
  %y = graph.transpose %x {perm = [2, 0, 1]} : (tensor<2x3x4xf32>) -> tensor<4x2x3xf32>
  func.return %y : tensor<4x2x3xf32>
}

// A slice forwards, then the loop that turns round what goes backwards: 7, 5, 3, 1.
// CHECK-LABEL: @slice
// CHECK:         tensor.extract_slice %x[1, 2] [4, 3] [2, 1] : tensor<8x8xf32> to tensor<4x3xf32>
// CHECK:         affine_map<(d0, d1) -> (((d0 * -1) + 3), d1)>
func.func private @slice(%x: tensor<8x8xf32>) -> tensor<4x3xf32> attributes {stepwell.kernel} {
  %y = graph.slice %x {starts = [7, 2], sizes = [4, 3], steps = [-2, 1]} : (tensor<8x8xf32>) -> tensor<4x3xf32>
  func.return %y : tensor<4x3xf32>
}

// CHECK-LABEL: @concat
// CHECK:         %[[E:.*]] = tensor.empty() : tensor<2x7xf32>
// CHECK-NEXT:    %[[A:.*]] = tensor.insert_slice %a into %[[E]][0, 0] [2, 4] [1, 1]
// CHECK-NEXT:    %[[B:.*]] = tensor.insert_slice %b into %[[A]][0, 4] [2, 3] [1, 1]
// CHECK-NEXT:    func.return %[[B]]
func.func private @concat(%a: tensor<2x4xf32>, %b: tensor<2x3xf32>) -> tensor<2x7xf32> attributes {stepwell.kernel} {
  %y = graph.concat %a, %b {axis = 1} : (tensor<2x4xf32>, tensor<2x3xf32>) -> tensor<2x7xf32>
  func.return %y : tensor<2x7xf32>
}

// CHECK-LABEL: @pad
// CHECK:         arith.constant 1.500000e+00 : f32
// CHECK:         linalg.fill
// CHECK:         tensor.insert_slice %x into %{{.*}}[2] [4] [1]
func.func private @pad(%x: tensor<4xf32>) -> tensor<9xf32> attributes {stepwell.kernel} {
  %y = graph.pad %x {low = [2], high = [3], value = 1.5} : (tensor<4xf32>) -> tensor<9xf32>
  func.return %y : tensor<9xf32>
}

// Reflected at both ends: |i - 2|, then 3 - |3 - that|.
// CHECK-LABEL: @reflect
// CHECK:         math.absi
// CHECK:         math.absi
// CHECK:         tensor.extract %x[%{{.*}}] : tensor<4xf32>
func.func private @reflect(%x: tensor<4xf32>) -> tensor<8xf32> attributes {stepwell.kernel} {
  %y = graph.pad %x {low = [2], high = [2], mode = reflect} : (tensor<4xf32>) -> tensor<8xf32>
  func.return %y : tensor<8xf32>
}

// An index counts from the end where it is negative, and is moved inside where it is not.
// CHECK-LABEL: @gather
// CHECK:         ins(%i : tensor<3xi64>) outs(%{{.*}} : tensor<2x3xf32>)
// CHECK:           arith.cmpi slt
// CHECK:           arith.maxsi
// CHECK:           arith.minsi
// CHECK:           tensor.extract %x[%{{.*}}, %{{.*}}] : tensor<2x8xf32>
func.func private @gather(%x: tensor<2x8xf32>, %i: tensor<3xi64>) -> tensor<2x3xf32> attributes {stepwell.kernel} {
  %y = graph.gather %x, %i {axis = 1} : (tensor<2x8xf32>, tensor<3xi64>) -> tensor<2x3xf32>
  func.return %y : tensor<2x3xf32>
}

// An index that is known needs no look-up.
// CHECK-LABEL: @gather_last
// CHECK-NOT:     tensor.extract
// CHECK:         affine_map<(d0) -> (d0, 7)>
func.func private @gather_last(%x: tensor<2x8xf32>) -> tensor<2xf32> attributes {stepwell.kernel} {
  %i = graph.constant dense<-1> : tensor<i64>
  %y = graph.gather %x, %i {axis = 1} : (tensor<2x8xf32>, tensor<i64>) -> tensor<2xf32>
  func.return %y : tensor<2xf32>
}

// A reshape is a view: dims merged, or split, or both by way of one dim; none where nothing changes.
// CHECK-LABEL: @merge
// CHECK:         tensor.collapse_shape %x [[0 : i64, 1 : i64], [2 : i64]] : tensor<2x3x4xf32> into tensor<6x4xf32>
// CHECK-LABEL: @both
// CHECK:         tensor.collapse_shape %x [[0 : i64, 1 : i64, 2 : i64]] : tensor<2x3x4xf32> into tensor<24xf32>
// CHECK-NEXT:    tensor.expand_shape %{{.*}} [[0 : i64, 1 : i64]] output_shape [8, 3] : tensor<24xf32> into tensor<8x3xf32>
// CHECK-LABEL: @same
// CHECK-NEXT:    func.return %x
func.func private @merge(%x: tensor<2x3x4xf32>) -> tensor<6x4xf32> attributes {stepwell.kernel} {
  %y = graph.reshape %x : (tensor<2x3x4xf32>) -> tensor<6x4xf32>
  func.return %y : tensor<6x4xf32>
}
func.func private @both(%x: tensor<2x3x4xf32>) -> tensor<8x3xf32> attributes {stepwell.kernel} {
  %y = graph.reshape %x : (tensor<2x3x4xf32>) -> tensor<8x3xf32>
  func.return %y : tensor<8x3xf32>
}
func.func private @same(%x: tensor<2x3xf32>) -> tensor<2x3xf32> attributes {stepwell.kernel} {
  %y = graph.reshape %x : tensor<2x3xf32>
  func.return %y : tensor<2x3xf32>
}
