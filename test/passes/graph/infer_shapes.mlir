// RUN: stepwell-opt %s -p infer-shapes | filecheck %s

// Types flow forward, to the function's own.
// CHECK-LABEL: func.func @forward(%x: tensor<2x3x8x8xf32>) -> tensor<2x16x4x4xf32>
// CHECK:         graph.conv {{.*}} -> tensor<2x16x4x4xf32>
// CHECK-NEXT:    graph.relu {{.*}} : tensor<2x16x4x4xf32>
func.func @forward(%x: tensor<2x3x8x8xf32>) -> tensor<?x16x?x?xf32> {
  %w = graph.constant dense_resource<w> : tensor<16x3x3x3xf32>
  %c = graph.conv %x, %w {strides = [2, 2], pads = [1, 1, 1, 1]} : (tensor<2x3x8x8xf32>, tensor<16x3x3x3xf32>) -> tensor<?x16x?x?xf32>
  %y = graph.relu %c : tensor<?x16x?x?xf32>
  func.return %y : tensor<?x16x?x?xf32>
}

// What an exporter makes of `x.view(x.size(0), -1)`: arithmetic on shapes goes on the way.
// CHECK-LABEL: func.func @flatten(%x: tensor<2x3x8xf32>) -> tensor<2x24xf32>
// CHECK-NEXT:    %y = graph.reshape %x : (tensor<2x3x8xf32>) -> tensor<2x24xf32>
// CHECK-NEXT:    func.return %y
func.func @flatten(%x: tensor<2x3x8xf32>) -> tensor<?x?xf32> {
  %zero = graph.constant dense<0> : tensor<1xi64>
  %rest = graph.constant dense<-1> : tensor<1xi64>
  %s = graph.shape_of %x : (tensor<2x3x8xf32>) -> tensor<3xi64>
  %n = graph.gather %s, %zero {axis = 0} : (tensor<3xi64>, tensor<1xi64>) -> tensor<1xi64>
  %shape = graph.concat %n, %rest {axis = 0} : (tensor<1xi64>, tensor<1xi64>) -> tensor<2xi64>
  %y = graph.dynamic_reshape %x, %shape : (tensor<2x3x8xf32>, tensor<2xi64>) -> tensor<?x?xf32>
  func.return %y : tensor<?x?xf32>
}

// A chain of two: the second resize waits for the first one's shape.
// CHECK-LABEL: func.func @chain(%x: tensor<1x3x4x4xf32>) -> tensor<1x3x8x8xf32>
// CHECK-NEXT:    %a = graph.resize %x : (tensor<1x3x4x4xf32>) -> tensor<1x3x8x8xf32>
// CHECK-NEXT:    %b = graph.resize %a {coordinate = asymmetric} : tensor<1x3x8x8xf32>
func.func @chain(%x: tensor<1x3x4x4xf32>) -> tensor<?x?x?x?xf32> {
  %two = graph.constant dense<[1.0, 1.0, 2.0, 2.0]> : tensor<4xf32>
  %a = graph.dynamic_resize %x, %two : (tensor<1x3x4x4xf32>, tensor<4xf32>) -> tensor<?x?x?x?xf32>
  %s = graph.shape_of %a : (tensor<?x?x?x?xf32>) -> tensor<4xi64>
  %b = graph.dynamic_resize %a, %s {coordinate = asymmetric} : (tensor<?x?x?x?xf32>, tensor<4xi64>) -> tensor<?x?x?x?xf32>
  func.return %b : tensor<?x?x?x?xf32>
}

// Positions 0, 1, ... of a sequence, as long as the input is.
// CHECK-LABEL: func.func @positions(%x: tensor<1x5xi64>) -> tensor<5xi64>
// CHECK-NEXT:    %p = graph.constant dense<[0, 1, 2, 3, 4]> : tensor<5xi64>
// CHECK-NEXT:    func.return %p
func.func @positions(%x: tensor<1x5xi64>) -> tensor<?xi64> {
  %zero = graph.constant dense<0> : tensor<i64>
  %one = graph.constant dense<1> : tensor<i64>
  %s = graph.shape_of %x : (tensor<1x5xi64>) -> tensor<2xi64>
  %n = graph.gather %s, %one {axis = 0} : (tensor<2xi64>, tensor<i64>) -> tensor<i64>
  %p = graph.dynamic_range %zero, %n, %one : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<?xi64>
  func.return %p : tensor<?xi64>
}

// Dims that are not known yet stay `?`; those that the shape operand names are filled in.
// CHECK-LABEL: func.func @partly(%x: tensor<?x8xf32>) -> tensor<?x4xf32>
// CHECK:         graph.dynamic_reshape {{.*}} -> tensor<?x4xf32>
func.func @partly(%x: tensor<?x8xf32>) -> tensor<?x?xf32> {
  %shape = graph.constant dense<[-1, 4]> : tensor<2xi64>
  %y = graph.dynamic_reshape %x, %shape : (tensor<?x8xf32>, tensor<2xi64>) -> tensor<?x?xf32>
  func.return %y : tensor<?x?xf32>
}

// What a type states beyond what follows is kept.
// CHECK-LABEL: func.func @stated
// CHECK:         graph.relu %x : (tensor<?x8xf32>) -> tensor<2x8xf32>
func.func @stated(%x: tensor<?x8xf32>) -> tensor<2x8xf32> {
  %y = graph.relu %x : (tensor<?x8xf32>) -> tensor<2x8xf32>
  func.return %y : tensor<2x8xf32>
}

// Control flow: a loop carries what it starts with; an `if` gives what its branches do.
// CHECK-LABEL: @regions
// CHECK:         %y = graph.loop %i to %n iter(%a = %x1) : tensor<2x4xf32> {
// CHECK-NEXT:      %b = graph.if %c -> (tensor<2x4xf32>) {
// CHECK-NEXT:        %d = graph.relu %a : tensor<2x4xf32>
// CHECK:         func.return %y : tensor<2x4xf32>
func.func @regions(%x: tensor<2x4xf32>, %n: tensor<i64>, %c: tensor<i1>) -> tensor<?x4xf32> {
  %s = graph.shape_of %x : (tensor<2x4xf32>) -> tensor<2xi64>
  %x1 = graph.dynamic_reshape %x, %s : (tensor<2x4xf32>, tensor<2xi64>) -> tensor<?x4xf32>
  %y = graph.loop %i to %n iter(%a = %x1) : tensor<?x4xf32> {
    %b = graph.if %c -> (tensor<?x4xf32>) {
      %d = graph.relu %a : tensor<?x4xf32>
      graph.yield %d : tensor<?x4xf32>
    } else {
      graph.yield %a : tensor<?x4xf32>
    }
    graph.yield %b : tensor<?x4xf32>
  }
  func.return %y : tensor<?x4xf32>
}
