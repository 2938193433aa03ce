// RUN: stepwell-opt %s --split-input-file --verify-diagnostics

func.func @f(%a: vector<4x2xi8>, %b: vector<2x2xi8>, %c: vector<2x2xf32>) {
  // expected-error@+1 {{tensor cores multiply f16, bf16, or f32 that is rounded to tf32}}
  %s = nvgpu.mma.sync(%a, %b, %c) {mmaShape = [16, 8, 16]} : (vector<4x2xi8>, vector<2x2xi8>, vector<2x2xf32>) -> vector<2x2xf32>
  func.return
}

// -----

func.func @f(%a: vector<4x1xf32>, %b: vector<2x1xf32>, %c: vector<2x2xf32>) {
  // expected-error@+1 {{tensor cores multiply f16, bf16, or f32 that is rounded to tf32}}
  %s = nvgpu.mma.sync(%a, %b, %c) {mmaShape = [16, 8, 8]} : (vector<4x1xf32>, vector<2x1xf32>, vector<2x2xf32>) -> vector<2x2xf32>
  func.return
}

// -----

func.func @f(%a: vector<4x2xf16>, %b: vector<2x2xf16>, %c: vector<2x2xf32>) {
  // expected-error@+1 {{a product of f16 is of 16 by 8 by 16}}
  %s = nvgpu.mma.sync(%a, %b, %c) {mmaShape = [16, 8, 8]} : (vector<4x2xf16>, vector<2x2xf16>, vector<2x2xf32>) -> vector<2x2xf32>
  func.return
}

// -----

func.func @f(%a: vector<4x2xf16>, %b: vector<2x2xbf16>, %c: vector<2x2xf32>) {
  // expected-error@+1 {{both factors are of one element type, and sums of f32}}
  %s = nvgpu.mma.sync(%a, %b, %c) {mmaShape = [16, 8, 16]} : (vector<4x2xf16>, vector<2x2xbf16>, vector<2x2xf32>) -> vector<2x2xf32>
  func.return
}

// -----

func.func @f(%a: vector<2x2xf16>, %b: vector<2x2xf16>, %c: vector<2x2xf32>) {
  // expected-error@+1 {{a thread has fragments of 4x2, 2x2 and 2x2 elements}}
  %s = nvgpu.mma.sync(%a, %b, %c) {mmaShape = [16, 8, 16]} : (vector<2x2xf16>, vector<2x2xf16>, vector<2x2xf32>) -> vector<2x2xf32>
  func.return
}

// -----

func.func @f(%t: memref<64x72xf16>, %i: index) {
  // expected-error@+1 {{matrices are loaded from workgroup memory}}
  %s = nvgpu.ldmatrix %t[%i, %i] {numTiles = 4 : i32, transpose = false} : memref<64x72xf16> -> vector<4x2xf16>
  func.return
}

// -----

func.func @f(%t: memref<64x72xf16, #gpu.address_space<workgroup>>, %i: index) {
  // expected-error@+1 {{1, 2 or 4 matrices are loaded at once}}
  %s = nvgpu.ldmatrix %t[%i, %i] {numTiles = 3 : i32, transpose = false} : memref<64x72xf16, #gpu.address_space<workgroup>> -> vector<3x2xf16>
  func.return
}

// -----

func.func @f(%t: memref<64x72xf32, #gpu.address_space<workgroup>>, %i: index) {
  // expected-error@+1 {{elements of 16 bits are transposed, no others}}
  %s = nvgpu.ldmatrix %t[%i, %i] {numTiles = 4 : i32, transpose = true} : memref<64x72xf32, #gpu.address_space<workgroup>> -> vector<4x1xf32>
  func.return
}

// -----

func.func @f(%t: memref<64x72xf64, #gpu.address_space<workgroup>>, %i: index) {
  // expected-error@+1 {{matrices are of f16, bf16 or f32}}
  %s = nvgpu.ldmatrix %t[%i, %i] {numTiles = 4 : i32, transpose = false} : memref<64x72xf64, #gpu.address_space<workgroup>> -> vector<4x1xf64>
  func.return
}

// -----

func.func @f(%t: memref<64x72xf16, #gpu.address_space<workgroup>>, %i: index) {
  // expected-error@+1 {{a thread has 4x2 elements}}
  %s = nvgpu.ldmatrix %t[%i, %i] {numTiles = 4 : i32, transpose = false} : memref<64x72xf16, #gpu.address_space<workgroup>> -> vector<2x2xf16>
  func.return
}

// -----

func.func @f(%x: memref<64x72xf16, #gpu.address_space<workgroup>>, %t: memref<64x72xf16, #gpu.address_space<workgroup>>, %i: index) {
  // expected-error@+1 {{a copy is from the device's memory to workgroup memory}}
  %s = nvgpu.device_async_copy %x[%i, %i], %t[%i, %i], 8 : memref<64x72xf16, #gpu.address_space<workgroup>> to memref<64x72xf16, #gpu.address_space<workgroup>>
  func.return
}

// -----

func.func @f(%x: memref<64x72xf32>, %t: memref<64x72xf16, #gpu.address_space<workgroup>>, %i: index) {
  // expected-error@+1 {{what is copied keeps its type}}
  %s = nvgpu.device_async_copy %x[%i, %i], %t[%i, %i], 4 : memref<64x72xf32> to memref<64x72xf16, #gpu.address_space<workgroup>>
  func.return
}

// -----

func.func @f(%x: memref<64x72xf16>, %t: memref<64x72xf16, #gpu.address_space<workgroup>>, %i: index) {
  // expected-error@+1 {{6 bytes cannot be copied at once: 4, 8 or 16 can}}
  %s = nvgpu.device_async_copy %x[%i, %i], %t[%i, %i], 3 : memref<64x72xf16> to memref<64x72xf16, #gpu.address_space<workgroup>>
  func.return
}

// -----

func.func @f(%x: memref<64x72xf16>, %t: memref<64x72xf16, #gpu.address_space<workgroup>>, %i: index) {
  // expected-error@+1 {{a copy past the cache is of 16 bytes}}
  %s = nvgpu.device_async_copy %x[%i, %i], %t[%i, %i], 4 {bypassL1} : memref<64x72xf16> to memref<64x72xf16, #gpu.address_space<workgroup>>
  func.return
}

// -----

func.func @f(%x: memref<64x72xf16, strided<[1, 64]>>, %t: memref<64x72xf16, #gpu.address_space<workgroup>>, %i: index) {
  // expected-error@+1 {{elements along the last dimension are neighbours in memory}}
  %s = nvgpu.device_async_copy %x[%i, %i], %t[%i, %i], 8 : memref<64x72xf16, strided<[1, 64]>> to memref<64x72xf16, #gpu.address_space<workgroup>>
  func.return
}

// -----

func.func @f(%x: memref<8xf16>) {
  // expected-error@+1 {{a group names a token: where it names none, its text goes on with the next line's}}
  %g = nvgpu.device_async_create_group
  func.return
}
