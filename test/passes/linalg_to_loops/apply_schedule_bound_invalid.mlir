// RUN: stepwell-opt %s -p apply-schedule --split-input-file --verify-diagnostics

schedule.kernel @no_threads {
  // expected-error@+1 {{no loop is bound to threads}}
  %i, %j, %r = schedule.nest [0, 1] : 32, 32, 32
  schedule.bind %i to block
}
func.func private @no_threads(%a: memref<32x32xf32>, %b: memref<32x32xf32>, %y: memref<32x32xf32>) {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%y : memref<32x32xf32>)
  linalg.generic {indexing_maps = [affine_map<(i, j, r) -> (i, r)>, affine_map<(i, j, r) -> (r, j)>,
                                   affine_map<(i, j, r) -> (i, j)>],
                  iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<32x32xf32>, memref<32x32xf32>) outs(%y : memref<32x32xf32>) {
  ^bb0(%x: f32, %w: f32, %s: f32):
    %p = arith.mulf %x, %w : f32
    %t = arith.addf %s, %p : f32
    linalg.yield %t : f32
  }
  func.return
}

// -----

schedule.kernel @sum_in_blocks {
  %i, %j, %r = schedule.nest [0, 1] : 32, 32, 32
  schedule.bind %j to thread
  // expected-error@+1 {{%r: blocks do not wait for each other, and all of its iterations add to one result}}
  schedule.bind %r to block
}
func.func private @sum_in_blocks(%a: memref<32x32xf32>, %b: memref<32x32xf32>, %y: memref<32x32xf32>) {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%y : memref<32x32xf32>)
  linalg.generic {indexing_maps = [affine_map<(i, j, r) -> (i, r)>, affine_map<(i, j, r) -> (r, j)>,
                                   affine_map<(i, j, r) -> (i, j)>],
                  iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<32x32xf32>, memref<32x32xf32>) outs(%y : memref<32x32xf32>) {
  ^bb0(%x: f32, %w: f32, %s: f32):
    %p = arith.mulf %x, %w : f32
    %t = arith.addf %s, %p : f32
    linalg.yield %t : f32
  }
  func.return
}

// -----

schedule.kernel @threads_around {
  %i, %j, %r = schedule.nest [0, 1] : 32, 32, 32
  // expected-error@+1 {{%i: the blocks cannot stand inside of the threads, %j}}
  schedule.reorder %j, %i, %r
  schedule.bind %i to block
  schedule.bind %j to thread
}
func.func private @threads_around(%a: memref<32x32xf32>, %b: memref<32x32xf32>, %y: memref<32x32xf32>) {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%y : memref<32x32xf32>)
  linalg.generic {indexing_maps = [affine_map<(i, j, r) -> (i, r)>, affine_map<(i, j, r) -> (r, j)>,
                                   affine_map<(i, j, r) -> (i, j)>],
                  iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<32x32xf32>, memref<32x32xf32>) outs(%y : memref<32x32xf32>) {
  ^bb0(%x: f32, %w: f32, %s: f32):
    %p = arith.mulf %x, %w : f32
    %t = arith.addf %s, %p : f32
    linalg.yield %t : f32
  }
  func.return
}

// -----

schedule.kernel @parallel_and_bound {
  %i, %j, %r = schedule.nest [0, 1] : 32, 32, 32
  // expected-error@+1 {{%i: it is in schedule.parallel, and the nest's loops are bound: one of the two}}
  schedule.reorder %j, %i, %r
  schedule.bind %j to thread
  schedule.parallel %i
}
func.func private @parallel_and_bound(%a: memref<32x32xf32>, %b: memref<32x32xf32>, %y: memref<32x32xf32>) {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%y : memref<32x32xf32>)
  linalg.generic {indexing_maps = [affine_map<(i, j, r) -> (i, r)>, affine_map<(i, j, r) -> (r, j)>,
                                   affine_map<(i, j, r) -> (i, j)>],
                  iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<32x32xf32>, memref<32x32xf32>) outs(%y : memref<32x32xf32>) {
  ^bb0(%x: f32, %w: f32, %s: f32):
    %p = arith.mulf %x, %w : f32
    %t = arith.addf %s, %p : f32
    linalg.yield %t : f32
  }
  func.return
}

