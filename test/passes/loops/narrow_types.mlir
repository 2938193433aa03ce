// RUN: stepwell-opt %s -p narrow-types | filecheck %s

// Numbers of 64 bits become numbers of 32, in memory and in between; a bool is a number of 32 bits in memory only.
// An index below zero counts from the end: a sum with a size is no danger.
// CHECK:       memref.global "private" constant @table : memref<3xi32>
// CHECK-LABEL: @pick(%ids: memref<8xi32>, %x: memref<4xf32>, %low: memref<8xi32>, %out: memref<8xf32>)
// CHECK:         %zero = arith.constant 0 : i32
// CHECK:         %i = memref.load %ids[%n] : memref<8xi32>
// CHECK-NEXT:    %below = arith.cmpi slt, %i, %zero : i32
// CHECK-NEXT:    %wrapped = arith.addi %i, %size : i32
// CHECK-NEXT:    %at = arith.select %below, %wrapped, %i : i32
// CHECK-NEXT:    %place = arith.index_cast %at : i32 to index
// CHECK:         [[N:%.*]] = arith.extui %below : i1 to i32
// CHECK-NEXT:    memref.store [[N]], %low[%n] : memref<8xi32>
// CHECK-NEXT:    [[READ:%.*]] = memref.load %low[%n] : memref<8xi32>
// CHECK-NEXT:    [[ZERO:%.*]] = arith.constant 0 : i32
// CHECK-NEXT:    %b = arith.cmpi ne, [[READ]], [[ZERO]] : i32
memref.global "private" constant @table : memref<3xi64> = dense<[1, -2, 3]>
func.func private @pick(%ids: memref<8xi64>, %x: memref<4xf32>, %low: memref<8xi1>, %out: memref<8xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  %zero = arith.constant 0 : i64
  %size = arith.constant 4 : i64
  scf.for %n = %c0 to %c8 step %c1 {
    %i = memref.load %ids[%n] : memref<8xi64>
    %below = arith.cmpi slt, %i, %zero : i64
    %wrapped = arith.addi %i, %size : i64
    %at = arith.select %below, %wrapped, %i : i64
    %place = arith.index_cast %at : i64 to index
    %v = memref.load %x[%place] : memref<4xf32>
    memref.store %below, %low[%n] : memref<8xi1>
    %b = memref.load %low[%n] : memref<8xi1>
    %w = arith.select %b, %v, %v : f32
    memref.store %w, %out[%n] : memref<8xf32>
  }
  func.return
}

// What stays within 32 bits whatever the inputs are is computed in 32. @main hands over a mask of zeros and ones, which
// @known made, so a count is 8 at most.
// CHECK-LABEL: @positions(%mask: memref<8xi32>, %at: memref<8xi32>)
// CHECK:         %more = arith.addi %so_far, %one : i32
// CHECK:         %place = arith.muli %count, %step : i32
func.func private @positions(%mask: memref<8xi64>, %at: memref<8xi64>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  %zero = arith.constant 0 : i64
  %step = arith.constant 1000 : i64
  scf.for %n = %c0 to %c8 step %c1 {
    %count = scf.for %m = %c0 to %n step %c1 iter_args(%so_far = %zero) -> (i64) {
      %one = memref.load %mask[%m] : memref<8xi64>
      %more = arith.addi %so_far, %one : i64
      scf.yield %more : i64
    }
    %place = arith.muli %count, %step : i64
    memref.store %place, %at[%n] : memref<8xi64>
  }
  func.return
}
func.func private @known(%ids: memref<8xi64>, %mask: memref<8xi64>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  %zero = arith.constant 0 : i64
  scf.for %n = %c0 to %c8 step %c1 {
    %i = memref.load %ids[%n] : memref<8xi64>
    %is_word = arith.cmpi ne, %i, %zero : i64
    %one = arith.extui %is_word : i1 to i64
    memref.store %one, %mask[%n] : memref<8xi64>
  }
  func.return
}

