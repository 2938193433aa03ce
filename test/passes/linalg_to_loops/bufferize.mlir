// RUN: stepwell-opt %s -p bufferize --split-input-file | filecheck %s

// The returned tensor starts from an empty: it is written straight into the caller's buffer. The input may be that
// very buffer, since each element is read just where it is then written.
// CHECK-LABEL: @relu(%x: memref<4xf32>, %out: memref<4xf32> {stepwell.inplace = array<i64: 0>})
// CHECK-NOT:     memref.alloc
// CHECK:         linalg.generic {{.*}} ins(%x : memref<4xf32>) outs(%out : memref<4xf32>)
// CHECK:         func.return
func.func private @relu(%x: tensor<4xf32>) -> tensor<4xf32> {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<4xf32>
  %y = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
      ins(%x : tensor<4xf32>) outs(%e : tensor<4xf32>) {
  ^bb0(%a: f32, %b: f32):
    %m = arith.maximumf %a, %zero : f32
    linalg.yield %m : f32
  } -> tensor<4xf32>
  func.return %y : tensor<4xf32>
}

// A transpose reads elsewhere than it writes: no in-place.
// CHECK-LABEL: @transpose(%x: memref<4x4xf32>, %out: memref<4x4xf32>)
func.func private @transpose(%x: tensor<4x4xf32>) -> tensor<4x4xf32> {
  %e = tensor.empty() : tensor<4x4xf32>
  %y = linalg.generic {indexing_maps = [affine_map<(i, j) -> (j, i)>, affine_map<(i, j) -> (i, j)>],
                       iterator_types = ["parallel", "parallel"]}
      ins(%x : tensor<4x4xf32>) outs(%e : tensor<4x4xf32>) {
  ^bb0(%a: f32, %b: f32):
    linalg.yield %a : f32
  } -> tensor<4x4xf32>
  func.return %y : tensor<4x4xf32>
}

// Sum of rows, then its double: fill, sum and double share the output; nothing is allocated. %x is read after the
// output was first written, so the output may not lie over it.
// CHECK-LABEL: @sum_then_double(%x: memref<4x8xf32>, %out: memref<4xf32>)
// CHECK-NOT:     memref.alloc
// CHECK:         linalg.fill ins(%zero : f32) outs(%out : memref<4xf32>)
// CHECK:         linalg.generic {{.*}} ins(%x : memref<4x8xf32>) outs(%out : memref<4xf32>)
// CHECK:         linalg.generic {{.*}} ins(%out : memref<4xf32>) outs(%out : memref<4xf32>)
// CHECK:         func.return
func.func private @sum_then_double(%x: tensor<4x8xf32>) -> tensor<4xf32> {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<4xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<4xf32>) -> tensor<4xf32>
  %s = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i)>],
                       iterator_types = ["parallel", "reduction"]}
      ins(%x : tensor<4x8xf32>) outs(%f : tensor<4xf32>) {
  ^bb0(%a: f32, %b: f32):
    %m = arith.addf %a, %b : f32
    linalg.yield %m : f32
  } -> tensor<4xf32>
  %e2 = tensor.empty() : tensor<4xf32>
  %y = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
      ins(%s : tensor<4xf32>) outs(%e2 : tensor<4xf32>) {
  ^bb0(%a: f32, %b: f32):
    %m = arith.addf %a, %a : f32
    linalg.yield %m : f32
  } -> tensor<4xf32>
  func.return %y : tensor<4xf32>
}

