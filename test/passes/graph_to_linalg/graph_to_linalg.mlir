// RUN: stepwell-opt %s -p graph-to-linalg | filecheck %s

// Names and framework types of the interface move into one attribute; @main keeps constants, views and calls.
// CHECK:       builtin.module attributes {stepwell.level = "tensor"}
// CHECK-LABEL: func.func private @kernel_scale_0(%x: tensor<4xi8>, %s: tensor<4xf32>) -> tensor<4xf32> attributes {stepwell.kernel}
// CHECK-LABEL: func.func @main(%image: tensor<2x2xi8>) -> tensor<4xf32> attributes {stepwell.signature = {
// CHECK-SAME:      inputs = [{name = "image", type = tensor<2x2xui8>}],
// CHECK-SAME:      outputs = [{name = "scores", type = tensor<4xf32>}]}}
// CHECK-NEXT:    %[[FLAT:.*]] = tensor.collapse_shape %image
// CHECK-NEXT:    %[[SCALE:.*]] = arith.constant dense_resource<scale> : tensor<4xf32>
// CHECK-NEXT:    %[[Y:.*]] = func.call @kernel_scale_0(%[[FLAT]], %[[SCALE]])
// CHECK-NEXT:    func.return %[[Y]] : tensor<4xf32>
func.func private @kernel_scale_0(%x: tensor<4xui8>, %s: tensor<4xf32>) -> tensor<4xf32> attributes {stepwell.kernel} {
  %f = graph.cast %x : (tensor<4xui8>) -> tensor<4xf32>
  %y = graph.mul %f, %s : tensor<4xf32>
  func.return %y : tensor<4xf32>
}
func.func @main(%image: tensor<2x2xui8> {stepwell.name = "image", stepwell.dims = [2, 2]})
    -> (tensor<4xf32> {stepwell.name = "scores", stepwell.dims = [4]}) {
  %s = graph.constant dense_resource<scale> : tensor<4xf32>
  %flat = graph.reshape %image : (tensor<2x2xui8>) -> tensor<4xui8>
  %y = func.call @kernel_scale_0(%flat, %s) : (tensor<4xui8>, tensor<4xf32>) -> tensor<4xf32>
  func.return %y : tensor<4xf32>
}
