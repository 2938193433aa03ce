// RUN: stepwell-opt %s -p bufferize --split-input-file --verify-diagnostics

// What scalar code may not carry.

func.func private @swap(%x: tensor<8xi32>, %y: tensor<8xi32>) -> tensor<8xi32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  %a, %b = scf.for %i = %c0 to %c8 step %c1 iter_args(%s = %x, %t = %y) -> (tensor<8xi32>, tensor<8xi32>) {
    // expected-error@+1 {{tensors that a loop carries change places, which their buffers cannot}}
    scf.yield %t, %s : tensor<8xi32>, tensor<8xi32>
  }
  func.return %a : tensor<8xi32>
}

// -----

func.func private @either(%c: i1, %x: tensor<8xi32>, %y: tensor<8xi32>) -> tensor<8xi32> {
  // expected-error@+1 {{the branches of an scf.if must start from one tensor and give it back, changed or not}}
  %r = scf.if %c -> (tensor<8xi32>) {
    scf.yield %x : tensor<8xi32>
  } else {
    scf.yield %y : tensor<8xi32>
  }
  func.return %r : tensor<8xi32>
}
