// RUN: stepwell-opt %s -p onnx-to-graph | filecheck %s

builtin.module attributes {onnx.opset = {ai.onnx = 13 : i64}} {

// CHECK-LABEL: @top_k
// CHECK-NEXT:    %[[I:.*]] = graph.top_k %x {k = 3, smallest} : (tensor<4x8xf32>) -> tensor<4x3xi64>
// CHECK-NEXT:    %[[V:.*]] = graph.gather_elements %x, %[[I]] {axis = 1} : (tensor<4x8xf32>, tensor<4x3xi64>) -> tensor<4x3xf32>
// CHECK-NEXT:    func.return %[[V]], %[[I]]
func.func @top_k(%x: tensor<4x8xf32>) -> (tensor<4x3xf32>, tensor<4x3xi64>) {
  %k = onnx.Constant() {value = dense<3> : tensor<1xi64>} : () -> tensor<1xi64>
  %v, %i = onnx.TopK(%x, %k) {largest = 0 : si64} : (tensor<4x8xf32>, tensor<1xi64>) -> (tensor<4x3xf32>, tensor<4x3xi64>)
  func.return %v, %i : tensor<4x3xf32>, tensor<4x3xi64>
}

// Along another axis than the last, between two transposes.
// CHECK-LABEL: @top_k_first
// CHECK-NEXT:    %[[X:.*]] = graph.transpose %x {perm = [1, 0]}
// CHECK-NEXT:    graph.top_k %[[X]] {k = 3}
func.func @top_k_first(%x: tensor<4x8xf32>) -> (tensor<3x8xf32>, tensor<3x8xi64>) {
  %k = onnx.Constant() {value = dense<3> : tensor<1xi64>} : () -> tensor<1xi64>
  %v, %i = onnx.TopK(%x, %k) {axis = 0 : si64} : (tensor<4x8xf32>, tensor<1xi64>) -> (tensor<3x8xf32>, tensor<3x8xi64>)
  func.return %v, %i : tensor<3x8xf32>, tensor<3x8xi64>
}

// CHECK-LABEL: @cumsum
// CHECK-NEXT:    graph.cumulate sum %x {axis = 1, exclusive, reverse} : tensor<4x8xf32>
func.func @cumsum(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
  %axis = onnx.Constant() {value = dense<-1> : tensor<i64>} : () -> tensor<i64>
  %y = onnx.CumSum(%x, %axis) {exclusive = 1 : si64, reverse = 1 : si64} : (tensor<4x8xf32>, tensor<i64>) -> tensor<4x8xf32>
  func.return %y : tensor<4x8xf32>
}

// CHECK-LABEL: @hardmax
// CHECK-NEXT:    %[[BEST:.*]] = graph.arg_reduce max %x {axis = 1, keepdims} : (tensor<4x8xf32>) -> tensor<4x1xi64>
// CHECK-NEXT:    %[[PLACES:.*]] = graph.constant dense<[0, 1, 2, 3, 4, 5, 6, 7]> : tensor<8xi64>
// CHECK-NEXT:    %[[HERE:.*]] = graph.compare eq %[[BEST]], %[[PLACES]]
// CHECK-NEXT:    graph.cast %[[HERE]] : (tensor<4x8xi1>) -> tensor<4x8xf32>
func.func @hardmax(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
  %y = onnx.Hardmax(%x) : (tensor<4x8xf32>) -> tensor<4x8xf32>
  func.return %y : tensor<4x8xf32>
}

// Time runs down to the length and then on.
// CHECK-LABEL: @reverse_sequence
// CHECK:         %[[PLACES:.*]] = graph.select
// CHECK-NEXT:    %[[INDICES:.*]] = graph.reshape %[[PLACES]] : (tensor<4x2xi64>) -> tensor<4x2x1xi64>
// CHECK-NEXT:    graph.gather_elements %x, %[[INDICES]] {axis = 0}
func.func @reverse_sequence(%x: tensor<4x2x8xf32>, %n: tensor<2xi64>) -> tensor<4x2x8xf32> {
  %y = onnx.ReverseSequence(%x, %n) : (tensor<4x2x8xf32>, tensor<2xi64>) -> tensor<4x2x8xf32>
  func.return %y : tensor<4x2x8xf32>
}
}
