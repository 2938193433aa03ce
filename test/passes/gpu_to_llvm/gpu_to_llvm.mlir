// RUN: stepwell-opt %s -p gpu-to-llvm --split-input-file | filecheck %s

// A kernel's buffers are in the device's memory, address space 1. The number of a thread is computed in the 32 bits that
// the device's registers have; the size of a block is known. A byte of memory stands for a bool.
// CHECK-LABEL: gpu.module @kernels
// CHECK-NEXT:    llvm.func @copy(%x: !llvm.ptr<1> {llvm.noalias, llvm.readonly}, %out: !llvm.ptr<1> {llvm.noalias}, %out_start: i64) attributes {gpu.kernel, nvvm.kernel, nvvm.reqntid = array<i32: 128, 1, 1>} {
// CHECK:           [[BLOCK:%.*]] = llvm.call_intrinsic "llvm.nvvm.read.ptx.sreg.ctaid.x"() : () -> i32
// CHECK-NEXT:      [[THREAD:%.*]] = llvm.call_intrinsic "llvm.nvvm.read.ptx.sreg.tid.x"() : () -> i32
// CHECK-NEXT:      [[BEFORE:%.*]] = llvm.mul [[BLOCK]], %{{.*}} : i32
// CHECK-NEXT:      [[ID:%.*]] = llvm.add [[BEFORE]], [[THREAD]] : i32
// CHECK-NEXT:      %id = llvm.zext [[ID]] : i32 to i64
// CHECK-NEXT:      [[THERE:%.*]] = llvm.icmp "ult" %id, %c200 : i64
// CHECK-NEXT:      llvm.cond_br [[THERE]], ^bb1, ^bb2
// CHECK-NEXT:    ^bb1:
// CHECK-NEXT:      [[FROM:%.*]] = llvm.getelementptr inbounds %x[%id] : (!llvm.ptr<1>, i64) -> !llvm.ptr<1>, i8
// CHECK-NEXT:      [[BYTE:%.*]] = llvm.load [[FROM]] {alignment = 1 : i64} : !llvm.ptr<1> -> i8
// CHECK:           llvm.store %{{.*}} : i8, !llvm.ptr<1>
// CHECK:         ^bb2:
// CHECK-NEXT:      llvm.return
gpu.module @kernels {
  gpu.func @copy(%x: memref<200xi1>, %out: memref<?xi1>, %out_start: index) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>} {
    %id = gpu.global_id x
    %c200 = arith.constant 200 : index
    %there = arith.cmpi ult, %id, %c200 : index
    scf.if %there {
      %v = memref.load %x[%id] : memref<200xi1>
      %at = arith.addi %id, %out_start : index
      memref.store %v, %out[%at] : memref<?xi1>
    }
    gpu.return
  }
}

// -----

