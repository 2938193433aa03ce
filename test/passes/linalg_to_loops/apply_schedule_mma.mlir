// RUN: stepwell-opt %s -p apply-schedule --split-input-file | filecheck %s

// Two warps compute 32 x 16 results, a fragment of 16 rows and two of 8 columns each. The factors lie in memory of the
// block as in the device's, 8 elements left out behind a row. Of 16 rows of the first a lane says where one of 4
// matrices has a row, and where the second has 8 columns, rows are of the sum, so that matrices are turned. The sums of
// a lane stay in fragments, and are taken apart behind the loop: rows g and g + 8, columns 2 q and 2 q + 1.
// CHECK-LABEL: func.func private @whole
// CHECK-DAG:     [[NONE:%.*]] = arith.constant dense<0.000000e+00> : vector<2x2xf32>
// CHECK:         %a_tile = memref.alloca() : memref<768xf16, #gpu.address_space<workgroup>>
// CHECK-NEXT:    %b_tile = memref.alloca() : memref<384xf16, #gpu.address_space<workgroup>>
// CHECK:         scf.for %t = %c0 to %c64 step %c1 {
// CHECK-NEXT:      [[WARP:%.*]] = arith.divui %t, %c32 : index
// CHECK-NEXT:      [[LANE:%.*]] = arith.remui %t, %c32 : index
// CHECK-NEXT:      [[ROWS:%.*]] = arith.muli [[WARP]], %c16 : index
// CHECK-NEXT:      [[G:%.*]] = arith.divui [[LANE]], %c4 : index
// CHECK-NEXT:      [[Q:%.*]] = arith.remui [[LANE]], %c4 : index
// CHECK-NEXT:      [[Q2:%.*]] = arith.muli [[Q]], %c2 : index
// CHECK:           [[R:%.*]] = arith.remui [[LANE]], %c8 : index
// CHECK:           [[START:%.*]] = arith.muli [[ROWS]], %c24 : index
// CHECK-NEXT:      [[ROW:%.*]] = arith.muli [[R]], %c24 : index
// CHECK:           [[SUMS:%.*]], [[MORE:%.*]] = scf.for %l = %c0 to %c32 step %c16 iter_args([[S:%.*]] = [[NONE]], [[M:%.*]] = [[NONE]]) -> (vector<2x2xf32>, vector<2x2xf32>) {
// CHECK:             memref.store %{{.*}}, %a_tile
// CHECK:             memref.store %{{.*}}, %b_tile
// CHECK:             gpu.barrier
// CHECK-NEXT:        [[A:%.*]] = nvgpu.ldmatrix %a_tile{{.*}} {transpose = false, numTiles = 4 : i32} : memref<768xf16, #gpu.address_space<workgroup>> -> vector<4x2xf16>
// CHECK-NEXT:        [[B:%.*]] = nvgpu.ldmatrix %b_tile{{.*}} {transpose = true, numTiles = 2 : i32} : memref<384xf16, #gpu.address_space<workgroup>> -> vector<2x2xf16>
// CHECK-NEXT:        [[S1:%.*]] = nvgpu.mma.sync([[A]], [[B]], [[S]]) {mmaShape = [16 : i64, 8 : i64, 16 : i64]} : (vector<4x2xf16>, vector<2x2xf16>, vector<2x2xf32>) -> vector<2x2xf32>
// CHECK-NEXT:        [[C:%.*]] = nvgpu.ldmatrix %b_tile
// CHECK-NEXT:        [[M1:%.*]] = nvgpu.mma.sync([[A]], [[C]], [[M]])
// CHECK-NEXT:        gpu.barrier
// CHECK-NEXT:        scf.yield [[S1]], [[M1]] : vector<2x2xf32>, vector<2x2xf32>
// CHECK:           [[V00:%.*]] = vector.extract [[SUMS]][0, 0] : f32 from vector<2x2xf32>
// CHECK-NEXT:      [[V01:%.*]] = vector.extract [[SUMS]][0, 1] : f32 from vector<2x2xf32>
// CHECK-NEXT:      [[V10:%.*]] = vector.extract [[SUMS]][1, 0] : f32 from vector<2x2xf32>
// CHECK:           [[PLACE:%.*]] = arith.addi %{{.*}}, [[Q2]] : index
// CHECK-NEXT:      memref.store [[V00]], %y_flat{{\[}}[[PLACE]]]
// CHECK-NEXT:      [[NEXT:%.*]] = arith.addi [[PLACE]], %c1 : index
// CHECK-NEXT:      memref.store [[V01]], %y_flat{{\[}}[[NEXT]]]
// CHECK:           [[DOWN:%.*]] = arith.addi [[PLACE]], %c512 : index
// CHECK-NEXT:      memref.store [[V10]], %y_flat{{\[}}[[DOWN]]]
// CHECK:         } {stepwell.parallel = "thread"}
schedule.kernel @whole {
  %i, %j, %r = schedule.nest [0, 1] : 64, 64, 32
  %i_b, %i_x = schedule.tile %i by 32
  %i_w, %i_f = schedule.tile %i_x by 16
  %j_b, %j_f = schedule.tile %j by 16
  %r_o, %r_i = schedule.tile %r by 16
  schedule.reorder %i_b, %j_b, %i_w, %r_o, %i_f, %j_f, %r_i
  schedule.bind %i_b, %j_b to block
  schedule.bind %i_w to warp
  schedule.cache [1] input 0 at %r_o straight pad 8
  schedule.cache [1] input 1 at %r_o pad 8
  schedule.mma rows %i_f columns %j_f sums %r_i as f16
}
func.func private @whole(%a: memref<64x32xf16>, %b: memref<32x64xf16>, %y: memref<64x64xf32>) {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%y : memref<64x64xf32>)
  linalg.generic {indexing_maps = [affine_map<(i, j, r) -> (i, r)>, affine_map<(i, j, r) -> (r, j)>,
                                   affine_map<(i, j, r) -> (i, j)>],
                  iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<64x32xf16>, memref<32x64xf16>) outs(%y : memref<64x64xf32>) {
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

// Of f32 a product has 8 terms, rounded by what multiplies them. Elements of 32 bits are not turned: those of the second
// factor are loaded one by one, two a lane. 40 rows in blocks of 32, 30 terms in 16s: along the sum zeros stand for what
// is not there, and rows that are not there are not stored.
// CHECK-LABEL: func.func private @rounded
// CHECK:         [[THERE:%.*]] = arith.cmpi ult, %{{.*}}, %c30 : index
// CHECK:         arith.select [[THERE]], %{{.*}}, %cst : f32
// CHECK:         gpu.barrier
// CHECK-NEXT:    [[A:%.*]] = nvgpu.ldmatrix %a_tile{{.*}} {transpose = false, numTiles = 4 : i32} : memref<640xf32, #gpu.address_space<workgroup>> -> vector<4x1xf32>
// CHECK-NEXT:    [[X:%.*]] = memref.load %b_tile
// CHECK-NEXT:    [[Y:%.*]] = memref.load %b_tile
// CHECK-NEXT:    [[U:%.*]] = vector.insert [[X]], %{{.*}} [0, 0] : f32 into vector<2x1xf32>
// CHECK-NEXT:    [[B:%.*]] = vector.insert [[Y]], [[U]] [1, 0] : f32 into vector<2x1xf32>
// CHECK-NEXT:    nvgpu.mma.sync([[A]], [[B]], %{{.*}}) {mmaShape = [16 : i64, 8 : i64, 8 : i64], tf32Enabled} : (vector<4x1xf32>, vector<2x1xf32>, vector<2x2xf32>) -> vector<2x2xf32>
// CHECK:         [[LOW:%.*]] = arith.cmpi ult, %{{.*}}, %c40 : index
// CHECK-NEXT:    [[HIGH:%.*]] = arith.cmpi ult, %{{.*}}, %c40 : index
// CHECK:         scf.if [[LOW]] {
// CHECK-COUNT-4:   memref.store
// CHECK-NEXT:    }
// CHECK:         scf.if [[HIGH]] {
// CHECK-COUNT-4:   memref.store
// CHECK-NEXT:    }
schedule.kernel @rounded {
  %i, %j, %r = schedule.nest [0, 1] : 40, 64, 30
  %i_b, %i_x = schedule.tile %i by 32
  %i_w, %i_f = schedule.tile %i_x by 16
  %j_b, %j_f = schedule.tile %j by 16
  %r_o, %r_i = schedule.tile %r by 16
  schedule.reorder %i_b, %j_b, %i_w, %r_o, %i_f, %j_f, %r_i
  schedule.bind %i_b, %j_b to block
  schedule.bind %i_w to warp
  schedule.cache [1] input 0 at %r_o straight pad 4
  schedule.cache [1] input 1 at %r_o pad 8
  schedule.mma rows %i_f columns %j_f sums %r_i as tf32
}
func.func private @rounded(%a: memref<40x30xf32>, %b: memref<30x64xf32>, %y: memref<40x64xf32>) {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%y : memref<40x64xf32>)
  linalg.generic {indexing_maps = [affine_map<(i, j, r) -> (i, r)>, affine_map<(i, j, r) -> (r, j)>,
                                   affine_map<(i, j, r) -> (i, j)>],
                  iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<40x30xf32>, memref<30x64xf32>) outs(%y : memref<40x64xf32>) {
  ^bb0(%x: f32, %w: f32, %s: f32):
    %p = arith.mulf %x, %w : f32
    %t = arith.addf %s, %p : f32
    linalg.yield %t : f32
  }
  func.return
}

