// RUN: stepwell-opt %s -p loops-to-gpu --split-input-file --verify-diagnostics

func.func private @two_sizes(%out: memref<64xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  %c16 = arith.constant 16 : index
  %c64 = arith.constant 64 : index
  %zero = arith.constant 0.0 : f32
  // expected-error@+1 {{a block's loops over threads have 8, 16 iterations, where a block has one number of threads}}
  scf.for %i = %c0 to %c64 step %c16 {
    scf.for %t = %c0 to %c8 step %c1 {
      memref.store %zero, %out[%t] : memref<64xf32>
    } {stepwell.parallel = "thread"}
    scf.for %t = %c0 to %c16 step %c1 {
      memref.store %zero, %out[%t] : memref<64xf32>
    } {stepwell.parallel = "thread"}
  } {stepwell.parallel = "block"}
  func.return
}
func.func @main(%out: memref<64xf32>) {
  func.call @two_sizes(%out) : (memref<64xf32>) -> ()
  func.return
}

// -----

func.func private @of_a_thread(%out: memref<64xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c64 = arith.constant 64 : index
  %zero = arith.constant 0.0 : f32
  scf.for %i = %c0 to %c64 step %c1 {
    // expected-error@+1 {{memory of one thread is not supported in a kernel of a device}}
    %own = memref.alloca() : memref<4xf32>
    scf.for %t = %c0 to %c1 step %c1 {
      memref.store %zero, %own[%c0] : memref<4xf32>
      memref.store %zero, %out[%i] : memref<64xf32>
    } {stepwell.parallel = "thread"}
  } {stepwell.parallel = "block"}
  func.return
}
func.func @main(%out: memref<64xf32>) {
  func.call @of_a_thread(%out) : (memref<64xf32>) -> ()
  func.return
}

// -----

// Threads would read what others have written over.
func.func private @over_itself(%x: memref<8xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  // expected-error@+1 {{what is read here is used by another launch, and written before it}}
  %v = memref.load %x[%c0] : memref<8xf32>
  scf.for %i = %c0 to %c8 step %c1 {
    %a = memref.load %x[%i] : memref<8xf32>
    %b = arith.subf %a, %v : f32
    memref.store %b, %x[%i] : memref<8xf32>
  } {stepwell.parallel}
  func.return
}
func.func @main(%x: memref<8xf32>) {
  func.call @over_itself(%x) : (memref<8xf32>) -> ()
  func.return
}
