// RUN: stepwell-translate %s --to opencl | filecheck %s --check-prefixes=ALL,C,OPENCL
// RUN: stepwell-translate %s --to cuda | filecheck %s --check-prefixes=ALL,C,CUDA
// RUN: stepwell-translate %s --to hip | filecheck %s --check-prefixes=ALL,C,CUDA,HIP
// RUN: stepwell-translate %s --to msl | filecheck %s --check-prefixes=ALL,C,MSL
// RUN: stepwell-translate %s --to glsl | filecheck %s --check-prefixes=ALL,GLSL

// One kernel in all languages of the C family: they differ in how parameters, ids and shared memory are said. Kernels
// stand in one file with one copy of the helpers; a shader of GLSL is a file of its own.

// HIP:             #include <hip/hip_runtime.h>
// MSL:             #include <metal_stdlib>
// MSL-NEXT:        using namespace metal;
// OPENCL:          static inline float maximum_float(float a, float b)
// CUDA:            static __device__ inline float maximum_float(float a, float b)
// MSL:             static inline float maximum_float(float a, float b)

// ALL:             // scale: {{.*}}kernels.mlir
// OPENCL-NEXT:     __kernel __attribute__((reqd_work_group_size(64, 1, 1))) void scale(
// OPENCL-NEXT:         __global float *x,
// OPENCL-NEXT:         __global int *ids,
// OPENCL-NEXT:         __global float *out_1,
// OPENCL-NEXT:         const int out_start)
// OPENCL-NEXT:     {
// OPENCL-NEXT:       const int id = (int)get_global_id(0);
// CUDA-NEXT:       extern "C" __global__ void __launch_bounds__(64) scale(
// CUDA-NEXT:           float *x,
// CUDA-NEXT:           int *ids,
// CUDA-NEXT:           float *out_1,
// CUDA-NEXT:           const int out_start)
// CUDA-NEXT:       {
// CUDA-NEXT:         const int id = (int)(blockIdx.x * blockDim.x + threadIdx.x);
// MSL-NEXT:        kernel void scale(
// MSL-NEXT:            device float *x {{\[\[}}buffer(0)]],
// MSL-NEXT:            device int *ids {{\[\[}}buffer(1)]],
// MSL-NEXT:            device float *out_1 {{\[\[}}buffer(2)]],
// MSL-NEXT:            constant int &out_start {{\[\[}}buffer(3)]],
// MSL-NEXT:            uint3 global_id {{\[\[}}thread_position_in_grid]])
// MSL-NEXT:        {
// MSL-NEXT:          const int id = (int)global_id.x;
// GLSL-NEXT:       layout(local_size_x = 64, local_size_y = 1, local_size_z = 1) in;
// GLSL-NEXT:       layout(std430, binding = 0) buffer Buffer0 { float x[]; };
// GLSL-NEXT:       layout(std430, binding = 1) buffer Buffer1 { int ids[]; };
// GLSL-NEXT:       layout(std430, binding = 2) buffer Buffer2 { float out_1[]; };
// GLSL-NEXT:       layout(std140, binding = 3) uniform Params { int out_start; };
// GLSL:            void main()
// GLSL-NEXT:       {
// GLSL-NEXT:         const int id = int(gl_GlobalInvocationID.x);
// ALL-NEXT:          if (id < 40) {
// ALL-NEXT:            const int i = id / 4;
// C-NEXT:              const int n = ids[i];
// C-NEXT:              const float v = x[4 * i + id % 4];
// C-NEXT:              out_1[out_start + id] = maximum_float(n < 0 ? -v : v, (float)n);
// GLSL-NEXT:           const int n = ids[i];
// GLSL-NEXT:           const float v = x[4 * i + id % 4];
// GLSL-NEXT:           out_1[out_start + id] = maximum_float(n < 0 ? -v : v, float(n));
builtin.module attributes {stepwell.level = "device", gpu.container_module} {
gpu.module @kernels {
gpu.func @scale(%x: memref<40xf32>, %ids: memref<10xi32>, %out: memref<?xf32>, %out_start: index) kernel
    attributes {known_block_size = array<i32: 64, 1, 1>} {
  %c4 = arith.constant 4 : index
  %c40 = arith.constant 40 : index
  %zero = arith.constant 0 : i32
  %id = gpu.global_id x
  %there = arith.cmpi ult, %id, %c40 : index
  scf.if %there {
    %j = arith.remui %id, %c4 : index
    %i = arith.divui %id, %c4 : index
    %row = arith.muli %i, %c4 : index
    %at = arith.addi %row, %j : index
    %n = memref.load %ids[%i] : memref<10xi32>
    %v = memref.load %x[%at] : memref<40xf32>
    %neg = arith.negf %v : f32
    %less = arith.cmpi slt, %n, %zero : i32
    %w = arith.select %less, %neg, %v : f32
    %f = arith.sitofp %n : i32 to f32
    %s = arith.maximumf %w, %f : f32
    %to = arith.addi %out_start, %id : index
    memref.store %s, %out[%to] : memref<?xf32>
  }
  gpu.return
}

// Threads of a block share memory, and wait for one another. One may read in x what another wrote there.
// ALL:             // turn:
// OPENCL:            __local float t[64];
// OPENCL:            t[thread_1] = x[at];
// OPENCL-NEXT:       barrier(CLK_LOCAL_MEM_FENCE | CLK_GLOBAL_MEM_FENCE);
// CUDA:              __shared__ {{(__align__\(16\) )?}}float t[64];
// CUDA:              __syncthreads();
// MSL:               threadgroup float t[64];
// MSL:               threadgroup_barrier(mem_flags::mem_threadgroup | mem_flags::mem_device);
// GLSL:            layout(std430, binding = 0) coherent buffer Buffer0
// GLSL:            shared float t[64];
// GLSL:              memoryBarrier(); barrier();
// ALL-NEXT:          x[at] = t[63 - thread_1];
gpu.func @turn(%x: memref<?xf32>) workgroup(%t: memref<64xf32, #gpu.address_space<workgroup>>) kernel
    attributes {known_block_size = array<i32: 64, 1, 1>} {
  %c63 = arith.constant 63 : index
  %c64 = arith.constant 64 : index
  %thread = gpu.thread_id x
  %block = gpu.block_id x
  %first = arith.muli %block, %c64 : index
  %at = arith.addi %first, %thread : index
  %v = memref.load %x[%at] : memref<?xf32>
  memref.store %v, %t[%thread] : memref<64xf32, #gpu.address_space<workgroup>>
  gpu.barrier
  %other = arith.subi %c63, %thread : index
  %w = memref.load %t[%other] : memref<64xf32, #gpu.address_space<workgroup>>
  memref.store %w, %x[%at] : memref<?xf32>
  gpu.return
}
}
func.func @main() {
  func.return
}
}
