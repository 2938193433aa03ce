// RUN: stepwell-opt %s -p merge-grids --split-input-file | filecheck %s
// RUN: stepwell-opt %s -p 'merge-grids{buffers=2}' --split-input-file | filecheck %s --check-prefix=TWO

// The border of a map of 4 x 6, its first row, its last two, and two columns of the row between: no element is written
// twice, so one loop over all of their points does it. Places count the rows in sixes and what is left in ones.
// CHECK-LABEL: func.func private @border
// CHECK:         scf.for %n = %c0{{.*}} to %c20{{.*}} step %c1{{.*}} {
// CHECK-NEXT:      [[FIRST:%.*]] = arith.cmpi ult, %n, %c6{{.*}} : index
// CHECK-NEXT:      scf.if [[FIRST]] {
// CHECK-NEXT:        memref.store %zero, %out[%n] : memref<24xf32>
// CHECK-NEXT:      } else {
// CHECK-NEXT:        [[REST:%.*]] = arith.addi %n, {{.*}} : index
// CHECK-NEXT:        [[SECOND:%.*]] = arith.cmpi ult, [[REST]], %c12{{.*}} : index
// CHECK-NEXT:        scf.if [[SECOND]] {
// CHECK-NEXT:          [[AT:%.*]] = arith.addi [[REST]], %c12{{.*}} : index
// CHECK-NEXT:          memref.store %zero, %out{{\[}}[[AT]]] : memref<24xf32>
// CHECK-NEXT:        } else {
// CHECK-NEXT:          [[LAST:%.*]] = arith.addi [[REST]], {{.*}} : index
// CHECK-NEXT:          %k = arith.remui [[LAST]], %c2{{.*}} : index
// CHECK-NEXT:          [[J:%.*]] = arith.divui [[LAST]], %c2{{.*}} : index
// CHECK-NEXT:          %j = arith.addi [[J]], %c1{{.*}} : index
// CHECK-NEXT:          %row = arith.muli %j, %c6 : index
// CHECK:               memref.store
// CHECK:         } {stepwell.parallel}
// CHECK-NOT:     scf.for
// CHECK:         func.return
func.func private @border(%out: memref<24xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c6 = arith.constant 6 : index
  %c12 = arith.constant 12 : index
  %zero = arith.constant 0.0 : f32
  scf.for %i = %c0 to %c6 step %c1 {
    memref.store %zero, %out[%i] : memref<24xf32>
  } {stepwell.parallel}
  scf.for %i = %c0 to %c12 step %c1 {
    %at = arith.addi %i, %c12 : index
    memref.store %zero, %out[%at] : memref<24xf32>
  } {stepwell.parallel}
  scf.for %j = %c1 to %c2 step %c1 {
    %row = arith.muli %j, %c6 : index
    scf.for %k = %c0 to %c2 step %c1 {
      %at = arith.addi %row, %k : index
      memref.store %zero, %out[%at] : memref<24xf32>
    } {stepwell.parallel}
  } {stepwell.parallel}
  func.return
}

// -----

// A nest waits for one that writes what it reads, and what is written last must be: these stay as they are.
// CHECK-LABEL: func.func private @wait
// CHECK-COUNT-3: scf.for
// CHECK-NOT:     scf.if
// CHECK:         func.return
func.func private @wait(%x: memref<8xf32>, %t: memref<8xf32>, %out: memref<8xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %c8 = arith.constant 8 : index
  scf.for %i = %c0 to %c8 step %c1 {
    %v = memref.load %x[%i] : memref<8xf32>
    memref.store %v, %t[%i] : memref<8xf32>
  } {stepwell.parallel}
  scf.for %i = %c0 to %c4 step %c1 {
    %v = memref.load %t[%i] : memref<8xf32>
    memref.store %v, %out[%i] : memref<8xf32>
  } {stepwell.parallel}
  scf.for %i = %c1 to %c8 step %c1 {
    %v = memref.load %x[%i] : memref<8xf32>
    memref.store %v, %out[%i] : memref<8xf32>
  } {stepwell.parallel}
  func.return
}

// -----

// Nests that write different buffers are merged, also in a loop that both share; but not where a launch would be handed
// more buffers than there may be.
// CHECK-LABEL: func.func private @both
// CHECK:         scf.for %i
// CHECK:           scf.for %n = %c0{{.*}} to %c12
// CHECK:             scf.if
// CHECK-NOT:     scf.for
// TWO-LABEL:   func.func private @both
// TWO-COUNT-3:   scf.for
// TWO-NOT:       scf.if
func.func private @both(%x: memref<3x8xf32>, %a: memref<3x8xf32>, %b: memref<3x4xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c3 = arith.constant 3 : index
  %c4 = arith.constant 4 : index
  %c8 = arith.constant 8 : index
  scf.for %i = %c0 to %c3 step %c1 {
    scf.for %j = %c0 to %c8 step %c1 {
      %v = memref.load %x[%i, %j] : memref<3x8xf32>
      memref.store %v, %a[%i, %j] : memref<3x8xf32>
    } {stepwell.parallel}
    scf.for %j = %c0 to %c4 step %c1 {
      %v = memref.load %x[%i, %j] : memref<3x8xf32>
      memref.store %v, %b[%i, %j] : memref<3x4xf32>
    } {stepwell.parallel}
  } {stepwell.parallel}
  func.return
}

// -----

// Two arguments that share memory in a call are one buffer; a place that is computed may be any; and threads of a block
// have a launch of their own.
// CHECK-LABEL: func.func private @alias
// CHECK-NOT:     scf.if
// CHECK-LABEL: func.func private @anywhere
// CHECK-NOT:     scf.if
// CHECK-LABEL: func.func private @blocks
// CHECK-NOT:     scf.if
// CHECK:       func.func @main
func.func private @alias(%a: memref<4xf32>, %b: memref<4xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %zero = arith.constant 0.0 : f32
  scf.for %i = %c0 to %c4 step %c1 {
    memref.store %zero, %a[%i] : memref<4xf32>
  } {stepwell.parallel}
  scf.for %i = %c0 to %c4 step %c1 {
    memref.store %zero, %b[%i] : memref<4xf32>
  } {stepwell.parallel}
  func.return
}
func.func private @anywhere(%at: memref<4xi64>, %a: memref<4xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c4 = arith.constant 4 : index
  %zero = arith.constant 0.0 : f32
  scf.for %i = %c0 to %c2 step %c1 {
    memref.store %zero, %a[%i] : memref<4xf32>
  } {stepwell.parallel}
  scf.for %i = %c2 to %c4 step %c1 {
    %n = memref.load %at[%i] : memref<4xi64>
    %there = arith.index_cast %n : i64 to index
    memref.store %zero, %a[%there] : memref<4xf32>
  } {stepwell.parallel}
  func.return
}
func.func private @blocks(%a: memref<64xf32>, %b: memref<64xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c32 = arith.constant 32 : index
  %zero = arith.constant 0.0 : f32
  scf.for %i = %c0 to %c2 step %c1 {
    scf.for %t = %c0 to %c32 step %c1 {
      memref.store %zero, %a[%t] : memref<64xf32>
    } {stepwell.parallel = "thread"}
  } {stepwell.parallel = "block"}
  scf.for %i = %c0 to %c32 step %c1 {
    memref.store %zero, %b[%i] : memref<64xf32>
  } {stepwell.parallel}
  func.return
}
func.func @main(%x: memref<4xf32>) {
  func.call @alias(%x, %x) : (memref<4xf32>, memref<4xf32>) -> ()
  func.return
}
