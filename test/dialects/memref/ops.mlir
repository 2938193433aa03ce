// RUN: stepwell-opt %s | stepwell-opt - | filecheck %s

// A weight stays a reference into the weights table, under its own name.
// CHECK: memref.global "private" constant @conv1.weight : memref<8x3x3x3xf32> = dense_resource<conv1.weight>
memref.global "private" constant @conv1.weight : memref<8x3x3x3xf32> = dense_resource<conv1.weight>

// Small ones stand in the text.
// CHECK: memref.global "private" constant @scale : memref<2xf32> = dense<[1.000000e+00, 2.000000e+00]>
memref.global "private" constant @scale : memref<2xf32> = dense<[1.0, 2.0]>

// CHECK: memref.global "private" @scratch : memref<2x2xi64> = uninitialized
memref.global "private" @scratch : memref<2x2xi64> = uninitialized

// CHECK: memref.global @outside : memref<4xi8>
memref.global @outside : memref<4xi8>

// CHECK-LABEL: @use
// CHECK:         memref.get_global @scale : memref<2xf32>
func.func @use() {
  %s = memref.get_global @scale : memref<2xf32>
  func.return
}

// CHECK-LABEL: @cast
// CHECK-NEXT:    memref.cast %s : memref<4xf32, strided<[2], offset: 8>> to memref<4xf32, strided<[2], offset: ?>>
// CHECK-NEXT:    memref.cast %s {note = "kept"} : memref<4xf32, strided<[2], offset: 8>> to memref<4xf32, strided<[2], offset: ?>>
func.func @cast(%s: memref<4xf32, strided<[2], offset: 8>>) {
  %a = memref.cast %s : memref<4xf32, strided<[2], offset: 8>> to memref<4xf32, strided<[2], offset: ?>>
  %b = memref.cast %s {note = "kept"} : memref<4xf32, strided<[2], offset: 8>> to memref<4xf32, strided<[2], offset: ?>>
  func.return
}
