// RUN: stepwell-opt %s -p apply-schedule --split-input-file --verify-diagnostics

func.func @dynamic(%x: memref<?xf32>) {
  %zero = arith.constant 0.0 : f32
  // expected-error@+1 {{memref<?xf32> has no static shape and strides}}
  linalg.fill ins(%zero : f32) outs(%x : memref<?xf32>)
  func.return
}

// -----

func.func @tensors(%x: tensor<4xf32>, %e: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error@+1 {{linalg.generic must be on memrefs}}
  %y = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
      ins(%x : tensor<4xf32>) outs(%e : tensor<4xf32>) {
  ^bb0(%a: f32, %o: f32):
    linalg.yield %a : f32
  } -> tensor<4xf32>
  func.return %y : tensor<4xf32>
}

// -----

func.func @not_linear(%x: memref<2xf32>, %out: memref<4xf32>) {
  // expected-error@+1 {{is not linear}}
  linalg.generic {indexing_maps = [affine_map<(i) -> (i floordiv 2)>, affine_map<(i) -> (i)>],
                  iterator_types = ["parallel"]} ins(%x : memref<2xf32>) outs(%out : memref<4xf32>) {
  ^bb0(%a: f32, %o: f32):
    linalg.yield %a : f32
  }
  func.return
}

// -----

// expected-error@+1 {{@no_schedule has no schedule}}
func.func @no_schedule(%x: memref<4xf32>) {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%x : memref<4xf32>)
  func.return
}

// -----

// A schedule that does not fit its kernel is refused, with the reason, where it is written.
schedule.kernel @dense {
  // expected-error@+1 {{the loops have other extents: [8, 32, 64], or with neighbours merged [8, 32, 64]}}
  %i, %j, %r = schedule.nest [0, 1] : 8, 32, 65
}
func.func @dense(%a: memref<8x64xf32>, %b: memref<64x32xf32>, %out: memref<8x32xf32>) {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%out : memref<8x32xf32>)
  linalg.generic {indexing_maps = [affine_map<(i, j, k) -> (i, k)>, affine_map<(i, j, k) -> (k, j)>,
                                   affine_map<(i, j, k) -> (i, j)>],
                  iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<8x64xf32>, memref<64x32xf32>) outs(%out : memref<8x32xf32>) {
  ^bb0(%l: f32, %r: f32, %acc: f32):
    %p = arith.mulf %l, %r : f32
    %s = arith.addf %acc, %p : f32
    linalg.yield %s : f32
  }
  func.return
}

// -----

schedule.kernel @dense {
  // expected-error@+1 {{the loops have other extents: [8, 32, 64], or with neighbours merged [8, 32, 64]}}
  %i, %r = schedule.nest [0, 1] : 256, 64
}
func.func @dense(%a: memref<8x64xf32>, %b: memref<64x32xf32>, %out: memref<8x32xf32>) {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%out : memref<8x32xf32>)
  linalg.generic {indexing_maps = [affine_map<(i, j, k) -> (i, k)>, affine_map<(i, j, k) -> (k, j)>,
                                   affine_map<(i, j, k) -> (i, j)>],
                  iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<8x64xf32>, memref<64x32xf32>) outs(%out : memref<8x32xf32>) {
  ^bb0(%l: f32, %r: f32, %acc: f32):
    %p = arith.mulf %l, %r : f32
    %s = arith.addf %acc, %p : f32
    linalg.yield %s : f32
  }
  func.return
}

// -----

schedule.kernel @dense {
  // expected-error@+1 {{@dense has no linalg op 7; they are 0 to 1}}
  %i, %j, %r = schedule.nest [0, 7] : 8, 32, 64
}
func.func @dense(%a: memref<8x64xf32>, %b: memref<64x32xf32>, %out: memref<8x32xf32>) {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%out : memref<8x32xf32>)
  linalg.generic {indexing_maps = [affine_map<(i, j, k) -> (i, k)>, affine_map<(i, j, k) -> (k, j)>,
                                   affine_map<(i, j, k) -> (i, j)>],
                  iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<8x64xf32>, memref<64x32xf32>) outs(%out : memref<8x32xf32>) {
  ^bb0(%l: f32, %r: f32, %acc: f32):
    %p = arith.mulf %l, %r : f32
    %s = arith.addf %acc, %p : f32
    linalg.yield %s : f32
  }
  func.return
}