// -----

schedule.kernel @lanes {
  %i, %j, %r = schedule.nest [0, 1] : 32, 32, 32
  // expected-error@+1 {{%j: a nest of blocks and threads has no lanes}}
  schedule.reorder %i, %r, %j
  schedule.bind %i to thread
  schedule.vectorize %j by 4
}
func.func private @lanes(%a: memref<32x32xf32>, %b: memref<32x32xf32>, %y: memref<32x32xf32>) {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%y : memref<32x32xf32>)
  linalg.generic {indexing_maps = [affine_map<(i, j, r) -> (i, r)>, affine_map<(i, j, r) -> (r, j)>,
                                   affine_map<(i, j, r) -> (i, j)>],
                  iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<32x32xf32>, memref<32x32xf32>) outs(%y : memref<32x32xf32>) {
  ^bb0(%x: f32, %w: f32, %s: f32):
    %p = arith.mulf %x, %w : f32
    %t = arith.addf %s, %p : f32
    linalg.yield %t : f32
  }
  func.return
}

// -----

schedule.kernel @unrolled_threads {
  %i, %j, %r = schedule.nest [0, 1] : 32, 32, 32
  // expected-error@+1 {{%j: it is unrolled: a bound loop is run by blocks or threads}}
  schedule.bind %j to thread
  schedule.unroll %j
}
func.func private @unrolled_threads(%a: memref<32x32xf32>, %b: memref<32x32xf32>, %y: memref<32x32xf32>) {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%y : memref<32x32xf32>)
  linalg.generic {indexing_maps = [affine_map<(i, j, r) -> (i, r)>, affine_map<(i, j, r) -> (r, j)>,
                                   affine_map<(i, j, r) -> (i, j)>],
                  iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<32x32xf32>, memref<32x32xf32>) outs(%y : memref<32x32xf32>) {
  ^bb0(%x: f32, %w: f32, %s: f32):
    %p = arith.mulf %x, %w : f32
    %t = arith.addf %s, %p : f32
    linalg.yield %t : f32
  }
  func.return
}

// -----

schedule.kernel @three_parts {
  %i, %j, %r = schedule.nest [0, 1] : 32, 32, 32
  %i_b, %i_x = schedule.tile %i by 12
  %i_i, %i_t = schedule.tile %i_x by 8
  // expected-error@+1 {{%i_b: tiles inside of a tile of blocks and threads divide it}}
  schedule.reorder %i_b, %j, %i_t, %r, %i_i
  schedule.bind %i_b, %j to block
  schedule.bind %i_t to thread
  schedule.unroll %i_i
}
func.func private @three_parts(%a: memref<32x32xf32>, %b: memref<32x32xf32>, %y: memref<32x32xf32>) {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%y : memref<32x32xf32>)
  linalg.generic {indexing_maps = [affine_map<(i, j, r) -> (i, r)>, affine_map<(i, j, r) -> (r, j)>,
                                   affine_map<(i, j, r) -> (i, j)>],
                  iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<32x32xf32>, memref<32x32xf32>) outs(%y : memref<32x32xf32>) {
  ^bb0(%x: f32, %w: f32, %s: f32):
    %p = arith.mulf %x, %w : f32
    %t = arith.addf %s, %p : f32
    linalg.yield %t : f32
  }
  func.return
}

// -----

