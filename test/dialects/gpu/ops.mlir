// RUN: stepwell-opt %s | stepwell-opt | filecheck %s

// Upstream's syntax: what is printed here, its mlir-opt reads.
// CHECK:       gpu.module @kernels {
// CHECK-NEXT:    gpu.func @all(%a: memref<64xf32>, %b: memref<?xf32>, %n: index) workgroup(%t: memref<32xf32, #gpu.address_space<workgroup>>) private(%p: memref<4xf32, #gpu.address_space<private>>) kernel attributes {known_block_size = array<i32: 64, 1, 1>} {
// CHECK-NEXT:      %block = gpu.block_id x
// CHECK-NEXT:      %thread = gpu.thread_id y
// CHECK-NEXT:      %threads = gpu.block_dim z
// CHECK-NEXT:      %blocks = gpu.grid_dim x
// CHECK-NEXT:      %i = gpu.global_id x
// CHECK-NEXT:      %s = gpu.subgroup_id : index
// CHECK-NEXT:      %l = gpu.lane_id
// CHECK-NEXT:      %z = gpu.subgroup_size : index
// CHECK-NEXT:      gpu.barrier
// CHECK:           %other, %there = gpu.shuffle xor %v, %offset, %width : f32
// CHECK-NEXT:      %sum = gpu.subgroup_reduce add %other : (f32) -> f32
// CHECK-NEXT:      %most = gpu.subgroup_reduce maxsi %offset uniform : (i32) -> i32
// CHECK:           gpu.return
module attributes {gpu.container_module} {
  gpu.module @kernels {
    gpu.func @all(%a: memref<64xf32>, %b: memref<?xf32>, %n: index)
        workgroup(%t : memref<32xf32, #gpu.address_space<workgroup>>)
        private(%p : memref<4xf32, #gpu.address_space<private>>)
        kernel attributes {known_block_size = array<i32: 64, 1, 1>} {
      %block = gpu.block_id x
      %thread = gpu.thread_id y
      %threads = gpu.block_dim z
      %blocks = gpu.grid_dim x
      %i = gpu.global_id x
      %s = gpu.subgroup_id : index
      %l = gpu.lane_id
      %z = gpu.subgroup_size : index
      gpu.barrier
      %v = memref.load %a[%i] : memref<64xf32>
      %offset = arith.constant 1 : i32
      %width = arith.constant 32 : i32
      %other, %there = gpu.shuffle xor %v, %offset, %width : f32
      %sum = gpu.subgroup_reduce add %other : (f32) -> f32
      %most = gpu.subgroup_reduce maxsi %offset uniform : (i32) -> i32
      memref.store %sum, %b[%n] : memref<?xf32>
      gpu.return
    }
  }
  // CHECK:       gpu.launch_func @kernels::@all blocks in (%c1, %c1, %c1) threads in (%c64, %c1, %c1) args(%a : memref<64xf32>, %b : memref<?xf32>, %c1 : index)
  func.func @main(%a: memref<64xf32>, %b: memref<?xf32>) {
    %c1 = arith.constant 1 : index
    %c64 = arith.constant 64 : index
    gpu.launch_func @kernels::@all blocks in (%c1, %c1, %c1) threads in (%c64, %c1, %c1)
      args(%a : memref<64xf32>, %b : memref<?xf32>, %c1 : index)
    func.return
  }
}