// Softmax's numerator: x - max(x). The maximum is smaller than the result and lives in a buffer of its own; the input
// is last read where the output is first written, element by element.
// CHECK-LABEL: @less_max(%x: memref<4xf32>, %out: memref<4xf32> {stepwell.inplace = array<i64: 0>})
// CHECK:         %[[MAX:.*]] = memref.alloc() : memref<f32>
// CHECK:         linalg.fill {{.*}} outs(%[[MAX]] : memref<f32>)
// CHECK:         linalg.generic {{.*}} ins(%x : memref<4xf32>) outs(%[[MAX]] : memref<f32>)
// CHECK:         linalg.generic {{.*}} ins(%x, %[[MAX]] : memref<4xf32>, memref<f32>) outs(%out : memref<4xf32>)
func.func private @less_max(%x: tensor<4xf32>) -> tensor<4xf32> {
  %low = arith.constant -3.0e38 : f32
  %e = tensor.empty() : tensor<f32>
  %f = linalg.fill ins(%low : f32) outs(%e : tensor<f32>) -> tensor<f32>
  %max = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> ()>],
                         iterator_types = ["reduction"]}
      ins(%x : tensor<4xf32>) outs(%f : tensor<f32>) {
  ^bb0(%a: f32, %b: f32):
    %m = arith.maximumf %a, %b : f32
    linalg.yield %m : f32
  } -> tensor<f32>
  %e2 = tensor.empty() : tensor<4xf32>
  %y = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> ()>, affine_map<(i) -> (i)>],
                       iterator_types = ["parallel"]}
      ins(%x, %max : tensor<4xf32>, tensor<f32>) outs(%e2 : tensor<4xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %m = arith.subf %a, %b : f32
    linalg.yield %m : f32
  } -> tensor<4xf32>
  func.return %y : tensor<4xf32>
}

// An accumulator that is needed again keeps its contents: the second sum starts from a copy of it.
// CHECK-LABEL: @used_later
// CHECK:         linalg.fill {{.*}} outs(%out0 : memref<4xf32>)
// CHECK:         linalg.generic {{.*}} ins(%out0 : memref<4xf32>) outs(%out1 : memref<4xf32>)
// CHECK:         linalg.generic {{.*}} ins(%x : memref<4xf32>) outs(%out1 : memref<4xf32>)
// CHECK:         func.return
func.func private @used_later(%x: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
  %one = arith.constant 1.0 : f32
  %e = tensor.empty() : tensor<4xf32>
  %f = linalg.fill ins(%one : f32) outs(%e : tensor<4xf32>) -> tensor<4xf32>
  %y = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
      ins(%x : tensor<4xf32>) outs(%f : tensor<4xf32>) {
  ^bb0(%a: f32, %b: f32):
    %m = arith.addf %a, %b : f32
    linalg.yield %m : f32
  } -> tensor<4xf32>
  func.return %f, %y : tensor<4xf32>, tensor<4xf32>
}

// Pad: an argument is copied into its slice, a view with the slice's strides.
// CHECK-LABEL: @pad(%x: memref<4xf32>, %out: memref<6xf32>)
// CHECK:         linalg.fill {{.*}} outs(%out : memref<6xf32>)
// CHECK:         %[[S:.*]] = memref.subview %out[1] [4] [1] : memref<6xf32> to memref<4xf32, strided<[1], offset: 1>>
// CHECK:         linalg.generic {{.*}} ins(%x : memref<4xf32>) outs(%[[S]] :
func.func private @pad(%x: tensor<4xf32>) -> tensor<6xf32> {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<6xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<6xf32>) -> tensor<6xf32>
  %r = tensor.insert_slice %x into %f[1] [4] [1] : tensor<4xf32> into tensor<6xf32>
  func.return %r : tensor<6xf32>
}

