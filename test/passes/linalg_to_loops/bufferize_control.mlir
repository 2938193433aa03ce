// RUN: stepwell-opt %s -p bufferize --split-input-file | filecheck %s

// A loop that carries a tensor works in the place of the one that it starts from, here the result's. What it carries
// besides stays a value.
// CHECK-LABEL: @running_sum(%x: memref<8xf32>, %out: memref<8xf32>)
// CHECK-NOT:     memref.alloc
// CHECK:         %total = scf.for %i = %c0 to %c8 step %c1 iter_args(%sum = %zero) -> (f32) {
// CHECK-NEXT:      %v = memref.load %x[%i] : memref<8xf32>
// CHECK-NEXT:      %more = arith.addf %sum, %v : f32
// CHECK-NEXT:      memref.store %more, %out[%i] : memref<8xf32>
// CHECK-NEXT:      scf.yield %more : f32
// CHECK-NEXT:    }
// CHECK-NEXT:    func.return
func.func private @running_sum(%x: tensor<8xf32>) -> tensor<8xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<8xf32>
  %y, %total = scf.for %i = %c0 to %c8 step %c1 iter_args(%t = %e, %sum = %zero) -> (tensor<8xf32>, f32) {
    %v = tensor.extract %x[%i] : tensor<8xf32>
    %more = arith.addf %sum, %v : f32
    %u = tensor.insert %more into %t[%i] : tensor<8xf32>
    scf.yield %u, %more : tensor<8xf32>, f32
  }
  func.return %y : tensor<8xf32>
}

// -----

// An argument is not to be written: the loop starts from a copy of it. A branch that leaves the tensor as it is does
// nothing; what it gives besides is a value.
// CHECK-LABEL: @keep_positive(%x: memref<8xf32>, %out0: memref<8xf32>, %out1: memref<i64>)
// CHECK:         linalg.generic {{.*}} ins(%x : memref<8xf32>) outs(%out0 : memref<8xf32>)
// CHECK:         %count = scf.for %i = %c0 to %c8 step %c1 iter_args(%n = %none) -> (i64) {
// CHECK-NEXT:      %v = memref.load %out0[%i] : memref<8xf32>
// CHECK-NEXT:      %below = arith.cmpf olt, %v, %zero : f32
// CHECK-NEXT:      %m = scf.if %below -> (i64) {
// CHECK-NEXT:        memref.store %zero, %out0[%i] : memref<8xf32>
// CHECK-NEXT:        scf.yield %n : i64
// CHECK-NEXT:      } else {
// CHECK-NEXT:        %k = arith.addi %n, %one : i64
// CHECK-NEXT:        scf.yield %k : i64
// CHECK-NEXT:      }
// CHECK-NEXT:      scf.yield %m : i64
// CHECK-NEXT:    }
// CHECK-NEXT:    memref.store %count, %out1[] : memref<i64>
func.func private @keep_positive(%x: tensor<8xf32>) -> (tensor<8xf32>, tensor<i64>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  %zero = arith.constant 0.0 : f32
  %none = arith.constant 0 : i64
  %one = arith.constant 1 : i64
  %y, %count = scf.for %i = %c0 to %c8 step %c1 iter_args(%t = %x, %n = %none) -> (tensor<8xf32>, i64) {
    %v = tensor.extract %t[%i] : tensor<8xf32>
    %below = arith.cmpf olt, %v, %zero : f32
    %r, %m = scf.if %below -> (tensor<8xf32>, i64) {
      %u = tensor.insert %zero into %t[%i] : tensor<8xf32>
      scf.yield %u, %n : tensor<8xf32>, i64
    } else {
      %k = arith.addi %n, %one : i64
      scf.yield %t, %k : tensor<8xf32>, i64
    }
    scf.yield %r, %m : tensor<8xf32>, i64
  }
  %e = tensor.empty() : tensor<i64>
  %c = tensor.insert %count into %e[] : tensor<i64>
  func.return %y, %c : tensor<8xf32>, tensor<i64>
}

// -----

// The body reads %f, from which the loop starts, at an index of its own: it must find what stood there before, so the
// loop works in a copy.
// CHECK-LABEL: @reverse(%x: memref<4xf32>, %out: memref<4xf32>)
// CHECK:         %e = memref.alloc() : memref<4xf32>
// CHECK:         linalg.generic {{.*}} ins(%x : memref<4xf32>) outs(%e : memref<4xf32>)
// CHECK:         linalg.generic {{.*}} ins(%e : memref<4xf32>) outs(%out : memref<4xf32>)
// CHECK:         scf.for
// CHECK:           %v = memref.load %e[%j]
// CHECK-NEXT:      memref.store %v, %out[%i]
// CHECK:         linalg.generic {{.*}} ins(%out : memref<4xf32>) outs(%out : memref<4xf32>)
func.func private @reverse(%x: tensor<4xf32>) -> tensor<4xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c3 = arith.constant 3 : index
  %c4 = arith.constant 4 : index
  %e = tensor.empty() : tensor<4xf32>
  %f = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
      ins(%x : tensor<4xf32>) outs(%e : tensor<4xf32>) {
  ^bb0(%a: f32, %b: f32):
    %m = arith.addf %a, %a : f32
    linalg.yield %m : f32
  } -> tensor<4xf32>
  %y = scf.for %i = %c0 to %c4 step %c1 iter_args(%t = %f) -> (tensor<4xf32>) {
    %j = arith.subi %c3, %i : index
    %v = tensor.extract %f[%j] : tensor<4xf32>
    %u = tensor.insert %v into %t[%i] : tensor<4xf32>
    scf.yield %u : tensor<4xf32>
  }
  %e2 = tensor.empty() : tensor<4xf32>
  %z = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
      ins(%y : tensor<4xf32>) outs(%e2 : tensor<4xf32>) {
  ^bb0(%a: f32, %b: f32):
    %m = arith.addf %a, %a : f32
    linalg.yield %m : f32
  } -> tensor<4xf32>
  func.return %z : tensor<4xf32>
}

// -----

// A while loop: its condition hands on all that it carries.
// CHECK-LABEL: @first_zero(
// CHECK:         %at = scf.while (%i = %c0) : (index) -> index {
// CHECK-NEXT:      %v = memref.load %out[%i] : memref<8xi32>
// CHECK-NEXT:      %go = arith.cmpi ne, %v, %zero : i32
// CHECK-NEXT:      scf.condition(%go) %i : index
// CHECK-NEXT:    } do {
// CHECK-NEXT:    ^bb0(%i_1: index):
// CHECK-NEXT:      memref.store %zero, %out[%i_1] : memref<8xi32>
// CHECK-NEXT:      %next = arith.addi %i_1, %c1 : index
// CHECK-NEXT:      scf.yield %next : index
// CHECK-NEXT:    }
func.func private @first_zero(%x: tensor<8xi32>) -> tensor<8xi32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %zero = arith.constant 0 : i32
  %at, %y = scf.while (%i = %c0, %t = %x) : (index, tensor<8xi32>) -> (index, tensor<8xi32>) {
    %v = tensor.extract %t[%i] : tensor<8xi32>
    %go = arith.cmpi ne, %v, %zero : i32
    scf.condition(%go) %i, %t : index, tensor<8xi32>
  } do {
  ^bb0(%i: index, %t: tensor<8xi32>):
    %u = tensor.insert %zero into %t[%i] : tensor<8xi32>
    %next = arith.addi %i, %c1 : index
    scf.yield %next, %u : index, tensor<8xi32>
  }
  func.return %y : tensor<8xi32>
}
