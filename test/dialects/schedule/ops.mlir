// RUN: stepwell-opt %s | stepwell-opt - | filecheck %s

// A convolution with a fill before and bias and relu after it, in one nest of loops: 14 columns by 32 channels of the
// result stay in registers.
// CHECK-LABEL: schedule.kernel @kernel_conv_0 {
// CHECK-NEXT:    %oh, %ow, %f, %kh, %kw, %c = schedule.nest [0, 1, 2] : 56, 56, 64, 3, 3, 64
// CHECK-NEXT:    %wo, %wi = schedule.tile %ow by 14
// CHECK-NEXT:    %fo, %fi = schedule.tile %f by 32
// CHECK-NEXT:    schedule.reorder %fo, %oh, %wo, %kh, %kw, %c, %wi, %fi
// CHECK-NEXT:    schedule.parallel %fo, %oh
// CHECK-NEXT:    schedule.unroll %wi
// CHECK-NEXT:    schedule.vectorize %fi by 16
// CHECK-NEXT:  }
schedule.kernel @kernel_conv_0 {
  %oh, %ow, %f, %kh, %kw, %c = schedule.nest [0, 1, 2] : 56, 56, 64, 3, 3, 64
  %wo, %wi = schedule.tile %ow by 14
  %fo, %fi = schedule.tile %f by 32
  schedule.reorder %fo, %oh, %wo, %kh, %kw, %c, %wi, %fi
  schedule.parallel %fo, %oh
  schedule.unroll %wi
  schedule.vectorize %fi by 16
}

// For a C compiler: a row along %j is accumulated in memory, four steps of the reduction at a time. A kernel of two
// nests; the second has no loop at all, and a name of a loop counts in its own kernel only.
// CHECK-LABEL: schedule.kernel @scalar {
// CHECK-NEXT:    %i, %j, %r = schedule.nest [0, 1] : 16, 32, 64
// CHECK-NEXT:    %ro, %ri = schedule.tile %r by 4
// CHECK-NEXT:    schedule.reorder %i, %ro, %j, %ri
// CHECK-NEXT:    schedule.accumulate %j
// CHECK-NEXT:    schedule.unroll %ri
// CHECK-NEXT:    schedule.nest [2]
schedule.kernel @scalar {
  %i, %j, %r = schedule.nest [0, 1] : 16, 32, 64
  %ro, %ri = schedule.tile %r by 4
  schedule.reorder %i, %ro, %j, %ri
  schedule.accumulate %j
  schedule.unroll %ri
  schedule.nest [2]
}

// An input that is read from a packed copy. Both factors of a bf16 product: columns in panels of 32, rows in pairs.
// CHECK-LABEL: schedule.kernel @packed {
// CHECK-NEXT:    schedule.pack [1] input 1 outer_dims_perm = [1, 0] inner_dims_pos = [1] inner_tiles = [64]
// CHECK-NEXT:    schedule.pack [2] input 0 outer_dims_perm = [0, 2, 1] inner_dims_pos = [2, 1] inner_tiles = [32, 2]
schedule.kernel @packed {
  schedule.pack [1] input 1 outer_dims_perm = [1, 0] inner_dims_pos = [1] inner_tiles = [64]
  schedule.pack [2] input 0 outer_dims_perm = [0, 2, 1] inner_dims_pos = [2, 1] inner_tiles = [32, 2]
}

// A transposition in squares of 16 by 16.
// CHECK-LABEL: schedule.kernel @transpose {
// CHECK:         schedule.transpose %ii
schedule.kernel @transpose {
  %i, %j = schedule.nest [0] : 64, 64
  %io, %ii = schedule.tile %i by 16
  %jo, %ji = schedule.tile %j by 16
  schedule.reorder %io, %jo, %ii, %ji
  schedule.transpose %ii
  schedule.vectorize %ji by 16
}

// Three linalg ops in blocks, the third with four iterations where the others have one; then how they run in a block.
// CHECK-LABEL: schedule.kernel @blocks {
// CHECK-NEXT:    schedule.block [1, 2, 3] along [1, 2, 1] by [2, 2, 8]
// CHECK-NEXT:    schedule.nest [1, 2] : 4
schedule.kernel @blocks {
  schedule.block [1, 2, 3] along [1, 2, 1] by [2, 2, 8]
  %i = schedule.nest [1, 2] : 4
}

// Pairs along the reduction: the part of two iterations is the innermost loop.
// CHECK-LABEL: schedule.kernel @pairs {
// CHECK:         schedule.reorder %i, %jo, %ro, %ji, %ri
// CHECK-NEXT:    schedule.vectorize %ji by 16
// CHECK-NEXT:    schedule.dot %ri
schedule.kernel @pairs {
  %i, %j, %r = schedule.nest [0] : 64, 32, 128
  %jo, %ji = schedule.tile %j by 16
  %ro, %ri = schedule.tile %r by 2
  schedule.reorder %i, %jo, %ro, %ji, %ri
  schedule.vectorize %ji by 16
  schedule.dot %ri
}

// Tiles of AMX take up to 32 iterations of it.
// CHECK-LABEL: schedule.kernel @tiles {
// CHECK:         schedule.dot %ri by amx
schedule.kernel @tiles {
  %i, %j, %r = schedule.nest [0] : 64, 32, 128
  %io, %ii = schedule.tile %i by 32
  %ro, %ri = schedule.tile %r by 32
  schedule.reorder %io, %ro, %ii, %j, %ri
  schedule.unroll %ii
  schedule.vectorize %j by 16
  schedule.dot %ri by amx
}

