// RUN: stepwell-opt %s -p 'distribute-threads{threads=2 min-work=0 min-spared=0}' --split-input-file | filecheck %s
// RUN: stepwell-opt %s -p 'distribute-threads{threads=1 min-work=0 min-spared=0}' --split-input-file | filecheck %s --check-prefix=ONE
// RUN: stepwell-opt %s -p 'distribute-threads{threads=2}' --split-input-file | filecheck %s --check-prefix=ONE

// One thread, or too little work: the text stays as it is.
// ONE-NOT: stepwell_barrier
// ONE-NOT: %thread
// ONE-NOT: stepwell.threads

// Each thread runs its part of a loop's steps: with two threads its half. Steps of 16 from 8 to 200 are 12, those to 195 end with a part of one.
// The second loop reads what the first wrote, so all wait in between; the third shares nothing with the second.
// CHECK:         func.func private @stepwell_barrier(memref<64xi32>)
// CHECK-LABEL:   @copies
// CHECK-SAME:    %team: memref<64xi32>, %thread: index, %threads: index)
// CHECK-DAG:     [[NEXT:%.*]] = arith.addi %thread, %c1
// CHECK-DAG:     [[LOW:%.*]] = arith.muli %thread, %c12
// CHECK-DAG:     %begin = arith.divui [[LOW]], %threads
// CHECK-DAG:     [[HIGH:%.*]] = arith.muli [[NEXT]], %c12
// CHECK-DAG:     %end = arith.divui [[HIGH]], %threads
// CHECK:         [[AT:%.*]] = arith.muli %begin, %c16
// CHECK:         [[FROM:%.*]] = arith.addi [[AT]], %c8
// CHECK:         [[AT:%.*]] = arith.muli %end, %c16
// CHECK:         [[TO:%.*]] = arith.addi [[AT]], %c8
// CHECK-NEXT:    scf.for %i = [[FROM]] to [[TO]]
// CHECK:         func.call @stepwell_barrier(%team) : (memref<64xi32>) -> ()
// CHECK:         [[PART:%.*]] = arith.minsi %{{.*}}, %c195
// CHECK-NEXT:    scf.for %i_1 = %{{.*}} to [[PART]]
// CHECK-NOT:     func.call
// CHECK:         scf.for %i_2
// CHECK-NOT:     func.call
// CHECK:         func.return

// All threads run @main too. At its end none waits: who started them waits for all of them to be back.
// CHECK-LABEL:   @main
// CHECK-SAME:    %team: memref<64xi32>, %thread: index, %threads: index) attributes {stepwell.threads = 2 : i64}
// CHECK-NEXT:      func.call @copies(%x, %y, %z, %team, %thread, %threads)
// CHECK-NEXT:      func.return
func.func private @copies(%x: memref<208xf32>, %y: memref<208xf32>, %z: memref<208xf32>) {
  %c0 = arith.constant 0 : index
  %c8 = arith.constant 8 : index
  %c16 = arith.constant 16 : index
  %c195 = arith.constant 195 : index
  %c200 = arith.constant 200 : index
  scf.for %i = %c8 to %c200 step %c16 {
    %v = vector.load %x[%i] : memref<208xf32>, vector<16xf32>
    vector.store %v, %y[%i] : memref<208xf32>, vector<16xf32>
  } {stepwell.parallel}
  scf.for %i = %c8 to %c195 step %c16 {
    %v = vector.load %y[%i] : memref<208xf32>, vector<16xf32>
    vector.store %v, %z[%c0] : memref<208xf32>, vector<16xf32>
  } {stepwell.parallel}
  scf.for %i = %c8 to %c200 step %c16 {
    %v = vector.load %x[%i] : memref<208xf32>, vector<16xf32>
  } {stepwell.parallel}
  func.return
}
func.func @main(%x: memref<208xf32>, %y: memref<208xf32>, %z: memref<208xf32>) {
  func.call @copies(%x, %y, %z) : (memref<208xf32>, memref<208xf32>, memref<208xf32>) -> ()
  func.return
}

// -----