// A division that is multiplied back is no larger than what was divided; what it leaves is below the divisor.
// CHECK-LABEL: @column(%place: memref<8xi32>)
// CHECK:         %back = arith.muli %row, %seven : i32
// CHECK:         %left = arith.subi %n, %back : i32
// CHECK:         %far = arith.muli %left, %million : i32
func.func private @column(%place: memref<8xi64>) {
  %c0 = arith.constant 0 : index
  %seven = arith.constant 7 : i64
  %million = arith.constant 1000000 : i64
  %n = memref.load %place[%c0] : memref<8xi64>
  %row = arith.divsi %n, %seven : i64
  %back = arith.muli %row, %seven : i64
  %left = arith.subi %n, %back : i64
  %far = arith.muli %left, %million : i64
  memref.store %far, %place[%c0] : memref<8xi64>
  func.return
}

// What the host computes for control flow keeps its width: only buffers are narrowed. -5000000000 is no danger here.
// CHECK-LABEL: @main(%count: memref<i32>, %go: memref<i32>, %ids: memref<8xi32>, %at: memref<8xi32>)
// CHECK:         %most = arith.constant -5000000000 : i64
// CHECK-NEXT:    [[N:%.*]] = memref.load %count[] : memref<i32>
// CHECK-NEXT:    %n = arith.extsi [[N]] : i32 to i64
// CHECK-NEXT:    %sum = arith.addi %n, %most : i64
// CHECK-NEXT:    [[SUM:%.*]] = arith.trunci %sum : i64 to i32
// CHECK-NEXT:    memref.store [[SUM]], %count[] : memref<i32>
// CHECK-NEXT:    [[GO:%.*]] = memref.load %go[] : memref<i32>
// CHECK-NEXT:    [[ZERO:%.*]] = arith.constant 0 : i32
// CHECK-NEXT:    %b = arith.cmpi ne, [[GO]], [[ZERO]] : i32
// CHECK-NEXT:    scf.if %b {
func.func @main(%count: memref<i64>, %go: memref<i1>, %ids: memref<8xi64>, %at: memref<8xi64>) {
  %most = arith.constant -5000000000 : i64
  %n = memref.load %count[] : memref<i64>
  %sum = arith.addi %n, %most : i64
  memref.store %sum, %count[] : memref<i64>
  %b = memref.load %go[] : memref<i1>
  scf.if %b {
    %mask = memref.alloc() : memref<8xi64>
    func.call @known(%ids, %mask) : (memref<8xi64>, memref<8xi64>) -> ()
    func.call @positions(%mask, %at) : (memref<8xi64>, memref<8xi64>) -> ()
  }
  func.return
}

// A counter of a loop on a condition goes up from 0 and is kept below %n, an int32 of the device: one more fits.
// CHECK-LABEL: @next(
// CHECK:         arith.addi %{{.*}}, %{{.*}} : i32
func.func private @next(%in: memref<i64>, %out: memref<i64>) attributes {stepwell.kernel} {
  %c1 = arith.constant 1 : i64
  %0 = memref.load %in[] : memref<i64>
  %1 = arith.addi %0, %c1 : i64
  memref.store %1, %out[] : memref<i64>
  func.return
}

// CHECK-LABEL: @counted(
func.func @counted(%most: memref<i64>, %on: memref<i1>, %taken: memref<i64>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %read = memref.load %most[] : memref<i64>
  %n = arith.index_cast %read : i64 to index
  %step = memref.alloc() : memref<i64>
  %end = scf.while (%i = %c0) : (index) -> index {
    %below = arith.cmpi slt, %i, %n : index
    %go = memref.load %on[] : memref<i1>
    %both = arith.andi %below, %go : i1
    scf.condition(%both) %i : index
  } do {
  ^bb0(%i: index):
    %wide = arith.index_cast %i : index to i64
    memref.store %wide, %step[] : memref<i64>
    func.call @next(%step, %taken) : (memref<i64>, memref<i64>) -> ()
    %more = arith.addi %i, %c1 : index
    scf.yield %more : index
  }
  func.return
}