// -----

// expected-error@+1 {{linalg op 0 (linalg.fill) is in no schedule.nest}}
schedule.kernel @dense {
  %i, %j, %r = schedule.nest [1] : 8, 32, 64
}
func.func @dense(%a: memref<8x64xf32>, %b: memref<64x32xf32>, %out: memref<8x32xf32>) {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%out : memref<8x32xf32>)
  linalg.generic {indexing_maps = [affine_map<(i, j, k) -> (i, k)>, affine_map<(i, j, k) -> (k, j)>,
                                   affine_map<(i, j, k) -> (i, j)>],
                  iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<8x64xf32>, memref<64x32xf32>) outs(%out : memref<8x32xf32>) {
  ^bb0(%l: f32, %r: f32, %acc: f32):
    %p = arith.mulf %l, %r : f32
    %s = arith.addf %acc, %p : f32
    linalg.yield %s : f32
  }
  func.return
}

// -----

schedule.kernel @dense {
  %i, %j, %r = schedule.nest [0, 1] : 8, 32, 64
  // expected-error@+1 {{%r: all of its iterations add to the same results, so threads cannot share them}}
  schedule.parallel %i, %r
}
func.func @dense(%a: memref<8x64xf32>, %b: memref<64x32xf32>, %out: memref<8x32xf32>) {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%out : memref<8x32xf32>)
  linalg.generic {indexing_maps = [affine_map<(i, j, k) -> (i, k)>, affine_map<(i, j, k) -> (k, j)>,
                                   affine_map<(i, j, k) -> (i, j)>],
                  iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<8x64xf32>, memref<64x32xf32>) outs(%out : memref<8x32xf32>) {
  ^bb0(%l: f32, %r: f32, %acc: f32):
    %p = arith.mulf %l, %r : f32
    %s = arith.addf %acc, %p : f32
    linalg.yield %s : f32
  }
  func.return
}

// -----

schedule.kernel @dense {
  %i, %j, %r = schedule.nest [0, 1] : 8, 32, 64
  // expected-error@+1 {{%i: neighbours along it are not neighbours in memory}}
  schedule.vectorize %i by 8
}
func.func @dense(%a: memref<8x64xf32>, %b: memref<64x32xf32>, %out: memref<8x32xf32>) {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%out : memref<8x32xf32>)
  linalg.generic {indexing_maps = [affine_map<(i, j, k) -> (i, k)>, affine_map<(i, j, k) -> (k, j)>,
                                   affine_map<(i, j, k) -> (i, j)>],
                  iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<8x64xf32>, memref<64x32xf32>) outs(%out : memref<8x32xf32>) {
  ^bb0(%l: f32, %r: f32, %acc: f32):
    %p = arith.mulf %l, %r : f32
    %s = arith.addf %acc, %p : f32
    linalg.yield %s : f32
  }
  func.return
}

// -----

schedule.kernel @dense {
  %i, %j, %r = schedule.nest [0, 1] : 8, 32, 64
  // expected-error@+1 {{%r: neighbours along it are not neighbours in memory}}
  schedule.vectorize %r by 8
}
func.func @dense(%a: memref<8x64xf32>, %b: memref<64x32xf32>, %out: memref<8x32xf32>) {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%out : memref<8x32xf32>)
  linalg.generic {indexing_maps = [affine_map<(i, j, k) -> (i, k)>, affine_map<(i, j, k) -> (k, j)>,
                                   affine_map<(i, j, k) -> (i, j)>],
                  iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<8x64xf32>, memref<64x32xf32>) outs(%out : memref<8x32xf32>) {
  ^bb0(%l: f32, %r: f32, %acc: f32):
    %p = arith.mulf %l, %r : f32
    %s = arith.addf %acc, %p : f32
    linalg.yield %s : f32
  }
  func.return
}

// -----

