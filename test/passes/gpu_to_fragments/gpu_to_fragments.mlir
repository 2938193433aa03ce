// RUN: stepwell-opt %s -p gpu-to-fragments | filecheck %s

builtin.module attributes {gpu.container_module} {
gpu.module @kernels {

// A thread is an element of what is stored to: who would have stored there is computed back from it, digit by digit, and
// where nobody would have, nothing is stored. The guard against threads beyond the last is one of the digits' bounds.
// CHECK:       gpu.func @pad(%x: memref<32xf32>, %out: memref<100xf32>) kernel attributes {known_block_size = array<i32: 1, 1, 1>} {
// CHECK-NEXT:    %element = gpu.global_id x
// CHECK-NEXT:    %c11 = arith.constant 11 : index
// CHECK-NEXT:    %0 = arith.cmpi sge, %element, %c11 : index
// CHECK-NEXT:    %1 = arith.subi %element, %c11 : index
// CHECK-NEXT:    %c10 = arith.constant 10 : index
// CHECK-NEXT:    %i = arith.divui %1, %c10 : index
// CHECK-NEXT:    %c8 = arith.constant 8 : index
// CHECK-NEXT:    %2 = arith.cmpi slt, %i, %c8 : index
// CHECK-NEXT:    %j = arith.remui %1, %c10 : index
// CHECK-NEXT:    %c4 = arith.constant 4 : index
// CHECK-NEXT:    %3 = arith.cmpi slt, %j, %c4 : index
// CHECK-NEXT:    %4 = arith.andi %0, %2 : i1
// CHECK-NEXT:    %5 = arith.andi %4, %3 : i1
// CHECK-NEXT:    scf.if %5 {
// CHECK-NEXT:      %c4_1 = arith.constant 4 : index
// CHECK-NEXT:      %row = arith.muli %i, %c4_1 : index
// CHECK-NEXT:      %at = arith.addi %row, %j : index
// CHECK-NEXT:      %v = memref.load %x[%at] : memref<32xf32>
// CHECK-NEXT:      memref.store %v, %out[%element] : memref<100xf32>
// CHECK-NEXT:    }
// CHECK-NEXT:    gpu.return
gpu.func @pad(%x: memref<32xf32>, %out: memref<100xf32>) kernel attributes {known_block_size = array<i32: 64, 1, 1>} {
  %c4 = arith.constant 4 : index
  %c10 = arith.constant 10 : index
  %c11 = arith.constant 11 : index
  %c32 = arith.constant 32 : index
  %id = gpu.global_id x
  %there = arith.cmpi ult, %id, %c32 : index
  scf.if %there {
    %j = arith.remui %id, %c4 : index
    %i = arith.divui %id, %c4 : index
    %row = arith.muli %i, %c4 : index
    %at = arith.addi %row, %j : index
    %v = memref.load %x[%at] : memref<32xf32>
    %down = arith.muli %i, %c10 : index
    %right = arith.addi %down, %j : index
    %to = arith.addi %right, %c11 : index
    memref.store %v, %out[%to] : memref<100xf32>
  }
  gpu.return
}

// A transposition: digits come in the order of their steps, and fill the buffer, so nothing is left to ask.
// CHECK:       gpu.func @transpose(%x: memref<12xf32>, %out: memref<12xf32>)
// CHECK-NEXT:    %element = gpu.global_id x
// CHECK-NEXT:    %c3 = arith.constant 3 : index
// CHECK-NEXT:    %j = arith.divui %element, %c3 : index
// CHECK-NEXT:    %i = arith.remui %element, %c3 : index
// CHECK-NEXT:    %c4 = arith.constant 4 : index
// CHECK-NEXT:    %0 = arith.muli %i, %c4 : index
// CHECK-NEXT:    %id = arith.addi %0, %j : index
// CHECK-NEXT:    %v = memref.load %x[%id] : memref<12xf32>
// CHECK-NEXT:    memref.store %v, %out[%element] : memref<12xf32>
gpu.func @transpose(%x: memref<12xf32>, %out: memref<12xf32>) kernel attributes {known_block_size = array<i32: 1, 1, 1>} {
  %c3 = arith.constant 3 : index
  %c4 = arith.constant 4 : index
  %id = gpu.global_id x
  %j = arith.remui %id, %c4 : index
  %i = arith.divui %id, %c4 : index
  %v = memref.load %x[%id] : memref<12xf32>
  %column = arith.muli %j, %c3 : index
  %to = arith.addi %column, %i : index
  memref.store %v, %out[%to] : memref<12xf32>
  gpu.return
}

// Two results are two kernels, each with what leads to it; a loop around a store is a digit, one that sums up stays.
// The buffer that is stored to is the last one, before the numbers.
// CHECK:       gpu.func @rows_r0(%x: memref<20xf32>, %sums: memref<4xf32>)
// CHECK:         scf.for
// CHECK:         memref.store %{{.*}}, %sums[%element] : memref<4xf32>
// CHECK:       gpu.func @rows_r1(%x: memref<20xf32>, %all: memref<?xf32>, %start: index)
// CHECK-NEXT:    %element = gpu.global_id x
// CHECK-NEXT:    %{{.*}} = arith.cmpi sge, %element, %start : index
// CHECK-NEXT:    %[[R:.*]] = arith.subi %element, %start : index
// CHECK-NEXT:    %{{.*}} = arith.constant 5 : index
// CHECK-NEXT:    %[[ROW:.*]] = arith.divui %[[R]]
// CHECK-NOT:     scf.for
// CHECK:         memref.store %{{.*}}, %all[%element] : memref<?xf32>
gpu.func @rows(%sums: memref<4xf32>, %x: memref<20xf32>, %start: index, %all: memref<?xf32>) kernel
    attributes {known_block_size = array<i32: 1, 1, 1>} {
  %zero = arith.constant 0.0 : f32
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c5 = arith.constant 5 : index
  %id = gpu.global_id x
  %row = arith.muli %id, %c5 : index
  %sum = scf.for %k = %c0 to %c5 step %c1 iter_args(%acc = %zero) -> (f32) {
    %at = arith.addi %row, %k : index
    %v = memref.load %x[%at] : memref<20xf32>
    %s = arith.addf %acc, %v : f32
    scf.yield %s : f32
  }
  memref.store %sum, %sums[%id] : memref<4xf32>
  scf.for %k = %c0 to %c5 step %c1 {
    %at = arith.addi %row, %k : index
    %v = memref.load %x[%at] : memref<20xf32>
    %w = arith.negf %v : f32
    %to = arith.addi %start, %at : index
    memref.store %w, %all[%to] : memref<?xf32>
  }
  gpu.return
}
}

// A launch is of as many threads as the whole buffer has elements.
// CHECK:       gpu.launch_func @kernels::@pad blocks in (%c100, %c1, %c1) threads in (%c1, %c1, %c1) args(%x : memref<32xf32>, %out : memref<100xf32>)
// CHECK-NEXT:  gpu.launch_func @kernels::@rows_r0 blocks in (%c4, %c1, %c1) threads in (%c1, %c1, %c1) args(%y : memref<20xf32>, %sums : memref<4xf32>)
// CHECK-NEXT:  gpu.launch_func @kernels::@rows_r1 blocks in (%c30, %c1, %c1) threads in (%c1, %c1, %c1) args(%y : memref<20xf32>, %part : memref<?xf32>, %c1_1 : index)
// Loops and branches of the host stay as they are.
// CHECK-NEXT:  scf.for %n = %c1_1 to %c4_1 step %c1_1 {
// CHECK-NEXT:    gpu.launch_func @kernels::@transpose blocks in (%c12, %c1, %c1) threads in (%c1, %c1, %c1) args(%z : memref<12xf32>, %t : memref<12xf32>)
// CHECK-NEXT:  }
func.func @main(%x: memref<32xf32>, %out: memref<100xf32>, %y: memref<20xf32>, %sums: memref<4xf32>, %all: memref<30xf32>,
    %z: memref<12xf32>, %t: memref<12xf32>) {
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %c12 = arith.constant 12 : index
  %c64 = arith.constant 64 : index
  %part = memref.cast %all : memref<30xf32> to memref<?xf32>
  gpu.launch_func @kernels::@pad blocks in (%c1, %c1, %c1) threads in (%c64, %c1, %c1)
    args(%x : memref<32xf32>, %out : memref<100xf32>)
  gpu.launch_func @kernels::@rows blocks in (%c4, %c1, %c1) threads in (%c1, %c1, %c1)
    args(%sums : memref<4xf32>, %y : memref<20xf32>, %c1 : index, %part : memref<?xf32>)
  scf.for %n = %c1 to %c4 step %c1 {
    gpu.launch_func @kernels::@transpose blocks in (%c12, %c1, %c1) threads in (%c1, %c1, %c1)
      args(%z : memref<12xf32>, %t : memref<12xf32>)
  }
  func.return
}
}
