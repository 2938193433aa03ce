// RUN: stepwell-opt %s -p share-weights --split-input-file | filecheck %s

// Small weights stand where they did, large ones so far away as the block of weights says that they are. An offset that
// is too large for the instruction is a constant beside it.
// CHECK-LABEL: llvm.func @main
// CHECK:         %distance = llvm.load %weights : !llvm.ptr -> i64
// CHECK-NEXT:    %shared = llvm.getelementptr %weights[%distance] : (!llvm.ptr, i64) -> !llvm.ptr, i8
// CHECK-NEXT:    %b = llvm.getelementptr inbounds %weights[64] : (!llvm.ptr) -> !llvm.ptr, i8
// CHECK-NEXT:    %v = llvm.getelementptr inbounds %shared[0] : (!llvm.ptr) -> !llvm.ptr, i8
// CHECK-NEXT:    %w = llvm.getelementptr inbounds %shared[4096] : (!llvm.ptr) -> !llvm.ptr, i8
// CHECK-NEXT:    [[OLD:%.*]] = llvm.mlir.constant(5000000128) : i64
// CHECK-NEXT:    [[NEW:%.*]] = llvm.mlir.constant(5000000000) : i64
// CHECK-NEXT:    %u = llvm.getelementptr inbounds %shared[[[NEW]]] : (!llvm.ptr, i64) -> !llvm.ptr, i8
// CHECK-NEXT:    llvm.call @kernel(%v, %w, %u, %b, %arena)
llvm.func @kernel(%a: !llvm.ptr, %b: !llvm.ptr, %c: !llvm.ptr, %d: !llvm.ptr, %e: !llvm.ptr)
llvm.func @main(%x: !llvm.ptr, %out: !llvm.ptr, %weights: !llvm.ptr, %arena: !llvm.ptr) attributes {
  stepwell.signature = {inputs = [{name = "x", type = tensor<4xf32>}], outputs = [{name = "y", type = tensor<4xf32>}]},
  stepwell.shared_weights = 128 : i64, stepwell.weights_size = 6000000000 : i64, stepwell.arena_size = 64 : i64
} {
  %b = llvm.getelementptr inbounds %weights[64] : (!llvm.ptr) -> !llvm.ptr, i8
  %v = llvm.getelementptr inbounds %weights[128] : (!llvm.ptr) -> !llvm.ptr, i8
  %w = llvm.getelementptr inbounds %weights[4224] : (!llvm.ptr) -> !llvm.ptr, i8
  %far = llvm.mlir.constant(5000000128 : i64) : i64
  %u = llvm.getelementptr inbounds %weights[%far] : (!llvm.ptr, i64) -> !llvm.ptr, i8
  llvm.call @kernel(%v, %w, %u, %b, %arena) : (!llvm.ptr, !llvm.ptr, !llvm.ptr, !llvm.ptr, !llvm.ptr) -> ()
  llvm.return
}

// -----

// Nothing is said to be shared: all weights are in one block.
// CHECK-LABEL: llvm.func @main
// CHECK-NEXT:    %w = llvm.getelementptr inbounds %weights[4224]
llvm.func @kernel(%a: !llvm.ptr)
llvm.func @main(%x: !llvm.ptr, %out: !llvm.ptr, %weights: !llvm.ptr, %arena: !llvm.ptr) {
  %w = llvm.getelementptr inbounds %weights[4224] : (!llvm.ptr) -> !llvm.ptr, i8
  llvm.call @kernel(%w) : (!llvm.ptr) -> ()
  llvm.return
}
