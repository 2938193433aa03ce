// RUN: stepwell-opt %s -p "pack-operands" | filecheck %s
// RUN: stepwell-opt %s -p "schedule-kernels{vector-width=16},pack-operands,apply-schedule" | filecheck %s --check-prefix=LOOPS

#x = affine_map<(i, j, k) -> (i, k)>
#w = affine_map<(i, j, k) -> (k, j)>
#y = affine_map<(i, j, k) -> (i, j)>

// A weight that every call hands over is packed while compiling: four panels of 64 columns, the last padded. The
// original is gone, as nothing uses it any more. Two calls that share a weight share its packed copy; the third has it
// reshaped from another shape.
// CHECK:       memref.global "private" constant @shared_packed : memref<4x40x64xf32> = dense_resource<shared_packed>
// CHECK-NEXT:  memref.global "private" constant @flat_packed : memref<4x40x64xf32> = dense_resource<flat_packed>
// CHECK-NEXT:  memref.global "private" constant @used_packed : memref<4x40x64xf32> = dense_resource<used_packed>
// CHECK-NEXT:  memref.global "private" constant @used : memref<40x200xf32> = dense_resource<used>
// CHECK-NEXT:  func.func @main
memref.global "private" constant @shared : memref<40x200xf32> = dense_resource<shared>
memref.global "private" constant @flat : memref<8000xf32> = dense_resource<flat>
memref.global "private" constant @used : memref<40x200xf32> = dense_resource<used>

// CHECK:         %[[SHARED:.*]] = memref.get_global @shared_packed : memref<4x40x64xf32>
// CHECK-NEXT:    func.call @matmul(%x, %[[SHARED]], %y)
// CHECK:         %[[AGAIN:.*]] = memref.get_global @shared_packed : memref<4x40x64xf32>
// CHECK-NEXT:    func.call @matmul(%x, %[[AGAIN]], %y)
// CHECK:         %[[FLAT:.*]] = memref.get_global @flat_packed : memref<4x40x64xf32>
// CHECK-NEXT:    func.call @matmul(%x, %[[FLAT]], %y)
// CHECK:         %[[USED:.*]] = memref.get_global @used_packed : memref<4x40x64xf32>
// CHECK-NEXT:    func.call @matmul(%x, %[[USED]], %y)
// CHECK:         func.call @copied(%x, %used, %y)
func.func @main(%x: memref<64x40xf32>, %z: memref<40x200xf32>, %y: memref<64x200xf32>) {
  %shared = memref.get_global @shared : memref<40x200xf32>
  %again = memref.get_global @shared : memref<40x200xf32>
  %flat = memref.get_global @flat : memref<8000xf32>
  %reshaped = memref.expand_shape %flat [[0, 1]] output_shape [40, 200] : memref<8000xf32> into memref<40x200xf32>
  %used = memref.get_global @used : memref<40x200xf32>
  func.call @matmul(%x, %shared, %y) : (memref<64x40xf32>, memref<40x200xf32>, memref<64x200xf32>) -> ()
  func.call @matmul(%x, %again, %y) : (memref<64x40xf32>, memref<40x200xf32>, memref<64x200xf32>) -> ()
  func.call @matmul(%x, %reshaped, %y) : (memref<64x40xf32>, memref<40x200xf32>, memref<64x200xf32>) -> ()
  func.call @matmul(%x, %used, %y) : (memref<64x40xf32>, memref<40x200xf32>, memref<64x200xf32>) -> ()
  func.call @copied(%x, %used, %y) : (memref<64x40xf32>, memref<40x200xf32>, memref<64x200xf32>) -> ()
  func.call @copied(%x, %z, %y) : (memref<64x40xf32>, memref<40x200xf32>, memref<64x200xf32>) -> ()
  func.return
}

// CHECK-LABEL: func.func private @matmul(%a: memref<64x40xf32>, %b: memref<4x40x64xf32>, %c: memref<64x200xf32>)
// CHECK-NOT:     memref.alloc
// CHECK:         linalg.generic {indexing_maps = [affine_map<(d0, d1, d2) -> (d0, d2)>, affine_map<(d0, d1, d2) -> ((d1 floordiv 64), d2, (d1 mod 64))>, affine_map<(d0, d1, d2) -> (d0, d1)>]
// CHECK-SAME:      ins(%a, %b : memref<64x40xf32>, memref<4x40x64xf32>)

