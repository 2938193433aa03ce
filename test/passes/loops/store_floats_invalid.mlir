// RUN: stepwell-opt %s -p store-floats{bf16=f32} --split-input-file --verify-diagnostics

func.func private @bits(%x: memref<8xbf16>, %out: memref<8xi16>) {
  %c0 = arith.constant 0 : index
  %a = memref.load %x[%c0] : memref<8xbf16>
  // expected-error@+1 {{the bits of a float of 16 bits, of which the device keeps the value}}
  %b = arith.bitcast %a : bf16 to i16
  memref.store %b, %out[%c0] : memref<8xi16>
  func.return
}
