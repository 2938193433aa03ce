// RUN: stepwell-opt %s -p apply-schedule --split-input-file --verify-diagnostics

schedule.kernel @other_type {
  %i, %j, %r = schedule.nest [0, 1] : 64, 64, 64
  %i_b, %i_f = schedule.tile %i by 16
  %j_b, %j_f = schedule.tile %j by 16
  %r_o, %r_i = schedule.tile %r by 16
  schedule.reorder %i_b, %j_b, %r_o, %i_f, %j_f, %r_i
  schedule.bind %i_b, %j_b to block
  schedule.cache [1] input 0 at %r_o pad 8
  schedule.cache [1] input 1 at %r_o pad 8
  // expected-error@+1 {{%i_f: its factors are multiplied as f16, not as bf16}}
  schedule.mma rows %i_f columns %j_f sums %r_i as bf16
}
func.func private @other_type(%a: memref<64x64xf16>, %b: memref<64x64xf16>, %y: memref<64x64xf32>) {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%y : memref<64x64xf32>)
  linalg.generic {indexing_maps = [affine_map<(i, j, r) -> (i, r)>, affine_map<(i, j, r) -> (r, j)>,
                                   affine_map<(i, j, r) -> (i, j)>],
                  iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<64x64xf16>, memref<64x64xf16>) outs(%y : memref<64x64xf32>) {
  ^bb0(%x: f16, %w: f16, %s: f32):
    %u = arith.extf %x : f16 to f32
    %v = arith.extf %w : f16 to f32
    %p = arith.mulf %u, %v : f32
    %t = arith.addf %s, %p : f32
    linalg.yield %t : f32
  }
  func.return
}

// -----

schedule.kernel @no_sum_of_products {
  %i, %j, %r = schedule.nest [0, 1] : 64, 64, 64
  %i_b, %i_f = schedule.tile %i by 16
  %j_b, %j_f = schedule.tile %j by 16
  %r_o, %r_i = schedule.tile %r by 16
  schedule.reorder %i_b, %j_b, %r_o, %i_f, %j_f, %r_i
  schedule.bind %i_b, %j_b to block
  schedule.cache [1] input 0 at %r_o pad 8
  schedule.cache [1] input 1 at %r_o pad 8
  // expected-error@+1 {{%i_f: tensor cores add products of two inputs, both of f16, bf16 or f32, in f32}}
  schedule.mma rows %i_f columns %j_f sums %r_i as f16
}
func.func private @no_sum_of_products(%a: memref<64x64xf16>, %b: memref<64x64xf16>, %y: memref<64x64xf32>) {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%y : memref<64x64xf32>)
  linalg.generic {indexing_maps = [affine_map<(i, j, r) -> (i, r)>, affine_map<(i, j, r) -> (r, j)>,
                                   affine_map<(i, j, r) -> (i, j)>],
                  iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<64x64xf16>, memref<64x64xf16>) outs(%y : memref<64x64xf32>) {
  ^bb0(%x: f16, %w: f16, %s: f32):
    %u = arith.extf %x : f16 to f32
    %v = arith.extf %w : f16 to f32
    %p = arith.addf %u, %v : f32
    %t = arith.addf %s, %p : f32
    linalg.yield %t : f32
  }
  func.return
}

// -----

schedule.kernel @rows_and_columns_swapped {
  %i, %j, %r = schedule.nest [0, 1] : 64, 64, 64
  %i_b, %i_f = schedule.tile %i by 16
  %j_b, %j_f = schedule.tile %j by 16
  %r_o, %r_i = schedule.tile %r by 16
  schedule.reorder %i_b, %j_b, %r_o, %i_f, %j_f, %r_i
  schedule.bind %i_b, %j_b to block
  schedule.cache [1] input 0 at %r_o pad 8
  schedule.cache [1] input 1 at %r_o pad 8
  // expected-error@+1 {{%j_f: rows move the first factor alone, columns the other one, sums both}}
  schedule.mma rows %j_f columns %i_f sums %r_i as f16
}
func.func private @rows_and_columns_swapped(%a: memref<64x64xf16>, %b: memref<64x64xf16>, %y: memref<64x64xf32>) {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%y : memref<64x64xf32>)
  linalg.generic {indexing_maps = [affine_map<(i, j, r) -> (i, r)>, affine_map<(i, j, r) -> (r, j)>,
                                   affine_map<(i, j, r) -> (i, j)>],
                  iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<64x64xf16>, memref<64x64xf16>) outs(%y : memref<64x64xf32>) {
  ^bb0(%x: f16, %w: f16, %s: f32):
    %u = arith.extf %x : f16 to f32
    %v = arith.extf %w : f16 to f32
    %p = arith.mulf %u, %v : f32
    %t = arith.addf %s, %p : f32
    linalg.yield %t : f32
  }
  func.return
}

