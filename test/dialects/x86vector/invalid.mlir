// RUN: stepwell-opt %s --split-input-file --verify-diagnostics

func.func @a_pair_for_each_sum(%acc: vector<16xf32>, %a: vector<16xbf16>) {
  // expected-error@+1 {{there are 4, 8 or 16 sums, and a pair of bf16, or four bytes, for each}}
  %0 = x86vector.avx512.dot %acc, %a, %a : vector<16xbf16> -> vector<16xf32>
  func.return
}

// -----

func.func @no_such_instruction(%acc: vector<32xf32>, %a: vector<64xbf16>) {
  // expected-error@+1 {{there are 4, 8 or 16 sums}}
  %0 = x86vector.avx512.dot %acc, %a, %a : vector<64xbf16> -> vector<32xf32>
  func.return
}

// -----

func.func @of_bf16(%acc: vector<16xf32>, %a: vector<32xf16>) {
  // expected-error@+1 {{it multiplies bf16 and adds f32}}
  %0 = x86vector.avx512.dot %acc, %a, %a : vector<32xf16> -> vector<16xf32>
  func.return
}
