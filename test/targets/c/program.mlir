// RUN: stepwell-translate %s --to c | filecheck %s
// RUN: stepwell-translate %s --to c | filecheck %s --check-prefix=MAIN

builtin.module attributes {stepwell.level = "loops"} {

// A kernel is a static function with the names of the IR; its comment says which nodes of the model it computes and
// the shapes of its arguments. Loop bounds and buffer offsets are numbers, loads stand where they are used.
// CHECK-LABEL: kernel_scale:
// CHECK-NEXT:     x      4x8
// CHECK-NEXT:     scale  8
// CHECK-NEXT:     out    4x8 */
// CHECK-NEXT:  static void kernel_scale(
// CHECK-NEXT:      const float *restrict x,
// CHECK-NEXT:      const float *restrict scale,
// CHECK-NEXT:      float *restrict out)
// CHECK-NEXT:  {
// CHECK-NEXT:    for (int64_t i = 0; i < 4; i += 1) {
// CHECK-NEXT:      for (int64_t j = 0; j < 8; j += 1) {
// CHECK-NEXT:        out[8 * i + j] = (x[8 * i + j] - 0.5f) * scale[j];
func.func private @kernel_scale(%x: memref<4x8xf32>, %scale: memref<8xf32>, %out: memref<4x8xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %c8 = arith.constant 8 : index
  %half = arith.constant 0.5 : f32
  scf.for %i = %c0 to %c4 step %c1 {
    scf.for %j = %c0 to %c8 step %c1 {
      %a = memref.load %x[%i, %j] : memref<4x8xf32>
      %b = memref.load %scale[%j] : memref<8xf32>
      %less = arith.subf %a, %half : f32
      %r = arith.mulf %less, %b : f32
      memref.store %r, %out[%i, %j] : memref<4x8xf32>
    }
  }
  func.return
}

// What a loop carries is a variable; loops that hand it on share it. What is read before a store is read before it.
// CHECK-LABEL: kernel_sum:
// CHECK:         float acc = 0.0f;
// CHECK-NEXT:    for (int64_t i = 0; i < 4; i += 1) {
// CHECK-NEXT:      for (int64_t j = 0; j < 8; j += 1) {
// CHECK-NEXT:        acc = acc + x[8 * i + j];
// CHECK-NEXT:      }
// CHECK-NEXT:    }
// CHECK-NEXT:    const float old = out[0];
// CHECK-NEXT:    out[0] = acc;
// CHECK-NEXT:    out[1] = old;
func.func private @kernel_sum(%x: memref<4x8xf32>, %out: memref<2xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %c8 = arith.constant 8 : index
  %zero = arith.constant 0.0 : f32
  %sum = scf.for %i = %c0 to %c4 step %c1 iter_args(%acc = %zero) -> (f32) {
    %row = scf.for %j = %c0 to %c8 step %c1 iter_args(%inner = %acc) -> (f32) {
      %a = memref.load %x[%i, %j] : memref<4x8xf32>
      %next = arith.addf %inner, %a : f32
      scf.yield %next : f32
    }
    scf.yield %row : f32
  }
  %old = memref.load %out[%c0] : memref<2xf32>
  memref.store %sum, %out[%c0] : memref<2xf32>
  memref.store %old, %out[%c1] : memref<2xf32>
  func.return
}

// Two values that swap places go through others.
// CHECK-LABEL: kernel_fibonacci:
// CHECK:         int32_t a = 0;
// CHECK-NEXT:    int32_t b = 1;
// CHECK-NEXT:    for (int64_t i = 0; i < 8; i += 1) {
// CHECK-NEXT:      const int32_t next_a = b;
// CHECK-NEXT:      const int32_t next_b = (int32_t)((uint32_t)a + (uint32_t)b);
// CHECK-NEXT:      a = next_a;
// CHECK-NEXT:      b = next_b;
// CHECK-NEXT:    }
// CHECK-NEXT:    out[0] = a;
func.func private @kernel_fibonacci(%out: memref<2xi32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  %zero = arith.constant 0 : i32
  %one = arith.constant 1 : i32
  %r, %s = scf.for %i = %c0 to %c8 step %c1 iter_args(%a = %zero, %b = %one) -> (i32, i32) {
    %sum = arith.addi %a, %b : i32
    scf.yield %b, %sum : i32, i32
  }
  memref.store %r, %out[%c0] : memref<2xi32>
  memref.store %s, %out[%c1] : memref<2xi32>
  func.return
}

// A temporary lies in the workspace that the caller hands in. NaN, infinity and floats that are no short decimals:
// CHECK-LABEL: kernel_odd:
// CHECK:         float *const tmp = (float *)(void *)ws;
// CHECK-NEXT:    tmp[0] = NAN;
// CHECK-NEXT:    tmp[1] = -INFINITY;
// CHECK-NEXT:    tmp[2] = 0x1.99999ap-4f;
// CHECK-NEXT:    tmp[3] = -0.0f;
// CHECK-NEXT:    if (tmp[1] < tmp[2]) {
// CHECK-NEXT:      out[0] = expf(tmp[3]);
// CHECK-NEXT:    }
func.func private @kernel_odd(%out: memref<2xf32>) {
  %tmp = memref.alloc() : memref<4xf32>
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c3 = arith.constant 3 : index
  %nan = arith.constant 0x7FC00000 : f32
  %inf = arith.constant 0xFF800000 : f32
  %tenth = arith.constant 0.1 : f32
  %nothing = arith.constant -0.0 : f32
  memref.store %nan, %tmp[%c0] : memref<4xf32>
  memref.store %inf, %tmp[%c1] : memref<4xf32>
  memref.store %tenth, %tmp[%c2] : memref<4xf32>
  memref.store %nothing, %tmp[%c3] : memref<4xf32>
  %a = memref.load %tmp[%c1] : memref<4xf32>
  %b = memref.load %tmp[%c2] : memref<4xf32>
  %less = arith.cmpf olt, %a, %b : f32
  scf.if %less {
    %c = memref.load %tmp[%c3] : memref<4xf32>
    %e = math.exp %c : f32
    memref.store %e, %out[%c0] : memref<2xf32>
  }
  func.return
}

// The call below hands one buffer in as both, so neither is `restrict`.
// CHECK-LABEL: kernel_negate:
// CHECK:           const float *x,
// CHECK-NEXT:      float *out)
func.func private @kernel_negate(%x: memref<2xf32>, %out: memref<2xf32> {stepwell.inplace = array<i64: 0>}) {
  %c0 = arith.constant 0 : index
  %a = memref.load %x[%c0] : memref<2xf32>
  %b = arith.negf %a : f32
  memref.store %b, %out[%c0] : memref<2xf32>
  func.return
}

// The entry: parameters under the model's own names, in the caller's types; then views of the arena and calls.
// MAIN:       void model_run(
// MAIN-NEXT:      const float *input_0,  /* "input:0": 4x8 */
// MAIN-NEXT:      float *scaled,  /* "scaled": 4x8 */
// MAIN-NEXT:      uint32_t *counts,  /* "counts": 2 */
// MAIN-NEXT:      float *out,  /* "out": 2 */
// MAIN-NEXT:      const unsigned char *weights,
// MAIN-NEXT:      unsigned char *arena)
// MAIN-NEXT:  {
// MAIN-NEXT:    const float *const w = (const float *)(const void *)weights;
// MAIN:         kernel_scale(input_0, w, scaled);
// MAIN:         float *const a = (float *)(void *)[[PLACE:.*]];
// MAIN:         kernel_sum(scaled, a);
// MAIN:         kernel_fibonacci((int32_t *)counts);
// MAIN:         int8_t *const ws = (int8_t *)(void *){{.*}};
// MAIN:         kernel_odd(out, ws);
// MAIN-NEXT:    float *const b = (float *)(void *)[[PLACE]];
// MAIN:         kernel_negate(a, b);
// MAIN:         kernel_negate(b, out);
memref.global "private" constant @w : memref<8xf32> = dense<2.0>
func.func @main(%x: memref<4x8xf32>, %out0: memref<4x8xf32>, %out1: memref<2xi32>, %out2: memref<2xf32>) attributes {
    stepwell.signature = {
      inputs = [{name = "input:0", type = tensor<4x8xf32>}],
      outputs = [{name = "scaled", type = tensor<4x8xf32>}, {name = "counts", type = tensor<2xui32>},
                 {name = "out", type = tensor<2xf32>}]}} {
  %w = memref.get_global @w : memref<8xf32>
  func.call @kernel_scale(%x, %w, %out0) : (memref<4x8xf32>, memref<8xf32>, memref<4x8xf32>) -> ()
  %a = memref.alloc() : memref<2xf32>
  func.call @kernel_sum(%out0, %a) : (memref<4x8xf32>, memref<2xf32>) -> ()
  func.call @kernel_fibonacci(%out1) : (memref<2xi32>) -> ()
  func.call @kernel_odd(%out2) : (memref<2xf32>) -> ()
  %b = memref.alloc() : memref<2xf32>
  func.call @kernel_negate(%a, %b) : (memref<2xf32>, memref<2xf32>) -> ()
  func.call @kernel_negate(%b, %out2) : (memref<2xf32>, memref<2xf32>) -> ()
  func.return
}
}
