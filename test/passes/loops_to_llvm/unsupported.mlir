// RUN: stepwell-opt %s -p loops-to-llvm --split-input-file --verify-diagnostics

// A program allocates nothing while it runs.
func.func @alloc() {
  // expected-error@+1 {{memref.alloc: a program allocates nothing while it runs}}
  %m = memref.alloc() : memref<4xf32>
  func.return
}

// -----

func.func @plane(%m: memref<4x4xf32>) {
  %c0 = arith.constant 0 : index
  // expected-error@+1 {{vectors of more than one dimension are not supported}}
  %v = vector.load %m[%c0, %c0] : memref<4x4xf32>, vector<4x4xf32>
  func.return
}

// -----

// Neighbouring lanes are neighbours in memory.
func.func @column(%m: memref<4xf32, strided<[2]>>) {
  %c0 = arith.constant 0 : index
  // expected-error@+1 {{a vector cannot be read from a last dimension of stride 2}}
  %v = vector.load %m[%c0] : memref<4xf32, strided<[2]>>, vector<2xf32>
  func.return
}

// -----

// What is dynamic must have been bound to a size.
func.func @dynamic(%m: memref<?x?xf32>) {
  %c0 = arith.constant 0 : index
  // expected-error@+1 {{strides must be static}}
  %v = memref.load %m[%c0, %c0] : memref<?x?xf32>
  func.return
}

// -----

// expected-error@+1 {{a function of several results is not supported}}
func.func @two(%a: f32) -> (f32, f32) {
  func.return %a, %a : f32, f32
}

// -----

// Tensors were to become buffers two steps above.
// expected-error@+1 {{tensor<4xf32> has no counterpart in llvm}}
func.func @tensor(%x: tensor<4xf32>) {
  func.return
}

// -----

func.func @op(%x: index) {
  // expected-error@+1 {{loops-to-llvm knows no 'scf.index_switch'}}
  scf.index_switch %x
  default {
    scf.yield
  }
  func.return
}