// What stands between the loops: all threads need %bias; %v is thread 0's affair, and so is a loop that is not marked.
// CHECK-LABEL:   @edges
// CHECK:         %bias = vector.load %b[%c0]
// CHECK:         scf.for %i = %begin to %end
// CHECK:         func.call @stepwell_barrier(%team)
// CHECK-NEXT:    scf.if %is_first {
// CHECK-NEXT:      %v = memref.load %x[%c32]
// CHECK-NEXT:      memref.store %v, %y[%c32]
// CHECK-NEXT:      scf.for %i_1 = %c0 to %c32 step %c1 {
// CHECK:         func.return
// CHECK-LABEL:   @main
func.func private @edges(%x: memref<33xf32>, %b: memref<1xf32>, %y: memref<33xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c32 = arith.constant 32 : index
  %bias = vector.load %b[%c0] : memref<1xf32>, vector<1xf32>
  scf.for %i = %c0 to %c32 step %c1 {
    vector.store %bias, %y[%i] : memref<33xf32>, vector<1xf32>
  } {stepwell.parallel}
  %v = memref.load %x[%c32] : memref<33xf32>
  memref.store %v, %y[%c32] : memref<33xf32>
  scf.for %i = %c0 to %c32 step %c1 {
    %w = memref.load %y[%i] : memref<33xf32>
    memref.store %w, %y[%c0] : memref<33xf32>
  }
  func.return
}
func.func @main(%x: memref<33xf32>, %b: memref<1xf32>, %y: memref<33xf32>) {
  func.call @edges(%x, %b, %y) : (memref<33xf32>, memref<1xf32>, memref<33xf32>) -> ()
  func.return
}

// -----

// Three steps in two shares are two and one; forty are twenty each, so the inner loop is shared. Its edge is thread 0's.
// CHECK-LABEL:   @inner
// CHECK:         scf.for %i = %c0 to %c3 step %c1 {
// CHECK:           scf.for %j = %begin to %end step %c1
// CHECK:           scf.if %is_first {
// CHECK-NEXT:        memref.store %cst, %y[%i, %c40]
// CHECK-LABEL:   @main
func.func private @inner(%y: memref<3x41xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c3 = arith.constant 3 : index
  %c40 = arith.constant 40 : index
  %cst = arith.constant 1.0 : f32
  scf.for %i = %c0 to %c3 step %c1 {
    scf.for %j = %c0 to %c40 step %c1 {
      memref.store %cst, %y[%i, %j] : memref<3x41xf32>
    } {stepwell.parallel}
    memref.store %cst, %y[%i, %c40] : memref<3x41xf32>
  } {stepwell.parallel}
  func.return
}
func.func @main(%y: memref<3x41xf32>) {
  func.call @inner(%y) : (memref<3x41xf32>) -> ()
  func.return
}

// -----

// All threads read %y[0] after thread 0 has written it: they wait. %z may stand over %y, so thread 0 writes it only
// when all have read.
// CHECK-LABEL:   @turns
// CHECK:         scf.if %is_first {
// CHECK-NEXT:      memref.store %cst, %y[%c0]
// CHECK-NEXT:    }
// CHECK-NEXT:    func.call @stepwell_barrier(%team)
// CHECK-NEXT:    %v = memref.load %y[%c0]
// CHECK-NEXT:    func.call @stepwell_barrier(%team)
// CHECK-NEXT:    scf.if %is_first {
// CHECK-NEXT:      memref.store %cst, %z[%c0]
// CHECK-NEXT:    }
// CHECK:         func.call @stepwell_barrier(%team)
// CHECK-NEXT:    scf.for
// CHECK-LABEL:   @main
func.func private @turns(%y: memref<64xf32>, %z: memref<64xf32> {stepwell.inplace = array<i64: 0>}) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c64 = arith.constant 64 : index
  %cst = arith.constant 1.0 : f32
  memref.store %cst, %y[%c0] : memref<64xf32>
  %v = memref.load %y[%c0] : memref<64xf32>
  memref.store %cst, %z[%c0] : memref<64xf32>
  scf.for %i = %c0 to %c64 step %c1 {
    memref.store %v, %z[%i] : memref<64xf32>
  } {stepwell.parallel}
  func.return
}
func.func @main(%y: memref<64xf32>, %z: memref<64xf32>) {
  func.call @turns(%y, %z) : (memref<64xf32>, memref<64xf32>) -> ()
  func.return
}

