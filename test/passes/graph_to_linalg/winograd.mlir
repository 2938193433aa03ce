// RUN: stepwell-opt %s -p graph-to-linalg | filecheck %s

// Tiles of 2x2: 2 x 3 of them cover the 4x5 outputs, so that x, 4x5, is padded to 6x8 (and one row of outputs cut off).
// CHECK-LABEL: @k
// CHECK:         %[[PADDED:.*]] = tensor.insert_slice %x into %{{.*}}[0, 1, 1, 0] [1, 4, 5, 8] [1, 1, 1, 1] : tensor<1x4x5x8xf32> into tensor<1x6x8x8xf32>
// The input's transform reads the 16 elements of a window and gives 16 results.
// CHECK:         %[[V0:.*]] = tensor.empty() : tensor<16x1x2x3x8xf32>
// CHECK:         linalg.generic {indexing_maps = [affine_map<(d0, d1, d2, d3) -> (d0, (d1 * 2), (d2 * 2), d3)>,
// CHECK-SAME:      affine_map<(d0, d1, d2, d3) -> (d0, ((d1 * 2) + 3), ((d2 * 2) + 3), d3)>
// CHECK-SAME:      iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%[[PADDED]], %[[PADDED]],
// 8 columns or rows of 4 elements: 4 additions each.
// CHECK-COUNT-32:  arith.{{addf|subf}}
// CHECK-NOT:       arith.{{addf|subf|mulf}}
// CHECK:           linalg.yield
// CHECK:         tensor.insert_slice %{{.*}} into %[[V0]][0, 0, 0, 0, 0] [1, 1, 2, 3, 8]
// CHECK:         %[[V:.*]] = tensor.insert_slice %{{.*}}[15, 0, 0, 0, 0] [1, 1, 2, 3, 8]
// 16 products of matrices, each by two panels of 4 output channels.
// CHECK:         %[[M:.*]] = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2, d3, d4, d5, d6) -> (d0, d2, d3, d4, d6)>,
// CHECK-SAME:      affine_map<(d0, d1, d2, d3, d4, d5, d6) -> (d0, d1, d6, d5)>,
// CHECK-SAME:      affine_map<(d0, d1, d2, d3, d4, d5, d6) -> (d0, d1, d2, d3, d4, d5)>]
// CHECK-SAME:      ins(%[[V]], %u : tensor<16x1x2x3x8xf32>, tensor<16x2x8x4xf32>) outs({{.*}} : tensor<16x2x1x2x3x4xf32>)
// The output's transform: 6 columns or rows, 4 additions each.
// CHECK:         %[[Y0:.*]] = tensor.empty() : tensor<1x2x2x3x2x2x4xf32>
// CHECK:         linalg.generic {indexing_maps = [affine_map<(d0, d1, d2, d3, d4) -> (0, d3, d0, d1, d2, d4)>, affine_map<(d0, d1, d2, d3, d4) -> (1, d3, d0, d1, d2, d4)>
// CHECK-SAME:      ins(%[[M]], %[[M]],
// CHECK-COUNT-24:  arith.{{addf|subf}}
// CHECK-NOT:       arith.{{addf|subf|mulf}}
// CHECK:           linalg.yield
// CHECK:         %[[Y:.*]] = tensor.insert_slice %{{.*}}[0, 0, 1, 0, 1, 0, 0] [1, 2, 1, 3, 1, 2, 4]
// CHECK:         %[[TILES:.*]] = tensor.collapse_shape %[[Y]] {{.*}} : tensor<1x2x2x3x2x2x4xf32> into tensor<1x4x6x8xf32>
// CHECK:         %[[CUT:.*]] = tensor.extract_slice %[[TILES]][0, 0, 0, 0] [1, 4, 5, 8]
// The bias, which merges with what follows.
// CHECK:         linalg.generic {{.*}} ins(%[[CUT]], %b :
func.func private @k(%x: tensor<1x4x5x8xf32>, %u: tensor<16x2x8x4xf32>, %b: tensor<8xf32>) -> tensor<1x4x5x8xf32> attributes {stepwell.kernel} {
  %y = graph.winograd_conv %x, %u, %b {tile = 2, pads = [1, 1, 1, 1]} : (tensor<1x4x5x8xf32>, tensor<16x2x8x4xf32>, tensor<8xf32>) -> tensor<1x4x5x8xf32>
  func.return %y : tensor<1x4x5x8xf32>
}
