// RUN: stepwell-opt %s -p graph-to-linalg | filecheck %s

// So many steps are a scf.for. Its counter is known to lie within xs (9 rows), so it need not be clamped there; in the
// seven places of ys it must. A whole dim begins at 0. An initial value of one number is a fill.
// CHECK-LABEL: @counted
// CHECK-DAG:     %[[N:.*]] = arith.constant 9 : index
// CHECK-DAG:     %[[Z:.*]] = linalg.fill
// CHECK:         %[[R:.*]], %[[S:.*]] = scf.for %i = %{{.*}} to %[[N]] step %{{.*}} iter_args(%a = %h, %b = %[[Z]])
// CHECK-NEXT:      %[[X:.*]] = tensor.extract_slice %xs[%i, 0] [1, 4] [1, 1] : tensor<9x4xf32> to tensor<1x4xf32>
// CHECK-NEXT:      %[[Y:.*]] = func.call @step(%a, %[[X]])
// CHECK-DAG:       %[[LOW:.*]] = arith.constant 0 : index
// CHECK-DAG:       %[[HIGH:.*]] = arith.constant 6 : index
// CHECK-NEXT:      %[[ABOVE:.*]] = arith.maxsi %i, %[[LOW]] : index
// CHECK-NEXT:      %[[AT:.*]] = arith.minsi %[[ABOVE]], %[[HIGH]] : index
// CHECK-NEXT:      %[[T:.*]] = tensor.insert_slice %[[Y]] into %b[%[[AT]], 0] [1, 4] [1, 1]
// CHECK-NEXT:      scf.yield %[[Y]], %[[T]]
// CHECK:         func.return %[[R]], %[[S]]
func.func private @step(%h: tensor<1x4xf32>, %x: tensor<1x4xf32>) -> tensor<1x4xf32> attributes {stepwell.kernel} {
  %y = graph.add %h, %x : tensor<1x4xf32>
  func.return %y : tensor<1x4xf32>
}
func.func @counted(%xs: tensor<9x4xf32>, %h: tensor<1x4xf32>) -> (tensor<1x4xf32>, tensor<7x4xf32>) {
  %n = graph.constant dense<9> : tensor<i64>
  %zero = graph.constant dense<0> : tensor<i64>
  %ys = graph.constant dense<0.0> : tensor<7x4xf32>
  %r, %s = graph.loop %i to %n iter(%a = %h, %b = %ys) : tensor<1x4xf32>, tensor<7x4xf32> {
    %x = graph.slice_at %xs, %i, %zero {sizes = [1, 4]}
        : (tensor<9x4xf32>, tensor<i64>, tensor<i64>) -> tensor<1x4xf32>
    %y = func.call @step(%a, %x) : (tensor<1x4xf32>, tensor<1x4xf32>) -> tensor<1x4xf32>
    %t = graph.update_at %b, %y, %i, %zero
        : (tensor<7x4xf32>, tensor<1x4xf32>, tensor<i64>, tensor<i64>) -> tensor<7x4xf32>
    graph.yield %y, %t : tensor<1x4xf32>, tensor<7x4xf32>
  }
  func.return %r, %s : tensor<1x4xf32>, tensor<7x4xf32>
}

// A loop that a condition ends is a scf.while, which carries the counter and the condition as scalars. The counter is
// put into a tensor where it is used as one.
// CHECK-LABEL: @until
// CHECK:         %[[N:.*]] = tensor.extract %n[] : tensor<i64>
// CHECK:         %[[END:.*]] = arith.index_cast %[[N]] : i64 to index
// CHECK:         %[[GO:.*]] = tensor.extract %go[] : tensor<i1>
// CHECK:         scf.while (%[[I:.*]] = %{{.*}}, %[[C:.*]] = %[[GO]], %[[A:.*]] = %k) : (index, i1, tensor<i64>)
// CHECK-NEXT:      %[[LESS:.*]] = arith.cmpi slt, %[[I]], %[[END]] : index
// CHECK-NEXT:      %[[BOTH:.*]] = arith.andi %[[LESS]], %[[C]] : i1
// CHECK-NEXT:      scf.condition(%[[BOTH]]) %[[I]], %[[C]], %[[A]] : index, i1, tensor<i64>
// CHECK-NEXT:    } do {
// CHECK-NEXT:    ^bb0(%i: index, %{{.*}}: i1, %a: tensor<i64>):
// CHECK-NEXT:      %[[WIDE:.*]] = arith.index_cast %i : index to i64
// CHECK-NEXT:      %[[T:.*]] = tensor.from_elements %[[WIDE]] : tensor<i64>
// CHECK-NEXT:      %[[B:.*]] = func.call @sum(%a, %[[T]])
// CHECK-NEXT:      %[[MORE:.*]] = func.call @less(%[[B]], %n)
// CHECK:           %[[NEXT:.*]] = arith.addi %i, %{{.*}} : index
// CHECK-NEXT:      %[[GOES:.*]] = tensor.extract %[[MORE]][] : tensor<i1>
// CHECK-NEXT:      scf.yield %[[NEXT]], %[[GOES]], %[[B]] : index, i1, tensor<i64>
func.func private @sum(%a: tensor<i64>, %b: tensor<i64>) -> tensor<i64> attributes {stepwell.kernel} {
  %y = graph.add %a, %b : tensor<i64>
  func.return %y : tensor<i64>
}
func.func private @less(%a: tensor<i64>, %b: tensor<i64>) -> tensor<i1> attributes {stepwell.kernel} {
  %y = graph.compare lt %a, %b : (tensor<i64>, tensor<i64>) -> tensor<i1>
  func.return %y : tensor<i1>
}
func.func @until(%n: tensor<i64>, %go: tensor<i1>, %k: tensor<i64>) -> tensor<i64> {
  %r = graph.loop %i to %n while %go iter(%a = %k) : tensor<i64> {
    %b = func.call @sum(%a, %i) : (tensor<i64>, tensor<i64>) -> tensor<i64>
    %more = func.call @less(%b, %n) : (tensor<i64>, tensor<i64>) -> tensor<i1>
    graph.yield %more, %b : tensor<i1>, tensor<i64>
  }
  func.return %r : tensor<i64>
}

// A branch. Constants stand in the function's own block, whoever uses them.
// CHECK-LABEL: @branch
// CHECK-DAG:     %[[ONES:.*]] = arith.constant dense<[1.000000e+00, 2.000000e+00]> : tensor<2xf32>
// CHECK-DAG:     %[[C:.*]] = tensor.extract %c[] : tensor<i1>
// CHECK:         %[[Y:.*]] = scf.if %[[C]] -> (tensor<2xf32>) {
// CHECK-NEXT:      scf.yield %[[ONES]] : tensor<2xf32>
// CHECK-NEXT:    } else {
// CHECK-NEXT:      scf.yield %x : tensor<2xf32>
// CHECK-NEXT:    }
// CHECK-NEXT:    func.return %[[Y]], %[[ONES]]
func.func @branch(%c: tensor<i1>, %x: tensor<2xf32>) -> (tensor<2xf32>, tensor<2xf32>) {
  %ones = graph.constant dense<[1.0, 2.0]> : tensor<2xf32>
  %y = graph.if %c -> (tensor<2xf32>) {
    graph.yield %ones : tensor<2xf32>
  } else {
    graph.yield %x : tensor<2xf32>
  }
  func.return %y, %ones : tensor<2xf32>, tensor<2xf32>
}
