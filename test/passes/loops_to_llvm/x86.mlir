// RUN: stepwell-opt %s -p loops-to-llvm | filecheck %s

// CHECK-LABEL: @dot
// CHECK:         llvm.call_intrinsic "llvm.x86.avx512bf16.dpbf16ps.512"(%{{.*}}, %{{.*}}, %{{.*}}) : (vector<16xf32>, vector<32xbf16>, vector<32xbf16>) -> vector<16xf32>
// CHECK:         llvm.call_intrinsic "llvm.x86.avx512bf16.dpbf16ps.256"(%{{.*}}, %{{.*}}, %{{.*}}) : (vector<8xf32>, vector<16xbf16>, vector<16xbf16>) -> vector<8xf32>
func.func private @dot(%m: memref<32xbf16>, %s: memref<16xf32>) attributes {stepwell.kernel} {
  %c0 = arith.constant 0 : index
  %a = vector.load %m[%c0] : memref<32xbf16>, vector<32xbf16>
  %acc = vector.load %s[%c0] : memref<16xf32>, vector<16xf32>
  %sum = x86vector.avx512.dot %acc, %a, %a : vector<32xbf16> -> vector<16xf32>
  vector.store %sum, %s[%c0] : memref<16xf32>, vector<16xf32>
  %b = vector.load %m[%c0] : memref<32xbf16>, vector<16xbf16>
  %few = vector.load %s[%c0] : memref<16xf32>, vector<8xf32>
  %half = x86vector.avx512.dot %few, %b, %b : vector<16xbf16> -> vector<8xf32>
  vector.store %half, %s[%c0] : memref<16xf32>, vector<8xf32>
  func.return
}