// With tiles of whole panels the address is linear: 40 rows a panel, 64 elements a row.
// LOOPS-LABEL: func.func private @matmul
// LOOPS:         %[[PANEL:.*]] = arith.muli %i, %c40 : index
// LOOPS:         scf.for %k = %c0 to %c40 step %c1 iter_args
// LOOPS:           %[[ROW:.*]] = arith.muli %k, %c64 : index
// LOOPS-NEXT:      %[[AT:.*]] = arith.addi %[[PANEL]], %[[ROW]] : index
// LOOPS-NEXT:      vector.load %b_flat[%[[AT]]] : memref<10240xf32>, vector<16xf32>
func.func private @matmul(%a: memref<64x40xf32>, %b: memref<40x200xf32>, %c: memref<64x200xf32>) {
  linalg.generic {indexing_maps = [#x, #w, #y], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<64x40xf32>, memref<40x200xf32>) outs(%c : memref<64x200xf32>) {
  ^bb0(%l: f32, %r: f32, %acc: f32):
    %p = arith.mulf %l, %r : f32
    %s = arith.addf %acc, %p : f32
    linalg.yield %s : f32
  }
  func.return
}
// CHECK-LABEL: schedule.kernel @matmul {
// CHECK-NEXT:    %i, %j, %r = schedule.nest [0] : 64, 200, 40
schedule.kernel @matmul {
  schedule.pack [0] input 1 outer_dims_perm = [1, 0] inner_dims_pos = [1] inner_tiles = [64]
  %i, %j, %r = schedule.nest [0] : 64, 200, 40
  %i_o, %i_i = schedule.tile %i by 4
  %j_o, %j_i = schedule.tile %j by 64
  schedule.reorder %j_o, %i_o, %r, %i_i, %j_i
  schedule.unroll %i_i
  schedule.vectorize %j_i by 16
}

// One of the calls hands over an input: the operand is packed at run time, by an op that is number 1 from now on and
// has a schedule of its own.
// CHECK-LABEL: func.func private @copied
// CHECK:         linalg.fill
// CHECK-NEXT:    %[[PACKED:.*]] = memref.alloc() : memref<4x40x64xf32>
// CHECK-NEXT:    linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> ((d1 floordiv 64), d0, (d1 mod 64))>], iterator_types = ["parallel", "parallel"]} ins(%b : memref<40x200xf32>) outs(%[[PACKED]] : memref<4x40x64xf32>)
// CHECK:         linalg.generic {indexing_maps = [affine_map<(d0, d1, d2) -> (d0, d2)>, affine_map<(d0, d1, d2) -> ((d1 floordiv 64), d2, (d1 mod 64))>
// CHECK-SAME:      ins(%a, %[[PACKED]] : memref<64x40xf32>, memref<4x40x64xf32>)
func.func private @copied(%a: memref<64x40xf32>, %b: memref<40x200xf32>, %c: memref<64x200xf32>) {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%c : memref<64x200xf32>)
  linalg.generic {indexing_maps = [#x, #w, #y], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<64x40xf32>, memref<40x200xf32>) outs(%c : memref<64x200xf32>) {
  ^bb0(%l: f32, %r: f32, %acc: f32):
    %p = arith.mulf %l, %r : f32
    %s = arith.addf %acc, %p : f32
    linalg.yield %s : f32
  }
  func.return
}
// CHECK-LABEL: schedule.kernel @copied {
// CHECK-NEXT:    %i, %j, %r = schedule.nest [0, 2] : 64, 200, 40
// CHECK:         schedule.vectorize %j_i by 16
// CHECK-NEXT:    %[[K:.*]], %[[J:.*]] = schedule.nest [1] : 40, 200
// CHECK-NEXT:    %[[O:.*]], %[[I:.*]] = schedule.tile %[[J]] by 64
// CHECK-NEXT:    schedule.reorder %[[O]], %[[K]], %[[I]]
// CHECK-NEXT:    schedule.parallel %[[O]], %[[K]]
// CHECK-NEXT:    schedule.vectorize %[[I]] by 16
schedule.kernel @copied {
  schedule.pack [1] input 1 outer_dims_perm = [1, 0] inner_dims_pos = [1] inner_tiles = [64]
  %i, %j, %r = schedule.nest [0, 1] : 64, 200, 40
  %i_o, %i_i = schedule.tile %i by 4
  %j_o, %j_i = schedule.tile %j by 64
  schedule.reorder %j_o, %i_o, %r, %i_i, %j_i
  schedule.unroll %i_i
  schedule.vectorize %j_i by 16
}
