// RUN: stepwell-opt %s -p loops-to-llvm | filecheck %s

// What LLVM lacks is declared once, of the C library.
// CHECK:         llvm.func @erff(f32) -> f32
// CHECK-NOT:     llvm.func @erff

// CHECK-LABEL: @functions
// CHECK-NEXT:    llvm.call_intrinsic "llvm.exp"(%v) : (vector<4xf32>) -> vector<4xf32>
// CHECK-NEXT:    llvm.call_intrinsic "llvm.tanh"(%a) : (f32) -> f32
// CHECK-NEXT:    llvm.call_intrinsic "llvm.pow"(%a, %a) : (f32, f32) -> f32
// CHECK-NEXT:    llvm.call @erff(%a) : (f32) -> f32
func.func @functions(%v: vector<4xf32>, %a: f32) {
  %0 = math.exp %v : vector<4xf32>
  %1 = math.tanh %a : f32
  %2 = math.powf %a, %a : f32
  %3 = math.erf %a : f32
  func.return
}

// A vector goes through the C library lane by lane.
// CHECK-LABEL: @lanes
// CHECK:         [[X0:%.*]] = llvm.extractelement %v[%{{.*}} : i64] : vector<2xf32>
// CHECK-NEXT:    [[Y0:%.*]] = llvm.call @erff([[X0]]) : (f32) -> f32
// CHECK-NEXT:    llvm.insertelement [[Y0]]
// CHECK-NEXT:    llvm.extractelement %v
// CHECK-NEXT:    llvm.call @erff
// CHECK-NEXT:    llvm.insertelement
func.func @lanes(%v: vector<2xf32>) {
  %0 = math.erf %v : vector<2xf32>
  func.return
}

// Half floats go through float.
// CHECK-LABEL: @halves
// CHECK-NEXT:    [[WIDE:%.*]] = llvm.fpext %h : f16 to f32
// CHECK-NEXT:    [[Y:%.*]] = llvm.call @erff([[WIDE]]) : (f32) -> f32
// CHECK-NEXT:    llvm.fptrunc [[Y]] : f32 to f16
func.func @halves(%h: f16) {
  %0 = math.erf %h : f16
  func.return
}
