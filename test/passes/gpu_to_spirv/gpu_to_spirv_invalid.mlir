// RUN: stepwell-opt %s -p gpu-to-spirv --split-input-file --verify-diagnostics

gpu.module @kernels {
  gpu.func @wide(%x: memref<4xf64>) kernel {
    %c0 = arith.constant 0 : index
    %v = memref.load %x[%c0] : memref<4xf64>
    // expected-error@+1 {{math.exp on f64: SPIR-V for a shader has it for f32}}
    %e = math.exp %v : f64
    memref.store %e, %x[%c0] : memref<4xf64>
    gpu.return
  }
}

// -----

gpu.module @kernels {
  // expected-error@+1 {{SPIR-V for a shader has no type for bf16}}
  gpu.func @half(%x: memref<4xbf16>) kernel {
    gpu.return
  }
}

// -----

gpu.module @kernels {
  // expected-error@+1 {{a launch hands numbers of 32 bits to SPIR-V, not i64}}
  gpu.func @long(%x: memref<4xi64>, %n: i64) kernel {
    gpu.return
  }
}