// -----

schedule.kernel @rows_that_sum {
  %i, %j, %r = schedule.nest [0, 1] : 64, 64, 64
  %i_b, %i_f = schedule.tile %i by 16
  %j_b, %j_f = schedule.tile %j by 16
  %r_o, %r_i = schedule.tile %r by 16
  schedule.reorder %i_b, %j_b, %r_o, %i_f, %j_f, %r_i
  schedule.bind %i_b, %j_b to block
  schedule.cache [1] input 0 at %r_o pad 8
  schedule.cache [1] input 1 at %r_o pad 8
  // expected-error@+1 {{%r_i: sums are reductions, rows and columns are none}}
  schedule.mma rows %r_i columns %j_f sums %i_f as f16
}
func.func private @rows_that_sum(%a: memref<64x64xf16>, %b: memref<64x64xf16>, %y: memref<64x64xf32>) {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%y : memref<64x64xf32>)
  linalg.generic {indexing_maps = [affine_map<(i, j, r) -> (i, r)>, affine_map<(i, j, r) -> (r, j)>,
                                   affine_map<(i, j, r) -> (i, j)>],
                  iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<64x64xf16>, memref<64x64xf16>) outs(%y : memref<64x64xf32>) {
  ^bb0(%x: f16, %w: f16, %s: f32):
    %u = arith.extf %x : f16 to f32
    %v = arith.extf %w : f16 to f32
    %p = arith.mulf %u, %v : f32
    %t = arith.addf %s, %p : f32
    linalg.yield %t : f32
  }
  func.return
}

// -----

schedule.kernel @tiles_as_rows {
  %i, %j, %r = schedule.nest [0, 1] : 64, 64, 64
  %i_b, %i_f = schedule.tile %i by 4
  %j_b, %j_f = schedule.tile %j by 16
  %r_o, %r_i = schedule.tile %r by 16
  schedule.reorder %j_b, %i_f, %r_o, %i_b, %j_f, %r_i
  schedule.bind %j_b to block
  schedule.cache [1] input 0 at %r_o pad 8
  schedule.cache [1] input 1 at %r_o pad 8
  // expected-error@+1 {{%i_b: its iterations are not neighbours: name the loop inside of the tile}}
  schedule.mma rows %i_b columns %j_f sums %r_i as f16
}
func.func private @tiles_as_rows(%a: memref<64x64xf16>, %b: memref<64x64xf16>, %y: memref<64x64xf32>) {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%y : memref<64x64xf32>)
  linalg.generic {indexing_maps = [affine_map<(i, j, r) -> (i, r)>, affine_map<(i, j, r) -> (r, j)>,
                                   affine_map<(i, j, r) -> (i, j)>],
                  iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<64x64xf16>, memref<64x64xf16>) outs(%y : memref<64x64xf32>) {
  ^bb0(%x: f16, %w: f16, %s: f32):
    %u = arith.extf %x : f16 to f32
    %v = arith.extf %w : f16 to f32
    %p = arith.mulf %u, %v : f32
    %t = arith.addf %s, %p : f32
    linalg.yield %t : f32
  }
  func.return
}

// -----

