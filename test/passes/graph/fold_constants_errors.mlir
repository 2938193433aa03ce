// RUN: stepwell-opt %s -p fold-constants --verify-diagnostics

// An index beyond the end is met while compiling.
func.func @beyond() -> tensor<1xf32> {
  %x = graph.constant dense<[1.0, 2.0]> : tensor<2xf32>
  %i = graph.constant dense<[2]> : tensor<1xi64>
  // expected-error@+1 {{index 2 is outside a dim of size 2}}
  %y = graph.gather %x, %i {axis = 0} : (tensor<2xf32>, tensor<1xi64>) -> tensor<1xf32>
  func.return %y : tensor<1xf32>
}
