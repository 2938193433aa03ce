// RUN: stepwell-opt %s -p fold-constants | filecheck %s
// RUN: stepwell-opt %s -p fold-constants{max-bytes=64} | filecheck %s --check-prefix=SMALL

// A whole subgraph of constants is one.
// CHECK-LABEL: @chain
// CHECK-NEXT:    %d = graph.constant dense<[5.000000e+00, 7.000000e+00]> : tensor<2xf32>
// CHECK-NEXT:    func.return %d
func.func @chain() -> tensor<2xf32> {
  %a = graph.constant dense<[2.0, 3.0]> : tensor<2xf32>
  %b = graph.constant dense<2.0> : tensor<f32>
  %one = graph.constant dense<1.0> : tensor<f32>
  %c = graph.mul %a, %b : (tensor<2xf32>, tensor<f32>) -> tensor<2xf32>
  %d = graph.add %c, %one : (tensor<2xf32>, tensor<f32>) -> tensor<2xf32>
  func.return %d : tensor<2xf32>
}

// Division of integers goes toward zero, mod follows the divisor's sign, fmod the dividend's.
// CHECK-LABEL: @integers
// CHECK-NEXT:    %q = graph.constant dense<[-3, 3]> : tensor<2xi64>
// CHECK-NEXT:    %m = graph.constant dense<1> : tensor<2xi64>
// CHECK-NEXT:    %f = graph.constant dense<[-1, 1]> : tensor<2xi64>
func.func @integers() -> (tensor<2xi64>, tensor<2xi64>, tensor<2xi64>) {
  %a = graph.constant dense<[-7, 7]> : tensor<2xi64>
  %b = graph.constant dense<2> : tensor<i64>
  %q = graph.div %a, %b : (tensor<2xi64>, tensor<i64>) -> tensor<2xi64>
  %m = graph.mod %a, %b : (tensor<2xi64>, tensor<i64>) -> tensor<2xi64>
  %f = graph.mod %a, %b {fmod} : (tensor<2xi64>, tensor<i64>) -> tensor<2xi64>
  func.return %q, %m, %f : tensor<2xi64>, tensor<2xi64>, tensor<2xi64>
}

// Shapes are constants as soon as they are static.
// CHECK-LABEL: @movement
// CHECK-NEXT:    %c = graph.constant dense<[3, 1, 9, 9]> : tensor<4xi64>
func.func @movement() -> tensor<4xi64> {
  %a = graph.constant dense<[1, 2, 3]> : tensor<3xi64>
  %nine = graph.constant dense<9> : tensor<1xi64>
  %r = graph.slice %a {starts = [2], sizes = [2], steps = [-2]} : (tensor<3xi64>) -> tensor<2xi64>
  %b = graph.broadcast_to %nine : (tensor<1xi64>) -> tensor<2xi64>
  %c = graph.concat %r, %b {axis = 0} : (tensor<2xi64>, tensor<2xi64>) -> tensor<4xi64>
  func.return %c : tensor<4xi64>
}

// What is not all constant stays.
// CHECK-LABEL: @input
// CHECK:         graph.add %x, %one
func.func @input(%x: tensor<2xf32>) -> tensor<2xf32> {
  %one = graph.constant dense<1.0> : tensor<f32>
  %y = graph.add %x, %one : (tensor<2xf32>, tensor<f32>) -> tensor<2xf32>
  func.return %y : tensor<2xf32>
}

// A broadcast of one number over much is left to the kernel that uses it; a transpose grows nothing.
// CHECK-LABEL: @growth
// CHECK-NOT:     graph.broadcast_to
// SMALL-LABEL: @growth
// SMALL:         graph.broadcast_to
// SMALL-NEXT:    %t = graph.constant dense_resource<t> : tensor<20x1xi64>
func.func @growth() -> (tensor<5x5xf32>, tensor<20x1xi64>) {
  %zero = graph.constant dense<0.0> : tensor<f32>
  %big = graph.broadcast_to %zero : (tensor<f32>) -> tensor<5x5xf32>
  %some = graph.constant dense<[[0, 1, 2, 3, 4, 5, 6, 7]]> : tensor<1x8xi64>
  %more = graph.concat %some, %some {axis = 1} : (tensor<1x8xi64>, tensor<1x8xi64>) -> tensor<1x16xi64>
  %first = graph.slice %more {starts = [0, 0], sizes = [1, 4]} : (tensor<1x16xi64>) -> tensor<1x4xi64>
  %all = graph.concat %more, %first {axis = 1} : (tensor<1x16xi64>, tensor<1x4xi64>) -> tensor<1x20xi64>
  %t = graph.transpose %all {perm = [1, 0]} : (tensor<1x20xi64>) -> tensor<20x1xi64>
  func.return %big, %t : tensor<5x5xf32>, tensor<20x1xi64>
}

// What has no elements is known, whatever it is computed from; and so is what is reduced or padded from nothing.
// CHECK-LABEL: @nothing
// CHECK-NOT:     graph.add
// CHECK:         graph.constant dense<{{.*}}> : tensor<0x2xf32>
// CHECK-NEXT:    %s = graph.constant dense<0.000000e+00> : tensor<2xf32>
// CHECK-NEXT:    %m = graph.constant dense<"0x000080FF000080FF"> : tensor<2xf32>
// CHECK-NEXT:    func.return
func.func @nothing(%x: tensor<0x2xf32>, %b: tensor<2xf32>) -> (tensor<0x2xf32>, tensor<2xf32>, tensor<2xf32>) {
  %y = graph.add %x, %b : (tensor<0x2xf32>, tensor<2xf32>) -> tensor<0x2xf32>
  %s = graph.reduce sum %y {axes = [0]} : (tensor<0x2xf32>) -> tensor<2xf32>
  %m = graph.reduce max %x {axes = [0]} : (tensor<0x2xf32>) -> tensor<2xf32>
  func.return %y, %s, %m : tensor<0x2xf32>, tensor<2xf32>, tensor<2xf32>
}
