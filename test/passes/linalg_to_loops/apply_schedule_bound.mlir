// RUN: stepwell-opt %s -p apply-schedule --split-input-file | filecheck %s

// A matrix product by blocks of 8 x 8 threads, of 2 x 2 results each, which are 8 apart. For 8 steps of the sum at a
// time, the threads copy 16 x 8 elements of each factor to memory that they share: two each. In a step a thread then
// makes four products of four loads, none of them from the device's memory.
// CHECK-LABEL: func.func private @whole
// CHECK:         scf.for %i = %c0 to %c32 step %c16 {
// CHECK:           scf.for %j = %c0 to %c32 step %c16 {
// CHECK-NEXT:        %a_tile = memref.alloca() : memref<128xf32, #gpu.address_space<workgroup>>
// CHECK-NEXT:        %b_tile = memref.alloca() : memref<128xf32, #gpu.address_space<workgroup>>
// CHECK:             scf.for %t = %c0 to %c64 step %c1 {
// CHECK:               %{{.*}} = scf.for %l = %c0 to %c32 step %c8 iter_args({{.*}}) -> (f32, f32, f32, f32) {
// CHECK:                 scf.for %m = %c0 to %c2 step %c1 {
// CHECK:                   [[A:%.*]] = memref.load %a_flat
// CHECK:                   memref.store [[A]], %a_tile
// CHECK:                 scf.for %m_1 = %c0 to %c2 step %c1 {
// CHECK:                   [[B:%.*]] = memref.load %b_flat
// CHECK:                   memref.store [[B]], %b_tile
// CHECK-NEXT:            }
// CHECK-NEXT:            gpu.barrier
// CHECK-NEXT:            %{{.*}} = scf.for %m_2 = %c0 to %c8 step %c1 iter_args([[S0:%.*]] = {{.*}}, [[S1:%.*]] = {{.*}}, [[S2:%.*]] = {{.*}}, [[S3:%.*]] = {{.*}}) -> (f32, f32, f32, f32) {
// CHECK:                   [[X0:%.*]] = memref.load %a_tile
// CHECK:                   [[W0:%.*]] = memref.load %b_tile
// CHECK-NEXT:              [[P0:%.*]] = arith.mulf [[X0]], [[W0]] : f32
// CHECK-NEXT:              arith.addf [[S0]], [[P0]] : f32
// CHECK:                   [[W1:%.*]] = memref.load %b_tile
// CHECK-NEXT:              [[P1:%.*]] = arith.mulf [[X0]], [[W1]] : f32
// CHECK-NEXT:              arith.addf [[S1]], [[P1]] : f32
// CHECK:                   [[X1:%.*]] = memref.load %a_tile
// CHECK-NEXT:              [[P2:%.*]] = arith.mulf [[X1]], [[W0]] : f32
// CHECK-NEXT:              arith.addf [[S2]], [[P2]] : f32
// CHECK-NEXT:              [[P3:%.*]] = arith.mulf [[X1]], [[W1]] : f32
// CHECK-NEXT:              arith.addf [[S3]], [[P3]] : f32
// CHECK-NEXT:              scf.yield
// CHECK-NEXT:            }
// CHECK-NEXT:            gpu.barrier
// CHECK-NEXT:            scf.yield
// CHECK-COUNT-4:       memref.store %{{.*}}, %y_flat
// CHECK-NEXT:        } {stepwell.parallel = "thread"}
// CHECK-NEXT:      } {stepwell.parallel = "block"}
// CHECK-NEXT:    } {stepwell.parallel = "block"}
schedule.kernel @whole {
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
  schedule.cache [1] input 1 at %r_o
  schedule.unroll %i_i, %j_i
}
func.func private @whole(%a: memref<32x32xf32>, %b: memref<32x32xf32>, %y: memref<32x32xf32>) {
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

// 20 rows in blocks of 16, 30 steps of the sum in eights: the last tiles are not whole. All threads go on, for they meet
// at barriers. What is not there is read at the last place that is; along the sum, zero stands for it; it is not stored.
// CHECK-LABEL: func.func private @ragged
// CHECK:         scf.for %i = %c0 to %c32 step %c16 {
// CHECK:           scf.for %t
// CHECK:             %{{.*}} = scf.for %l = %c0 to %c32 step %c8
// CHECK:               [[K:%.*]] = arith.addi %{{.*}}, %l : index
// CHECK-NEXT:          [[LAST:%.*]] = arith.minsi [[K]], %c29 : index
// CHECK-NEXT:          [[THERE:%.*]] = arith.cmpi ult, [[K]], %c30 : index
// CHECK-NEXT:          scf.for %m = %c0 to %c2
// CHECK:                 [[I:%.*]] = arith.addi %i, %{{.*}} : index
// CHECK-NEXT:            [[ROW:%.*]] = arith.minsi [[I]], %c19 : index
// CHECK-NEXT:            [[START:%.*]] = arith.muli [[ROW]], %c30 : index
// CHECK-NEXT:            [[AT:%.*]] = arith.addi [[LAST]], [[START]] : index
// CHECK:                 [[V:%.*]] = memref.load %a_flat{{\[}}[[AT]]] : memref<600xf32>
// CHECK-NEXT:            [[Z:%.*]] = arith.select [[THERE]], [[V]], %cst : f32
// CHECK:                 memref.store [[Z]], %a_tile
// CHECK:               gpu.barrier
// CHECK-NEXT:          %{{.*}} = scf.for %m_2 = %c0 to %c8
// CHECK:               gpu.barrier
// CHECK:             [[IN:%.*]] = arith.cmpi ult, %{{.*}}, %c20 : index
// CHECK:             scf.if [[IN]] {
// CHECK-NEXT:          memref.store
// CHECK-NEXT:          memref.store
// CHECK-NEXT:        }
// CHECK:             scf.if
// CHECK-NEXT:          memref.store
// CHECK-NEXT:          memref.store
// CHECK-NEXT:        }
schedule.kernel @ragged {
  %i, %j, %r = schedule.nest [0, 1] : 20, 32, 30
  %i_b, %i_x = schedule.tile %i by 16
  %j_b, %j_x = schedule.tile %j by 16
  %i_i, %i_t = schedule.tile %i_x by 8
  %j_i, %j_t = schedule.tile %j_x by 8
  %r_o, %r_i = schedule.tile %r by 8
  schedule.reorder %i_b, %j_b, %i_t, %j_t, %r_o, %r_i, %i_i, %j_i
  schedule.bind %i_b, %j_b to block
  schedule.bind %i_t, %j_t to thread
  schedule.cache [1] input 0 at %r_o
  schedule.cache [1] input 1 at %r_o
  schedule.unroll %i_i, %j_i
}
func.func private @ragged(%a: memref<20x30xf32>, %b: memref<30x32xf32>, %y: memref<20x32xf32>) {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%y : memref<20x32xf32>)
  linalg.generic {indexing_maps = [affine_map<(i, j, r) -> (i, r)>, affine_map<(i, j, r) -> (r, j)>,
                                   affine_map<(i, j, r) -> (i, j)>],
                  iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<20x30xf32>, memref<30x32xf32>) outs(%y : memref<20x32xf32>) {
  ^bb0(%x: f32, %w: f32, %s: f32):
    %p = arith.mulf %x, %w : f32
    %t = arith.addf %s, %p : f32
    linalg.yield %t : f32
  }
  func.return
}

