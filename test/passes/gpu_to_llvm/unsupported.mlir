// RUN: stepwell-opt %s -p gpu-to-llvm --split-input-file --verify-diagnostics

gpu.module @kernels {
  gpu.func @double(%x: memref<1xf64>) kernel {
    %c0 = arith.constant 0 : index
    %v = memref.load %x[%c0] : memref<1xf64>
    // expected-error@+1 {{math.exp on f64 is a function of the C library, which a GPU has not}}
    %e = math.exp %v : f64
    memref.store %e, %x[%c0] : memref<1xf64>
    gpu.return
  }
}

// -----

gpu.module @kernels {
  gpu.func @rest(%x: memref<1xf32>) kernel {
    %c0 = arith.constant 0 : index
    %v = memref.load %x[%c0] : memref<1xf32>
    // expected-error@+1 {{arith.remf on f32 is a function of the C library, which a GPU has not}}
    %e = arith.remf %v, %v : f32
    memref.store %e, %x[%c0] : memref<1xf32>
    gpu.return
  }
}

// -----

gpu.module @kernels {
  gpu.func @sum(%x: memref<1xf32>) kernel {
    %c0 = arith.constant 0 : index
    %v = memref.load %x[%c0] : memref<1xf32>
    // expected-error@+1 {{gpu-to-llvm knows no 'gpu.subgroup_reduce'}}
    %s = gpu.subgroup_reduce add %v : (f32) -> f32
    memref.store %s, %x[%c0] : memref<1xf32>
    gpu.return
  }
}
