// RUN: stepwell-opt %s -p graph-to-linalg,fuse-elementwise --print-locations | filecheck %s

// A generic says where it came from; one that stands for several says all of them, and each op of its body its own.
// CHECK-LABEL: @kernel
// CHECK:         arith.mulf {{.*}} loc("matmul")
// CHECK:         } -> tensor<4x8xf32> loc("matmul")
// CHECK:         arith.maximumf {{.*}} loc("relu")
// CHECK-NEXT:    math.exp {{.*}} loc("exp")
// CHECK:         } -> tensor<4x8xf32> loc(fused["relu", "exp"])
func.func private @kernel(%x: tensor<4x8xf32>, %w: tensor<8x8xf32>) -> tensor<4x8xf32> attributes {stepwell.kernel} {
  %0 = graph.matmul %x, %w : (tensor<4x8xf32>, tensor<8x8xf32>) -> tensor<4x8xf32> loc("matmul")
  %1 = graph.relu %0 : tensor<4x8xf32> loc("relu")
  %2 = graph.exp %1 : tensor<4x8xf32> loc("exp")
  func.return %2 : tensor<4x8xf32>
}
