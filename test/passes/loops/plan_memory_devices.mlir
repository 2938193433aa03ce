// RUN: stepwell-opt %s -p 'plan-memory{inplace=false}' | filecheck %s
// RUN: stepwell-opt %s -p plan-memory | filecheck %s --check-prefix=HOST

// On a device each thread of the last loop reads %m, and computes %r, by itself: until then %m keeps its place, although
// the text reads it once, before %t is written. On the host %t may stand where %m did.
// CHECK-LABEL: func.func private @shifted
// CHECK-DAG:     %m = memref.view %ws[%c0][] : memref<128xi8> to memref<1xf32>
// CHECK-DAG:     %t = memref.view %ws[%c64][] : memref<128xi8> to memref<8xf32>
// HOST-LABEL:  func.func private @shifted
// HOST-DAG:      %m = memref.view %ws[%c0][] : memref<64xi8> to memref<1xf32>
// HOST-DAG:      %t = memref.view %ws[%c0][] : memref<64xi8> to memref<8xf32>
func.func private @shifted(%x: memref<8xf32>, %out: memref<8xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  %m = memref.alloc() : memref<1xf32>
  %t = memref.alloc() : memref<8xf32>
  %first = memref.load %x[%c0] : memref<8xf32>
  memref.store %first, %m[%c0] : memref<1xf32>
  %v = memref.load %m[%c0] : memref<1xf32>
  %r = arith.negf %v : f32
  scf.for %i = %c0 to %c8 step %c1 {
    %a = memref.load %x[%i] : memref<8xf32>
    %b = arith.addf %a, %r : f32
    memref.store %b, %t[%i] : memref<8xf32>
  } {stepwell.parallel}
  scf.for %i = %c0 to %c8 step %c1 {
    %a = memref.load %t[%i] : memref<8xf32>
    memref.store %a, %out[%i] : memref<8xf32>
  } {stepwell.parallel}
  func.return
}
func.func @main(%x: memref<8xf32>, %out: memref<8xf32>) {
  func.call @shifted(%x, %out) : (memref<8xf32>, memref<8xf32>) -> ()
  func.return
}
