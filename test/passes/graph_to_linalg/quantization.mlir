// RUN: stepwell-opt %s -p graph-to-linalg | filecheck %s

// The zero point is taken away as an integer, so that the difference is exact.
// CHECK-LABEL: @dequantize
// CHECK:         ^bb0(%[[X:.*]]: i8, %[[S:.*]]: f32, %{{.*}}: f32):
// CHECK:           %[[WIDE:.*]] = arith.extui %[[X]] : i8 to i32
// CHECK:           %[[D:.*]] = arith.subi %[[WIDE]], %{{.*}} : i32
// CHECK-NEXT:      %[[R:.*]] = arith.sitofp %[[D]] : i32 to f32
// CHECK-NEXT:      arith.mulf %[[R]], %[[S]] : f32
func.func private @dequantize(%x: tensor<4x2xui8>, %scale: tensor<4x1xf32>) -> tensor<4x2xf32> attributes {stepwell.kernel} {
  %zero = graph.constant dense<7> : tensor<ui8>
  %y = graph.dequantize %x, %scale, %zero : (tensor<4x2xui8>, tensor<4x1xf32>, tensor<ui8>) -> tensor<4x2xf32>
  func.return %y : tensor<4x2xf32>
}

// Rounded, moved, kept between -128 and 127; a NaN fails both comparisons, the second with a number already.
// CHECK-LABEL: @quantize
// CHECK:           %[[Q:.*]] = arith.divf
// CHECK-NEXT:      %[[R:.*]] = math.roundeven %[[Q]] : f32
// CHECK:           %[[Z:.*]] = arith.addf %[[R]]
// CHECK-NEXT:      %[[LOW:.*]] = arith.constant -1.280000e+02 : f32
// CHECK-NEXT:      %[[ABOVE:.*]] = arith.cmpf ogt, %[[Z]], %[[LOW]] : f32
// CHECK-NEXT:      %[[M:.*]] = arith.select %[[ABOVE]], %[[Z]], %[[LOW]] : f32
// CHECK-NEXT:      %[[HIGH:.*]] = arith.constant 1.270000e+02 : f32
// CHECK-NEXT:      %[[BELOW:.*]] = arith.cmpf olt, %[[M]], %[[HIGH]] : f32
// CHECK-NEXT:      %[[N:.*]] = arith.select %[[BELOW]], %[[M]], %[[HIGH]] : f32
// CHECK-NEXT:      %[[I:.*]] = arith.fptosi %[[N]] : f32 to i32
// CHECK-NEXT:      arith.trunci %[[I]] : i32 to i8
func.func private @quantize(%x: tensor<4xf32>, %scale: tensor<f32>, %zero: tensor<i8>) -> tensor<4xi8> attributes {stepwell.kernel} {
  %y = graph.quantize %x, %scale, %zero : (tensor<4xf32>, tensor<f32>, tensor<i8>) -> tensor<4xi8>
  func.return %y : tensor<4xi8>
}

// Without a zero point, and with a scale of 1, neither is computed with.
// CHECK-LABEL: @plain
// CHECK-NOT:       arith.divf
// CHECK-NOT:       arith.addf
// CHECK:           math.roundeven %{{.*}} : f32
func.func private @plain(%x: tensor<4xf32>) -> tensor<4xui8> attributes {stepwell.kernel} {
  %one = graph.constant dense<1.0> : tensor<f32>
  %y = graph.quantize %x, %one : (tensor<4xf32>, tensor<f32>) -> tensor<4xui8>
  func.return %y : tensor<4xui8>
}