schedule.kernel @half_a_fragment {
  %i, %j, %r = schedule.nest [0, 1] : 64, 64, 64
  %i_b, %i_f = schedule.tile %i by 8
  %j_b, %j_f = schedule.tile %j by 16
  %r_o, %r_i = schedule.tile %r by 16
  schedule.reorder %i_b, %j_b, %r_o, %i_f, %j_f, %r_i
  schedule.bind %i_b, %j_b to block
  schedule.cache [1] input 0 at %r_o pad 8
  schedule.cache [1] input 1 at %r_o pad 8
  // expected-error@+1 {{%i_f: a fragment has 16 iterations of these loops: tile by a multiple}}
  schedule.mma rows %i_f columns %j_f sums %r_i as f16
}
func.func private @half_a_fragment(%a: memref<64x64xf16>, %b: memref<64x64xf16>, %y: memref<64x64xf32>) {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%y : memref<64x64xf32>)
  linalg.generic {indexing_maps = [affine_map<(i, j, r) -> (i, r)>, affine_map<(i, j, r) -> (r, j)>,
                                   affine_map<(i, j, r) -> (i, j)>],
                  iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<64x64xf16>, memref<64x64xf16>) outs(%y : memref<64x64xf32>) {
  ^bb0(%x: f16, %w: f16, %s: f32):
    %u = arith.extf %x : f16 to f32
    %v = arith.extf %w : f16 to f32
    %p = arith.mulf %u, %v : f32
    %t = arith.addf %s, %p : f32
    linalg.yield %t : f32
  }
  func.return
}

// -----

schedule.kernel @twelve_columns {
  %i, %j, %r = schedule.nest [0, 1] : 64, 64, 64
  %i_b, %i_f = schedule.tile %i by 16
  %j_b, %j_f = schedule.tile %j by 12
  %r_o, %r_i = schedule.tile %r by 16
  schedule.reorder %i_b, %j_b, %r_o, %i_f, %j_f, %r_i
  schedule.bind %i_b, %j_b to block
  schedule.cache [1] input 0 at %r_o pad 8
  schedule.cache [1] input 1 at %r_o pad 8
  // expected-error@+1 {{%j_f: 8 of its iterations are a part of a fragment: tile it by a multiple}}
  schedule.mma rows %i_f columns %j_f sums %r_i as f16
}
func.func private @twelve_columns(%a: memref<64x64xf16>, %b: memref<64x64xf16>, %y: memref<64x64xf32>) {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%y : memref<64x64xf32>)
  linalg.generic {indexing_maps = [affine_map<(i, j, r) -> (i, r)>, affine_map<(i, j, r) -> (r, j)>,
                                   affine_map<(i, j, r) -> (i, j)>],
                  iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<64x64xf16>, memref<64x64xf16>) outs(%y : memref<64x64xf32>) {
  ^bb0(%x: f16, %w: f16, %s: f32):
    %u = arith.extf %x : f16 to f32
    %v = arith.extf %w : f16 to f32
    %p = arith.mulf %u, %v : f32
    %t = arith.addf %s, %p : f32
    linalg.yield %t : f32
  }
  func.return
}

// -----

schedule.kernel @too_many_sums {
  %i, %j, %r = schedule.nest [0, 1] : 256, 64, 64
  %i_b, %i_f = schedule.tile %i by 256
  %j_b, %j_f = schedule.tile %j by 64
  %r_o, %r_i = schedule.tile %r by 16
  schedule.reorder %i_b, %j_b, %r_o, %i_f, %j_f, %r_i
  schedule.bind %i_b, %j_b to block
  schedule.cache [1] input 0 at %r_o pad 8
  schedule.cache [1] input 1 at %r_o pad 8
  // expected-error@+1 {{%i_f: a warp keeps 64 fragments of sums at most: tile by less}}
  schedule.mma rows %i_f columns %j_f sums %r_i as f16
}
func.func private @too_many_sums(%a: memref<256x64xf16>, %b: memref<64x64xf16>, %y: memref<256x64xf32>) {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%y : memref<256x64xf32>)
  linalg.generic {indexing_maps = [affine_map<(i, j, r) -> (i, r)>, affine_map<(i, j, r) -> (r, j)>,
                                   affine_map<(i, j, r) -> (i, j)>],
                  iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<256x64xf16>, memref<64x64xf16>) outs(%y : memref<256x64xf32>) {
  ^bb0(%x: f16, %w: f16, %s: f32):
    %u = arith.extf %x : f16 to f32
    %v = arith.extf %w : f16 to f32
    %p = arith.mulf %u, %v : f32
    %t = arith.addf %s, %p : f32
    linalg.yield %t : f32
  }
  func.return
}

// -----

