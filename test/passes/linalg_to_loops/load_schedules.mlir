// RUN: stepwell-opt %s -p "load-schedules{file=\"%S/schedules.inc\"},schedule-kernels{vector-width=16}" | filecheck %s

// The file has a schedule for @first; @second gets the strategy's.
// CHECK-LABEL: func.func @first
// CHECK-LABEL: func.func @second
// CHECK:       schedule.kernel @first {
// CHECK-NEXT:    %n = schedule.nest [0] : 64
// CHECK-NEXT:    %a, %b = schedule.tile %n by 8
// CHECK-NEXT:    schedule.vectorize %b by 4
// CHECK-NEXT:  }
// CHECK-NEXT:  schedule.kernel @second {
// CHECK-NEXT:    %i = schedule.nest [0] : 64
// CHECK-NEXT:    schedule.vectorize %i by 16
func.func @first(%x: memref<64xf32>) {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%x : memref<64xf32>)
  func.return
}
func.func @second(%x: memref<64xf32>) {
  %one = arith.constant 1.0 : f32
  linalg.fill ins(%one : f32) outs(%x : memref<64xf32>)
  func.return
}
