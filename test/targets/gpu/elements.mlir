// RUN: stepwell-opt %s -p 'schedule-gpu{threads=4096 registers=16 block=256 workgroup=8192}' | filecheck %s
// RUN: stepwell-opt %s -p 'schedule-gpu{threads=4096 registers=16 block=256 workgroup=8192 element=4}' | filecheck %s --check-prefix=WORDS

// Tiles of bytes are small. On a device that keeps each element in 32 bits, which later passes see to, they take four
// times the memory, and fewer of them have room.
// CHECK:        schedule.tile %i by 64
// CHECK:        schedule.tile %j by 64
// WORDS:        schedule.tile %i by 32
// WORDS:        schedule.tile %j by 64
func.func private @matmul(%a: memref<512x512xi8>, %b: memref<512x512xi8>, %y: memref<512x512xi32>) {
  %zero = arith.constant 0 : i32
  linalg.fill ins(%zero : i32) outs(%y : memref<512x512xi32>)
  linalg.generic {indexing_maps = [affine_map<(i, j, r) -> (i, r)>, affine_map<(i, j, r) -> (r, j)>,
                                   affine_map<(i, j, r) -> (i, j)>],
                  iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<512x512xi8>, memref<512x512xi8>) outs(%y : memref<512x512xi32>) {
  ^bb0(%x: i8, %w: i8, %s: i32):
    %u = arith.extsi %x : i8 to i32
    %v = arith.extsi %w : i8 to i32
    %p = arith.muli %u, %v : i32
    %t = arith.addi %s, %p : i32
    linalg.yield %t : i32
  }
  func.return
}