schedule.kernel @dense {
  %i, %j, %r = schedule.nest [0, 1] : 8, 32, 64
  // expected-error@+1 {{%r: a reduction cannot run outside of %j: unroll that loop, or accumulate along it}}
  schedule.reorder %i, %r, %j
}
func.func @dense(%a: memref<8x64xf32>, %b: memref<64x32xf32>, %out: memref<8x32xf32>) {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%out : memref<8x32xf32>)
  linalg.generic {indexing_maps = [affine_map<(i, j, k) -> (i, k)>, affine_map<(i, j, k) -> (k, j)>,
                                   affine_map<(i, j, k) -> (i, j)>],
                  iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<8x64xf32>, memref<64x32xf32>) outs(%out : memref<8x32xf32>) {
  ^bb0(%l: f32, %r: f32, %acc: f32):
    %p = arith.mulf %l, %r : f32
    %s = arith.addf %acc, %p : f32
    linalg.yield %s : f32
  }
  func.return
}

// -----

schedule.kernel @dense {
  %i, %j, %r = schedule.nest [0, 1] : 8, 32, 64
  // expected-error@+1 {{%i: it must be inside of %r, which runs}}
  schedule.reorder %i, %j, %r
  schedule.unroll %i
}
func.func @dense(%a: memref<8x64xf32>, %b: memref<64x32xf32>, %out: memref<8x32xf32>) {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%out : memref<8x32xf32>)
  linalg.generic {indexing_maps = [affine_map<(i, j, k) -> (i, k)>, affine_map<(i, j, k) -> (k, j)>,
                                   affine_map<(i, j, k) -> (i, j)>],
                  iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<8x64xf32>, memref<64x32xf32>) outs(%out : memref<8x32xf32>) {
  ^bb0(%l: f32, %r: f32, %acc: f32):
    %p = arith.mulf %l, %r : f32
    %s = arith.addf %acc, %p : f32
    linalg.yield %s : f32
  }
  func.return
}

// -----

schedule.kernel @dense {
  %i, %j, %r = schedule.nest [0, 1] : 8, 32, 64
  // expected-error@+1 {{%j: the loop in lanes must be the innermost, but %i is inside of it}}
  schedule.reorder %r, %j, %i
  schedule.unroll %i
  schedule.vectorize %j by 16
}
func.func @dense(%a: memref<8x64xf32>, %b: memref<64x32xf32>, %out: memref<8x32xf32>) {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%out : memref<8x32xf32>)
  linalg.generic {indexing_maps = [affine_map<(i, j, k) -> (i, k)>, affine_map<(i, j, k) -> (k, j)>,
                                   affine_map<(i, j, k) -> (i, j)>],
                  iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<8x64xf32>, memref<64x32xf32>) outs(%out : memref<8x32xf32>) {
  ^bb0(%l: f32, %r: f32, %acc: f32):
    %p = arith.mulf %l, %r : f32
    %s = arith.addf %acc, %p : f32
    linalg.yield %s : f32
  }
  func.return
}

// -----

schedule.kernel @dense {
  %i, %j, %r = schedule.nest [0, 1] : 8, 32, 64
  %o, %v = schedule.tile %j by 16
  // expected-error@+1 {{the loop inside of a tile cannot run outside of the tile}}
  schedule.reorder %v, %o, %i, %r
}
func.func @dense(%a: memref<8x64xf32>, %b: memref<64x32xf32>, %out: memref<8x32xf32>) {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%out : memref<8x32xf32>)
  linalg.generic {indexing_maps = [affine_map<(i, j, k) -> (i, k)>, affine_map<(i, j, k) -> (k, j)>,
                                   affine_map<(i, j, k) -> (i, j)>],
                  iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<8x64xf32>, memref<64x32xf32>) outs(%out : memref<8x32xf32>) {
  ^bb0(%l: f32, %r: f32, %acc: f32):
    %p = arith.mulf %l, %r : f32
    %s = arith.addf %acc, %p : f32
    linalg.yield %s : f32
  }
  func.return
}

// -----

schedule.kernel @dense {
  %i, %j, %r = schedule.nest [0, 1] : 8, 32, 64
  // expected-error@+1 {{%i: threads share loops that run, not what is unrolled or in lanes}}
  schedule.reorder %j, %r, %i
  schedule.parallel %i
  schedule.unroll %i
}
func.func @dense(%a: memref<8x64xf32>, %b: memref<64x32xf32>, %out: memref<8x32xf32>) {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%out : memref<8x32xf32>)
  linalg.generic {indexing_maps = [affine_map<(i, j, k) -> (i, k)>, affine_map<(i, j, k) -> (k, j)>,
                                   affine_map<(i, j, k) -> (i, j)>],
                  iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<8x64xf32>, memref<64x32xf32>) outs(%out : memref<8x32xf32>) {
  ^bb0(%l: f32, %r: f32, %acc: f32):
    %p = arith.mulf %l, %r : f32
    %s = arith.addf %acc, %p : f32
    linalg.yield %s : f32
  }
  func.return
}

