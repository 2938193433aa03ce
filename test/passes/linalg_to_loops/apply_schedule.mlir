// RUN: stepwell-opt %s -p "schedule-kernels{vector-width=1},apply-schedule" | filecheck %s --check-prefix=SCALAR
// RUN: stepwell-opt %s -p "schedule-kernels{vector-width=16 unroll=2 vectors=1},apply-schedule" | filecheck %s --check-prefix=VECTOR

#all = affine_map<(i) -> (i)>
#id = affine_map<(i, j) -> (i, j)>
#flip = affine_map<(i, j) -> (j, i)>
#row = affine_map<(i, j) -> (i)>
#column = affine_map<(i, j) -> (j)>

// Elementwise over contiguous buffers: all loops are one. In lanes: 32 elements are two vectors, one after the other.
// SCALAR-LABEL: @elementwise
// SCALAR:         scf.for %i = %c0 to %c32 step %c1 {
// SCALAR-NEXT:      %{{.*}} = memref.load %x_flat[%i] : memref<32xf32>
// SCALAR-NEXT:      %{{.*}} = math.exp
// SCALAR-NEXT:      memref.store %{{.*}}, %out_flat[%i] : memref<32xf32>
// VECTOR-LABEL: @elementwise
// VECTOR:         scf.for %i = %c0 to %c32 step %c16 {
// VECTOR-NEXT:      %{{.*}} = vector.load %x_flat[%i] : memref<32xf32>, vector<16xf32>
// VECTOR-NEXT:      %{{.*}} = math.exp %{{.*}} : vector<16xf32>
// VECTOR-NEXT:      vector.store %{{.*}}, %out_flat[%i] : memref<32xf32>, vector<16xf32>
func.func @elementwise(%x: memref<4x8xf32>, %out: memref<4x8xf32>) {
  linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%x : memref<4x8xf32>) outs(%out : memref<4x8xf32>) {
  ^bb0(%a: f32, %o: f32):
    %e = math.exp %a : f32
    linalg.yield %e : f32
  }
  func.return
}

