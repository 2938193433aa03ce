// RUN: stepwell-opt %s --split-input-file --verify-diagnostics

// Shapes must broadcast.
func.func @broadcast(%a: tensor<2x4xf32>, %b: tensor<3xf32>) {
  // expected-error@+1 {{shapes 2x4, 3 do not broadcast with each other}}
  %s = graph.add %a, %b : (tensor<2x4xf32>, tensor<3xf32>) -> tensor<2x4xf32>
  func.return
}

// -----

// A result type must be the one that follows.
func.func @result(%a: tensor<2x4xf32>, %b: tensor<4xf32>) {
  // expected-error@+1 {{result is tensor<4x2xf32>, but tensor<2x4xf32> follows from operands and attributes}}
  %s = graph.add %a, %b : (tensor<2x4xf32>, tensor<4xf32>) -> tensor<4x2xf32>
  func.return
}

// -----

// Each op says which elements it takes.
func.func @elements(%a: tensor<4xi64>) {
  // expected-error@+1 {{takes floats, but is given i64}}
  %s = graph.exp %a : tensor<4xi64>
  func.return
}

// -----

func.func @mixed_elements(%a: tensor<4xf32>, %b: tensor<4xi64>) {
  // expected-error@+1 {{operands have element types f32, i64; they must be one}}
  %s = graph.mul %a, %b : (tensor<4xf32>, tensor<4xi64>) -> tensor<4xf32>
  func.return
}

// -----

// The weight's channels must be x's.
func.func @channels(%x: tensor<1x4x8x8xf32>, %w: tensor<16x3x3x3xf32>) {
  // expected-error@+1 {{x (1x4x8x8, nchw) has 4 channels, but the weight (16x3x3x3) with groups = 1 is made for 3}}
  %y = graph.conv %x, %w : (tensor<1x4x8x8xf32>, tensor<16x3x3x3xf32>) -> tensor<1x16x6x6xf32>
  func.return
}

// -----

func.func @bias(%x: tensor<1x3x8x8xf32>, %w: tensor<16x3x3x3xf32>, %b: tensor<8xf32>) {
  // expected-error@+1 {{the bias is 8; 16 output channels need as many}}
  %y = graph.conv %x, %w, %b : (tensor<1x3x8x8xf32>, tensor<16x3x3x3xf32>, tensor<8xf32>) -> tensor<1x16x6x6xf32>
  func.return
}

// -----

func.func @pads(%x: tensor<1x3x8x8xf32>, %w: tensor<16x3x3x3xf32>) {
  // expected-error@+1 {{pads has 2 numbers; 2 spatial dims need 4}}
  %y = graph.conv %x, %w {pads = [1, 1]} : (tensor<1x3x8x8xf32>, tensor<16x3x3x3xf32>) -> tensor<1x16x8x8xf32>
  func.return
}

// -----

func.func @window(%x: tensor<1x3x2x2xf32>) {
  // expected-error@+1 {{a window of 3 (dilation 1) does not fit into 2 + 0 + 0 of padding}}
  %y = graph.max_pool %x {kernel = [3, 3]} : (tensor<1x3x2x2xf32>) -> tensor<1x3x1x1xf32>
  func.return
}

// -----

// What must be said and is not.
func.func @missing(%x: tensor<1x3x2x2xf32>) {
  // expected-error@+1 {{attribute 'kernel' is missing}}
  %y = graph.max_pool %x : tensor<1x3x2x2xf32>
  func.return
}

// -----

func.func @operands(%x: tensor<4xf32>) {
  // expected-error@+1 {{has 1 operands; it takes 2}}
  %y = graph.add %x : tensor<4xf32>
  func.return
}

// -----

func.func @columns_and_rows(%a: tensor<2x3xf32>, %b: tensor<4x5xf32>) {
  // expected-error@+1 {{2x3 times 4x5: 3 columns do not meet 4 rows}}
  %c = graph.matmul %a, %b : (tensor<2x3xf32>, tensor<4x5xf32>) -> tensor<2x5xf32>
  func.return
}

// -----

func.func @axes(%a: tensor<2x3xf32>) {
  // expected-error@+1 {{axes [2] must be distinct and from 0 to 1}}
  %s = graph.reduce sum %a {axes = [2]} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  func.return
}

