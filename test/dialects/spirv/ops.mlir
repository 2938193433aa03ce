// RUN: stepwell-opt %s | stepwell-opt | filecheck %s

// Upstream's syntax: what is printed here, its mlir-opt reads.
// CHECK:       spirv.module @k Logical GLSL450 requires #spirv.vce<v1.3, [Shader, GroupNonUniformArithmetic, GroupNonUniformShuffle, GroupNonUniformVote], []> {
// CHECK-NEXT:    spirv.GlobalVariable @x bind(0, 0) : !spirv.ptr<!spirv.struct<(!spirv.rtarray<f32, stride=4> [0]), Block>, StorageBuffer>
// CHECK-NEXT:    spirv.GlobalVariable @numbers : !spirv.ptr<!spirv.struct<(i32 [0], i32 [4]), Block>, PushConstant>
// CHECK-NEXT:    spirv.GlobalVariable @tile : !spirv.ptr<!spirv.array<64 x f32>, Workgroup>
// CHECK-NEXT:    spirv.GlobalVariable @global_id built_in("GlobalInvocationId") : !spirv.ptr<vector<3xi32>, Input>
// CHECK-NEXT:    spirv.func @main() "None" {
// CHECK-NEXT:      %n = spirv.Variable : !spirv.ptr<i32, Function>
// CHECK:           spirv.CompositeExtract %{{.*}}[0 : i32] : vector<3xi32>
// CHECK:           spirv.mlir.loop {
// CHECK-NEXT:        spirv.Branch ^[[HEADER:.*]]
// CHECK:             spirv.BranchConditional %{{.*}}, ^{{.*}}, ^{{.*}}
// CHECK:             spirv.mlir.merge
// CHECK:           spirv.mlir.selection {
// CHECK:           spirv.GL.Fma %f, %f, %f : f32
// CHECK:           spirv.ControlBarrier <Workgroup>, <Workgroup>, <AcquireRelease|UniformMemory|WorkgroupMemory>
// CHECK-NEXT:      %sum = spirv.GroupNonUniformFAdd <Subgroup> <Reduce> %f : f32 -> f32
// CHECK-NEXT:      %other = spirv.GroupNonUniformShuffleXor <Subgroup> %sum, %one : f32, i32
// CHECK-NEXT:      %any = spirv.GroupNonUniformAny <Subgroup> %small : i1
// CHECK:         spirv.EntryPoint "GLCompute" @main, @global_id
// CHECK-NEXT:    spirv.ExecutionMode @main "LocalSize", 64, 1, 1
spirv.module @k Logical GLSL450 requires #spirv.vce<v1.3, [Shader, GroupNonUniformArithmetic, GroupNonUniformShuffle, GroupNonUniformVote], []> {
  spirv.GlobalVariable @x bind(0, 0) : !spirv.ptr<!spirv.struct<(!spirv.rtarray<f32, stride=4> [0]), Block>, StorageBuffer>
  spirv.GlobalVariable @numbers : !spirv.ptr<!spirv.struct<(i32 [0], i32 [4]), Block>, PushConstant>
  spirv.GlobalVariable @tile : !spirv.ptr<!spirv.array<64 x f32>, Workgroup>
  spirv.GlobalVariable @global_id built_in("GlobalInvocationId") : !spirv.ptr<vector<3xi32>, Input>
  spirv.func @main() "None" {
    %n = spirv.Variable : !spirv.ptr<i32, Function>
    %zero = spirv.Constant 0 : i32
    %one = spirv.Constant 1 : i32
    %f = spirv.Constant 5.000000e-01 : f32
    %g = spirv.mlir.addressof @global_id : !spirv.ptr<vector<3xi32>, Input>
    %v = spirv.Load "Input" %g : vector<3xi32>
    %id = spirv.CompositeExtract %v[0 : i32] : vector<3xi32>
    %x = spirv.mlir.addressof @x : !spirv.ptr<!spirv.struct<(!spirv.rtarray<f32, stride=4> [0]), Block>, StorageBuffer>
    %p = spirv.AccessChain %x[%zero, %id] : !spirv.ptr<!spirv.struct<(!spirv.rtarray<f32, stride=4> [0]), Block>, StorageBuffer>, i32, i32 -> !spirv.ptr<f32, StorageBuffer>
    spirv.Store "Function" %n, %zero : i32
    spirv.mlir.loop {
      spirv.Branch ^header
    ^header:
      %i = spirv.Load "Function" %n : i32
      %c = spirv.SLessThan %i, %id : i32
      spirv.BranchConditional %c, ^body, ^merge
    ^body:
      spirv.Branch ^next
    ^next:
      %j = spirv.IAdd %i, %one : i32
      spirv.Store "Function" %n, %j : i32
      spirv.Branch ^header
    ^merge:
      spirv.mlir.merge
    }
    %small = spirv.ULessThan %id, %one : i32
    spirv.mlir.selection {
      spirv.BranchConditional %small, ^then, ^merge
    ^then:
      %y = spirv.GL.Fma %f, %f, %f : f32
      %z = spirv.Select %small, %y, %f : i1, f32
      spirv.Store "StorageBuffer" %p, %z : f32
      spirv.Branch ^merge
    ^merge:
      spirv.mlir.merge
    }
    %s = spirv.ConvertUToF %id : i32 to f32
    %t = spirv.ShiftLeftLogical %id, %one : i32, i32
    spirv.ControlBarrier <Workgroup>, <Workgroup>, <AcquireRelease|UniformMemory|WorkgroupMemory>
    %sum = spirv.GroupNonUniformFAdd <Subgroup> <Reduce> %f : f32 -> f32
    %other = spirv.GroupNonUniformShuffleXor <Subgroup> %sum, %one : f32, i32
    %any = spirv.GroupNonUniformAny <Subgroup> %small : i1
    spirv.Return
  }
  spirv.EntryPoint "GLCompute" @main, @global_id
  spirv.ExecutionMode @main "LocalSize", 64, 1, 1
}
