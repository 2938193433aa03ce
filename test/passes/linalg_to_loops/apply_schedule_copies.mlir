// RUN: stepwell-opt %s -p apply-schedule --split-input-file | filecheck %s

// Three stages of asynchronous copies: two steps are under way, then in each step the threads wait until the older one
// is there (of two groups, one may still run), start the copies of the step after next where all have read what was
// there, and compute. Rows of %b are a multiple of 4: 16 bytes at once. %a lies with its sums outermost in the tile, where
// neighbours are not neighbours: 4 bytes. A step has 8 sums, the last one 4: behind them nothing is read, and zeros are
// written.
// CHECK-LABEL: func.func private @staged
// CHECK:         %a_tile = memref.alloca() : memref<408xf32, #gpu.address_space<workgroup>>
// CHECK-NEXT:    %b_tile = memref.alloca() : memref<384xf32, #gpu.address_space<workgroup>>
// CHECK:         scf.for %t = %c0 to %c64 step %c1 {
// CHECK:           [[A0:%.*]] = nvgpu.device_async_copy %a_flat[{{.*}}], %a_tile[{{.*}}], 1, {{%[0-9]+}} :
// CHECK:           [[A1:%.*]] = nvgpu.device_async_copy %a_flat[{{.*}}], %a_tile[{{.*}}], 1, {{%[0-9]+}} :
// 32 of the 64 threads move all of %b's tile: what the others copy is its last row, once more.
// CHECK:           [[R:%.*]] = arith.divui %t, %c4 : index
// CHECK-NEXT:      arith.minsi [[R]], %c7 : index
// CHECK:           [[B:%.*]] = nvgpu.device_async_copy %b_flat[{{.*}}], %b_tile[{{.*}}], 4, {{%[0-9]+}} {bypassL1} :
// CHECK-NEXT:      nvgpu.device_async_create_group [[A0]], [[A1]], [[B]]
// CHECK:           [[SECOND:%.*]] = nvgpu.device_async_create_group
// CHECK-NEXT:      %{{.*}} = scf.for [[L:%.*]] = %c0 to %c40 step %c8 iter_args
// CHECK-NEXT:        nvgpu.device_async_wait [[SECOND]] {numGroups = 1 : i32}
// CHECK-NEXT:        gpu.barrier
// CHECK-NEXT:        [[N:%.*]] = arith.divui [[L]], %c8 : index
// CHECK-NEXT:        [[NEXT:%.*]] = arith.addi [[L]], %c16 : index
// CHECK-NEXT:        [[M:%.*]] = arith.addi [[N]], %c2 : index
// CHECK-NEXT:        [[STAGE:%.*]] = arith.remui [[M]], %c3 : index
// CHECK-NEXT:        [[MORE:%.*]] = arith.cmpi ult, [[NEXT]], %c40 : index
// CHECK:             [[THERE:%.*]] = arith.cmpi ult, {{%[0-9]+}}, %c36 : index
// CHECK:             arith.muli [[STAGE]], %c136 : index
// CHECK:             [[BOTH:%.*]] = arith.andi [[MORE]], [[THERE]] : i1
// CHECK-NEXT:        [[COUNT:%.*]] = arith.select [[BOTH]], %c1, %c0 : index
// CHECK-NEXT:        nvgpu.device_async_copy %a_flat[{{.*}}], %a_tile[{{.*}}], 1, [[COUNT]] :
// CHECK:             nvgpu.device_async_create_group
// CHECK-NEXT:        arith.remui [[N]], %c3 : index
// CHECK-NOT:         gpu.barrier
// CHECK:             scf.yield
// CHECK:             scf.yield
// CHECK-NEXT:      }
// CHECK-NEXT:      nvgpu.device_async_wait [[SECOND]] {numGroups = 0 : i32}
// CHECK-NEXT:      gpu.barrier
schedule.kernel @staged {
  %i, %j, %r = schedule.nest [0, 1] : 30, 32, 36
  %i_b, %i_x = schedule.tile %i by 16
  %j_b, %j_x = schedule.tile %j by 16
  %i_i, %i_t = schedule.tile %i_x by 8
  %j_i, %j_t = schedule.tile %j_x by 8
  %r_o, %r_i = schedule.tile %r by 8
  schedule.reorder %i_b, %j_b, %i_t, %j_t, %r_o, %r_i, %i_i, %j_i
  schedule.bind %i_b, %j_b to block
  schedule.bind %i_t, %j_t to thread
  schedule.cache [1] input 0 at %r_o stages 3 pad 1
  schedule.cache [1] input 1 at %r_o stages 3 by 4
  schedule.unroll %i_i, %j_i
}
func.func private @staged(%a: memref<30x36xf32>, %b: memref<36x32xf32>, %y: memref<30x32xf32>) {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%y : memref<30x32xf32>)
  linalg.generic {indexing_maps = [affine_map<(i, j, r) -> (i, r)>, affine_map<(i, j, r) -> (r, j)>,
                                   affine_map<(i, j, r) -> (i, j)>],
                  iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<30x36xf32>, memref<36x32xf32>) outs(%y : memref<30x32xf32>) {
  ^bb0(%x: f32, %w: f32, %s: f32):
    %p = arith.mulf %x, %w : f32
    %t = arith.addf %s, %p : f32
    linalg.yield %t : f32
  }
  func.return
}

