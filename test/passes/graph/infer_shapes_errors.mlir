// RUN: stepwell-opt %s -p infer-shapes --split-input-file --verify-diagnostics

// That x has four channels is known only after the relu's type is: then the weight does not fit.
func.func @misfit(%x: tensor<1x4x8x8xf32>, %w: tensor<16x3x3x3xf32>) -> tensor<1x16x?x?xf32> {
  %r = graph.relu %x : (tensor<1x4x8x8xf32>) -> tensor<1x?x8x8xf32>
  // expected-error@+1 {{x (1x4x8x8, nchw) has 4 channels, but the weight (16x3x3x3) with groups = 1 is made for 3}}
  %y = graph.conv %r, %w : (tensor<1x?x8x8xf32>, tensor<16x3x3x3xf32>) -> tensor<1x16x?x?xf32>
  func.return %y : tensor<1x16x?x?xf32>
}

// -----

// A stated dim that turns out wrong.
func.func @contradiction(%x: tensor<4xf32>, %n: tensor<2xi64>) -> tensor<7xf32> {
  %r = graph.relu %x : (tensor<4xf32>) -> tensor<?xf32>
  // expected-error@+1 {{result is tensor<7xf32>, but tensor<4xf32> follows from operands and attributes}}
  %y = graph.neg %r : (tensor<?xf32>) -> tensor<7xf32>
  func.return %y : tensor<7xf32>
}

// -----

// The sizes of what is carried, known only now, change from step to step.
func.func @grows(%x: tensor<2x4xf32>, %n: tensor<i64>) -> tensor<?x4xf32> {
  %r = graph.relu %x : (tensor<2x4xf32>) -> tensor<?x4xf32>
  // expected-error@+1 {{the region yields a tensor<4x4xf32> as value 0, which must be a tensor<2x4xf32>}}
  %y = graph.loop %i to %n iter(%a = %r) : tensor<?x4xf32> {
    %b = graph.concat %a, %a {axis = 0} : (tensor<?x4xf32>, tensor<?x4xf32>) -> tensor<?x4xf32>
    graph.yield %b : tensor<?x4xf32>
  }
  func.return %y : tensor<?x4xf32>
}

// -----

func.func @by_condition(%x: tensor<2x4xf32>, %c: tensor<i1>) -> tensor<?x4xf32> {
  // expected-error@+1 {{gives a tensor<2x4xf32> or a tensor<4x4xf32> as value 0, by its condition, which is known only when run}}
  %y = graph.if %c -> (tensor<?x4xf32>) {
    graph.yield %x : tensor<2x4xf32>
  } else {
    %b = graph.concat %x, %x {axis = 0} : (tensor<2x4xf32>, tensor<2x4xf32>) -> tensor<4x4xf32>
    graph.yield %b : tensor<4x4xf32>
  }
  func.return %y : tensor<?x4xf32>
}