schedule.kernel @not_cached {
  %i, %j, %r = schedule.nest [0, 1] : 64, 64, 64
  %i_b, %i_f = schedule.tile %i by 16
  %j_b, %j_f = schedule.tile %j by 16
  %r_o, %r_i = schedule.tile %r by 16
  schedule.reorder %i_b, %j_b, %r_o, %i_f, %j_f, %r_i
  schedule.bind %i_b, %j_b to block
  schedule.cache [1] input 0 at %r_o pad 8
  // expected-error@+1 {{%i_f: input 1 is not in memory of the block, where warps read it: schedule.cache}}
  schedule.mma rows %i_f columns %j_f sums %r_i as f16
}
func.func private @not_cached(%a: memref<64x64xf16>, %b: memref<64x64xf16>, %y: memref<64x64xf32>) {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%y : memref<64x64xf32>)
  linalg.generic {indexing_maps = [affine_map<(i, j, r) -> (i, r)>, affine_map<(i, j, r) -> (r, j)>,
                                   affine_map<(i, j, r) -> (i, j)>],
                  iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<64x64xf16>, memref<64x64xf16>) outs(%y : memref<64x64xf32>) {
  ^bb0(%x: f16, %w: f16, %s: f32):
    %u = arith.extf %x : f16 to f32
    %v = arith.extf %w : f16 to f32
    %p = arith.mulf %u, %v : f32
    %t = arith.addf %s, %p : f32
    linalg.yield %t : f32
  }
  func.return
}

// -----

schedule.kernel @rows_that_start_anywhere {
  %i, %j, %r = schedule.nest [0, 1] : 64, 64, 64
  %i_b, %i_f = schedule.tile %i by 16
  %j_b, %j_f = schedule.tile %j by 16
  %r_o, %r_i = schedule.tile %r by 16
  schedule.reorder %i_b, %j_b, %r_o, %i_f, %j_f, %r_i
  schedule.bind %i_b, %j_b to block
  schedule.cache [1] input 0 at %r_o pad 8
  // expected-error@+1 {{%r_o: rows start at multiples of 16 bytes: pad by a multiple of 8}}
  schedule.cache [1] input 1 at %r_o pad 1
  schedule.mma rows %i_f columns %j_f sums %r_i as f16
}
func.func private @rows_that_start_anywhere(%a: memref<64x64xf16>, %b: memref<64x64xf16>, %y: memref<64x64xf32>) {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%y : memref<64x64xf32>)
  linalg.generic {indexing_maps = [affine_map<(i, j, r) -> (i, r)>, affine_map<(i, j, r) -> (r, j)>,
                                   affine_map<(i, j, r) -> (i, j)>],
                  iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<64x64xf16>, memref<64x64xf16>) outs(%y : memref<64x64xf32>) {
  ^bb0(%x: f16, %w: f16, %s: f32):
    %u = arith.extf %x : f16 to f32
    %v = arith.extf %w : f16 to f32
    %p = arith.mulf %u, %v : f32
    %t = arith.addf %s, %p : f32
    linalg.yield %t : f32
  }
  func.return
}

// -----

schedule.kernel @threads_for_warps {
  %i, %j, %r = schedule.nest [0, 1] : 64, 64, 64
  %i_b, %i_f = schedule.tile %i by 16
  %j_b, %j_f = schedule.tile %j by 16
  %j_t, %j_g = schedule.tile %j_f by 8
  %r_o, %r_i = schedule.tile %r by 16
  schedule.reorder %i_b, %j_b, %j_t, %r_o, %i_f, %j_g, %r_i
  schedule.bind %i_b, %j_b to block
  // expected-error@+1 {{%j_t: tensor cores are run by warps, as %i_f is: bind it to warp}}
  schedule.bind %j_t to thread
  schedule.cache [1] input 0 at %r_o pad 8
  schedule.cache [1] input 1 at %r_o pad 8
  schedule.mma rows %i_f columns %j_g sums %r_i as f16
}
func.func private @threads_for_warps(%a: memref<64x64xf16>, %b: memref<64x64xf16>, %y: memref<64x64xf32>) {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%y : memref<64x64xf32>)
  linalg.generic {indexing_maps = [affine_map<(i, j, r) -> (i, r)>, affine_map<(i, j, r) -> (r, j)>,
                                   affine_map<(i, j, r) -> (i, j)>],
                  iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<64x64xf16>, memref<64x64xf16>) outs(%y : memref<64x64xf32>) {
  ^bb0(%x: f16, %w: f16, %s: f32):
    %u = arith.extf %x : f16 to f32
    %v = arith.extf %w : f16 to f32
    %p = arith.mulf %u, %v : f32
    %t = arith.addf %s, %p : f32
    linalg.yield %t : f32
  }
  func.return
}