// -----

schedule.kernel @dense {
  %i, %j, %r = schedule.nest [0, 1] : 8, 32, 64
  // expected-error@+1 {{2048 iterations would be written out at once, more than 1024}}
  schedule.reorder %i, %r, %j
  schedule.unroll %r, %j
}
func.func @dense(%a: memref<8x64xf32>, %b: memref<64x32xf32>, %out: memref<8x32xf32>) {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%out : memref<8x32xf32>)
  linalg.generic {indexing_maps = [affine_map<(i, j, k) -> (i, k)>, affine_map<(i, j, k) -> (k, j)>,
                                   affine_map<(i, j, k) -> (i, j)>],
                  iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<8x64xf32>, memref<64x32xf32>) outs(%out : memref<8x32xf32>) {
  ^bb0(%l: f32, %r: f32, %acc: f32):
    %p = arith.mulf %l, %r : f32
    %s = arith.addf %acc, %p : f32
    linalg.yield %s : f32
  }
  func.return
}

// -----

schedule.kernel @dense {
  %i, %j, %r = schedule.nest [0, 1] : 8, 32, 64
  // expected-error@+1 {{%j: a row that is accumulated in memory leaves no lanes and nothing to share}}
  schedule.reorder %i, %r, %j
  schedule.parallel %i
  schedule.accumulate %j
}
func.func @dense(%a: memref<8x64xf32>, %b: memref<64x32xf32>, %out: memref<8x32xf32>) {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%out : memref<8x32xf32>)
  linalg.generic {indexing_maps = [affine_map<(i, j, k) -> (i, k)>, affine_map<(i, j, k) -> (k, j)>,
                                   affine_map<(i, j, k) -> (i, j)>],
                  iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<8x64xf32>, memref<64x32xf32>) outs(%out : memref<8x32xf32>) {
  ^bb0(%l: f32, %r: f32, %acc: f32):
    %p = arith.mulf %l, %r : f32
    %s = arith.addf %acc, %p : f32
    linalg.yield %s : f32
  }
  func.return
}

// -----

schedule.kernel @dense {
  %i, %j, %r = schedule.nest [0, 1] : 8, 32, 64
  %o, %v = schedule.tile %r by 4
  // expected-error@+1 {{%v: a reduction inside of the row that is accumulated must be unrolled}}
  schedule.reorder %i, %o, %j, %v
  schedule.accumulate %j
}
func.func @dense(%a: memref<8x64xf32>, %b: memref<64x32xf32>, %out: memref<8x32xf32>) {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%out : memref<8x32xf32>)
  linalg.generic {indexing_maps = [affine_map<(i, j, k) -> (i, k)>, affine_map<(i, j, k) -> (k, j)>,
                                   affine_map<(i, j, k) -> (i, j)>],
                  iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<8x64xf32>, memref<64x32xf32>) outs(%out : memref<8x32xf32>) {
  ^bb0(%l: f32, %r: f32, %acc: f32):
    %p = arith.mulf %l, %r : f32
    %s = arith.addf %acc, %p : f32
    linalg.yield %s : f32
  }
  func.return
}

// -----

schedule.kernel @dense {
  %i, %j, %r = schedule.nest [0, 1] : 8, 32, 64
  // expected-error@+1 {{%r: a row of accumulators runs along a parallel loop of an op that reduces}}
  schedule.accumulate %r
}
func.func @dense(%a: memref<8x64xf32>, %b: memref<64x32xf32>, %out: memref<8x32xf32>) {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%out : memref<8x32xf32>)
  linalg.generic {indexing_maps = [affine_map<(i, j, k) -> (i, k)>, affine_map<(i, j, k) -> (k, j)>,
                                   affine_map<(i, j, k) -> (i, j)>],
                  iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<8x64xf32>, memref<64x32xf32>) outs(%out : memref<8x32xf32>) {
  ^bb0(%l: f32, %r: f32, %acc: f32):
    %p = arith.mulf %l, %r : f32
    %s = arith.addf %acc, %p : f32
    linalg.yield %s : f32
  }
  func.return
}