schedule.kernel @no_power_of_two {
  %i, %j, %r = schedule.nest [0, 1] : 32, 32, 32
  %r_o, %r_t = schedule.tile %r by 12
  // expected-error@+1 {{%r_t: parts are combined in pairs: a power of two of threads, not 12}}
  schedule.reorder %i, %j, %r_t, %r_o
  schedule.bind %i, %j to block
  schedule.bind %r_t to thread
}
func.func private @no_power_of_two(%a: memref<32x32xf32>, %b: memref<32x32xf32>, %y: memref<32x32xf32>) {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%y : memref<32x32xf32>)
  linalg.generic {indexing_maps = [affine_map<(i, j, r) -> (i, r)>, affine_map<(i, j, r) -> (r, j)>,
                                   affine_map<(i, j, r) -> (i, j)>],
                  iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<32x32xf32>, memref<32x32xf32>) outs(%y : memref<32x32xf32>) {
  ^bb0(%x: f32, %w: f32, %s: f32):
    %p = arith.mulf %x, %w : f32
    %t = arith.addf %s, %p : f32
    linalg.yield %t : f32
  }
  func.return
}

// -----

schedule.kernel @cached_by_rows {
  %i, %j, %r = schedule.nest [0, 1] : 32, 32, 32
  schedule.bind %j to thread
  // expected-error@+1 {{%i: an input is cached in the iterations of a reduction that runs}}
  schedule.cache [1] input 0 at %i
}
func.func private @cached_by_rows(%a: memref<32x32xf32>, %b: memref<32x32xf32>, %y: memref<32x32xf32>) {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%y : memref<32x32xf32>)
  linalg.generic {indexing_maps = [affine_map<(i, j, r) -> (i, r)>, affine_map<(i, j, r) -> (r, j)>,
                                   affine_map<(i, j, r) -> (i, j)>],
                  iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<32x32xf32>, memref<32x32xf32>) outs(%y : memref<32x32xf32>) {
  ^bb0(%x: f32, %w: f32, %s: f32):
    %p = arith.mulf %x, %w : f32
    %t = arith.addf %s, %p : f32
    linalg.yield %t : f32
  }
  func.return
}

// -----

schedule.kernel @cached_of_the_fill {
  %i, %j, %r = schedule.nest [0, 1] : 32, 32, 32
  schedule.bind %j to thread
  // expected-error@+1 {{%r: the linalg op of its nest that is computed in registers is 1}}
  schedule.cache [0] input 0 at %r
}
func.func private @cached_of_the_fill(%a: memref<32x32xf32>, %b: memref<32x32xf32>, %y: memref<32x32xf32>) {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%y : memref<32x32xf32>)
  linalg.generic {indexing_maps = [affine_map<(i, j, r) -> (i, r)>, affine_map<(i, j, r) -> (r, j)>,
                                   affine_map<(i, j, r) -> (i, j)>],
                  iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<32x32xf32>, memref<32x32xf32>) outs(%y : memref<32x32xf32>) {
  ^bb0(%x: f32, %w: f32, %s: f32):
    %p = arith.mulf %x, %w : f32
    %t = arith.addf %s, %p : f32
    linalg.yield %t : f32
  }
  func.return
}

// -----

schedule.kernel @third_input {
  %i, %j, %r = schedule.nest [0, 1] : 32, 32, 32
  schedule.bind %j to thread
  // expected-error@+1 {{%r: linalg op 1 has 2 inputs}}
  schedule.cache [1] input 2 at %r
}
func.func private @third_input(%a: memref<32x32xf32>, %b: memref<32x32xf32>, %y: memref<32x32xf32>) {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%y : memref<32x32xf32>)
  linalg.generic {indexing_maps = [affine_map<(i, j, r) -> (i, r)>, affine_map<(i, j, r) -> (r, j)>,
                                   affine_map<(i, j, r) -> (i, j)>],
                  iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<32x32xf32>, memref<32x32xf32>) outs(%y : memref<32x32xf32>) {
  ^bb0(%x: f32, %w: f32, %s: f32):
    %p = arith.mulf %x, %w : f32
    %t = arith.addf %s, %p : f32
    linalg.yield %t : f32
  }
  func.return
}

// -----

