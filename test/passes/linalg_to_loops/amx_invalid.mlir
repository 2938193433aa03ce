// RUN: stepwell-opt %s -p apply-schedule --split-input-file --verify-diagnostics

#x = affine_map<(i, j, k) -> (i, k)>
#w = affine_map<(i, j, k) -> (j floordiv 32, k floordiv 2, j mod 32, k mod 2)>
#y = affine_map<(i, j, k) -> (i, j)>

func.func private @odd_depth(%a: memref<64x48xbf16>, %b: memref<2x24x32x2xbf16>, %c: memref<64x64xf32>) {
  linalg.generic {indexing_maps = [#x, #w, #y], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<64x48xbf16>, memref<2x24x32x2xbf16>) outs(%c : memref<64x64xf32>) {
  ^bb0(%l: bf16, %r: bf16, %acc: f32):
    %u = arith.extf %l : bf16 to f32
    %v = arith.extf %r : bf16 to f32
    %p = arith.mulf %u, %v : f32
    %s = arith.addf %acc, %p : f32
    linalg.yield %s : f32
  }
  func.return
}
schedule.kernel @odd_depth {
  %i, %j, %r = schedule.nest [0] : 64, 64, 48
  %io, %ii = schedule.tile %i by 32
  %jo, %ji = schedule.tile %j by 32
  %ro, %ri = schedule.tile %r by 20
  // expected-error@+1 {{tiles of amx take an even number of iterations, up to 32, that divides the loop}}
  schedule.reorder %io, %jo, %ro, %ii, %ji, %ri
  schedule.unroll %ii
  schedule.vectorize %ji by 16
  schedule.dot %ri by amx
}

// -----

#x = affine_map<(i, j, k) -> (i, k)>
#w = affine_map<(i, j, k) -> (j floordiv 32, k floordiv 2, j mod 32, k mod 2)>
#y = affine_map<(i, j, k) -> (i, j)>

func.func private @too_many(%a: memref<64x64xbf16>, %b: memref<2x32x32x2xbf16>, %c: memref<64x64xf32>) {
  linalg.generic {indexing_maps = [#x, #w, #y], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<64x64xbf16>, memref<2x32x32x2xbf16>) outs(%c : memref<64x64xf32>) {
  ^bb0(%l: bf16, %r: bf16, %acc: f32):
    %u = arith.extf %l : bf16 to f32
    %v = arith.extf %r : bf16 to f32
    %p = arith.mulf %u, %v : f32
    %s = arith.addf %acc, %p : f32
    linalg.yield %s : f32
  }
  func.return
}
schedule.kernel @too_many {
  %i, %j, %r = schedule.nest [0] : 64, 64, 64
  %io, %ii = schedule.tile %i by 64
  %jo, %ji = schedule.tile %j by 32
  %ro, %ri = schedule.tile %r by 32
  // expected-error@+1 {{4 by 2 sums and their factors are more than the 8 of amx}}
  schedule.reorder %io, %jo, %ro, %ii, %ji, %ri
  schedule.unroll %ii
  schedule.vectorize %ji by 16
  schedule.dot %ri by amx
}

// -----

#x = affine_map<(i, j, k) -> (i, k)>
#w = affine_map<(i, j, k) -> (j floordiv 32, k floordiv 2, j mod 32, k mod 2)>
#y = affine_map<(i, j, k) -> (i, j)>

func.func private @uneven(%a: memref<64x64xbf16>, %b: memref<2x32x32x2xbf16>, %c: memref<64x64xf32>) {
  linalg.generic {indexing_maps = [#x, #w, #y], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<64x64xbf16>, memref<2x32x32x2xbf16>) outs(%c : memref<64x64xf32>) {
  ^bb0(%l: bf16, %r: bf16, %acc: f32):
    %u = arith.extf %l : bf16 to f32
    %v = arith.extf %r : bf16 to f32
    %p = arith.mulf %u, %v : f32
    %s = arith.addf %acc, %p : f32
    linalg.yield %s : f32
  }
  func.return
}
schedule.kernel @uneven {
  %i, %j, %r = schedule.nest [0] : 64, 64, 64
  %io, %ii = schedule.tile %i by 31
  %jo, %ji = schedule.tile %j by 32
  %ro, %ri = schedule.tile %r by 32
  // expected-error@+1 {{its iterations do not fill 2 tiles of amx of one size}}
  schedule.reorder %io, %jo, %ro, %ii, %ji, %ri
  schedule.unroll %ii
  schedule.vectorize %ji by 16
  schedule.dot %ri by amx
}

// -----

// The factor that moves along the lanes is not packed.
#x = affine_map<(i, j, k) -> (i, k)>
#w = affine_map<(i, j, k) -> (k, j)>
#y = affine_map<(i, j, k) -> (i, j)>

func.func private @unpacked(%a: memref<64x64xbf16>, %b: memref<64x64xbf16>, %c: memref<64x64xf32>) {
  linalg.generic {indexing_maps = [#x, #w, #y], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<64x64xbf16>, memref<64x64xbf16>) outs(%c : memref<64x64xf32>) {
  ^bb0(%l: bf16, %r: bf16, %acc: f32):
    %u = arith.extf %l : bf16 to f32
    %v = arith.extf %r : bf16 to f32
    %p = arith.mulf %u, %v : f32
    %s = arith.addf %acc, %p : f32
    linalg.yield %s : f32
  }
  func.return
}
schedule.kernel @unpacked {
  %i, %j, %r = schedule.nest [0] : 64, 64, 64
  %io, %ii = schedule.tile %i by 32
  %jo, %ji = schedule.tile %j by 32
  %ro, %ri = schedule.tile %r by 32
  // expected-error@+1 {{the factor that moves along the lanes is not packed in pairs: schedule.pack}}
  schedule.reorder %io, %jo, %ro, %ii, %ji, %ri
  schedule.unroll %ii
  schedule.vectorize %ji by 16
  schedule.dot %ri by amx
}