// -----

func.func @elements_of_reshape(%a: tensor<2x3xf32>) {
  // expected-error@+1 {{2x3 has 6 elements, but 4x2 has 8}}
  %s = graph.reshape %a : (tensor<2x3xf32>) -> tensor<4x2xf32>
  func.return
}

// -----

func.func @permutation(%a: tensor<2x3xf32>) {
  // expected-error@+1 {{perm [0, 0] is no permutation of the 2 dims of x}}
  %s = graph.transpose %a {perm = [0, 0]} : (tensor<2x3xf32>) -> tensor<2x2xf32>
  func.return
}

// -----

func.func @concat(%a: tensor<2x3xf32>, %b: tensor<2x4xf32>) {
  // expected-error@+1 {{2x4 and 2x3 differ elsewhere than at axis 0}}
  %s = graph.concat %a, %b {axis = 0} : (tensor<2x3xf32>, tensor<2x4xf32>) -> tensor<4x3xf32>
  func.return
}

// -----

func.func @slice(%a: tensor<8xf32>) {
  // expected-error@+1 {{dim 0: elements 2 to 8 are outside the 8 of x}}
  %s = graph.slice %a {starts = [2], sizes = [4], steps = [2]} : (tensor<8xf32>) -> tensor<4xf32>
  func.return
}

// -----

func.func @negative_pad(%a: tensor<8xf32>) {
  // expected-error@+1 {{pads must not be negative; a slice takes elements away}}
  %s = graph.pad %a {low = [-1], high = [0]} : (tensor<8xf32>) -> tensor<7xf32>
  func.return
}

// -----

func.func @reflect(%a: tensor<2xf32>) {
  // expected-error@+1 {{mode reflect cannot pad 2 elements out of 2}}
  %s = graph.pad %a {low = [2], high = [0], mode = reflect} : (tensor<2xf32>) -> tensor<4xf32>
  func.return
}

// -----

// A shape is a list of integers.
func.func @shape(%a: tensor<8xf32>, %s: tensor<f32>) {
  // expected-error@+1 {{the shape must be a list (rank 1) of integers, but is tensor<f32>}}
  %y = graph.dynamic_reshape %a, %s : (tensor<8xf32>, tensor<f32>) -> tensor<?xf32>
  func.return
}

// -----

// A range must end.
func.func @range(%a: tensor<i64>) {
  %zero = graph.constant dense<0> : tensor<i64>
  // expected-error@+1 {{does not end: delta is 0}}
  %y = graph.dynamic_range %zero, %zero, %zero : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<?xi64>
  func.return
}

// -----

func.func @range(%a: tensor<i64>, %b: tensor<i32>) {
  // expected-error@+1 {{takes three scalars of one type}}
  %y = graph.dynamic_range %a, %a, %b : (tensor<i64>, tensor<i64>, tensor<i32>) -> tensor<?xi64>
  func.return
}

// -----

// Seven elements do not make rows of four.
func.func @rest(%a: tensor<7xf32>) {
  %s = graph.constant dense<[-1, 4]> : tensor<2xi64>
  // expected-error@+1 {{7 has 7 elements, which shape [-1, 4] cannot hold}}
  %y = graph.dynamic_reshape %a, %s : (tensor<7xf32>, tensor<2xi64>) -> tensor<?x4xf32>
  func.return
}

// -----

func.func @yields(%x: tensor<4xf32>) {
  // expected-error@+1 {{yielded values must have the types of the results}}
  %y = graph.fusion(%a = %x) : (tensor<4xf32>) -> tensor<8xf32> {
    graph.yield %a : tensor<4xf32>
  }
  func.return
}

// -----

// An attribute that the op has not, and a word that it may not be.
func.func @unknown_attribute(%x: tensor<4xf32>) {
  // expected-error@+1 {{graph.clamp has no attribute 'low'; it has min, max}}
  %y = graph.clamp %x {low = 0.0} : tensor<4xf32>
  func.return
}

// -----

func.func @word(%x: tensor<4xf32>) {
  // expected-error@+1 {{predicate may be lt, le, gt, ge, eq, ne, but is 'slt'}}
  %y = graph.compare slt %x, %x : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xi1>
  func.return
}

// -----

