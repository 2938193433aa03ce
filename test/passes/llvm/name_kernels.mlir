// RUN: stepwell-opt %s -p name-kernels | filecheck %s

// Kernels are called after their content: @main follows, and what is no kernel keeps its name.
// CHECK:       llvm.func internal @kernel_neg_[[ONE:[0-9a-f]+]](
// CHECK:       llvm.func internal @kernel_neg_[[TWO:[0-9a-f]+]](
// CHECK-NOT:   @kernel_neg_
// CHECK:       llvm.func @main(
// CHECK-NEXT:    llvm.call @kernel_neg_[[ONE]](
// CHECK-NEXT:    llvm.call @kernel_neg_[[TWO]](
// CHECK-NEXT:    llvm.call @kernel_neg_[[ONE]](
llvm.func internal @kernel_neg_0(%x: !llvm.ptr) attributes {stepwell.kernel} {
  %v = llvm.load %x : !llvm.ptr -> f32
  %n = llvm.fneg %v : f32
  llvm.store %n, %x : f32, !llvm.ptr
  llvm.return
}
llvm.func internal @kernel_neg_1(%x: !llvm.ptr) attributes {stepwell.kernel} {
  %v = llvm.load %x : !llvm.ptr -> f64
  %n = llvm.fneg %v : f64
  llvm.store %n, %x : f64, !llvm.ptr
  llvm.return
}
// The same as the first: flat loops forget whether the tensor was 4x6 or 24.
llvm.func internal @kernel_neg_2(%a: !llvm.ptr) attributes {stepwell.kernel} {
  %b = llvm.load %a : !llvm.ptr -> f32
  %c = llvm.fneg %b : f32
  llvm.store %c, %a : f32, !llvm.ptr
  llvm.return
}
llvm.func @main(%x: !llvm.ptr) {
  llvm.call @kernel_neg_0(%x) : (!llvm.ptr) -> ()
  llvm.call @kernel_neg_1(%x) : (!llvm.ptr) -> ()
  llvm.call @kernel_neg_2(%x) : (!llvm.ptr) -> ()
  llvm.return
}
