// RUN: stepwell-opt %s -p 'schedule-gpu{threads=4096 registers=16 block=256 workgroup=49152 vector=16 stages=3}' --split-input-file | filecheck %s
// RUN: stepwell-opt %s -p 'schedule-gpu{threads=4096 registers=16 block=256 workgroup=49152 vector=16}' --split-input-file | filecheck %s --check-prefix=REGISTERS

// How tiles are copied by a device that copies by itself, and where threads do it by registers: 16 bytes at once where
// rows are multiples of that. %a's neighbours are sums: its rows lie straight, padded so that they start in other banks.
// CHECK-LABEL: schedule.kernel @product {
// CHECK:         schedule.cache [1] input 0 at %r_o stages 3 by 4 straight pad 4
// CHECK-NEXT:    schedule.cache [1] input 1 at %r_o stages 3 by 4{{$}}
// REGISTERS-LABEL: schedule.kernel @product {
// REGISTERS:         schedule.cache [1] input 0 at %r_o double by 4 straight pad 4
// REGISTERS-NEXT:    schedule.cache [1] input 1 at %r_o double by 4{{$}}
func.func private @product(%a: memref<512x256xf32>, %b: memref<256x512xf32>, %y: memref<512x512xf32>) {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%y : memref<512x512xf32>)
  linalg.generic {indexing_maps = [affine_map<(i, j, r) -> (i, r)>, affine_map<(i, j, r) -> (r, j)>,
                                   affine_map<(i, j, r) -> (i, j)>],
                  iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<512x256xf32>, memref<256x512xf32>) outs(%y : memref<512x512xf32>) {
  ^bb0(%x: f32, %w: f32, %s: f32):
    %p = arith.mulf %x, %w : f32
    %t = arith.addf %s, %p : f32
    linalg.yield %t : f32
  }
  func.return
}

// -----

// Rows of 254 and of 511: a pair of the one, an element of the other.
// CHECK-LABEL: schedule.kernel @odd {
// CHECK:         schedule.cache [1] input 0 at %r_o stages 3 by 2 straight pad 2
// CHECK-NEXT:    schedule.cache [1] input 1 at %r_o stages 3{{$}}
// REGISTERS-LABEL: schedule.kernel @odd {
// REGISTERS:         schedule.cache [1] input 0 at %r_o double by 2 straight pad 2
// REGISTERS-NEXT:    schedule.cache [1] input 1 at %r_o double{{$}}
func.func private @odd(%a: memref<512x254xf32>, %b: memref<254x511xf32>, %y: memref<512x511xf32>) {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%y : memref<512x511xf32>)
  linalg.generic {indexing_maps = [affine_map<(i, j, r) -> (i, r)>, affine_map<(i, j, r) -> (r, j)>,
                                   affine_map<(i, j, r) -> (i, j)>],
                  iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<512x254xf32>, memref<254x511xf32>) outs(%y : memref<512x511xf32>) {
  ^bb0(%x: f32, %w: f32, %s: f32):
    %p = arith.mulf %x, %w : f32
    %t = arith.addf %s, %p : f32
    linalg.yield %t : f32
  }
  func.return
}

// -----

// Halves: the device copies 8 of them, threads one by one, since not every language has a type of 8.
// CHECK-LABEL: schedule.kernel @halves {
// CHECK:         schedule.cache [1] input 0 at %r_o stages 3 by 8 straight pad 8
// CHECK-NEXT:    schedule.cache [1] input 1 at %r_o stages 3 by 8{{$}}
// REGISTERS-LABEL: schedule.kernel @halves {
// REGISTERS:         schedule.cache [1] input 0 at %r_o double pad 1
// REGISTERS-NEXT:    schedule.cache [1] input 1 at %r_o double{{$}}
func.func private @halves(%a: memref<512x256xf16>, %b: memref<256x512xf16>, %y: memref<512x512xf32>) {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%y : memref<512x512xf32>)
  linalg.generic {indexing_maps = [affine_map<(i, j, r) -> (i, r)>, affine_map<(i, j, r) -> (r, j)>,
                                   affine_map<(i, j, r) -> (i, j)>],
                  iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<512x256xf16>, memref<256x512xf16>) outs(%y : memref<512x512xf32>) {
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

// One half cannot be copied by itself: then neither factor is, and all is done by registers.
// CHECK-LABEL: schedule.kernel @odd_halves {
// CHECK:         schedule.cache [1] input 0 at %r_o double pad 1
// CHECK-NEXT:    schedule.cache [1] input 1 at %r_o double{{$}}
func.func private @odd_halves(%a: memref<512x256xf16>, %b: memref<256x511xf16>, %y: memref<512x511xf32>) {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%y : memref<512x511xf32>)
  linalg.generic {indexing_maps = [affine_map<(i, j, r) -> (i, r)>, affine_map<(i, j, r) -> (r, j)>,
                                   affine_map<(i, j, r) -> (i, j)>],
                  iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<512x256xf16>, memref<256x511xf16>) outs(%y : memref<512x511xf32>) {
  ^bb0(%x: f16, %w: f16, %s: f32):
    %xe = arith.extf %x : f16 to f32
    %we = arith.extf %w : f16 to f32
    %p = arith.mulf %xe, %we : f32
    %t = arith.addf %s, %p : f32
    linalg.yield %t : f32
  }
  func.return
}
