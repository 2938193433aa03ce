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
