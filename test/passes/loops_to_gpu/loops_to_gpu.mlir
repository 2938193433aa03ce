// RUN: stepwell-opt %s -p 'loops-to-gpu{block=64}' --split-input-file | filecheck %s
// RUN: stepwell-opt %s -p 'loops-to-gpu{block=64 blocks=2}' --split-input-file | filecheck %s --check-prefix=ROWS

// A nest of parallel loops is a grid: a thread is a point of it, the innermost loop's counter runs fastest.
// 40 points leave threads of the block of 64 without one. Buffers have one dimension on the device.
// CHECK-LABEL: gpu.func @negate(%x: memref<40xf32>, %out: memref<40xf32>) kernel attributes {known_block_size = array<i32: 64, 1, 1>} {
// CHECK:         %id = gpu.global_id x
// CHECK-NEXT:    [[THERE:%.*]] = arith.cmpi ult, %id, %c40 : index
// CHECK-NEXT:    scf.if [[THERE]] {
// CHECK-NEXT:      %j = arith.remui %id, %c4 : index
// CHECK-NEXT:      %i = arith.divui %id, %c4 : index
// CHECK-NEXT:      [[ROW:%.*]] = arith.muli %i, %c4 : index
// CHECK-NEXT:      [[AT:%.*]] = arith.addi [[ROW]], %j : index
// CHECK-NEXT:      [[V:%.*]] = memref.load %x{{\[}}[[AT]]] : memref<40xf32>
// CHECK-NEXT:      [[N:%.*]] = arith.negf [[V]] : f32
// CHECK:           memref.store [[N]], %out[{{.*}}] : memref<40xf32>
// CHECK:       func.func @main
// CHECK:         [[X:%.*]] = memref.collapse_shape %x
// CHECK:         [[OUT:%.*]] = memref.collapse_shape %out
// CHECK:         gpu.launch_func @kernels::@negate blocks in (%c1, %c1, %c1) threads in (%c64, %c1, %c1) args([[X]] : memref<40xf32>, [[OUT]] : memref<40xf32>)
func.func private @negate(%x: memref<10x4xf32>, %out: memref<10x4xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %c10 = arith.constant 10 : index
  scf.for %i = %c0 to %c10 step %c1 {
    scf.for %j = %c0 to %c4 step %c1 {
      %v = memref.load %x[%i, %j] : memref<10x4xf32>
      %n = arith.negf %v : f32
      memref.store %n, %out[%i, %j] : memref<10x4xf32>
    } {stepwell.parallel}
  } {stepwell.parallel}
  func.return
}
func.func @main(%x: memref<10x4xf32>, %out: memref<10x4xf32>) {
  func.call @negate(%x, %out) : (memref<10x4xf32>, memref<10x4xf32>) -> ()
  func.return
}

// -----

