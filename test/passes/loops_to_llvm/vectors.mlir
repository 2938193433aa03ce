// RUN: stepwell-opt %s -p loops-to-llvm | filecheck %s

// Loads and stores need no more than an element's alignment.
// CHECK-LABEL: @memory
// CHECK:         %v = llvm.load %{{.*}} {alignment = 4 : i64} : !llvm.ptr -> vector<8xf32>
// CHECK-NEXT:    %w = llvm.intr.fma(%v, %v, %v) : (vector<8xf32>, vector<8xf32>, vector<8xf32>) -> vector<8xf32>
// CHECK-NEXT:    llvm.store %w, %{{.*}} {alignment = 4 : i64} : vector<8xf32>, !llvm.ptr
func.func @memory(%m: memref<64xf32>, %i: index) {
  %v = vector.load %m[%i] : memref<64xf32>, vector<8xf32>
  %w = vector.fma %v, %v, %v : vector<8xf32>
  vector.store %w, %m[%i] : memref<64xf32>, vector<8xf32>
  func.return
}

// A tail: the mask compares lane numbers in 32 bits, so the count is first brought between 0 and the lanes.
// CHECK-LABEL: @tail
// CHECK:         [[LANES:%.*]] = llvm.mlir.constant(dense<[0, 1, 2, 3]> : vector<4xi32>) : vector<4xi32>
// CHECK:         [[CAPPED:%.*]] = llvm.call_intrinsic "llvm.smin"(%n, %{{.*}}) : (i64, i64) -> i64
// CHECK-NEXT:    [[COUNT:%.*]] = llvm.call_intrinsic "llvm.smax"([[CAPPED]], %{{.*}}) : (i64, i64) -> i64
// CHECK-NEXT:    [[SHORT:%.*]] = llvm.trunc [[COUNT]] : i64 to i32
// CHECK-NEXT:    [[FIRST:%.*]] = llvm.insertelement [[SHORT]], [[ANY:%.*]][%{{.*}} : i64] : vector<4xi32>
// CHECK-NEXT:    [[LIMIT:%.*]] = llvm.shufflevector [[FIRST]], [[ANY]] [0, 0, 0, 0] : vector<4xi32>
// CHECK-NEXT:    %mask = llvm.icmp "slt" [[LANES]], [[LIMIT]] : vector<4xi32>
// CHECK-NEXT:    %v = llvm.intr.masked.load %m, %mask, %else {alignment = 4 : i32}
// CHECK-NEXT:    llvm.intr.masked.store %v, %m, %mask {alignment = 4 : i32}
func.func @tail(%m: memref<64xf32>, %n: index, %else: vector<4xf32>) {
  %c0 = arith.constant 0 : index
  %mask = vector.create_mask %n : vector<4xi1>
  %v = vector.maskedload %m[%c0], %mask, %else : memref<64xf32>, vector<4xi1>, vector<4xf32> into vector<4xf32>
  vector.maskedstore %m[%c0], %mask, %v : memref<64xf32>, vector<4xi1>, vector<4xf32>
  func.return
}

// A mask of a known count is a constant, and so is a constant in all lanes.
// CHECK-LABEL: @constants
// CHECK-DAG:     llvm.mlir.constant(dense<[true, true, true, false]> : vector<4xi1>) : vector<4xi1>
// CHECK-DAG:     llvm.mlir.constant(dense<2.000000e+00> : vector<4xf32>) : vector<4xf32>
// CHECK-NOT:     llvm.insertelement
// CHECK:         llvm.return
func.func @constants(%a: vector<4xf32>) {
  %c3 = arith.constant 3 : index
  %two = arith.constant 2.0 : f32
  %mask = vector.create_mask %c3 : vector<4xi1>
  %b = vector.broadcast %two : f32 to vector<4xf32>
  %s = arith.select %mask, %a, %b : vector<4xi1>, vector<4xf32>
  func.return
}

// Only the lanes of one vector may be summed in any order.
// CHECK-LABEL: @reductions
// CHECK:         llvm.call_intrinsic "llvm.vector.reduce.fadd"(%acc, %v) {fastmathFlags = #llvm.fastmath<reassoc,contract>}
// CHECK-NEXT:    llvm.call_intrinsic "llvm.vector.reduce.fmaximum"(%v) : (vector<4xf32>) -> f32
// CHECK-NEXT:    [[MOST:%.*]] = llvm.call_intrinsic "llvm.vector.reduce.smax"(%i) : (vector<4xi32>) -> i32
// CHECK-NEXT:    llvm.call_intrinsic "llvm.smax"(%start, [[MOST]]) : (i32, i32) -> i32
func.func @reductions(%v: vector<4xf32>, %acc: f32, %i: vector<4xi32>, %start: i32) {
  %0 = vector.reduction <add>, %v, %acc : vector<4xf32> into f32
  %1 = vector.reduction <maximumf>, %v : vector<4xf32> into f32
  %2 = vector.reduction <maxsi>, %i, %start : vector<4xi32> into i32
  func.return
}

// A transfer that may reach over the edge is masked, with the padding in the lanes beyond.
// CHECK-LABEL: @transfer
// CHECK:         [[LEFT:%.*]] = llvm.sub %{{.*}}, %i : i64
// CHECK:         llvm.intr.masked.load
// CHECK:         llvm.load %m {alignment = 4 : i64} : !llvm.ptr -> vector<4xf32>
func.func @transfer(%m: memref<64xf32>, %i: index, %pad: f32) {
  %c0 = arith.constant 0 : index
  %0 = vector.transfer_read %m[%i], %pad : memref<64xf32>, vector<4xf32>
  %1 = vector.transfer_read %m[%c0], %pad {in_bounds = [true]} : memref<64xf32>, vector<4xf32>
  func.return
}
