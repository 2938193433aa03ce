// RUN: stepwell-opt %s -p form-swish | filecheck %s

// CHECK-LABEL: @swish
// CHECK-NEXT:    %[[Y:.*]] = swish.swish %x : tensor<4xf32>
// CHECK-NEXT:    func.return %[[Y]]
func.func @swish(%x: tensor<4xf32>) -> tensor<4xf32> {
  %s = graph.sigmoid %x : tensor<4xf32>
  %y = graph.mul %x, %s : tensor<4xf32>
  func.return %y : tensor<4xf32>
}

// The factors may stand the other way round.
// CHECK-LABEL: @other_order
// CHECK-NEXT:    swish.swish %x : tensor<4xf32>
func.func @other_order(%x: tensor<4xf32>) -> tensor<4xf32> {
  %s = graph.sigmoid %x : tensor<4xf32>
  %y = graph.mul %s, %x : tensor<4xf32>
  func.return %y : tensor<4xf32>
}

// A sigmoid that is used elsewhere stays for that use.
// CHECK-LABEL: @used_twice
// CHECK-NEXT:    %[[S:.*]] = graph.sigmoid %x : tensor<4xf32>
// CHECK-NEXT:    %[[Y:.*]] = swish.swish %x : tensor<4xf32>
// CHECK-NEXT:    func.return %[[S]], %[[Y]]
func.func @used_twice(%x: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
  %s = graph.sigmoid %x : tensor<4xf32>
  %y = graph.mul %x, %s : tensor<4xf32>
  func.return %s, %y : tensor<4xf32>, tensor<4xf32>
}

// Another value's sigmoid is a gate, not a swish.
// CHECK-LABEL: @gate
// CHECK-NOT:     swish.swish
// CHECK:         func.return
func.func @gate(%x: tensor<4xf32>, %z: tensor<4xf32>) -> tensor<4xf32> {
  %s = graph.sigmoid %z : tensor<4xf32>
  %y = graph.mul %x, %s : tensor<4xf32>
  func.return %y : tensor<4xf32>
}
