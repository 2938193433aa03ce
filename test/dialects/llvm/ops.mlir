// RUN: stepwell-opt %s | stepwell-opt - | filecheck %s

// What xDSL's llvm dialect lacks, or holds too narrowly for vectors; the text is upstream's.
// CHECK-LABEL: @lanes
// CHECK-NEXT:    %less = llvm.fcmp "olt" %a, %b : vector<4xf32>
// CHECK-NEXT:    %least = llvm.select %less, %a, %b : vector<4xi1>, vector<4xf32>
// CHECK-NEXT:    %one = llvm.select %c, %a, %b : i1, vector<4xf32>
// CHECK-NEXT:    %e = llvm.extractelement %least[%i : i64] : vector<4xf32>
// CHECK-NEXT:    %any = llvm.mlir.poison : vector<4xf32>
// CHECK-NEXT:    llvm.return %e : f32
llvm.func @lanes(%a: vector<4xf32>, %b: vector<4xf32>, %c: i1, %i: i64) -> f32 {
  %less = llvm.fcmp "olt" %a, %b : vector<4xf32>
  %least = llvm.select %less, %a, %b : vector<4xi1>, vector<4xf32>
  %one = llvm.select %c, %a, %b : i1, vector<4xf32>
  %e = llvm.extractelement %least[%i : i64] : vector<4xf32>
  %any = llvm.mlir.poison : vector<4xf32>
  llvm.return %e : f32
}

// Names are a function's own: this %a is another.
// CHECK-LABEL: @casts(%a: vector<4xf32>, %x: f64)
// CHECK-NEXT:    %i = llvm.fptosi %a : vector<4xf32> to vector<4xi32>
// CHECK-NEXT:    %u = llvm.fptoui %x : f64 to i64
// CHECK-NEXT:    %f = llvm.uitofp %i : vector<4xi32> to vector<4xf32>
llvm.func @casts(%a: vector<4xf32>, %x: f64) {
  %i = llvm.fptosi %a : vector<4xf32> to vector<4xi32>
  %u = llvm.fptoui %x : f64 to i64
  %f = llvm.uitofp %i : vector<4xi32> to vector<4xf32>
  llvm.return
}

// A tail of integers: only the lanes that the mask names are touched.
// CHECK-LABEL: @tail
// CHECK-NEXT:    %v = llvm.intr.masked.load %p, %m, %e {alignment = 4 : i32} : (!llvm.ptr, vector<4xi1>, vector<4xi32>) -> vector<4xi32>
// CHECK-NEXT:    llvm.intr.masked.store %v, %p, %m {alignment = 4 : i32} : vector<4xi32>, vector<4xi1> into !llvm.ptr
llvm.func @tail(%p: !llvm.ptr, %m: vector<4xi1>, %e: vector<4xi32>) {
  %v = llvm.intr.masked.load %p, %m, %e {alignment = 4 : i32} : (!llvm.ptr, vector<4xi1>, vector<4xi32>) -> vector<4xi32>
  llvm.intr.masked.store %v, %p, %m {alignment = 4 : i32} : vector<4xi32>, vector<4xi1> into !llvm.ptr
  llvm.return
}
