// RUN: stepwell-opt %s -p check-types{device=webgpu} --split-input-file --verify-diagnostics
// RUN: not stepwell-opt %s -p check-types{device=cuda} --split-input-file 2>&1 | filecheck %s --check-prefix=ERROR
// RUN: not stepwell-opt %s -p check-types{device=cuda} --split-input-file | filecheck %s

// Floats of 16 bits can be kept in 32 on every device, integers of any width in 32 bits, where each number fits.
// CHECK: @kept
func.func private @kept(%x: memref<4xf16>, %b: memref<4xbf16>, %n: memref<4xi64>, %out: memref<4xi1>) {
  %y = memref.collapse_shape %x [[0]] : memref<4xf16> into memref<4xf16>
  %c = memref.collapse_shape %b [[0]] : memref<4xbf16> into memref<4xbf16>
  %m = memref.collapse_shape %n [[0]] : memref<4xi64> into memref<4xi64>
  func.return
}

// -----

// What a device has not is refused, by its name; one that has it takes it.
// CHECK: @double
func.func private @double(%x: memref<4xf64>) {
  // expected-error@+1 {{tensors of f64, which webgpu has not}}
  %y = memref.collapse_shape %x [[0]] : memref<4xf64> into memref<4xf64>
  func.return
}

// -----

// ERROR: error: tensors of f8E4M3FN, which cuda has not
// ERROR: fix: use float32 in the model, or another target
func.func private @byte(%x: memref<4xf8E4M3FN>) {
  // expected-error@+1 {{tensors of f8E4M3FN, which webgpu has not}}
  %y = memref.collapse_shape %x [[0]] : memref<4xf8E4M3FN> into memref<4xf8E4M3FN>
  func.return
}
