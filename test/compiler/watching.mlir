// RUN: stepwell-opt %s -p canonicalize,cse --print-ir-after-change 2>&1 | filecheck %s --check-prefix=DIFF
// RUN: stepwell-opt %s -p canonicalize,cse --print-ir-before=cse 2>&1 | filecheck %s --check-prefix=BEFORE
// RUN: stepwell-opt %s -p canonicalize,cse --print-ir-after-all 2>&1 | filecheck %s --check-prefix=ALL
// RUN: stepwell-opt %s -p canonicalize,cse --stop-after=canonicalize | filecheck %s --check-prefix=STOPPED
// RUN: stepwell-opt %s -p "func.func(canonicalize,cse)" --timing 2>&1 | filecheck %s --check-prefix=TIME
// RUN: stepwell-opt %s -p canonicalize,cse --pass-statistics 2>&1 | filecheck %s --check-prefix=COUNT
// RUN: stepwell-opt %s -p canonicalize,cse --dump-dir %t
// RUN: stepwell-opt %t/01-canonicalize.mlir -p cse --print-locations | filecheck %s --check-prefix=DUMP

// Ways to watch passes at work. A constant sum is folded by canonicalize; two equal products are one after cse.

// DIFF:      --- before canonicalize
// DIFF-NEXT: +++ after canonicalize
// DIFF:      -    %s = arith.addi
// DIFF:      --- before cse
// DIFF:      -    %q = arith.muli

// BEFORE:     // -----// IR before cse //----- //
// BEFORE:     %q = arith.muli
// BEFORE-NOT: // -----// IR

// ALL:      // -----// IR after canonicalize //----- //
// ALL:      // -----// IR after cse //----- //

// STOPPED:  %q = arith.muli

// TIME:      ----- time of passes, s -----
// TIME-NEXT: {{ *[0-9.]+ +[0-9.]+}} %  func.func
// TIME-NEXT: {{ *[0-9.]+ +[0-9.]+}} %    canonicalize
// TIME-NEXT: {{ *[0-9.]+ +[0-9.]+}} %    cse
// TIME-NEXT: {{ *[0-9.]+ +}}100.0 %  total

// COUNT:      ----- patterns that fired -----
// COUNT-NEXT: canonicalize
// COUNT:          1  Fold
// COUNT:      cse: none

// A dump carries where its ops came from, so a later run still names lines of this file.
// DUMP:      arith.muli %x, %s : i32 loc("{{.*}}watching.mlir":45:8)
// DUMP-NOT:  arith.muli
func.func @f(%x: i32) -> (i32, i32) {
  %two = arith.constant 2 : i32
  %three = arith.constant 3 : i32
  %s = arith.addi %two, %three : i32
  %p = arith.muli %x, %s : i32
  %q = arith.muli %x, %s : i32
  func.return %p, %q : i32, i32
}