// Blocks and threads of a GPU: 16 x 16 threads compute 64 x 64 results, 4 x 4 each, which are 16 apart.
// CHECK-LABEL: schedule.kernel @bound {
// CHECK:         schedule.reorder %ib, %jb, %it, %jt, %ro, %ri, %ii, %ji
// CHECK-NEXT:    schedule.bind %ib, %jb to block
// CHECK-NEXT:    schedule.bind %it, %jt to thread
// CHECK-NEXT:    schedule.cache [1] input 0 at %ro double pad 1
// CHECK-NEXT:    schedule.cache [1] input 1 at %ro double{{$}}
// CHECK-NEXT:    schedule.unroll %ii, %ji
schedule.kernel @bound {
  %i, %j, %r = schedule.nest [0, 1] : 512, 512, 128
  %ib, %ix = schedule.tile %i by 64
  %jb, %jx = schedule.tile %j by 64
  %ii, %it = schedule.tile %ix by 16
  %ji, %jt = schedule.tile %jx by 16
  %ro, %ri = schedule.tile %r by 16
  schedule.reorder %ib, %jb, %it, %jt, %ro, %ri, %ii, %ji
  schedule.bind %ib, %jb to block
  schedule.bind %it, %jt to thread
  schedule.cache [1] input 0 at %ro double pad 1
  schedule.cache [1] input 1 at %ro double
  schedule.unroll %ii, %ji
}

// Three copies of a tile, which the device makes by itself; 16 bytes of it at once, in rows as they lie in its memory.
// CHECK-LABEL: schedule.kernel @staged {
// CHECK:         schedule.cache [1] input 0 at %ro stages 3 by 4 straight pad 4
// CHECK-NEXT:    schedule.cache [1] input 1 at %ro stages 3 by 4{{$}}
schedule.kernel @staged {
  %i, %j, %r = schedule.nest [0, 1] : 512, 512, 128
  %ro, %ri = schedule.tile %r by 16
  schedule.cache [1] input 0 at %ro stages 3 by 4 straight pad 4
  schedule.cache [1] input 1 at %ro stages 3 by 4
}

// Three copies of a tile, which the device makes by itself; 16 bytes of it at once, in rows as they lie in its memory.
// CHECK-LABEL: schedule.kernel @staged {
// CHECK:         schedule.cache [1] input 0 at %ro stages 3 by 4 straight pad 4
// CHECK-NEXT:    schedule.cache [1] input 1 at %ro stages 3 by 4{{$}}
schedule.kernel @staged {
  %i, %j, %r = schedule.nest [0, 1] : 512, 512, 128
  %ro, %ri = schedule.tile %r by 16
  schedule.cache [1] input 0 at %ro stages 3 by 4 straight pad 4
  schedule.cache [1] input 1 at %ro stages 3 by 4
}

// Nests that a block runs one after the other.
// CHECK-LABEL: schedule.kernel @rows {
// CHECK:         schedule.together %i, %k
schedule.kernel @rows {
  %i, %r = schedule.nest [0, 1] : 50, 64
  schedule.bind %i to block
  schedule.bind %r to thread
  %k, %j = schedule.nest [2] : 50, 64
  schedule.bind %k to block
  schedule.bind %j to thread
  schedule.together %i, %k
}

// 2 x 2 warps compute 64 x 64 results with tensor cores, 32 x 32 each, 32 steps of the sum at a time.
// CHECK-LABEL: schedule.kernel @warps {
// CHECK:         schedule.bind %iw, %jw to warp
// CHECK-NEXT:    schedule.cache [1] input 0 at %ro double pad 8
// CHECK-NEXT:    schedule.cache [1] input 1 at %ro double pad 8
// CHECK-NEXT:    schedule.mma rows %if columns %jf sums %ri as f16
schedule.kernel @warps {
  %i, %j, %r = schedule.nest [0, 1] : 512, 512, 128
  %ib, %ix = schedule.tile %i by 64
  %jb, %jx = schedule.tile %j by 64
  %iw, %if = schedule.tile %ix by 32
  %jw, %jf = schedule.tile %jx by 32
  %ro, %ri = schedule.tile %r by 32
  schedule.reorder %ib, %jb, %iw, %jw, %ro, %if, %jf, %ri
  schedule.bind %ib, %jb to block
  schedule.bind %iw, %jw to warp
  schedule.cache [1] input 0 at %ro double pad 8
  schedule.cache [1] input 1 at %ro double pad 8
  schedule.mma rows %if columns %jf sums %ri as f16
}

// The rows of a convolution's matrix are pixels: 4 rows of 8.
// CHECK-LABEL: schedule.kernel @pixels {
// CHECK:         schedule.mma rows %if, %jf columns %kf sums %ri as tf32
schedule.kernel @pixels {
  %i, %j, %k, %r = schedule.nest [0, 1] : 14, 14, 32, 64
  %ib, %if = schedule.tile %i by 4
  %jb, %jf = schedule.tile %j by 8
  %kb, %kf = schedule.tile %k by 16
  %ro, %ri = schedule.tile %r by 16
  schedule.reorder %ib, %jb, %kb, %ro, %if, %jf, %kf, %ri
  schedule.bind %ib, %jb, %kb to block
  schedule.mma rows %if, %jf columns %kf sums %ri as tf32
}