schedule.kernel @cached_apart {
  %i, %j, %r = schedule.nest [0, 1] : 32, 32, 32
  %r_o, %r_i = schedule.tile %r by 8
  schedule.bind %j to thread
  schedule.cache [1] input 0 at %r_o
  // expected-error@+1 {{%r_i: another input is cached at %r_o: all are at one loop}}
  schedule.cache [1] input 1 at %r_i
}
func.func private @cached_apart(%a: memref<32x32xf32>, %b: memref<32x32xf32>, %y: memref<32x32xf32>) {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%y : memref<32x32xf32>)
  linalg.generic {indexing_maps = [affine_map<(i, j, r) -> (i, r)>, affine_map<(i, j, r) -> (r, j)>,
                                   affine_map<(i, j, r) -> (i, j)>],
                  iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<32x32xf32>, memref<32x32xf32>) outs(%y : memref<32x32xf32>) {
  ^bb0(%x: f32, %w: f32, %s: f32):
    %p = arith.mulf %x, %w : f32
    %t = arith.addf %s, %p : f32
    linalg.yield %t : f32
  }
  func.return
}

// -----

schedule.kernel @one_double {
  %i, %j, %r = schedule.nest [0, 1] : 32, 32, 32
  schedule.bind %j to thread
  schedule.cache [1] input 0 at %r
  // expected-error@+1 {{%r: all inputs that are cached are double, or none}}
  schedule.cache [1] input 1 at %r double
}
func.func private @one_double(%a: memref<32x32xf32>, %b: memref<32x32xf32>, %y: memref<32x32xf32>) {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%y : memref<32x32xf32>)
  linalg.generic {indexing_maps = [affine_map<(i, j, r) -> (i, r)>, affine_map<(i, j, r) -> (r, j)>,
                                   affine_map<(i, j, r) -> (i, j)>],
                  iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<32x32xf32>, memref<32x32xf32>) outs(%y : memref<32x32xf32>) {
  ^bb0(%x: f32, %w: f32, %s: f32):
    %p = arith.mulf %x, %w : f32
    %t = arith.addf %s, %p : f32
    linalg.yield %t : f32
  }
  func.return
}

// -----

schedule.kernel @sums_of_sums {
  %i, %j, %r = schedule.nest [0, 1] : 32, 32, 30
  %i_b, %i_x = schedule.tile %i by 16
  %j_b, %j_x = schedule.tile %j by 16
  %i_i, %i_t = schedule.tile %i_x by 8
  %j_i, %j_t = schedule.tile %j_x by 8
  %r_o, %r_i = schedule.tile %r by 8
  schedule.reorder %i_b, %j_b, %i_t, %j_t, %r_o, %r_i, %i_i, %j_i
  schedule.bind %i_b, %j_b to block
  schedule.bind %i_t, %j_t to thread
  // expected-error@+1 {{%r_o: its last tile is filled with zeros, which only a sum of products may add}}
  schedule.cache [1] input 0 at %r_o
  schedule.cache [1] input 1 at %r_o
  schedule.unroll %i_i, %j_i
}
func.func private @sums_of_sums(%a: memref<32x30xf32>, %b: memref<30x32xf32>, %y: memref<32x32xf32>) {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%y : memref<32x32xf32>)
  linalg.generic {indexing_maps = [affine_map<(i, j, r) -> (i, r)>, affine_map<(i, j, r) -> (r, j)>,
                                   affine_map<(i, j, r) -> (i, j)>],
                  iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<32x30xf32>, memref<30x32xf32>) outs(%y : memref<32x32xf32>) {
  ^bb0(%x: f32, %w: f32, %s: f32):
    %p = arith.addf %x, %w : f32
    %t = arith.addf %s, %p : f32
    linalg.yield %t : f32
  }
  func.return
}

// -----

