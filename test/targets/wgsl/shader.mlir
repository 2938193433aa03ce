// RUN: stepwell-translate %s --to wgsl | filecheck %s

builtin.module attributes {stepwell.level = "device", gpu.container_module} {
gpu.module @kernels {

// A kernel is a module: buffers bound in the order of its arguments, then its numbers together. Places are i32, casts
// look like calls, `select` takes what C's ?: does in the other order.
// CHECK:       // scale: {{.*}}shader.mlir
// CHECK-NEXT:  struct Params {
// CHECK-NEXT:    out_start: i32,
// CHECK-NEXT:  }
// CHECK-NEXT:  @group(0) @binding(0) var<storage, read_write> x: array<f32>;
// CHECK-NEXT:  @group(0) @binding(1) var<storage, read_write> ids: array<i32>;
// CHECK-NEXT:  @group(0) @binding(2) var<storage, read_write> out: array<f32>;
// CHECK-NEXT:  @group(0) @binding(3) var<uniform> params: Params;
// CHECK:       @compute @workgroup_size(64, 1, 1)
// CHECK-NEXT:  fn main(@builtin(global_invocation_id) global_id: vec3<u32>) {
// CHECK-NEXT:    let id: i32 = i32(global_id.x);
// CHECK-NEXT:    if (id < 40) {
// CHECK-NEXT:      let i: i32 = id / 4;
// CHECK-NEXT:      let n: i32 = ids[i];
// CHECK-NEXT:      let v: f32 = x[4 * i + id % 4];
// CHECK-NEXT:      out[params.out_start + id] = select(v, -v, n < 0) + f32(n);
gpu.func @scale(%x: memref<40xf32>, %ids: memref<10xi32>, %out: memref<?xf32>, %out_start: index) kernel
    attributes {known_block_size = array<i32: 64, 1, 1>} {
  %c4 = arith.constant 4 : index
  %c40 = arith.constant 40 : index
  %zero = arith.constant 0 : i32
  %id = gpu.global_id x
  %there = arith.cmpi ult, %id, %c40 : index
  scf.if %there {
    %j = arith.remui %id, %c4 : index
    %i = arith.divui %id, %c4 : index
    %row = arith.muli %i, %c4 : index
    %at = arith.addi %row, %j : index
    %n = memref.load %ids[%i] : memref<10xi32>
    %v = memref.load %x[%at] : memref<40xf32>
    %neg = arith.negf %v : f32
    %less = arith.cmpi slt, %n, %zero : i32
    %w = arith.select %less, %neg, %v : f32
    %f = arith.sitofp %n : i32 to f32
    %s = arith.addf %w, %f : f32
    %to = arith.addi %out_start, %id : index
    memref.store %s, %out[%to] : memref<?xf32>
  }
  gpu.return
}

// A sum in a loop is a variable. No constant may be infinite: its bits go through a function. A NaN wins a maximum, by its bits.
// CHECK:       // largest:
// CHECK:       fn float_of_bits(bits: u32) -> f32 {
// CHECK:       fn is_nan_f32(a: f32) -> bool {
// CHECK-NEXT:    return (bitcast<u32>(a) & 0x7fffffffu) > 0x7f800000u;
// CHECK:       fn maximum_f32(a: f32, b: f32) -> f32 {
// CHECK-NEXT:    return select(select(max(a, b), b, is_nan_f32(b)), a, is_nan_f32(a));
// CHECK:         var acc: f32 = float_of_bits(0xff800000u);
// CHECK-NEXT:    for (var i: i32 = 0; i < 40; i += 1) {
// CHECK-NEXT:      acc = maximum_f32(acc, x[i]);
// CHECK-NEXT:    }
// CHECK-NEXT:    out[0] = acc;
gpu.func @largest(%x: memref<40xf32>, %out: memref<1xf32>) kernel attributes {known_block_size = array<i32: 1, 1, 1>} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c40 = arith.constant 40 : index
  %low = arith.constant 0xFF800000 : f32
  %most = scf.for %i = %c0 to %c40 step %c1 iter_args(%acc = %low) -> (f32) {
    %v = memref.load %x[%i] : memref<40xf32>
    %m = arith.maximumf %acc, %v : f32
    scf.yield %m : f32
  }
  memref.store %most, %out[%c0] : memref<1xf32>
  gpu.return
}

// Threads of a block share workgroup memory, and wait for one another; one may read in x what another wrote there.
// CHECK:       // shared:
// CHECK:       var<workgroup> t: array<f32, 64>;
// CHECK:       fn main(@builtin(workgroup_id) block_id: vec3<u32>, @builtin(local_invocation_id) thread_id: vec3<u32>) {
// CHECK:         t[thread] = x[at];
// CHECK-NEXT:    storageBarrier(); workgroupBarrier();
// CHECK-NEXT:    x[at] = t[63 - thread];
gpu.func @shared(%x: memref<?xf32>) workgroup(%t: memref<64xf32, #gpu.address_space<workgroup>>) kernel
    attributes {known_block_size = array<i32: 64, 1, 1>} {
  %c63 = arith.constant 63 : index
  %c64 = arith.constant 64 : index
  %thread = gpu.thread_id x
  %block = gpu.block_id x
  %first = arith.muli %block, %c64 : index
  %at = arith.addi %first, %thread : index
  %v = memref.load %x[%at] : memref<?xf32>
  memref.store %v, %t[%thread] : memref<64xf32, #gpu.address_space<workgroup>>
  gpu.barrier
  %other = arith.subi %c63, %thread : index
  %w = memref.load %t[%other] : memref<64xf32, #gpu.address_space<workgroup>>
  memref.store %w, %x[%at] : memref<?xf32>
  gpu.return
}
}
func.func @main() {
  func.return
}
}
