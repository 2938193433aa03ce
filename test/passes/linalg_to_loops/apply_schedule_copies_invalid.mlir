// RUN: stepwell-opt %s -p apply-schedule --split-input-file --verify-diagnostics

// Copies that cannot be made as the schedule says.

// Row 1 of %b starts at 30, which is no multiple of 4.
schedule.kernel @unaligned {
  %i, %j, %r = schedule.nest [0, 1] : 32, 30, 32
  %i_b, %i_x = schedule.tile %i by 16
  %j_b, %j_x = schedule.tile %j by 16
  %i_i, %i_t = schedule.tile %i_x by 8
  %j_i, %j_t = schedule.tile %j_x by 8
  %r_o, %r_i = schedule.tile %r by 8
  schedule.reorder %i_b, %j_b, %i_t, %j_t, %r_o, %r_i, %i_i, %j_i
  schedule.bind %i_b, %j_b to block
  schedule.bind %i_t, %j_t to thread
  schedule.cache [1] input 0 at %r_o
  // expected-error@+1 {{%r_o: 4 neighbours are moved at once where rows and tiles start at multiples of that many; here it is 2}}
  schedule.cache [1] input 1 at %r_o by 4
  schedule.unroll %i_i, %j_i
}
func.func private @unaligned(%a: memref<32x32xf32>, %b: memref<32x30xf32>, %y: memref<32x30xf32>) {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%y : memref<32x30xf32>)
  linalg.generic {indexing_maps = [affine_map<(i, j, r) -> (i, r)>, affine_map<(i, j, r) -> (r, j)>,
                                   affine_map<(i, j, r) -> (i, j)>],
                  iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<32x32xf32>, memref<32x30xf32>) outs(%y : memref<32x30xf32>) {
  ^bb0(%x: f32, %w: f32, %s: f32):
    %p = arith.mulf %x, %w : f32
    %t = arith.addf %s, %p : f32
    linalg.yield %t : f32
  }
  func.return
}

// -----

// Tiles of 6 sums start at 6.
schedule.kernel @short_tiles {
  %i, %j, %r = schedule.nest [0, 1] : 32, 32, 36
  %i_b, %i_x = schedule.tile %i by 16
  %j_b, %j_x = schedule.tile %j by 16
  %i_i, %i_t = schedule.tile %i_x by 8
  %j_i, %j_t = schedule.tile %j_x by 8
  %r_o, %r_i = schedule.tile %r by 6
  schedule.reorder %i_b, %j_b, %i_t, %j_t, %r_o, %r_i, %i_i, %j_i
  schedule.bind %i_b, %j_b to block
  schedule.bind %i_t, %j_t to thread
  // expected-error@+1 {{here it is 6}}
  schedule.cache [1] input 0 at %r_o by 4
  schedule.cache [1] input 1 at %r_o
  schedule.unroll %i_i, %j_i
}
func.func private @short_tiles(%a: memref<32x36xf32>, %b: memref<36x32xf32>, %y: memref<32x32xf32>) {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%y : memref<32x32xf32>)
  linalg.generic {indexing_maps = [affine_map<(i, j, r) -> (i, r)>, affine_map<(i, j, r) -> (r, j)>,
                                   affine_map<(i, j, r) -> (i, j)>],
                  iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<32x36xf32>, memref<36x32xf32>) outs(%y : memref<32x32xf32>) {
  ^bb0(%x: f32, %w: f32, %s: f32):
    %p = arith.mulf %x, %w : f32
    %t = arith.addf %s, %p : f32
    linalg.yield %t : f32
  }
  func.return
}

// -----

