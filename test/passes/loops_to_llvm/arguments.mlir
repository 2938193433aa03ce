// RUN: stepwell-opt %s -p loops-to-llvm | filecheck %s

// Views of one arena that lie apart: both are the kernel's own, on cache lines, and the first is only read.
// CHECK: @apart(%a: !llvm.ptr {llvm.noalias, llvm.readonly, llvm.align = 64 : i64}, %b: !llvm.ptr {llvm.noalias, llvm.align = 64 : i64})
func.func private @apart(%a: memref<4xf32>, %b: memref<4xf32>) {
  %c0 = arith.constant 0 : index
  %v = memref.load %a[%c0] : memref<4xf32>
  memref.store %v, %b[%c0] : memref<4xf32>
  func.return
}

// One call in place is enough: neither argument is noalias. The third, which is read only, still is.
// CHECK: @in_place(%a: !llvm.ptr {llvm.readonly, llvm.align = 64 : i64}, %b: !llvm.ptr {llvm.align = 64 : i64}, %w: !llvm.ptr {llvm.noalias, llvm.readonly, llvm.align = 64 : i64})
func.func private @in_place(%a: memref<4xf32>, %b: memref<4xf32>, %w: memref<4xf32>) {
  %c0 = arith.constant 0 : index
  %v = memref.load %a[%c0] : memref<4xf32>
  %k = memref.load %w[%c0] : memref<4xf32>
  %s = arith.mulf %v, %k : f32
  memref.store %s, %b[%c0] : memref<4xf32>
  func.return
}

// Two readers of one buffer do not disturb each other: noalias speaks of writes.
// CHECK: @square(%a: !llvm.ptr {llvm.noalias, llvm.readonly, llvm.align = 64 : i64}, %b: !llvm.ptr {llvm.noalias, llvm.readonly, llvm.align = 64 : i64}, %o: !llvm.ptr {llvm.noalias, llvm.align = 64 : i64})
func.func private @square(%a: memref<4xf32>, %b: memref<4xf32>, %o: memref<4xf32>) {
  %c0 = arith.constant 0 : index
  %v = memref.load %a[%c0] : memref<4xf32>
  %w = memref.load %b[%c0] : memref<4xf32>
  %s = arith.mulf %v, %w : f32
  memref.store %s, %o[%c0] : memref<4xf32>
  func.return
}

// What a user hands in may start anywhere; a write through a view of an argument is a write to it.
// CHECK: @from_outside(%a: !llvm.ptr {llvm.noalias})
func.func private @from_outside(%a: memref<4xf32>) {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %s = memref.subview %a[1] [2] [1] : memref<4xf32> to memref<2xf32, strided<[1], offset: 1>>
  memref.store %zero, %s[%c0] : memref<2xf32, strided<[1], offset: 1>>
  func.return
}

// Other threads write %b, too, and have when the barrier lets this one go on: LLVM must load %v behind it. Nobody writes
// %a, which stays the kernel's own.
// CHECK: @waits(%a: !llvm.ptr {llvm.noalias, llvm.readonly, llvm.align = 64 : i64}, %b: !llvm.ptr {llvm.align = 64 : i64})
func.func private @barrier()
func.func private @waits(%a: memref<4xf32>, %b: memref<4xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %u = memref.load %a[%c0] : memref<4xf32>
  memref.store %u, %b[%c0] : memref<4xf32>
  func.call @barrier() : () -> ()
  %v = memref.load %b[%c1] : memref<4xf32>
  memref.store %v, %b[%c0] : memref<4xf32>
  func.return
}

func.func @main(%x: memref<4xf32>, %arena: memref<192xi8>) {
  %c0 = arith.constant 0 : index
  %c64 = arith.constant 64 : index
  %c128 = arith.constant 128 : index
  %p = memref.view %arena[%c0][] : memref<192xi8> to memref<4xf32>
  %q = memref.view %arena[%c64][] : memref<192xi8> to memref<4xf32>
  %r = memref.view %arena[%c128][] : memref<192xi8> to memref<4xf32>
  func.call @apart(%p, %q) : (memref<4xf32>, memref<4xf32>) -> ()
  func.call @in_place(%p, %r, %q) : (memref<4xf32>, memref<4xf32>, memref<4xf32>) -> ()
  func.call @in_place(%p, %p, %q) : (memref<4xf32>, memref<4xf32>, memref<4xf32>) -> ()
  func.call @square(%p, %p, %q) : (memref<4xf32>, memref<4xf32>, memref<4xf32>) -> ()
  func.call @waits(%p, %q) : (memref<4xf32>, memref<4xf32>) -> ()
  func.call @from_outside(%x) : (memref<4xf32>) -> ()
  func.return
}
