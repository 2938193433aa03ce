// RUN: stepwell-opt %s -p graph-to-linalg | filecheck %s

// One generic an op; operands are broadcast by their maps.
// CHECK-LABEL: @broadcast
// CHECK:         %[[EMPTY:.*]] = tensor.empty() : tensor<2x4x8xf32>
// CHECK-NEXT:    linalg.generic {indexing_maps = [
// CHECK-SAME:      affine_map<(d0, d1, d2) -> (d0, d1, d2)>, affine_map<(d0, d1, d2) -> (d1, 0)>, affine_map<(d0, d1, d2) -> (d0, d1, d2)>]
// CHECK-SAME:      iterator_types = ["parallel", "parallel", "parallel"]
// CHECK-SAME:      ins(%a, %b : tensor<2x4x8xf32>, tensor<4x1xf32>) outs(%[[EMPTY]] : tensor<2x4x8xf32>) {
// CHECK-NEXT:    ^bb0(%[[A:.*]]: f32, %[[B:.*]]: f32, %{{.*}}: f32):
// CHECK-NEXT:      %[[SUM:.*]] = arith.addf %[[A]], %[[B]] : f32
// CHECK-NEXT:      linalg.yield %[[SUM]] : f32
func.func private @broadcast(%a: tensor<2x4x8xf32>, %b: tensor<4x1xf32>) -> tensor<2x4x8xf32> attributes {stepwell.kernel} {
  %y = graph.add %a, %b : (tensor<2x4x8xf32>, tensor<4x1xf32>) -> tensor<2x4x8xf32>
  func.return %y : tensor<2x4x8xf32>
}

// A constant with one number is a scalar in the body.
// CHECK-LABEL: @scalar_constant
// CHECK-NOT:     dense
// CHECK:         ins(%x : tensor<4xf32>)
// CHECK:         %[[TWO:.*]] = arith.constant 5.000000e-01 : f32
// CHECK-NEXT:    arith.mulf %{{.*}}, %[[TWO]] : f32
func.func private @scalar_constant(%x: tensor<4xf32>) -> tensor<4xf32> attributes {stepwell.kernel} {
  %c = graph.constant dense<0.5> : tensor<1xf32>
  %y = graph.mul %x, %c : (tensor<4xf32>, tensor<1xf32>) -> tensor<4xf32>
  func.return %y : tensor<4xf32>
}

// NaN goes through relu: maximumf, not maxnumf.
// CHECK-LABEL: @relu
// CHECK:         %[[ZERO:.*]] = arith.constant 0.000000e+00 : f32
// CHECK-NEXT:    arith.maximumf %{{.*}}, %[[ZERO]] : f32
func.func private @relu(%x: tensor<4xf32>) -> tensor<4xf32> attributes {stepwell.kernel} {
  %y = graph.relu %x : tensor<4xf32>
  func.return %y : tensor<4xf32>
}

// Integers lose their sign; what they are compared and divided by keeps it.
// CHECK-LABEL: @unsigned(%a: tensor<4xi8>, %b: tensor<4xi8>) -> tensor<4xi1>
// CHECK:         arith.cmpi ult, %{{.*}}, %{{.*}} : i8
func.func private @unsigned(%a: tensor<4xui8>, %b: tensor<4xui8>) -> tensor<4xi1> attributes {stepwell.kernel} {
  %y = graph.compare lt %a, %b : (tensor<4xui8>, tensor<4xui8>) -> tensor<4xi1>
  func.return %y : tensor<4xi1>
}

// The processor's division traps on 0, and on the smallest number by -1: both are led around it.
// CHECK-LABEL: @divide_integers
// CHECK:         %[[NOT_ZERO:.*]] = arith.select
// CHECK-NEXT:    %[[SAFE:.*]] = arith.select %{{.*}}, %{{.*}}, %[[NOT_ZERO]] : i32
// CHECK:         arith.divsi %{{.*}}, %[[SAFE]] : i32
func.func private @divide_integers(%a: tensor<4xi32>, %b: tensor<4xi32>) -> tensor<4xi32> attributes {stepwell.kernel} {
  %y = graph.div %a, %b : tensor<4xi32>
  func.return %y : tensor<4xi32>
}

