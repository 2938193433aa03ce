// RUN: stepwell-opt %s | stepwell-opt - | filecheck %s

// A comparison of vectors gives a vector of i1, and a select takes one.
// CHECK-LABEL: @lanes
// CHECK:         %m = arith.cmpf olt, %a, %b : vector<4xf32>
// CHECK-NEXT:    %s = arith.select %m, %a, %b : vector<4xi1>, vector<4xf32>
// CHECK-NEXT:    %e = arith.cmpi eq, %i, %i : vector<4xi32>
// CHECK-NEXT:    %o = arith.select %c, %a, %b : vector<4xf32>
func.func @lanes(%a: vector<4xf32>, %b: vector<4xf32>, %i: vector<4xi32>, %c: i1) {
  %m = arith.cmpf olt, %a, %b : vector<4xf32>
  %s = arith.select %m, %a, %b : vector<4xi1>, vector<4xf32>
  %e = arith.cmpi eq, %i, %i : vector<4xi32>
  %o = arith.select %c, %a, %b : vector<4xf32>
  func.return
}

// The scalar forms are xDSL's.
// CHECK-LABEL: @scalars
// CHECK:         %m = arith.cmpf olt, %a, %b : f32
// CHECK-NEXT:    %s = arith.select %m, %a, %b : f32
// CHECK-NEXT:    %i = arith.fptosi %a : f32 to i32
func.func @scalars(%a: f32, %b: f32) {
  %m = arith.cmpf olt, %a, %b : f32
  %s = arith.select %m, %a, %b : f32
  %i = arith.fptosi %a : f32 to i32
  func.return
}

// Casts keep the lanes.
// CHECK-LABEL: @casts
// CHECK:         arith.fptosi %a : vector<4xf32> to vector<4xi32>
// CHECK-NEXT:    arith.fptoui %a : vector<4xf32> to vector<4xi8>
// CHECK-NEXT:    arith.sitofp %i : vector<4xi32> to vector<4xf32>
// CHECK-NEXT:    arith.uitofp %i : vector<4xi32> to vector<4xf32>
// CHECK-NEXT:    arith.trunci %i : vector<4xi32> to vector<4xi8>
// CHECK-NEXT:    arith.extsi %i : vector<4xi32> to vector<4xi64>
// CHECK-NEXT:    arith.extui %i : vector<4xi32> to vector<4xi64>
// CHECK-NEXT:    arith.truncf %a : vector<4xf32> to vector<4xf16>
// CHECK-NEXT:    arith.extf %a : vector<4xf32> to vector<4xf64>
// CHECK-NEXT:    arith.index_cast %i : vector<4xi32> to vector<4xindex>
func.func @casts(%a: vector<4xf32>, %i: vector<4xi32>) {
  %0 = arith.fptosi %a : vector<4xf32> to vector<4xi32>
  %1 = arith.fptoui %a : vector<4xf32> to vector<4xi8>
  %2 = arith.sitofp %i : vector<4xi32> to vector<4xf32>
  %3 = arith.uitofp %i : vector<4xi32> to vector<4xf32>
  %4 = arith.trunci %i : vector<4xi32> to vector<4xi8>
  %5 = arith.extsi %i : vector<4xi32> to vector<4xi64>
  %6 = arith.extui %i : vector<4xi32> to vector<4xi64>
  %7 = arith.truncf %a : vector<4xf32> to vector<4xf16>
  %8 = arith.extf %a : vector<4xf32> to vector<4xf64>
  %9 = arith.index_cast %i : vector<4xi32> to vector<4xindex>
  func.return
}

// The remainder that xDSL has not.
// CHECK-LABEL: @remainder
// CHECK:         arith.remf %a, %b : f32
// CHECK-NEXT:    arith.remf %u, %v : vector<4xf32>
func.func @remainder(%a: f32, %b: f32, %u: vector<4xf32>, %v: vector<4xf32>) {
  %r = arith.remf %a, %b : f32
  %s = arith.remf %u, %v : vector<4xf32>
  func.return
}