// Concat: each part is computed straight into its place, though the destination stood after them in the text.
// CHECK-LABEL: @concat(%x: memref<2xf32>, %out: memref<4xf32>)
// CHECK-NOT:     memref.alloc
// CHECK:         %[[A:.*]] = memref.subview %out[0] [2] [1]
// CHECK-NEXT:    linalg.generic {{.*}} ins(%x : memref<2xf32>) outs(%[[A]] :
// CHECK:         %[[B:.*]] = memref.subview %out[2] [2] [1]
// CHECK-NEXT:    linalg.fill {{.*}} outs(%[[B]] :
// CHECK-NEXT:    func.return
func.func private @concat(%x: tensor<2xf32>) -> tensor<4xf32> {
  %one = arith.constant 1.0 : f32
  %e1 = tensor.empty() : tensor<2xf32>
  %a = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
      ins(%x : tensor<2xf32>) outs(%e1 : tensor<2xf32>) {
  ^bb0(%p: f32, %q: f32):
    %m = arith.addf %p, %one : f32
    linalg.yield %m : f32
  } -> tensor<2xf32>
  %b = linalg.fill ins(%one : f32) outs(%e1 : tensor<2xf32>) -> tensor<2xf32>
  %e2 = tensor.empty() : tensor<4xf32>
  %0 = tensor.insert_slice %a into %e2[0] [2] [1] : tensor<2xf32> into tensor<4xf32>
  %1 = tensor.insert_slice %b into %0[2] [2] [1] : tensor<2xf32> into tensor<4xf32>
  func.return %1 : tensor<4xf32>
}

// What is inserted and also returned needs a buffer of its own.
// CHECK-LABEL: @inserted_and_returned
// CHECK:         linalg.fill {{.*}} outs(%out1 : memref<2xf32>)
// CHECK:         %[[S:.*]] = memref.subview %out0[1] [2] [1]
// CHECK:         linalg.generic {{.*}} ins(%out1 : memref<2xf32>) outs(%[[S]] :
func.func private @inserted_and_returned() -> (tensor<4xf32>, tensor<2xf32>) {
  %one = arith.constant 1.0 : f32
  %e = tensor.empty() : tensor<4xf32>
  %f = linalg.fill ins(%one : f32) outs(%e : tensor<4xf32>) -> tensor<4xf32>
  %e1 = tensor.empty() : tensor<2xf32>
  %a = linalg.fill ins(%one : f32) outs(%e1 : tensor<2xf32>) -> tensor<2xf32>
  %0 = tensor.insert_slice %a into %f[1] [2] [1] : tensor<2xf32> into tensor<4xf32>
  func.return %0, %a : tensor<4xf32>, tensor<2xf32>
}

// An argument is the caller's: inserting into it works on a copy.
// CHECK-LABEL: @insert_into_argument
// CHECK:         linalg.generic {{.*}} ins(%x : memref<4xf32>) outs(%out : memref<4xf32>)
// CHECK:         %[[S:.*]] = memref.subview %out[1] [2] [1]
// CHECK:         linalg.generic {{.*}} ins(%y : memref<2xf32>) outs(%[[S]] :
func.func private @insert_into_argument(%x: tensor<4xf32>, %y: tensor<2xf32>) -> tensor<4xf32> {
  %0 = tensor.insert_slice %y into %x[1] [2] [1] : tensor<2xf32> into tensor<4xf32>
  func.return %0 : tensor<4xf32>
}

// Results of one op that fill slices of one tensor are computed in them.
// CHECK-LABEL: @results_into_slices
// CHECK-NOT:     memref.alloc
// CHECK-DAG:     %[[LOW:.*]] = memref.subview %out[0, 0] [1, 4] [1, 1] : memref<2x4xf32> to memref<4xf32, strided<[1]>>
// CHECK-DAG:     %[[HIGH:.*]] = memref.subview %out[1, 0] [1, 4] [1, 1] : memref<2x4xf32> to memref<4xf32, strided<[1], offset: 4>>
// CHECK:         linalg.generic {{.*}} ins(%x : memref<4xf32>) outs(%[[LOW]], %[[HIGH]] :
// CHECK-NOT:     linalg.generic
// CHECK:         func.return
func.func private @results_into_slices(%x: tensor<4xf32>) -> tensor<2x4xf32> {
  %whole = tensor.empty() : tensor<2x4xf32>
  %e = tensor.empty() : tensor<4xf32>
  %a, %b = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
      ins(%x : tensor<4xf32>) outs(%e, %e : tensor<4xf32>, tensor<4xf32>) {
  ^bb0(%p: f32, %q: f32, %r: f32):
    %s = arith.addf %p, %p : f32
    %d = arith.mulf %p, %s : f32
    linalg.yield %s, %d : f32, f32
  } -> (tensor<4xf32>, tensor<4xf32>)
  %0 = tensor.insert_slice %a into %whole[0, 0] [1, 4] [1, 1] : tensor<4xf32> into tensor<2x4xf32>
  %1 = tensor.insert_slice %b into %0[1, 0] [1, 4] [1, 1] : tensor<4xf32> into tensor<2x4xf32>
  func.return %1 : tensor<2x4xf32>
}