// %a's neighbours lie 2 apart.
schedule.kernel @far {
  %i, %j, %r = schedule.nest [0, 1] : 32, 32, 32
  %i_b, %i_x = schedule.tile %i by 16
  %j_b, %j_x = schedule.tile %j by 16
  %i_i, %i_t = schedule.tile %i_x by 8
  %j_i, %j_t = schedule.tile %j_x by 8
  %r_o, %r_i = schedule.tile %r by 8
  schedule.reorder %i_b, %j_b, %i_t, %j_t, %r_o, %r_i, %i_i, %j_i
  schedule.bind %i_b, %j_b to block
  schedule.bind %i_t, %j_t to thread
  // expected-error@+1 {{here it is 1}}
  schedule.cache [1] input 0 at %r_o by 2
  schedule.cache [1] input 1 at %r_o
  schedule.unroll %i_i, %j_i
}
func.func private @far(%a: memref<32x32xf32, strided<[64, 2]>>, %b: memref<32x32xf32>, %y: memref<32x32xf32>) {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%y : memref<32x32xf32>)
  linalg.generic {indexing_maps = [affine_map<(i, j, r) -> (i, r)>, affine_map<(i, j, r) -> (r, j)>,
                                   affine_map<(i, j, r) -> (i, j)>],
                  iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<32x32xf32, strided<[64, 2]>>, memref<32x32xf32>) outs(%y : memref<32x32xf32>) {
  ^bb0(%x: f32, %w: f32, %s: f32):
    %p = arith.mulf %x, %w : f32
    %t = arith.addf %s, %p : f32
    linalg.yield %t : f32
  }
  func.return
}

// -----

// It is not known where %a begins.
schedule.kernel @anywhere {
  %i, %j, %r = schedule.nest [0, 1] : 32, 32, 32
  %i_b, %i_x = schedule.tile %i by 16
  %j_b, %j_x = schedule.tile %j by 16
  %i_i, %i_t = schedule.tile %i_x by 8
  %j_i, %j_t = schedule.tile %j_x by 8
  %r_o, %r_i = schedule.tile %r by 8
  schedule.reorder %i_b, %j_b, %i_t, %j_t, %r_o, %r_i, %i_i, %j_i
  schedule.bind %i_b, %j_b to block
  schedule.bind %i_t, %j_t to thread
  // expected-error@+1 {{here it is 1}}
  schedule.cache [1] input 0 at %r_o by 4
  schedule.cache [1] input 1 at %r_o
  schedule.unroll %i_i, %j_i
}
func.func private @anywhere(%a: memref<32x32xf32, strided<[32, 1], offset: ?>>, %b: memref<32x32xf32>, %y: memref<32x32xf32>) {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%y : memref<32x32xf32>)
  linalg.generic {indexing_maps = [affine_map<(i, j, r) -> (i, r)>, affine_map<(i, j, r) -> (r, j)>,
                                   affine_map<(i, j, r) -> (i, j)>],
                  iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<32x32xf32, strided<[32, 1], offset: ?>>, memref<32x32xf32>) outs(%y : memref<32x32xf32>) {
  ^bb0(%x: f32, %w: f32, %s: f32):
    %p = arith.mulf %x, %w : f32
    %t = arith.addf %s, %p : f32
    linalg.yield %t : f32
  }
  func.return
}

// -----

// %a begins at element 2.
schedule.kernel @begins {
  %i, %j, %r = schedule.nest [0, 1] : 32, 32, 32
  %i_b, %i_x = schedule.tile %i by 16
  %j_b, %j_x = schedule.tile %j by 16
  %i_i, %i_t = schedule.tile %i_x by 8
  %j_i, %j_t = schedule.tile %j_x by 8
  %r_o, %r_i = schedule.tile %r by 8
  schedule.reorder %i_b, %j_b, %i_t, %j_t, %r_o, %r_i, %i_i, %j_i
  schedule.bind %i_b, %j_b to block
  schedule.bind %i_t, %j_t to thread
  // expected-error@+1 {{here it is 2}}
  schedule.cache [1] input 0 at %r_o by 4
  schedule.cache [1] input 1 at %r_o
  schedule.unroll %i_i, %j_i
}
func.func private @begins(%a: memref<32x32xf32, strided<[32, 1], offset: 2>>, %b: memref<32x32xf32>, %y: memref<32x32xf32>) {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%y : memref<32x32xf32>)
  linalg.generic {indexing_maps = [affine_map<(i, j, r) -> (i, r)>, affine_map<(i, j, r) -> (r, j)>,
                                   affine_map<(i, j, r) -> (i, j)>],
                  iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<32x32xf32, strided<[32, 1], offset: 2>>, memref<32x32xf32>) outs(%y : memref<32x32xf32>) {
  ^bb0(%x: f32, %w: f32, %s: f32):
    %p = arith.mulf %x, %w : f32
    %t = arith.addf %s, %p : f32
    linalg.yield %t : f32
  }
  func.return
}

