// RUN: stepwell-opt %s -p loops-to-gpu --split-input-file | filecheck %s
// RUN: stepwell-opt %s -p 'loops-to-gpu{blocks=4}' --split-input-file | filecheck %s --check-prefix=ROWS

// Loops over blocks are the grid, the loop over threads a block of it, whatever size a flat grid's blocks have. Memory
// of the block stands behind the arguments. A second loop over threads sees what the first one's threads wrote.
// CHECK-LABEL: gpu.func @turn(%x: memref<256xf32>, %out: memref<256xf32>) workgroup(%tile: memref<36xf32, #gpu.address_space<workgroup>>) kernel attributes {known_block_size = array<i32: 32, 1, 1>} {
// CHECK:         %block = gpu.block_id x
// CHECK-NEXT:    [[J:%.*]] = arith.remui %block, %c2 : index
// CHECK-NEXT:    [[I:%.*]] = arith.divui %block, %c2 : index
// CHECK-NEXT:    %j = arith.muli [[J]], %c8 : index
// CHECK-NEXT:    %i = arith.muli [[I]], %c4 : index
// CHECK-NEXT:    %t = gpu.thread_id x
// CHECK:         [[V:%.*]] = memref.load %x
// CHECK:         memref.store [[V]], %tile
// CHECK-NEXT:    gpu.barrier
// CHECK-NEXT:    %t_1 = gpu.thread_id x
// CHECK:         memref.load %tile
// CHECK:         memref.store %{{.*}}, %out
// CHECK-NEXT:    gpu.return
// CHECK:         gpu.launch_func @kernels::@turn blocks in (%c8, %c1, %c1) threads in (%c32, %c1, %c1)
// Whether there is a block depends on no thread, so that a barrier may stand there.
// ROWS-LABEL:  gpu.func @turn
// ROWS:          gpu.launch_func @kernels::@turn blocks in (%c4, %c2, %c1) threads in (%c32, %c1, %c1)
func.func private @turn(%x: memref<16x16xf32>, %out: memref<16x16xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %c8 = arith.constant 8 : index
  %c16 = arith.constant 16 : index
  %c32 = arith.constant 32 : index
  scf.for %i = %c0 to %c16 step %c4 {
    scf.for %j = %c0 to %c16 step %c8 {
      %tile = memref.alloca() : memref<4x9xf32, #gpu.address_space<workgroup>>
      scf.for %t = %c0 to %c32 step %c1 {
        %p = arith.divui %t, %c8 : index
        %q = arith.remui %t, %c8 : index
        %r = arith.addi %i, %p : index
        %s = arith.addi %j, %q : index
        %v = memref.load %x[%r, %s] : memref<16x16xf32>
        memref.store %v, %tile[%p, %q] : memref<4x9xf32, #gpu.address_space<workgroup>>
      } {stepwell.parallel = "thread"}
      scf.for %t = %c0 to %c32 step %c1 {
        %q = arith.divui %t, %c4 : index
        %p = arith.remui %t, %c4 : index
        %v = memref.load %tile[%p, %q] : memref<4x9xf32, #gpu.address_space<workgroup>>
        %r = arith.addi %i, %p : index
        %s = arith.addi %j, %q : index
        memref.store %v, %out[%s, %r] : memref<16x16xf32>
      } {stepwell.parallel = "thread"}
    } {stepwell.parallel = "block"}
  } {stepwell.parallel = "block"}
  func.return
}
func.func @main(%x: memref<16x16xf32>, %out: memref<16x16xf32>) {
  func.call @turn(%x, %out) : (memref<16x16xf32>, memref<16x16xf32>) -> ()
  func.return
}

// -----

