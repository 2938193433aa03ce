// RUN: stepwell-opt %s -p gpu-to-spirv | filecheck %s

// Memory that a block shares is a variable of storage class Workgroup, a thread's own one of its function. A barrier
// orders what was written to either kind of memory that others see.
// CHECK-LABEL: spirv.module @turn Logical GLSL450 requires #spirv.vce<v1.3, [Shader], []>
// CHECK-NEXT:    spirv.GlobalVariable @x bind(0, 0)
// CHECK-NEXT:    spirv.GlobalVariable @tile : !spirv.ptr<!spirv.array<64 x f32>, Workgroup>
// CHECK-NEXT:    spirv.GlobalVariable @thread_id built_in("LocalInvocationId") : !spirv.ptr<vector<3xi32>, Input>
// CHECK:         %[[TILE:.*]] = spirv.mlir.addressof @tile
// CHECK:         %[[OWN:.*]] = spirv.Variable : !spirv.ptr<!spirv.array<2 x f32>, Function>
// CHECK:         spirv.Load "StorageBuffer"
// Two dimensions are one, row after row.
// CHECK-NEXT:    %[[ROW:.*]] = spirv.IMul %[[Y:.*]], %{{.*}} : i32
// CHECK-NEXT:    %[[AT:.*]] = spirv.IAdd %[[ROW]], %[[X:.*]] : i32
// CHECK-NEXT:    %[[P:.*]] = spirv.AccessChain %[[TILE]][%[[AT]]]
// CHECK-NEXT:    spirv.Store "Workgroup" %[[P]]
// CHECK-NEXT:    spirv.ControlBarrier <Workgroup>, <Workgroup>, <AcquireRelease|UniformMemory|WorkgroupMemory>
// CHECK-NEXT:    spirv.IMul %[[X]]
// CHECK:         spirv.AccessChain %[[OWN]]
// CHECK:         spirv.ExecutionMode @main "LocalSize", 8, 8, 1
gpu.module @blocks {
  gpu.func @turn(%x: memref<64xf32>) workgroup(%tile: memref<8x8xf32, #gpu.address_space<workgroup>>)
      private(%own: memref<2xf32, #gpu.address_space<private>>)
      kernel attributes {known_block_size = array<i32: 8, 8, 1>} {
    %c0 = arith.constant 0 : index
    %i = gpu.thread_id x
    %j = gpu.thread_id y
    %eight = gpu.block_dim x
    %row = arith.muli %j, %eight : index
    %at = arith.addi %row, %i : index
    %v = memref.load %x[%at] : memref<64xf32>
    memref.store %v, %tile[%j, %i] : memref<8x8xf32, #gpu.address_space<workgroup>>
    gpu.barrier
    %t = memref.load %tile[%i, %j] : memref<8x8xf32, #gpu.address_space<workgroup>>
    memref.store %t, %own[%c0] : memref<2xf32, #gpu.address_space<private>>
    %w = memref.load %own[%c0] : memref<2xf32, #gpu.address_space<private>>
    memref.store %w, %x[%at] : memref<64xf32>
    gpu.return
  }
}

// A maximum that a NaN wins: SPIR-V's own leaves open what a NaN does, so NaNs are looked for apart.
// CHECK-LABEL: spirv.module @reduce Logical GLSL450
// CHECK-SAME:    [Shader, GroupNonUniform, GroupNonUniformVote, GroupNonUniformArithmetic, GroupNonUniformShuffle]
// CHECK:         spirv.GlobalVariable @lane_id built_in("SubgroupLocalInvocationId") : !spirv.ptr<i32, Input>
// CHECK:         %[[S:.*]] = spirv.GroupNonUniformFAdd <Subgroup> <Reduce> %{{.*}} : f32 -> f32
// CHECK:         spirv.GroupNonUniformShuffleXor <Subgroup> %[[S]], %{{.*}} : f32, i32
// CHECK:         %[[NAN:.*]] = spirv.UGreaterThan
// CHECK:         %[[FOUND:.*]] = spirv.GroupNonUniformAny <Subgroup> %[[NAN]] : i1
// CHECK:         %[[MOST:.*]] = spirv.GroupNonUniformFMax <Subgroup> <Reduce> %{{.*}} : f32 -> f32
// CHECK:         spirv.Select %[[FOUND]], %{{.*}}, %[[MOST]] : i1, f32
gpu.module @subgroups {
  gpu.func @reduce(%x: memref<8xf32>) kernel attributes {known_block_size = array<i32: 8, 1, 1>} {
    %one = arith.constant 1 : i32
    %width = arith.constant 8 : i32
    %i = gpu.thread_id x
    %v = memref.load %x[%i] : memref<8xf32>
    %s = gpu.subgroup_reduce add %v : (f32) -> f32
    %t, %there = gpu.shuffle xor %s, %one, %width : f32
    %m = gpu.subgroup_reduce maximumf %t : (f32) -> f32
    %r = arith.select %there, %m, %s : f32
    memref.store %r, %x[%i] : memref<8xf32>
    gpu.return
  }
}
