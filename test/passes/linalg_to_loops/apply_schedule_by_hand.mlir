// RUN: stepwell-opt %s -p apply-schedule | filecheck %s

// What a strategy does not write, a person may: any order of the loops that run, tiles in tiles, two loops in registers.

#id = affine_map<(i, j) -> (i, j)>

// Without a word on its loops a kernel runs in scalars, in the order of its loops, reductions inside.
// CHECK-LABEL: func.func @plain
// CHECK:         scf.for %i = %c0 to %c4 step %c1 {
// CHECK:           scf.for %j = %c0 to %c16 step %c1 {
// CHECK-NOT:       stepwell.parallel
schedule.kernel @plain {
  %i, %j = schedule.nest [0] : 4, 16
}
func.func @plain(%x: memref<4x16xf32>) {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%x : memref<4x16xf32>)
  func.return
}

// The same loops as one, since they walk memory as one: the extent says so.
// CHECK-LABEL: func.func @merged
// CHECK:         scf.for %i = %c0 to %c64 step %c32 {
// CHECK-NEXT:      vector.store %{{.*}}, %x_flat[%i]
// CHECK:           vector.store
// CHECK-NOT:       vector.store
// CHECK:         } {stepwell.parallel}
schedule.kernel @merged {
  %i = schedule.nest [0] : 64
  %o, %v = schedule.tile %i by 32
  schedule.parallel %o
  schedule.vectorize %v by 16
}
func.func @merged(%x: memref<4x16xf32>) {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%x : memref<4x16xf32>)
  func.return
}

// Tiles of 8 rows in blocks of 32, all columns of a block before the next block; the reduction runs in between, and
// 8 results stay in registers.
// CHECK-LABEL: func.func @blocks
// CHECK:         scf.for %i = %c0 to %c64 step %c32 {
// CHECK:           scf.for %j = %c0 to %c48 step %c16 {
// CHECK:             scf.for %k = %c0 to %c32 step %c8 {
// CHECK:               %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} = scf.for %l = %c0 to %c20 step %c1
// CHECK-COUNT-8:         vector.fma
// CHECK-NOT:             vector.fma
schedule.kernel @blocks {
  %i, %j, %r = schedule.nest [0, 1] : 64, 48, 20
  %block, %in_block = schedule.tile %i by 32
  %row, %rows = schedule.tile %in_block by 8
  %column, %lane = schedule.tile %j by 16
  schedule.reorder %block, %column, %row, %r, %rows, %lane
  schedule.parallel %block
  schedule.unroll %rows
  schedule.vectorize %lane by 16
}
func.func @blocks(%a: memref<64x20xf32>, %b: memref<20x48xf32>, %out: memref<64x48xf32>) {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%out : memref<64x48xf32>)
  linalg.generic {indexing_maps = [affine_map<(i, j, k) -> (i, k)>, affine_map<(i, j, k) -> (k, j)>,
                                   affine_map<(i, j, k) -> (i, j)>],
                  iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<64x20xf32>, memref<20x48xf32>) outs(%out : memref<64x48xf32>) {
  ^bb0(%l: f32, %r: f32, %acc: f32):
    %p = arith.mulf %l, %r : f32
    %s = arith.addf %acc, %p : f32
    linalg.yield %s : f32
  }
  func.return
}

// Two ops that could share their loops need not: each has a nest here, and the second reads what the first wrote.
// CHECK-LABEL: func.func @apart
// CHECK:         scf.for %i = %c0 to %c64 step %c1 {
// CHECK:           memref.store %{{.*}}, %y_flat
// CHECK:         scf.for %{{.*}} = %c0 to %c64 step %c1 {
// CHECK:           memref.load %y_flat
schedule.kernel @apart {
  %i = schedule.nest [1] : 64
  %j = schedule.nest [0] : 64
}
func.func @apart(%x: memref<4x16xf32>, %y: memref<4x16xf32>) {
  linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%x : memref<4x16xf32>) outs(%y : memref<4x16xf32>) {
  ^bb0(%a: f32, %o: f32):
    %e = math.exp %a : f32
    linalg.yield %e : f32
  }
  linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%y : memref<4x16xf32>) outs(%y : memref<4x16xf32>) {
  ^bb0(%a: f32, %o: f32):
    %e = arith.negf %a : f32
    linalg.yield %e : f32
  }
  func.return
}