// Winograd: U has (tile + 2)^2 products, and x's channels.
func.func @winograd_weights(%x: tensor<1x8x8x4xf32>, %u: tensor<16x2x4x8xf32>) {
  // expected-error@+1 {{u is 16x2x4x8, but tile = 4 and 4 channels need 36x?x4x?}}
  %y = graph.winograd_conv %x, %u {tile = 4} : (tensor<1x8x8x4xf32>, tensor<16x2x4x8xf32>) -> tensor<1x6x6x16xf32>
  func.return
}

// -----

func.func @winograd_tile(%x: tensor<1x8x8x4xf32>, %u: tensor<25x2x4x8xf32>) {
  // expected-error@+1 {{tile may be 2, 4, but is 3}}
  %y = graph.winograd_conv %x, %u {tile = 3} : (tensor<1x8x8x4xf32>, tensor<25x2x4x8xf32>) -> tensor<1x6x6x16xf32>
  func.return
}

// -----

func.func @winograd_bias(%x: tensor<1x8x8x4xf32>, %u: tensor<16x2x4x8xf32>, %b: tensor<8xf32>) {
  // expected-error@+1 {{the bias is 8; 16 output channels need as many}}
  %y = graph.winograd_conv %x, %u, %b {tile = 2} : (tensor<1x8x8x4xf32>, tensor<16x2x4x8xf32>, tensor<8xf32>) -> tensor<1x6x6x16xf32>
  func.return
}

// -----

func.func @winograd_filters(%x: tensor<1x8x8x4xf32>, %u: tensor<16x2x4x8xf32>) {
  // expected-error@+1 {{filters is 8, but u has 2 panels of 8}}
  %y = graph.winograd_conv %x, %u {tile = 2, filters = 8} : (tensor<1x8x8x4xf32>, tensor<16x2x4x8xf32>) -> tensor<1x6x6x8xf32>
  func.return
}

// -----

// A place has a scalar for each dim, and what is there must fit.
func.func @too_few_starts(%x: tensor<9x4xf32>, %i: tensor<i64>) {
  // expected-error@+1 {{x has 2 dims, but the part has 2 and 1 scalars say where it is}}
  %y = graph.slice_at %x, %i {sizes = [1, 4]} : (tensor<9x4xf32>, tensor<i64>) -> tensor<1x4xf32>
  func.return
}

// -----

func.func @too_large(%x: tensor<4xf32>, %u: tensor<5xf32>, %i: tensor<i64>) {
  // expected-error@+1 {{a part of 5 does not fit into 4}}
  %y = graph.update_at %x, %u, %i : (tensor<4xf32>, tensor<5xf32>, tensor<i64>) -> tensor<4xf32>
  func.return
}

// -----

func.func @start_of_other_type(%x: tensor<4xf32>, %i: tensor<i32>) {
  // expected-error@+1 {{a part begins where tensor<i64>s say, but one is a tensor<i32>}}
  %y = graph.slice_at %x, %i {sizes = [2]} : (tensor<4xf32>, tensor<i32>) -> tensor<2xf32>
  func.return
}

// -----

func.func @condition(%x: tensor<4xf32>, %c: tensor<1xi1>) {
  // expected-error@+1 {{the condition is a tensor<1xi1>, but must be a tensor<i1>}}
  %y = "graph.if"(%c) ({
    "graph.yield"(%x) : (tensor<4xf32>) -> ()
  }, {
    "graph.yield"(%x) : (tensor<4xf32>) -> ()
  }) : (tensor<1xi1>) -> tensor<4xf32>
  func.return
}

// -----

func.func @branches(%c: tensor<i1>, %x: tensor<4xf32>, %y: tensor<5xf32>) {
  // expected-error@+1 {{the second region yields a tensor<5xf32> as value 0, which must be a tensor<4xf32>}}
  %z = graph.if %c -> (tensor<4xf32>) {
    graph.yield %x : tensor<4xf32>
  } else {
    graph.yield %y : tensor<5xf32>
  }
  func.return
}

// -----

func.func @endless(%x: tensor<4xf32>) {
  // expected-error@+1 {{never ends: it has neither a number of steps nor a condition}}
  %y = graph.loop %i iter(%a = %x) : tensor<4xf32> {
    graph.yield %a : tensor<4xf32>
  }
  func.return
}