// Where the slices overlap the later one wins, so it cannot be written at the same time.
// CHECK-LABEL: @results_into_overlapping_slices
// CHECK:         %[[OWN:.*]] = memref.alloc() : memref<4xf32>
// CHECK:         linalg.generic {{.*}} outs(%{{.*}}, %[[OWN]] :
// CHECK:         linalg.generic {{.*}} ins(%[[OWN]] : memref<4xf32>)
func.func private @results_into_overlapping_slices(%x: tensor<4xf32>) -> tensor<6xf32> {
  %one = arith.constant 1.0 : f32
  %empty = tensor.empty() : tensor<6xf32>
  %whole = linalg.fill ins(%one : f32) outs(%empty : tensor<6xf32>) -> tensor<6xf32>
  %e = tensor.empty() : tensor<4xf32>
  %a, %b = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
      ins(%x : tensor<4xf32>) outs(%e, %e : tensor<4xf32>, tensor<4xf32>) {
  ^bb0(%p: f32, %q: f32, %r: f32):
    %s = arith.addf %p, %p : f32
    %d = arith.mulf %p, %s : f32
    linalg.yield %s, %d : f32, f32
  } -> (tensor<4xf32>, tensor<4xf32>)
  %0 = tensor.insert_slice %a into %whole[0] [4] [1] : tensor<4xf32> into tensor<6xf32>
  %1 = tensor.insert_slice %b into %0[2] [4] [1] : tensor<4xf32> into tensor<6xf32>
  func.return %1 : tensor<6xf32>
}

// Rows of a slice are not adjacent, so they cannot be seen as one dimension: they are copied first. Splitting a
// dimension of a slice is a view.
// CHECK-LABEL: @reshape_of_slice
// CHECK:         %[[S:.*]] = memref.subview %x[0, 0] [4, 4] [1, 1]
// CHECK:         %[[C:.*]] = memref.alloc() : memref<4x4xf32>
// CHECK:         linalg.generic {{.*}} ins(%[[S]] : {{.*}}) outs(%[[C]] : memref<4x4xf32>)
// CHECK:         memref.collapse_shape %[[C]] {{.*}} : memref<4x4xf32> into memref<16xf32>
// CHECK:         memref.expand_shape %[[S]] {{.*}} into memref<2x2x4xf32, strided<[16, 8, 1]>>
func.func private @reshape_of_slice(%x: tensor<4x8xf32>) -> (tensor<16xf32>, tensor<2x2x4xf32>) {
  %s = tensor.extract_slice %x[0, 0] [4, 4] [1, 1] : tensor<4x8xf32> to tensor<4x4xf32>
  %c = tensor.collapse_shape %s [[0 : i64, 1 : i64]] : tensor<4x4xf32> into tensor<16xf32>
  %e = tensor.expand_shape %s [[0 : i64, 1 : i64], [2 : i64]] output_shape [2, 2, 4] : tensor<4x4xf32> into tensor<2x2x4xf32>
  func.return %c, %e : tensor<16xf32>, tensor<2x2x4xf32>
}