schedule.kernel @half_cached {
  %i, %j, %r = schedule.nest [0, 1] : 32, 32, 30
  %i_b, %i_x = schedule.tile %i by 16
  %j_b, %j_x = schedule.tile %j by 16
  %i_i, %i_t = schedule.tile %i_x by 8
  %j_i, %j_t = schedule.tile %j_x by 8
  %r_o, %r_i = schedule.tile %r by 8
  schedule.reorder %i_b, %j_b, %i_t, %j_t, %r_o, %r_i, %i_i, %j_i
  schedule.bind %i_b, %j_b to block
  schedule.bind %i_t, %j_t to thread
  // expected-error@+1 {{%r_o: input 1 is not cached, and has no last tile that could be filled with zeros}}
  schedule.cache [1] input 0 at %r_o
  schedule.unroll %i_i, %j_i
}
func.func private @half_cached(%a: memref<32x30xf32>, %b: memref<30x32xf32>, %y: memref<32x32xf32>) {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%y : memref<32x32xf32>)
  linalg.generic {indexing_maps = [affine_map<(i, j, r) -> (i, r)>, affine_map<(i, j, r) -> (r, j)>,
                                   affine_map<(i, j, r) -> (i, j)>],
                  iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<32x30xf32>, memref<30x32xf32>) outs(%y : memref<32x32xf32>) {
  ^bb0(%x: f32, %w: f32, %s: f32):
    %p = arith.mulf %x, %w : f32
    %t = arith.addf %s, %p : f32
    linalg.yield %t : f32
  }
  func.return
}

// -----

schedule.kernel @two_widths {
  %i, %r = schedule.nest [0, 1] : 4, 64
  %r_o, %r_t = schedule.tile %r by 32
  schedule.reorder %i, %r_t, %r_o
  schedule.bind %i to block
  schedule.bind %r_t to thread
  %k, %j = schedule.nest [2] : 4, 64
  %j_o, %j_t = schedule.tile %j by 16
  schedule.reorder %k, %j_t, %j_o
  schedule.bind %k to block
  schedule.bind %j_t to thread
  // expected-error@+1 {{schedule.together: a block has one number of threads for all of its nests}}
  schedule.together %i, %k
}
func.func private @two_widths(%x: memref<4x64xf32>, %y: memref<4x64xf32>) {
  %zero = arith.constant 0.0 : f32
  %sum = memref.alloc() : memref<4xf32>
  linalg.fill ins(%zero : f32) outs(%sum : memref<4xf32>)
  linalg.generic {indexing_maps = [affine_map<(i, r) -> (i, r)>, affine_map<(i, r) -> (i)>],
                  iterator_types = ["parallel", "reduction"]}
      ins(%x : memref<4x64xf32>) outs(%sum : memref<4xf32>) {
  ^bb0(%v: f32, %s: f32):
    %t = arith.addf %s, %v : f32
    linalg.yield %t : f32
  }
  linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i)>, affine_map<(i, j) -> (i, j)>],
                  iterator_types = ["parallel", "parallel"]}
      ins(%x, %sum : memref<4x64xf32>, memref<4xf32>) outs(%y : memref<4x64xf32>) {
  ^bb0(%v: f32, %s: f32, %o: f32):
    %t = arith.divf %v, %s : f32
    linalg.yield %t : f32
  }
  func.return
}

// -----

// Each block would need the sums of all others.
schedule.kernel @meet {
  %i, %r = schedule.nest [0, 1] : 64, 64
  %r_o, %r_t = schedule.tile %r by 32
  schedule.reorder %i, %r_t, %r_o
  schedule.bind %i to block
  schedule.bind %r_t to thread
  %k, %j = schedule.nest [2] : 64, 64
  %j_o, %j_t = schedule.tile %j by 32
  schedule.reorder %k, %j_t, %j_o
  schedule.bind %k to block
  schedule.bind %j_t to thread
  // expected-error@+1 {{schedule.together: a block would touch what another one writes}}
  schedule.together %i, %k
}
func.func private @meet(%x: memref<64x64xf32>, %y: memref<64x64xf32>) {
  %zero = arith.constant 0.0 : f32
  %sum = memref.alloc() : memref<64xf32>
  linalg.fill ins(%zero : f32) outs(%sum : memref<64xf32>)
  linalg.generic {indexing_maps = [affine_map<(i, r) -> (i, r)>, affine_map<(i, r) -> (i)>],
                  iterator_types = ["parallel", "reduction"]}
      ins(%x : memref<64x64xf32>) outs(%sum : memref<64xf32>) {
  ^bb0(%v: f32, %s: f32):
    %t = arith.addf %s, %v : f32
    linalg.yield %t : f32
  }
  linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (j)>, affine_map<(i, j) -> (i, j)>],
                  iterator_types = ["parallel", "parallel"]}
      ins(%x, %sum : memref<64x64xf32>, memref<64xf32>) outs(%y : memref<64x64xf32>) {
  ^bb0(%v: f32, %s: f32, %o: f32):
    %t = arith.divf %v, %s : f32
    linalg.yield %t : f32
  }
  func.return
}

