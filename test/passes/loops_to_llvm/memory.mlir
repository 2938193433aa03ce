// RUN: stepwell-opt %s -p loops-to-llvm | filecheck %s

// An address: the part that varies once, by strides; constant indices as an offset from it, shared by both loads.
// CHECK-LABEL: @addresses
// CHECK:         [[ROW:%.*]] = llvm.mul %i, %{{.*}} overflow<nsw> : i64
// CHECK-NEXT:    [[BASE:%.*]] = llvm.getelementptr inbounds %m[[[ROW]]] : (!llvm.ptr, i64) -> !llvm.ptr, f32
// CHECK-NEXT:    [[A:%.*]] = llvm.getelementptr inbounds [[BASE]][3] : (!llvm.ptr) -> !llvm.ptr, f32
// CHECK-NEXT:    %a = llvm.load [[A]] {alignment = 4 : i64} : !llvm.ptr -> f32
// CHECK-NEXT:    [[B:%.*]] = llvm.getelementptr inbounds [[BASE]][5] : (!llvm.ptr) -> !llvm.ptr, f32
// CHECK-NEXT:    %b = llvm.load [[B]] {alignment = 4 : i64} : !llvm.ptr -> f32
func.func @addresses(%m: memref<8x16xf32>, %i: index) {
  %c3 = arith.constant 3 : index
  %c5 = arith.constant 5 : index
  %a = memref.load %m[%i, %c3] : memref<8x16xf32>
  %b = memref.load %m[%i, %c5] : memref<8x16xf32>
  func.return
}

// A subview is its first element's address; its strides are in the code. Reshapes are nothing.
// CHECK-LABEL: @views
// CHECK:         %s = llvm.getelementptr inbounds %m[19] : (!llvm.ptr) -> !llvm.ptr, f32
// CHECK-NEXT:    [[ROW:%.*]] = llvm.mul %i, %{{.*}} overflow<nsw> : i64
// CHECK-NEXT:    [[AT:%.*]] = llvm.getelementptr inbounds %s[[[ROW]]] : (!llvm.ptr, i64) -> !llvm.ptr, f32
// CHECK-NEXT:    %v = llvm.load [[AT]] {{.*}} -> f32
// CHECK-NEXT:    [[FLAT:%.*]] = llvm.getelementptr inbounds %m[%i] : (!llvm.ptr, i64) -> !llvm.ptr, f32
// CHECK-NEXT:    llvm.store %v, [[FLAT]]
func.func @views(%m: memref<8x16xf32>, %i: index) {
  %c0 = arith.constant 0 : index
  %s = memref.subview %m[1, 3] [2, 5] [1, 1] : memref<8x16xf32> to memref<2x5xf32, strided<[16, 1], offset: 19>>
  %v = memref.load %s[%i, %c0] : memref<2x5xf32, strided<[16, 1], offset: 19>>
  %f = memref.collapse_shape %m [[0, 1]] : memref<8x16xf32> into memref<128xf32>
  memref.store %v, %f[%i] : memref<128xf32>
  func.return
}

// A boolean is a byte in memory.
// CHECK-LABEL: @booleans
// CHECK:         [[BYTE:%.*]] = llvm.load %{{.*}} {alignment = 1 : i64} : !llvm.ptr -> i8
// CHECK-NEXT:    %v = llvm.icmp "ne" [[BYTE]], %{{.*}} : i8
// CHECK-NEXT:    [[BACK:%.*]] = llvm.zext %v : i1 to i8
// CHECK-NEXT:    llvm.store [[BACK]], %{{.*}} {alignment = 1 : i64} : i8, !llvm.ptr
func.func @booleans(%m: memref<4xi1>, %i: index) {
  %v = memref.load %m[%i] : memref<4xi1>
  memref.store %v, %m[%i] : memref<4xi1>
  func.return
}

// A copy of what lies together is one memcpy; of strided rows, a memcpy for each.
// CHECK-LABEL: @copies
// CHECK:         llvm.call_intrinsic "llvm.memcpy"(%b, %a, %{{.*}}, %{{.*}}) : (!llvm.ptr, !llvm.ptr, i64, i1) -> ()
// CHECK-NEXT:    llvm.br ^[[ROWS:.*]](%{{.*}} : i64)
// CHECK-NEXT:  ^[[ROWS]](%{{.*}}: i64):
// CHECK:         llvm.call_intrinsic "llvm.memcpy"
// CHECK:         llvm.cond_br %{{.*}}, ^[[ROWS]]
func.func @copies(%a: memref<4x8xf32>, %b: memref<4x8xf32>, %w: memref<4x20xf32>) {
  "memref.copy"(%a, %b) : (memref<4x8xf32>, memref<4x8xf32>) -> ()
  %s = memref.subview %w[0, 0] [4, 8] [1, 1] : memref<4x20xf32> to memref<4x8xf32, strided<[20, 1]>>
  "memref.copy"(%s, %b) : (memref<4x8xf32, strided<[20, 1]>>, memref<4x8xf32>) -> ()
  func.return
}

// A pointer stands at a strided buffer's first element, wherever that is in the buffer it is a part of: the offset that
// is asked for is 0.
// CHECK-LABEL: @strided(%m: !llvm.ptr
// CHECK:         [[P:%.*]] = llvm.getelementptr inbounds %m[
// CHECK:         llvm.getelementptr inbounds [[P]][9] : (!llvm.ptr) -> !llvm.ptr, f32
func.func @strided(%m: memref<2x4xf32, strided<[8, 1], offset: ?>>) {
  %c9 = arith.constant 9 : index
  %start, %offset, %s0, %s1, %t0, %t1 = memref.extract_strided_metadata %m
    : memref<2x4xf32, strided<[8, 1], offset: ?>> -> memref<f32>, index, index, index, index, index
  %flat = memref.reinterpret_cast %start to offset: [%offset], sizes: [12], strides: [1]
    : memref<f32> to memref<12xf32, strided<[1], offset: ?>>
  %a = memref.load %flat[%c9] : memref<12xf32, strided<[1], offset: ?>>
  func.return
}

// A constant offset of more than 32 bits is a value.
// CHECK-LABEL: @far
// CHECK:         [[OFFSET:%.*]] = llvm.mlir.constant(4294967296) : i64
// CHECK:         llvm.getelementptr inbounds %bytes[[[OFFSET]]] : (!llvm.ptr, i64) -> !llvm.ptr, i8
func.func @far(%bytes: memref<8589934592xi8>) -> f32 {
  %c = arith.constant 4294967296 : index
  %c0 = arith.constant 0 : index
  %v = memref.view %bytes[%c][] : memref<8589934592xi8> to memref<4xf32>
  %a = memref.load %v[%c0] : memref<4xf32>
  func.return %a : f32
}
