// RUN: stepwell-opt %s -p onnx-to-graph | filecheck %s

builtin.module attributes {onnx.opset = {ai.onnx = 18 : i64}} {

// Where the largest element of each window is: the windows are gathered by a table, which says it.
// CHECK-LABEL: @max_pool_indices
// CHECK:         %y = graph.max_pool %x {kernel = [2, 2]} : (tensor<1x1x3x3xf32>) -> tensor<1x1x2x2xf32>
// CHECK:         %[[PLANE:.*]] = graph.reshape %x : (tensor<1x1x3x3xf32>) -> tensor<1x9xf32>
// CHECK:         %[[TABLE:.*]] = graph.constant dense<{{\[\[}}0, 1, 3, 4], [1, 2, 4, 5], [3, 4, 6, 7], [4, 5, 7, 8]]> : tensor<4x4xi64>
// CHECK:         %[[WINDOWS:.*]] = graph.gather %[[PLANE]], %[[TABLE]] {axis = 1} : (tensor<1x9xf32>, tensor<4x4xi64>) -> tensor<1x4x4xf32>
// CHECK:         graph.arg_reduce max %[[WINDOWS]] {axis = 2} : (tensor<1x4x4xf32>) -> tensor<1x4xi64>
func.func @max_pool_indices(%x: tensor<1x1x3x3xf32>) -> (tensor<1x1x2x2xf32>, tensor<1x1x2x2xi64>) {
  %y, %i = onnx.MaxPool(%x) {kernel_shape = array<i64: 2, 2>} : (tensor<1x1x3x3xf32>) -> (tensor<1x1x2x2xf32>, tensor<1x1x2x2xi64>)
  func.return %y, %i : tensor<1x1x2x2xf32>, tensor<1x1x2x2xi64>
}

// Nobody asks where: no table.
// CHECK-LABEL: @max_pool
// CHECK-NEXT:    graph.max_pool
// CHECK-NEXT:    func.return
func.func @max_pool(%x: tensor<1x1x3x3xf32>) -> tensor<1x1x2x2xf32> {
  %y = onnx.MaxPool(%x) {kernel_shape = array<i64: 2, 2>} : (tensor<1x1x3x3xf32>) -> tensor<1x1x2x2xf32>
  func.return %y : tensor<1x1x2x2xf32>
}

// CHECK-LABEL: @max_unpool
// CHECK:         graph.scatter none %{{.*}}, %{{.*}}, %{{.*}} {axis = 0} : (tensor<16xf32>, tensor<4xi64>, tensor<4xf32>) -> tensor<16xf32>
// CHECK:         graph.reshape %{{.*}} : (tensor<16xf32>) -> tensor<1x1x4x4xf32>
func.func @max_unpool(%x: tensor<1x1x2x2xf32>, %i: tensor<1x1x2x2xi64>) -> tensor<1x1x4x4xf32> {
  %y = onnx.MaxUnpool(%x, %i) {kernel_shape = array<i64: 2, 2>, strides = array<i64: 2, 2>}
    : (tensor<1x1x2x2xf32>, tensor<1x1x2x2xi64>) -> tensor<1x1x4x4xf32>
  func.return %y : tensor<1x1x4x4xf32>
}

// Each pixel is a sum over the windows that hold it. The first is in one, the second in two; the zero behind the
// columns, number 4, fills up.
// CHECK-LABEL: @col2im
// CHECK:         %[[COLUMNS:.*]] = graph.pad %{{.*}} {low = [0, 0], high = [0, 1]} : (tensor<1x4xf32>) -> tensor<1x5xf32>
// CHECK:         %[[TABLE:.*]] = graph.constant dense<{{\[\[}}0, 4], [1, 2], [3, 4]]> : tensor<3x2xi64>
// CHECK:         %[[PARTS:.*]] = graph.gather %[[COLUMNS]], %[[TABLE]] {axis = 1}
// CHECK:         graph.reduce sum %[[PARTS]] {axes = [2]} : (tensor<1x3x2xf32>) -> tensor<1x3xf32>
func.func @col2im(%x: tensor<1x2x2xf32>) -> tensor<1x1x3xf32> {
  %image = onnx.Constant() {value = dense<3> : tensor<1xi64>} : () -> tensor<1xi64>
  %block = onnx.Constant() {value = dense<2> : tensor<1xi64>} : () -> tensor<1xi64>
  %y = onnx.Col2Im(%x, %image, %block) : (tensor<1x2x2xf32>, tensor<1xi64>, tensor<1xi64>) -> tensor<1x1x3xf32>
  func.return %y : tensor<1x1x3xf32>
}

// CHECK-LABEL: @center_crop_pad
// CHECK-NEXT:    %[[CUT:.*]] = graph.slice %x {starts = [1, 0], sizes = [2, 3]} : (tensor<5x3xf32>) -> tensor<2x3xf32>
// CHECK-NEXT:    graph.pad %[[CUT]] {low = [0, 1], high = [0, 2]} : (tensor<2x3xf32>) -> tensor<2x6xf32>
func.func @center_crop_pad(%x: tensor<5x3xf32>) -> tensor<2x6xf32> {
  %shape = onnx.Constant() {value = dense<[2, 6]> : tensor<2xi64>} : () -> tensor<2xi64>
  %y = onnx.CenterCropPad(%x, %shape) : (tensor<5x3xf32>, tensor<2xi64>) -> tensor<2x6xf32>
  func.return %y : tensor<2x6xf32>
}

// Each list of the pool is looked for at each place.
// CHECK-LABEL: @tf_idf
// CHECK:         graph.compare eq
// CHECK:         graph.compare eq
// CHECK:         graph.and
// CHECK:         graph.reduce sum
// CHECK:         graph.scatter add
func.func @tf_idf(%x: tensor<6xi64>) -> tensor<2xf32> {
  %y = onnx.TfIdfVectorizer(%x) {max_gram_length = 2 : i64, min_gram_length = 2 : i64, max_skip_count = 0 : i64,
      mode = "TF", ngram_counts = array<i64: 0, 0>, ngram_indexes = array<i64: 0, 1>,
      pool_int64s = array<i64: 5, 6, 7, 8>} : (tensor<6xi64>) -> tensor<2xf32>
  func.return %y : tensor<2xf32>
}
}
