// RUN: stepwell-opt %s -p graph-to-linalg | filecheck %s

// What stays is looped over first. Dims of size 1 are put back by a view.
// CHECK-LABEL: @mean
// CHECK:         outs(%{{.*}} : tensor<2x8xf32>)
// CHECK:         (d0, d1, d2, d3) -> (d0, d2, d3, d1)>, affine_map<(d0, d1, d2, d3) -> (d0, d1)>
// CHECK-SAME:    ["parallel", "parallel", "reduction", "reduction"]
// CHECK:         arith.constant 1.600000e+01 : f32
// CHECK-NEXT:    arith.divf
// CHECK:         tensor.expand_shape %{{.*}} {{.*}} output_shape [2, 1, 1, 8] : tensor<2x8xf32> into tensor<2x1x1x8xf32>
func.func private @mean(%x: tensor<2x4x4x8xf32>) -> tensor<2x1x1x8xf32> attributes {stepwell.kernel} {
  %y = graph.reduce mean %x {axes = [1, 2], keepdims} : (tensor<2x4x4x8xf32>) -> tensor<2x1x1x8xf32>
  func.return %y : tensor<2x1x1x8xf32>
}

// A maximum of integers starts from the smallest, of unsigned ones from 0.
// CHECK-LABEL: @max
// CHECK:         arith.constant -128 : i8
// CHECK:         arith.maxsi
// CHECK-LABEL: @max_unsigned
// CHECK:         arith.constant 0 : i8
// CHECK:         arith.maxui
func.func private @max(%x: tensor<8xi8>) -> tensor<i8> attributes {stepwell.kernel} {
  %y = graph.reduce max %x {axes = [0]} : (tensor<8xi8>) -> tensor<i8>
  func.return %y : tensor<i8>
}
func.func private @max_unsigned(%x: tensor<8xui8>) -> tensor<ui8> attributes {stepwell.kernel} {
  %y = graph.reduce max %x {axes = [0]} : (tensor<8xui8>) -> tensor<ui8>
  func.return %y : tensor<ui8>
}

// Softmax: the maximum, exp(x - maximum), their sum, the quotient.
// CHECK-LABEL: @softmax
// CHECK:         arith.maximumf
// CHECK:         arith.subf
// CHECK:         math.exp
// CHECK:         arith.addf
// CHECK:         arith.divf
func.func private @softmax(%x: tensor<2x8xf32>) -> tensor<2x8xf32> attributes {stepwell.kernel} {
  %y = graph.softmax %x {axis = 1} : tensor<2x8xf32>
  func.return %y : tensor<2x8xf32>
}

// The position is carried; the element that stands there is looked up.
// CHECK-LABEL: @arg_max
// CHECK:         ^bb0(%[[NEW:.*]]: f32, %[[SO_FAR:.*]]: i64):
// CHECK-NEXT:      %[[PLACE:.*]] = arith.index_cast %[[SO_FAR]] : i64 to index
// CHECK-NEXT:      %[[ROW:.*]] = linalg.index 0 : index
// CHECK-NEXT:      %[[BEST:.*]] = tensor.extract %x[%[[ROW]], %[[PLACE]]] : tensor<2x8xf32>
// CHECK:           arith.cmpf ogt, %[[NEW]], %[[BEST]] : f32
// CHECK:           arith.select %{{.*}}, %{{.*}}, %[[SO_FAR]] : i64
func.func private @arg_max(%x: tensor<2x8xf32>) -> tensor<2xi64> attributes {stepwell.kernel} {
  %y = graph.arg_reduce max %x {axis = 1} : (tensor<2x8xf32>) -> tensor<2xi64>
  func.return %y : tensor<2xi64>
}

// Halves are compared as f32.
// CHECK-LABEL: @arg_min_f16
// CHECK:         %[[BEST:.*]] = tensor.extract %x[{{.*}}] : tensor<2x8xf16>
// CHECK-DAG:     arith.extf %[[BEST]] : f16 to f32
// CHECK-NOT:     arith.cmpf {{.*}} : f16
// CHECK:         arith.cmpf ogt, %{{.*}}, %{{.*}} : f32
func.func private @arg_min_f16(%x: tensor<2x8xf16>) -> tensor<2xi64> attributes {stepwell.kernel} {
  %y = graph.arg_reduce min %x {axis = 1} : (tensor<2x8xf16>) -> tensor<2xi64>
  func.return %y : tensor<2xi64>
}