// The last lanes take a vector that is no wider than they need: 20 = 16 + 4.
// VECTOR-LABEL: @edge
// VECTOR:         vector.store %{{.*}}, %out[%c0] : memref<20xf32>, vector<16xf32>
// VECTOR:         vector.load %x[%c16] : memref<20xf32>, vector<4xf32>
// VECTOR:         vector.store %{{.*}}, %out[%c16] : memref<20xf32>, vector<4xf32>
func.func @edge(%x: memref<20xf32>, %out: memref<20xf32>) {
  linalg.generic {indexing_maps = [#all, #all], iterator_types = ["parallel"]}
      ins(%x : memref<20xf32>) outs(%out : memref<20xf32>) {
  ^bb0(%a: f32, %o: f32):
    %e = arith.negf %a : f32
    linalg.yield %e : f32
  }
  func.return
}

// Lanes that are not there are masked off: of 22 = 16 + 6, the last are 6 of 8.
// VECTOR-LABEL: @masked
// VECTOR:         vector.store %{{.*}}, %out[%c0] : memref<22xf32>, vector<16xf32>
// VECTOR:         %[[MASK:.*]] = vector.create_mask %c6 : vector<8xi1>
// VECTOR:         vector.maskedload %x[%c16], %[[MASK]]
// VECTOR:         vector.maskedstore %out[%c16], %[[MASK]]
func.func @masked(%x: memref<22xf32>, %out: memref<22xf32>) {
  linalg.generic {indexing_maps = [#all, #all], iterator_types = ["parallel"]}
      ins(%x : memref<22xf32>) outs(%out : memref<22xf32>) {
  ^bb0(%a: f32, %o: f32):
    %e = arith.negf %a : f32
    linalg.yield %e : f32
  }
  func.return
}

// A transposition moves along different loops in its two buffers: no loop is one for both. Lanes are turned (turn.mlir).
// SCALAR-LABEL: @transpose
// SCALAR:         scf.for %i = %c0 to %c4 step %c1 {
// SCALAR-NEXT:      %[[ROW:.*]] = arith.muli %i, %c8
// SCALAR-NEXT:      scf.for %j = %c0 to %c8 step %c1 {
// SCALAR-NEXT:        %[[AT:.*]] = arith.muli %j, %c4
// SCALAR-NEXT:        %[[FROM:.*]] = arith.addi %i, %[[AT]]
// SCALAR-NEXT:        %[[VALUE:.*]] = memref.load %x_flat[%[[FROM]]]
// SCALAR-NEXT:        %[[TO:.*]] = arith.addi %[[ROW]], %j
// SCALAR-NEXT:        memref.store %[[VALUE]], %out_flat[%[[TO]]]
// VECTOR-LABEL: @transpose
// VECTOR-NOT:     memref.load
// VECTOR:         vector.shuffle
func.func @transpose(%x: memref<8x4xf32>, %out: memref<4x8xf32>) {
  linalg.generic {indexing_maps = [#flip, #id], iterator_types = ["parallel", "parallel"]}
      ins(%x : memref<8x4xf32>) outs(%out : memref<4x8xf32>) {
  ^bb0(%a: f32, %o: f32):
    linalg.yield %a : f32
  }
  func.return
}

// A matrix product with what stands before and after it: the accumulators start from the fill's value, bias and relu
// are applied to them, and the temporary is gone.
//
// Scalar: a row of %out is accumulated in a buffer, so that the innermost loop walks memory, four products at a time.
// SCALAR-LABEL: @dense
// SCALAR:         %row = memref.alloc() : memref<16xf32>
// SCALAR-NEXT:    scf.for %i = %c0 to %c4 step %c1 {
// SCALAR:           scf.for %j = %c0 to %c16 step %c1 {
// SCALAR-NEXT:        memref.store %zero, %row[%j]
// SCALAR:           scf.for %j{{.*}} = %c0 to %c64 step %c4 {
// SCALAR:             %[[A:.*]] = memref.load %a_flat
// SCALAR:             scf.for %k = %c0 to %c16 step %c1 {
// SCALAR:               %[[P:.*]] = arith.mulf %[[A]]
// SCALAR:               %[[S0:.*]] = arith.addf %{{.*}}, %[[P]]
// SCALAR:               %[[S1:.*]] = arith.addf %[[S0]]
// SCALAR:               %[[S2:.*]] = arith.addf %[[S1]]
// SCALAR:               %[[S:.*]] = arith.addf %[[S2]]
// SCALAR-NEXT:          memref.store %[[S]], %row[%k]
// SCALAR:           scf.for %j{{.*}} = %c0 to %c16 step %c1 {
// SCALAR:             arith.maximumf
// SCALAR:             memref.store %{{.*}}, %out_flat
//
// In vectors: a tile of 2 rows by 1 vector stays in registers over the loop of the reduction.
// VECTOR-LABEL: @dense
// VECTOR-NOT:     memref.alloc
// VECTOR:         %[[START:.*]] = vector.broadcast %zero : f32 to vector<16xf32>
// VECTOR:         %[[BIAS:.*]] = vector.load %bias[%c0]
// VECTOR:         scf.for %i = %c0 to %c4 step %c2 {
// VECTOR:           %[[SUM0:.*]], %[[SUM1:.*]] = scf.for %j = %c0 to %c64 step %c1 iter_args(%[[ACC0:.*]] = %[[START]], %[[ACC1:.*]] = %[[START]])
// VECTOR:             %[[A:.*]] = memref.load %a_flat
// VECTOR:             %[[B:.*]] = vector.load %b_flat
// VECTOR-NEXT:        %[[A0:.*]] = vector.broadcast %[[A]]
// VECTOR-NEXT:        %[[N0:.*]] = vector.fma %[[A0]], %[[B]], %[[ACC0]]
// VECTOR:             %[[N1:.*]] = vector.fma %{{.*}}, %[[B]], %[[ACC1]]
// VECTOR-NEXT:        scf.yield %[[N0]], %[[N1]]
// VECTOR:           arith.addf %[[SUM0]], %[[BIAS]]
// VECTOR:           arith.maximumf
// VECTOR:           vector.store %{{.*}}, %out_flat
// VECTOR:           vector.store %{{.*}}, %out_flat
func.func @dense(%a: memref<4x64xf32>, %b: memref<64x16xf32>, %bias: memref<16xf32>, %out: memref<4x16xf32>) {
  %zero = arith.constant 0.0 : f32
  %t = memref.alloc() : memref<4x16xf32>
  linalg.fill ins(%zero : f32) outs(%t : memref<4x16xf32>)
  linalg.generic {indexing_maps = [affine_map<(i, j, k) -> (i, k)>, affine_map<(i, j, k) -> (k, j)>,
                                   affine_map<(i, j, k) -> (i, j)>],
                  iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<4x64xf32>, memref<64x16xf32>) outs(%t : memref<4x16xf32>) {
  ^bb0(%l: f32, %r: f32, %acc: f32):
    %p = arith.mulf %l, %r : f32
    %s = arith.addf %acc, %p : f32
    linalg.yield %s : f32
  }
  linalg.generic {indexing_maps = [#id, #column, #id], iterator_types = ["parallel", "parallel"]}
      ins(%t, %bias : memref<4x16xf32>, memref<16xf32>) outs(%out : memref<4x16xf32>) {
  ^bb0(%v: f32, %c: f32, %o: f32):
    %s = arith.addf %v, %c : f32
    %m = arith.maximumf %s, %zero : f32
    linalg.yield %m : f32
  }
  func.return
}

// What follows reads the temporary transposed: it needs elements that are not there yet, so the two stay apart.
// VECTOR-LABEL: @no_epilogue
// VECTOR:         %t = memref.alloc()
// VECTOR:         vector.store %{{.*}}, %t_flat
// VECTOR:         vector.load %t_flat
func.func @no_epilogue(%x: memref<8x8xf32>, %out: memref<8x8xf32>) {
  %t = memref.alloc() : memref<8x8xf32>
  linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%x : memref<8x8xf32>) outs(%t : memref<8x8xf32>) {
  ^bb0(%a: f32, %o: f32):
    %e = math.exp %a : f32
    linalg.yield %e : f32
  }
  linalg.generic {indexing_maps = [#flip, #id], iterator_types = ["parallel", "parallel"]}
      ins(%t : memref<8x8xf32>) outs(%out : memref<8x8xf32>) {
  ^bb0(%a: f32, %o: f32):
    linalg.yield %a : f32
  }
  func.return
}

// The sum of each row: the lanes run along the reduction, hold partial sums, and are added up at the end. Loops of a
// reduction carry their accumulator; the buffer is read once before and written once after.
// SCALAR-LABEL: @sums
// SCALAR:         scf.for %i = %c0 to %c3 step %c1 {
// SCALAR:           %[[OLD:.*]] = memref.load %out[%i]
// SCALAR:           %[[SUM:.*]] = scf.for %j = %c0 to %c64 step %c1 iter_args(%{{.*}} = %[[OLD]]) -> (f32) {
// SCALAR:           memref.store %[[SUM]], %out[%i]
// VECTOR-LABEL: @sums
// VECTOR:         %[[ZERO:.*]] = vector.broadcast %cst : f32 to vector<16xf32>
// VECTOR:         scf.for %i = %c0 to %c3 step %c1 {
// VECTOR:           %[[SUMS:.*]] = scf.for %j = %c0 to %c64 step %c16 iter_args(%{{.*}} = %[[ZERO]]) -> (vector<16xf32>) {
// VECTOR:           %[[SUM:.*]] = vector.reduction <add>, %[[SUMS]] fastmath<reassoc> : vector<16xf32> into f32
// VECTOR:           %[[OLD:.*]] = memref.load %out[%i]
// VECTOR:           %[[NEW:.*]] = arith.addf %[[OLD]], %[[SUM]]
// VECTOR:           memref.store %[[NEW]], %out[%i]
func.func @sums(%x: memref<3x64xf32>, %out: memref<3xf32>) {
  linalg.generic {indexing_maps = [#id, #row], iterator_types = ["parallel", "reduction"]}
      ins(%x : memref<3x64xf32>) outs(%out : memref<3xf32>) {
  ^bb0(%a: f32, %o: f32):
    %s = arith.addf %o, %a : f32
    linalg.yield %s : f32
  }
  func.return
}

// A short reduction that reads vectors only (a depthwise convolution, a pool) is written out; what two rows of the
// tile both read is read once: three columns of %x for two results.
// VECTOR-LABEL: @depthwise
// VECTOR:         vector.load %w_flat[%c0]
// VECTOR:         vector.load %w_flat[%c16]
// VECTOR:         scf.for %i = %c0 to %c4 step %c2 {
// VECTOR-COUNT-3:   vector.load %x_flat
// VECTOR-NOT:       vector.load
// VECTOR:           vector.store %{{.*}}, %out_flat
// VECTOR-NEXT:      vector.store %{{.*}}, %out_flat
func.func @depthwise(%x: memref<5x16xf32>, %w: memref<2x16xf32>, %out: memref<4x16xf32>) {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%out : memref<4x16xf32>)
  linalg.generic {indexing_maps = [affine_map<(h, c, k) -> (h + k, c)>, affine_map<(h, c, k) -> (k, c)>,
                                   affine_map<(h, c, k) -> (h, c)>],
                  iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %w : memref<5x16xf32>, memref<2x16xf32>) outs(%out : memref<4x16xf32>) {
  ^bb0(%l: f32, %r: f32, %acc: f32):
    %p = arith.mulf %l, %r : f32
    %s = arith.addf %acc, %p : f32
    linalg.yield %s : f32
  }
  func.return
}

// A subview is a number that is added to the index: (1, 1) of rows of 6 is 7.
// SCALAR-LABEL: @into_a_subview
// SCALAR-NOT:     subview
// SCALAR:         scf.for %i
// SCALAR:           %[[ROW:.*]] = arith.muli %i, %c6
// SCALAR:           scf.for %j
// SCALAR:             %[[AT:.*]] = arith.addi %[[ROW]], %j
// SCALAR:             %[[IN:.*]] = arith.addi %[[AT]], %c7
// SCALAR:             memref.store %{{.*}}, %out_flat[%[[IN]]]
func.func @into_a_subview(%x: memref<2x4xf32>, %out: memref<4x6xf32>) {
  %inner = memref.subview %out[1, 1] [2, 4] [1, 1] : memref<4x6xf32> to memref<2x4xf32, strided<[6, 1], offset: 7>>
  linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%x : memref<2x4xf32>) outs(%inner : memref<2x4xf32, strided<[6, 1], offset: 7>>) {
  ^bb0(%a: f32, %o: f32):
    linalg.yield %a : f32
  }
  func.return
}

// A gather: the row is the same for all lanes, its elements are neighbours.
// VECTOR-LABEL: @gather
// VECTOR:         scf.for %i = %c0 to %c4 step %c1 {
// VECTOR:           %[[R:.*]] = memref.load %rows[%i] : memref<4xi64>
// VECTOR:           %[[ROW:.*]] = arith.index_cast %[[R]] : i64 to index
// VECTOR:           %[[START:.*]] = arith.muli %[[ROW]], %c16
// VECTOR:           vector.load %table_flat[%[[START]]] : memref<144xf32>, vector<16xf32>
func.func @gather(%rows: memref<4xi64>, %table: memref<9x16xf32>, %out: memref<4x16xf32>) {
  linalg.generic {indexing_maps = [#row, #id], iterator_types = ["parallel", "parallel"]}
      ins(%rows : memref<4xi64>) outs(%out : memref<4x16xf32>) {
  ^bb0(%r: i64, %o: f32):
    %i = arith.index_cast %r : i64 to index
    %j = linalg.index 1 : index
    %v = memref.load %table[%i, %j] : memref<9x16xf32>
    linalg.yield %v : f32
  }
  func.return
}