// A gather reads its table at any index: a load, and no in-place over the table.
// CHECK-LABEL: @gather(%t: memref<4xf32>, %i: memref<4xindex>, %out: memref<4xf32>)
// CHECK:         memref.load %t[%{{.*}}] : memref<4xf32>
func.func private @gather(%t: tensor<4xf32>, %i: tensor<4xindex>) -> tensor<4xf32> {
  %e = tensor.empty() : tensor<4xf32>
  %y = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
      ins(%i : tensor<4xindex>) outs(%e : tensor<4xf32>) {
  ^bb0(%n: index, %b: f32):
    %v = tensor.extract %t[%n] : tensor<4xf32>
    linalg.yield %v : f32
  } -> tensor<4xf32>
  func.return %y : tensor<4xf32>
}

// @main: a weight is a global; what lies between two kernels is allocated; a result, also a reshaped one, is written
// straight into its output argument; an input that is returned, and a result that is returned twice, is copied.
// CHECK:         memref.global "private" constant @w.1 : memref<4xf32> = dense_resource<w.1>
// CHECK-LABEL: @copy_6xf32
// CHECK-LABEL: @main(%x: memref<2x2xf32>, %out0: memref<2x3xf32>, %out1: memref<2x2xf32>, %out2: memref<6xf32>)
// CHECK-SAME:    stepwell.signature
// CHECK:         %w = memref.get_global @w.1 : memref<4xf32>
// CHECK:         %[[X:.*]] = memref.collapse_shape %x
// CHECK:         %[[SUM:.*]] = memref.alloc() : memref<4xf32>
// CHECK:         func.call @gather(%[[X]], %{{.*}}, %[[SUM]])
// CHECK:         %[[OUT:.*]] = memref.collapse_shape %out0
// CHECK:         func.call @pad(%[[SUM]], %[[OUT]])
// CHECK:         func.call @copy_4xf32
// CHECK:         func.call @copy_6xf32(%[[OUT]], %out2)
func.func @main(%x: tensor<2x2xf32>) -> (tensor<2x3xf32>, tensor<2x2xf32>, tensor<6xf32>)
    attributes {stepwell.signature = {inputs = [], outputs = []}} {
  %w = arith.constant dense_resource<w.1> : tensor<4xf32>
  %i = arith.constant dense<[3, 2, 1, 0]> : tensor<4xindex>
  %0 = tensor.collapse_shape %x [[0 : i64, 1 : i64]] : tensor<2x2xf32> into tensor<4xf32>
  %1 = func.call @gather(%0, %i) : (tensor<4xf32>, tensor<4xindex>) -> tensor<4xf32>
  %2 = func.call @pad(%1) : (tensor<4xf32>) -> tensor<6xf32>
  %3 = tensor.expand_shape %2 [[0 : i64, 1 : i64]] output_shape [2, 3] : tensor<6xf32> into tensor<2x3xf32>
  %4 = func.call @relu(%w) : (tensor<4xf32>) -> tensor<4xf32>
  func.return %3, %x, %2 : tensor<2x3xf32>, tensor<2x2xf32>, tensor<6xf32>
}

// -----