// -----

schedule.kernel @two {
  // expected-error@+1 {{linalg ops 0 and 1 cannot share loops: an iteration of one touches an element that another}}
  %i, %j = schedule.nest [0, 1] : 8, 8
}
func.func @two(%x: memref<8x8xf32>, %out: memref<8x8xf32>) {
  %zero = arith.constant 0.0 : f32
  %t = memref.alloc() : memref<8x8xf32>
  linalg.fill ins(%zero : f32) outs(%t : memref<8x8xf32>)
  linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (j, i)>,
                                   affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
      ins(%t, %t : memref<8x8xf32>, memref<8x8xf32>) outs(%out : memref<8x8xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %s = arith.addf %a, %b : f32
    linalg.yield %s : f32
  }
  func.return
}

// -----

// expected-error@+1 {{there is no function @other to schedule}}
schedule.kernel @other {
}

// -----

schedule.kernel @dense {
  %i, %j, %r = schedule.nest [0, 1] : 8, 32, 64
}
// expected-error@+1 {{@dense has two schedules}}
schedule.kernel @dense {
  %i, %j, %r = schedule.nest [0, 1] : 8, 32, 64
}
func.func @dense(%a: memref<8x64xf32>, %b: memref<64x32xf32>, %out: memref<8x32xf32>) {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%out : memref<8x32xf32>)
  linalg.generic {indexing_maps = [affine_map<(i, j, k) -> (i, k)>, affine_map<(i, j, k) -> (k, j)>,
                                   affine_map<(i, j, k) -> (i, j)>],
                  iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<8x64xf32>, memref<64x32xf32>) outs(%out : memref<8x32xf32>) {
  ^bb0(%l: f32, %r: f32, %acc: f32):
    %p = arith.mulf %l, %r : f32
    %s = arith.addf %acc, %p : f32
    linalg.yield %s : f32
  }
  func.return
}

// -----

func.func @no_lanes(%x: memref<4x8xf32>, %out: memref<8x4xf32>) {
  linalg.generic {indexing_maps = [affine_map<(i, j) -> (j, i)>, affine_map<(i, j) -> (i, j)>],
                  iterator_types = ["parallel", "parallel"]}
      ins(%x : memref<4x8xf32>) outs(%out : memref<8x4xf32>) {
  ^bb0(%a: f32, %o: f32):
    linalg.yield %a : f32
  }
  func.return
}
schedule.kernel @no_lanes {
  %i, %j = schedule.nest [0] : 8, 4
  // expected-error@+1 {{schedule.transpose: %j: no parallel loop is in lanes}}
  schedule.transpose %j
}

// -----

// Lanes along %i, and vectors along %j: neither is how %x lies in memory.
func.func @neither(%x: memref<4x8x2xf32>, %out: memref<8x4x2xf32>) {
  linalg.generic {indexing_maps = [affine_map<(i, j, k) -> (j, i, k)>, affine_map<(i, j, k) -> (i, j, k)>],
                  iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%x : memref<4x8x2xf32>) outs(%out : memref<8x4x2xf32>) {
  ^bb0(%a: f32, %o: f32):
    linalg.yield %a : f32
  }
  func.return
}
schedule.kernel @neither {
  %i, %j, %k = schedule.nest [0] : 8, 4, 2
  schedule.reorder %k, %j, %i
  schedule.transpose %j
  // expected-error@+1 {{%i: neighbours along it are not neighbours in memory}}
  schedule.vectorize %i by 8
}

// -----

func.func @sum(%x: memref<4x8xf32>, %out: memref<4xf32>) {
  linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i)>],
                  iterator_types = ["parallel", "reduction"]} ins(%x : memref<4x8xf32>) outs(%out : memref<4xf32>) {
  ^bb0(%a: f32, %o: f32):
    %s = arith.addf %o, %a : f32
    linalg.yield %s : f32
  }
  func.return
}
schedule.kernel @sum {
  %i, %r = schedule.nest [0] : 4, 8
  // expected-error@+1 {{%r: only a parallel loop can be turned into the lanes}}
  schedule.transpose %r
  schedule.vectorize %i by 4
}
