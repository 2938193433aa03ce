// RUN: stepwell-opt %s -p lower-swish | filecheck %s

// CHECK-LABEL: @swish
// CHECK-NEXT:    %[[ONE:.*]] = graph.constant dense<1.000000e+00> : tensor<f32>
// CHECK-NEXT:    %[[N:.*]] = graph.neg %x : tensor<2x4xf32>
// CHECK-NEXT:    %[[E:.*]] = graph.exp %[[N]] : tensor<2x4xf32>
// CHECK-NEXT:    %[[D:.*]] = graph.add %[[E]], %[[ONE]] : (tensor<2x4xf32>, tensor<f32>) -> tensor<2x4xf32>
// CHECK-NEXT:    %[[Y:.*]] = graph.div %x, %[[D]] : tensor<2x4xf32>
// CHECK-NEXT:    func.return %[[Y]]
func.func @swish(%x: tensor<2x4xf32>) -> tensor<2x4xf32> {
  %y = swish.swish %x : tensor<2x4xf32>
  func.return %y : tensor<2x4xf32>
}

// The constant has the type of x.
// CHECK-LABEL: @double
// CHECK:         graph.constant dense<1.000000e+00> : tensor<f64>
func.func @double(%x: tensor<2xf64>) -> tensor<2xf64> {
  %y = swish.swish %x : tensor<2xf64>
  func.return %y : tensor<2xf64>
}
