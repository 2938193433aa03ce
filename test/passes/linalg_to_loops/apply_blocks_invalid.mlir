// RUN: stepwell-opt %s -p apply-blocks --split-input-file --verify-diagnostics

// There is no such op.
func.func @k(%x: memref<8x4xf32>, %out: memref<8x4xf32>) {
  %t = memref.alloc() : memref<8x4xf32>
  linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
      ins(%x : memref<8x4xf32>) outs(%t : memref<8x4xf32>) {
  ^bb0(%a: f32, %b: f32):
    linalg.yield %a : f32
  }
  linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
      ins(%t : memref<8x4xf32>) outs(%out : memref<8x4xf32>) {
  ^bb0(%a: f32, %b: f32):
    linalg.yield %a : f32
  }
  func.return
}
schedule.kernel @k {
  // expected-error@+1 {{@k has no linalg op 2}}
  schedule.block [0, 2] along [0, 0] by [4, 4]
}

// -----

// Nor such a loop.
func.func @k(%x: memref<8x4xf32>, %out: memref<8x4xf32>) {
  %t = memref.alloc() : memref<8x4xf32>
  linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
      ins(%x : memref<8x4xf32>) outs(%t : memref<8x4xf32>) {
  ^bb0(%a: f32, %b: f32):
    linalg.yield %a : f32
  }
  linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
      ins(%t : memref<8x4xf32>) outs(%out : memref<8x4xf32>) {
  ^bb0(%a: f32, %b: f32):
    linalg.yield %a : f32
  }
  func.return
}
schedule.kernel @k {
  // expected-error@+1 {{linalg op 1 has no loop 2, but 2}}
  schedule.block [0, 1] along [0, 2] by [4, 4]
}

// -----

// A reduction has no parts that could run by themselves.
func.func @k(%x: memref<8x4xf32>, %out: memref<4xf32>) {
  linalg.generic {indexing_maps = [affine_map<(j, i) -> (i, j)>, affine_map<(j, i) -> (j)>], iterator_types = ["parallel", "reduction"]}
      ins(%x : memref<8x4xf32>) outs(%out : memref<4xf32>) {
  ^bb0(%a: f32, %b: f32):
    %s = arith.addf %a, %b : f32
    linalg.yield %s : f32
  }
  func.return
}
schedule.kernel @k {
  // expected-error@+1 {{loop 1 of linalg op 0 reduces: it cannot be blocked}}
  schedule.block [0] along [1] by [4]
}

// -----

// Block n of one op goes with block n of the others.
func.func @k(%x: memref<8x4xf32>, %out: memref<8x4xf32>) {
  %t = memref.alloc() : memref<8x4xf32>
  linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
      ins(%x : memref<8x4xf32>) outs(%t : memref<8x4xf32>) {
  ^bb0(%a: f32, %b: f32):
    linalg.yield %a : f32
  }
  linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
      ins(%t : memref<8x4xf32>) outs(%out : memref<8x4xf32>) {
  ^bb0(%a: f32, %b: f32):
    linalg.yield %a : f32
  }
  func.return
}
schedule.kernel @k {
  // expected-error@+1 {{the ops have different numbers of blocks: 2, 4}}
  schedule.block [0, 1] along [0, 0] by [4, 2]
}

// -----

// Rows here, columns there: block n of the second op reads what all blocks of the first write.
func.func @k(%x: memref<8x4xf32>, %out: memref<8x4xf32>) {
  %t = memref.alloc() : memref<8x4xf32>
  linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
      ins(%x : memref<8x4xf32>) outs(%t : memref<8x4xf32>) {
  ^bb0(%a: f32, %b: f32):
    linalg.yield %a : f32
  }
  linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
      ins(%t : memref<8x4xf32>) outs(%out : memref<8x4xf32>) {
  ^bb0(%a: f32, %b: f32):
    linalg.yield %a : f32
  }
  func.return
}
schedule.kernel @k {
  // expected-error@+1 {{the ops do not walk in step what one of them writes}}
  schedule.block [0, 1] along [0, 1] by [4, 2]
}

// -----

// A window of what another op of the block computes reaches into the next block.
func.func @k(%x: memref<9x4xf32>, %out: memref<8x4xf32>) {
  %t = memref.alloc() : memref<9x4xf32>
  "memref.copy"(%x, %t) : (memref<9x4xf32>, memref<9x4xf32>) -> ()
  linalg.generic {indexing_maps = [affine_map<(i, j) -> (i + 1, j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
      ins(%t : memref<9x4xf32>) outs(%out : memref<8x4xf32>) {
  ^bb0(%a: f32, %b: f32):
    linalg.yield %a : f32
  }
  func.return
}
schedule.kernel @k {
  // expected-error@+1 {{the ops have different numbers of blocks: 3, 2}}
  schedule.block [0, 1] along [0, 0] by [4, 4]
}

// -----

// The same with as many blocks.
func.func @k(%x: memref<9x4xf32>, %out: memref<8x4xf32>) {
  %t = memref.alloc() : memref<9x4xf32>
  "memref.copy"(%x, %t) : (memref<9x4xf32>, memref<9x4xf32>) -> ()
  linalg.generic {indexing_maps = [affine_map<(i, j) -> (i + 1, j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
      ins(%t : memref<9x4xf32>) outs(%out : memref<8x4xf32>) {
  ^bb0(%a: f32, %b: f32):
    linalg.yield %a : f32
  }
  func.return
}
schedule.kernel @k {
  // expected-error@+1 {{a block touches what another one writes}}
  schedule.block [0, 1] along [0, 0] by [5, 5]
}

// -----

// What stands between two ops would have to run for each block, too.
func.func @k(%x: memref<8x4xf32>, %out: memref<8x4xf32>) {
  %t = memref.alloc() : memref<8x4xf32>
  linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
      ins(%x : memref<8x4xf32>) outs(%t : memref<8x4xf32>) {
  ^bb0(%a: f32, %b: f32):
    linalg.yield %a : f32
  }
  "memref.copy"(%x, %out) : (memref<8x4xf32>, memref<8x4xf32>) -> ()
  linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
      ins(%t : memref<8x4xf32>) outs(%out : memref<8x4xf32>) {
  ^bb0(%a: f32, %b: f32):
    linalg.yield %a : f32
  }
  func.return
}
schedule.kernel @k {
  // expected-error@+1 {{linalg.generic does not come right after linalg.generic}}
  schedule.block [0, 2] along [0, 0] by [4, 4]
}