// More blocks than a grid may have along a dimension are rows of them, the last not whole.
// CHECK-LABEL: gpu.func @many
// CHECK-NOT:     scf.if
// ROWS-LABEL:  gpu.func @many
// ROWS:          [[X:%.*]] = gpu.block_id x
// ROWS-NEXT:     [[Y:%.*]] = gpu.block_id y
// ROWS-NEXT:     [[BEFORE:%.*]] = arith.muli [[Y]], %c4 : index
// ROWS-NEXT:     %block = arith.addi [[X]], [[BEFORE]] : index
// ROWS-NEXT:     [[THERE:%.*]] = arith.cmpi ult, %block, %c7 : index
// ROWS-NEXT:     scf.if [[THERE]] {
// ROWS:          gpu.launch_func @kernels::@many blocks in (%c4, %c2, %c1) threads in (%c8, %c1, %c1)
func.func private @many(%out: memref<56xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  %c56 = arith.constant 56 : index
  %zero = arith.constant 0.0 : f32
  scf.for %i = %c0 to %c56 step %c8 {
    scf.for %t = %c0 to %c8 step %c1 {
      %at = arith.addi %i, %t : index
      memref.store %zero, %out[%at] : memref<56xf32>
    } {stepwell.parallel = "thread"}
  } {stepwell.parallel = "block"}
  func.return
}
func.func @main(%out: memref<56xf32>) {
  func.call @many(%out) : (memref<56xf32>) -> ()
  func.return
}

// -----

// An axis of one block, whose counter no index needs, takes no id; a number that is computed between the loops, be it by
// a division, is no launch of its own.
// CHECK-LABEL: gpu.func @one(%x: memref<32xf32>) kernel
// CHECK-NOT:     gpu.block_id
// CHECK:         gpu.thread_id x
// CHECK:       gpu.launch_func @kernels::@one blocks in (%c1, %c1, %c1) threads in (%c32, %c1, %c1)
// CHECK-NOT:   gpu.launch_func
func.func private @one(%x: memref<32xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %c32 = arith.constant 32 : index
  %from = arith.remui %c4, %c32 : index
  scf.for %i = %c0 to %c4 step %c4 {
    scf.for %t = %c0 to %c32 step %c1 {
      %v = memref.load %x[%from] : memref<32xf32>
      memref.store %v, %x[%t] : memref<32xf32>
    } {stepwell.parallel = "thread"}
  } {stepwell.parallel = "block"}
  func.return
}
func.func @main(%x: memref<32xf32>) {
  func.call @one(%x) : (memref<32xf32>) -> ()
  func.return
}

// -----

// What is moved at once keeps its alignment, and what the device copies its count.
// CHECK-LABEL: gpu.func @move
// CHECK:         [[V:%.*]] = vector.load %x[{{%.*}}] {alignment = 16 : i64} : memref<64xf32>, vector<4xf32>
// CHECK-NEXT:    vector.store [[V]], %tile[{{%.*}}] {alignment = 16 : i64} : memref<64xf32, #gpu.address_space<workgroup>>, vector<4xf32>
// CHECK-NEXT:    [[C:%.*]] = nvgpu.device_async_copy %x[{{%.*}}], %tile[{{%.*}}], 4, %c2 {bypassL1} : memref<64xf32> to memref<64xf32, #gpu.address_space<workgroup>>
// CHECK-NEXT:    [[G:%.*]] = nvgpu.device_async_create_group [[C]]
// CHECK-NEXT:    nvgpu.device_async_wait [[G]] {numGroups = 0 : i32}
// CHECK-NEXT:    gpu.barrier
func.func private @move(%x: memref<64xf32>, %out: memref<64xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c4 = arith.constant 4 : index
  %c16 = arith.constant 16 : index
  scf.for %b = %c0 to %c1 step %c1 {
    %tile = memref.alloca() : memref<64xf32, #gpu.address_space<workgroup>>
    scf.for %t = %c0 to %c16 step %c1 {
      %at = arith.muli %t, %c4 : index
      %v = vector.load %x[%at] {alignment = 16 : i64} : memref<64xf32>, vector<4xf32>
      vector.store %v, %tile[%at] {alignment = 16 : i64} : memref<64xf32, #gpu.address_space<workgroup>>, vector<4xf32>
      %c = nvgpu.device_async_copy %x[%at], %tile[%at], 4, %c2 {bypassL1} : memref<64xf32> to memref<64xf32, #gpu.address_space<workgroup>>
      %g = nvgpu.device_async_create_group %c
      nvgpu.device_async_wait %g {numGroups = 0 : i32}
      gpu.barrier
      %w = memref.load %tile[%at] : memref<64xf32, #gpu.address_space<workgroup>>
      memref.store %w, %out[%at] : memref<64xf32>
    } {stepwell.parallel = "thread"}
  } {stepwell.parallel = "block"}
  func.return
}
func.func @main(%x: memref<64xf32>, %out: memref<64xf32>) {
  func.call @move(%x, %out) : (memref<64xf32>, memref<64xf32>) -> ()
  func.return
}
