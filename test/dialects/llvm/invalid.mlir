// RUN: stepwell-opt %s --split-input-file --verify-diagnostics

llvm.func @condition(%m: vector<8xi1>, %a: vector<4xf32>) {
  // expected-error@+1 {{a vector condition has as many lanes as what it selects from}}
  %s = llvm.select %m, %a, %a : vector<8xi1>, vector<4xf32>
  llvm.return
}

// -----

llvm.func @lanes(%a: vector<4xf32>) {
  // expected-error@+1 {{vector<4xf32> and vector<8xi32> have not the same lanes}}
  %s = llvm.fptosi %a : vector<4xf32> to vector<8xi32>
  llvm.return
}

// -----

llvm.func @kinds(%a: f32) {
  // expected-error@+1 {{llvm.uitofp does not cast f32 to f64}}
  %s = llvm.uitofp %a : f32 to f64
  llvm.return
}

// -----

llvm.func @mask(%p: !llvm.ptr, %m: vector<8xi1>, %e: vector<4xf32>) {
  // expected-error@+1 {{a mask has as many lanes as what it masks}}
  %v = llvm.intr.masked.load %p, %m, %e {alignment = 4 : i32} : (!llvm.ptr, vector<8xi1>, vector<4xf32>) -> vector<4xf32>
  llvm.return
}
