// RUN: stepwell-opt %s -p merge-products | filecheck %s

// Queries and keys of one x: one product with the weights side by side, and a part of it each. The key has no bias, so
// that of the queries is followed by zeros.
// CHECK-LABEL: @queries_and_keys
// CHECK:         %[[W:.*]] = graph.constant dense<{{\[\[}}1.000000e+00, 2.000000e+00, 5.000000e+00, 6.000000e+00], [3.000000e+00, 4.000000e+00, 7.000000e+00, 8.000000e+00]]> : tensor<2x4xf32>
// CHECK-NEXT:    %[[P:.*]] = graph.matmul %x, %[[W]] : (tensor<1x8x2xf32>, tensor<2x4xf32>) -> tensor<1x8x4xf32>
// CHECK-NEXT:    %[[B:.*]] = graph.constant dense<[1.000000e+01, 2.000000e+01, 0.000000e+00, 0.000000e+00]> : tensor<4xf32>
// CHECK-NEXT:    %[[S:.*]] = graph.add %[[P]], %[[B]]
// CHECK-NEXT:    %qb = graph.slice %[[S]] {starts = [0, 0, 0], sizes = [1, 8, 2]}
// CHECK-NEXT:    %k = graph.slice %[[S]] {starts = [0, 0, 2], sizes = [1, 8, 2]}
// CHECK-NEXT:    %kt = graph.transpose %k
// CHECK-NEXT:    %s = graph.matmul %qb, %kt
// CHECK-NEXT:    func.return %s
func.func @queries_and_keys(%x: tensor<1x8x2xf32>) -> tensor<1x8x8xf32> {
  %wq = graph.constant dense<[[1.0, 2.0], [3.0, 4.0]]> : tensor<2x2xf32>
  %wk = graph.constant dense<[[5.0, 6.0], [7.0, 8.0]]> : tensor<2x2xf32>
  %bq = graph.constant dense<[10.0, 20.0]> : tensor<2xf32>
  %q = graph.matmul %x, %wq : (tensor<1x8x2xf32>, tensor<2x2xf32>) -> tensor<1x8x2xf32>
  %qb = graph.add %bq, %q : (tensor<2xf32>, tensor<1x8x2xf32>) -> tensor<1x8x2xf32>
  %k = graph.matmul %x, %wk : (tensor<1x8x2xf32>, tensor<2x2xf32>) -> tensor<1x8x2xf32>
  %kt = graph.transpose %k {perm = [0, 2, 1]} : (tensor<1x8x2xf32>) -> tensor<1x2x8xf32>
  %s = graph.matmul %qb, %kt : (tensor<1x8x2xf32>, tensor<1x2x8xf32>) -> tensor<1x8x8xf32>
  func.return %s : tensor<1x8x8xf32>
}

// Products of different operands stay apart.
// CHECK-LABEL: @two_operands
// CHECK:         graph.matmul %x, %w
// CHECK:         graph.matmul %y, %w
func.func @two_operands(%x: tensor<8x2xf32>, %y: tensor<8x2xf32>) -> (tensor<16xf32>, tensor<16xf32>) {
  %w = graph.constant dense<[[1.0, 2.0], [3.0, 4.0]]> : tensor<2x2xf32>
  %a = graph.matmul %x, %w : (tensor<8x2xf32>, tensor<2x2xf32>) -> tensor<8x2xf32>
  %b = graph.matmul %y, %w : (tensor<8x2xf32>, tensor<2x2xf32>) -> tensor<8x2xf32>
  %c = graph.reshape %a : (tensor<8x2xf32>) -> tensor<16xf32>
  %d = graph.reshape %b : (tensor<8x2xf32>) -> tensor<16xf32>
  func.return %c, %d : tensor<16xf32>, tensor<16xf32>
}

// A product that a relu follows has it as its epilogue; one that leaves the function would have to be copied out of the
// merged one; a weight that is not known cannot be put beside another.
// CHECK-LABEL: @left_alone
// CHECK-COUNT-4: graph.matmul
// CHECK-NOT:     graph.slice
func.func @left_alone(%x: tensor<8x2xf32>, %u: tensor<2x2xf32>)
    -> (tensor<8x2xf32>, tensor<8x2xf32>, tensor<16xf32>, tensor<16xf32>) {
  %w = graph.constant dense<[[1.0, 2.0], [3.0, 4.0]]> : tensor<2x2xf32>
  %v = graph.constant dense<[[5.0, 6.0], [7.0, 8.0]]> : tensor<2x2xf32>
  %a = graph.matmul %x, %w : (tensor<8x2xf32>, tensor<2x2xf32>) -> tensor<8x2xf32>
  %r = graph.relu %a : tensor<8x2xf32>
  %b = graph.matmul %x, %v : (tensor<8x2xf32>, tensor<2x2xf32>) -> tensor<8x2xf32>
  %c = graph.matmul %x, %u : (tensor<8x2xf32>, tensor<2x2xf32>) -> tensor<8x2xf32>
  %d = graph.reshape %c : (tensor<8x2xf32>) -> tensor<16xf32>
  %e = graph.matmul %x, %v : (tensor<8x2xf32>, tensor<2x2xf32>) -> tensor<8x2xf32>
  %f = graph.reshape %e : (tensor<8x2xf32>) -> tensor<16xf32>
  func.return %r, %b, %d, %f : tensor<8x2xf32>, tensor<8x2xf32>, tensor<16xf32>, tensor<16xf32>
}

// A bias that is added in a branch only is no part of the product.
// CHECK-LABEL: @added_in_a_branch
// CHECK-COUNT-2: graph.matmul
func.func @added_in_a_branch(%x: tensor<8x2xf32>, %t: tensor<i1>) -> (tensor<16xf32>, tensor<16xf32>) {
  %w = graph.constant dense<[[1.0, 2.0], [3.0, 4.0]]> : tensor<2x2xf32>
  %v = graph.constant dense<[[5.0, 6.0], [7.0, 8.0]]> : tensor<2x2xf32>
  %c = graph.constant dense<[1.0, 2.0]> : tensor<2xf32>
  %a = graph.matmul %x, %w : (tensor<8x2xf32>, tensor<2x2xf32>) -> tensor<8x2xf32>
  %b = graph.matmul %x, %v : (tensor<8x2xf32>, tensor<2x2xf32>) -> tensor<8x2xf32>
  %d = graph.reshape %b : (tensor<8x2xf32>) -> tensor<16xf32>
  %y = graph.if %t -> (tensor<16xf32>) {
    %e = graph.add %a, %c : (tensor<8x2xf32>, tensor<2xf32>) -> tensor<8x2xf32>
    %f = graph.reshape %e : (tensor<8x2xf32>) -> tensor<16xf32>
    graph.yield %f : tensor<16xf32>
  } else {
    graph.yield %d : tensor<16xf32>
  }
  func.return %y, %d : tensor<16xf32>, tensor<16xf32>
}
