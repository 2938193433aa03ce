// RUN: stepwell-translate %s --to opencl | filecheck %s --check-prefixes=ALL,OPENCL
// RUN: stepwell-translate %s --to cuda | filecheck %s --check-prefixes=ALL,CUDA
// RUN: stepwell-translate %s --to hip | filecheck %s --check-prefixes=ALL,CUDA
// RUN: stepwell-translate %s --to msl | filecheck %s --check-prefixes=ALL,MSL

// Four neighbours at once, from the device's memory to the block's, or zeros.
// ALL:         // copy:
// OPENCL:        const float4 zeros = (float4)(0.0f, 0.0f, 0.0f, 0.0f);
// OPENCL-NEXT:   const float4 read = vload4(0, &x[at]);
// CUDA:          const float4 zeros = make_float4(0.0f, 0.0f, 0.0f, 0.0f);
// CUDA-NEXT:     const float4 read = *(const float4 *)&x[at];
// MSL:           const float4 zeros = float4(0.0f, 0.0f, 0.0f, 0.0f);
// MSL-NEXT:      const float4 read = *(device const float4 *)&x[at];
// OPENCL-NEXT:   vstore4(at < 32 ? read : zeros, 0, &t[at]);
// CUDA-NEXT:     *(float4 *)&t[at] = at < 32 ? read : zeros;
// MSL-NEXT:      *(threadgroup float4 *)&t[at] = at < 32 ? read : zeros;

// Two integers, each where it belongs.
// OPENCL:        const int2 pair = vload2(0, &ids[at]);
// CUDA:          const int2 pair = *(const int2 *)&ids[at];
// MSL:           const int2 pair = *(device const int2 *)&ids[at];
// ALL-NEXT:      u[at] = pair.x;
// ALL-NEXT:      u[at + 17] = pair.y;
builtin.module attributes {stepwell.level = "device", gpu.container_module} {
gpu.module @kernels {
gpu.func @copy(%x: memref<64xf32>, %ids: memref<64xi32>)
    workgroup(%t: memref<64xf32, #gpu.address_space<workgroup>>, %u: memref<96xi32, #gpu.address_space<workgroup>>)
    kernel attributes {known_block_size = array<i32: 16, 1, 1>} {
  %c4 = arith.constant 4 : index
  %c17 = arith.constant 17 : index
  %c32 = arith.constant 32 : index
  %zero = arith.constant 0.0 : f32
  %thread = gpu.thread_id x
  %at = arith.muli %thread, %c4 : index
  %zeros = vector.broadcast %zero : f32 to vector<4xf32>
  %there = arith.cmpi ult, %at, %c32 : index
  %read = vector.load %x[%at] {alignment = 16 : i64} : memref<64xf32>, vector<4xf32>
  %v = arith.select %there, %read, %zeros : vector<4xf32>
  vector.store %v, %t[%at] {alignment = 16 : i64} : memref<64xf32, #gpu.address_space<workgroup>>, vector<4xf32>
  %pair = vector.load %ids[%at] {alignment = 8 : i64} : memref<64xi32>, vector<2xi32>
  %a = vector.extract %pair[0] : i32 from vector<2xi32>
  memref.store %a, %u[%at] : memref<96xi32, #gpu.address_space<workgroup>>
  %b = vector.extract %pair[1] : i32 from vector<2xi32>
  %far = arith.addi %at, %c17 : index
  memref.store %b, %u[%far] : memref<96xi32, #gpu.address_space<workgroup>>
  gpu.return
}
}
}
