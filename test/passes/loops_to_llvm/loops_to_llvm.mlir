// RUN: stepwell-opt %s -p loops-to-llvm | filecheck %s

// A kernel: memrefs are bare pointers that do not alias, it stays private, and its attributes stay with it.
// CHECK:       builtin.module attributes {stepwell.level = "llvm"}
// CHECK:         llvm.func internal @double(%x: !llvm.ptr {llvm.noalias, llvm.readonly}, %y: !llvm.ptr {llvm.noalias})
// CHECK-SAME:        attributes {stepwell.kernel}
// CHECK-DAG:       %c0 = llvm.mlir.constant(0) : i64
// CHECK-DAG:       %c1 = llvm.mlir.constant(1) : i64
// CHECK-DAG:       %c8 = llvm.mlir.constant(8) : i64
// CHECK:           llvm.br ^[[LOOP:.*]](%c0 : i64)
// CHECK-NEXT:    ^[[LOOP]](%i: i64):
// CHECK-NEXT:      [[FROM:%.*]] = llvm.getelementptr inbounds %x[%i] : (!llvm.ptr, i64) -> !llvm.ptr, f32
// CHECK-NEXT:      %v = llvm.load [[FROM]] {alignment = 4 : i64} : !llvm.ptr -> f32
// CHECK-NEXT:      %w = llvm.fadd %v, %v {fastmathFlags = #llvm.fastmath<contract>} : f32
// CHECK-NEXT:      [[TO:%.*]] = llvm.getelementptr inbounds %y[%i] : (!llvm.ptr, i64) -> !llvm.ptr, f32
// CHECK-NEXT:      llvm.store %w, [[TO]] {alignment = 4 : i64} : f32, !llvm.ptr
// CHECK-NEXT:      [[NEXT:%.*]] = llvm.add %i, %c1 overflow<nsw> : i64
// CHECK-NEXT:      [[MORE:%.*]] = llvm.icmp "slt" [[NEXT]], %c8 : i64
// CHECK-NEXT:      llvm.cond_br [[MORE]], ^[[LOOP]]([[NEXT]] : i64), ^[[END:.*]]
// CHECK-NEXT:    ^[[END]]:
// CHECK-NEXT:      llvm.return
func.func private @double(%x: memref<8xf32>, %y: memref<8xf32>) attributes {stepwell.kernel} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  scf.for %i = %c0 to %c8 step %c1 {
    %v = memref.load %x[%i] : memref<8xf32>
    %w = arith.addf %v, %v : f32
    memref.store %w, %y[%i] : memref<8xf32>
  }
  func.return
}

// The program: exported, its intermediate in the arena, calls by pointer.
// CHECK:         llvm.func @main(
// CHECK:           [[PLACE:%.*]] = llvm.getelementptr inbounds %arena[64] : (!llvm.ptr) -> !llvm.ptr, i8
// CHECK-NEXT:      llvm.call @double(%x, [[PLACE]]) : (!llvm.ptr, !llvm.ptr) -> ()
// CHECK-NEXT:      llvm.call @double([[PLACE]], %y) : (!llvm.ptr, !llvm.ptr) -> ()
// CHECK-NEXT:      llvm.return
func.func @main(%x: memref<8xf32>, %y: memref<8xf32>, %weights: memref<0xi8>, %arena: memref<128xi8>) {
  %at = arith.constant 64 : index
  %t = memref.view %arena[%at][] : memref<128xi8> to memref<8xf32>
  func.call @double(%x, %t) : (memref<8xf32>, memref<8xf32>) -> ()
  func.call @double(%t, %y) : (memref<8xf32>, memref<8xf32>) -> ()
  func.return
}
