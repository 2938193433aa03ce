// RUN: stepwell-opt %s -p canonicalize | filecheck %s

// Values that are known are computed.
// CHECK-LABEL: @folds
// CHECK-NEXT:    %[[THREE:.*]] = arith.constant 3 : i32
// CHECK-NEXT:    func.return %[[THREE]]
func.func @folds() -> i32 {
  %a = arith.constant 1 : i32
  %b = arith.constant 2 : i32
  %c = arith.addi %a, %b : i32
  func.return %c : i32
}

// What nothing uses is gone, and what only it used.
// CHECK-LABEL: @dead
// CHECK-NEXT:    func.return
func.func @dead(%x: i32) {
  %a = arith.muli %x, %x : i32
  %b = arith.addi %a, %x : i32
  func.return
}

// Two equal constants are one; the same number of another type is another constant.
// CHECK-LABEL: @equal_constants
// CHECK-COUNT-1: arith.constant 7 : i32
// CHECK-COUNT-1: arith.constant 7 : i64
// CHECK:         func.call @take(%[[A:.*]], %[[A]], %{{.*}})
func.func @equal_constants() {
  %a = arith.constant 7 : i32
  %b = arith.constant 7 : i32
  %c = arith.constant 7 : i64
  func.call @take(%a, %b, %c) : (i32, i32, i64) -> ()
  func.return
}
func.func private @take(i32, i32, i64)

// A call may do something that we don't see: it stays, though nothing uses its result.
// CHECK-LABEL: @effects_stay
// CHECK-NEXT:    func.call @make
func.func @effects_stay() {
  %a = func.call @make() : () -> i32
  func.return
}
func.func private @make() -> i32

// A constant inside a region is not united with the one outside: where it stands is the region's business (cse does it).
// CHECK-LABEL: @regions_keep_theirs
// CHECK:         arith.constant 1.{{.*}} : f32
// CHECK:         scf.if
// CHECK:           arith.constant 1.{{.*}} : f32
func.func @regions_keep_theirs(%c: i1, %i: index, %m: memref<8xf32>) {
  %a = arith.constant 1.0 : f32
  memref.store %a, %m[%i] : memref<8xf32>
  scf.if %c {
    %b = arith.constant 1.0 : f32
    memref.store %b, %m[%i] : memref<8xf32>
  }
  func.return
}
