// RUN: stepwell-opt %s -p expand-math | filecheck %s
// RUN: stepwell-opt %s -p 'expand-math{ordered=false double=false}' | filecheck %s --check-prefix=SHADER
// RUN: stepwell-opt %s -p 'expand-math{library=false}' | filecheck %s --check-prefix=ALONE

// A compiler of shaders may turn (x + s) - s into x: n is rounded by an op. Nothing is computed in f64.
// SHADER-LABEL:  @exp
// SHADER:        [[SIZE:%.*]] = arith.mulf
// SHADER-NEXT:   [[N:%.*]] = math.roundeven [[SIZE]]
// SHADER-NEXT:   [[WHOLE:%.*]] = arith.fptosi [[N]] : vector<16xf32> to vector<16xi32>
// SHADER-NEXT:   [[BOTH:%.*]] = arith.addi [[WHOLE]]
// SHADER-LABEL:  @scalar

// exp(x) = 2**n e**r. x is bounded, a NaN stays; n is what x/ln 2 plus 1.5 * 2**23 has more than that; 2**n is
// multiplied in two halves, so that denormal results are right. The bits of 2**(n/2) are those of the sum, shifted.
// CHECK-LABEL: @exp
// CHECK-DAG:     [[LOW:%.*]] = arith.constant dense<-1.040000e+02> : vector<16xf32>
// CHECK-DAG:     [[LOG2_E:%.*]] = arith.constant dense<1.44269502> : vector<16xf32>
// CHECK-DAG:     [[SHIFT:%.*]] = arith.constant dense<1.25831660e+07> : vector<16xf32>
// CHECK:         [[TOO_LOW:%.*]] = arith.cmpf olt, %x, [[LOW]] : vector<16xf32>
// CHECK-NEXT:    [[FLOOR:%.*]] = arith.select [[TOO_LOW]], [[LOW]], %x
// CHECK-NEXT:    [[TOO_HIGH:%.*]] = arith.cmpf ogt, [[FLOOR]]
// CHECK-NEXT:    [[X:%.*]] = arith.select [[TOO_HIGH]], %{{.*}}, [[FLOOR]]
// CHECK-NEXT:    [[T:%.*]] = math.fma [[X]], [[LOG2_E]], [[SHIFT]] : vector<16xf32>
// CHECK-NEXT:    [[N:%.*]] = arith.subf [[T]], [[SHIFT]]
// CHECK-NEXT:    [[BOTH:%.*]] = arith.bitcast [[T]] : vector<16xf32> to vector<16xi32>
// CHECK-NEXT:    [[R_HIGH:%.*]] = math.fma [[N]], %{{.*}}, [[X]]
// CHECK-NEXT:    [[R:%.*]] = math.fma [[N]], %{{.*}}, [[R_HIGH]]
// CHECK-COUNT-5: math.fma
// CHECK-NEXT:    [[P:%.*]] = arith.addf
// CHECK-NEXT:    [[HALF:%.*]] = arith.shrsi [[BOTH]]
// CHECK-NEXT:    [[FIRST:%.*]] = arith.shli [[HALF]]
// CHECK-NEXT:    [[SCALE:%.*]] = arith.bitcast [[FIRST]] : vector<16xi32> to vector<16xf32>
// CHECK-NEXT:    [[SCALED:%.*]] = arith.mulf [[P]], [[SCALE]]
// CHECK-NEXT:    [[REST:%.*]] = arith.subi [[BOTH]], [[HALF]]
// CHECK-NEXT:    [[SECOND:%.*]] = arith.shli [[REST]]
// CHECK-NEXT:    [[SCALE2:%.*]] = arith.bitcast [[SECOND]]
// CHECK-NEXT:    %y = arith.mulf [[SCALED]], [[SCALE2]] : vector<16xf32>
// CHECK-NEXT:    func.return %y
func.func @exp(%x: vector<16xf32>) -> vector<16xf32> {
  %y = math.exp %x : vector<16xf32>
  func.return %y : vector<16xf32>
}

// Two functions share their constants; a scalar has the same formula.
// CHECK-LABEL: @scalar
// CHECK-COUNT-1: arith.constant 1.44269502 : f32
// CHECK-NOT:     arith.constant 1.44269502 : f32
// CHECK:         arith.divf
// CHECK-NEXT:    math.copysign
// CHECK:         math.copysign
// CHECK-NEXT:    func.return
func.func @scalar(%x: f32) -> f32 {
  %t = math.tanh %x : f32
  %y = math.erf %t : f32
  func.return %y : f32
}

