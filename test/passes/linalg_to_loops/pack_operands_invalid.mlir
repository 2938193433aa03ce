// RUN: stepwell-opt %s -p "pack-operands,apply-schedule" --split-input-file --verify-diagnostics

// expected-error@+1 {{there is no function @nobody to schedule}}
schedule.kernel @nobody {
  schedule.pack [0] input 0 outer_dims_perm = [0] inner_dims_pos = [0] inner_tiles = [4]
}

// -----

func.func @one(%x: memref<8xf32>) {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%x : memref<8xf32>)
  func.return
}
schedule.kernel @one {
  // expected-error@+1 {{@one has no linalg op 3}}
  schedule.pack [3] input 0 outer_dims_perm = [0] inner_dims_pos = [0] inner_tiles = [4]
  schedule.nest [0] : 8
}

// -----

func.func @a_fill(%x: memref<8xf32>) {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%x : memref<8xf32>)
  func.return
}
schedule.kernel @a_fill {
  // expected-error@+1 {{linalg op 0 has no input 0}}
  schedule.pack [0] input 0 outer_dims_perm = [0] inner_dims_pos = [0] inner_tiles = [4]
  schedule.nest [0] : 8
}

// -----

func.func @rank(%x: memref<8xf32>, %y: memref<8xf32>) {
  linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
      ins(%x : memref<8xf32>) outs(%y : memref<8xf32>) {
  ^bb0(%a: f32, %o: f32):
    linalg.yield %a : f32
  }
  func.return
}
schedule.kernel @rank {
  // expected-error@+1 {{it is for 2 dimensions, but the input is a memref<8xf32>}}
  schedule.pack [0] input 0 outer_dims_perm = [1, 0] inner_dims_pos = [1] inner_tiles = [4]
  %i = schedule.nest [0] : 8
}

// -----

// Tiles of 6 do not end where panels of 4 do.
func.func @crossing(%x: memref<3x24xf32>, %y: memref<3x24xf32>) {
  // expected-error@+1 {{a loop over panels of 4 takes steps of 6}}
  linalg.generic {indexing_maps = [affine_map<(i, j) -> (j, i)>, affine_map<(i, j) -> (j, i)>],
                  iterator_types = ["parallel", "parallel"]} ins(%x : memref<3x24xf32>) outs(%y : memref<3x24xf32>) {
  ^bb0(%a: f32, %o: f32):
    linalg.yield %a : f32
  }
  func.return
}
schedule.kernel @crossing {
  schedule.pack [0] input 0 outer_dims_perm = [1, 0] inner_dims_pos = [1] inner_tiles = [4]
  %i, %j = schedule.nest [0] : 24, 3
  %o, %p = schedule.tile %i by 6
}

// -----

// Lanes that reach into the next panel.
func.func @lanes(%x: memref<3x24xf32>, %y: memref<3x24xf32>) {
  // expected-error@+1 {{a vector of 8 lanes crosses panels of 4}}
  linalg.generic {indexing_maps = [affine_map<(i, j) -> (j, i)>, affine_map<(i, j) -> (j, i)>],
                  iterator_types = ["parallel", "parallel"]} ins(%x : memref<3x24xf32>) outs(%y : memref<3x24xf32>) {
  ^bb0(%a: f32, %o: f32):
    linalg.yield %a : f32
  }
  func.return
}
schedule.kernel @lanes {
  schedule.pack [0] input 0 outer_dims_perm = [1, 0] inner_dims_pos = [1] inner_tiles = [4]
  %i, %j = schedule.nest [0] : 24, 3
  schedule.reorder %j, %i
  schedule.vectorize %i by 8
}
