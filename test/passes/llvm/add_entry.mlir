// RUN: stepwell-opt %s -p add-entry --split-input-file | filecheck %s

// A program for one thread: its pointers stand behind the frame's head, and it hears nothing of threads.
// CHECK-LABEL: llvm.func @main(%x: !llvm.ptr, %weights: !llvm.ptr)
// CHECK:       llvm.func @stepwell_entry(%frame: !llvm.ptr, %thread: i64) {
// CHECK-NEXT:    [[A:%.*]] = llvm.getelementptr inbounds %frame[256] : (!llvm.ptr) -> !llvm.ptr, i8
// CHECK-NEXT:    %x = llvm.load [[A]] : !llvm.ptr -> !llvm.ptr
// CHECK-NEXT:    [[B:%.*]] = llvm.getelementptr inbounds %frame[264] : (!llvm.ptr) -> !llvm.ptr, i8
// CHECK-NEXT:    %weights = llvm.load [[B]] : !llvm.ptr -> !llvm.ptr
// CHECK-NEXT:    llvm.call @main(%x, %weights) : (!llvm.ptr, !llvm.ptr) -> ()
// CHECK-NEXT:    llvm.return
llvm.func @main(%x: !llvm.ptr, %weights: !llvm.ptr) {
  llvm.return
}

// -----

// A program that a team runs: the frame itself is what they count in, and how many they are stands in its head.
// CHECK-LABEL: llvm.func @main(%x: !llvm.ptr, %team
// CHECK:       llvm.func @stepwell_entry(%frame: !llvm.ptr, %thread: i64) {
// CHECK-NEXT:    [[A:%.*]] = llvm.getelementptr inbounds %frame[192]
// CHECK-NEXT:    %threads = llvm.load [[A]] : !llvm.ptr -> i64
// CHECK:         llvm.call @main(%x, %frame, %thread, %threads) : (!llvm.ptr, !llvm.ptr, i64, i64) -> ()
llvm.func @main(%x: !llvm.ptr, %team: !llvm.ptr, %thread: i64, %threads: i64) attributes {stepwell.threads = 4 : i64} {
  llvm.return
}