// -----

schedule.kernel @warps_for_threads {
  %i, %j, %r = schedule.nest [0, 1] : 64, 64, 64
  schedule.bind %i to block
  // expected-error@+1 {{%j: warps run tensor cores: say which loops with schedule.mma, or bind to thread}}
  schedule.bind %j to warp
}
func.func private @warps_for_threads(%a: memref<64x64xf16>, %b: memref<64x64xf16>, %y: memref<64x64xf32>) {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%y : memref<64x64xf32>)
  linalg.generic {indexing_maps = [affine_map<(i, j, r) -> (i, r)>, affine_map<(i, j, r) -> (r, j)>,
                                   affine_map<(i, j, r) -> (i, j)>],
                  iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<64x64xf16>, memref<64x64xf16>) outs(%y : memref<64x64xf32>) {
  ^bb0(%x: f16, %w: f16, %s: f32):
    %u = arith.extf %x : f16 to f32
    %v = arith.extf %w : f16 to f32
    %p = arith.mulf %u, %v : f32
    %t = arith.addf %s, %p : f32
    linalg.yield %t : f32
  }
  func.return
}

// -----

schedule.kernel @unrolled {
  %i, %j, %r = schedule.nest [0, 1] : 64, 64, 64
  %i_b, %i_f = schedule.tile %i by 16
  %j_b, %j_f = schedule.tile %j by 16
  %j_u, %j_g = schedule.tile %j_f by 8
  %r_o, %r_i = schedule.tile %r by 16
  schedule.reorder %i_b, %j_b, %r_o, %j_u, %i_f, %j_g, %r_i
  schedule.bind %i_b, %j_b to block
  schedule.cache [1] input 0 at %r_o pad 8
  schedule.cache [1] input 1 at %r_o pad 8
  schedule.unroll %j_u
  // expected-error@+1 {{%j_u: it is unrolled: the results of a nest are in fragments, or in registers}}
  schedule.mma rows %i_f columns %j_g sums %r_i as f16
}
func.func private @unrolled(%a: memref<64x64xf16>, %b: memref<64x64xf16>, %y: memref<64x64xf32>) {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%y : memref<64x64xf32>)
  linalg.generic {indexing_maps = [affine_map<(i, j, r) -> (i, r)>, affine_map<(i, j, r) -> (r, j)>,
                                   affine_map<(i, j, r) -> (i, j)>],
                  iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<64x64xf16>, memref<64x64xf16>) outs(%y : memref<64x64xf32>) {
  ^bb0(%x: f16, %w: f16, %s: f32):
    %u = arith.extf %x : f16 to f32
    %v = arith.extf %w : f16 to f32
    %p = arith.mulf %u, %v : f32
    %t = arith.addf %s, %p : f32
    linalg.yield %t : f32
  }
  func.return
}

// -----

schedule.kernel @neighbours_of_another_loop {
  %h, %i, %j, %r = schedule.nest [0, 1] : 2, 32, 16, 32
  %r_o, %r_i = schedule.tile %r by 16
  schedule.reorder %h, %r_o, %i, %j, %r_i
  schedule.bind %h to warp
  // expected-error@+1 {{%r_o: neighbours in the tile are neither of the last loop of a matrix nor of its sums}}
  schedule.cache [1] input 0 at %r_o straight pad 8
  schedule.cache [1] input 1 at %r_o pad 8
  schedule.mma rows %i columns %j sums %r_i as f16
}
func.func private @neighbours_of_another_loop(%a: memref<32x32x2xf16>, %b: memref<32x16xf16>, %y: memref<2x32x16xf32>) {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%y : memref<2x32x16xf32>)
  linalg.generic {indexing_maps = [affine_map<(h, i, j, r) -> (i, r, h)>, affine_map<(h, i, j, r) -> (r, j)>,
                                   affine_map<(h, i, j, r) -> (h, i, j)>],
                  iterator_types = ["parallel", "parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<32x32x2xf16>, memref<32x16xf16>) outs(%y : memref<2x32x16xf32>) {
  ^bb0(%x: f16, %w: f16, %s: f32):
    %u = arith.extf %x : f16 to f32
    %v = arith.extf %w : f16 to f32
    %p = arith.mulf %u, %v : f32
    %t = arith.addf %s, %p : f32
    linalg.yield %t : f32
  }
  func.return
}