// @main puts tensors together where they are computed. %a is computed inside the frame of zeros, of which only the
// border is filled: @relu is called for a part of a buffer, wherever it starts, so it gets a form for that. Others read
// %a where it stands. A slice is read where it stands too, in the same form.
// CHECK-LABEL: func.func private @border_6x8xf32(%out: memref<6x8xf32>) attributes {stepwell.kernel}
// CHECK-NEXT:    %zero = arith.constant 0.000000e+00 : f32
// CHECK-NEXT:    %[[TOP:.*]] = memref.subview %out[0, 0] [1, 8] [1, 1]
// CHECK-NEXT:    linalg.fill ins(%zero : f32) outs(%[[TOP]] :
// CHECK-NEXT:    %[[BOTTOM:.*]] = memref.subview %out[5, 0] [1, 8] [1, 1]
// CHECK-NEXT:    linalg.fill ins(%zero : f32) outs(%[[BOTTOM]] :
// CHECK-NEXT:    %[[LEFT:.*]] = memref.subview %out[1, 0] [4, 2] [1, 1]
// CHECK-NEXT:    linalg.fill ins(%zero : f32) outs(%[[LEFT]] :
// CHECK-NEXT:    %[[RIGHT:.*]] = memref.subview %out[1, 6] [4, 2] [1, 1]
// CHECK-NEXT:    linalg.fill ins(%zero : f32) outs(%[[RIGHT]] :
// CHECK-LABEL: @main
// CHECK:         %p = memref.alloc() : memref<6x8xf32>
// CHECK-NEXT:    %[[IN:.*]] = memref.subview %p[1, 2] [4, 4] [1, 1] : memref<6x8xf32> to memref<4x4xf32, strided<[8, 1], offset: 10>>
// CHECK-NEXT:    %[[A:.*]] = memref.cast %[[IN]] : {{.*}} to memref<4x4xf32, strided<[8, 1], offset: ?>>
// CHECK-NEXT:    func.call @relu_strided(%x, %[[A]])
// CHECK-NEXT:    func.call @border_6x8xf32(%p)
// CHECK-NEXT:    func.call @relu_strided_1(%[[A]], %out1)
// CHECK-NEXT:    %[[S:.*]] = memref.subview %p[0, 0] [4, 4] [1, 1] : memref<6x8xf32> to memref<4x4xf32, strided<[8, 1]>>
// CHECK-NEXT:    %[[SLICE:.*]] = memref.cast %[[S]] : {{.*}} to memref<4x4xf32, strided<[8, 1], offset: ?>>
// CHECK-NEXT:    func.call @relu_strided_1(%[[SLICE]], %out0)
// CHECK-DAG:   @relu_strided(%x: memref<4x4xf32>, %out: memref<4x4xf32, strided<[8, 1], offset: ?>>)
// CHECK-DAG:   @relu_strided_1(%x: memref<4x4xf32, strided<[8, 1], offset: ?>>, %out: memref<4x4xf32>)
func.func @main(%x: tensor<4x4xf32>) -> (tensor<4x4xf32>, tensor<4x4xf32>) {
  %zero = arith.constant 0.0 : f32
  %a = func.call @relu(%x) : (tensor<4x4xf32>) -> tensor<4x4xf32>
  %e = tensor.empty() : tensor<6x8xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<6x8xf32>) -> tensor<6x8xf32>
  %p = tensor.insert_slice %a into %f[1, 2] [4, 4] [1, 1] : tensor<4x4xf32> into tensor<6x8xf32>
  %b = func.call @relu(%a) : (tensor<4x4xf32>) -> tensor<4x4xf32>
  %s = tensor.extract_slice %p[0, 0] [4, 4] [1, 1] : tensor<6x8xf32> to tensor<4x4xf32>
  %c = func.call @relu(%s) : (tensor<4x4xf32>) -> tensor<4x4xf32>
  func.return %c, %b : tensor<4x4xf32>, tensor<4x4xf32>
}
func.func private @relu(%x: tensor<4x4xf32>) -> tensor<4x4xf32> {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<4x4xf32>
  %y = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>],
                       iterator_types = ["parallel", "parallel"]}
      ins(%x : tensor<4x4xf32>) outs(%e : tensor<4x4xf32>) {
  ^bb0(%a: f32, %b: f32):
    %m = arith.maximumf %a, %zero : f32
    linalg.yield %m : f32
  } -> tensor<4x4xf32>
  func.return %y : tensor<4x4xf32>
}

// -----

