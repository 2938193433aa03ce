// RUN: stepwell-opt %s --print-locations | filecheck %s
// RUN: stepwell-opt %s -p canonicalize --print-locations | filecheck %s --check-prefix=REWRITTEN

// An op's location is where its name stands, unless the text states one.
// CHECK:  arith.constant 1 : i32 loc("{{.*}}locations.mlir":12:8)
// CHECK:  arith.constant 2 : i32 loc("two")
// CHECK:  arith.addi %{{.*}} : i32 loc("sum"("net.onnx":0:0))
// CHECK:  func.return %{{.*}} loc(unknown)
// The fold of the sum stands where the sum stood.
// REWRITTEN: arith.constant 3 : i32 loc("sum"("net.onnx":0:0))
func.func @main() -> i32 {
  %a = arith.constant 1 : i32
  %b = arith.constant 2 : i32 loc("two")
  %c = arith.addi %a, %b : i32 loc("sum"("net.onnx":0:0))
  func.return %c : i32 loc(unknown)
}
