// RUN: stepwell-opt %s -p gpu-to-spirv | filecheck %s

// A bool in a buffer is a byte; it is read and written by way of 32 bits, so that a device without arithmetic on bytes
// takes the kernel.
// CHECK-LABEL: spirv.module @flip Logical GLSL450
// CHECK-SAME:    #spirv.vce<v1.3, [Shader, StorageBuffer8BitAccess], [SPV_KHR_8bit_storage]>
// CHECK:         !spirv.rtarray<i8, stride=1>
// CHECK:         %[[B:.*]] = spirv.Load "StorageBuffer" %{{.*}} : i8
// CHECK-NEXT:    %[[W:.*]] = spirv.UConvert %[[B]] : i8 to i32
// CHECK-NEXT:    %[[C:.*]] = spirv.INotEqual %[[W]], %[[ZERO:.*]] : i32
// CHECK-NEXT:    %[[N:.*]] = spirv.LogicalNotEqual %[[C]]
// CHECK:         %[[S:.*]] = spirv.Select %[[N]], %{{.*}}, %[[ZERO]] : i1, i32
// CHECK-NEXT:    %[[D:.*]] = spirv.UConvert %[[S]] : i32 to i8
// CHECK-NEXT:    spirv.Store "StorageBuffer" %{{.*}}, %[[D]] : i8
gpu.module @bools {
  gpu.func @flip(%x: memref<8xi1>) kernel attributes {known_block_size = array<i32: 8, 1, 1>} {
    %true = arith.constant true
    %i = gpu.thread_id x
    %v = memref.load %x[%i] : memref<8xi1>
    %n = arith.xori %v, %true : i1
    memref.store %n, %x[%i] : memref<8xi1>
    gpu.return
  }
}

// Numbers of 16 bits that are only converted ask for their storage alone; sums of them, and of 64 bits, for more.
// CHECK-LABEL: spirv.module @widen Logical GLSL450
// CHECK-SAME:    #spirv.vce<v1.3, [Shader, StorageBuffer16BitAccess], [SPV_KHR_16bit_storage]>
// CHECK:         spirv.FConvert %{{.*}} : f16 to f32
// CHECK-LABEL: spirv.module @sums Logical GLSL450
// CHECK-SAME:    [Shader, Float16, Float64, Int64, Int8, StorageBuffer16BitAccess, StorageBuffer8BitAccess]
// CHECK-SAME:    [SPV_KHR_16bit_storage, SPV_KHR_8bit_storage]
// CHECK:         spirv.FAdd %{{.*}} : f16
// CHECK:         spirv.IAdd %{{.*}} : i8
// CHECK:         spirv.IMul %{{.*}} : i64
// CHECK:         spirv.FMul %{{.*}} : f64
gpu.module @widths {
  gpu.func @widen(%x: memref<8xf16>, %y: memref<8xf32>) kernel attributes {known_block_size = array<i32: 8, 1, 1>} {
    %i = gpu.thread_id x
    %v = memref.load %x[%i] : memref<8xf16>
    %w = arith.extf %v : f16 to f32
    memref.store %w, %y[%i] : memref<8xf32>
    gpu.return
  }
  gpu.func @sums(%h: memref<8xf16>, %b: memref<8xi8>, %l: memref<8xi64>, %d: memref<8xf64>) kernel
      attributes {known_block_size = array<i32: 8, 1, 1>} {
    %i = gpu.thread_id x
    %0 = memref.load %h[%i] : memref<8xf16>
    %1 = arith.addf %0, %0 : f16
    memref.store %1, %h[%i] : memref<8xf16>
    %2 = memref.load %b[%i] : memref<8xi8>
    %3 = arith.addi %2, %2 : i8
    memref.store %3, %b[%i] : memref<8xi8>
    %4 = memref.load %l[%i] : memref<8xi64>
    %5 = arith.muli %4, %4 : i64
    memref.store %5, %l[%i] : memref<8xi64>
    %6 = memref.load %d[%i] : memref<8xf64>
    %7 = arith.mulf %6, %6 : f64
    memref.store %7, %d[%i] : memref<8xf64>
    gpu.return
  }
}
