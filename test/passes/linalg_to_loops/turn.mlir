// RUN: stepwell-opt %s -p apply-schedule | filecheck %s

#id = affine_map<(i, j) -> (i, j)>
#flip = affine_map<(i, j) -> (j, i)>

// A square of 4 by 4: four rows as they lie in memory, two rounds that interleave halves, four rows of the result.
// CHECK-LABEL: @square
// CHECK:         scf.for %j
// CHECK:           [[A:%.*]] = vector.load %x_flat[{{.*}}] : memref<64xf32>, vector<4xf32>
// CHECK:           [[B:%.*]] = vector.load %x_flat
// CHECK:           [[C:%.*]] = vector.load %x_flat
// CHECK:           [[D:%.*]] = vector.load %x_flat
// CHECK-NEXT:      [[AC_LOW:%.*]] = vector.shuffle [[A]], [[C]] [0, 4, 1, 5]
// CHECK-NEXT:      [[AC_HIGH:%.*]] = vector.shuffle [[A]], [[C]] [2, 6, 3, 7]
// CHECK-NEXT:      [[BD_LOW:%.*]] = vector.shuffle [[B]], [[D]] [0, 4, 1, 5]
// CHECK-NEXT:      [[BD_HIGH:%.*]] = vector.shuffle [[B]], [[D]] [2, 6, 3, 7]
// CHECK-NEXT:      [[FIRST:%.*]] = vector.shuffle [[AC_LOW]], [[BD_LOW]] [0, 4, 1, 5]
// CHECK-NEXT:      [[SECOND:%.*]] = vector.shuffle [[AC_LOW]], [[BD_LOW]] [2, 6, 3, 7]
// CHECK-NEXT:      [[THIRD:%.*]] = vector.shuffle [[AC_HIGH]], [[BD_HIGH]] [0, 4, 1, 5]
// CHECK-NEXT:      [[FOURTH:%.*]] = vector.shuffle [[AC_HIGH]], [[BD_HIGH]] [2, 6, 3, 7]
// CHECK:           vector.store [[FIRST]], %out_flat
// CHECK:           vector.store [[SECOND]], %out_flat
// CHECK:           vector.store [[THIRD]], %out_flat
// CHECK:           vector.store [[FOURTH]], %out_flat
func.func @square(%x: memref<8x8xf32>, %out: memref<8x8xf32>) {
  linalg.generic {indexing_maps = [#flip, #id], iterator_types = ["parallel", "parallel"]}
      ins(%x : memref<8x8xf32>) outs(%out : memref<8x8xf32>) {
  ^bb0(%a: f32, %o: f32):
    linalg.yield %a : f32
  }
  func.return
}
schedule.kernel @square {
  %i, %j = schedule.nest [0] : 8, 8
  %i_o, %i_i = schedule.tile %i by 4
  %j_o, %j_i = schedule.tile %j by 4
  schedule.reorder %i_o, %j_o, %i_i, %j_i
  schedule.transpose %i_i
  schedule.vectorize %j_i by 4
}

// Half a square at an edge: 6 = 4 + 2 rows are written, of vectors of which two elements are there.
// CHECK-LABEL: @edge
// CHECK-COUNT-4: vector.store {{.*}} vector<4xf32>
// CHECK:         [[TWO:%.*]] = vector.create_mask %c2 : vector<4xi1>
// CHECK-COUNT-4: vector.maskedload %x_flat[{{.*}}], [[TWO]]
// CHECK-COUNT-2: vector.store {{.*}} vector<4xf32>
// CHECK-NOT:     store
func.func @edge(%x: memref<4x6xf32>, %out: memref<6x4xf32>) {
  linalg.generic {indexing_maps = [#flip, #id], iterator_types = ["parallel", "parallel"]}
      ins(%x : memref<4x6xf32>) outs(%out : memref<6x4xf32>) {
  ^bb0(%a: f32, %o: f32):
    linalg.yield %a : f32
  }
  func.return
}
schedule.kernel @edge {
  %i, %j = schedule.nest [0] : 6, 4
  %i_o, %i_i = schedule.tile %i by 4
  schedule.reorder %i_o, %i_i, %j
  schedule.transpose %i_i
  schedule.vectorize %j by 4
}

// Three colours of four pixels: their rows are interleaved on the way out, after they were computed with.
// CHECK-LABEL: @colours
// CHECK:         scf.for %i = %c0 to %c64 step %c4 {
// CHECK:           [[R:%.*]] = arith.negf
// CHECK:           [[G:%.*]] = arith.negf
// CHECK:           [[B:%.*]] = arith.negf
// CHECK-NEXT:      [[RG:%.*]] = vector.shuffle [[R]], [[G]] [0, 4, 0, 1]
// CHECK-NEXT:      [[RGBR:%.*]] = vector.shuffle [[RG]], [[B]] [0, 1, 4, 3]
// CHECK:           vector.store [[RGBR]], %out_flat[[[AT:%.*]]]
// CHECK-NEXT:      [[NEXT:%.*]] = arith.addi [[AT]], %c4
// CHECK-NEXT:      vector.store {{.*}}, %out_flat[[[NEXT]]]
// CHECK:           vector.store
// CHECK-NOT:       store
func.func @colours(%x: memref<3x64xf32>, %out: memref<64x3xf32>) {
  linalg.generic {indexing_maps = [#flip, #id], iterator_types = ["parallel", "parallel"]}
      ins(%x : memref<3x64xf32>) outs(%out : memref<64x3xf32>) {
  ^bb0(%a: f32, %o: f32):
    %n = arith.negf %a : f32
    linalg.yield %n : f32
  }
  func.return
}
schedule.kernel @colours {
  %i, %j = schedule.nest [0] : 64, 3
  %i_o, %i_i = schedule.tile %i by 4
  schedule.reorder %i_o, %j, %i_i
  schedule.transpose %j
  schedule.vectorize %i_i by 4
}

// Eight lanes are two chunks of 128 bits: two rounds inside of the chunks, then one that moves chunks.
// CHECK-LABEL: @chunks
// CHECK-COUNT-8: vector.load
// CHECK-COUNT-16: vector.shuffle {{.*}} {{\[0, 8, 1, 9, 4, 12, 5, 13\]|\[2, 10, 3, 11, 6, 14, 7, 15\]}}
// CHECK-NEXT:    vector.shuffle {{.*}} [0, 1, 2, 3, 8, 9, 10, 11]
// CHECK-NEXT:    vector.shuffle {{.*}} [4, 5, 6, 7, 12, 13, 14, 15]
// CHECK-COUNT-6: vector.shuffle
// CHECK-COUNT-8: vector.store
func.func @chunks(%x: memref<8x8xf32>, %out: memref<8x8xf32>) {
  linalg.generic {indexing_maps = [#flip, #id], iterator_types = ["parallel", "parallel"]}
      ins(%x : memref<8x8xf32>) outs(%out : memref<8x8xf32>) {
  ^bb0(%a: f32, %o: f32):
    linalg.yield %a : f32
  }
  func.return
}
schedule.kernel @chunks {
  %i, %j = schedule.nest [0] : 8, 8
  schedule.transpose %i
  schedule.vectorize %j by 8
}
