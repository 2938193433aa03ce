// RUN: stepwell-opt %s -p graph-to-linalg | filecheck %s

// Along the last dim the sum is a value that the loop carries; rows go to any threads.
// CHECK-LABEL: @running_sum
// CHECK:         scf.for %[[R:[0-9a-z_]+]] = {{.*}} -> (tensor<4x8x1xf32>) {
// CHECK:           scf.for %[[I:[0-9a-z_]+]] = {{.*}} iter_args(%[[Y:[0-9a-z_]+]] = {{.*}}, %[[SUM:[0-9a-z_]+]] = {{.*}}) -> (tensor<4x8x1xf32>, f32) {
// CHECK-NEXT:        %[[V:[0-9a-z_]+]] = tensor.extract %{{.*}}[%[[R]], %[[I]], %{{.*}}] : tensor<4x8x1xf32>
// CHECK-NEXT:        %[[MORE:[0-9a-z_]+]] = arith.addf %[[SUM]], %[[V]] : f32
// CHECK-NEXT:        %[[PUT:[0-9a-z_]+]] = tensor.insert %[[MORE]] into %[[Y]][%[[R]], %[[I]], %{{.*}}]
// CHECK-NEXT:        scf.yield %[[PUT]], %[[MORE]]
// CHECK:         } {stepwell.parallel}
func.func private @running_sum(%x: tensor<4x8xf32>) -> tensor<4x8xf32> attributes {stepwell.kernel} {
  %y = graph.cumulate sum %x {axis = 1} : tensor<4x8xf32>
  func.return %y : tensor<4x8xf32>
}

// Along another dim a row is the one before it and its own elements, side by side.
// CHECK-LABEL: @down_the_columns
// CHECK:         scf.for
// CHECK:           scf.for
// CHECK:           scf.for
// CHECK:             scf.for %[[J:[0-9a-z_]+]] = {{.*}} iter_args(%[[Y:[0-9a-z_]+]] = {{.*}}) -> (tensor<1x4x8xf32>) {
// CHECK-NEXT:          %[[V:[0-9a-z_]+]] = tensor.extract %{{.*}}[%{{.*}}, %[[HERE:[0-9a-z_]+]], %[[J]]] : tensor<1x4x8xf32>
// CHECK-NEXT:          %[[BEFORE:[0-9a-z_]+]] = tensor.extract %[[Y]][%{{.*}}, %{{.*}}, %[[J]]] : tensor<1x4x8xf32>
// CHECK-NEXT:          %[[SUM:[0-9a-z_]+]] = arith.addf %[[BEFORE]], %[[V]] : f32
// CHECK-NEXT:          tensor.insert %[[SUM]] into %[[Y]][%{{.*}}, %[[HERE]], %[[J]]]
func.func private @down_the_columns(%x: tensor<4x8xf32>) -> tensor<4x8xf32> attributes {stepwell.kernel} {
  %y = graph.cumulate sum %x {axis = 0} : tensor<4x8xf32>
  func.return %y : tensor<4x8xf32>
}

// The result holds a heap of the best three; an element that is no better than the worst of them is left at once.
// CHECK-LABEL: @top_k
// CHECK:         %[[KEYS:[0-9a-z_]+]] = linalg.generic
// CHECK:         scf.for %[[R:[0-9a-z_]+]] =
// CHECK:           scf.for %[[I:[0-9a-z_]+]] = {{.*}} iter_args(%[[HEAP:[0-9a-z_]+]] = {{.*}}, %[[WORST:[0-9a-z_]+]] = {{.*}}) -> (tensor<4x3xi64>, f32) {
// CHECK-NEXT:        %[[KEY:[0-9a-z_]+]] = tensor.extract %[[KEYS]][%[[R]], %[[I]]] : tensor<4x8xf32>
// CHECK-NEXT:        %[[BETTER:[0-9a-z_]+]] = arith.cmpf ogt, %[[KEY]], %[[WORST]] : f32
// CHECK-NEXT:        scf.if %[[BETTER]] -> (tensor<4x3xi64>, f32) {
// CHECK:               scf.while
// CHECK:             } else {
// CHECK-NEXT:          scf.yield %[[HEAP]], %[[WORST]] : tensor<4x3xi64>, f32
// CHECK:         } {stepwell.parallel}
func.func private @top_k(%x: tensor<4x8xf32>) -> tensor<4x3xi64> attributes {stepwell.kernel} {
  %y = graph.top_k %x {k = 3} : (tensor<4x8xf32>) -> tensor<4x3xi64>
  func.return %y : tensor<4x3xi64>
}

// All of them: nothing is left to look at; integers are their own keys.
// CHECK-LABEL: @sort
// CHECK-NOT:     linalg.generic
// CHECK-NOT:     scf.if
// CHECK:         arith.cmpi sgt, %{{.*}}, %{{.*}} : i32
func.func private @sort(%x: tensor<8xi32>) -> tensor<8xi64> attributes {stepwell.kernel} {
  %y = graph.top_k %x {k = 8, smallest} : (tensor<8xi32>) -> tensor<8xi64>
  func.return %y : tensor<8xi64>
}

// A box is held against those that stay, a list, until one covers it.
// CHECK-LABEL: @suppress
// CHECK:         %[[KEPT:[0-9a-z_]+]] = tensor.empty() : tensor<2x3xi64>
// CHECK:         scf.for %[[G:[0-9a-z_]+]] =
// CHECK:           scf.for %[[I:[0-9a-z_]+]] =
// CHECK:             tensor.extract %may[%[[G]], %[[I]]] : tensor<2x9xi1>
// CHECK:             scf.while (%[[J:[0-9a-z_]+]] = {{.*}}, %[[STAYS:[0-9a-z_]+]] = {{.*}}) : (index, i1) -> (index, i1) {
// CHECK-NEXT:          arith.cmpi slt, %[[J]], %[[N:[0-9a-z_]+]] : index
// CHECK:               arith.divf
// CHECK:         } {stepwell.parallel}
func.func private @suppress(%b: tensor<2x9x4xf32>, %may: tensor<2x9xi1>, %t: tensor<f32>) -> tensor<2x9xi1> attributes {stepwell.kernel} {
  %y = graph.suppress %b, %may, %t {limit = 3} : (tensor<2x9x4xf32>, tensor<2x9xi1>, tensor<f32>) -> tensor<2x9xi1>
  func.return %y : tensor<2x9xi1>
}