// -----

// The windows of a row start at each of its pixels.
schedule.kernel @windows {
  %h, %w, %f, %s, %c = schedule.nest [0, 1] : 8, 8, 16, 3, 16
  %c_o, %c_i = schedule.tile %c by 4
  schedule.reorder %h, %w, %f, %s, %c_o, %c_i
  schedule.bind %h to block
  schedule.bind %w, %f to thread
  // expected-error@+1 {{here it is 1}}
  schedule.cache [1] input 0 at %c_o by 4
  schedule.cache [1] input 1 at %c_o
}
func.func private @windows(%x: memref<16x8x10xf32>, %k: memref<3x16x16xf32>, %y: memref<8x8x16xf32>) {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%y : memref<8x8x16xf32>)
  linalg.generic {indexing_maps = [affine_map<(h, w, f, s, c) -> (c, h, w + s)>,
                                   affine_map<(h, w, f, s, c) -> (s, c, f)>,
                                   affine_map<(h, w, f, s, c) -> (h, w, f)>],
                  iterator_types = ["parallel", "parallel", "parallel", "reduction", "reduction"]}
      ins(%x, %k : memref<16x8x10xf32>, memref<3x16x16xf32>) outs(%y : memref<8x8x16xf32>) {
  ^bb0(%a: f32, %b: f32, %s: f32):
    %p = arith.mulf %a, %b : f32
    %t = arith.addf %s, %p : f32
    linalg.yield %t : f32
  }
  func.return
}

// -----

schedule.kernel @too_many {
  %i, %j, %r = schedule.nest [0, 1] : 32, 32, 32
  %i_b, %i_x = schedule.tile %i by 16
  %j_b, %j_x = schedule.tile %j by 16
  %i_i, %i_t = schedule.tile %i_x by 8
  %j_i, %j_t = schedule.tile %j_x by 8
  %r_o, %r_i = schedule.tile %r by 8
  schedule.reorder %i_b, %j_b, %i_t, %j_t, %r_o, %r_i, %i_i, %j_i
  schedule.bind %i_b, %j_b to block
  schedule.bind %i_t, %j_t to thread
  schedule.cache [1] input 0 at %r_o
  // expected-error@+1 {{a thread moves 16 bytes at once at most, not 32}}
  schedule.cache [1] input 1 at %r_o by 8
  schedule.unroll %i_i, %j_i
}
func.func private @too_many(%a: memref<32x32xf32>, %b: memref<32x32xf32>, %y: memref<32x32xf32>) {
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

schedule.kernel @a_half {
  %i, %j, %r = schedule.nest [0, 1] : 32, 32, 32
  %i_b, %i_x = schedule.tile %i by 16
  %j_b, %j_x = schedule.tile %j by 16
  %i_i, %i_t = schedule.tile %i_x by 8
  %j_i, %j_t = schedule.tile %j_x by 8
  %r_o, %r_i = schedule.tile %r by 8
  schedule.reorder %i_b, %j_b, %i_t, %j_t, %r_o, %r_i, %i_i, %j_i
  schedule.bind %i_b, %j_b to block
  schedule.bind %i_t, %j_t to thread
  // expected-error@+1 {{the device copies 4, 8, 16 bytes at once, not 2: it says `by`}}
  schedule.cache [1] input 0 at %r_o stages 3 pad 1
  schedule.cache [1] input 1 at %r_o stages 3 by 8
  schedule.unroll %i_i, %j_i
}
func.func private @a_half(%a: memref<32x32xf16>, %b: memref<32x32xf16>, %y: memref<32x32xf32>) {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%y : memref<32x32xf32>)
  linalg.generic {indexing_maps = [affine_map<(i, j, r) -> (i, r)>, affine_map<(i, j, r) -> (r, j)>,
                                   affine_map<(i, j, r) -> (i, j)>],
                  iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<32x32xf16>, memref<32x32xf16>) outs(%y : memref<32x32xf32>) {
  ^bb0(%x: f16, %w: f16, %s: f32):
    %xe = arith.extf %x : f16 to f32
    %we = arith.extf %w : f16 to f32
    %p = arith.mulf %xe, %we : f32
    %t = arith.addf %s, %p : f32
    linalg.yield %t : f32
  }
  func.return
}

