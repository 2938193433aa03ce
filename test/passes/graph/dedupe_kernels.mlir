// RUN: stepwell-opt %s -p dedupe-kernels | filecheck %s

// Equal but for names: the first stays, and all calls go to it. One with another attribute, one with another
// constant, one that is wired otherwise are different kernels.
// CHECK-LABEL: func.func @main
// CHECK-NEXT:    func.call @first(%x, %x)
// CHECK-NEXT:    func.call @first(%a, %x)
// CHECK-NEXT:    func.call @other_bound(%b, %x)
// CHECK-NEXT:    func.call @other_constant(%c, %x)
// CHECK-NEXT:    func.call @other_wiring(%d, %x)
func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
  %a = func.call @first(%x, %x) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %b = func.call @same(%a, %x) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %c = func.call @other_bound(%b, %x) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %d = func.call @other_constant(%c, %x) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %e = func.call @other_wiring(%d, %x) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  func.return %e : tensor<4xf32>
}

// CHECK:       func.func private @first
func.func private @first(%p: tensor<4xf32>, %q: tensor<4xf32>) -> tensor<4xf32> attributes {stepwell.kernel} {
  %k = graph.constant dense<2.0> : tensor<f32>
  %s = graph.sub %p, %q : tensor<4xf32>
  %m = graph.mul %s, %k : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  %c = graph.clamp %m {max = 6.0} : tensor<4xf32>
  func.return %c : tensor<4xf32>
}

// CHECK-NOT:   @same
func.func private @same(%a: tensor<4xf32>, %b: tensor<4xf32>) -> tensor<4xf32> attributes {stepwell.kernel} {
  %two = graph.constant dense<2.0> : tensor<f32>
  %x = graph.sub %a, %b : tensor<4xf32>
  %y = graph.mul %x, %two : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  %z = graph.clamp %y {max = 6.0} : tensor<4xf32>
  func.return %z : tensor<4xf32>
}

// CHECK:       func.func private @other_bound
func.func private @other_bound(%p: tensor<4xf32>, %q: tensor<4xf32>) -> tensor<4xf32> attributes {stepwell.kernel} {
  %k = graph.constant dense<2.0> : tensor<f32>
  %s = graph.sub %p, %q : tensor<4xf32>
  %m = graph.mul %s, %k : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  %c = graph.clamp %m {max = 5.0} : tensor<4xf32>
  func.return %c : tensor<4xf32>
}

// CHECK:       func.func private @other_constant
func.func private @other_constant(%p: tensor<4xf32>, %q: tensor<4xf32>) -> tensor<4xf32> attributes {stepwell.kernel} {
  %k = graph.constant dense<3.0> : tensor<f32>
  %s = graph.sub %p, %q : tensor<4xf32>
  %m = graph.mul %s, %k : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  %c = graph.clamp %m {max = 6.0} : tensor<4xf32>
  func.return %c : tensor<4xf32>
}

// CHECK:       func.func private @other_wiring
func.func private @other_wiring(%p: tensor<4xf32>, %q: tensor<4xf32>) -> tensor<4xf32> attributes {stepwell.kernel} {
  %k = graph.constant dense<2.0> : tensor<f32>
  %s = graph.sub %q, %p : tensor<4xf32>
  %m = graph.mul %s, %k : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  %c = graph.clamp %m {max = 6.0} : tensor<4xf32>
  func.return %c : tensor<4xf32>
}

// RUN: stepwell-opt %s -p dedupe-kernels --pass-statistics 2>&1 | filecheck %s --check-prefix=STATISTICS
// STATISTICS:  {{4  kernels that stay}}