// What the threads of a block share is a variable in address space 3; what one has of its own is on its stack. Without
// a known size of the blocks the device is asked for it.
// CHECK:       llvm.mlir.global internal @turn_shared_0() {addr_space = 3 : i32, alignment = 16 : i64} : !llvm.array<64 x f32>
// CHECK-NEXT:  llvm.func @turn(%x: !llvm.ptr<1> {llvm.noalias}) attributes {gpu.kernel, nvvm.kernel} {
// CHECK-NEXT:    %t = llvm.mlir.addressof @turn_shared_0 : !llvm.ptr<3>
// CHECK:         %p = llvm.alloca %{{.*}} x f32 {alignment = 16 : i64} : (i64) -> !llvm.ptr
// CHECK:         llvm.call_intrinsic "llvm.nvvm.read.ptx.sreg.ntid.x"() : () -> i32
// CHECK:         [[AT:%.*]] = llvm.getelementptr inbounds %t[%l] : (!llvm.ptr<3>, i64) -> !llvm.ptr<3>, f32
// CHECK-NEXT:    llvm.store %v, [[AT]] {alignment = 4 : i64} : f32, !llvm.ptr<3>
// CHECK-NEXT:    llvm.call_intrinsic "llvm.nvvm.barrier.cta.sync.aligned.all"(%{{.*}}) : (i32) -> ()
// CHECK:         %w = llvm.load %{{.*}} {alignment = 4 : i64} : !llvm.ptr<3> -> f32
// CHECK-NEXT:    %r = llvm.call_intrinsic "llvm.sqrt"(%w) : (f32) -> f32
// CHECK-NEXT:    llvm.store %r, %p {alignment = 4 : i64} : f32, !llvm.ptr
gpu.module @kernels {
  gpu.func @turn(%x: memref<64xf32>) workgroup(%t: memref<64xf32, #gpu.address_space<workgroup>>)
      private(%p: memref<1xf32, #gpu.address_space<private>>) kernel {
    %c0 = arith.constant 0 : index
    %l = gpu.thread_id x
    %n = gpu.block_dim x
    %v = memref.load %x[%l] : memref<64xf32>
    memref.store %v, %t[%l] : memref<64xf32, #gpu.address_space<workgroup>>
    gpu.barrier
    %other = arith.subi %n, %l : index
    %w = memref.load %t[%other] : memref<64xf32, #gpu.address_space<workgroup>>
    %r = math.sqrt %w : f32
    memref.store %r, %p[%c0] : memref<1xf32, #gpu.address_space<private>>
    %s = memref.load %p[%c0] : memref<1xf32, #gpu.address_space<private>>
    memref.store %s, %x[%l] : memref<64xf32>
    gpu.return
  }
}

// -----

// Launches say which buffers may overlap: the first hands two parts of one buffer to @add that do. They stay as they
// are, and so does @main. Parts of the arena are aligned as they all are.
// CHECK:       llvm.func @add(%x: !llvm.ptr<1> {llvm.readonly, llvm.align = 64 : i64}, %out: !llvm.ptr<1> {llvm.align = 16 : i64})
// CHECK:       func.func @main(%arena: memref<512xi8>)
// CHECK:         gpu.launch_func @kernels::@add blocks in (%c1, %c1, %c1) threads in (%c1, %c1, %c1)
builtin.module attributes {gpu.container_module} {
gpu.module @kernels {
  gpu.func @add(%x: memref<8xf32>, %out: memref<8xf32>) kernel attributes {known_block_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %v = memref.load %x[%c0] : memref<8xf32>
    %w = arith.addf %v, %v : f32
    memref.store %w, %out[%c0] : memref<8xf32>
    gpu.return
  }
}
func.func @main(%arena: memref<512xi8>) {
  %c1 = arith.constant 1 : index
  %c64 = arith.constant 64 : index
  %c80 = arith.constant 80 : index
  %c256 = arith.constant 256 : index
  %x = memref.view %arena[%c64][] : memref<512xi8> to memref<8xf32>
  %y = memref.view %arena[%c80][] : memref<512xi8> to memref<8xf32>
  %z = memref.view %arena[%c256][] : memref<512xi8> to memref<8xf32>
  gpu.launch_func @kernels::@add blocks in (%c1, %c1, %c1) threads in (%c1, %c1, %c1)
    args(%x : memref<8xf32>, %y : memref<8xf32>)
  gpu.launch_func @kernels::@add blocks in (%c1, %c1, %c1) threads in (%c1, %c1, %c1)
    args(%x : memref<8xf32>, %z : memref<8xf32>)
  func.return
}
}

// -----

// A vector that says where it lies is one instruction of 16 bytes.
// CHECK-LABEL: llvm.func @move
// CHECK:         [[V:%.*]] = llvm.load %{{.*}} {alignment = 16 : i64} : !llvm.ptr<1> -> vector<4xf32>
// CHECK:         llvm.store [[V]], %{{.*}} {alignment = 16 : i64} : vector<4xf32>, !llvm.ptr<3>
// CHECK:         llvm.load %{{.*}} {alignment = 4 : i64} : !llvm.ptr<1> -> vector<4xf32>
gpu.module @kernels {
  gpu.func @move(%x: memref<8xf32>, %y: memref<4xf32>) workgroup(%t: memref<4xf32, #gpu.address_space<workgroup>>)
      kernel attributes {known_block_size = array<i32: 1, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c3 = arith.constant 3 : index
    %v = vector.load %x[%c0] {alignment = 16 : i64} : memref<8xf32>, vector<4xf32>
    vector.store %v, %t[%c0] {alignment = 16 : i64} : memref<4xf32, #gpu.address_space<workgroup>>, vector<4xf32>
    %w = vector.load %x[%c3] : memref<8xf32>, vector<4xf32>
    vector.store %w, %y[%c0] : memref<4xf32>, vector<4xf32>
    gpu.return
  }
}
