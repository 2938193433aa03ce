// RUN: stepwell-opt %s | stepwell-opt - | filecheck %s

// What is printed can be read back, and a weight stays a reference under its own name.
// CHECK-LABEL: @main
// CHECK:         arith.constant dense_resource<conv1.weight> : tensor<4xf32>
func.func @main() -> tensor<4xf32> {
  %w = arith.constant dense_resource<conv1.weight> : tensor<4xf32>
  func.return %w : tensor<4xf32>
}
