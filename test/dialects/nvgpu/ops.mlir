// RUN: stepwell-opt %s | stepwell-opt - | filecheck %s

// A tile is copied while the one before is multiplied: a group of copies, and a wait for all groups but the last.
// CHECK-LABEL: @copies
// CHECK:         [[A:%.*]] = nvgpu.device_async_copy %x[%i, %k], %t[%k, %i], 8 {bypassL1} : memref<128x64xf16> to memref<128x72xf16, #gpu.address_space<workgroup>>
// CHECK-NEXT:    [[B:%.*]] = nvgpu.device_async_copy %x[%i, %k], %t[%k, %i], 4, %n : memref<128x64xf16> to memref<128x72xf16, #gpu.address_space<workgroup>>
// CHECK-NEXT:    [[GROUP:%.*]] = nvgpu.device_async_create_group [[A]], [[B]]
// CHECK-NEXT:    nvgpu.device_async_wait [[GROUP]] {numGroups = 1 : i32}
// CHECK-NEXT:    nvgpu.device_async_wait [[GROUP]]
func.func @copies(%x: memref<128x64xf16>, %t: memref<128x72xf16, #gpu.address_space<workgroup>>, %i: index, %k: index, %n: index) {
  %a = nvgpu.device_async_copy %x[%i, %k], %t[%k, %i], 8 {bypassL1} : memref<128x64xf16> to memref<128x72xf16, #gpu.address_space<workgroup>>
  %b = nvgpu.device_async_copy %x[%i, %k], %t[%k, %i], 4, %n : memref<128x64xf16> to memref<128x72xf16, #gpu.address_space<workgroup>>
  %group = nvgpu.device_async_create_group %a, %b
  nvgpu.device_async_wait %group {numGroups = 1 : i32}
  nvgpu.device_async_wait %group
  func.return
}

// A warp's product: 16 by 8 sums of 16 products each, of f16 or bf16; of 8, where f32 is rounded to tf32.
// CHECK-LABEL: @products
// CHECK:         [[A:%.*]] = nvgpu.ldmatrix %t[%i, %i] {numTiles = 4 : i32, transpose = false} : memref<128x72xf16, #gpu.address_space<workgroup>> -> vector<4x2xf16>
// CHECK-NEXT:    [[B:%.*]] = nvgpu.ldmatrix %t[%i, %i] {numTiles = 2 : i32, transpose = true} : memref<128x72xf16, #gpu.address_space<workgroup>> -> vector<2x2xf16>
// CHECK-NEXT:    [[S:%.*]] = nvgpu.mma.sync([[A]], [[B]], %c) {mmaShape = [16 : i64, 8 : i64, 16 : i64]} : (vector<4x2xf16>, vector<2x2xf16>, vector<2x2xf32>) -> vector<2x2xf32>
// CHECK-NEXT:    [[T:%.*]] = nvgpu.mma.sync(%ab, %bb, [[S]]) {mmaShape = [16 : i64, 8 : i64, 16 : i64]} : (vector<4x2xbf16>, vector<2x2xbf16>, vector<2x2xf32>) -> vector<2x2xf32>
// CHECK-NEXT:    nvgpu.mma.sync(%at, %bt, [[T]]) {mmaShape = [16 : i64, 8 : i64, 8 : i64], tf32Enabled} : (vector<4x1xf32>, vector<2x1xf32>, vector<2x2xf32>) -> vector<2x2xf32>
func.func @products(%t: memref<128x72xf16, #gpu.address_space<workgroup>>, %i: index, %c: vector<2x2xf32>,
                    %ab: vector<4x2xbf16>, %bb: vector<2x2xbf16>, %at: vector<4x1xf32>, %bt: vector<2x1xf32>) -> vector<2x2xf32> {
  %a = nvgpu.ldmatrix %t[%i, %i] {numTiles = 4 : i32, transpose = false} : memref<128x72xf16, #gpu.address_space<workgroup>> -> vector<4x2xf16>
  %b = nvgpu.ldmatrix %t[%i, %i] {numTiles = 2 : i32, transpose = true} : memref<128x72xf16, #gpu.address_space<workgroup>> -> vector<2x2xf16>
  %s = nvgpu.mma.sync(%a, %b, %c) {mmaShape = [16, 8, 16]} : (vector<4x2xf16>, vector<2x2xf16>, vector<2x2xf32>) -> vector<2x2xf32>
  %u = nvgpu.mma.sync(%ab, %bb, %s) {mmaShape = [16, 8, 16]} : (vector<4x2xbf16>, vector<2x2xbf16>, vector<2x2xf32>) -> vector<2x2xf32>
  %v = nvgpu.mma.sync(%at, %bt, %u) {mmaShape = [16, 8, 8], tf32Enabled} : (vector<4x1xf32>, vector<2x1xf32>, vector<2x2xf32>) -> vector<2x2xf32>
  func.return %v : vector<2x2xf32>
}
