// RUN: stepwell-opt %s -p gpu-to-spirv --verify-diagnostics

gpu.module @kernels {
  gpu.func @wide(%x: memref<4xf32>, %y: f32) kernel {
    // expected-error@+1 {{math.powf cannot be written as SPIR-V yet}}
    %p = math.powf %y, %y : f32
    gpu.return
  }
}
