// RUN: stepwell-opt %s -p bufferize --split-input-file | filecheck %s

// What a loop carries lives in the buffer of its result: here the function's. The sums are made in place, row by row;
// %h is made elsewhere, since the step that makes it reads the one before, and is copied at the end of the step.
// CHECK-LABEL: @main
// CHECK-SAME:    (%xs: memref<9x4xf32>, %h0: memref<1x4xf32>, %out0: memref<1x4xf32>, %out1: memref<9x4xf32>)
// CHECK:         func.call @border_9x4xf32(%out1)
// CHECK:         func.call @copy_4xf32
// CHECK:         scf.for %i = %{{.*}} to %{{.*}} step %{{.*}} {
// CHECK-NEXT:      %[[X:.*]] = memref.subview %xs[%i, 0] [1, 4] [1, 1]
// CHECK-SAME:        memref<9x4xf32> to memref<1x4xf32, strided<[4, 1], offset: ?>>
// CHECK-NEXT:      %[[H:.*]] = memref.alloc() : memref<1x4xf32>
// CHECK-NEXT:      func.call @step_strided(%out0, %[[X]], %[[H]])
// CHECK-NEXT:      %[[ROW:.*]] = memref.subview %out1[%i, 0] [1, 4] [1, 1]
// CHECK-NEXT:      func.call @copy_1x4xf32(%[[H]], %[[ROW]])
// CHECK-DAG:       %[[FROM:.*]] = memref.collapse_shape %[[H]]
// CHECK-DAG:       %[[TO:.*]] = memref.collapse_shape %out0
// CHECK-NEXT:      func.call @copy_4xf32(%[[FROM]], %[[TO]])
// CHECK-NEXT:    }
// CHECK-NEXT:    func.return
func.func private @step(%h: tensor<1x4xf32>, %x: tensor<1x4xf32>) -> tensor<1x4xf32> attributes {stepwell.kernel} {
  %e = tensor.empty() : tensor<1x4xf32>
  %y = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0, d1)>], iterator_types = ["parallel", "parallel"]} ins(%h, %x : tensor<1x4xf32>, tensor<1x4xf32>) outs(%e : tensor<1x4xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %s = arith.addf %a, %b : f32
    linalg.yield %s : f32
  } -> tensor<1x4xf32>
  func.return %y : tensor<1x4xf32>
}
func.func @main(%xs: tensor<9x4xf32>, %h0: tensor<1x4xf32>) -> (tensor<1x4xf32>, tensor<9x4xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c9 = arith.constant 9 : index
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<9x4xf32>
  %s0 = linalg.fill ins(%zero : f32) outs(%e : tensor<9x4xf32>) -> tensor<9x4xf32>
  %r, %s = scf.for %i = %c0 to %c9 step %c1 iter_args(%h = %h0, %t = %s0) -> (tensor<1x4xf32>, tensor<9x4xf32>) {
    %x = tensor.extract_slice %xs[%i, 0] [1, 4] [1, 1] : tensor<9x4xf32> to tensor<1x4xf32>
    %y = func.call @step(%h, %x) : (tensor<1x4xf32>, tensor<1x4xf32>) -> tensor<1x4xf32>
    %u = tensor.insert_slice %y into %t[%i, 0] [1, 4] [1, 1] : tensor<1x4xf32> into tensor<9x4xf32>
    scf.yield %y, %u : tensor<1x4xf32>, tensor<9x4xf32>
  }
  func.return %r, %s : tensor<1x4xf32>, tensor<9x4xf32>
}

// -----

// A value that dies as the initial value of a loop is where the loop goes on; one that is needed behind it is copied.
// CHECK-LABEL: @main
// CHECK:         func.call @make(%out0)
// CHECK-NEXT:    func.call @make(%out1)
// CHECK-NEXT:    func.call @copy_4xf32(%out1, %out2)
// CHECK-NEXT:    scf.for
// CHECK-NEXT:      %[[P:.*]] = memref.subview %out0[%i] [1] [1]
// CHECK-NEXT:      func.call @copy_1xf32(%x, %[[P]])
// CHECK-NEXT:      %[[Q:.*]] = memref.subview %out2[%i] [1] [1]
// CHECK-NEXT:      func.call @copy_1xf32(%x, %[[Q]])
// CHECK-NEXT:    }
// CHECK-NEXT:    func.return
func.func private @make() -> tensor<4xf32> attributes {stepwell.kernel} {
  %one = arith.constant 1.0 : f32
  %e = tensor.empty() : tensor<4xf32>
  %y = linalg.fill ins(%one : f32) outs(%e : tensor<4xf32>) -> tensor<4xf32>
  func.return %y : tensor<4xf32>
}
func.func @main(%x: tensor<1xf32>) -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %a = func.call @make() : () -> tensor<4xf32>
  %b = func.call @make() : () -> tensor<4xf32>
  %r, %s = scf.for %i = %c0 to %c4 step %c1 iter_args(%c = %a, %d = %b) -> (tensor<4xf32>, tensor<4xf32>) {
    %p = tensor.insert_slice %x into %c[%i] [1] [1] : tensor<1xf32> into tensor<4xf32>
    %q = tensor.insert_slice %x into %d[%i] [1] [1] : tensor<1xf32> into tensor<4xf32>
    scf.yield %p, %q : tensor<4xf32>, tensor<4xf32>
  }
  func.return %r, %b, %s : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>
}

