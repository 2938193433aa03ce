// RUN: stepwell-opt %s | stepwell-opt | filecheck %s
// RUN: stepwell-opt %s -p fold-constants | filecheck %s --check-prefix=FOLD
// RUN: sed s/xf32/xi32/ %s > %t && not stepwell-opt %t 2>&1 | filecheck %s --check-prefix=WRONG

// WRONG: swish.swish: takes floats, but is given i32

// CHECK-LABEL: @any_shape
// CHECK-NEXT:    swish.swish %x : tensor<?x8xf32>
func.func @any_shape(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %y = swish.swish %x : tensor<?x8xf32>
  func.return %y : tensor<?x8xf32>
}

// 0 * 1/2 is 0; far below 0 there is nothing left, far above nothing is missing.
// FOLD-LABEL: @constant
// FOLD-NEXT:    graph.constant dense<[0.000000e+00, -0.000000e+00, 1.000000e+03]> : tensor<3xf64>
func.func @constant() -> tensor<3xf64> {
  %x = graph.constant dense<[0.0, -1000.0, 1000.0]> : tensor<3xf64>
  %y = swish.swish %x : tensor<3xf64>
  func.return %y : tensor<3xf64>
}
