// RUN: stepwell-opt %s -p check-limits{device=webgpu} --split-input-file --verify-diagnostics
// RUN: not stepwell-opt %s -p check-limits{device=webgpu} --split-input-file 2>&1 | filecheck %s

// What a launch asks for is held against the device's description before anything runs; WebGPU's least is 8 buffers of
// 128 MiB, 16 KiB that a block shares, blocks of 256 threads, 65535 blocks along a dimension.

// All of it fits.
builtin.module attributes {gpu.container_module} {
gpu.module @kernels {
gpu.func @fill(%x: memref<64xf32>) kernel attributes {known_block_size = array<i32: 64, 1, 1>} {
  gpu.return
}
}
func.func @main(%x: memref<64xf32>) {
  %c1 = arith.constant 1 : index
  %c65535 = arith.constant 65535 : index
  %c256 = arith.constant 256 : index
  gpu.launch_func @kernels::@fill blocks in (%c65535, %c1, %c1) threads in (%c256, %c1, %c1)
    args(%x : memref<64xf32>)
  func.return
}
}

// -----

// Blocks along a dimension.
// CHECK:       error: @fill runs 65536 blocks along x; webgpu has 65535
// CHECK-NEXT:    at {{.*}}check_limits.mlir
// CHECK:         fix: give its schedule larger tiles, so that a thread computes more
builtin.module attributes {gpu.container_module} {
gpu.module @kernels {
gpu.func @fill(%x: memref<64xf32>) kernel attributes {known_block_size = array<i32: 64, 1, 1>} {
  gpu.return
}
}
func.func @main(%x: memref<64xf32>) {
  %c1 = arith.constant 1 : index
  %c65536 = arith.constant 65536 : index
  %c64 = arith.constant 64 : index
  // expected-error@+1 {{@fill runs 65536 blocks along x; webgpu has 65535}}
  gpu.launch_func @kernels::@fill blocks in (%c65536, %c1, %c1) threads in (%c64, %c1, %c1)
    args(%x : memref<64xf32>)
  func.return
}
}

// -----

// Threads of a block.
builtin.module attributes {gpu.container_module} {
gpu.module @kernels {
gpu.func @fill(%x: memref<64xf32>) kernel attributes {known_block_size = array<i32: 64, 1, 1>} {
  gpu.return
}
}
func.func @main(%x: memref<64xf32>) {
  %c1 = arith.constant 1 : index
  %c512 = arith.constant 512 : index
  // expected-error@+1 {{@fill runs blocks of 512 threads; webgpu has 256}}
  gpu.launch_func @kernels::@fill blocks in (%c1, %c1, %c1) threads in (%c512, %c1, %c1)
    args(%x : memref<64xf32>)
  func.return
}
}

// -----

// Memory that a block shares: all of a kernel together.
builtin.module attributes {gpu.container_module} {
gpu.module @kernels {
gpu.func @share(%x: memref<64xf32>) workgroup(
    %s: memref<4096xf32, #gpu.address_space<workgroup>>, %t: memref<1xf32, #gpu.address_space<workgroup>>) kernel
    attributes {known_block_size = array<i32: 64, 1, 1>} {
  gpu.return
}
}
func.func @main(%x: memref<64xf32>) {
  %c1 = arith.constant 1 : index
  %c64 = arith.constant 64 : index
  // expected-error@+1 {{@share shares 16388 bytes among the threads of a block; webgpu has 16384}}
  gpu.launch_func @kernels::@share blocks in (%c1, %c1, %c1) threads in (%c64, %c1, %c1)
    args(%x : memref<64xf32>)
  func.return
}
}

// -----

// Buffers.
builtin.module attributes {gpu.container_module} {
gpu.module @kernels {
gpu.func @many(%x0: memref<64xf32>, %x1: memref<64xf32>, %x2: memref<64xf32>,
    %x3: memref<64xf32>, %x4: memref<64xf32>, %x5: memref<64xf32>,
    %x6: memref<64xf32>, %x7: memref<64xf32>, %x8: memref<64xf32>) kernel
    attributes {known_block_size = array<i32: 64, 1, 1>} {
  gpu.return
}
}
func.func @main(%x: memref<64xf32>) {
  %c1 = arith.constant 1 : index
  %c64 = arith.constant 64 : index
  // expected-error@+1 {{@many takes 9 buffers; webgpu has 8}}
  gpu.launch_func @kernels::@many blocks in (%c1, %c1, %c1) threads in (%c64, %c1, %c1)
    args(%x : memref<64xf32>, %x : memref<64xf32>, %x : memref<64xf32>, %x : memref<64xf32>,
         %x : memref<64xf32>, %x : memref<64xf32>, %x : memref<64xf32>, %x : memref<64xf32>, %x : memref<64xf32>)
  func.return
}
}

// -----

// The size of a buffer: of the whole that a part is handed in of.
builtin.module attributes {gpu.container_module} {
gpu.module @kernels {
gpu.func @fill(%x: memref<?xf32>, %x_start: index) kernel attributes {known_block_size = array<i32: 64, 1, 1>} {
  gpu.return
}
}
func.func @main(%arena: memref<536870912xi8>) {
  %c1 = arith.constant 1 : index
  %c64 = arith.constant 64 : index
  %c0 = arith.constant 0 : index
  %x = memref.view %arena[%c0][] : memref<536870912xi8> to memref<40000000xf32>
  %y = memref.cast %x : memref<40000000xf32> to memref<?xf32>
  // expected-error@+1 {{@fill takes a buffer of 160000000 bytes; webgpu has 134217728}}
  gpu.launch_func @kernels::@fill blocks in (%c1, %c1, %c1) threads in (%c64, %c1, %c1)
    args(%y : memref<?xf32>, %c1 : index)
  func.return
}
}