// Loops that follow each other are launches of their own, also inside of one that they share; what is between them one
// thread runs. A sum is a loop that is not shared. The workspace between two launches is a part of the arena.
// CHECK-LABEL: gpu.func @steps_0(%x: memref<512xf32>, %t: memref<8xf32>)
// CHECK:         scf.for %j = %c0 to %c64
// CHECK:         memref.store
// CHECK-LABEL: gpu.func @steps_1(%x: memref<512xf32>, %t: memref<8xf32>, %out: memref<512xf32>)
// CHECK:         arith.remui %id, %c64
// CHECK-LABEL: gpu.func @steps_2(%x: memref<512xf32>, %out: memref<512xf32>)
// CHECK:         arith.remui %id, %c32
// CHECK-LABEL: gpu.func @steps_3(%x: memref<512xf32>, %out: memref<512xf32>) kernel attributes {known_block_size = array<i32: 1, 1, 1>}
// CHECK-NOT:     scf.if
// CHECK:       func.func @main
// CHECK:         memref.view %arena[%c128][] : memref<256xi8> to memref<8xf32>
// CHECK:         gpu.launch_func @kernels::@steps_0 blocks in (%c1, %c1, %c1) threads in (%c64, %c1, %c1)
// CHECK-NEXT:    gpu.launch_func @kernels::@steps_1 blocks in (%c8, %c1, %c1) threads in (%c64, %c1, %c1)
// CHECK-NEXT:    gpu.launch_func @kernels::@steps_2 blocks in (%c4, %c1, %c1) threads in (%c64, %c1, %c1)
// CHECK-NEXT:    gpu.launch_func @kernels::@steps_3 blocks in (%c1, %c1, %c1) threads in (%c1, %c1, %c1)
// More blocks than a grid may have along a dimension are rows of them.
// ROWS:          gpu.launch_func @kernels::@steps_1 blocks in (%c2, %c4, %c1)
func.func private @steps(%x: memref<8x64xf32>, %out: memref<8x64xf32>, %ws: memref<64xi8>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  %c32 = arith.constant 32 : index
  %c64 = arith.constant 64 : index
  %zero = arith.constant 0.0 : f32
  %t = memref.view %ws[%c0][] : memref<64xi8> to memref<8xf32>
  scf.for %i = %c0 to %c8 step %c1 {
    %sum = scf.for %j = %c0 to %c64 step %c1 iter_args(%acc = %zero) -> (f32) {
      %v = memref.load %x[%i, %j] : memref<8x64xf32>
      %s = arith.addf %acc, %v : f32
      scf.yield %s : f32
    }
    memref.store %sum, %t[%i] : memref<8xf32>
  } {stepwell.parallel}
  scf.for %i = %c0 to %c8 step %c1 {
    scf.for %j = %c0 to %c64 step %c1 {
      %v = memref.load %x[%i, %j] : memref<8x64xf32>
      %s = memref.load %t[%i] : memref<8xf32>
      %d = arith.divf %v, %s : f32
      memref.store %d, %out[%i, %j] : memref<8x64xf32>
    } {stepwell.parallel}
    scf.for %j = %c0 to %c32 step %c1 {
      %v = memref.load %x[%i, %j] : memref<8x64xf32>
      memref.store %v, %out[%i, %j] : memref<8x64xf32>
    } {stepwell.parallel}
  } {stepwell.parallel}
  %first = memref.load %x[%c0, %c0] : memref<8x64xf32>
  memref.store %first, %out[%c1, %c1] : memref<8x64xf32>
  func.return
}
func.func @main(%x: memref<8x64xf32>, %out: memref<8x64xf32>, %arena: memref<256xi8>) {
  %c128 = arith.constant 128 : index
  %ws = memref.view %arena[%c128][] : memref<256xi8> to memref<64xi8>
  func.call @steps(%x, %out, %ws) : (memref<8x64xf32>, memref<8x64xf32>, memref<64xi8>) -> ()
  func.return
}

// -----

// A buffer that is a part of another, wherever it starts, is handed in as the whole beside the number of its first
// element. Two parts of one buffer are one argument, and two starts: a device does not take it twice.
// CHECK-LABEL: gpu.func @copy(%x: memref<?xf32>, %x_start: index, %out_start: index)
// CHECK:         [[FROM:%.*]] = arith.addi %x_start, %id : index
// CHECK-NEXT:    memref.load %x{{\[}}[[FROM]]] : memref<?xf32>
// CHECK:         memref.store %{{.*}}, %x[%{{.*}}] : memref<?xf32>
// CHECK:       func.func @main
// CHECK-DAG:     [[ALL:%.*]] = memref.cast %{{.*}} : memref<32xf32> to memref<?xf32>
// CHECK:         gpu.launch_func @kernels::@copy {{.*}} args([[ALL]] : memref<?xf32>, %c4 : index, %c20 : index)
func.func private @copy(%x: memref<4xf32, strided<[1], offset: ?>>, %out: memref<4xf32, strided<[1], offset: ?>>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  scf.for %i = %c0 to %c4 step %c1 {
    %v = memref.load %x[%i] : memref<4xf32, strided<[1], offset: ?>>
    memref.store %v, %out[%i] : memref<4xf32, strided<[1], offset: ?>>
  } {stepwell.parallel}
  func.return
}
func.func @main(%arena: memref<128xi8>) {
  %c0 = arith.constant 0 : index
  %b = memref.view %arena[%c0][] : memref<128xi8> to memref<32xf32>
  %0 = memref.subview %b[4] [4] [1] : memref<32xf32> to memref<4xf32, strided<[1], offset: 4>>
  %1 = memref.subview %b[20] [4] [1] : memref<32xf32> to memref<4xf32, strided<[1], offset: 20>>
  %2 = memref.cast %0 : memref<4xf32, strided<[1], offset: 4>> to memref<4xf32, strided<[1], offset: ?>>
  %3 = memref.cast %1 : memref<4xf32, strided<[1], offset: 20>> to memref<4xf32, strided<[1], offset: ?>>
  func.call @copy(%2, %3) : (memref<4xf32, strided<[1], offset: ?>>, memref<4xf32, strided<[1], offset: ?>>) -> ()
  func.return
}