// -----

// In @main, thread 0 alone calls what has no loop to share: consecutive ones without waiting. Views of the arena that
// do not overlap do not make the second @fill wait for the first; @first reads what both wrote.
// CHECK-LABEL:   @fill
// CHECK-LABEL:   @main
// CHECK:         func.call @fill(%a, %team, %thread, %threads)
// CHECK:         func.call @fill(%b, %team, %thread, %threads)
// CHECK-NEXT:    func.call @stepwell_barrier(%team)
// CHECK-NEXT:    scf.if %is_first {
// CHECK-NEXT:      func.call @first(%a, %out)
// CHECK-NEXT:      func.call @first(%b, %out)
// CHECK-NEXT:    }
// CHECK-NEXT:    func.return
func.func private @fill(%y: memref<64xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c64 = arith.constant 64 : index
  %cst = arith.constant 1.0 : f32
  scf.for %i = %c0 to %c64 step %c1 {
    memref.store %cst, %y[%i] : memref<64xf32>
  } {stepwell.parallel}
  func.return
}
func.func private @first(%x: memref<64xf32>, %out: memref<1xf32>) {
  %c0 = arith.constant 0 : index
  %v = memref.load %x[%c0] : memref<64xf32>
  memref.store %v, %out[%c0] : memref<1xf32>
  func.return
}
func.func @main(%out: memref<1xf32>, %arena: memref<512xi8>) {
  %c0 = arith.constant 0 : index
  %c256 = arith.constant 256 : index
  %a = memref.view %arena[%c0][] : memref<512xi8> to memref<64xf32>
  func.call @fill(%a) : (memref<64xf32>) -> ()
  %b = memref.view %arena[%c256][] : memref<512xi8> to memref<64xf32>
  func.call @fill(%b) : (memref<64xf32>) -> ()
  func.call @first(%a, %out) : (memref<64xf32>, memref<1xf32>) -> ()
  func.call @first(%b, %out) : (memref<64xf32>, memref<1xf32>) -> ()
  func.return
}

// -----

// All threads run the control flow around a shared kernel. A step of the loop reads and writes what the step before it
// wrote, so all wait when a step begins; the condition is read by all, when it was made; the branch is all threads' too,
// and what is in it one's alone.
// CHECK-LABEL:   @main
// CHECK:           scf.while
// CHECK:             scf.condition
// CHECK:           ^bb0(%j: index):
// CHECK-NEXT:        func.call @stepwell_barrier(%team)
// CHECK-NEXT:        func.call @shared(%x, %y, %team, %thread, %threads)
// CHECK-NEXT:        func.call @stepwell_barrier(%team)
// CHECK-NEXT:        scf.if %is_first {
// CHECK-NEXT:          func.call @test(%y, %c)
// CHECK-NEXT:        }
// CHECK-NEXT:        func.call @stepwell_barrier(%team)
// CHECK-NEXT:        %[[C:.*]] = memref.load %c[] : memref<i1>
// CHECK-NEXT:        scf.if %[[C]] {
// CHECK-NEXT:          func.call @shared(%y, %x, %team, %thread, %threads)
// CHECK-NEXT:        } else {
// CHECK-NEXT:          scf.if %is_first {
// CHECK-NEXT:            func.call @test(%x, %d)
// CHECK:             arith.addi %j
func.func private @shared(%x: memref<208xf32>, %y: memref<208xf32>) {
  %c0 = arith.constant 0 : index
  %c16 = arith.constant 16 : index
  %c208 = arith.constant 208 : index
  scf.for %i = %c0 to %c208 step %c16 {
    %v = vector.load %x[%i] : memref<208xf32>, vector<16xf32>
    vector.store %v, %y[%i] : memref<208xf32>, vector<16xf32>
  } {stepwell.parallel}
  func.return
}
func.func private @test(%x: memref<208xf32>, %c: memref<i1>) {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %v = memref.load %x[%c0] : memref<208xf32>
  %less = arith.cmpf olt, %v, %zero : f32
  memref.store %less, %c[] : memref<i1>
  func.return
}
func.func @main(%x: memref<208xf32>, %y: memref<208xf32>, %c: memref<i1>, %d: memref<i1>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %n = scf.while (%i = %c0) : (index) -> (index) {
    %less = arith.cmpi slt, %i, %c4 : index
    scf.condition(%less) %i : index
  } do {
  ^bb0(%j: index):
    func.call @shared(%x, %y) : (memref<208xf32>, memref<208xf32>) -> ()
    func.call @test(%y, %c) : (memref<208xf32>, memref<i1>) -> ()
    %go = memref.load %c[] : memref<i1>
    scf.if %go {
      func.call @shared(%y, %x) : (memref<208xf32>, memref<208xf32>) -> ()
    } else {
      func.call @test(%x, %d) : (memref<208xf32>, memref<i1>) -> ()
    }
    %next = arith.addi %j, %c1 : index
    scf.yield %next : index
  }
  func.return
}

