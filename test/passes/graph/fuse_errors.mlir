// RUN: stepwell-opt %s -p fuse --verify-diagnostics

// Kernels have static shapes; one that depends on what an input holds cannot be had.
func.func @data_dependent(%x: tensor<8xf32>, %s: tensor<2xi64>) -> tensor<?x?xf32> {
  // expected-error@+1 {{the shape of its result depends on the values of the model's inputs}}
  %y = graph.dynamic_reshape %x, %s : (tensor<8xf32>, tensor<2xi64>) -> tensor<?x?xf32>
  func.return %y : tensor<?x?xf32>
}
