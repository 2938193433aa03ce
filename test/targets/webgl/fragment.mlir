// RUN: stepwell-translate %s --to webgl | filecheck %s

builtin.module attributes {stepwell.level = "device", gpu.container_module} {
gpu.module @kernels {

// A kernel is a fragment shader: buffers that it reads are textures, numbers stand in one block, and what it stores is its
// result. Where it stores nothing, the fragment is discarded, so that what was there stays.
// CHECK:       #version 300 es
// CHECK-NEXT:  // scale: {{.*}}fragment.mlir
// CHECK-NEXT:  precision highp float;
// CHECK-NEXT:  precision highp int;
// CHECK-NEXT:  uniform highp sampler2D buffer0; // x
// CHECK-NEXT:  uniform highp isampler2D buffer1; // ids
// CHECK-NEXT:  layout(std140) uniform Params { int out_start; };
// CHECK-NEXT:  out highp float result; // out
// CHECK:       float fetch(highp sampler2D from, int at)
// CHECK-NEXT:  {
// CHECK-NEXT:    return texelFetch(from, ivec2(at % 2048, at / 2048), 0).r;
// CHECK-NEXT:  }
// CHECK:       int fetch(highp isampler2D from, int at)
// CHECK:       void main()
// CHECK-NEXT:  {
// CHECK-NEXT:    int element = int(gl_FragCoord.y) * 2048 + int(gl_FragCoord.x);
// CHECK-NEXT:    int i = element - out_start;
// CHECK-NEXT:    if (element >= out_start && i < 10) {
// CHECK-NEXT:      float v = fetch(buffer0, i);
// CHECK-NEXT:      result = v * float(fetch(buffer1, i)) + v;
// CHECK-NEXT:      return;
// CHECK-NEXT:    }
// CHECK-NEXT:    discard;
// CHECK-NEXT:  }
gpu.func @scale(%x: memref<10xf32>, %ids: memref<10xi32>, %out: memref<?xf32>, %out_start: index) kernel
    attributes {known_block_size = array<i32: 1, 1, 1>} {
  %c10 = arith.constant 10 : index
  %element = gpu.global_id x
  %i = arith.subi %element, %out_start : index
  %above = arith.cmpi sge, %element, %out_start : index
  %below = arith.cmpi slt, %i, %c10 : index
  %there = arith.andi %above, %below : i1
  scf.if %there {
    %n = memref.load %ids[%i] : memref<10xi32>
    %v = memref.load %x[%i] : memref<10xf32>
    %f = arith.sitofp %n : i32 to f32
    %s = math.fma %v, %f, %v : f32
    memref.store %s, %out[%element] : memref<?xf32>
  }
  gpu.return
}

// One that reads what it draws over has its target among the textures, too: a copy. Nothing is discarded where all is drawn.
// CHECK:       // half: {{.*}}fragment.mlir
// CHECK:       uniform highp isampler2D buffer0; // y
// CHECK-NEXT:  out highp int result; // y
// CHECK:         result = fetch(buffer0, element) >> 1;
// CHECK-NEXT:  }
// CHECK-NOT:   discard
gpu.func @half(%y: memref<10xi32>) kernel attributes {known_block_size = array<i32: 1, 1, 1>} {
  %one = arith.constant 1 : i32
  %element = gpu.global_id x
  %v = memref.load %y[%element] : memref<10xi32>
  %w = arith.shrsi %v, %one : i32
  memref.store %w, %y[%element] : memref<10xi32>
  gpu.return
}
}
func.func @main() {
  func.return
}
}
