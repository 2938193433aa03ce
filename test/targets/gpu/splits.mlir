// RUN: stepwell-opt %s -p 'schedule-gpu{threads=4096 registers=16 block=256 workgroup=16384}' --split-input-file | filecheck %s

// A row of 1024 neighbours in memory is summed by a block of 128 threads, 8 elements each, neighbours by neighbours.
// CHECK-LABEL: schedule.kernel @rows {
// CHECK-NEXT:    %i, %r = schedule.nest [0, 1] : 5000, 1024
// CHECK-NEXT:    %r_o, %r_t = schedule.tile %r by 128
// CHECK-NEXT:    schedule.reorder %i, %r_t, %r_o
// CHECK-NEXT:    schedule.bind %i to block
// CHECK-NEXT:    schedule.bind %r_t to thread
// CHECK-NEXT:  }
func.func private @rows(%x: memref<5000x1024xf32>, %y: memref<5000xf32>) {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%y : memref<5000xf32>)
  linalg.generic {indexing_maps = [affine_map<(i, r) -> (i, r)>, affine_map<(i, r) -> (i)>],
                  iterator_types = ["parallel", "reduction"]}
      ins(%x : memref<5000x1024xf32>) outs(%y : memref<5000xf32>) {
  ^bb0(%v: f32, %s: f32):
    %t = arith.addf %s, %v : f32
    linalg.yield %t : f32
  }
  func.return
}

// -----

// Of short rows a block has several.
// CHECK-LABEL: schedule.kernel @short_rows {
// CHECK-NEXT:    %i, %r = schedule.nest [0, 1] : 5000, 64
// CHECK-NEXT:    %i_b, %i_t = schedule.tile %i by 8
// CHECK-NEXT:    %r_o, %r_t = schedule.tile %r by 8
// CHECK-NEXT:    schedule.reorder %i_b, %i_t, %r_t, %r_o
// CHECK-NEXT:    schedule.bind %i_b to block
// CHECK-NEXT:    schedule.bind %i_t, %r_t to thread
func.func private @short_rows(%x: memref<5000x64xf32>, %y: memref<5000xf32>) {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%y : memref<5000xf32>)
  linalg.generic {indexing_maps = [affine_map<(i, r) -> (i, r)>, affine_map<(i, r) -> (i)>],
                  iterator_types = ["parallel", "reduction"]}
      ins(%x : memref<5000x64xf32>) outs(%y : memref<5000xf32>) {
  ^bb0(%v: f32, %s: f32):
    %t = arith.addf %s, %v : f32
    linalg.yield %t : f32
  }
  func.return
}

// -----

// Columns: neighbouring threads have neighbouring columns. 256 columns are fewer than the threads that the device runs
// at a time, so 16 rows of threads share each sum.
// CHECK-LABEL: schedule.kernel @columns {
// CHECK-NEXT:    %i, %r = schedule.nest [0, 1] : 256, 1024
// CHECK-NEXT:    %i_b, %i_t = schedule.tile %i by 16
// CHECK-NEXT:    %r_o, %r_t = schedule.tile %r by 16
// CHECK-NEXT:    schedule.reorder %i_b, %r_t, %i_t, %r_o
// CHECK-NEXT:    schedule.bind %i_b to block
// CHECK-NEXT:    schedule.bind %r_t, %i_t to thread
func.func private @columns(%x: memref<1024x256xf32>, %y: memref<256xf32>) {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%y : memref<256xf32>)
  linalg.generic {indexing_maps = [affine_map<(i, r) -> (r, i)>, affine_map<(i, r) -> (i)>],
                  iterator_types = ["parallel", "reduction"]}
      ins(%x : memref<1024x256xf32>) outs(%y : memref<256xf32>) {
  ^bb0(%v: f32, %s: f32):
    %t = arith.addf %s, %v : f32
    linalg.yield %t : f32
  }
  func.return
}

// -----

// 5000 columns are threads enough: each sums one.
// CHECK-LABEL: schedule.kernel @many_columns {
// CHECK-NOT:     schedule.bind
// CHECK:         schedule.parallel %i
func.func private @many_columns(%x: memref<1024x5000xf32>, %y: memref<5000xf32>) {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%y : memref<5000xf32>)
  linalg.generic {indexing_maps = [affine_map<(i, r) -> (r, i)>, affine_map<(i, r) -> (i)>],
                  iterator_types = ["parallel", "reduction"]}
      ins(%x : memref<1024x5000xf32>) outs(%y : memref<5000xf32>) {
  ^bb0(%v: f32, %s: f32):
    %t = arith.addf %s, %v : f32
    linalg.yield %t : f32
  }
  func.return
}

// -----

// A window of 9 is not worth it.
// CHECK-LABEL: schedule.kernel @windows {
// CHECK-NOT:     schedule.bind
// CHECK:         schedule.parallel %i
func.func private @windows(%x: memref<100x9xf32>, %y: memref<100xf32>) {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%y : memref<100xf32>)
  linalg.generic {indexing_maps = [affine_map<(i, r) -> (i, r)>, affine_map<(i, r) -> (i)>],
                  iterator_types = ["parallel", "reduction"]}
      ins(%x : memref<100x9xf32>) outs(%y : memref<100xf32>) {
  ^bb0(%v: f32, %s: f32):
    %t = arith.addf %s, %v : f32
    linalg.yield %t : f32
  }
  func.return
}

// -----

// Parts of a difference cannot be combined.
// CHECK-LABEL: schedule.kernel @differences {
// CHECK-NOT:     schedule.bind
// CHECK:         schedule.parallel %i
func.func private @differences(%x: memref<100x1024xf32>, %y: memref<100xf32>) {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%y : memref<100xf32>)
  linalg.generic {indexing_maps = [affine_map<(i, r) -> (i, r)>, affine_map<(i, r) -> (i)>],
                  iterator_types = ["parallel", "reduction"]}
      ins(%x : memref<100x1024xf32>) outs(%y : memref<100xf32>) {
  ^bb0(%v: f32, %s: f32):
    %t = arith.subf %v, %s : f32
    linalg.yield %t : f32
  }
  func.return
}
