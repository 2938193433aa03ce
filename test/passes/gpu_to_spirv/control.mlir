// RUN: stepwell-opt %s -p gpu-to-spirv | filecheck %s

// A branch that gives a value sets a variable in each of its blocks.
// CHECK-LABEL: spirv.module @size
// CHECK:         %[[V:.*]] = spirv.Variable : !spirv.ptr<f32, Function>
// CHECK:         spirv.mlir.selection {
// CHECK-NEXT:      spirv.BranchConditional %{{.*}}, ^[[THEN:.*]], ^[[ELSE:.*]]
// CHECK-NEXT:    ^[[THEN]]:
// CHECK-NEXT:      %[[N:.*]] = spirv.FNegate
// CHECK-NEXT:      spirv.Store "Function" %[[V]], %[[N]] : f32
// CHECK-NEXT:      spirv.Branch ^[[MERGE:.*]]
// CHECK-NEXT:    ^[[ELSE]]:
// CHECK-NEXT:      spirv.Store "Function" %[[V]], %{{.*}} : f32
// CHECK-NEXT:      spirv.Branch ^[[MERGE]]
// CHECK-NEXT:    ^[[MERGE]]:
// CHECK-NEXT:      spirv.mlir.merge
// CHECK-NEXT:    }
// CHECK-NEXT:    spirv.Load "Function" %[[V]] : f32
gpu.module @branches {
  gpu.func @size(%x: memref<8xf32>) kernel attributes {known_block_size = array<i32: 8, 1, 1>} {
    %zero = arith.constant 0.0 : f32
    %i = gpu.thread_id x
    %v = memref.load %x[%i] : memref<8xf32>
    %below = arith.cmpf olt, %v, %zero : f32
    %r = scf.if %below -> (f32) {
      %n = arith.negf %v : f32
      scf.yield %n : f32
    } else {
      scf.yield %v : f32
    }
    memref.store %r, %x[%i] : memref<8xf32>
    gpu.return
  }
}

// What decides whether a loop goes on stands in a block behind its header: it may hold loops of its own.
// CHECK-LABEL: spirv.module @halve
// CHECK:         spirv.mlir.loop {
// CHECK-NEXT:      spirv.Branch ^[[HEADER:.*]]
// CHECK-NEXT:    ^[[HEADER]]:
// CHECK-NEXT:      spirv.Branch ^[[DECIDES:.*]]
// CHECK-NEXT:    ^[[DECIDES]]:
// CHECK-NEXT:      %[[A:.*]] = spirv.Load "Function"
// CHECK-NEXT:      %[[C:.*]] = spirv.SGreaterThan %[[A]]
// CHECK-NEXT:      spirv.Store "Function" %[[LAST:.*]], %[[A]] : i32
// CHECK-NEXT:      spirv.BranchConditional %[[C]], ^[[STAYS:.*]], ^[[END:.*]]
// CHECK-NEXT:    ^[[STAYS]]:
// CHECK-NEXT:      spirv.Load "Function" %[[LAST]] : i32
// CHECK:           spirv.Branch ^[[NEXT:.*]]
// CHECK-NEXT:    ^[[NEXT]]:
// CHECK-NEXT:      spirv.Branch ^[[HEADER]]
// CHECK-NEXT:    ^[[END]]:
// CHECK-NEXT:      spirv.mlir.merge
// CHECK-NEXT:    }
// CHECK-NEXT:    spirv.Load "Function" %[[LAST]] : i32
gpu.module @loops {
  gpu.func @halve(%x: memref<8xi32>) kernel attributes {known_block_size = array<i32: 8, 1, 1>} {
    %one = arith.constant 1 : i32
    %i = gpu.thread_id x
    %v = memref.load %x[%i] : memref<8xi32>
    %r = scf.while (%a = %v) : (i32) -> i32 {
      %more = arith.cmpi sgt, %a, %one : i32
      scf.condition(%more) %a : i32
    } do {
    ^bb0(%b: i32):
      %h = arith.shrsi %b, %one : i32
      scf.yield %h : i32
    }
    memref.store %r, %x[%i] : memref<8xi32>
    gpu.return
  }
}
