// RUN: stepwell-opt %s -p widen-integers --split-input-file --verify-diagnostics

func.func private @bits(%x: i16) -> f16 {
  // expected-error@+1 {{arith.bitcast on i16: the device has integers of 32 bits only}}
  %f = arith.bitcast %x : i16 to f16
  func.return %f : f16
}
