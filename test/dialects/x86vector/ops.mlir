// RUN: stepwell-opt %s | stepwell-opt - | filecheck %s

// CHECK-LABEL: @dot
// CHECK:         x86vector.avx512.dot %acc, %a, %b : vector<32xbf16> -> vector<16xf32>
// CHECK:         x86vector.avx512.dot %few, %c, %c : vector<8xbf16> -> vector<4xf32>
// CHECK:         x86vector.avx512.dot %sum, %d, %d : vector<64xi8> -> vector<16xi32>
func.func @dot(%acc: vector<16xf32>, %a: vector<32xbf16>, %b: vector<32xbf16>, %few: vector<4xf32>, %c: vector<8xbf16>, %sum: vector<16xi32>, %d: vector<64xi8>) {
  %0 = x86vector.avx512.dot %acc, %a, %b : vector<32xbf16> -> vector<16xf32>
  %1 = x86vector.avx512.dot %few, %c, %c : vector<8xbf16> -> vector<4xf32>
  %2 = x86vector.avx512.dot %sum, %d, %d : vector<64xi8> -> vector<16xi32>
  func.return
}
