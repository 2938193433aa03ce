// RUN: stepwell-opt %s -p fuse{buffers=4} | filecheck %s
// RUN: stepwell-opt %s -p fuse | filecheck %s --check-prefix=FREE

// A device on which a kernel takes 4 buffers: three inputs and the result. Of four sums of five inputs the last two are
// one kernel, what comes before another.
// CHECK-LABEL: @sums
// CHECK-NEXT:    %[[FIRST:.*]] = graph.fusion(%{{.*}} = %a, %{{.*}} = %b, %{{.*}} = %c) :
// CHECK-COUNT-2:   graph.add
// CHECK-NOT:       graph.add
// CHECK:         graph.fusion(%{{.*}} = %[[FIRST]], %{{.*}} = %d, %{{.*}} = %e) :
// CHECK-COUNT-2:   graph.add
// CHECK-NOT:     graph.fusion
// FREE-LABEL: @sums
// FREE-COUNT-1:  graph.fusion
// FREE-NOT:      graph.fusion
// FREE-LABEL: @squares
func.func @sums(%a: tensor<4xf32>, %b: tensor<4xf32>, %c: tensor<4xf32>, %d: tensor<4xf32>, %e: tensor<4xf32>)
    -> tensor<4xf32> {
  %0 = graph.add %a, %b : tensor<4xf32>
  %1 = graph.add %0, %c : tensor<4xf32>
  %2 = graph.add %1, %d : tensor<4xf32>
  %3 = graph.add %2, %e : tensor<4xf32>
  func.return %3 : tensor<4xf32>
}

// Not how many ops there are counts, nor how many values on the way: two inputs and a result are three buffers.
// CHECK-LABEL: @squares
// CHECK-NEXT:    graph.fusion(%{{.*}} = %a, %{{.*}} = %b) :
// CHECK-COUNT-5:   graph.mul
// CHECK-NOT:     graph.fusion
func.func @squares(%a: tensor<4xf32>, %b: tensor<4xf32>) -> tensor<4xf32> {
  %0 = graph.mul %a, %b : tensor<4xf32>
  %1 = graph.mul %a, %a : tensor<4xf32>
  %2 = graph.mul %b, %b : tensor<4xf32>
  %3 = graph.mul %0, %1 : tensor<4xf32>
  %4 = graph.mul %3, %2 : tensor<4xf32>
  func.return %4 : tensor<4xf32>
}