// -----

// Two copies of each tile: those of the next step are loaded to registers before this step's are read, and stored behind
// that, in the other copy. One barrier a step. An element is left out behind each row of a, whose neighbours in memory
// are rows apart in the tile.
// CHECK-LABEL: func.func private @double
// CHECK:         %a_tile = memref.alloca() : memref<272xf32, #gpu.address_space<workgroup>>
// CHECK-NEXT:    %b_tile = memref.alloca() : memref<256xf32, #gpu.address_space<workgroup>>
// CHECK:         gpu.barrier
// CHECK:         %{{.*}} = scf.for [[L:%.*]] = %c0 to %c32 step %c8 iter_args
// CHECK-NEXT:      [[NEXT:%.*]] = arith.addi [[L]], %c8 : index
// CHECK-NEXT:      arith.minsi [[NEXT]], %c24 : index
// CHECK-NEXT:      [[N:%.*]] = arith.divui [[L]], %c8 : index
// CHECK-NEXT:      [[HALF:%.*]] = arith.remui [[N]], %c2 : index
// CHECK-NEXT:      arith.subi %c1, [[HALF]] : index
// CHECK:           [[A0:%.*]] = memref.load %a_flat
// CHECK:           [[A1:%.*]] = memref.load %a_flat
// CHECK:           [[B0:%.*]] = memref.load %b_flat
// CHECK:           [[B1:%.*]] = memref.load %b_flat
// CHECK-NOT:       gpu.barrier
// CHECK:           %{{.*}} = scf.for %m = %c0 to %c8
// CHECK-NOT:       gpu.barrier
// CHECK:           memref.store [[A0]], %a_tile
// CHECK-NEXT:      memref.store [[A1]], %a_tile
// CHECK-NEXT:      memref.store [[B0]], %b_tile
// CHECK-NEXT:      memref.store [[B1]], %b_tile
// CHECK-NEXT:      gpu.barrier
// CHECK-NEXT:      scf.yield
schedule.kernel @double {
  %i, %j, %r = schedule.nest [0, 1] : 32, 32, 32
  %i_b, %i_x = schedule.tile %i by 16
  %j_b, %j_x = schedule.tile %j by 16
  %i_i, %i_t = schedule.tile %i_x by 8
  %j_i, %j_t = schedule.tile %j_x by 8
  %r_o, %r_i = schedule.tile %r by 8
  schedule.reorder %i_b, %j_b, %i_t, %j_t, %r_o, %r_i, %i_i, %j_i
  schedule.bind %i_b, %j_b to block
  schedule.bind %i_t, %j_t to thread
  schedule.cache [1] input 0 at %r_o double pad 1
  schedule.cache [1] input 1 at %r_o double
  schedule.unroll %i_i, %j_i
}
func.func private @double(%a: memref<32x32xf32>, %b: memref<32x32xf32>, %y: memref<32x32xf32>) {
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

// A tile of 96 elements, 64 threads: in the second turn half of them have none. What they load, since all do, is the
// last row, 15; they do not store it.
// CHECK-LABEL: func.func private @left_over
// CHECK-DAG:     [[SECOND:%.*]] = arith.addi %t, %c64 : index
// CHECK-DAG:     [[THERE:%.*]] = arith.cmpi ult, [[SECOND]], %c96 : index
// CHECK-DAG:     [[ROW:%.*]] = arith.divui [[SECOND]], %c6 : index
// CHECK-DAG:     [[LAST:%.*]] = arith.minsi [[ROW]], %c15 : index
// CHECK-DAG:     arith.muli [[LAST]], %c36 : index
// CHECK:         scf.if [[THERE]] {
// CHECK-NEXT:      memref.store %{{.*}}, %a_tile
// CHECK-NEXT:    }
schedule.kernel @left_over {
  %i, %j, %r = schedule.nest [0, 1] : 32, 32, 36
  %i_b, %i_x = schedule.tile %i by 16
  %j_b, %j_x = schedule.tile %j by 16
  %i_i, %i_t = schedule.tile %i_x by 8
  %j_i, %j_t = schedule.tile %j_x by 8
  %r_o, %r_i = schedule.tile %r by 6
  schedule.reorder %i_b, %j_b, %i_t, %j_t, %r_o, %r_i, %i_i, %j_i
  schedule.bind %i_b, %j_b to block
  schedule.bind %i_t, %j_t to thread
  schedule.cache [1] input 0 at %r_o double pad 1
  schedule.cache [1] input 1 at %r_o double
  schedule.unroll %i_i, %j_i
}
func.func private @left_over(%a: memref<32x36xf32>, %b: memref<36x32xf32>, %y: memref<32x32xf32>) {
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

// A convolution: the copy reads the image where the access function says, so that 2 x 8 windows of 3 x 3 pixels are a
// matrix in the block's memory and nowhere else. The loops over the window and over the channels are one: a block is
// in step, whatever it reads.
// CHECK-LABEL: func.func private @conv
// CHECK:         %x_tile = memref.alloca() : memref<128xf32, #gpu.address_space<workgroup>>
// CHECK-NEXT:    %w_tile = memref.alloca() : memref<128xf32, #gpu.address_space<workgroup>>
// CHECK:         scf.for %t = %c0 to %c64 step %c1 {
// CHECK:           %{{.*}} = scf.for [[L:%.*]] = %c0 to %c18 step %c1 iter_args
// CHECK-DAG:         [[C:%.*]] = arith.remui [[L]], %c2 : index
// CHECK-DAG:         arith.muli [[C]], %c8 : index
// CHECK-DAG:         [[RS:%.*]] = arith.divui [[L]], %c2 : index
// CHECK-DAG:         arith.remui [[RS]], %c3 : index
// CHECK-DAG:         arith.divui [[RS]], %c3 : index
// CHECK:             memref.load %x_flat
// CHECK:             memref.load %w_flat
// CHECK:             gpu.barrier
// CHECK:             %{{.*}} = scf.for {{.*}} = %c0 to %c8 step %c1 iter_args
schedule.kernel @conv {
  %h, %w, %f, %r, %s, %c = schedule.nest [0, 1] : 8, 8, 16, 3, 3, 16
  %h_b, %h_i = schedule.tile %h by 2
  %f_i, %f_t = schedule.tile %f by 8
  %c_o, %c_i = schedule.tile %c by 8
  schedule.reorder %h_b, %w, %f_t, %r, %s, %c_o, %c_i, %h_i, %f_i
  schedule.bind %h_b to block
  schedule.bind %w, %f_t to thread
  schedule.cache [1] input 0 at %c_o
  schedule.cache [1] input 1 at %c_o
  schedule.unroll %h_i, %f_i
}
func.func private @conv(%x: memref<10x10x16xf32>, %w: memref<3x3x16x16xf32>, %y: memref<8x8x16xf32>) {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%y : memref<8x8x16xf32>)
  linalg.generic {indexing_maps = [affine_map<(h, w, f, r, s, c) -> (h + r, w + s, c)>,
                                   affine_map<(h, w, f, r, s, c) -> (r, s, c, f)>,
                                   affine_map<(h, w, f, r, s, c) -> (h, w, f)>],
                  iterator_types = ["parallel", "parallel", "parallel", "reduction", "reduction", "reduction"]}
      ins(%x, %w : memref<10x10x16xf32>, memref<3x3x16x16xf32>) outs(%y : memref<8x8x16xf32>) {
  ^bb0(%a: f32, %b: f32, %s: f32):
    %p = arith.mulf %a, %b : f32
    %t = arith.addf %s, %p : f32
    linalg.yield %t : f32
  }
  func.return
}

// -----

// A sum that 16 threads share, for four rows at once: each adds up a part, then in four steps the first half of those
// that are left adds to its parts those of the second half. The loop over these steps is one of all threads.
// CHECK-LABEL: func.func private @sums
// CHECK:         scf.for %i = %c0 to %c8 step %c4 {
// CHECK-NEXT:      %parts = memref.alloca() : memref<64xf32, #gpu.address_space<workgroup>>
// CHECK-NEXT:      scf.for %t = %c0 to %c64 step %c1 {
// CHECK:             [[PART:%.*]] = scf.for [[K:%.*]] = %c0 to %c112 step %c16 iter_args([[ACC:%.*]] = %cst) -> (f32) {
// CHECK:               [[AT:%.*]] = arith.minsi %{{.*}}, %c99 : index
// CHECK:               [[V:%.*]] = memref.load %x_flat
// CHECK-NEXT:          [[SUM:%.*]] = arith.addf [[ACC]], [[V]] : f32
// CHECK-NEXT:          [[THERE:%.*]] = arith.cmpi ult, %{{.*}}, %c100 : index
// CHECK-NEXT:          [[KEPT:%.*]] = arith.select [[THERE]], [[SUM]], [[ACC]] : f32
// CHECK-NEXT:          scf.yield [[KEPT]] : f32
// CHECK:             memref.store [[PART]], %parts[%t]
// CHECK-NEXT:        gpu.barrier
// CHECK:             scf.for [[L:%.*]] = %c0 to %c4 step %c1 {
// CHECK-NEXT:          [[HALF:%.*]] = arith.shrui %c8, [[L]] : index
// CHECK-NEXT:          [[FIRST:%.*]] = arith.cmpi ult, [[NUMBER:%.*]], [[HALF]] : index
// CHECK-NEXT:          [[OTHER:%.*]] = arith.addi %t, [[HALF]] : index
// CHECK-NEXT:          scf.if [[FIRST]] {
// CHECK-NEXT:            [[B:%.*]] = memref.load %parts{{\[}}[[OTHER]]]
// CHECK-NEXT:            [[A:%.*]] = memref.load %parts[%t]
// CHECK-NEXT:            [[S:%.*]] = arith.addf [[A]], [[B]] : f32
// CHECK-NEXT:            memref.store [[S]], %parts[%t]
// CHECK-NEXT:          }
// CHECK-NEXT:          gpu.barrier
// CHECK-NEXT:        }
// CHECK:             [[TOTAL:%.*]] = memref.load %parts
// CHECK:             [[WHOLE:%.*]] = arith.addf %zero, [[TOTAL]] : f32
// CHECK:             [[IS0:%.*]] = arith.cmpi eq, [[NUMBER]], %c0 : index
// CHECK:             [[ROW:%.*]] = arith.cmpi ult, %{{.*}}, %c7 : index
// CHECK:             [[STORES:%.*]] = arith.andi [[IS0]], [[ROW]] : i1
// CHECK:             scf.if [[STORES]] {
// CHECK-NEXT:          memref.store [[WHOLE]], %y
schedule.kernel @sums {
  %i, %r = schedule.nest [0, 1] : 7, 100
  %i_b, %i_t = schedule.tile %i by 4
  %r_o, %r_t = schedule.tile %r by 16
  schedule.reorder %i_b, %i_t, %r_t, %r_o
  schedule.bind %i_b to block
  schedule.bind %i_t, %r_t to thread
}
func.func private @sums(%x: memref<7x100xf32>, %y: memref<7xf32>) {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%y : memref<7xf32>)
  linalg.generic {indexing_maps = [affine_map<(i, r) -> (i, r)>, affine_map<(i, r) -> (i)>],
                  iterator_types = ["parallel", "reduction"]}
      ins(%x : memref<7x100xf32>) outs(%y : memref<7xf32>) {
  ^bb0(%v: f32, %s: f32):
    %t = arith.addf %s, %v : f32
    linalg.yield %t : f32
  }
  func.return
}

