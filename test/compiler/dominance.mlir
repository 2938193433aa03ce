// RUN: stepwell-opt %s --split-input-file --verify-diagnostics

// A value is made before it is used.
func.func @too_early(%x: i32) -> i32 {
  // expected-error@+1 {{arith.addi uses %b where it does not exist yet or cannot be seen, which arith.muli makes at}}
  %a = arith.addi %x, %b : i32
  %b = arith.muli %x, %x : i32
  func.return %a : i32
}

// -----

// What is made inside a loop is not seen outside of it.
func.func @out_of_a_region(%lo: index, %hi: index, %step: index) -> index {
  scf.for %i = %lo to %hi step %step {
    %inside = arith.addi %i, %i : index
  }
  // expected-error@+1 {{%inside is used, but nothing that can be seen here defines it}}
  func.return %inside : index
}

// -----

// A function sees nothing of another.
func.func @one() {
  %far = arith.constant 1 : i32
  func.return
}
func.func @other() -> i32 {
  // expected-error@+1 {{%far is used, but nothing that can be seen here defines it}}
  func.return %far : i32
}

// -----

// Only one of the two ways to ^join goes through ^left.
func.func @one_way_only(%c: i1, %x: i32) -> i32 {
  cf.cond_br %c, ^left, ^right
^left:
  %half = arith.addi %x, %x : i32
  cf.br ^join
^right:
  cf.br ^join
^join:
  // expected-error@+1 {{uses %half where}}
  func.return %half : i32
}

// -----

// Every way to ^join goes through the entry, and a loop's body sees what stands around it: no error.
func.func @fine(%c: i1, %x: i32, %lo: index) -> i32 {
  %y = arith.addi %x, %x : i32
  scf.for %i = %lo to %lo step %lo {
    %z = arith.muli %y, %x : i32
  }
  cf.cond_br %c, ^left, ^join
^left:
  %half = arith.addi %y, %x : i32
  cf.br ^join
^join:
  func.return %y : i32
}
