// RUN: stepwell-opt %s -p canonicalize | filecheck %s

// Neutral numbers go, on either side where the op commutes.
// CHECK-LABEL: @neutral
// CHECK-NEXT:    func.return %x : tensor<4xf32>
func.func @neutral(%x: tensor<4xf32>) -> tensor<4xf32> {
  %zero = graph.constant dense<0.0> : tensor<f32>
  %one = graph.constant dense<1.0> : tensor<4xf32>
  %a = graph.sub %x, %zero : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  %b = graph.mul %one, %a : tensor<4xf32>
  %c = graph.div %b, %one : tensor<4xf32>
  func.return %c : tensor<4xf32>
}

// -0.0 + 0.0 is 0.0: to add 0.0 is to do something. To add -0.0 is not.
// CHECK-LABEL: @signed_zero
// CHECK:         %a = graph.add %x, %zero
// CHECK-NEXT:    func.return %a
func.func @signed_zero(%x: tensor<4xf32>) -> tensor<4xf32> {
  %zero = graph.constant dense<0.0> : tensor<4xf32>
  %minus = graph.constant dense<-0.0> : tensor<4xf32>
  %a = graph.add %x, %zero : tensor<4xf32>
  %b = graph.add %a, %minus : tensor<4xf32>
  func.return %b : tensor<4xf32>
}

// To divide by a power of two is to multiply by its inverse, to the bit.
// CHECK-LABEL: @power_of_two
// CHECK:         %[[EIGHTH:.*]] = graph.constant dense<-1.250000e-01> : tensor<f32>
// CHECK-NEXT:    graph.mul %x, %[[EIGHTH]]
func.func @power_of_two(%x: tensor<4xf32>) -> tensor<4xf32> {
  %c = graph.constant dense<-8.0> : tensor<f32>
  %a = graph.div %x, %c : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  func.return %a : tensor<4xf32>
}

// The inverse of 3 is rounded, that of 2^-128 is too large and that of 2^127 is subnormal: these stay.
// CHECK-LABEL: @no_power_of_two
// CHECK-COUNT-4: graph.div
func.func @no_power_of_two(%x: tensor<4xf32>, %n: tensor<4xi64>) -> (tensor<4xf32>, tensor<4xi64>) {
  %three = graph.constant dense<3.0> : tensor<f32>
  %small = graph.constant dense<0x00200000> : tensor<f32>
  %large = graph.constant dense<0x7F000000> : tensor<f32>
  %two = graph.constant dense<2> : tensor<i64>
  %a = graph.div %x, %three : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  %b = graph.div %a, %small : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  %c = graph.div %b, %large : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  %m = graph.div %n, %two : (tensor<4xi64>, tensor<i64>) -> tensor<4xi64>
  func.return %c, %m : tensor<4xf32>, tensor<4xi64>
}

// A neutral number that widens the shape stays.
// CHECK-LABEL: @widens
// CHECK:         graph.mul
func.func @widens(%x: tensor<4xf32>) -> tensor<2x4xf32> {
  %one = graph.constant dense<1.0> : tensor<2x1xf32>
  %a = graph.mul %x, %one : (tensor<4xf32>, tensor<2x1xf32>) -> tensor<2x4xf32>
  func.return %a : tensor<2x4xf32>
}

// 1 - x and 1 / x are not x.
// CHECK-LABEL: @order_matters
// CHECK:         graph.sub
// CHECK-NEXT:    graph.div
func.func @order_matters(%x: tensor<4xf32>) -> tensor<4xf32> {
  %zero = graph.constant dense<0.0> : tensor<4xf32>
  %one = graph.constant dense<1.0> : tensor<4xf32>
  %a = graph.sub %zero, %x : tensor<4xf32>
  %b = graph.div %one, %a : tensor<4xf32>
  func.return %b : tensor<4xf32>
}

// Twice the same: negation comes back, relu stays.
// CHECK-LABEL: @twice
// CHECK-NEXT:    %c = graph.relu %x : tensor<4xf32>
// CHECK-NEXT:    func.return %c
func.func @twice(%x: tensor<4xf32>) -> tensor<4xf32> {
  %a = graph.neg %x : tensor<4xf32>
  %b = graph.neg %a : tensor<4xf32>
  %c = graph.relu %b : tensor<4xf32>
  %d = graph.relu %c : tensor<4xf32>
  func.return %d : tensor<4xf32>
}

