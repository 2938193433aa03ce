// RUN: stepwell-opt %s -p loops-to-llvm | filecheck %s

// Twins, for scalars and vectors. Floats may be contracted and no more; overflow flags stay.
// CHECK-LABEL: @twins
// CHECK-NEXT:    llvm.fmul %a, %a {fastmathFlags = #llvm.fastmath<contract>} : f32
// CHECK-NEXT:    llvm.fneg %v {fastmathFlags = #llvm.fastmath<contract>} : vector<4xf32>
// CHECK-NEXT:    llvm.add %i, %i overflow<nsw> : i32
// CHECK-NEXT:    llvm.sdiv %i, %i : i32
// CHECK-NEXT:    llvm.ashr %i, %i : i32
// CHECK-NEXT:    llvm.icmp "ult" %i, %i : i32
// CHECK-NEXT:    [[LESS:%.*]] = llvm.fcmp "olt" %v, %v : vector<4xf32>
// CHECK-NEXT:    llvm.select [[LESS]], %v, %v : vector<4xi1>, vector<4xf32>
func.func @twins(%a: f32, %v: vector<4xf32>, %i: i32) {
  %0 = arith.mulf %a, %a : f32
  %1 = arith.negf %v : vector<4xf32>
  %2 = arith.addi %i, %i overflow<nsw> : i32
  %3 = arith.divsi %i, %i : i32
  %4 = arith.shrsi %i, %i : i32
  %5 = arith.cmpi ult, %i, %i : i32
  %6 = arith.cmpf olt, %v, %v : vector<4xf32>
  %7 = arith.select %6, %v, %v : vector<4xi1>, vector<4xf32>
  func.return
}

// What LLVM has as intrinsics: maximum hands a NaN on, maxnum drops it.
// CHECK-LABEL: @intrinsics
// CHECK-NEXT:    llvm.call_intrinsic "llvm.maximum"(%a, %a) : (f32, f32) -> f32
// CHECK-NEXT:    llvm.call_intrinsic "llvm.maxnum"(%a, %a) : (f32, f32) -> f32
// CHECK-NEXT:    llvm.call_intrinsic "llvm.smin"(%i, %i) : (i32, i32) -> i32
func.func @intrinsics(%a: f32, %i: i32) {
  %0 = arith.maximumf %a, %a : f32
  %1 = arith.maxnumf %a, %a : f32
  %2 = arith.minsi %i, %i : i32
  func.return
}

// An index is an i64, so a cast between them is nothing.
// CHECK-LABEL: @casts
// CHECK-NEXT:    [[W:%.*]] = llvm.sext %i : i32 to i64
// CHECK-NEXT:    llvm.sitofp [[W]] : i64 to f32
// CHECK-NEXT:    llvm.trunc %n : i64 to i32
// CHECK-NEXT:    llvm.fptrunc %a : f32 to f16
func.func @casts(%i: i32, %n: index, %a: f32) {
  %0 = arith.index_cast %i : i32 to index
  %1 = arith.index_cast %0 : index to i64
  %2 = arith.sitofp %1 : i64 to f32
  %3 = arith.index_cast %n : index to i32
  %4 = arith.truncf %a : f32 to f16
  func.return
}

// Rounding down: one less where there is a remainder and the signs differ.
// CHECK-LABEL: @floor_division
// CHECK:         [[Q:%.*]] = llvm.sdiv %i, %j : i32
// CHECK-NEXT:    [[R:%.*]] = llvm.srem %i, %j : i32
// CHECK-NEXT:    [[INEXACT:%.*]] = llvm.icmp "ne" [[R]], [[ZERO:%.*]] : i32
// CHECK-NEXT:    [[SIGNS:%.*]] = llvm.xor %i, %j : i32
// CHECK-NEXT:    [[DIFFER:%.*]] = llvm.icmp "slt" [[SIGNS]], [[ZERO]] : i32
// CHECK-NEXT:    [[AWAY:%.*]] = llvm.and [[INEXACT]], [[DIFFER]] : i1
// CHECK-NEXT:    [[LESS:%.*]] = llvm.sub [[Q]], %{{.*}} : i32
// CHECK-NEXT:    llvm.select [[AWAY]], [[LESS]], [[Q]] : i1, i32
func.func @floor_division(%i: i32, %j: i32) {
  %0 = arith.floordivsi %i, %j : i32
  func.return
}

// A constant is made once, and only if it is used as a value: %never says no more than where to load.
// CHECK-LABEL: @constants
// CHECK-NEXT:    [[TWO:%.*]] = llvm.mlir.constant(2.000000e+00 : f32) : f32
// CHECK-NEXT:    llvm.getelementptr inbounds %m[3]
// CHECK-NEXT:    llvm.load
// CHECK-NEXT:    llvm.fadd %{{.*}}, [[TWO]]
// CHECK-NEXT:    llvm.fmul %{{.*}}, [[TWO]]
func.func @constants(%m: memref<8xf32>) {
  %never = arith.constant 3 : index
  %a = memref.load %m[%never] : memref<8xf32>
  %two = arith.constant 2.0 : f32
  %same = arith.constant 2.0 : f32
  %b = arith.addf %a, %two : f32
  %c = arith.mulf %b, %same : f32
  func.return
}
