// RUN: stepwell-opt %s -p 'distribute-threads{threads=2}' --split-input-file --verify-diagnostics

// expected-error@+1 {{the program is distributed already}}
func.func @main() attributes {stepwell.threads = 2 : i64} {
  func.return
}

// -----

// expected-error@below {{the module has no function @main}}
builtin.module {
  func.func private @kernel() {
    func.return
  }
}

// -----

// Buffers for one thread each: a second one would work in the first one's memory.
func.func private @kernel(%x: memref<8xf32>, %ws: memref<64xi8>) {
  // expected-error@+1 {{threads=2, but @kernel has buffers for 1}}
  %thread = arith.constant {stepwell.thread = 1 : i64} 0 : index
  func.return
}
func.func @main(%x: memref<8xf32>, %weights: memref<0xi8>, %arena: memref<64xi8>) {
  func.call @kernel(%x, %arena) : (memref<8xf32>, memref<64xi8>) -> ()
  func.return
}