// Bounds meet: relu, max and min with one number, and clamps are one clamp.
// CHECK-LABEL: @clamps
// CHECK-NEXT:    %[[C:.*]] = graph.clamp %x {min = 0.0, max = 6.0} : tensor<4xf32>
// CHECK-NEXT:    func.return %[[C]]
func.func @clamps(%x: tensor<4xf32>) -> tensor<4xf32> {
  %six = graph.constant dense<6.0> : tensor<f32>
  %a = graph.relu %x : tensor<4xf32>
  %b = graph.min %a, %six : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  %c = graph.clamp %b {min = -1.0, max = 9.0} : tensor<4xf32>
  func.return %c : tensor<4xf32>
}

// Clamps with nothing in between are left alone: all would be 2.
// CHECK-LABEL: @clamps_apart
// CHECK-COUNT-2: graph.clamp
func.func @clamps_apart(%x: tensor<4xf32>) -> tensor<4xf32> {
  %a = graph.clamp %x {min = 0.0, max = 1.0} : tensor<4xf32>
  %b = graph.clamp %a {min = 2.0, max = 3.0} : tensor<4xf32>
  func.return %b : tensor<4xf32>
}

// A detour through a wider type is none.
// CHECK-LABEL: @casts
// CHECK-NEXT:    %[[C:.*]] = graph.cast %x : (tensor<4xi8>) -> tensor<4xf32>
// CHECK-NEXT:    func.return %[[C]]
func.func @casts(%x: tensor<4xi8>) -> tensor<4xf32> {
  %a = graph.cast %x : tensor<4xi8>
  %b = graph.cast %a : (tensor<4xi8>) -> tensor<4xi64>
  %c = graph.cast %b : (tensor<4xi64>) -> tensor<4xf32>
  func.return %c : tensor<4xf32>
}

// Through a narrower one it is: numbers are lost.
// CHECK-LABEL: @lossy_casts
// CHECK-COUNT-2: graph.cast
func.func @lossy_casts(%x: tensor<4xf32>) -> tensor<4xf32> {
  %a = graph.cast %x : (tensor<4xf32>) -> tensor<4xi8>
  %b = graph.cast %a : (tensor<4xi8>) -> tensor<4xf32>
  func.return %b : tensor<4xf32>
}