// -----

// A loop in which nothing is shared is one thread's, with no barrier in it.
// CHECK-LABEL:   @main
// CHECK:           scf.if %is_first {
// CHECK-NEXT:        scf.for %i
// CHECK-NEXT:          func.call @small(%x)
// CHECK-NEXT:        }
// CHECK:           }
// CHECK-NEXT:      func.call @stepwell_barrier(%team)
// CHECK-NEXT:      func.call @shared(%x, %y, %team, %thread, %threads)
func.func private @shared(%x: memref<208xf32>, %y: memref<208xf32>) {
  %c0 = arith.constant 0 : index
  %c16 = arith.constant 16 : index
  %c208 = arith.constant 208 : index
  scf.for %i = %c0 to %c208 step %c16 {
    %v = vector.load %x[%i] : memref<208xf32>, vector<16xf32>
    vector.store %v, %y[%i] : memref<208xf32>, vector<16xf32>
  } {stepwell.parallel}
  func.return
}
func.func private @small(%x: memref<208xf32>) {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  memref.store %zero, %x[%c0] : memref<208xf32>
  func.return
}
func.func @main(%x: memref<208xf32>, %y: memref<208xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  scf.for %i = %c0 to %c4 step %c1 {
    func.call @small(%x) : (memref<208xf32>) -> ()
  }
  func.call @shared(%x, %y) : (memref<208xf32>, memref<208xf32>) -> ()
  func.return
}

// -----

// A step that one thread runs whole may hold anything: here a loop that stores and carries a sum.
// CHECK-LABEL:   @running_sums(
// CHECK:           scf.for %i = %{{.*}} to %{{.*}} step %c1 {
// CHECK-NEXT:        %total = scf.for %j = %c0 to %c8 step %c1 iter_args(%sum = %zero) -> (f32) {
// CHECK:               memref.store
// CHECK-LABEL:   @main
// CHECK:           func.call @running_sums(%x, %y, %team, %thread, %threads)
func.func private @running_sums(%x: memref<64x8xf32>, %y: memref<64x8xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  %c64 = arith.constant 64 : index
  %zero = arith.constant 0.0 : f32
  scf.for %i = %c0 to %c64 step %c1 {
    %total = scf.for %j = %c0 to %c8 step %c1 iter_args(%sum = %zero) -> (f32) {
      %v = memref.load %x[%i, %j] : memref<64x8xf32>
      %more = arith.addf %sum, %v : f32
      memref.store %more, %y[%i, %j] : memref<64x8xf32>
      scf.yield %more : f32
    }
  } {stepwell.parallel}
  func.return
}
func.func @main(%x: memref<64x8xf32>, %y: memref<64x8xf32>) {
  func.call @running_sums(%x, %y) : (memref<64x8xf32>, memref<64x8xf32>) -> ()
  func.return
}
