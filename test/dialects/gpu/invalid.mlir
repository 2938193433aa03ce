// RUN: stepwell-opt %s --split-input-file --verify-diagnostics

func.func @main(%x: memref<4xf32>, %n: index) {
  // expected-error@+1 {{there is no kernel @kernels::@missing}}
  gpu.launch_func @kernels::@missing blocks in (%n, %n, %n) threads in (%n, %n, %n) args(%x : memref<4xf32>)
  func.return
}

// -----

gpu.module @kernels {
  gpu.func @k(%x: memref<8xf32>) kernel {
    gpu.return
  }
}
func.func @main(%x: memref<4xf32>, %n: index) {
  // expected-error@+1 {{the arguments are not of the types that the kernel takes}}
  gpu.launch_func @kernels::@k blocks in (%n, %n, %n) threads in (%n, %n, %n) args(%x : memref<4xf32>)
  func.return
}

// -----

func.func @main(%n: index) {
  // expected-error@+1 {{a kernel is named with its module}}
  gpu.launch_func @k blocks in (%n, %n, %n) threads in (%n, %n, %n)
  func.return
}

// -----

gpu.module @kernels {
  // expected-error@+1 {{a workgroup buffer is of #gpu.address_space<workgroup>}}
  gpu.func @k() workgroup(%t : memref<4xf32>) kernel {
    gpu.return
  }
}

// -----

gpu.module @kernels {
  // expected-error@+1 {{known_block_size has three numbers}}
  gpu.func @k() kernel attributes {known_block_size = array<i32: 64>} {
    gpu.return
  }
}

// -----

func.func @shuffle(%x: f32, %n: i32) {
  // expected-error@+1 {{a shuffle is one of xor, up, down, idx}}
  %0, %1 = gpu.shuffle left %x, %n, %n : f32
  func.return
}

// -----

func.func @reduce(%x: f32) {
  // expected-error@+1 {{'xor' takes integers}}
  %0 = gpu.subgroup_reduce xor %x : (f32) -> f32
  func.return
}