// -----

// Halves are copied by pairs at least: straight, that is, each row of the tile along the sums, as %a lies in memory.
// 32 of them are padded by 8, so that rows start at multiples of 16 bytes. All is there: nothing says how much is read.
// CHECK-LABEL: func.func private @halves
// CHECK:         %a_tile = memref.alloca() : memref<1280xf16, #gpu.address_space<workgroup>>
// CHECK:           [[R:%.*]] = arith.divui %t, %c4 : index
// CHECK:           [[ROW:%.*]] = arith.muli [[R]], %c40 : index
// CHECK-NEXT:      [[AT:%.*]] = arith.addi [[ROW]], {{%[0-9]+}} : index
// CHECK-NEXT:      nvgpu.device_async_copy %a_flat[{{.*}}], %a_tile[{{.*}}], 8 {bypassL1} :
// CHECK:           nvgpu.device_async_copy %b_flat[{{.*}}], %b_tile[{{.*}}], 8 {bypassL1} :
schedule.kernel @halves {
  %i, %j, %r = schedule.nest [0, 1] : 32, 32, 64
  %i_b, %i_x = schedule.tile %i by 16
  %j_b, %j_x = schedule.tile %j by 16
  %i_i, %i_t = schedule.tile %i_x by 8
  %j_i, %j_t = schedule.tile %j_x by 8
  %r_o, %r_i = schedule.tile %r by 32
  schedule.reorder %i_b, %j_b, %i_t, %j_t, %r_o, %r_i, %i_i, %j_i
  schedule.bind %i_b, %j_b to block
  schedule.bind %i_t, %j_t to thread
  schedule.cache [1] input 0 at %r_o stages 2 by 8 straight pad 8
  schedule.cache [1] input 1 at %r_o stages 2 by 8
  schedule.unroll %i_i, %j_i
}
func.func private @halves(%a: memref<32x64xf16>, %b: memref<64x32xf16>, %y: memref<32x32xf32>) {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%y : memref<32x32xf32>)
  linalg.generic {indexing_maps = [affine_map<(i, j, r) -> (i, r)>, affine_map<(i, j, r) -> (r, j)>,
                                   affine_map<(i, j, r) -> (i, j)>],
                  iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<32x64xf16>, memref<64x32xf16>) outs(%y : memref<32x32xf32>) {
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

// By registers: 4 elements are loaded at once. Where neighbours lie side by side in the tile, they are stored at once;
// %a's are 17 apart there.
// CHECK-LABEL: func.func private @vectors
// CHECK:             [[P1:%.*]] = arith.addi [[P:%.*]], %c17 : index
// CHECK:             [[A:%.*]] = vector.load %a_flat[{{.*}}] {alignment = 16 : i64} : memref<1152xf32>, vector<4xf32>
// CHECK-NEXT:        [[A0:%.*]] = vector.extract [[A]][0] : f32 from vector<4xf32>
// CHECK-NEXT:        memref.store [[A0]], %a_tile[[[P]]]
// CHECK-NEXT:        [[A1:%.*]] = vector.extract [[A]][1] : f32 from vector<4xf32>
// CHECK-NEXT:        memref.store [[A1]], %a_tile[[[P1]]]
// CHECK:             [[B:%.*]] = vector.load %b_flat[{{.*}}] {alignment = 16 : i64} : memref<1152xf32>, vector<4xf32>
// CHECK-NEXT:        vector.store [[B]], %b_tile[{{.*}}] {alignment = 16 : i64} : memref<192xf32, #gpu.address_space<workgroup>>, vector<4xf32>
schedule.kernel @vectors {
  %i, %j, %r = schedule.nest [0, 1] : 32, 32, 36
  %i_b, %i_x = schedule.tile %i by 16
  %j_b, %j_x = schedule.tile %j by 16
  %i_i, %i_t = schedule.tile %i_x by 8
  %j_i, %j_t = schedule.tile %j_x by 8
  %r_o, %r_i = schedule.tile %r by 12
  schedule.reorder %i_b, %j_b, %i_t, %j_t, %r_o, %r_i, %i_i, %j_i
  schedule.bind %i_b, %j_b to block
  schedule.bind %i_t, %j_t to thread
  schedule.cache [1] input 0 at %r_o by 4 pad 1
  schedule.cache [1] input 1 at %r_o by 4
  schedule.unroll %i_i, %j_i
}
func.func private @vectors(%a: memref<32x36xf32>, %b: memref<36x32xf32>, %y: memref<32x32xf32>) {
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

// At the edge of 20 columns what is moved is whole, or not there at all: the last that is there starts at 16. Sums that
// are not there are zeros.
// CHECK-LABEL: func.func private @edge
// CHECK:         [[ZEROS:%.*]] = vector.broadcast %cst : f32 to vector<4xf32>
// CHECK:         [[LAST:%.*]] = arith.minsi {{%[0-9]+}}, %c16 : index
// CHECK:             [[B:%.*]] = vector.load %b_flat
// CHECK-NEXT:        [[KEPT:%.*]] = arith.select {{%[0-9]+}}, [[B]], [[ZEROS]] : vector<4xf32>
// CHECK:             vector.store [[KEPT]], %b_tile
schedule.kernel @edge {
  %i, %j, %r = schedule.nest [0, 1] : 32, 20, 35
  %i_b, %i_x = schedule.tile %i by 16
  %j_b, %j_x = schedule.tile %j by 16
  %i_i, %i_t = schedule.tile %i_x by 8
  %j_i, %j_t = schedule.tile %j_x by 8
  %r_o, %r_i = schedule.tile %r by 8
  schedule.reorder %i_b, %j_b, %i_t, %j_t, %r_o, %r_i, %i_i, %j_i
  schedule.bind %i_b, %j_b to block
  schedule.bind %i_t, %j_t to thread
  schedule.cache [1] input 0 at %r_o pad 1
  schedule.cache [1] input 1 at %r_o by 4
  schedule.unroll %i_i, %j_i
}
func.func private @edge(%a: memref<32x35xf32>, %b: memref<35x20xf32>, %y: memref<32x20xf32>) {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%y : memref<32x20xf32>)
  linalg.generic {indexing_maps = [affine_map<(i, j, r) -> (i, r)>, affine_map<(i, j, r) -> (r, j)>,
                                   affine_map<(i, j, r) -> (i, j)>],
                  iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<32x35xf32>, memref<35x20xf32>) outs(%y : memref<32x20xf32>) {
  ^bb0(%x: f32, %w: f32, %s: f32):
    %p = arith.mulf %x, %w : f32
    %t = arith.addf %s, %p : f32
    linalg.yield %t : f32
  }
  func.return
}