// log2(x) times y in f64, of which no more than the rounding to f32 is seen. Where f64 is slow or missing, the logarithm
// is a sum of two floats; what is computed before goes through its bits, so that no compiler takes y for (x + y) - x.
// CHECK-LABEL: @power
// CHECK:         [[A:%.*]] = arith.extf {{.*}} : f32 to f64
// CHECK:         arith.truncf {{.*}} : f64 to f32
// SHADER-LABEL: @power
// SHADER-NOT:    f64
// SHADER:        [[M:%.*]] = arith.subf {{.*}} : f32
// SHADER-NEXT:   [[BITS:%.*]] = arith.bitcast [[M]] : f32 to i32
// SHADER-NEXT:   [[PINNED:%.*]] = arith.andi [[BITS]], %{{.*}} : i32
// SHADER-NEXT:   [[U:%.*]] = arith.bitcast [[PINNED]] : i32 to f32
// SHADER-NEXT:   [[SUM:%.*]] = arith.addf [[U]]
// SHADER-NEXT:   [[V:%.*]] = arith.divf %{{.*}}, [[SUM]] : f32
// SHADER-NOT:    f64
// SHADER:        func.return
func.func @power(%x: f32, %y: f32) -> f32 {
  %z = math.powf %x, %y : f32
  func.return %z : f32
}

// Elements of 16 bits go through f32.
// CHECK-LABEL: @half
// CHECK:         arith.extf %x : vector<8xf16> to vector<8xf32>
// CHECK-NOT:     math.log2
// CHECK:         %y = arith.truncf %{{.*}} : vector<8xf32> to vector<8xf16>
func.func @half(%x: vector<8xf16>) -> vector<8xf16> {
  %y = math.log2 %x : vector<8xf16>
  func.return %y : vector<8xf16>
}

// Only where a lane is beyond what the reduction holds for does the C library compute.
// CHECK-LABEL: @large
// CHECK:         [[LARGE:%.*]] = arith.cmpf oge
// CHECK-NEXT:    [[SOME:%.*]] = vector.reduction <or>, [[LARGE]] : vector<4xi1> into i1
// CHECK-NEXT:    %y = scf.if [[SOME]] -> (vector<4xf32>) {
// CHECK-NEXT:      [[EXACT:%.*]] = math.sin %x : vector<4xf32>
// CHECK-NEXT:      [[CHOSEN:%.*]] = arith.select [[LARGE]], [[EXACT]], [[CHEAP:%.*]] : vector<4xi1>, vector<4xf32>
// CHECK-NEXT:      scf.yield [[CHOSEN]]
// CHECK-NEXT:    } else {
// CHECK-NEXT:      scf.yield [[CHEAP]]
// CHECK-NEXT:    }
func.func @large(%x: vector<4xf32>) -> vector<4xf32> {
  %y = math.sin %x : vector<4xf32>
  func.return %y : vector<4xf32>
}

// Without a C library, the formula of f64 computes that.
// ALONE-LABEL: @large
// ALONE:         %y = scf.if
// ALONE-NEXT:      arith.extf %x : vector<4xf32> to vector<4xf64>
// ALONE-NOT:     math.sin

// f64, and what no formula is written for, are the C library's. A square root is an instruction.
// CHECK-LABEL: @library
// CHECK-NEXT:    math.exp %x : f64
// CHECK-NEXT:    math.acosh %v : vector<4xf32>
// CHECK-NEXT:    math.sqrt %v : vector<4xf32>
func.func @library(%x: f64, %v: vector<4xf32>) -> (f64, vector<4xf32>, vector<4xf32>) {
  %a = math.exp %x : f64
  %b = math.acosh %v : vector<4xf32>
  %c = math.sqrt %v : vector<4xf32>
  func.return %a, %b, %c : f64, vector<4xf32>, vector<4xf32>
}

// Without a C library f64 has formulas, too, and of f32 what has none of its own is computed in f64.
// ALONE-LABEL: @library
// ALONE:         math.roundeven %{{.*}} : f64
// ALONE:         arith.divf %{{.*}} : f64
// ALONE:         arith.extf %v : vector<4xf32> to vector<4xf64>
// ALONE:         arith.truncf %{{.*}} : vector<4xf64> to vector<4xf32>
// ALONE-NEXT:    math.sqrt %v : vector<4xf32>

// A remainder is a long division of integers, 11 bits at a time. It is of numbers, not of lanes: those stay.
// ALONE-LABEL: @remainder
// ALONE:         [[BITS:%.*]] = arith.bitcast %{{.*}} : f64 to i64
// ALONE:         [[FIRST:%.*]] = arith.remui %{{.*}}, [[BY:%.*]] : i64
// ALONE:         scf.for %{{.*}} = %{{.*}} to %{{.*}} step %{{.*}} iter_args([[REST:%.*]] = [[FIRST]]) -> (i64) {
// ALONE:           [[MORE:%.*]] = arith.shli [[REST]], %{{.*}} : i64
// ALONE-NEXT:      [[NEXT:%.*]] = arith.remui [[MORE]], [[BY]] : i64
// ALONE-NEXT:      scf.yield [[NEXT]] : i64
// ALONE:         arith.remf %v, %v : vector<4xf32>
func.func @remainder(%x: f32, %y: f32, %v: vector<4xf32>) -> (f32, vector<4xf32>) {
  %r = arith.remf %x, %y : f32
  %s = arith.remf %v, %v : vector<4xf32>
  func.return %r, %s : f32, vector<4xf32>
}