// -----

// A convolution with stride 2, a bias and a maximum: 16 rows of a fragment are two rows of 8 pixels, of which lines in
// the block's memory are windows, gathered there. What follows the sum is computed for each result of a lane, rounded,
// and stored.
// CHECK-LABEL: func.func private @pixels
// CHECK:         %x_tile = memref.alloca() : memref<384xbf16, #gpu.address_space<workgroup>>
// CHECK:         %w_tile = memref.alloca() : memref<256xbf16, #gpu.address_space<workgroup>>
// CHECK:         scf.for %t = %c0 to %c32 step %c1 {
// CHECK:           scf.for {{.*}} -> (vector<2x2xf32>) {
// CHECK:             gpu.barrier
// CHECK-NEXT:        [[A:%.*]] = nvgpu.ldmatrix %x_tile{{.*}} {transpose = false, numTiles = 4 : i32} : {{.*}} -> vector<4x2xbf16>
// CHECK-NEXT:        [[B:%.*]] = nvgpu.ldmatrix %w_tile{{.*}} {transpose = true, numTiles = 2 : i32} : {{.*}} -> vector<2x2xbf16>
// CHECK-NEXT:        nvgpu.mma.sync([[A]], [[B]], %{{.*}})
// CHECK:           [[V:%.*]] = vector.extract %{{.*}}[0, 0] : f32 from vector<2x2xf32>
// CHECK:           [[C:%.*]] = memref.load %c
// CHECK:           [[BIAS:%.*]] = arith.extf [[C]] : bf16 to f32
// CHECK-NEXT:      [[SUM:%.*]] = arith.addf [[V]], [[BIAS]] : f32
// CHECK-NEXT:      [[MAX:%.*]] = arith.maximumf [[SUM]], %{{.*}} : f32
// CHECK-NEXT:      [[OUT:%.*]] = arith.truncf [[MAX]] : f32 to bf16
// CHECK:           memref.store [[OUT]], %y_flat
schedule.kernel @pixels {
  %i, %j, %k, %r, %s = schedule.nest [0, 1, 2] : 4, 8, 8, 3, 48
  %i_b, %i_f = schedule.tile %i by 2
  %s_o, %s_i = schedule.tile %s by 16
  schedule.reorder %i_b, %r, %s_o, %i_f, %j, %k, %s_i
  schedule.bind %i_b to block
  schedule.cache [1] input 0 at %s_o straight pad 8
  schedule.cache [1] input 1 at %s_o pad 8
  schedule.mma rows %i_f, %j columns %k sums %s_i as bf16
}
func.func private @pixels(%x: memref<9x17x16xbf16>, %w: memref<3x3x16x8xbf16>, %c: memref<8xbf16>, %y: memref<4x8x8xbf16>) {
  %zero = arith.constant 0.0 : f32
  %sums = memref.alloc() : memref<4x8x8xf32>
  linalg.fill ins(%zero : f32) outs(%sums : memref<4x8x8xf32>)
  linalg.generic {indexing_maps = [affine_map<(h, w, f, r, s, c) -> (2 * h + r, 2 * w + s, c)>,
                                   affine_map<(h, w, f, r, s, c) -> (r, s, c, f)>,
                                   affine_map<(h, w, f, r, s, c) -> (h, w, f)>],
                  iterator_types = ["parallel", "parallel", "parallel", "reduction", "reduction", "reduction"]}
      ins(%x, %w : memref<9x17x16xbf16>, memref<3x3x16x8xbf16>) outs(%sums : memref<4x8x8xf32>) {
  ^bb0(%a: bf16, %b: bf16, %s: f32):
    %u = arith.extf %a : bf16 to f32
    %v = arith.extf %b : bf16 to f32
    %p = arith.mulf %u, %v : f32
    %t = arith.addf %s, %p : f32
    linalg.yield %t : f32
  }
  linalg.generic {indexing_maps = [affine_map<(h, w, f) -> (h, w, f)>, affine_map<(h, w, f) -> (f)>,
                                   affine_map<(h, w, f) -> (h, w, f)>],
                  iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%sums, %c : memref<4x8x8xf32>, memref<8xbf16>) outs(%y : memref<4x8x8xbf16>) {
  ^bb0(%a: f32, %b: bf16, %o: bf16):
    %u = arith.extf %b : bf16 to f32
    %v = arith.addf %a, %u : f32
    %m = arith.maximumf %v, %zero : f32
    %t = arith.truncf %m : f32 to bf16
    linalg.yield %t : bf16
  }
  func.return
}
