// RUN: stepwell-opt %s -p graph-to-linalg | filecheck %s

// What is added is added in order, by loops. An index that is the same along a row is looked at once: what is behind it
// runs over neighbours.
// CHECK-LABEL: @scatter_rows
// CHECK:         scf.for %[[E:[0-9a-z_]+]] = {{.*}} iter_args(%[[T:[0-9a-z_]+]] = %x) -> (tensor<4x8xf32>) {
// CHECK:           %[[I:[0-9a-z_]+]] = tensor.extract %i[%[[E]], %{{.*}}] : tensor<9x1xi64>
// CHECK:           arith.maxsi
// CHECK:           %[[PLACE:[0-9a-z_]+]] = arith.minsi
// CHECK:           scf.for %[[J:[0-9a-z_]+]] = {{.*}} iter_args(%[[R:[0-9a-z_]+]] = %[[T]]) -> (tensor<4x8xf32>) {
// CHECK-NEXT:        %[[NEW:[0-9a-z_]+]] = tensor.extract %u[%[[E]], %[[J]]] : tensor<9x8xf32>
// CHECK-NEXT:        %[[OLD:[0-9a-z_]+]] = tensor.extract %[[R]][%[[PLACE]], %[[J]]] : tensor<4x8xf32>
// CHECK-NEXT:        %[[SUM:[0-9a-z_]+]] = arith.addf %[[OLD]], %[[NEW]] : f32
// CHECK-NEXT:        %[[PUT:[0-9a-z_]+]] = tensor.insert %[[SUM]] into %[[R]][%[[PLACE]], %[[J]]] : tensor<4x8xf32>
// CHECK-NEXT:        scf.yield %[[PUT]]
func.func private @scatter_rows(%x: tensor<4x8xf32>, %i: tensor<9x1xi64>, %u: tensor<9x8xf32>) -> tensor<4x8xf32> attributes {stepwell.kernel} {
  %y = graph.scatter add %x, %i, %u {axis = 0} : (tensor<4x8xf32>, tensor<9x1xi64>, tensor<9x8xf32>) -> tensor<4x8xf32>
  func.return %y : tensor<4x8xf32>
}

// Two updates can only meet along the axis: the rows before it go to any threads. One number everywhere is filled in.
// CHECK-LABEL: @scatter_columns
// CHECK:         %[[FILL:[0-9a-z_]+]] = linalg.fill
// CHECK:         scf.for {{.*}} iter_args(%{{.*}} = %[[FILL]])
// CHECK:           scf.for
// CHECK:             tensor.extract %i[%{{.*}}, %{{.*}}] : tensor<1x9xi32>
// CHECK:           }
// CHECK-NEXT:      scf.yield
// CHECK:         } {stepwell.parallel}
func.func private @scatter_columns(%i: tensor<1x9xi32>, %u: tensor<4x9xf32>) -> tensor<4x8xf32> attributes {stepwell.kernel} {
  %x = graph.constant dense<0.0> : tensor<4x8xf32>
  %y = graph.scatter none %x, %i, %u {axis = 1} : (tensor<4x8xf32>, tensor<1x9xi32>, tensor<4x9xf32>) -> tensor<4x8xf32>
  func.return %y : tensor<4x8xf32>
}

// The index is the same along a row, which is then read in vectors.
// CHECK-LABEL: @gather_rows
// CHECK:         linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, 0)>, affine_map<(d0, d1) -> (d0, d1)>]
// CHECK:         ^bb0(%[[I:[0-9a-z_]+]]: i64, %{{.*}}: f32):
// CHECK:           %[[PLACE:[0-9a-z_]+]] = arith.minsi
// CHECK-NEXT:      %[[J:[0-9a-z_]+]] = linalg.index 1 : index
// CHECK-NEXT:      tensor.extract %x[%[[PLACE]], %[[J]]] : tensor<4x8xf32>
func.func private @gather_rows(%x: tensor<4x8xf32>, %i: tensor<9x1xi64>) -> tensor<9x8xf32> attributes {stepwell.kernel} {
  %y = graph.gather_elements %x, %i {axis = 0} : (tensor<4x8xf32>, tensor<9x1xi64>) -> tensor<9x8xf32>
  func.return %y : tensor<9x8xf32>
}
