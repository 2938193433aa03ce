// RUN: stepwell-opt %s --split-input-file --verify-diagnostics
// RUN: not stepwell-opt %s --split-input-file 2>&1 | filecheck %s

// An error is one line what, one line where, the source with a caret, and what to do where that is known.

// CHECK:       error: dialect 'arith' has no op 'arith.mulli'
// CHECK-NEXT:    at {{.*}}errors.mlir:13:8
// CHECK-NEXT:        %y = arith.mulli %x, %x : i32
// CHECK-NEXT:             ^
// CHECK-NEXT:    fix: did you mean 'arith.muli'?
func.func @misspelt_op(%x: i32) -> i32 {
  // expected-error@+1 {{dialect 'arith' has no op 'arith.mulli'}}
  %y = arith.mulli %x, %x : i32
  func.return %y : i32
}

// -----

// CHECK:       error: there is no dialect 'aritth' (of op 'aritth.addi')
// CHECK:         fix: did you mean 'arith'?
func.func @misspelt_dialect(%x: i32) -> i32 {
  %y = aritth.addi %x, %x : i32 // expected-error {{there is no dialect 'aritth'}}
  func.return %y : i32
}

// -----

// An op's own rules; every function is looked at, not only the first that fails.
func.func @wrong_return(%x: i32) -> i64 {
  // expected-error-re@below {{func.return: Expected arguments to have the same types .*}}
  func.return %x : i32
}
func.func @wrong_return_too() -> i64 {
  func.return
  // expected-error@above {{func.return: }}
}

// -----

// expected-error@+1 {{func.func: its block is empty, but must end with a terminator}}
"func.func"() <{sym_name = "empty", function_type = () -> ()}> ({
^bb0:
}) : () -> ()

// -----

// The types of a use and of its definition.
func.func @types(%x: i32) -> i64 {
  // expected-error@+1 {{operand is used with type i64, but has been previously used or defined with type i32}}
  %y = arith.addi %x, %x : i64
  func.return %y : i64
}
