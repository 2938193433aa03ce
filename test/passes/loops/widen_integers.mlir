// RUN: stepwell-opt %s -p widen-integers --split-input-file | filecheck %s

// An i32 holds each number of 8 bits, its sign extended. A buffer may hold other bits above: who filled it may have had
// numbers without a sign. A sum may have more bits, too; a maximum and a comparison cannot.
// CHECK-LABEL: @add(%x: memref<8xi32>, %y: memref<8xi32>, %n: index)
// CHECK-NEXT:    [[READ:%.*]] = memref.load %x[%n] : memref<8xi32>
// CHECK-NEXT:    [[C24:%.*]] = arith.constant 24 : i32
// CHECK-NEXT:    [[UP:%.*]] = arith.shli [[READ]], [[C24]] : i32
// CHECK-NEXT:    [[C24:%.*]] = arith.constant 24 : i32
// CHECK-NEXT:    %a = arith.shrsi [[UP]], [[C24]] : i32
// CHECK-NEXT:    %c = arith.constant -56 : i32
// CHECK-NEXT:    [[SUM:%.*]] = arith.addi %a, %c : i32
// CHECK:         [[UP:%.*]] = arith.shli [[SUM]]
// CHECK:         %s = arith.shrsi [[UP]]
// CHECK-NEXT:    %m = arith.maxui %s, %a : i32
// CHECK-NEXT:    %less = arith.cmpi ult, %m, %c : i32
// CHECK-NEXT:    %r = arith.select %less, %m, %c : i32
// CHECK-NEXT:    memref.store %r, %y[%n] : memref<8xi32>
func.func private @add(%x: memref<8xi8>, %y: memref<8xi8>, %n: index) {
  %a = memref.load %x[%n] : memref<8xi8>
  %c = arith.constant 200 : i8
  %s = arith.addi %a, %c : i8
  %m = arith.maxui %s, %a : i8
  %less = arith.cmpi ult, %m, %c : i8
  %r = arith.select %less, %m, %c : i8
  memref.store %r, %y[%n] : memref<8xi8>
  func.return
}

// -----

// What looks at numbers without a sign sees the bits that they have; a quotient's sign is extended again.
// CHECK-LABEL: @divide
// CHECK:         [[MASK:%.*]] = arith.constant 65535 : i32
// CHECK-NEXT:    [[A:%.*]] = arith.andi %a, [[MASK]] : i32
// CHECK-NEXT:    [[MASK:%.*]] = arith.constant 65535 : i32
// CHECK-NEXT:    [[B:%.*]] = arith.andi %b, [[MASK]] : i32
// CHECK-NEXT:    [[Q:%.*]] = arith.divui [[A]], [[B]] : i32
// CHECK:         [[UP:%.*]] = arith.shli [[Q]]
// CHECK:         %q = arith.shrsi [[UP]]
// CHECK:         [[WIDE:%.*]] = arith.andi %q
// CHECK-NEXT:    %f = arith.uitofp [[WIDE]] : i32 to f32
// CHECK-NEXT:    return %q, %f : i32, f32
func.func private @divide(%a: i16, %b: i16) -> (i16, f32) {
  %q = arith.divui %a, %b : i16
  %f = arith.uitofp %q : i16 to f32
  func.return %q, %f : i16, f32
}

// -----

// Casts between what is one type now are gone, but for the bits that count.
// CHECK-LABEL: @casts(%a: i32, %wide: i64) -> (i32, i32, i64, i32)
// CHECK-NEXT:    [[MASK:%.*]] = arith.constant 255 : i32
// CHECK-NEXT:    [[U:%.*]] = arith.andi %a, [[MASK]] : i32
// CHECK-NEXT:    %long = arith.extsi %a : i32 to i64
// CHECK-NEXT:    [[CUT:%.*]] = arith.trunci %wide : i64 to i32
// CHECK:         [[UP:%.*]] = arith.shli [[CUT]]
// CHECK:         %t = arith.shrsi [[UP]]
// CHECK-NEXT:    return %a, [[U]], %long, %t
func.func private @casts(%a: i8, %wide: i64) -> (i32, i16, i64, i8) {
  %s = arith.extsi %a : i8 to i32
  %u = arith.extui %a : i8 to i16
  %long = arith.extsi %a : i8 to i64
  %t = arith.trunci %wide : i64 to i8
  func.return %s, %u, %long, %t : i32, i16, i64, i8
}

// -----

// Numbers of other types stay what they are; so do the bits of a bool.
// CHECK-LABEL: @other
// CHECK-NEXT:    %s = arith.addi %a, %a : i32
// CHECK-NEXT:    %n = arith.extui %b : i1 to i32
// CHECK-NEXT:    return
func.func private @other(%a: i32, %b: i1) -> (i32, i32) {
  %s = arith.addi %a, %a : i32
  %n = arith.extui %b : i1 to i32
  func.return %s, %n : i32, i32
}

// -----

// CHECK:       memref.global "private" constant @table : memref<3xi32>
memref.global "private" constant @table : memref<3xi8> = dense<[1, -2, 3]>
