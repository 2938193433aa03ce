// RUN: stepwell-opt %s -p store-floats{bf16=i16} --verify-each | filecheck %s --check-prefixes=ALL,BITS
// RUN: stepwell-opt %s -p store-floats{bf16=f32} --verify-each | filecheck %s --check-prefixes=ALL,VALUE
// RUN: stepwell-opt %s -p store-floats{f16=f32} --verify-each | filecheck %s --check-prefix=HALF

// A bf16 is the upper half of an f32: its bits in an i16, or an f32 whose lower half is 0. The sum is rounded where it
// was truncated; f16, which the device has, stays.
// BITS:            memref.global "private" constant @table : memref<3xi16>
// VALUE:           memref.global "private" constant @table : memref<3xf32>
// BITS-LABEL:      @scale(%x: memref<8xi16>, %h: memref<8xf16>, %out: memref<8xi16>)
// VALUE-LABEL:     @scale(%x: memref<8xf32>, %h: memref<8xf16>, %out: memref<8xf32>)
// BITS:              %one = arith.constant 16256 : i16
// VALUE:             %one = arith.constant 1.000000e+00 : f32
// BITS:              %a = memref.load %x[%n] : memref<8xi16>
// BITS:              [[WORD:%.*]] = arith.extui %a : i16 to i32
// BITS:              [[UPPER:%.*]] = arith.shli [[WORD]], {{%.*}} : i32
// BITS-NEXT:         %w = arith.bitcast [[UPPER]] : i32 to f32
// BITS-NEXT:         %v = arith.extf %g : f16 to f32
// BITS-NEXT:         %s = arith.addf %w, %v : f32
// VALUE:             %a = memref.load %x[%n] : memref<8xf32>
// VALUE:             %v = arith.extf %g : f16 to f32
// VALUE-NEXT:        %s = arith.addf %a, %v : f32
// To nearest: half a unit of what stays is added, less one where the last bit that stays is even. A NaN stays one.
// ALL-NEXT:          [[NUMBER:%.*]] = arith.bitcast %s : f32 to i32
// ALL:               [[SIZE:%.*]] = arith.andi [[NUMBER]], {{%.*}} : i32
// ALL:               [[IS_NAN:%.*]] = arith.cmpi ugt, [[SIZE]], {{%.*}} : i32
// ALL:               [[SHIFTED:%.*]] = arith.shrui [[SIZE]], {{%.*}} : i32
// ALL:               [[ODD:%.*]] = arith.andi [[SHIFTED]], {{%.*}} : i32
// ALL-NEXT:          {{%.*}} = arith.constant 32767 : i32
// ALL-NEXT:          [[MORE:%.*]] = arith.addi [[SIZE]], {{%.*}} : i32
// ALL-NEXT:          [[ROUNDED:%.*]] = arith.addi [[MORE]], [[ODD]] : i32
// ALL:               [[QUIET:%.*]] = arith.ori [[SIZE]], {{%.*}} : i32
// ALL-NEXT:          {{%.*}} = arith.select [[IS_NAN]], [[QUIET]], [[ROUNDED]] : i32
// BITS:              %t = arith.trunci {{%.*}} : i32 to i16
// VALUE:             %t = arith.bitcast {{%.*}} : i32 to f32
// What compares numbers of 16 bits compares them in f32.
// BITS:              %low = arith.cmpf olt, {{%.*}}, {{%.*}} : f32
// BITS-NEXT:         %m = arith.select %low, %t, %one : i16
// VALUE-NEXT:        %low = arith.cmpf olt, %t, %one : f32
// VALUE-NEXT:        %m = arith.select %low, %t, %one : f32

// An f16 has fewer exponents, too: past 65504 comes infinity, below 2**-14 there are steps of 2**-24.
// HALF:            @scale(%x: memref<8xbf16>, %h: memref<8xf32>, %out: memref<8xbf16>)
// HALF:              %s = arith.addf %w, %g : f32
// HALF-NEXT:         %t = arith.truncf %s : f32 to bf16
memref.global "private" constant @table : memref<3xbf16> = dense<[1.0, -2.0, 3.0]>
func.func private @scale(%x: memref<8xbf16>, %h: memref<8xf16>, %out: memref<8xbf16>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  %one = arith.constant 1.0 : bf16
  scf.for %n = %c0 to %c8 step %c1 {
    %a = memref.load %x[%n] : memref<8xbf16>
    %g = memref.load %h[%n] : memref<8xf16>
    %w = arith.extf %a : bf16 to f32
    %v = arith.extf %g : f16 to f32
    %s = arith.addf %w, %v : f32
    %t = arith.truncf %s : f32 to bf16
    %low = arith.cmpf olt, %t, %one : bf16
    %m = arith.select %low, %t, %one : bf16
    memref.store %m, %out[%n] : memref<8xbf16>
  }
  func.return
}

// HALF-LABEL:      @shorten(%x: memref<8xf32>, %out: memref<8xf32>)
// HALF:              [[SINGLE:%.*]] = arith.truncf %v : f64 to f32
// HALF-NEXT:         {{%.*}} = arith.bitcast [[SINGLE]] : f32 to i32
// HALF:              arith.constant 1199562752 : i32
// HALF:              arith.cmpi ugt
// HALF:              arith.constant 5.000000e-01 : f32
// HALF:              arith.constant 5.96046448e-08 : f32
// HALF:              arith.constant 947912704 : i32
// HALF-NEXT:         arith.cmpi ult
func.func private @shorten(%x: memref<8xf32>, %out: memref<8xf16>) {
  %c0 = arith.constant 0 : index
  %a = memref.load %x[%c0] : memref<8xf32>
  %v = arith.extf %a : f32 to f64
  %t = arith.truncf %v : f64 to f16
  memref.store %t, %out[%c0] : memref<8xf16>
  func.return
}
