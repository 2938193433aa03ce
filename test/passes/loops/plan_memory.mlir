// RUN: stepwell-opt %s -p plan-memory --split-input-file | filecheck %s

// A kernel's allocations go into a workspace that the caller hands in. %t is read last where %u is written first, so
// both must stand at once; %v may take the place of %t. What nothing uses takes no room.
// CHECK-LABEL: @kernel
// CHECK-SAME:    (%x: memref<16xf32>, %out: memref<16xf32>, %ws: memref<128xi8>)
// CHECK-NOT:     memref.alloc
// CHECK-DAG:     %t = memref.view %ws[%c0][] : memref<128xi8> to memref<16xf32>
// CHECK-DAG:     %u = memref.view %ws[%c64][] : memref<128xi8> to memref<16xf32>
// CHECK-DAG:     %v = memref.view %ws[%c0][] : memref<128xi8> to memref<16xf32>
// CHECK-NOT:     %unused
// CHECK:         func.return

// @main: %a dies where %b is born and both are one size, so two places serve three buffers; the kernel's workspace
// stands beside those that are alive at its call. The weight and the small constant lie at 64-byte offsets of the
// weights; a weight that no call uses is dropped.
// CHECK-LABEL: @main
// CHECK-SAME:    %weights: memref<128xi8>, %arena: memref<256xi8>
// CHECK-SAME:    stepwell.weights_layout = {w = 0 : i64, scale = 64 : i64}, stepwell.weights_size = 128 : i64
// CHECK-SAME:    stepwell.arena_size = 256 : i64, stepwell.arena_lower_bound = 256 : i64
// CHECK-DAG:     %w = memref.view %weights[%c0{{[_0-9]*}}][] : memref<128xi8> to memref<16xf32>
// CHECK-DAG:     %scale = memref.view %weights[%c64{{[_0-9]*}}][] : memref<128xi8> to memref<1xf32>
// CHECK:         func.call @kernel(%w, %a, %ws)
// CHECK:         func.call @kernel(%a, %b, %{{.*}})
// CHECK:         func.call @kernel(%b, %out, %{{.*}})
// CHECK-NOT:     memref.global
memref.global "private" constant @w : memref<16xf32> = dense_resource<w>
memref.global "private" constant @dead : memref<16xf32> = dense_resource<dead>
memref.global "private" constant @scale : memref<1xf32> = dense<2.0>
func.func private @copy(%from: memref<16xf32>, %to: memref<16xf32>)
func.func private @use_scale(%x: memref<1xf32>)
func.func private @kernel(%x: memref<16xf32>, %out: memref<16xf32>) {
  %unused = memref.alloc() : memref<16xf32>
  %t = memref.alloc() : memref<16xf32>
  %u = memref.alloc() : memref<16xf32>
  %v = memref.alloc() : memref<16xf32>
  func.call @copy(%x, %t) : (memref<16xf32>, memref<16xf32>) -> ()
  func.call @copy(%t, %u) : (memref<16xf32>, memref<16xf32>) -> ()
  func.call @copy(%u, %v) : (memref<16xf32>, memref<16xf32>) -> ()
  func.call @copy(%v, %out) : (memref<16xf32>, memref<16xf32>) -> ()
  func.return
}
func.func @main(%x: memref<16xf32>, %out: memref<16xf32>) {
  %w = memref.get_global @w : memref<16xf32>
  %unused = memref.get_global @dead : memref<16xf32>
  %scale = memref.get_global @scale : memref<1xf32>
  func.call @use_scale(%scale) : (memref<1xf32>) -> ()
  %a = memref.alloc() : memref<16xf32>
  func.call @kernel(%w, %a) : (memref<16xf32>, memref<16xf32>) -> ()
  %b = memref.alloc() : memref<16xf32>
  func.call @kernel(%a, %b) : (memref<16xf32>, memref<16xf32>) -> ()
  func.call @kernel(%b, %out) : (memref<16xf32>, memref<16xf32>) -> ()
  func.return
}

// -----

// The output may stand over the first input where that one's last use is this call. %b takes the place of %a; %c may
// not take that of %b, which is read again, through a view of it.
// CHECK-LABEL: @main
// CHECK-SAME:    stepwell.arena_size = 128 : i64
// CHECK:         %a = memref.view %arena[%c0][]
// CHECK:         %b = memref.view %arena[%c0][]
// CHECK:         %c = memref.view %arena[%c64][]
func.func private @make(%out: memref<16xf32>)
func.func private @add(%x: memref<16xf32>, %y: memref<16xf32>, %out: memref<16xf32> {stepwell.inplace = array<i64: 0>})
func.func private @flat(%x: memref<4x4xf32>, %y: memref<16xf32>, %out: memref<16xf32>)
func.func @main(%x: memref<16xf32>, %out: memref<16xf32>) {
  %a = memref.alloc() : memref<16xf32>
  func.call @make(%a) : (memref<16xf32>) -> ()
  %b = memref.alloc() : memref<16xf32>
  func.call @add(%a, %x, %b) : (memref<16xf32>, memref<16xf32>, memref<16xf32>) -> ()
  %view = memref.expand_shape %b [[0, 1]] output_shape [4, 4] : memref<16xf32> into memref<4x4xf32>
  %c = memref.alloc() : memref<16xf32>
  func.call @add(%b, %x, %c) : (memref<16xf32>, memref<16xf32>, memref<16xf32>) -> ()
  func.call @flat(%view, %c, %out) : (memref<4x4xf32>, memref<16xf32>, memref<16xf32>) -> ()
  func.return
}

// -----

