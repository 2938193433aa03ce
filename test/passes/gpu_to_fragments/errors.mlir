// RUN: stepwell-opt %s -p gpu-to-fragments --split-input-file --verify-diagnostics

// What no fragment shader can do is refused, with the name of the kernel.

// Fragments do not wait for each other, and have nothing together.
builtin.module attributes {gpu.container_module} {
gpu.module @kernels {
gpu.func @k(%x: memref<8xf32>) kernel attributes {known_block_size = array<i32: 1, 1, 1>} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c4 = arith.constant 4 : index
  %v = arith.constant 1.0 : f32
  %id = gpu.global_id x
  // expected-error@+1 {{@k: gpu.barrier is of threads together; fragments are each alone}}
  gpu.barrier
  memref.store %v, %x[%id] : memref<8xf32>
  gpu.return
}
}
func.func @main(%x: memref<8xf32>) {
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  gpu.launch_func @kernels::@k blocks in (%c4, %c1, %c1) threads in (%c1, %c1, %c1) args(%x : memref<8xf32>)
  func.return
}
}

// -----

// The thread of an element must be known from its place: not here, where the data say it.
builtin.module attributes {gpu.container_module} {
gpu.module @kernels {
gpu.func @k(%x: memref<8xf32>, %i: memref<4xindex>) kernel attributes {known_block_size = array<i32: 1, 1, 1>} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c4 = arith.constant 4 : index
  %v = arith.constant 1.0 : f32
  %id = gpu.global_id x
  %to = memref.load %i[%id] : memref<4xindex>
  // expected-error@+1 {{@k stores at a place that it computes by more than sums and products with constants}}
  memref.store %v, %x[%to] : memref<8xf32>
  gpu.return
}
}
func.func @main(%x: memref<8xf32>, %i: memref<4xindex>) {
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  gpu.launch_func @kernels::@k blocks in (%c4, %c1, %c1) threads in (%c1, %c1, %c1) args(%x : memref<8xf32>, %i : memref<4xindex>)
  func.return
}
}

// -----

// ... nor here, where two threads have one place.
builtin.module attributes {gpu.container_module} {
gpu.module @kernels {
gpu.func @k(%x: memref<8xf32>) kernel attributes {known_block_size = array<i32: 1, 1, 1>} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c4 = arith.constant 4 : index
  %v = arith.constant 1.0 : f32
  %id = gpu.global_id x
  %j = arith.remui %id, %c2 : index
  // expected-error@+1 {{@k stores several times at one place}}
  memref.store %v, %x[%j] : memref<8xf32>
  gpu.return
}
}
func.func @main(%x: memref<8xf32>) {
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  gpu.launch_func @kernels::@k blocks in (%c4, %c1, %c1) threads in (%c1, %c1, %c1) args(%x : memref<8xf32>)
  func.return
}
}

// -----

// A running sum would be computed anew for each element.
builtin.module attributes {gpu.container_module} {
gpu.module @kernels {
gpu.func @k(%x: memref<8xf32>) kernel attributes {known_block_size = array<i32: 1, 1, 1>} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c4 = arith.constant 4 : index
  %v = arith.constant 1.0 : f32
  %id = gpu.global_id x
  %row = arith.muli %id, %c2 : index
  %last = scf.for %j = %c0 to %c2 step %c1 iter_args(%acc = %v) -> (f32) {
    %next = arith.addf %acc, %v : f32
    %to = arith.addi %row, %j : index
    // expected-error@+1 {{@k stores in a loop that carries values, or whose steps are not known}}
    memref.store %next, %x[%to] : memref<8xf32>
    scf.yield %next : f32
  }
  gpu.return
}
}
func.func @main(%x: memref<8xf32>) {
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  gpu.launch_func @kernels::@k blocks in (%c4, %c1, %c1) threads in (%c1, %c1, %c1) args(%x : memref<8xf32>)
  func.return
}
}

// -----

// What a step before has stored is not there yet: all elements are drawn at once.
builtin.module attributes {gpu.container_module} {
gpu.module @kernels {
gpu.func @k(%x: memref<8xf32>) kernel attributes {known_block_size = array<i32: 1, 1, 1>} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c4 = arith.constant 4 : index
  %v = arith.constant 1.0 : f32
  %id = gpu.global_id x
  %row = arith.muli %id, %c2 : index
  scf.for %j = %c0 to %c2 step %c1 {
    %to = arith.addi %row, %j : index
    %before = memref.load %x[%row] : memref<8xf32>
    // expected-error@+1 {{@k reads what a step before has stored}}
    memref.store %before, %x[%to] : memref<8xf32>
  }
  gpu.return
}
}
func.func @main(%x: memref<8xf32>) {
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  gpu.launch_func @kernels::@k blocks in (%c4, %c1, %c1) threads in (%c1, %c1, %c1) args(%x : memref<8xf32>)
  func.return
}
}

// -----

// Of two results, none may be read: the second kernel would find it changed.
builtin.module attributes {gpu.container_module} {
gpu.module @kernels {
gpu.func @k(%x: memref<8xf32>, %y: memref<4xf32>) kernel attributes {known_block_size = array<i32: 1, 1, 1>} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c4 = arith.constant 4 : index
  %v = arith.constant 1.0 : f32
  %id = gpu.global_id x
  // expected-error@+1 {{@k stores several results and reads one of them}}
  %old = memref.load %x[%id] : memref<8xf32>
  memref.store %v, %x[%id] : memref<8xf32>
  memref.store %old, %y[%id] : memref<4xf32>
  gpu.return
}
}
func.func @main(%x: memref<8xf32>, %y: memref<4xf32>) {
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  gpu.launch_func @kernels::@k blocks in (%c4, %c1, %c1) threads in (%c1, %c1, %c1) args(%x : memref<8xf32>, %y : memref<4xf32>)
  func.return
}
}
