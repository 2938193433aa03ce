// RUN: stepwell-opt %s -p onnx-to-graph --split-input-file | filecheck %s

// How many are selected, the data decide: @main gives a tensor of the largest size, and behind the model's own results,
// for the runtime alone, how much of it counts.
// CHECK-LABEL: @main(%x: tensor<3x4xf32>) -> (tensor<2x12xi64> {stepwell.name = "y", stepwell.sizes = array<i64: -1, 1>}, tensor<i64> {stepwell.name = "y.count", stepwell.hidden}) {
// CHECK:         %[[SELECTED:.*]] = graph.reshape %{{.*}} : (tensor<3x4xi1>) -> tensor<12xi1>
// CHECK:         %[[UPTO:.*]] = graph.cumulate sum %{{.*}} {axis = 0} : tensor<12xi64>
// CHECK:         %[[PLACE:.*]] = graph.select %[[SELECTED]]
// CHECK:         %[[LIST:.*]] = graph.scatter none %{{.*}}, %[[PLACE]], %{{.*}} {axis = 0} : (tensor<13xi64>, tensor<12xi64>, tensor<12xi64>) -> tensor<13xi64>
// CHECK:         %[[LAST:.*]] = graph.slice %[[UPTO]] {starts = [11], sizes = [1]}
// CHECK:         %[[COUNT:.*]] = graph.reshape %[[LAST]] : (tensor<1xi64>) -> tensor<i64>
// CHECK:         func.return %y, %[[COUNT]] : tensor<2x12xi64>, tensor<i64>
builtin.module attributes {onnx.opset = {ai.onnx = 13 : i64}} {
func.func @main(%x: tensor<3x4xf32>) -> (tensor<2x?xi64> {stepwell.name = "y"}) {
  %y = onnx.NonZero(%x) : (tensor<3x4xf32>) -> tensor<2x?xi64>
  func.return %y : tensor<2x?xi64>
}
}

// -----

// Where the condition is known, so is the size: nothing is handed out besides.
// CHECK-LABEL: @main(%x: tensor<3x2xf32>) -> (tensor<2x2xf32> {stepwell.name = "y"}) {
// CHECK:         graph.gather %x, %{{.*}} {axis = 0} : (tensor<3x2xf32>, tensor<3xi64>) -> tensor<3x2xf32>
// CHECK-NEXT:    %y = graph.slice %{{.*}} {starts = [0, 0], sizes = [2, 2]} : (tensor<3x2xf32>) -> tensor<2x2xf32>
// CHECK-NEXT:    func.return %y : tensor<2x2xf32>
builtin.module attributes {onnx.opset = {ai.onnx = 11 : i64}} {
func.func @main(%x: tensor<3x2xf32>) -> (tensor<2x2xf32> {stepwell.name = "y"}) {
  %c = onnx.Constant() {value = dense<[false, true, true]> : tensor<3xi1>} : () -> tensor<3xi1>
  %y = onnx.Compress(%x, %c) {axis = 0 : si64} : (tensor<3x2xf32>, tensor<3xi1>) -> tensor<2x2xf32>
  func.return %y : tensor<2x2xf32>
}
}

// -----

// Several results share a count. One of them has no size to tell: of each element of x the number of its value.
// CHECK-LABEL: @main(%x: tensor<6xf32>) -> (tensor<6xf32> {stepwell.name = "y", stepwell.sizes = array<i64: 4>}, tensor<6xi64> {stepwell.name = "first", stepwell.sizes = array<i64: 4>}, tensor<6xi64> {stepwell.name = "number"}, tensor<6xi64> {stepwell.name = "many", stepwell.sizes = array<i64: 4>}, tensor<i64> {stepwell.name = "y.count", stepwell.hidden}) {
// CHECK:         graph.top_k %{{.*}} {k = 6, smallest}
// CHECK:         graph.scatter min
// CHECK:         graph.scatter add
builtin.module attributes {onnx.opset = {ai.onnx = 11 : i64}} {
func.func @main(%x: tensor<6xf32>) -> (tensor<?xf32> {stepwell.name = "y"}, tensor<?xi64> {stepwell.name = "first"},
                                       tensor<6xi64> {stepwell.name = "number"}, tensor<?xi64> {stepwell.name = "many"}) {
  %y, %first, %number, %many = onnx.Unique(%x) : (tensor<6xf32>) -> (tensor<?xf32>, tensor<?xi64>, tensor<6xi64>, tensor<?xi64>)
  func.return %y, %first, %number, %many : tensor<?xf32>, tensor<?xi64>, tensor<6xi64>, tensor<?xi64>
}
}

// -----

// CHECK-LABEL: @main(
// CHECK-SAME:    -> (tensor<6x3xi64> {stepwell.name = "y", stepwell.sizes = array<i64: 1, -1>}, tensor<i64> {stepwell.name = "y.count", stepwell.hidden})
// CHECK:         %[[ORDER:.*]] = graph.top_k %scores {k = 9}
// CHECK:         graph.compare gt
// CHECK:         %[[BOXES:.*]] = graph.gather_elements {{.*}} (tensor<1x1x9x4xf32>, tensor<1x2x9x1xi64>) -> tensor<1x2x9x4xf32>
// CHECK:         graph.suppress %[[BOXES]], %{{.*}}, %{{.*}} {limit = 3}
builtin.module attributes {onnx.opset = {ai.onnx = 11 : i64}} {
func.func @main(%boxes: tensor<1x9x4xf32>, %scores: tensor<1x2x9xf32>, %iou: tensor<1xf32>, %least: tensor<1xf32>) -> (tensor<?x3xi64> {stepwell.name = "y"}) {
  %most = onnx.Constant() {value = dense<3> : tensor<1xi64>} : () -> tensor<1xi64>
  %y = onnx.NonMaxSuppression(%boxes, %scores, %most, %iou, %least)
    : (tensor<1x9x4xf32>, tensor<1x2x9xf32>, tensor<1xi64>, tensor<1xf32>, tensor<1xf32>) -> tensor<?x3xi64>
  func.return %y : tensor<?x3xi64>
}
}