// -----

schedule.kernel @across {
  %i, %j, %r = schedule.nest [0, 1] : 32, 32, 32
  %i_b, %i_x = schedule.tile %i by 16
  %j_b, %j_x = schedule.tile %j by 16
  %i_i, %i_t = schedule.tile %i_x by 8
  %j_i, %j_t = schedule.tile %j_x by 8
  %r_o, %r_i = schedule.tile %r by 8
  schedule.reorder %i_b, %j_b, %i_t, %j_t, %r_o, %r_i, %i_i, %j_i
  schedule.bind %i_b, %j_b to block
  schedule.bind %i_t, %j_t to thread
  // expected-error@+1 {{the device copies neighbours to neighbours: `straight`, rows padded by as many}}
  schedule.cache [1] input 0 at %r_o stages 3 by 4
  schedule.cache [1] input 1 at %r_o stages 3
  schedule.unroll %i_i, %j_i
}
func.func private @across(%a: memref<32x32xf32>, %b: memref<32x32xf32>, %y: memref<32x32xf32>) {
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

schedule.kernel @padded {
  %i, %j, %r = schedule.nest [0, 1] : 32, 32, 32
  %i_b, %i_x = schedule.tile %i by 16
  %j_b, %j_x = schedule.tile %j by 16
  %i_i, %i_t = schedule.tile %i_x by 8
  %j_i, %j_t = schedule.tile %j_x by 8
  %r_o, %r_i = schedule.tile %r by 8
  schedule.reorder %i_b, %j_b, %i_t, %j_t, %r_o, %r_i, %i_i, %j_i
  schedule.bind %i_b, %j_b to block
  schedule.bind %i_t, %j_t to thread
  // expected-error@+1 {{rows padded by as many}}
  schedule.cache [1] input 0 at %r_o stages 3 by 4 straight pad 1
  schedule.cache [1] input 1 at %r_o stages 3
  schedule.unroll %i_i, %j_i
}
func.func private @padded(%a: memref<32x32xf32>, %b: memref<32x32xf32>, %y: memref<32x32xf32>) {
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

schedule.kernel @other_stages {
  %i, %j, %r = schedule.nest [0, 1] : 32, 32, 32
  %i_b, %i_x = schedule.tile %i by 16
  %j_b, %j_x = schedule.tile %j by 16
  %i_i, %i_t = schedule.tile %i_x by 8
  %j_i, %j_t = schedule.tile %j_x by 8
  %r_o, %r_i = schedule.tile %r by 8
  schedule.reorder %i_b, %j_b, %i_t, %j_t, %r_o, %r_i, %i_i, %j_i
  schedule.bind %i_b, %j_b to block
  schedule.bind %i_t, %j_t to thread
  schedule.cache [1] input 0 at %r_o stages 3
  // expected-error@+1 {{%r_o: all inputs that are cached have as many stages}}
  schedule.cache [1] input 1 at %r_o stages 2
  schedule.unroll %i_i, %j_i
}
func.func private @other_stages(%a: memref<32x32xf32>, %b: memref<32x32xf32>, %y: memref<32x32xf32>) {
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
