// RUN: stepwell-opt %s -p narrow-types --split-input-file --verify-diagnostics

func.func private @sum(%x: memref<8xi64>, %y: memref<8xi64>, %n: index) {
  %a = memref.load %x[%n] : memref<8xi64>
  %b = memref.load %y[%n] : memref<8xi64>
  // expected-error@+1 {{arith.addi on i64: the device has integers of 32 bits}}
  %s = arith.addi %a, %b : i64
  memref.store %s, %y[%n] : memref<8xi64>
  func.return
}

// -----

// A count of ones fits; of numbers of which nothing is known it does not. Nor does one of a loop that doubles.
func.func private @count(%mask: memref<8xi64>) -> i64 {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  %zero = arith.constant 0 : i64
  %count = scf.for %m = %c0 to %c8 step %c1 iter_args(%so_far = %zero) -> (i64) {
    %some = memref.load %mask[%m] : memref<8xi64>
    // expected-error@+1 {{arith.addi on i64: the device has integers of 32 bits, for which its result may be too large}}
    %more = arith.addi %so_far, %some : i64
    scf.yield %more : i64
  }
  func.return %count : i64
}

// -----

func.func private @doubled() -> i64 {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c40 = arith.constant 40 : index
  %one = arith.constant 1 : i64
  %power = scf.for %m = %c0 to %c40 step %c1 iter_args(%so_far = %one) -> (i64) {
    // expected-error@+1 {{arith.addi on i64}}
    %more = arith.addi %so_far, %so_far : i64
    scf.yield %more : i64
  }
  func.return %power : i64
}

// -----

// A count from the end that is chosen for other numbers, too.
func.func private @shifted(%ids: memref<8xi64>, %out: memref<8xi64>, %n: index) {
  %size = arith.constant 4 : i64
  %i = memref.load %ids[%n] : memref<8xi64>
  %below = arith.cmpi slt, %i, %size : i64
  // expected-error@+1 {{arith.addi on i64}}
  %wrapped = arith.addi %i, %size : i64
  %at = arith.select %below, %i, %wrapped : i64
  memref.store %at, %out[%n] : memref<8xi64>
  func.return
}

// -----

// A number of 32 bits without a sign, and one of 64 that may have a top bit.
func.func private @unsigned(%x: memref<8xi32>, %out: memref<8xi64>, %n: index) {
  %i = memref.load %x[%n] : memref<8xi32>
  // expected-error@+1 {{arith.extui on i64}}
  %wide = arith.extui %i : i32 to i64
  memref.store %wide, %out[%n] : memref<8xi64>
  func.return
}

// -----

func.func private @as_float(%x: memref<8xi64>, %out: memref<8xf32>, %n: index) {
  %i = memref.load %x[%n] : memref<8xi64>
  // expected-error@+1 {{arith.uitofp on i64}}
  %v = arith.uitofp %i : i64 to f32
  memref.store %v, %out[%n] : memref<8xf32>
  func.return
}

// -----

func.func private @large(%y: memref<8xi64>, %n: index) {
  // expected-error@+1 {{the constant 4294967296 does not fit 32 bits}}
  %a = arith.constant 4294967296 : i64
  memref.store %a, %y[%n] : memref<8xi64>
  func.return
}

// -----

// expected-error@+1 {{weights of @table do not fit 32 bits}}
memref.global "private" constant @table : memref<2xi64> = dense<[1, 4294967296]>
