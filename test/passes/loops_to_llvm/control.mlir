// RUN: stepwell-opt %s -p loops-to-llvm | filecheck %s

// Bounds that are not known: a test before the loop, and the initial value where it does not run.
// CHECK-LABEL: @guarded
// CHECK:         [[RUNS:%.*]] = llvm.icmp "slt" %low, %high : i64
// CHECK-NEXT:    llvm.cond_br [[RUNS]], ^[[LOOP:.*]](%low, %init : i64, f32), ^[[END:.*]](%init : f32)
// CHECK-NEXT:  ^[[LOOP]](%i: i64, %s: f32):
// CHECK-NEXT:    %t = llvm.fadd %s, %s
// CHECK-NEXT:    [[NEXT:%.*]] = llvm.add %i, %{{.*}} overflow<nsw> : i64
// CHECK-NEXT:    [[MORE:%.*]] = llvm.icmp "slt" [[NEXT]], %high : i64
// CHECK-NEXT:    llvm.cond_br [[MORE]], ^[[LOOP]]([[NEXT]], %t : i64, f32), ^[[END]](%t : f32)
// CHECK-NEXT:  ^[[END]](%r: f32):
// CHECK-NEXT:    llvm.return %r : f32
func.func @guarded(%low: index, %high: index, %init: f32) -> f32 {
  %c1 = arith.constant 1 : index
  %r = scf.for %i = %low to %high step %c1 iter_args(%s = %init) -> (f32) {
    %t = arith.addf %s, %s : f32
    scf.yield %t : f32
  }
  func.return %r : f32
}

// A loop that never runs is its initial value.
// CHECK-LABEL: @never
// CHECK-NEXT:    llvm.return %init : f32
func.func @never(%init: f32) -> f32 {
  %c1 = arith.constant 1 : index
  %r = scf.for %i = %c1 to %c1 step %c1 iter_args(%s = %init) -> (f32) {
    %t = arith.addf %s, %s : f32
    scf.yield %t : f32
  }
  func.return %r : f32
}

// CHECK-LABEL: @choice
// CHECK:         llvm.cond_br %c, ^[[YES:.*]], ^[[NO:.*]]
// CHECK-NEXT:  ^[[YES]]:
// CHECK-NEXT:    llvm.br ^[[END:.*]](%a : f32)
// CHECK-NEXT:  ^[[NO]]:
// CHECK-NEXT:    llvm.br ^[[END]](%b : f32)
// CHECK-NEXT:  ^[[END]](%r: f32):
func.func @choice(%c: i1, %a: f32, %b: f32) -> f32 {
  %r = scf.if %c -> (f32) {
    scf.yield %a : f32
  } else {
    scf.yield %b : f32
  }
  func.return %r : f32
}

// The values of the last test are the results.
// CHECK-LABEL: @while
// CHECK:         llvm.br ^[[TEST:.*]](%n : i64)
// CHECK-NEXT:  ^[[TEST]](%p: i64):
// CHECK-NEXT:    %less = llvm.icmp "slt" %p, %n : i64
// CHECK-NEXT:    llvm.cond_br %less, ^[[WORK:.*]], ^[[END:.*]]
// CHECK-NEXT:  ^[[WORK]]:
// CHECK-NEXT:    [[NEXT:%.*]] = llvm.add %p, %p : i64
// CHECK-NEXT:    llvm.br ^[[TEST]]([[NEXT]] : i64)
// CHECK-NEXT:  ^[[END]]:
// CHECK-NEXT:    llvm.return %p : i64
func.func @while(%n: i64) -> i64 {
  %r = scf.while (%p = %n) : (i64) -> i64 {
    %less = arith.cmpi slt, %p, %n : i64
    scf.condition(%less) %p : i64
  } do {
  ^bb0(%q: i64):
    %next = arith.addi %q, %q : i64
    scf.yield %next : i64
  }
  func.return %r : i64
}
