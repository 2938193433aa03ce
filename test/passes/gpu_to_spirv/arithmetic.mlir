// RUN: stepwell-opt %s -p gpu-to-spirv | filecheck %s

// Most ops are one op. Those that are not: a comparison that a NaN makes true is the opposite of an ordered one, a sign is
// copied by a choice, a quotient is rounded down by a correction, and an order of bools is made of `and` and `not`.
// CHECK-LABEL: spirv.module @floats
// CHECK:         %[[X:.*]] = spirv.Load "StorageBuffer"
// CHECK-NEXT:    %[[E:.*]] = spirv.GL.Tanh %[[X]] : f32
// CHECK-NEXT:    %[[O:.*]] = spirv.FOrdGreaterThanEqual %[[E]], %[[X]] : f32
// CHECK-NEXT:    %[[U:.*]] = spirv.LogicalNot %[[O]] : i1
// CHECK-NEXT:    %[[S:.*]] = spirv.Bitcast %[[X]] : f32 to i32
// CHECK-NEXT:    %[[B:.*]] = spirv.SLessThan %[[S]], %[[ZERO:.*]] : i32
// CHECK-NEXT:    %[[A:.*]] = spirv.GL.FAbs %[[E]] : f32
// CHECK-NEXT:    %[[N:.*]] = spirv.FNegate %[[A]] : f32
// CHECK-NEXT:    %[[C:.*]] = spirv.Select %[[B]], %[[N]], %[[A]] : i1, f32
// CHECK-NEXT:    spirv.Select %[[U]], %[[C]], %[[E]] : i1, f32
gpu.module @f {
  gpu.func @floats(%x: memref<8xf32>) kernel attributes {known_block_size = array<i32: 8, 1, 1>} {
    %i = gpu.thread_id x
    %v = memref.load %x[%i] : memref<8xf32>
    %e = math.tanh %v : f32
    %u = arith.cmpf ult, %e, %v : f32
    %c = math.copysign %e, %v : f32
    %r = arith.select %u, %c, %e : f32
    memref.store %r, %x[%i] : memref<8xf32>
    gpu.return
  }
}

// CHECK-LABEL: spirv.module @integers
// CHECK:         %[[X:.*]] = spirv.Load "StorageBuffer"
// CHECK-NEXT:    %[[R:.*]] = spirv.SRem %[[X]], %[[THREE:.*]] : i32
// CHECK-NEXT:    %[[L:.*]] = spirv.INotEqual %[[R]], %[[ZERO:.*]] : i32
// CHECK-NEXT:    %[[P:.*]] = spirv.SLessThan %[[X]], %[[ZERO]] : i32
// CHECK-NEXT:    %[[Q:.*]] = spirv.SLessThan %[[THREE]], %[[ZERO]] : i32
// CHECK-NEXT:    %[[D:.*]] = spirv.LogicalNotEqual %[[P]], %[[Q]] : i1
// CHECK-NEXT:    %[[B:.*]] = spirv.LogicalAnd %[[L]], %[[D]] : i1
// CHECK-NEXT:    %[[ONE:.*]] = spirv.Select %[[B]], %{{.*}}, %[[ZERO]] : i1, i32
// CHECK-NEXT:    %[[T:.*]] = spirv.SDiv %[[X]], %[[THREE]] : i32
// CHECK-NEXT:    %[[F:.*]] = spirv.ISub %[[T]], %[[ONE]] : i32
// CHECK-NEXT:    %[[V:.*]] = spirv.SLessThan %[[F]], %[[X]] : i32
// CHECK-NEXT:    %[[W:.*]] = spirv.SGreaterThan %[[F]], %[[X]] : i32
// CHECK-NEXT:    %[[NV:.*]] = spirv.LogicalNot %[[V]] : i1
// CHECK-NEXT:    %[[Y:.*]] = spirv.LogicalAnd %[[W]], %[[NV]] : i1
// CHECK-NEXT:    spirv.Select %[[Y]], %[[F]], %[[X]] : i1, i32
gpu.module @i {
  gpu.func @integers(%x: memref<8xi32>) kernel attributes {known_block_size = array<i32: 8, 1, 1>} {
    %three = arith.constant 3 : i32
    %i = gpu.thread_id x
    %v = memref.load %x[%i] : memref<8xi32>
    %f = arith.floordivsi %v, %three : i32
    %p = arith.cmpi slt, %f, %v : i32
    %q = arith.cmpi sgt, %f, %v : i32
    %less = arith.cmpi ult, %p, %q : i1
    %r = arith.select %less, %f, %v : i32
    memref.store %r, %x[%i] : memref<8xi32>
    gpu.return
  }
}

// A NaN wins an extreme, by its bits, which are not looked at of a constant that is none.
// CHECK-LABEL: spirv.module @bounds
// CHECK:         %[[X:.*]] = spirv.Load "StorageBuffer"
// CHECK-NEXT:    %[[MORE:.*]] = spirv.FOrdGreaterThan %[[X]], %[[ZERO:.*]] : f32
// CHECK-NEXT:    %[[BEST:.*]] = spirv.Select %[[MORE]], %[[X]], %[[ZERO]] : i1, f32
// CHECK-NEXT:    %[[BITS:.*]] = spirv.Bitcast %[[X]] : f32 to i32
// CHECK-NEXT:    %[[SIZE:.*]] = spirv.BitwiseAnd %[[BITS]], %{{.*}} : i32
// CHECK-NEXT:    %[[NAN:.*]] = spirv.UGreaterThan %[[SIZE]], %{{.*}} : i32
// CHECK-NEXT:    %[[Y:.*]] = spirv.Select %[[NAN]], %[[X]], %[[BEST]] : i1, f32
// CHECK-NEXT:    spirv.FOrdLessThan %[[Y]], %{{.*}} : f32
// CHECK-COUNT-2: spirv.UGreaterThan
// CHECK-NOT:     spirv.UGreaterThan
// CHECK:         spirv.Store
gpu.module @b {
  gpu.func @bounds(%x: memref<8xf32>) kernel attributes {known_block_size = array<i32: 8, 1, 1>} {
    %zero = arith.constant 0.0 : f32
    %nan = arith.constant 0x7fc00000 : f32
    %i = gpu.thread_id x
    %v = memref.load %x[%i] : memref<8xf32>
    %y = arith.maximumf %v, %zero : f32
    %z = arith.minnumf %y, %nan : f32
    memref.store %z, %x[%i] : memref<8xf32>
    gpu.return
  }
}
