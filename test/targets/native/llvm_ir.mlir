// RUN: stepwell-translate %s --to llvm-ir | filecheck %s

builtin.module attributes {stepwell.level = "llvm"} {

// Names stay, block arguments become phis, constants stand where they are used, a kernel is internal.
// CHECK:       define internal void @double(ptr noalias readonly align 64 %x, ptr noalias %y) #0 {
// CHECK-NEXT:  entry:
// CHECK-NEXT:    br label %b1
// CHECK-NEXT:  b1:
// CHECK-NEXT:    %i = phi i64 [ 0, %entry ], [ %next, %b1 ]
// CHECK-NEXT:    %from = getelementptr inbounds float, ptr %x, i64 %i
// CHECK-NEXT:    %v = load float, ptr %from, align 4
// CHECK-NEXT:    %w = fmul contract float %v, 2.0
// CHECK-NEXT:    %to = getelementptr inbounds float, ptr %y, i64 %i
// CHECK-NEXT:    store float %w, ptr %to, align 4
// CHECK-NEXT:    %next = add nsw i64 %i, 1
// CHECK-NEXT:    %more = icmp slt i64 %next, 8
// CHECK-NEXT:    br i1 %more, label %b1, label %b2
// CHECK-NEXT:  b2:
// CHECK-NEXT:    ret void
// CHECK-NEXT:  }
llvm.func internal @double(%x: !llvm.ptr {llvm.noalias, llvm.readonly, llvm.align = 64 : i64}, %y: !llvm.ptr {llvm.noalias}) {
  %c0 = llvm.mlir.constant(0) : i64
  %c1 = llvm.mlir.constant(1) : i64
  %c8 = llvm.mlir.constant(8) : i64
  %two = llvm.mlir.constant(2.0 : f32) : f32
  llvm.br ^loop(%c0 : i64)
^loop(%i: i64):
  %from = llvm.getelementptr inbounds %x[%i] : (!llvm.ptr, i64) -> !llvm.ptr, f32
  %v = llvm.load %from {alignment = 4 : i64} : !llvm.ptr -> f32
  %w = llvm.fmul %v, %two {fastmathFlags = #llvm.fastmath<contract>} : f32
  %to = llvm.getelementptr inbounds %y[%i] : (!llvm.ptr, i64) -> !llvm.ptr, f32
  llvm.store %w, %to {alignment = 4 : i64} : f32, !llvm.ptr
  %next = llvm.add %i, %c1 overflow<nsw> : i64
  %more = llvm.icmp "slt" %next, %c8 : i64
  llvm.cond_br %more, ^loop(%next : i64), ^end
^end:
  llvm.return
}

// What is exported has no linkage word; the name of an intrinsic ends with its types.
// CHECK:       define void @main(ptr %x, <4 x i1> %m) #0 {
// CHECK:         call void @double(ptr %x, ptr %x)
// CHECK-NEXT:    %v = call <4 x float> @llvm.masked.load.v4f32.p0(ptr align 4 %x, <4 x i1> %m, <4 x float> splat (float 1.0))
// CHECK-NEXT:    %e = call <4 x float> @llvm.exp.v4f32(<4 x float> %v)
// CHECK-NEXT:    %s = call reassoc contract float @llvm.vector.reduce.fadd.v4f32(float -0.0, <4 x float> %e)
// CHECK-NEXT:    %n = insertelement <4 x float> poison, float %s, i64 0
// CHECK-NEXT:    %b = shufflevector <4 x float> %n, <4 x float> poison, <4 x i32> zeroinitializer
// CHECK-NEXT:    %r = shufflevector <4 x float> %e, <4 x float> %b, <2 x i32> <i32 3, i32 4>
// CHECK-NEXT:    %c = fcmp olt <4 x float> %e, %b
// CHECK-NEXT:    %least = select <4 x i1> %c, <4 x float> %e, <4 x float> %b
// CHECK-NEXT:    call void @llvm.masked.store.v4f32.p0(<4 x float> %least, ptr align 4 %x, <4 x i1> %m)
// CHECK-NEXT:    call void @llvm.memcpy.p0.p0.i64(ptr %x, ptr %x, i64 16, i1 false)
llvm.func @main(%x: !llvm.ptr, %m: vector<4xi1>) attributes {stepwell.signature = {inputs = [], outputs = []}} {
  %c0 = llvm.mlir.constant(0) : i64
  %c16 = llvm.mlir.constant(16) : i64
  %no = llvm.mlir.constant(false) : i1
  %ones = llvm.mlir.constant(dense<1.0> : vector<4xf32>) : vector<4xf32>
  %zero = llvm.mlir.constant(-0.0 : f32) : f32
  %any = llvm.mlir.poison : vector<4xf32>
  llvm.call @double(%x, %x) : (!llvm.ptr, !llvm.ptr) -> ()
  %v = llvm.intr.masked.load %x, %m, %ones {alignment = 4 : i32} : (!llvm.ptr, vector<4xi1>, vector<4xf32>) -> vector<4xf32>
  %e = llvm.call_intrinsic "llvm.exp"(%v) : (vector<4xf32>) -> vector<4xf32>
  %s = llvm.call_intrinsic "llvm.vector.reduce.fadd"(%zero, %e) {fastmathFlags = #llvm.fastmath<reassoc,contract>} : (f32, vector<4xf32>) -> f32
  %n = llvm.insertelement %s, %any[%c0 : i64] : vector<4xf32>
  %b = llvm.shufflevector %n, %any [0, 0, 0, 0] : vector<4xf32>
  %r = llvm.shufflevector %e, %b [3, 4] : vector<4xf32>
  %c = llvm.fcmp "olt" %e, %b : vector<4xf32>
  %least = llvm.select %c, %e, %b : vector<4xi1>, vector<4xf32>
  llvm.intr.masked.store %least, %x, %m {alignment = 4 : i32} : vector<4xf32>, vector<4xi1> into !llvm.ptr
  llvm.call_intrinsic "llvm.memcpy"(%x, %x, %c16, %no) : (!llvm.ptr, !llvm.ptr, i64, i1) -> ()
  llvm.return
}

// A float is exact: in decimal where that is short, else by its bits.
// CHECK:       define float @constants() #0 {
// CHECK:         %a = fadd float 0.5, 0x3FB99999A0000000
// CHECK-NEXT:    %h = fadd half 0xH3C00, 0xH2E66
// CHECK-NEXT:    %b = fadd bfloat 0xR3F80, 0xR3DCD
// CHECK-NEXT:    %i = fadd float 0x7FF0000000000000, %a
// CHECK-NEXT:    %d = add <2 x i32> <i32 1, i32 -1>, splat (i32 7)
llvm.func @constants() -> f32 {
  %half = llvm.mlir.constant(0.5 : f32) : f32
  %tenth = llvm.mlir.constant(0.1 : f32) : f32
  %h1 = llvm.mlir.constant(1.0 : f16) : f16
  %ht = llvm.mlir.constant(0.1 : f16) : f16
  %b1 = llvm.mlir.constant(1.0 : bf16) : bf16
  %bt = llvm.mlir.constant(0.1 : bf16) : bf16
  %inf = llvm.mlir.constant(0x7F800000 : f32) : f32
  %pair = llvm.mlir.constant(dense<[1, -1]> : vector<2xi32>) : vector<2xi32>
  %sevens = llvm.mlir.constant(dense<7> : vector<2xi32>) : vector<2xi32>
  %a = llvm.fadd %half, %tenth : f32
  %h = llvm.fadd %h1, %ht : f16
  %b = llvm.fadd %b1, %bt : bf16
  %i = llvm.fadd %inf, %a : f32
  %d = llvm.add %pair, %sevens : vector<2xi32>
  llvm.return %i : f32
}

}
