// RUN: stepwell-opt %s --split-input-file --verify-diagnostics

// A mask has a lane for each value that it selects.
func.func @lanes(%m: vector<8xi1>, %a: vector<4xf32>) {
  // expected-error@+1 {{as many conditions as lanes to select}}
  %s = arith.select %m, %a, %a : vector<8xi1>, vector<4xf32>
  func.return
}

// -----

// A cast does not change how many lanes there are.
func.func @casts(%a: vector<4xf32>) {
  // expected-error@+1 {{have not the same lanes}}
  %s = arith.fptosi %a : vector<4xf32> to vector<8xi32>
  func.return
}

// -----

// A cast to a wider type is none to a narrower one.
func.func @widths(%a: vector<4xi32>) {
  // expected-error@+1 {{arith.extsi does not cast vector<4xi32> to vector<4xi8>}}
  %s = arith.extsi %a : vector<4xi32> to vector<4xi8>
  func.return
}
