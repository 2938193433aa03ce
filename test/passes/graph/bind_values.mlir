// RUN: stepwell-opt %s -p 'bind-values{values="axes=1,-1;scale=2.5;keep=1;none="}' | filecheck %s

// The argument stays, for who calls; what it holds stands in the function now.
// CHECK:      func.func @main(
// CHECK-SAME:   %axes: tensor<2xi64> {stepwell.name = "axes", stepwell.by_value}
// CHECK-DAG:    [[AXES:%.*]] = graph.constant dense<[1, -1]> : tensor<2xi64>
// CHECK-DAG:    [[SCALE:%.*]] = graph.constant dense<2.500000e+00> : tensor<f32>
// CHECK-DAG:    [[KEEP:%.*]] = graph.constant dense<true> : tensor<i1>
// CHECK-DAG:    [[NONE:%.*]] = graph.constant dense<> : tensor<0xi64>
// CHECK:        func.return [[AXES]], [[SCALE]], [[KEEP]], [[NONE]]
func.func @main(
    %axes: tensor<2xi64> {stepwell.name = "axes", stepwell.by_value},
    %scale: tensor<f32> {stepwell.name = "scale", stepwell.by_value},
    %keep: tensor<i1> {stepwell.name = "keep", stepwell.by_value},
    %none: tensor<0xi64> {stepwell.name = "none", stepwell.by_value}
) -> (tensor<2xi64>, tensor<f32>, tensor<i1>, tensor<0xi64>) {
  func.return %axes, %scale, %keep, %none : tensor<2xi64>, tensor<f32>, tensor<i1>, tensor<0xi64>
}
