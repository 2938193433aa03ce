// RUN: stepwell-opt %s -p gpu-to-spirv | filecheck %s

// Buffers are bound in order, numbers are push constants; an index is an i32.
// CHECK:       spirv.module @scale Logical GLSL450 requires #spirv.vce<v1.3, [Shader], []> {
// CHECK-NEXT:    spirv.GlobalVariable @x bind(0, 0) : !spirv.ptr<!spirv.struct<(!spirv.rtarray<f32, stride=4> [0]), Block>, StorageBuffer>
// CHECK-NEXT:    spirv.GlobalVariable @numbers : !spirv.ptr<!spirv.struct<(i32 [0]), Block>, PushConstant>
// CHECK-NEXT:    spirv.GlobalVariable @global_id built_in("GlobalInvocationId") : !spirv.ptr<vector<3xi32>, Input>
// What a loop carries is a variable: the counter, and the sum.
// CHECK:           spirv.Variable : !spirv.ptr<i32, Function>
// CHECK-NEXT:      spirv.Variable : !spirv.ptr<f32, Function>
// CHECK:           spirv.mlir.selection {
// CHECK:             spirv.mlir.loop {
// CHECK:               spirv.FAdd
// CHECK:               spirv.mlir.merge
// CHECK:             spirv.Store "StorageBuffer"
// CHECK:         spirv.EntryPoint "GLCompute" @main, @global_id
// CHECK-NEXT:    spirv.ExecutionMode @main "LocalSize", 64, 1, 1
gpu.module @kernels {
  gpu.func @scale(%x: memref<40xf32>, %start: index) kernel attributes {known_block_size = array<i32: 64, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c40 = arith.constant 40 : index
    %zero = arith.constant 0.0 : f32
    %id = gpu.global_id x
    %there = arith.cmpi ult, %id, %c40 : index
    scf.if %there {
      %at = arith.addi %start, %id : index
      %sum = scf.for %i = %c0 to %c40 step %c1 iter_args(%acc = %zero) -> (f32) {
        %v = memref.load %x[%i] : memref<40xf32>
        %next = arith.addf %acc, %v : f32
        scf.yield %next : f32
      }
      memref.store %sum, %x[%at] : memref<40xf32>
    }
    gpu.return
  }
}
