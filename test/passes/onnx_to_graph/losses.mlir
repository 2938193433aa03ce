// RUN: stepwell-opt %s -p onnx-to-graph | filecheck %s

builtin.module attributes {onnx.opset = {ai.onnx = 13 : i64}} {

// The class that is right is selected among the scores; nothing is looked up by a number that a file could get wrong.
// CHECK-LABEL: @negative_log_likelihood
// CHECK-NEXT:    %[[TARGET:.*]] = graph.reshape %target : (tensor<2xi64>) -> tensor<2x1xi64>
// CHECK-NEXT:    %[[CLASSES:.*]] = graph.iota : tensor<3xi64>
// CHECK-NEXT:    %[[RIGHT:.*]] = graph.compare eq %[[TARGET]], %[[CLASSES]] : (tensor<2x1xi64>, tensor<3xi64>) -> tensor<2x3xi1>
// CHECK-NEXT:    %[[ZERO:.*]] = graph.constant dense<0.000000e+00> : tensor<f32>
// CHECK-NEXT:    %[[SELECTED:.*]] = graph.select %[[RIGHT]], %scores, %[[ZERO]]
// CHECK-NEXT:    %[[SCORE:.*]] = graph.reduce sum %[[SELECTED]] {axes = [1]} : (tensor<2x3xf32>) -> tensor<2xf32>
// CHECK-NEXT:    %[[LOSS:.*]] = graph.neg %[[SCORE]]
// CHECK-NEXT:    graph.reduce sum %[[LOSS]] {axes = [0]} : (tensor<2xf32>) -> tensor<f32>
func.func @negative_log_likelihood(%scores: tensor<2x3xf32>, %target: tensor<2xi64>) -> tensor<f32> {
  %y = onnx.NegativeLogLikelihoodLoss(%scores, %target) {reduction = "sum"} : (tensor<2x3xf32>, tensor<2xi64>) -> tensor<f32>
  func.return %y : tensor<f32>
}

// Weights and what is ignored: a mean is over the weights that count, not over the positions.
// CHECK-LABEL: @weighted_cross_entropy
// CHECK-NEXT:    %scores = graph.log_softmax %x {axis = 1} : tensor<2x3x5xf32>
// CHECK:         %[[RIGHT:.*]] = graph.compare eq
// CHECK:         %[[LOSS:.*]] = graph.neg
// CHECK-NEXT:    %[[COLUMN:.*]] = graph.reshape %weight : (tensor<3xf32>) -> tensor<3x1xf32>
// CHECK:         %[[WEIGHT:.*]] = graph.reduce sum {{.*}} {axes = [1]} : (tensor<2x3x5xf32>) -> tensor<2x5xf32>
// CHECK-NEXT:    %[[IGNORED:.*]] = graph.constant dense<-1> : tensor<i64>
// CHECK-NEXT:    %[[COUNTS:.*]] = graph.compare ne %target, %[[IGNORED]]
// CHECK:         %[[WEIGHTS:.*]] = graph.select %[[COUNTS]], %[[WEIGHT]]
// CHECK-NEXT:    %[[WEIGHTED:.*]] = graph.mul %[[LOSS]], %[[WEIGHTS]]
// CHECK-NEXT:    %[[SUM:.*]] = graph.reduce sum %[[WEIGHTED]] {axes = [0, 1]}
// CHECK-NEXT:    %[[COUNT:.*]] = graph.reduce sum %[[WEIGHTS]] {axes = [0, 1]}
// CHECK-NEXT:    %y = graph.div %[[SUM]], %[[COUNT]]
// CHECK-NEXT:    func.return %y, %scores
func.func @weighted_cross_entropy(%x: tensor<2x3x5xf32>, %target: tensor<2x5xi64>, %weight: tensor<3xf32>) -> (tensor<f32>, tensor<2x3x5xf32>) {
  %y, %scores = onnx.SoftmaxCrossEntropyLoss(%x, %target, %weight) {ignore_index = -1 : i64} : (tensor<2x3x5xf32>, tensor<2x5xi64>, tensor<3xf32>) -> (tensor<f32>, tensor<2x3x5xf32>)
  func.return %y, %scores : tensor<f32>, tensor<2x3x5xf32>
}

}