// Both parts of a concatenation are computed into it, and it into the larger one; the output %out is that. An input
// and what has its place already are copied: of %a, which is there twice, the first is computed there.
// CHECK-LABEL: @main
// CHECK-SAME:    %out: memref<2x16xf32>
// CHECK-NEXT:    %[[I:.*]] = memref.subview %out[0, 0] [2, 8] [1, 1]
// CHECK-NEXT:    %[[P:.*]] = memref.subview %[[I]][0, 0] [2, 4] [1, 1] {{.*}} to memref<2x4xf32, strided<[16, 1]>>
// CHECK-NEXT:    %[[A:.*]] = memref.cast %[[P]]
// CHECK-NEXT:    func.call @make_strided(%[[A]])
// CHECK-NEXT:    %[[Q:.*]] = memref.subview %[[I]][0, 4] [2, 4] [1, 1] {{.*}} to memref<2x4xf32, strided<[16, 1], offset: 4>>
// CHECK-NEXT:    %[[B:.*]] = memref.cast %[[Q]]
// CHECK-NEXT:    func.call @make_strided(%[[B]])
// CHECK-NEXT:    %[[X:.*]] = memref.subview %out[0, 8] [2, 4] [1, 1]
// CHECK-NEXT:    %[[C:.*]] = memref.cast %[[X]]
// CHECK-NEXT:    func.call @copy_2x4xf32(%x, %[[C]])
// CHECK-NEXT:    %[[Y:.*]] = memref.subview %out[0, 12] [2, 4] [1, 1]
// CHECK-NEXT:    %[[D:.*]] = memref.cast %[[Y]]
// CHECK-NEXT:    func.call @copy_2x4xf32_1(%[[A]], %[[D]])
// CHECK-NEXT:    func.return
func.func private @make() -> tensor<2x4xf32> {
  %one = arith.constant 1.0 : f32
  %e = tensor.empty() : tensor<2x4xf32>
  %y = linalg.fill ins(%one : f32) outs(%e : tensor<2x4xf32>) -> tensor<2x4xf32>
  func.return %y : tensor<2x4xf32>
}
func.func @main(%x: tensor<2x4xf32>) -> tensor<2x16xf32> {
  %a = func.call @make() : () -> tensor<2x4xf32>
  %b = func.call @make() : () -> tensor<2x4xf32>
  %e = tensor.empty() : tensor<2x8xf32>
  %0 = tensor.insert_slice %a into %e[0, 0] [2, 4] [1, 1] : tensor<2x4xf32> into tensor<2x8xf32>
  %c = tensor.insert_slice %b into %0[0, 4] [2, 4] [1, 1] : tensor<2x4xf32> into tensor<2x8xf32>
  %f = tensor.empty() : tensor<2x16xf32>
  %1 = tensor.insert_slice %c into %f[0, 0] [2, 8] [1, 1] : tensor<2x8xf32> into tensor<2x16xf32>
  %2 = tensor.insert_slice %x into %1[0, 8] [2, 4] [1, 1] : tensor<2x4xf32> into tensor<2x16xf32>
  %3 = tensor.insert_slice %a into %2[0, 12] [2, 4] [1, 1] : tensor<2x4xf32> into tensor<2x16xf32>
  func.return %3 : tensor<2x16xf32>
}

// -----

// What is returned lives in its output: the padding copies it. A second padding of the same value copies it as well.
// CHECK-LABEL: @main
// CHECK:         func.call @make(%out0)
// CHECK:         func.call @copy_{{.*}}(%out0,
// CHECK-NEXT:    func.call @border_6xf32(%out1)
// CHECK:         func.call @copy_{{.*}}(%out0,
// CHECK-NEXT:    func.call @border_8xf32(%out2)
func.func private @make() -> tensor<4xf32> {
  %one = arith.constant 1.0 : f32
  %e = tensor.empty() : tensor<4xf32>
  %y = linalg.fill ins(%one : f32) outs(%e : tensor<4xf32>) -> tensor<4xf32>
  func.return %y : tensor<4xf32>
}
func.func @main() -> (tensor<4xf32>, tensor<6xf32>, tensor<8xf32>) {
  %zero = arith.constant 0.0 : f32
  %a = func.call @make() : () -> tensor<4xf32>
  %e = tensor.empty() : tensor<6xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<6xf32>) -> tensor<6xf32>
  %p = tensor.insert_slice %a into %f[1] [4] [1] : tensor<4xf32> into tensor<6xf32>
  %e2 = tensor.empty() : tensor<8xf32>
  %f2 = linalg.fill ins(%zero : f32) outs(%e2 : tensor<8xf32>) -> tensor<8xf32>
  %q = tensor.insert_slice %a into %f2[2] [4] [1] : tensor<4xf32> into tensor<8xf32>
  func.return %a, %p, %q : tensor<4xf32>, tensor<6xf32>, tensor<8xf32>
}

