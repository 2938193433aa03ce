// RUN: stepwell-opt %s -p outline-kernels | filecheck %s
// RUN: stepwell-opt %s -p outline-kernels --print-locations | filecheck %s --check-prefix=LOC

// Each fusion becomes a private function, named after its anchor, or where all is elementwise after its last op.
// CHECK-LABEL: func.func @main
// CHECK-NEXT:    %w = graph.constant
// CHECK-NEXT:    %a = func.call @kernel_matmul_0(%x, %w) : (tensor<4x4xf32>, tensor<4x4xf32>) -> tensor<4x4xf32>
// CHECK-NEXT:    %b = func.call @kernel_neg_0(%a) : (tensor<4x4xf32>) -> tensor<4x4xf32>
// CHECK-NEXT:    %c = func.call @kernel_matmul_1(%b, %w)
// CHECK-NEXT:    %v = graph.reshape %c
// CHECK-NEXT:    func.return %v
// CHECK:       func.func private @kernel_matmul_0(%l: tensor<4x4xf32>, %r: tensor<4x4xf32>) -> tensor<4x4xf32> attributes {stepwell.kernel} {
// CHECK-NEXT:    %[[P:.*]] = graph.matmul %l, %r : tensor<4x4xf32>
// CHECK-NEXT:    %[[Y:.*]] = graph.relu %[[P]] : tensor<4x4xf32>
// CHECK-NEXT:    func.return %[[Y]] : tensor<4x4xf32>
// CHECK:       func.func private @kernel_neg_0
// CHECK:       func.func private @kernel_matmul_1

// The call and the function know what they come from.
// LOC: func.call @kernel_matmul_0{{.*}} loc("dense1")
func.func @main(%x: tensor<4x4xf32>) -> tensor<16xf32> {
  %w = graph.constant dense_resource<w> : tensor<4x4xf32>
  %a = graph.fusion(%l = %x, %r = %w) : (tensor<4x4xf32>, tensor<4x4xf32>) -> tensor<4x4xf32> {
    %p = graph.matmul %l, %r : tensor<4x4xf32>
    %y = graph.relu %p : tensor<4x4xf32>
    graph.yield %y : tensor<4x4xf32>
  } loc("dense1")
  %b = graph.fusion(%l = %a) : (tensor<4x4xf32>) -> tensor<4x4xf32> {
    %e = graph.exp %l : tensor<4x4xf32>
    %n = graph.neg %e : tensor<4x4xf32>
    graph.yield %n : tensor<4x4xf32>
  }
  %c = graph.fusion(%l = %b, %r = %w) : (tensor<4x4xf32>, tensor<4x4xf32>) -> tensor<4x4xf32> {
    %p = graph.matmul %l, %r : tensor<4x4xf32>
    graph.yield %p : tensor<4x4xf32>
  }
  %v = graph.reshape %c : (tensor<4x4xf32>) -> tensor<16xf32>
  func.return %v : tensor<16xf32>
}
