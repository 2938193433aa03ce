// RUN: stepwell-opt %s -p onnx-to-graph | filecheck %s

builtin.module attributes {onnx.opset = {ai.onnx = 16 : i64}} {

// 2 * 2 samples of each bin are as many steps; a sample of all bins is 24 rows of 5 channels, read at four places.
// CHECK-LABEL: @samples
// CHECK:         %[[PIXELS:.*]] = graph.reshape %{{.*}} : (tensor<2x9x9x5xf32>) -> tensor<162x5xf32>
// CHECK:         %[[COUNT:.*]] = graph.constant dense<4> : tensor<i64>
// CHECK:         %[[SUM:.*]] = graph.loop %{{.*}} to %[[COUNT]] iter(%[[SO_FAR:.*]] = %{{.*}}) : tensor<6x2x2x5xf32> {
// CHECK-COUNT-4:   graph.gather %[[PIXELS]], %{{.*}} {axis = 0} : (tensor<162x5xf32>, tensor<6x2x2xi64>) -> tensor<6x2x2x5xf32>
// CHECK:           %[[MORE:.*]] = graph.add %[[SO_FAR]], %{{.*}} : tensor<6x2x2x5xf32>
// CHECK-NEXT:      %[[NEXT:.*]] = graph.select %{{.*}}, %[[MORE]], %[[SO_FAR]]
// CHECK-NEXT:      graph.yield %[[NEXT]]
// CHECK:         graph.div %[[SUM]]
func.func @samples(%x: tensor<2x5x9x9xf32>, %r: tensor<6x4xf32>, %b: tensor<6xi64>) -> tensor<6x5x2x2xf32> {
  %y = onnx.RoiAlign(%x, %r, %b) {output_height = 2 : i64, output_width = 2 : i64, sampling_ratio = 2 : i64}
    : (tensor<2x5x9x9xf32>, tensor<6x4xf32>, tensor<6xi64>) -> tensor<6x5x2x2xf32>
  func.return %y : tensor<6x5x2x2xf32>
}

// Without a ratio the largest region says how many steps there are.
// CHECK-LABEL: @as_many_as_needed
// CHECK:         graph.ceil
// CHECK:         graph.reduce max %{{.*}} : (tensor<6xf32>) -> tensor<f32>
// CHECK:         %[[COUNT:.*]] = graph.mul %{{.*}} : tensor<i64>
// CHECK:         graph.loop %{{.*}} to %[[COUNT]]
func.func @as_many_as_needed(%x: tensor<2x5x9x9xf32>, %r: tensor<6x4xf32>, %b: tensor<6xi64>) -> tensor<6x5x2x2xf32> {
  %y = onnx.RoiAlign(%x, %r, %b) {output_height = 2 : i64, output_width = 2 : i64}
    : (tensor<2x5x9x9xf32>, tensor<6x4xf32>, tensor<6xi64>) -> tensor<6x5x2x2xf32>
  func.return %y : tensor<6x5x2x2xf32>
}

// All elements of a bin, of as many steps as the largest has; a bin of no element is 0.
// CHECK-LABEL: @elements
// CHECK:         graph.reduce max %{{.*}} {axes = [0, 1, 2]} : (tensor<6x2x1xi32>) -> tensor<i32>
// CHECK:         graph.reduce max %{{.*}} {axes = [0, 1, 2]} : (tensor<6x1x3xi32>) -> tensor<i32>
// CHECK:         %[[COUNT:.*]] = graph.mul %{{.*}} : tensor<i64>
// CHECK:         %[[MOST:.*]] = graph.loop %{{.*}} to %[[COUNT]] iter(%[[SO_FAR:.*]] = %{{.*}}) : tensor<6x2x3x5xf32> {
// CHECK:           graph.gather %{{.*}}, %{{.*}} {axis = 0} : (tensor<162x5xf32>, tensor<6x2x3xi64>) -> tensor<6x2x3x5xf32>
// CHECK:           %[[MORE:.*]] = graph.max %[[SO_FAR]], %{{.*}} : tensor<6x2x3x5xf32>
// CHECK-NEXT:      %[[NEXT:.*]] = graph.select %{{.*}}, %[[MORE]], %[[SO_FAR]]
// CHECK-NEXT:      graph.yield %[[NEXT]]
// CHECK:         graph.select %{{.*}}, %[[MOST]], %{{.*}}
func.func @elements(%x: tensor<2x5x9x9xf32>, %r: tensor<6x5xf32>) -> tensor<6x5x2x3xf32> {
  %y = onnx.MaxRoiPool(%x, %r) {pooled_shape = array<i64: 2, 3>, spatial_scale = 0.5 : f32}
    : (tensor<2x5x9x9xf32>, tensor<6x5xf32>) -> tensor<6x5x2x3xf32>
  func.return %y : tensor<6x5x2x3xf32>
}

}
