// RUN: stepwell-opt %s -p 'plan-memory{threads=2}' | filecheck %s
// RUN: stepwell-opt %s -p 'plan-memory{threads=2},distribute-threads{threads=2 min-work=0 min-spared=0}' | filecheck %s --check-prefix=TEAM
// RUN: stepwell-opt %s -p plan-memory | filecheck %s --check-prefix=ALONE

// A buffer of a loop that threads may share is there once for each of them, 64 bytes apart, and the loop inside, which
// works on it, is one thread's. %t is all threads' and stands behind both.
// CHECK-LABEL: @kernel
// CHECK-SAME:    %ws: memref<192xi8>
// CHECK-DAG:     %thread = arith.constant {stepwell.thread = 2 : i64} 0 : index
// CHECK-DAG:     %[[PLACE:.*]] = arith.constant [[START:[0-9]+]] : index
// CHECK:         scf.for %i
// CHECK:           %[[APART:.*]] = arith.constant 64 : index
// CHECK-NEXT:      %[[OWN:.*]] = arith.muli %thread, %[[APART]] : index
// CHECK-NEXT:      %[[AT:.*]] = arith.addi %[[OWN]], %{{.*}} : index
// CHECK-NEXT:      %b = memref.view %ws[%[[AT]]][] : memref<192xi8> to memref<4xf32>
// CHECK:             memref.store %{{.*}}, %b[%j] : memref<4xf32>
// CHECK-NEXT:      }{{$}}
// CHECK:         } {stepwell.parallel}

// TEAM-LABEL: @kernel
// TEAM-SAME:    %thread: index, %threads: index
// TEAM-NOT:     stepwell.thread =
// TEAM:         scf.for %i
// TEAM:           arith.muli %thread, %{{.*}} : index

// One thread: one buffer, so that nobody may share the loop around it.
// ALONE-LABEL: @kernel
// ALONE-SAME:    %ws: memref<128xi8>
// ALONE-NOT:     stepwell.thread
// ALONE:         scf.for %i
// ALONE-NOT:     stepwell.parallel
// ALONE:         func.return
func.func private @kernel(%x: memref<8x4xf32>, %out: memref<8x4xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %c8 = arith.constant 8 : index
  %t = memref.alloc() : memref<4xf32>
  scf.for %k = %c0 to %c4 step %c1 {
    %v = memref.load %x[%c0, %k] : memref<8x4xf32>
    memref.store %v, %t[%k] : memref<4xf32>
  } {stepwell.parallel}
  scf.for %i = %c0 to %c8 step %c1 {
    %b = memref.alloc() : memref<4xf32>
    scf.for %j = %c0 to %c4 step %c1 {
      %v = memref.load %x[%i, %j] : memref<8x4xf32>
      %u = memref.load %t[%j] : memref<4xf32>
      %s = arith.addf %v, %u : f32
      memref.store %s, %b[%j] : memref<4xf32>
    } {stepwell.parallel}
    %w = memref.load %b[%c0] : memref<4xf32>
    memref.store %w, %out[%i, %c0] : memref<8x4xf32>
  } {stepwell.parallel}
  func.return
}
func.func @main(%x: memref<8x4xf32>, %out: memref<8x4xf32>) {
  func.call @kernel(%x, %out) : (memref<8x4xf32>, memref<8x4xf32>) -> ()
  func.return
}

// Of two such loops around all buffers of a thread, threads may share either: 3 times 4 steps take two of them 6 when
// they share the inner one, and 8 the outer one.
// CHECK-LABEL: @nested
// CHECK:         scf.for %i
// CHECK-NEXT:      scf.for %j
// CHECK:             scf.for %k
// CHECK:             }{{$}}
// CHECK:           } {stepwell.parallel}
// CHECK:         } {stepwell.parallel}

// TEAM-LABEL: @nested
// TEAM:         scf.for %i = %{{.*}} to %c3 step
// TEAM-NEXT:      scf.for %j = %begin to %end step
func.func private @nested(%x: memref<3x4x8xf32>, %out: memref<3x4x8xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c3 = arith.constant 3 : index
  %c4 = arith.constant 4 : index
  %c8 = arith.constant 8 : index
  scf.for %i = %c0 to %c3 step %c1 {
    scf.for %j = %c0 to %c4 step %c1 {
      %b = memref.alloc() : memref<8xf32>
      scf.for %k = %c0 to %c8 step %c1 {
        %v = memref.load %x[%i, %j, %k] : memref<3x4x8xf32>
        memref.store %v, %b[%k] : memref<8xf32>
      } {stepwell.parallel}
      %w = memref.load %b[%c0] : memref<8xf32>
      memref.store %w, %out[%i, %j, %c0] : memref<3x4x8xf32>
    } {stepwell.parallel}
  } {stepwell.parallel}
  func.return
}