// -----

schedule.kernel @other_order {
  %i, %r = schedule.nest [0, 1] : 4, 64
  %r_o, %r_t = schedule.tile %r by 32
  schedule.reorder %i, %r_t, %r_o
  schedule.bind %i to block
  schedule.bind %r_t to thread
  %k, %j = schedule.nest [2] : 4, 64
  %j_o, %j_t = schedule.tile %j by 32
  schedule.reorder %k, %j_t, %j_o
  schedule.bind %k to block
  schedule.bind %j_t to thread
  // expected-error@+1 {{schedule.together: these nests do not follow one another, in this order}}
  schedule.together %k, %i
}
func.func private @other_order(%x: memref<4x64xf32>, %y: memref<4x64xf32>) {
  %zero = arith.constant 0.0 : f32
  %sum = memref.alloc() : memref<4xf32>
  linalg.fill ins(%zero : f32) outs(%sum : memref<4xf32>)
  linalg.generic {indexing_maps = [affine_map<(i, r) -> (i, r)>, affine_map<(i, r) -> (i)>],
                  iterator_types = ["parallel", "reduction"]}
      ins(%x : memref<4x64xf32>) outs(%sum : memref<4xf32>) {
  ^bb0(%v: f32, %s: f32):
    %t = arith.addf %s, %v : f32
    linalg.yield %t : f32
  }
  linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i)>, affine_map<(i, j) -> (i, j)>],
                  iterator_types = ["parallel", "parallel"]}
      ins(%x, %sum : memref<4x64xf32>, memref<4xf32>) outs(%y : memref<4x64xf32>) {
  ^bb0(%v: f32, %s: f32, %o: f32):
    %t = arith.divf %v, %s : f32
    linalg.yield %t : f32
  }
  func.return
}

// -----

schedule.kernel @not_blocks {
  %i, %r = schedule.nest [0, 1] : 4, 64
  %r_o, %r_t = schedule.tile %r by 32
  schedule.reorder %i, %r_t, %r_o
  schedule.bind %i to block
  schedule.bind %r_t to thread
  %k, %j = schedule.nest [2] : 4, 64
  %j_o, %j_t = schedule.tile %j by 32
  schedule.reorder %j_t, %k, %j_o
  schedule.bind %j_t to thread
  // expected-error@+1 {{schedule.together: each of the nests has one loop that is bound to block, of as many iterations as the others}}
  schedule.together %i, %k
}
func.func private @not_blocks(%x: memref<4x64xf32>, %y: memref<4x64xf32>) {
  %zero = arith.constant 0.0 : f32
  %sum = memref.alloc() : memref<4xf32>
  linalg.fill ins(%zero : f32) outs(%sum : memref<4xf32>)
  linalg.generic {indexing_maps = [affine_map<(i, r) -> (i, r)>, affine_map<(i, r) -> (i)>],
                  iterator_types = ["parallel", "reduction"]}
      ins(%x : memref<4x64xf32>) outs(%sum : memref<4xf32>) {
  ^bb0(%v: f32, %s: f32):
    %t = arith.addf %s, %v : f32
    linalg.yield %t : f32
  }
  linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i)>, affine_map<(i, j) -> (i, j)>],
                  iterator_types = ["parallel", "parallel"]}
      ins(%x, %sum : memref<4x64xf32>, memref<4xf32>) outs(%y : memref<4x64xf32>) {
  ^bb0(%v: f32, %s: f32, %o: f32):
    %t = arith.divf %v, %s : f32
    linalg.yield %t : f32
  }
  func.return
}
