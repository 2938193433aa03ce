// RUN: stepwell-opt %s -p gpu-to-llvm | filecheck %s

// A copy is told how many bytes are read, where that is less than it writes. Tokens are no values of the device. A
// fragment is a vector of all its elements; an instruction takes registers of it, two elements in each: pairs of f16,
// of bf16 an integer, of f32 the nearest tf32.
// CHECK-LABEL: llvm.func @product
// CHECK:         llvm.call_intrinsic "llvm.nvvm.cp.async.cg.shared.global.16"([[TO:%.*]], [[FROM:%.*]]) : (!llvm.ptr<3>, !llvm.ptr<1>) -> ()
// CHECK:         [[READ:%.*]] = llvm.trunc %n : i64 to i32
// CHECK-NEXT:    [[BYTES:%.*]] = llvm.mul [[READ]], %{{.*}} : i32
// CHECK-NEXT:    llvm.call_intrinsic "llvm.nvvm.cp.async.ca.shared.global.8.s"(%{{.*}}, %{{.*}}, [[BYTES]]) : (!llvm.ptr<3>, !llvm.ptr<1>, i32) -> ()
// CHECK-NEXT:    llvm.call_intrinsic "llvm.nvvm.cp.async.commit.group"() : () -> ()
// CHECK-NEXT:    llvm.call_intrinsic "llvm.nvvm.cp.async.wait.group"(%{{.*}}) : (i32) -> ()
// CHECK-NEXT:    llvm.call_intrinsic "llvm.nvvm.barrier.cta.sync.aligned.all"
// CHECK:         [[FOUND:%.*]] = llvm.call_intrinsic "llvm.nvvm.ldmatrix.sync.aligned.m8n8.x4.b16.p3"(%{{.*}}) : (!llvm.ptr<3>) -> !llvm.struct<(i32, i32, i32, i32)>
// CHECK-NEXT:    llvm.extractvalue [[FOUND]][0] : !llvm.struct<(i32, i32, i32, i32)>
// CHECK:         %a = llvm.bitcast %{{.*}} : vector<4xi32> to vector<8xf16>
// CHECK:         llvm.call_intrinsic "llvm.nvvm.ldmatrix.sync.aligned.m8n8.x2.trans.b16.p3"
// CHECK:         %b = llvm.bitcast %{{.*}} : vector<2xi32> to vector<4xf16>
// CHECK:         [[WORDS:%.*]] = llvm.bitcast %a : vector<8xf16> to vector<4xi32>
// CHECK-NEXT:    [[WORD:%.*]] = llvm.extractelement [[WORDS]][%{{.*}} : i64] : vector<4xi32>
// CHECK:         [[PAIR:%.*]] = llvm.bitcast [[WORD]] : i32 to vector<2xf16>
// CHECK:         [[SUMS:%.*]] = llvm.call_intrinsic "llvm.nvvm.mma.m16n8k16.row.col.f32.f32"([[PAIR]], {{.*}}) : (vector<2xf16>, vector<2xf16>, vector<2xf16>, vector<2xf16>, vector<2xf16>, vector<2xf16>, f32, f32, f32, f32) -> !llvm.struct<(f32, f32, f32, f32)>
// CHECK:         llvm.extractvalue [[SUMS]][3] : !llvm.struct<(f32, f32, f32, f32)>
// CHECK:         %s = llvm.insertelement %{{.*}} : vector<4xf32>
// CHECK:         llvm.call_intrinsic "llvm.nvvm.mma.m16n8k16.row.col.bf16"(%{{.*}}) : (i32, i32, i32, i32, i32, i32, f32, f32, f32, f32)
// CHECK:         [[ONE:%.*]] = llvm.extractelement %at[%{{.*}} : i64] : vector<4xf32>
// CHECK-NEXT:    [[NEAR:%.*]] = llvm.call_intrinsic "llvm.nvvm.f2tf32.rna"([[ONE]]) : (f32) -> i32
// CHECK:         llvm.call_intrinsic "llvm.nvvm.mma.m16n8k8.row.col.tf32"([[NEAR]], %{{.*}}) : (i32, i32, i32, i32, i32, i32, f32, f32, f32, f32)
// CHECK:         %v = llvm.extractelement %u[%{{.*}} : i64] : vector<4xf32>
gpu.module @kernels {
  gpu.func @product(%x: memref<128x64xf16>, %y: memref<8xf32>, %i: index, %n: index)
      workgroup(%t: memref<128x72xf16, #gpu.address_space<workgroup>>) kernel {
    %zero = arith.constant dense<0.0> : vector<2x2xf32>
    %ab = arith.constant dense<1.0> : vector<4x2xbf16>
    %bb = arith.constant dense<1.0> : vector<2x2xbf16>
    %at = arith.constant dense<1.0> : vector<4x1xf32>
    %bt = arith.constant dense<1.0> : vector<2x1xf32>
    %t0 = nvgpu.device_async_copy %x[%i, %n], %t[%i, %n], 8 {bypassL1} : memref<128x64xf16> to memref<128x72xf16, #gpu.address_space<workgroup>>
    %t1 = nvgpu.device_async_copy %x[%i, %i], %t[%i, %i], 4, %n : memref<128x64xf16> to memref<128x72xf16, #gpu.address_space<workgroup>>
    %g = nvgpu.device_async_create_group %t0, %t1
    nvgpu.device_async_wait %g {numGroups = 1 : i32}
    gpu.barrier
    %a = nvgpu.ldmatrix %t[%i, %n] {numTiles = 4 : i32, transpose = false} : memref<128x72xf16, #gpu.address_space<workgroup>> -> vector<4x2xf16>
    %b = nvgpu.ldmatrix %t[%n, %i] {numTiles = 2 : i32, transpose = true} : memref<128x72xf16, #gpu.address_space<workgroup>> -> vector<2x2xf16>
    %s = nvgpu.mma.sync(%a, %b, %zero) {mmaShape = [16, 8, 16]} : (vector<4x2xf16>, vector<2x2xf16>, vector<2x2xf32>) -> vector<2x2xf32>
    %r = nvgpu.mma.sync(%ab, %bb, %s) {mmaShape = [16, 8, 16]} : (vector<4x2xbf16>, vector<2x2xbf16>, vector<2x2xf32>) -> vector<2x2xf32>
    %u = nvgpu.mma.sync(%at, %bt, %r) {mmaShape = [16, 8, 8], tf32Enabled} : (vector<4x1xf32>, vector<2x1xf32>, vector<2x2xf32>) -> vector<2x2xf32>
    %v = vector.extract %u[0, 1] : f32 from vector<2x2xf32>
    memref.store %v, %y[%i] : memref<8xf32>
    gpu.return
  }
}
