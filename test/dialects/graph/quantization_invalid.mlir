// RUN: stepwell-opt %s --split-input-file --verify-diagnostics

// A scale is a number, or one a channel.
func.func @quantize_scale(%x: tensor<2x4xf32>, %scale: tensor<3xf32>) {
  // expected-error@+1 {{the scale is 3, which does not spread over 2x4}}
  %q = graph.quantize %x, %scale : (tensor<2x4xf32>, tensor<3xf32>) -> tensor<2x4xi8>
  func.return
}

// -----

func.func @quantize_to(%x: tensor<2x4xf32>, %scale: tensor<f32>) {
  // expected-error@+1 {{gives integers of 8 or 16 bits, but its result is of i32}}
  %q = graph.quantize %x, %scale : (tensor<2x4xf32>, tensor<f32>) -> tensor<2x4xi32>
  func.return
}

// -----

func.func @dequantize_zero(%x: tensor<4xi8>, %scale: tensor<f32>, %zero: tensor<ui8>) {
  // expected-error@+1 {{the zero is of ui8, but x of i8}}
  %y = graph.dequantize %x, %scale, %zero : (tensor<4xi8>, tensor<f32>, tensor<ui8>) -> tensor<4xf32>
  func.return
}

// -----

// Bytes of either sign multiply each other where their sums are wide.
func.func @bytes(%a: tensor<2x3xui8>, %b: tensor<3x4xi8>) {
  // expected-error@+1 {{a is of ui8, but b of i8}}
  %y = graph.matmul %a, %b : (tensor<2x3xui8>, tensor<3x4xi8>) -> tensor<2x4xi32>
  func.return
}