// -----

// Where an insertion overlaps another, or goes into a tensor that is used otherwise too, what is inserted is copied in
// its turn.
// CHECK-LABEL: @main
// CHECK:         %a = memref.alloc() : memref<2xf32>
// CHECK-NEXT:    func.call @make(%a)
// CHECK:         func.call @copy_2xf32(%a, %{{.*}})
// CHECK:         func.call @copy_2xf32(%a, %{{.*}})
// CHECK:         func.call @border_4xf32(%out0)
// CHECK:         func.call @copy_4xf32(%out0, %out1)
// CHECK:         func.call @copy_2xf32(%a, %{{.*}})
// CHECK-NEXT:    func.return
func.func private @make() -> tensor<2xf32> {
  %one = arith.constant 1.0 : f32
  %e = tensor.empty() : tensor<2xf32>
  %y = linalg.fill ins(%one : f32) outs(%e : tensor<2xf32>) -> tensor<2xf32>
  func.return %y : tensor<2xf32>
}
func.func @main() -> (tensor<4xf32>, tensor<4xf32>) {
  %zero = arith.constant 0.0 : f32
  %a = func.call @make() : () -> tensor<2xf32>
  %e = tensor.empty() : tensor<4xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<4xf32>) -> tensor<4xf32>
  %0 = tensor.insert_slice %a into %f[0] [2] [1] : tensor<2xf32> into tensor<4xf32>
  %1 = tensor.insert_slice %a into %0[1] [2] [1] : tensor<2xf32> into tensor<4xf32>
  %2 = tensor.insert_slice %a into %1[2] [2] [1] : tensor<2xf32> into tensor<4xf32>
  func.return %1, %2 : tensor<4xf32>, tensor<4xf32>
}

// -----

// What is computed in one dimension cannot be computed into rows that lie apart: there it is copied when it is returned.
// CHECK-LABEL: @flat_strided(%out: memref<2x4xf32, strided<[8, 1], offset: ?>>)
// CHECK:         %[[E:.*]] = memref.alloc() : memref<8xf32>
// CHECK-NEXT:    linalg.fill ins(%one : f32) outs(%[[E]] : memref<8xf32>)
// CHECK-NEXT:    %[[Y:.*]] = memref.expand_shape %[[E]]
// CHECK-NEXT:    linalg.generic {{.*}} ins(%[[Y]] : memref<2x4xf32>) outs(%out : memref<2x4xf32, strided<[8, 1], offset: ?>>)
func.func private @flat() -> tensor<2x4xf32> {
  %one = arith.constant 1.0 : f32
  %e = tensor.empty() : tensor<8xf32>
  %f = linalg.fill ins(%one : f32) outs(%e : tensor<8xf32>) -> tensor<8xf32>
  %y = tensor.expand_shape %f [[0 : i64, 1 : i64]] output_shape [2, 4] : tensor<8xf32> into tensor<2x4xf32>
  func.return %y : tensor<2x4xf32>
}
func.func @main() -> tensor<2x8xf32> {
  %a = func.call @flat() : () -> tensor<2x4xf32>
  %b = func.call @flat() : () -> tensor<2x4xf32>
  %e = tensor.empty() : tensor<2x8xf32>
  %0 = tensor.insert_slice %a into %e[0, 0] [2, 4] [1, 1] : tensor<2x4xf32> into tensor<2x8xf32>
  %1 = tensor.insert_slice %b into %0[0, 4] [2, 4] [1, 1] : tensor<2x4xf32> into tensor<2x8xf32>
  func.return %1 : tensor<2x8xf32>
}