// -----

// The host counts, branches and computes with whole numbers. What it reads is an element of a buffer in one dimension;
// what it writes, a kernel of one thread does. A part at a place that is known then is the whole buffer and a number.
// CHECK-LABEL: gpu.func @copy(%x: memref<?xf32>, %x_start: index, %out: memref<4xf32>)
// CHECK-LABEL: gpu.func @store_i64(%out: memref<?xi64>, %at: index, %number: index)
// CHECK-SAME:    known_block_size = array<i32: 1, 1, 1>
// CHECK-NEXT:    [[N:%.*]] = arith.index_cast %number : index to i64
// CHECK-NEXT:    memref.store [[N]], %out[%at] : memref<?xi64>
// CHECK:       func.func @main
// CHECK:         [[XS:%.*]] = memref.collapse_shape %xs {{.*}} : memref<9x4xf32> into memref<36xf32>
// CHECK:         [[ALL:%.*]] = memref.cast [[XS]] : memref<36xf32> to memref<?xf32>
// CHECK:         %most = memref.load %{{.*}}[%c0{{.*}}] : memref<1xi64>
// CHECK-NEXT:    %end = arith.index_cast %most : i64 to index
// CHECK:         scf.for %i = %{{.*}} to %end
// CHECK-NEXT:      [[START:%.*]] = arith.muli %i, %c4 : index
// CHECK-NEXT:      gpu.launch_func @kernels::@copy {{.*}} args([[ALL]] : memref<?xf32>, [[START]] : index, %out : memref<4xf32>)
// CHECK-NEXT:      %n = arith.index_cast %i : index to i64
// CHECK-NEXT:      [[NUMBER:%.*]] = arith.index_cast %n : i64 to index
// CHECK-NEXT:      gpu.launch_func @kernels::@store_i64 {{.*}} args(%{{.*}} : memref<?xi64>, %{{.*}} : index, [[NUMBER]] : index)
// CHECK-NEXT:      %go = memref.load %flags[%i] : memref<9xi1>
// CHECK-NEXT:      scf.if %go {
// CHECK-NEXT:        gpu.launch_func @kernels::@copy {{.*}} args([[ALL]] : memref<?xf32>, %c8 : index, %out : memref<4xf32>)
// CHECK-NOT:       memref.subview
func.func private @copy(%x: memref<4xf32, strided<[1], offset: ?>>, %out: memref<4xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  scf.for %i = %c0 to %c4 step %c1 {
    %v = memref.load %x[%i] : memref<4xf32, strided<[1], offset: ?>>
    memref.store %v, %out[%i] : memref<4xf32>
  } {stepwell.parallel}
  func.return
}
func.func @main(%xs: memref<9x4xf32>, %count: memref<i64>, %flags: memref<9xi1>, %out: memref<4xf32>,
                %arena: memref<128xi8>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %step = memref.view %arena[%c0][] : memref<128xi8> to memref<i64>
  %most = memref.load %count[] : memref<i64>
  %end = arith.index_cast %most : i64 to index
  scf.for %i = %c0 to %end step %c1 {
    %0 = memref.subview %xs[%i, 0] [1, 4] [1, 1] : memref<9x4xf32> to memref<1x4xf32, strided<[4, 1], offset: ?>>
    %1 = memref.collapse_shape %0 [[0, 1]] : memref<1x4xf32, strided<[4, 1], offset: ?>> into memref<4xf32, strided<[1], offset: ?>>
    func.call @copy(%1, %out) : (memref<4xf32, strided<[1], offset: ?>>, memref<4xf32>) -> ()
    %n = arith.index_cast %i : index to i64
    memref.store %n, %step[] : memref<i64>
    %go = memref.load %flags[%i] : memref<9xi1>
    scf.if %go {
      %2 = memref.subview %xs[2, 0] [1, 4] [1, 1] : memref<9x4xf32> to memref<1x4xf32, strided<[4, 1], offset: 8>>
      %3 = memref.collapse_shape %2 [[0, 1]] : memref<1x4xf32, strided<[4, 1], offset: 8>> into memref<4xf32, strided<[1], offset: 8>>
      %4 = memref.cast %3 : memref<4xf32, strided<[1], offset: 8>> to memref<4xf32, strided<[1], offset: ?>>
      func.call @copy(%4, %out) : (memref<4xf32, strided<[1], offset: ?>>, memref<4xf32>) -> ()
    }
  }
  func.return
}