// Handed in twice, once where the kernel may read it at any index: the output gets a place of its own.
// CHECK-LABEL: @main
// CHECK-SAME:    stepwell.arena_size = 128 : i64
func.func private @make(%out: memref<16xf32>)
func.func private @add(%x: memref<16xf32>, %y: memref<16xf32>, %out: memref<16xf32> {stepwell.inplace = array<i64: 0>})
func.func @main(%out: memref<16xf32>) {
  %a = memref.alloc() : memref<16xf32>
  func.call @make(%a) : (memref<16xf32>) -> ()
  %b = memref.alloc() : memref<16xf32>
  func.call @add(%a, %a, %b) : (memref<16xf32>, memref<16xf32>, memref<16xf32>) -> ()
  func.call @add(%b, %b, %out) : (memref<16xf32>, memref<16xf32>, memref<16xf32>) -> ()
  func.return
}

// -----

// Two outputs cannot both take the place of one input.
// CHECK-LABEL: @main
// CHECK-SAME:    stepwell.arena_size = 128 : i64
func.func private @make(%out: memref<16xf32>)
func.func private @both(%x: memref<16xf32>, %out0: memref<16xf32> {stepwell.inplace = array<i64: 0>},
                        %out1: memref<16xf32> {stepwell.inplace = array<i64: 0>})
func.func private @use(%x: memref<16xf32>, %y: memref<16xf32>, %out: memref<16xf32>)
func.func @main(%out: memref<16xf32>) {
  %a = memref.alloc() : memref<16xf32>
  func.call @make(%a) : (memref<16xf32>) -> ()
  %b = memref.alloc() : memref<16xf32>
  %c = memref.alloc() : memref<16xf32>
  func.call @both(%a, %b, %c) : (memref<16xf32>, memref<16xf32>, memref<16xf32>) -> ()
  func.call @use(%b, %c, %out) : (memref<16xf32>, memref<16xf32>, memref<16xf32>) -> ()
  func.return
}

// -----

// Nothing to place: the two arguments are there all the same, of no size.
// CHECK-LABEL: @main
// CHECK-SAME:    (%x: memref<16xf32>, %weights: memref<0xi8>, %arena: memref<0xi8>)
func.func @main(%x: memref<16xf32>) {
  func.return
}

// -----

// What a loop reads from outside lives as long as the loop: %a may not make room for %c, which is a step's own. %b and %d
// are not alive at once, and share a place; so do %c and %e, which live within a step one after the other.
// CHECK-LABEL: @main
// CHECK-SAME:    stepwell.arena_size = 128 : i64
// CHECK-DAG:     %a = memref.view %arena[%[[A:.*]]][] : memref<128xi8> to memref<16xf32>
// CHECK-DAG:     %c = memref.view %arena[%[[C:.*]]][] : memref<128xi8> to memref<16xf32>
// CHECK-DAG:     %e = memref.view %arena[%[[C]]][] : memref<128xi8> to memref<16xf32>
// CHECK-DAG:     %b = memref.view %arena[%[[C]]][] : memref<128xi8> to memref<16xf32>
// CHECK:         scf.for
// CHECK:           func.call @move(%a, %c)
func.func private @move(%from: memref<16xf32>, %to: memref<16xf32>)
func.func @main(%x: memref<16xf32>, %out: memref<16xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c9 = arith.constant 9 : index
  %a = memref.alloc() : memref<16xf32>
  %b = memref.alloc() : memref<16xf32>
  func.call @move(%x, %b) : (memref<16xf32>, memref<16xf32>) -> ()
  func.call @move(%b, %a) : (memref<16xf32>, memref<16xf32>) -> ()
  scf.for %i = %c0 to %c9 step %c1 {
    %c = memref.alloc() : memref<16xf32>
    %e = memref.alloc() : memref<16xf32>
    func.call @move(%a, %c) : (memref<16xf32>, memref<16xf32>) -> ()
    func.call @move(%c, %out) : (memref<16xf32>, memref<16xf32>) -> ()
    func.call @move(%x, %e) : (memref<16xf32>, memref<16xf32>) -> ()
    func.call @move(%e, %out) : (memref<16xf32>, memref<16xf32>) -> ()
  }
  func.return
}

// -----

// %b may not stand over %a, though this call is the last to read it: it reads it at two places, and what it writes for
// one element would be read for the next.
// CHECK-LABEL: @main
// CHECK-SAME:    stepwell.arena_size = 128 : i64
func.func private @make(%out: memref<16xf32>)
func.func private @use(%x: memref<16xf32>)
func.func private @differ(%x: memref<15xf32, strided<[1], offset: 1>>, %y: memref<15xf32>, %out: memref<15xf32, strided<[1], offset: 1>> {stepwell.inplace = array<i64: 0, 1>})
func.func @main(%x: memref<16xf32>) {
  %a = memref.alloc() : memref<16xf32>
  func.call @make(%a) : (memref<16xf32>) -> ()
  %later = memref.subview %a[1] [15] [1] : memref<16xf32> to memref<15xf32, strided<[1], offset: 1>>
  %first = memref.subview %a[0] [15] [1] : memref<16xf32> to memref<15xf32>
  %b = memref.alloc() : memref<16xf32>
  %out = memref.subview %b[1] [15] [1] : memref<16xf32> to memref<15xf32, strided<[1], offset: 1>>
  func.call @differ(%later, %first, %out) : (memref<15xf32, strided<[1], offset: 1>>, memref<15xf32>, memref<15xf32, strided<[1], offset: 1>>) -> ()
  func.call @use(%b) : (memref<16xf32>) -> ()
  func.return
}