// -----

// Carried values that change places go round by a third buffer; in a row, the one that is read first moves first.
// CHECK-LABEL: @main
// CHECK:         scf.for
// CHECK-NEXT:      %[[T:.*]] = memref.alloc() : memref<4xf32>
// CHECK-NEXT:      func.call @copy_4xf32(%out1, %[[T]])
// CHECK-NEXT:      func.call @copy_4xf32(%out0, %out1)
// CHECK-NEXT:      func.call @copy_4xf32(%[[T]], %out0)
// CHECK:         scf.for
// CHECK-NEXT:      func.call @copy_4xf32(%out2, %out3)
// CHECK-NEXT:      func.call @copy_4xf32(%x, %out2)
// CHECK-NEXT:    }
func.func @main(%x: tensor<4xf32>, %y: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %a, %b = scf.for %i = %c0 to %c4 step %c1 iter_args(%p = %x, %q = %y) -> (tensor<4xf32>, tensor<4xf32>) {
    scf.yield %q, %p : tensor<4xf32>, tensor<4xf32>
  }
  %c, %d = scf.for %i = %c0 to %c4 step %c1 iter_args(%p = %x, %q = %y) -> (tensor<4xf32>, tensor<4xf32>) {
    scf.yield %x, %p : tensor<4xf32>, tensor<4xf32>
  }
  func.return %a, %b, %c, %d : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>
}

// -----

// Branches write into one buffer. What comes from outside of them must stay, so it is copied, and updated as a copy.
// CHECK-LABEL: @main
// CHECK:         func.call @make(%[[A:.*]]) :
// CHECK-NEXT:    %[[C:.*]] = memref.load %c[] : memref<i1>
// CHECK-NEXT:    scf.if %[[C]] {
// CHECK-NEXT:      func.call @make(%out)
// CHECK-NEXT:    } else {
// CHECK-NEXT:      func.call @copy_4xf32(%[[A]], %out)
// CHECK-NEXT:      %[[P:.*]] = memref.subview %out[1] [1] [1]
// CHECK:           func.call @copy_1xf32(%x, %{{.*}})
func.func private @make() -> tensor<4xf32> attributes {stepwell.kernel} {
  %one = arith.constant 1.0 : f32
  %e = tensor.empty() : tensor<4xf32>
  %y = linalg.fill ins(%one : f32) outs(%e : tensor<4xf32>) -> tensor<4xf32>
  func.return %y : tensor<4xf32>
}
func.func @main(%c: tensor<i1>, %x: tensor<1xf32>) -> tensor<4xf32> {
  %a = func.call @make() : () -> tensor<4xf32>
  %go = tensor.extract %c[] : tensor<i1>
  %y = scf.if %go -> (tensor<4xf32>) {
    %b = func.call @make() : () -> tensor<4xf32>
    scf.yield %b : tensor<4xf32>
  } else {
    %p = tensor.insert_slice %x into %a[1] [1] [1] : tensor<1xf32> into tensor<4xf32>
    scf.yield %p : tensor<4xf32>
  }
  func.return %y : tensor<4xf32>
}

// -----

// A while loop carries scalars as values and tensors in buffers.
// CHECK-LABEL: @main
// CHECK:         func.call @copy_1xi64
// CHECK:         %{{.*}} = scf.while (%[[I:.*]] = %c0) : (index) -> index {
// CHECK-NEXT:      %[[LESS:.*]] = arith.cmpi slt, %[[I]], %c4 : index
// CHECK-NEXT:      scf.condition(%[[LESS]]) %[[I]] : index
// CHECK-NEXT:    } do {
// CHECK-NEXT:    ^bb0(%j: index):
// CHECK-NEXT:      %[[WIDE:.*]] = arith.index_cast %j : index to i64
// CHECK-NEXT:      %[[T:.*]] = memref.alloc() : memref<i64>
// CHECK-NEXT:      memref.store %[[WIDE]], %[[T]][] : memref<i64>
// CHECK:           func.call @copy_1xi64
// CHECK-NEXT:      scf.yield %{{.*}} : index
func.func @main(%x: tensor<i64>) -> tensor<i64> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %n, %r = scf.while (%i = %c0, %a = %x) : (index, tensor<i64>) -> (index, tensor<i64>) {
    %less = arith.cmpi slt, %i, %c4 : index
    scf.condition(%less) %i, %a : index, tensor<i64>
  } do {
  ^bb0(%j: index, %b: tensor<i64>):
    %wide = arith.index_cast %j : index to i64
    %t = tensor.from_elements %wide : tensor<i64>
    %next = arith.addi %j, %c1 : index
    scf.yield %next, %t : index, tensor<i64>
  }
  func.return %r : tensor<i64>
}
