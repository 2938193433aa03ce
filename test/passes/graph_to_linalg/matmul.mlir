// RUN: stepwell-opt %s -p graph-to-linalg | filecheck %s

// CHECK-LABEL: @plain
// CHECK:         (d0, d1, d2) -> (d0, d2)>, affine_map<(d0, d1, d2) -> (d2, d1)>, affine_map<(d0, d1, d2) -> (d0, d1)>
// CHECK-SAME:    ["parallel", "parallel", "reduction"]
func.func private @plain(%a: tensor<4x16xf32>, %b: tensor<16x8xf32>) -> tensor<4x8xf32> attributes {stepwell.kernel} {
  %c = graph.matmul %a, %b : (tensor<4x16xf32>, tensor<16x8xf32>) -> tensor<4x8xf32>
  func.return %c : tensor<4x8xf32>
}

// Batch dims of size 1, or not there, are read again and again.
// CHECK-LABEL: @batches
// CHECK:         (d0, d1, d2, d3, d4) -> (d0, 0, d2, d4)>
// CHECK-SAME:    (d0, d1, d2, d3, d4) -> (d1, d4, d3)>
func.func private @batches(%a: tensor<2x1x4x16xf32>, %b: tensor<3x16x8xf32>) -> tensor<2x3x4x8xf32> attributes {stepwell.kernel} {
  %c = graph.matmul %a, %b : (tensor<2x1x4x16xf32>, tensor<3x16x8xf32>) -> tensor<2x3x4x8xf32>
  func.return %c : tensor<2x3x4x8xf32>
}

// Sums of 16-bit floats are kept in f32, and rounded once.
// CHECK-LABEL: @half
// CHECK:         outs(%{{.*}} : tensor<4x8xf32>)
// CHECK:         arith.extf
// CHECK:         arith.truncf %{{.*}} : f32 to bf16
func.func private @half(%a: tensor<4x16xbf16>, %b: tensor<16x8xbf16>) -> tensor<4x8xbf16> attributes {stepwell.kernel} {
  %c = graph.matmul %a, %b : (tensor<4x16xbf16>, tensor<16x8xbf16>) -> tensor<4x8xbf16>
  func.return %c : tensor<4x8xbf16>
}

// Unless they are to stay wide.
// CHECK-LABEL: @wide
// CHECK:         outs(%{{.*}} : tensor<4x8xf32>)
// CHECK:         arith.extf
// CHECK-NOT:     arith.truncf
func.func private @wide(%a: tensor<4x16xbf16>, %b: tensor<16x8xbf16>) -> tensor<4x8xf32> attributes {stepwell.kernel} {
  %c = graph.matmul %a, %b {wide} : (tensor<4x16xbf16>, tensor<16x8xbf16>) -> tensor<4x8xf32>
  func.return %c : tensor<4x8xf32>
}