// -----

// Two nests in one block, row by row: the sum of a row is one number of the block, and there is no buffer of sums. What
// follows a loop over threads sees what all of them wrote: loops-to-gpu has them wait for one another in between.
// CHECK-LABEL: func.func private @together
// CHECK-NOT:     memref.alloc()
// CHECK:         scf.for %i = %c0 to %c4 step %c1 {
// CHECK-NEXT:      [[SUM:%.*]] = memref.alloca() : memref<1xf32, #gpu.address_space<workgroup>>
// CHECK-NEXT:      %parts = memref.alloca() : memref<32xf32, #gpu.address_space<workgroup>>
// CHECK:           scf.for %t = %c0 to %c32 step %c1 {
// CHECK:             [[IS0:%.*]] = arith.cmpi eq, %t, %c0 : index
// CHECK-NEXT:        scf.if [[IS0]] {
// CHECK-NEXT:          memref.store %{{.*}}, [[SUM]][%c0]
// CHECK-NEXT:        }
// CHECK-NEXT:      } {stepwell.parallel = "thread"}
// CHECK:           [[S:%.*]] = memref.load [[SUM]][%c0]
// CHECK:           scf.for %t_1 = %c0 to %c32 step %c1 {
// CHECK:             scf.for %k
// CHECK:               [[V:%.*]] = memref.load %x_flat
// CHECK-NEXT:          [[Q:%.*]] = arith.divf [[V]], [[S]] : f32
// CHECK:               memref.store [[Q]], %y_flat
// CHECK:           } {stepwell.parallel = "thread"}
// CHECK-NEXT:    } {stepwell.parallel = "block"}
// CHECK-NEXT:    func.return
schedule.kernel @together {
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
  schedule.together %i, %k
}
func.func private @together(%x: memref<4x64xf32>, %y: memref<4x64xf32>) {
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
