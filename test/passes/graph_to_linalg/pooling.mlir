// RUN: stepwell-opt %s -p graph-to-linalg | filecheck %s

// An operand that is never read says how large the window is. Padding is never the largest element.
// CHECK-LABEL: @max
// CHECK:         arith.constant 0xff800000 : f32
// CHECK:         %[[WINDOW:.*]] = tensor.empty() : tensor<3x3xf32>
// CHECK:         (d0, d1, d2, d3, d4, d5) -> (d0, ((d1 * 2) + d4), ((d2 * 2) + d5), d3)>
// CHECK-SAME:    (d0, d1, d2, d3, d4, d5) -> (d4, d5)>
// CHECK-SAME:    ins(%{{.*}}, %[[WINDOW]] : tensor<1x10x10x4xf32>, tensor<3x3xf32>)
// CHECK:           arith.maximumf
func.func private @max(%x: tensor<1x8x8x4xf32>) -> tensor<1x4x4x4xf32> attributes {stepwell.kernel} {
  %y = graph.max_pool %x {strides = [2, 2], pads = [1, 1, 1, 1], layout = nhwc, kernel = [3, 3]} : (tensor<1x8x8x4xf32>) -> tensor<1x4x4x4xf32>
  func.return %y : tensor<1x4x4x4xf32>
}

// Floats of 16 bits are only stored: f32 compares them, and has each of them exactly.
// CHECK-LABEL: @max_of_halves
// CHECK:         ^bb0(%[[X:.*]]: f16, %{{.*}}: f16, %[[Y:.*]]: f16):
// CHECK-NEXT:      %[[A:.*]] = arith.extf %[[Y]] : f16 to f32
// CHECK-NEXT:      %[[B:.*]] = arith.extf %[[X]] : f16 to f32
// CHECK-NEXT:      %[[M:.*]] = arith.maximumf %[[A]], %[[B]] : f32
// CHECK-NEXT:      %[[Z:.*]] = arith.truncf %[[M]] : f32 to f16
// CHECK-NEXT:      linalg.yield %[[Z]] : f16
func.func private @max_of_halves(%x: tensor<1x8x8x4xf16>) -> tensor<1x4x4x4xf16> attributes {stepwell.kernel} {
  %y = graph.max_pool %x {strides = [2, 2], layout = nhwc, kernel = [2, 2]} : (tensor<1x8x8x4xf16>) -> tensor<1x4x4x4xf16>
  func.return %y : tensor<1x4x4x4xf16>
}

// All windows are full: one divisor.
// CHECK-LABEL: @average
// CHECK:         arith.addf
// CHECK:         arith.constant 4.000000e+00 : f32
// CHECK-NEXT:    arith.divf
func.func private @average(%x: tensor<1x4x8x8xf32>) -> tensor<1x4x4x4xf32> attributes {stepwell.kernel} {
  %y = graph.avg_pool %x {strides = [2, 2], kernel = [2, 2]} : (tensor<1x4x8x8xf32>) -> tensor<1x4x4x4xf32>
  func.return %y : tensor<1x4x4x4xf32>
}

// Windows at the edge average over fewer elements: the divisors are a table, which the caller hands in.
// CHECK-LABEL: @average_at_the_edge(%x: tensor<1x3x2xf32>, %{{.*}}: tensor<3xf32>)
// CHECK:         (d0, d1, d2) -> (d1)>
// CHECK:         arith.divf
// CHECK-LABEL: @main
// CHECK:         %[[COUNTS:.*]] = arith.constant dense<[2.000000e+00, 3.000000e+00, 2.000000e+00]> : tensor<3xf32>
// CHECK-NEXT:    func.call @average_at_the_edge(%x, %[[COUNTS]])
func.func private @average_at_the_edge(%x: tensor<1x3x2xf32>) -> tensor<1x3x2xf32> attributes {stepwell.kernel} {
  %y = graph.avg_pool %x {pads = [1, 1], layout = nhwc, kernel = [3]} : tensor<1x3x2xf32>
  func.return %y : tensor<1x3x2xf32>
}
func.func @main(%x: tensor<1x3x2xf32>) -> tensor<1x3x2xf32> {
  %y = func.call @average_at_the_edge(%x) : (tensor<1x3x2xf32>) -> tensor<1x3x2xf32>
  func.return %y : tensor<1x3x2xf32>
}
