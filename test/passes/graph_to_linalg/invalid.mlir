// RUN: not stepwell-opt %s -p graph-to-linalg 2>&1 | filecheck %s

// CHECK: graph.pow of ui8 elements is not supported
// CHECK: fix: float and signed integer elements are
func.func private @kernel(%a: tensor<4xui8>, %b: tensor<4xui8>) -> tensor<4xui8> attributes {stepwell.kernel} {
  %y = graph.pow %a, %b : tensor<4xui8>
  func.return %y : tensor<4xui8>
}
