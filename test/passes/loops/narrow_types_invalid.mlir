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

func.func private @large(%y: memref<8xi64>, %n: index) {
  // expected-error@+1 {{the constant 4294967296 does not fit 32 bits}}
  %a = arith.constant 4294967296 : i64
  memref.store %a, %y[%n] : memref<8xi64>
  func.return
}

// -----

// expected-error@+1 {{weights of @table do not fit 32 bits}}
memref.global "private" constant @table : memref<2xi64> = dense<[1, 4294967296]>
