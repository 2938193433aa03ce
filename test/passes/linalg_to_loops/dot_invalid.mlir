// RUN: stepwell-opt %s -p apply-schedule --split-input-file --verify-diagnostics

#x = affine_map<(i, j, k) -> (i, k)>
#w = affine_map<(i, j, k) -> (k, j)>
#y = affine_map<(i, j, k) -> (i, j)>
func.func private @odd(%a: memref<4x7xbf16>, %b: memref<7x32xbf16>, %c: memref<4x32xf32>) {
  linalg.generic {indexing_maps = [#x, #w, #y], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<4x7xbf16>, memref<7x32xbf16>) outs(%c : memref<4x32xf32>) {
  ^bb0(%l: bf16, %r: bf16, %acc: f32):
    %u = arith.extf %l : bf16 to f32
    %v = arith.extf %r : bf16 to f32
    %p = arith.mulf %u, %v : f32
    %s = arith.addf %acc, %p : f32
    linalg.yield %s : f32
  }
  func.return
}
schedule.kernel @odd {
  %i, %j, %r = schedule.nest [0] : 4, 32, 7
  %jo, %ji = schedule.tile %j by 16
  %ro, %ri = schedule.tile %r by 2
  // expected-error@+1 {{schedule.dot takes two iterations, and a loop of an even number of them}}
  schedule.reorder %i, %jo, %ro, %ji, %ri
  schedule.vectorize %ji by 16
  schedule.dot %ri
}

// -----

#x = affine_map<(i, j, k) -> (i, k)>
#w = affine_map<(i, j, k) -> (k, j)>
#y = affine_map<(i, j, k) -> (i, j)>
func.func private @four(%a: memref<4x8xbf16>, %b: memref<8x32xbf16>, %c: memref<4x32xf32>) {
  linalg.generic {indexing_maps = [#x, #w, #y], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<4x8xbf16>, memref<8x32xbf16>) outs(%c : memref<4x32xf32>) {
  ^bb0(%l: bf16, %r: bf16, %acc: f32):
    %u = arith.extf %l : bf16 to f32
    %v = arith.extf %r : bf16 to f32
    %p = arith.mulf %u, %v : f32
    %s = arith.addf %acc, %p : f32
    linalg.yield %s : f32
  }
  func.return
}
schedule.kernel @four {
  %i, %j, %r = schedule.nest [0] : 4, 32, 8
  %jo, %ji = schedule.tile %j by 16
  %ro, %ri = schedule.tile %r by 4
  // expected-error@+1 {{schedule.dot takes two iterations}}
  schedule.reorder %i, %jo, %ro, %ji, %ri
  schedule.vectorize %ji by 16
  schedule.dot %ri
}

// -----

#x = affine_map<(i, j, k) -> (i, k)>
#w = affine_map<(i, j, k) -> (k, j)>
#y = affine_map<(i, j, k) -> (i, j)>
func.func private @not_innermost(%a: memref<4x8xbf16>, %b: memref<8x32xbf16>, %c: memref<4x32xf32>) {
  linalg.generic {indexing_maps = [#x, #w, #y], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<4x8xbf16>, memref<8x32xbf16>) outs(%c : memref<4x32xf32>) {
  ^bb0(%l: bf16, %r: bf16, %acc: f32):
    %u = arith.extf %l : bf16 to f32
    %v = arith.extf %r : bf16 to f32
    %p = arith.mulf %u, %v : f32
    %s = arith.addf %acc, %p : f32
    linalg.yield %s : f32
  }
  func.return
}
schedule.kernel @not_innermost {
  %i, %j, %r = schedule.nest [0] : 4, 32, 8
  %jo, %ji = schedule.tile %j by 16
  %ro, %ri = schedule.tile %r by 2
  // expected-error@+1 {{pairs are multiplied innermost, but %ji is inside of them}}
  schedule.reorder %i, %jo, %ro, %ri, %ji
  schedule.vectorize %ji by 16
  schedule.dot %ri
}

// -----

#x = affine_map<(i, j, k) -> (i, k)>
#w = affine_map<(i, j, k) -> (k, j)>
#y = affine_map<(i, j, k) -> (i, j)>
func.func private @of_results(%a: memref<4x8xbf16>, %b: memref<8x32xbf16>, %c: memref<4x32xf32>) {
  linalg.generic {indexing_maps = [#x, #w, #y], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<4x8xbf16>, memref<8x32xbf16>) outs(%c : memref<4x32xf32>) {
  ^bb0(%l: bf16, %r: bf16, %acc: f32):
    %u = arith.extf %l : bf16 to f32
    %v = arith.extf %r : bf16 to f32
    %p = arith.mulf %u, %v : f32
    %s = arith.addf %acc, %p : f32
    linalg.yield %s : f32
  }
  func.return
}
schedule.kernel @of_results {
  %i, %j, %r = schedule.nest [0] : 4, 32, 8
  %jo, %ji = schedule.tile %j by 16
  %ro, %ri = schedule.tile %r by 2
  schedule.reorder %i, %jo, %ro, %ji, %ri
  schedule.vectorize %ji by 16
  // expected-error@+1 {{pairs are neighbours along a reduction}}
  schedule.dot %ji
}

// -----

#x = affine_map<(i, j, k) -> (i, k)>
#w = affine_map<(i, j, k) -> (k, j)>
#y = affine_map<(i, j, k) -> (i, j)>
func.func private @of_f32(%a: memref<4x8xf32>, %b: memref<8x32xf32>, %c: memref<4x32xf32>) {
  linalg.generic {indexing_maps = [#x, #w, #y], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<4x8xf32>, memref<8x32xf32>) outs(%c : memref<4x32xf32>) {
  ^bb0(%l: f32, %r: f32, %acc: f32):
    %p = arith.mulf %l, %r : f32
    %s = arith.addf %acc, %p : f32
    linalg.yield %s : f32
  }
  func.return
}
schedule.kernel @of_f32 {
  %i, %j, %r = schedule.nest [0] : 4, 32, 8
  %jo, %ji = schedule.tile %j by 16
  %ro, %ri = schedule.tile %r by 2
  // expected-error@+1 {{it does not sum products of two bf16 in f32}}
  schedule.reorder %i, %jo, %ro, %ji, %ri
  schedule.vectorize %ji by 16
  schedule.dot %ri
}

// -----

#x = affine_map<(i, j, k) -> (i, k)>
#w = affine_map<(i, j, k) -> (k, j)>
#y = affine_map<(i, j, k) -> (i, j)>
func.func private @two_lanes(%a: memref<4x8xbf16>, %b: memref<8x2xbf16>, %c: memref<4x2xf32>) {
  linalg.generic {indexing_maps = [#x, #w, #y], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<4x8xbf16>, memref<8x2xbf16>) outs(%c : memref<4x2xf32>) {
  ^bb0(%l: bf16, %r: bf16, %acc: f32):
    %u = arith.extf %l : bf16 to f32
    %v = arith.extf %r : bf16 to f32
    %p = arith.mulf %u, %v : f32
    %s = arith.addf %acc, %p : f32
    linalg.yield %s : f32
  }
  func.return
}
schedule.kernel @two_lanes {
  %i, %j, %r = schedule.nest [0] : 4, 2, 8
  %ro, %ri = schedule.tile %r by 2
  // expected-error@+1 {{schedule.dot is for 4, 8 or 16 lanes, not 2}}
  schedule.reorder %i, %ro, %j, %ri
  schedule.vectorize %j by 2
  schedule.dot %ri
}

// -----

// Columns that are four bytes apart are not packed: nothing says that fours along the reduction stand between them.
#x = affine_map<(i, j, k) -> (i, k)>
#w = affine_map<(i, j, k) -> (j, k)>
#y = affine_map<(i, j, k) -> (i, j)>
func.func private @not_packed(%a: memref<4x3xi8>, %b: memref<32x3xi8, strided<[4, 1]>>, %c: memref<4x32xi32>) {
  linalg.generic {indexing_maps = [#x, #w, #y], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<4x3xi8>, memref<32x3xi8, strided<[4, 1]>>) outs(%c : memref<4x32xi32>) {
  ^bb0(%l: i8, %r: i8, %acc: i32):
    %u = arith.extui %l : i8 to i32
    %v = arith.extsi %r : i8 to i32
    %p = arith.muli %u, %v : i32
    %s = arith.addi %acc, %p : i32
    linalg.yield %s : i32
  }
  func.return
}
schedule.kernel @not_packed {
  %i, %j, %r = schedule.nest [0] : 4, 32, 3
  %jo, %ji = schedule.tile %j by 16
  schedule.reorder %i, %jo, %r, %ji
  // expected-error@+1 {{neighbours along it are not neighbours in memory}}
  schedule.vectorize %ji by 16
}
