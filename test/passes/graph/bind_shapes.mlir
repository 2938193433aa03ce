// RUN: stepwell-opt %s -p 'bind-shapes{shapes="x=4x8"}' | filecheck %s

// A dim of one name has one number wherever it occurs: `mask` is bound by `x`. What follows is inferred.
// CHECK:      func.func @main(
// CHECK-SAME:   %x: tensor<4x8xf32> {stepwell.name = "x", stepwell.dims = [4 : i64, 8 : i64]}
// CHECK-SAME:   %mask: tensor<4x1xf32> {stepwell.name = "mask", stepwell.dims = [4 : i64, 1 : i64]}
// CHECK-SAME:   -> (tensor<4x8xf32> {stepwell.name = "y", stepwell.dims = [4 : i64, 8 : i64]})
// CHECK-NEXT:   %y = graph.mul %x, %mask : (tensor<4x8xf32>, tensor<4x1xf32>) -> tensor<4x8xf32>
func.func @main(
    %x: tensor<?x8xf32> {stepwell.name = "x", stepwell.dims = ["batch", 8 : i64]},
    %mask: tensor<?x1xf32> {stepwell.name = "mask", stepwell.dims = ["batch", 1 : i64]}
) -> (tensor<?x8xf32> {stepwell.name = "y", stepwell.dims = ["batch", 8 : i64]}) {
  %y = graph.mul %x, %mask : (tensor<?x8xf32>, tensor<?x1xf32>) -> tensor<?x8xf32>
  func.return %y : tensor<?x8xf32>
}

// A kernel has no named inputs: it is left alone.
// CHECK:      func.func private @kernel(%a: tensor<?xf32>) -> tensor<?xf32>
func.func private @kernel(%a: tensor<?xf32>) -> tensor<?xf32> {
  func.return %a : tensor<?xf32>
}