// A shift by the type's width or more gives 0, where LLVM would leave it open.
// CHECK-LABEL: @shift
// CHECK:         %[[BEYOND:.*]] = arith.cmpi uge, %[[N:.*]], %{{.*}} : i8
// CHECK:         %[[SAFE:.*]] = arith.select %[[BEYOND]], %{{.*}}, %[[N]] : i8
// CHECK-NEXT:    %[[SHIFTED:.*]] = arith.shrui %{{.*}}, %[[SAFE]] : i8
// CHECK-NEXT:    arith.select %[[BEYOND]], %{{.*}}, %[[SHIFTED]] : i8
func.func private @shift(%a: tensor<4xui8>, %b: tensor<4xui8>) -> tensor<4xui8> attributes {stepwell.kernel} {
  %y = graph.shift_right %a, %b : tensor<4xui8>
  func.return %y : tensor<4xui8>
}

// A divisor that is known to be neither needs no detour.
// CHECK-LABEL: @divide_by_three
// CHECK-NOT:     arith.select
// CHECK:         arith.divsi
func.func private @divide_by_three(%a: tensor<4xi32>) -> tensor<4xi32> attributes {stepwell.kernel} {
  %c = graph.constant dense<3> : tensor<i32>
  %y = graph.div %a, %c : (tensor<4xi32>, tensor<i32>) -> tensor<4xi32>
  func.return %y : tensor<4xi32>
}

// A bound that bounds nothing is left out.
// CHECK-LABEL: @clamp
// CHECK:         arith.constant 6.000000e+00 : f32
// CHECK-NEXT:    arith.minimumf
// CHECK-NEXT:    linalg.yield
func.func private @clamp(%x: tensor<4xf32>) -> tensor<4xf32> attributes {stepwell.kernel} {
  %y = graph.clamp %x {max = 6.0} : tensor<4xf32>
  func.return %y : tensor<4xf32>
}

// 16-bit floats are computed in f32 and rounded once.
// CHECK-LABEL: @half
// CHECK:         %[[X:.*]] = arith.extf %{{.*}} : f16 to f32
// CHECK-NEXT:    %[[E:.*]] = math.exp %[[X]] : f32
// CHECK-NEXT:    arith.truncf %[[E]] : f32 to f16
func.func private @half(%x: tensor<4xf16>) -> tensor<4xf16> attributes {stepwell.kernel} {
  %y = graph.exp %x : tensor<4xf16>
  func.return %y : tensor<4xf16>
}

// A bool is a number without sign, and anything but 0 is true.
// CHECK-LABEL: @casts
// CHECK:         arith.uitofp %{{.*}} : i1 to f32
// CHECK:         arith.cmpf une, %{{.*}}, %{{.*}} : f32
func.func private @casts(%x: tensor<4xi1>) -> tensor<4xi1> attributes {stepwell.kernel} {
  %f = graph.cast %x : (tensor<4xi1>) -> tensor<4xf32>
  %b = graph.cast %f : (tensor<4xf32>) -> tensor<4xi1>
  func.return %b : tensor<4xi1>
}

// Squares and cubes are multiplications; other exponents call the library.
// CHECK-LABEL: @square
// CHECK:         arith.mulf
// CHECK-NOT:     math.powf
// CHECK-LABEL: @root
// CHECK:         math.powf
func.func private @square(%x: tensor<4xf32>) -> tensor<4xf32> attributes {stepwell.kernel} {
  %c = graph.constant dense<2.0> : tensor<f32>
  %y = graph.pow %x, %c : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  func.return %y : tensor<4xf32>
}
func.func private @root(%x: tensor<4xf32>) -> tensor<4xf32> attributes {stepwell.kernel} {
  %c = graph.constant dense<0.5> : tensor<f32>
  %y = graph.pow %x, %c : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  func.return %y : tensor<4xf32>
}
