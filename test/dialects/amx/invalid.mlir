// RUN: stepwell-opt %s --split-input-file --verify-diagnostics

func.func @sizes(%a: !amx.tile<16x32xbf16>, %b: !amx.tile<8x32xbf16>, %s: !amx.tile<16x16xf32>) {
  // expected-error@+1 {{tiles of m by k, k / 2 by 2 n and m by n go together}}
  %0 = amx.tile_mulf %a, %b, %s : !amx.tile<16x32xbf16>, !amx.tile<8x32xbf16>, !amx.tile<16x16xf32>
  func.return
}

// -----

func.func @elements(%a: !amx.tile<16x16xf32>, %s: !amx.tile<16x16xf32>) {
  // expected-error@+1 {{it multiplies bf16}}
  %0 = amx.tile_mulf %a, %a, %s : !amx.tile<16x16xf32>, !amx.tile<16x16xf32>, !amx.tile<16x16xf32>
  func.return
}

// -----

func.func @memory(%m: memref<16x16xf32>, %i: index) {
  // expected-error@+1 {{a tile and its memory are of one element type}}
  %0 = amx.tile_load %m[%i, %i] : memref<16x16xf32> into !amx.tile<16x32xbf16>
  func.return
}

// -----

func.func @flat(%m: memref<256xbf16>, %i: index) {
  // expected-error@+1 {{a tile stands in a memref of two dimensions or more}}
  %0 = amx.tile_load %m[%i] : memref<256xbf16> into !amx.tile<16x32xbf16>
  func.return
}

// -----

func.func @columns(%m: memref<16x32xbf16, strided<[64, 2]>>, %i: index) {
  // expected-error@+1 {{the elements of a tile's row are neighbours in memory}}
  %0 = amx.tile_load %m[%i, %i] : memref<16x32xbf16, strided<[64, 2]>> into !amx.tile<16x32xbf16>
  func.return
}
