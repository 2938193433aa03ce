// RUN: not stepwell-opt %s -p graph-to-linalg 2>&1 | filecheck %s

// CHECK: graph.mod of f32 elements is not supported
// CHECK: fix: signed integer and unsigned integer elements are
func.func private @kernel(%a: tensor<4xf32>, %b: tensor<4xf32>) -> tensor<4xf32> attributes {stepwell.kernel} {
  %y = graph.mod %a, %b {fmod} : tensor<4xf32>
  func.return %y : tensor<4xf32>
}