// A known choice is made.
// CHECK-LABEL: @select
// CHECK-NEXT:    func.return %y
func.func @select(%x: tensor<4xf32>, %y: tensor<4xf32>, %c: tensor<4xi1>) -> tensor<4xf32> {
  %no = graph.constant dense<false> : tensor<i1>
  %a = graph.select %no, %x, %y : (tensor<i1>, tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %b = graph.select %c, %a, %a : (tensor<4xi1>, tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  func.return %b : tensor<4xf32>
}

// Two transposes are one; if they undo each other, none.
// CHECK-LABEL: @transposes
// CHECK-NEXT:    %[[T:.*]] = graph.transpose %x {perm = [2, 0, 1]} : (tensor<2x3x4xf32>) -> tensor<4x2x3xf32>
// CHECK-NEXT:    func.return %x, %[[T]]
func.func @transposes(%x: tensor<2x3x4xf32>) -> (tensor<2x3x4xf32>, tensor<4x2x3xf32>) {
  %a = graph.transpose %x {perm = [1, 2, 0]} : (tensor<2x3x4xf32>) -> tensor<3x4x2xf32>
  %b = graph.transpose %a {perm = [2, 0, 1]} : (tensor<3x4x2xf32>) -> tensor<2x3x4xf32>
  %c = graph.transpose %a {perm = [1, 2, 0]} : (tensor<3x4x2xf32>) -> tensor<4x2x3xf32>
  func.return %b, %c : tensor<2x3x4xf32>, tensor<4x2x3xf32>
}

// A transpose that moves dims of 1 only moves nothing in memory.
// CHECK-LABEL: @transpose_of_ones
// CHECK-NEXT:    graph.reshape %x : (tensor<1x3x1x4xf32>) -> tensor<3x1x1x4xf32>
func.func @transpose_of_ones(%x: tensor<1x3x1x4xf32>) -> tensor<3x1x1x4xf32> {
  %a = graph.transpose %x {perm = [1, 0, 2, 3]} : (tensor<1x3x1x4xf32>) -> tensor<3x1x1x4xf32>
  func.return %a : tensor<3x1x1x4xf32>
}

// Reshapes chain; back to the same shape they vanish.
// CHECK-LABEL: @reshapes
// CHECK-NEXT:    %[[B:.*]] = graph.reshape %x : (tensor<2x6xf32>) -> tensor<12xf32>
// CHECK-NEXT:    func.return %[[B]], %x
func.func @reshapes(%x: tensor<2x6xf32>) -> (tensor<12xf32>, tensor<2x6xf32>) {
  %a = graph.reshape %x : (tensor<2x6xf32>) -> tensor<3x4xf32>
  %b = graph.reshape %a : (tensor<3x4xf32>) -> tensor<12xf32>
  %c = graph.reshape %b : (tensor<12xf32>) -> tensor<2x6xf32>
  func.return %b, %c : tensor<12xf32>, tensor<2x6xf32>
}

// What takes all, adds none, or repeats nothing.
// CHECK-LABEL: @nothing_moves
// CHECK-NEXT:    %[[V:.*]] = graph.reshape %x : (tensor<2x6xf32>) -> tensor<1x2x6xf32>
// CHECK-NEXT:    func.return %x, %[[V]]
func.func @nothing_moves(%x: tensor<2x6xf32>) -> (tensor<2x6xf32>, tensor<1x2x6xf32>) {
  %a = graph.slice %x {starts = [0, 0], sizes = [2, 6]} : tensor<2x6xf32>
  %b = graph.pad %a {low = [0, 0], high = [0, 0]} : tensor<2x6xf32>
  %c = graph.concat %b {axis = 0} : tensor<2x6xf32>
  %d = graph.broadcast_to %c : tensor<2x6xf32>
  %e = graph.broadcast_to %d : (tensor<2x6xf32>) -> tensor<1x2x6xf32>
  func.return %d, %e : tensor<2x6xf32>, tensor<1x2x6xf32>
}

// A slice of all elements that turns them round does something.
// CHECK-LABEL: @turned
// CHECK:         graph.slice
func.func @turned(%x: tensor<6xf32>) -> tensor<6xf32> {
  %a = graph.slice %x {starts = [5], sizes = [6], steps = [-1]} : tensor<6xf32>
  func.return %a : tensor<6xf32>
}

// Elements 7, 5, 3, 1 of x; of those the second and the third.
// CHECK-LABEL: @slices
// CHECK-NEXT:    graph.slice %x {starts = [5], sizes = [2], steps = [-2]} : (tensor<8xf32>) -> tensor<2xf32>
func.func @slices(%x: tensor<8xf32>) -> tensor<2xf32> {
  %a = graph.slice %x {starts = [7], sizes = [4], steps = [-2]} : (tensor<8xf32>) -> tensor<4xf32>
  %b = graph.slice %a {starts = [1], sizes = [2]} : (tensor<4xf32>) -> tensor<2xf32>
  func.return %b : tensor<2xf32>
}

// A slice within one part of a concat; one that straddles two stays.
// CHECK-LABEL: @slice_of_concat
// CHECK-NEXT:    %[[C:.*]] = graph.concat %x, %y
// CHECK-NEXT:    %[[B:.*]] = graph.slice %[[C]] {starts = [3], sizes = [2]}
// CHECK-NEXT:    func.return %y, %[[B]]
func.func @slice_of_concat(%x: tensor<4xf32>, %y: tensor<4xf32>) -> (tensor<4xf32>, tensor<2xf32>) {
  %c = graph.concat %x, %y {axis = 0} : (tensor<4xf32>, tensor<4xf32>) -> tensor<8xf32>
  %a = graph.slice %c {starts = [4], sizes = [4]} : (tensor<8xf32>) -> tensor<4xf32>
  %b = graph.slice %c {starts = [3], sizes = [2]} : (tensor<8xf32>) -> tensor<2xf32>
  func.return %a, %b : tensor<4xf32>, tensor<2xf32>
}

// Concats along one axis are one.
// CHECK-LABEL: @concats
// CHECK-NEXT:    graph.concat %x, %x, %y {axis = 0}
func.func @concats(%x: tensor<4xf32>, %y: tensor<4xf32>) -> tensor<12xf32> {
  %a = graph.concat %x, %x {axis = 0} : (tensor<4xf32>, tensor<4xf32>) -> tensor<8xf32>
  %b = graph.concat %a, %y {axis = 0} : (tensor<8xf32>, tensor<4xf32>) -> tensor<12xf32>
  func.return %b : tensor<12xf32>
}

// Pads with one value add up; two reflections do not.
// CHECK-LABEL: @pads
// CHECK-NEXT:    %[[A:.*]] = graph.pad %x {low = [3], high = [1]} : (tensor<4xf32>) -> tensor<8xf32>
// CHECK-NEXT:    %[[B:.*]] = graph.pad %[[A]] {low = [1], high = [0], mode = reflect}
// CHECK-NEXT:    graph.pad %[[B]] {low = [1], high = [0], mode = reflect}
func.func @pads(%x: tensor<4xf32>) -> tensor<10xf32> {
  %a = graph.pad %x {low = [1], high = [1]} : (tensor<4xf32>) -> tensor<6xf32>
  %b = graph.pad %a {low = [2], high = [0]} : (tensor<6xf32>) -> tensor<8xf32>
  %c = graph.pad %b {low = [1], high = [0], mode = reflect} : (tensor<8xf32>) -> tensor<9xf32>
  %d = graph.pad %c {low = [1], high = [0], mode = reflect} : (tensor<9xf32>) -> tensor<10xf32>
  func.return %d : tensor<10xf32>
}

// To reduce dims of 1 is to drop them.
// CHECK-LABEL: @reduce_ones
// CHECK-NEXT:    graph.reshape %x : (tensor<4x1xf32>) -> tensor<4xf32>
func.func @reduce_ones(%x: tensor<4x1xf32>) -> tensor<4xf32> {
  %a = graph.reduce max %x {axes = [1]} : (tensor<4x1xf32>) -> tensor<4xf32>
  func.return %a : tensor<4xf32>
}

// A shape that is known is a constant, and what waits for it is static.
// CHECK-LABEL: @static_reshape
// CHECK-NEXT:    graph.reshape %x : (tensor<2x6xf32>) -> tensor<3x4xf32>
func.func @static_reshape(%x: tensor<2x6xf32>, %y: tensor<3x4xf32>) -> tensor<3x4xf32> {
  %s = graph.shape_of %y : (tensor<3x4xf32>) -> tensor<2xi64>
  %a = graph.dynamic_reshape %x, %s : (tensor<2x6xf32>, tensor<2xi64>) -> tensor<3x4xf32>
  func.return %a : tensor<3x4xf32>
}

// A part of one dim that is then split: the whole is split, which is a view, and the part taken of that.
// CHECK-LABEL: @heads
// CHECK-NEXT:    %[[ALL:.*]] = graph.reshape %x : (tensor<1x5x24xf32>) -> tensor<1x5x6x4xf32>
// CHECK-NEXT:    graph.slice %[[ALL]] {starts = [0, 0, 2, 0], sizes = [1, 5, 2, 4]}
func.func @heads(%x: tensor<1x5x24xf32>) -> tensor<1x5x2x4xf32> {
  %a = graph.slice %x {starts = [0, 0, 8], sizes = [1, 5, 8]} : (tensor<1x5x24xf32>) -> tensor<1x5x8xf32>
  %b = graph.reshape %a : (tensor<1x5x8xf32>) -> tensor<1x5x2x4xf32>
  func.return %b : tensor<1x5x2x4xf32>
}

// Dims of 1 may come and go.
// CHECK-LABEL: @head_of_one_row
// CHECK-NEXT:    %[[ALL:.*]] = graph.reshape %x : (tensor<1x1x24xf32>) -> tensor<1x6x1x4xf32>
// CHECK-NEXT:    graph.slice %[[ALL]] {starts = [0, 2, 0, 0], sizes = [1, 2, 1, 4]}
func.func @head_of_one_row(%x: tensor<1x1x24xf32>) -> tensor<1x2x1x4xf32> {
  %a = graph.slice %x {starts = [0, 0, 8], sizes = [1, 1, 8]} : (tensor<1x1x24xf32>) -> tensor<1x1x8xf32>
  %b = graph.reshape %a : (tensor<1x1x8xf32>) -> tensor<1x2x1x4xf32>
  func.return %b : tensor<1x2x1x4xf32>
}

// A cut within a head, a reshape that mixes the cut dim with the one before it, a slice that others need: these stay.
// CHECK-LABEL: @no_heads
// CHECK-COUNT-3: graph.reshape %{{[abc]}}
func.func @no_heads(%x: tensor<1x5x24xf32>) -> (tensor<1x5x2x4xf32>, tensor<1x10x4xf32>, tensor<1x5x2x4xf32>, tensor<1x5x8xf32>) {
  %a = graph.slice %x {starts = [0, 0, 6], sizes = [1, 5, 8]} : (tensor<1x5x24xf32>) -> tensor<1x5x8xf32>
  %ar = graph.reshape %a : (tensor<1x5x8xf32>) -> tensor<1x5x2x4xf32>
  %b = graph.slice %x {starts = [0, 0, 8], sizes = [1, 5, 8]} : (tensor<1x5x24xf32>) -> tensor<1x5x8xf32>
  %br = graph.reshape %b : (tensor<1x5x8xf32>) -> tensor<1x10x4xf32>
  %c = graph.slice %x {starts = [0, 0, 16], sizes = [1, 5, 8]} : (tensor<1x5x24xf32>) -> tensor<1x5x8xf32>
  %cr = graph.reshape %c : (tensor<1x5x8xf32>) -> tensor<1x5x2x4xf32>
  func.return %ar, %br, %cr, %c : tensor<1x5x2x4xf32>, tensor<1x10x4xf32>, tensor<1x5x2x4xf32>, tensor<1x5x8xf32>
}

// ONNX Slice counts negatives from the end and clamps: here 5, 4, ..., 0 of dim 1.
// CHECK-LABEL: @static_slice
// CHECK:         graph.slice %x {starts = [0, 5], sizes = [2, 6], steps = [1, -1]} : tensor<2x6xf32>
func.func @static_slice(%x: tensor<2x6xf32>) -> tensor<2x6xf32> {
  %starts = graph.constant dense<-1> : tensor<1xi64>
  %ends = graph.constant dense<-100> : tensor<1xi64>
  %axes = graph.constant dense<1> : tensor<1xi64>
  %steps = graph.constant dense<-1> : tensor<1xi64>
  %a = graph.dynamic_slice %x, %starts, %ends, %axes, %steps : (tensor<2x6xf32>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<2x6xf32>
  func.return %a : tensor<2x6xf32>
}

// A negative pad is a slice.
// CHECK-LABEL: @static_pad
// CHECK:         %[[S:.*]] = graph.slice %x {starts = [1], sizes = [5]} : (tensor<6xf32>) -> tensor<5xf32>
// CHECK-NEXT:    graph.pad %[[S]] {low = [0], high = [2], value = 1.5} : (tensor<5xf32>) -> tensor<7xf32>
func.func @static_pad(%x: tensor<6xf32>) -> tensor<7xf32> {
  %pads = graph.constant dense<[-1, 2]> : tensor<2xi64>
  %fill = graph.constant dense<1.5> : tensor<f32>
  %a = graph.dynamic_pad %x, %pads, %fill : (tensor<6xf32>, tensor<2xi64>, tensor<f32>) -> tensor<7xf32>
  func.return %a : tensor<7xf32>
}

// Scales that say more than the sizes do are kept: 5 of 8 is 0.625, not 0.7.
// CHECK-LABEL: @static_resize
// CHECK-NEXT:    graph.resize %x {mode = linear, scales = [1.0, 1.0, {{0.69[0-9]*}}]} : (tensor<1x1x8xf32>) -> tensor<1x1x5xf32>
func.func @static_resize(%x: tensor<1x1x8xf32>) -> tensor<1x1x5xf32> {
  %scales = graph.constant dense<[1.0, 1.0, 0.7]> : tensor<3xf32>
  %a = graph.dynamic_resize %x, %scales {mode = linear} : (tensor<1x1x8xf32>, tensor<3xf32>) -> tensor<1x1x5xf32>
  func.return %a : tensor<1x1x5xf32>
}

// Types don't change under their users: that is for infer-shapes.
// CHECK-LABEL: @type_knows_less
// CHECK:         graph.dynamic_reshape
func.func @type_knows_less(%x: tensor<2x6xf32>) -> tensor<?x4xf32> {
  %s = graph.constant dense<[-1, 4]> : tensor<2xi64>
  %a = graph.dynamic_reshape %x, %s : (tensor<2x6xf32>, tensor<2xi64>) -> tensor<?x4xf32>
  func.return %a : tensor<?x4xf32>
}

// What is not known stays dynamic.
// CHECK-LABEL: @stays_dynamic
// CHECK-NEXT:    graph.shape_of
// CHECK-NEXT:    graph.dynamic_reshape
func.func @stays_dynamic(%x: tensor<?x6xf32>, %y: tensor<?x4xf32>) -> tensor<?x?xf32> {
  %s = graph.shape_of %y : (tensor<?x4xf32>) -> tensor<2xi64>
  %a = graph.dynamic_reshape %x, %s : (tensor<?x6xf32>, tensor<2xi64>) -> tensor<?x?xf32>
  func.return %a : tensor<?x?xf32>
}

// A part at a known place is a slice; beyond the end it is the last part.
// CHECK-LABEL: @known_place
// CHECK-NEXT:    %y = graph.slice %x {starts = [8, 0], sizes = [1, 2]}
// CHECK-NEXT:    func.return %y
func.func @known_place(%x: tensor<9x4xf32>) -> tensor<1x2xf32> {
  %i = graph.constant dense<12> : tensor<i64>
  %j = graph.constant dense<-1> : tensor<i64>
  %y = graph.slice_at %x, %i, %j {sizes = [1, 2]} : (tensor<9x4xf32>, tensor<i64>, tensor<i64>) -> tensor<1x2xf32>
  func.return %y : tensor<1x2xf32>
}

// What was just put there is what is read there; and all of x is x, wherever it is said to begin.
// CHECK-LABEL: @read_what_was_put
// CHECK-NEXT:    func.return %u, %x
func.func @read_what_was_put(%x: tensor<9xf32>, %u: tensor<2xf32>, %i: tensor<i64>) -> (tensor<2xf32>, tensor<9xf32>) {
  %z = graph.update_at %x, %u, %i : (tensor<9xf32>, tensor<2xf32>, tensor<i64>) -> tensor<9xf32>
  %y = graph.slice_at %z, %i {sizes = [2]} : (tensor<9xf32>, tensor<i64>) -> tensor<2xf32>
  %w = graph.slice_at %x, %i {sizes = [9]} : (tensor<9xf32>, tensor<i64>) -> tensor<9xf32>
  func.return %y, %w : tensor<2xf32>, tensor<9xf32>
}

// A larger part may have been moved by its clamping: it must be read.
// CHECK-LABEL: @read_more_than_was_put
// CHECK:         graph.update_at
// CHECK-NEXT:    graph.slice_at
func.func @read_more_than_was_put(%x: tensor<9xf32>, %u: tensor<2xf32>, %i: tensor<i64>) -> tensor<3xf32> {
  %z = graph.update_at %x, %u, %i : (tensor<9xf32>, tensor<2xf32>, tensor<i64>) -> tensor<9xf32>
  %y = graph.slice_at %z, %i {sizes = [3]} : (tensor<9xf32>, tensor<i64>) -> tensor<3xf32>
  func.return %y : tensor<3xf32>
}

// The branch that is taken is known.
// CHECK-LABEL: @known_branch
// CHECK-NEXT:    %[[Y:.*]] = graph.relu %x
// CHECK-NEXT:    func.return %[[Y]]
func.func @known_branch(%x: tensor<4xf32>) -> tensor<4xf32> {
  %c = graph.constant dense<true> : tensor<i1>
  %y = graph.if %c -> (tensor<4xf32>) {
    %a = graph.relu %x : tensor<4xf32>
    graph.yield %a : tensor<4xf32>
  } else {
    graph.yield %x : tensor<4xf32>
  }
  func.return %y : tensor<4xf32>
}

// A result that nobody uses is none, nor is one that both branches take from outside.
// CHECK-LABEL: @branch_values
// CHECK-NEXT:    %{{.*}} = graph.if %c -> (tensor<4xf32>) {
// CHECK-NEXT:      %[[A:.*]] = graph.relu %x
// CHECK-NEXT:      graph.yield %[[A]] : tensor<4xf32>
// CHECK-NEXT:    } else {
// CHECK-NEXT:      graph.yield %x : tensor<4xf32>
// CHECK-NEXT:    }
// CHECK-NEXT:    func.return %{{.*}}, %x
func.func @branch_values(%c: tensor<i1>, %x: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
  %y, %same, %unused = graph.if %c -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) {
    %a = graph.relu %x : tensor<4xf32>
    %b = graph.exp %x : tensor<4xf32>
    graph.yield %a, %x, %b : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>
  } else {
    graph.yield %x, %x, %x : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>
  }
  func.return %y, %same : tensor<4xf32>, tensor<4xf32>
}

// A loop that takes no step gives what it began with.
// CHECK-LABEL: @no_steps
// CHECK-NEXT:    func.return %x, %x
func.func @no_steps(%x: tensor<4xf32>, %n: tensor<i64>) -> (tensor<4xf32>, tensor<4xf32>) {
  %none = graph.constant dense<-1> : tensor<i64>
  %false = graph.constant dense<false> : tensor<i1>
  %a = graph.loop %i to %none iter(%b = %x) : tensor<4xf32> {
    %c = graph.relu %b : tensor<4xf32>
    graph.yield %c : tensor<4xf32>
  }
  %d = graph.loop %i to %n while %false iter(%e = %x) : tensor<4xf32> {
    %f = graph.relu %e : tensor<4xf32>
    %true = graph.constant dense<true> : tensor<i1>
    graph.yield %true, %f : tensor<i1>, tensor<4xf32>
  }
  func.return %a, %d : tensor<4xf32>, tensor<4xf32>
}

// A loop of one step is that step, of number 0.
// CHECK-LABEL: @one_step
// CHECK-NEXT:    %[[X:.*]] = graph.slice %xs {starts = [0], sizes = [4]}
// CHECK-NEXT:    %[[Y:.*]] = graph.add %x, %[[X]]
// CHECK-NEXT:    func.return %[[Y]]
func.func @one_step(%x: tensor<4xf32>, %xs: tensor<8xf32>) -> tensor<4xf32> {
  %one = graph.constant dense<1> : tensor<i64>
  %a = graph.loop %i to %one iter(%b = %x) : tensor<4xf32> {
    %c = graph.slice_at %xs, %i {sizes = [4]} : (tensor<8xf32>, tensor<i64>) -> tensor<4xf32>
    %d = graph.add %b, %c : tensor<4xf32>
    graph.yield %d : tensor<4xf32>
  }
  func.return %a : tensor<4xf32>
}

// A condition that always holds goes, what is handed on unchanged or never read is not carried, and what needs nothing
// of the loop is computed before it.
// CHECK-LABEL: @what_stays_the_same
// CHECK-NEXT:    %[[R:.*]] = graph.relu %x
// CHECK-NEXT:    %[[Y:.*]] = graph.loop %i to %n iter(%[[B:.*]] = %x) : tensor<4xf32> {
// CHECK-NEXT:      %[[E:.*]] = graph.add %[[B]], %[[R]]
// CHECK-NEXT:      graph.yield %[[E]] : tensor<4xf32>
// CHECK-NEXT:    }
// CHECK-NEXT:    func.return %[[Y]]
func.func @what_stays_the_same(%x: tensor<4xf32>, %n: tensor<i64>) -> tensor<4xf32> {
  %true = graph.constant dense<true> : tensor<i1>
  %y, %z, %w = graph.loop %i to %n while %true iter(%a = %x, %same = %x, %unread = %x)
      : tensor<4xf32>, tensor<4xf32>, tensor<4xf32> {
    %r = graph.relu %same : tensor<4xf32>
    %e = graph.add %a, %r : tensor<4xf32>
    %go = graph.constant dense<true> : tensor<i1>
    graph.yield %go, %e, %same, %e : tensor<i1>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>
  }
  func.return %y : tensor<4xf32>
}

// A loop that only its condition ends keeps it, even if it never ends.
// CHECK-LABEL: @endless
// CHECK:         graph.loop %i while %true
func.func @endless(%x: tensor<4xf32>) -> tensor<4xf32> {
  %true = graph.constant dense<true> : tensor<i1>
  %y = graph.loop %i while %true iter(%a = %x) : tensor<4xf32> {
    %b = graph.relu %a : tensor<4xf32>
    graph.yield %true, %b : tensor<i1>, tensor<4xf32>
  }
  func.return %y : tensor<4xf32>
}

// Indices that were spread along rows are the rows' own again: whole rows move.
// CHECK-LABEL: @rows
// CHECK-NEXT:    %column = graph.reshape %i : (tensor<9xi64>) -> tensor<9x1xi64>
// CHECK-NEXT:    graph.scatter add %x, %column, %u {axis = 0} : (tensor<4x8xf32>, tensor<9x1xi64>, tensor<9x8xf32>)
// CHECK-NEXT:    graph.gather_elements %x, %column {axis = 0} : (tensor<4x8xf32>, tensor<9x1xi64>)
func.func @rows(%x: tensor<4x8xf32>, %i: tensor<9xi64>, %u: tensor<9x8xf32>) -> (tensor<4x8xf32>, tensor<9x8xf32>) {
  %column = graph.reshape %i : (tensor<9xi64>) -> tensor<9x1xi64>
  %spread = graph.broadcast_to %column : (tensor<9x1xi64>) -> tensor<9x8xi64>
  %y = graph.scatter add %x, %spread, %u {axis = 0} : (tensor<4x8xf32>, tensor<9x8xi64>, tensor<9x8xf32>) -> tensor<4x8xf32>
  %z = graph.gather_elements %x, %spread {axis = 0} : (tensor<4x8xf32>, tensor<9x8xi64>) -> tensor<9x8xf32>
  func.return %y, %z : tensor<4x8xf32>, tensor<9x8xf32>
}

// Not where they were spread along the axis itself.
// CHECK-LABEL: @along_the_axis
// CHECK:         %spread = graph.broadcast_to
// CHECK-NEXT:    graph.scatter add %x, %spread, %u {axis = 1}
// CHECK-NEXT:    graph.gather_elements %x, %spread {axis = 1}
func.func @along_the_axis(%x: tensor<9x8xf32>, %i: tensor<9x1xi64>, %u: tensor<9x8xf32>) -> (tensor<9x8xf32>, tensor<9x8xf32>) {
  %spread = graph.broadcast_to %i : (tensor<9x1xi64>) -> tensor<9x8xi64>
  %y = graph.scatter add %x, %spread, %u {axis = 1} : (tensor<9x8xf32>, tensor<9x8xi64>, tensor<9x8xf32>) -> tensor<9x8xf32>
  %z = graph.gather_elements %x, %spread {axis = 1} : (tensor<9x8xf32>, tensor<9x8xi64>) -> tensor<9x8xf32>
  func.return %y, %z : tensor<9x8xf32>, tensor<9x8xf32>
}

// Of 5 taps over 2 rows with pads of 2 the first and the last see padding in both places of the window; over the 9
// columns none does.
// CHECK-LABEL: @taps_in_padding
// CHECK-NEXT:    %w_1 = graph.slice %w {starts = [0, 0, 1, 0], sizes = [4, 3, 3, 5]} : (tensor<4x3x5x5xf32>) -> tensor<4x3x3x5xf32>
// CHECK-NEXT:    graph.conv %x, %w_1 {pads = [1, 2, 1, 2]} : (tensor<1x3x2x9xf32>, tensor<4x3x3x5xf32>) -> tensor<1x4x2x9xf32>
func.func @taps_in_padding(%x: tensor<1x3x2x9xf32>, %w: tensor<4x3x5x5xf32>) -> tensor<1x4x2x9xf32> {
  %y = graph.conv %x, %w {pads = [2, 2, 2, 2]} : (tensor<1x3x2x9xf32>, tensor<4x3x5x5xf32>) -> tensor<1x4x2x9xf32>
  func.return %y : tensor<1x4x2x9xf32>
}

// With a stride the window stands in fewer places: only the middle of 3 taps meets the one row, and the last column of
// taps none of the two columns.
// CHECK-LABEL: @taps_of_strides
// CHECK-NEXT:    %w_1 = graph.slice %w {starts = [1, 0, 0, 0], sizes = [1, 2, 3, 8]} : (tensor<3x3x3x8xf32>) -> tensor<1x2x3x8xf32>
// CHECK-NEXT:    graph.conv %x, %w_1 {strides = [2, 2], layout = nhwc}
func.func @taps_of_strides(%x: tensor<1x1x2x3xf32>, %w: tensor<3x3x3x8xf32>) -> tensor<1x1x1x8xf32> {
  %y = graph.conv %x, %w {strides = [2, 2], pads = [1, 0, 1, 1], layout = nhwc}
      : (tensor<1x1x2x3xf32>, tensor<3x3x3x8xf32>) -> tensor<1x1x1x8xf32>
  func.return %y : tensor<1x1x1x8xf32>
}

// Of taps at -1, 1 and 3 only the second meets the 3 elements. It stays with the others: alone it would begin inside, at
// a padding of -1.
// CHECK-LABEL: @begins_inside
// CHECK-NEXT:    graph.conv %x, %w {pads = [1, 1], dilations = [2]}
func.func @begins_inside(%x: tensor<1x3x3xf32>, %w: tensor<4x3x3xf32>) -> tensor<1x4x1xf32> {
  %y = graph.conv %x, %w {pads = [1, 1], dilations = [2]} : (tensor<1x3x3xf32>, tensor<4x3x3xf32>) -> tensor<1x4x1xf32>
  func.return %y : tensor<1x4x1xf32>
}
