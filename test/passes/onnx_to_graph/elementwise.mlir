// RUN: stepwell-opt %s -p onnx-to-graph | filecheck %s

builtin.module attributes {onnx.opset = {ai.onnx = 13 : i64}} {

// Most are one op of the same name.
// CHECK-LABEL: @one_to_one
// CHECK-NEXT:    %a = graph.add %x, %b : (tensor<2x4xf32>, tensor<4xf32>) -> tensor<2x4xf32>
// CHECK-NEXT:    %s = graph.sigmoid %a : tensor<2x4xf32>
// CHECK-NEXT:    %c = graph.compare lt %s, %a : (tensor<2x4xf32>, tensor<2x4xf32>) -> tensor<2x4xi1>
// CHECK-NEXT:    %w = graph.select %c, %s, %a : (tensor<2x4xi1>, tensor<2x4xf32>, tensor<2x4xf32>) -> tensor<2x4xf32>
// CHECK-NEXT:    func.return
func.func @one_to_one(%x: tensor<2x4xf32>, %b: tensor<4xf32>) -> tensor<2x4xf32> {
  %a = onnx.Add(%x, %b) : (tensor<2x4xf32>, tensor<4xf32>) -> tensor<2x4xf32>
  %s = onnx.Sigmoid(%a) : (tensor<2x4xf32>) -> tensor<2x4xf32>
  %c = onnx.Less(%s, %a) : (tensor<2x4xf32>, tensor<2x4xf32>) -> tensor<2x4xi1>
  %w = onnx.Where(%c, %s, %a) : (tensor<2x4xi1>, tensor<2x4xf32>, tensor<2x4xf32>) -> tensor<2x4xf32>
  func.return %w : tensor<2x4xf32>
}

// Types come from the arguments; what the file lacks isn't needed.
// CHECK-LABEL: @untyped
// CHECK:         graph.relu %x : tensor<2x4xf32>
func.func @untyped(%x: tensor<2x4xf32>) -> tensor<*xf32> {
  %y = onnx.Relu(%x) : (tensor<2x4xf32>) -> tensor<*xf32>
  func.return %y : tensor<*xf32>
}

// Of many operands the ops are applied one after the other.
// CHECK-LABEL: @mean_of_three
// CHECK:         graph.add %a, %b : tensor<4xf32>
// CHECK-NEXT:    graph.add %{{.*}}, %c : tensor<4xf32>
// CHECK-NEXT:    graph.constant dense<3.000000e+00> : tensor<f32>
// CHECK-NEXT:    graph.div
func.func @mean_of_three(%a: tensor<4xf32>, %b: tensor<4xf32>, %c: tensor<4xf32>) -> tensor<4xf32> {
  %y = onnx.Mean(%a, %b, %c) : (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  func.return %y : tensor<4xf32>
}

// Bounds that are constants become attributes, and leave no constants behind.
// CHECK-LABEL: @clip
// CHECK-NEXT:    %y = graph.clamp %x {min = 0.0, max = 6.0} : tensor<4xf32>
// CHECK-NEXT:    %z = graph.clamp %y {max = 6.0} : tensor<4xf32>
// CHECK-NEXT:    func.return
func.func @clip(%x: tensor<4xf32>) -> tensor<4xf32> {
  %low = onnx.Constant() {value = dense<0.0> : tensor<f32>} : () -> tensor<f32>
  %high = onnx.Constant() {value = dense<6.0> : tensor<f32>} : () -> tensor<f32>
  %none = onnx.NoValue
  %y = onnx.Clip(%x, %low, %high) : (tensor<4xf32>, tensor<f32>, tensor<f32>) -> tensor<4xf32>
  %z = onnx.Clip(%y, %none, %high) : (tensor<4xf32>, none, tensor<f32>) -> tensor<4xf32>
  func.return %z : tensor<4xf32>
}

// Bounds that are computed stay operands.
// CHECK-LABEL: @clip_at_run_time
// CHECK-NEXT:    graph.max %x, %low
// CHECK-NEXT:    graph.min
func.func @clip_at_run_time(%x: tensor<4xf32>, %low: tensor<f32>, %high: tensor<f32>) -> tensor<4xf32> {
  %y = onnx.Clip(%x, %low, %high) : (tensor<4xf32>, tensor<f32>, tensor<f32>) -> tensor<4xf32>
  func.return %y : tensor<4xf32>
}

// CHECK-LABEL: @leaky_relu
// CHECK-NEXT:    %[[ZERO:.*]] = graph.constant dense<0.000000e+00> : tensor<f32>
// CHECK-NEXT:    %[[BELOW:.*]] = graph.compare lt %x, %[[ZERO]] : (tensor<4xf32>, tensor<f32>) -> tensor<4xi1>
// CHECK-NEXT:    %[[SLOPE:.*]] = graph.constant dense<2.500000e-01> : tensor<f32>
// CHECK-NEXT:    %[[SCALED:.*]] = graph.mul %x, %[[SLOPE]] : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
// CHECK-NEXT:    graph.select %[[BELOW]], %[[SCALED]], %x
func.func @leaky_relu(%x: tensor<4xf32>) -> tensor<4xf32> {
  %y = onnx.LeakyRelu(%x) {alpha = 0.25 : f32} : (tensor<4xf32>) -> tensor<4xf32>
  func.return %y : tensor<4xf32>
}

// CHECK-LABEL: @hard_sigmoid
// CHECK:         graph.mul %x
// CHECK:         graph.add
// CHECK-NEXT:    graph.clamp %{{.*}} {min = 0.0, max = 1.0} : tensor<4xf32>
func.func @hard_sigmoid(%x: tensor<4xf32>) -> tensor<4xf32> {
  %y = onnx.HardSigmoid(%x) {alpha = 0.25 : f32} : (tensor<4xf32>) -> tensor<4xf32>
  func.return %y : tensor<4xf32>
}

}