// -----

// Shapes do not change from step to step.
func.func @grows(%n: tensor<i64>, %x: tensor<4xf32>) {
  // expected-error@+1 {{the region yields a tensor<8xf32> as value 0, which must be a tensor<4xf32>}}
  %y = graph.loop %i to %n iter(%a = %x) : tensor<4xf32> {
    %b = graph.concat %a, %a {axis = 0} : (tensor<4xf32>, tensor<4xf32>) -> tensor<8xf32>
    graph.yield %b : tensor<8xf32>
  }
  func.return
}

// -----

func.func @lost_condition(%go: tensor<i1>, %x: tensor<4xf32>) {
  // expected-error@+1 {{the region yields 1 values, but must yield 2}}
  %y = graph.loop %i while %go iter(%a = %x) : tensor<4xf32> {
    graph.yield %a : tensor<4xf32>
  }
  func.return
}

// -----

func.func @yield_alone(%x: tensor<4xf32>) {
  // expected-error@+1 {{stands outside of graph.fusion, graph.if, graph.loop}}
  graph.yield %x : tensor<4xf32>
}

// -----

// A constant index is looked at while compiling.
func.func @index_outside(%x: tensor<4x8xf32>) {
  %i = graph.constant dense<[[1], [-5]]> : tensor<2x1xi64>
  // expected-error@+1 {{index -5 is outside a dim of size 4}}
  %y = graph.gather_elements %x, %i {axis = 0} : (tensor<4x8xf32>, tensor<2x1xi64>) -> tensor<2x8xf32>
  func.return
}

// -----

func.func @gather_outside(%x: tensor<4x8xf32>) {
  %i = graph.constant dense<8> : tensor<i64>
  // expected-error@+1 {{index 8 is outside a dim of size 8}}
  %y = graph.gather %x, %i {axis = 1} : (tensor<4x8xf32>, tensor<i64>) -> tensor<4xf32>
  func.return
}

// -----

func.func @nothing_to_index(%x: tensor<0x8xf32>, %i: tensor<2x1xi64>) {
  // expected-error@+1 {{there is no element to index: the dim has size 0}}
  %y = graph.gather_elements %x, %i {axis = 0} : (tensor<0x8xf32>, tensor<2x1xi64>) -> tensor<2x8xf32>
  func.return
}

// -----

func.func @scatter_beyond(%x: tensor<4x8xf32>, %i: tensor<2x1xi64>, %u: tensor<2x9xf32>) {
  // expected-error@+1 {{updates 2x9 reach beyond 4x8 in dim 1}}
  %y = graph.scatter none %x, %i, %u {axis = 0} : (tensor<4x8xf32>, tensor<2x1xi64>, tensor<2x9xf32>) -> tensor<4x8xf32>
  func.return
}

// -----

func.func @scatter_indices(%x: tensor<4x8xf32>, %i: tensor<3x8xi64>, %u: tensor<2x8xf32>) {
  // expected-error@+1 {{indices 3x8 do not broadcast to updates 2x8}}
  %y = graph.scatter none %x, %i, %u {axis = 0} : (tensor<4x8xf32>, tensor<3x8xi64>, tensor<2x8xf32>) -> tensor<4x8xf32>
  func.return
}

// -----

func.func @more_than_there_are(%x: tensor<4x8xf32>) {
  // expected-error@+1 {{there are no 9 largest of 8 elements}}
  %y = graph.top_k %x {k = 9} : (tensor<4x8xf32>) -> tensor<4x9xi64>
  func.return
}

// -----

func.func @sum_of_bools(%x: tensor<4xi1>) {
  // expected-error@+1 {{takes floats and integers, but is given i1}}
  %y = graph.cumulate sum %x {axis = 0} : tensor<4xi1>
  func.return
}

// -----

func.func @boxes(%b: tensor<9x5xf32>, %may: tensor<9xi1>, %t: tensor<f32>) {
  // expected-error@+1 {{for candidates tensor<9xi1> boxes have that shape and a last dim of 4: tensor<9x5xf32>}}
  %y = graph.suppress %b, %may, %t {limit = 3} : (tensor<9x5xf32>, tensor<9xi1>, tensor<f32>) -> tensor<9xi1>
  func.return
}
