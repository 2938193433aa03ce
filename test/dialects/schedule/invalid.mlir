// RUN: stepwell-opt %s --split-input-file --verify-diagnostics

schedule.kernel @tile_of_nothing {
  %i = schedule.nest [0] : 64
  // expected-error@+1 {{a tile is of one iteration or more, not 0}}
  %o, %p = schedule.tile %i by 0
}

// -----

schedule.kernel @tiled_twice {
  %i = schedule.nest [0] : 64
  // expected-error@+1 {{a loop is used again after schedule.tile: name the two that it became}}
  %o, %p = schedule.tile %i by 4
  // expected-error@+1 {{a loop is used again after schedule.tile: name the two that it became}}
  %q, %s = schedule.tile %i by 8
}

// -----

schedule.kernel @after_tile {
  %i = schedule.nest [0] : 64
  %o, %p = schedule.tile %i by 4
  // expected-error@+1 {{a loop is used again after schedule.tile: name the two that it became}}
  schedule.parallel %i
}

// -----

schedule.kernel @three_lanes {
  %i = schedule.nest [0] : 64
  // expected-error@+1 {{the lanes of a vector are a power of two, not 3}}
  schedule.vectorize %i by 3
}

// -----

schedule.kernel @two_in_lanes {
  %i, %j = schedule.nest [0] : 64, 64
  // expected-error@+1 {{two loops of a nest are vectorized}}
  schedule.vectorize %i by 4
  // expected-error@+1 {{two loops of a nest are vectorized}}
  schedule.vectorize %j by 4
}

// -----

schedule.kernel @one_left_out {
  %i, %j = schedule.nest [0] : 64, 64
  %o, %p = schedule.tile %i by 4
  // expected-error@+1 {{it names each loop of its nest once, but not %p}}
  schedule.reorder %o, %j
}

// -----

schedule.kernel @named_twice {
  %i, %j = schedule.nest [0] : 64, 64
  // expected-error@+1 {{it names a loop twice}}
  schedule.reorder %i, %j, %i
}

// -----

schedule.kernel @of_two_nests {
  %i = schedule.nest [0] : 64
  %j = schedule.nest [1] : 64
  // expected-error@+1 {{its loops are of different nests}}
  schedule.parallel %i, %j
}

// -----

// expected-error@+1 {{linalg op 1 stands in two nests}}
schedule.kernel @op_in_two_nests {
  %i = schedule.nest [0, 1] : 64
  %j = schedule.nest [1] : 64
}

// -----

schedule.kernel @negative {
  // expected-error@+1 {{an extent is negative}}
  %i = schedule.nest [0] : -4
}

// -----

schedule.kernel @no_op {
  // expected-error@+1 {{a nest is of one linalg op or more, counted from 0}}
  %i = schedule.nest [] : 4
}

// -----

schedule.kernel @two_rows {
  %i, %j = schedule.nest [0] : 64, 64
  // expected-error@+1 {{a row runs along one loop}}
  schedule.accumulate %i, %j
}

// -----

schedule.kernel @before {
  // expected-error@+1 {{schedule.parallel uses %i where it does not exist yet}}
  schedule.parallel %i
  %i = schedule.nest [0] : 64
}

// -----

schedule.kernel @no_such_dimension {
  // expected-error@+1 {{the operand has dimensions 0 to 1}}
  schedule.pack [0] input 0 outer_dims_perm = [1, 0] inner_dims_pos = [2] inner_tiles = [4]
}

// -----

schedule.kernel @a_dimension_twice {
  // expected-error@+1 {{outer_dims_perm names each dimension once}}
  schedule.pack [0] input 0 outer_dims_perm = [0, 0] inner_dims_pos = [0] inner_tiles = [4]
}

// -----

schedule.kernel @a_size_too_few {
  // expected-error@+1 {{inner_tiles holds a size for each of inner_dims_pos, which names none twice}}
  schedule.pack [0] input 0 outer_dims_perm = [1, 0] inner_dims_pos = [1, 0] inner_tiles = [4]
}

// -----

schedule.kernel @tile_of_no_element {
  // expected-error@+1 {{a tile is of one element or more}}
  schedule.pack [0] input 0 outer_dims_perm = [1, 0] inner_dims_pos = [1] inner_tiles = [0]
}

// -----

schedule.kernel @two_turned {
  %i, %j, %k = schedule.nest [0] : 4, 4, 4
  // expected-error@+1 {{one loop is turned into the lanes}}
  schedule.transpose %i, %j
  schedule.vectorize %k by 4
}

// -----

schedule.kernel @loop_for_each {
  // expected-error@+1 {{it names one linalg op or more, and for each of them a loop and a size}}
  schedule.block [0, 1] along [0] by [4, 4]
}

// -----

schedule.kernel @block_order {
  // expected-error@+1 {{linalg ops and loops are counted from 0, the ops in the order of the text}}
  schedule.block [1, 0] along [0, 0] by [4, 4]
}

// -----

schedule.kernel @empty_block {
  // expected-error@+1 {{a block is of one iteration or more}}
  schedule.block [0] along [0] by [0]
}

// -----

schedule.kernel @pairs_of_one_loop {
  %i, %j = schedule.nest [0] : 2, 2
  // expected-error@+1 {{pairs are of one loop}}
  schedule.dot %i, %j
}

// -----

schedule.kernel @bound_to_grids {
  %i = schedule.nest [0] : 64
  // expected-error@+1 {{a loop is bound to block, warp or thread, not to 'grid'}}
  schedule.bind %i to grid
}

// -----

schedule.kernel @bound_twice {
  %i = schedule.nest [0] : 64
  // expected-error@+1 {{a loop is used twice by schedule.bind}}
  schedule.bind %i to block
  // expected-error@+1 {{a loop is used twice by schedule.bind}}
  schedule.bind %i to thread
}

// -----

schedule.kernel @cached_at_a_tiled_loop {
  %i, %r = schedule.nest [0] : 64, 64
  %o, %p = schedule.tile %r by 4
  // expected-error@+1 {{a loop is used again after schedule.tile: name the two that it became}}
  schedule.cache [0] input 0 at %r
}

// -----

schedule.kernel @cached_twice {
  %i, %r = schedule.nest [0] : 64, 64
  // expected-error@+1 {{input 1 of linalg op 0 is cached twice}}
  schedule.cache [0] input 1 at %r
  // expected-error@+1 {{input 1 of linalg op 0 is cached twice}}
  schedule.cache [0] input 1 at %i
}

// -----

schedule.kernel @no_such_input {
  %i, %r = schedule.nest [0] : 64, 64
  // expected-error@+1 {{linalg ops and their inputs are counted from 0}}
  schedule.cache [0] input -1 at %r
}

// -----

schedule.kernel @one_stage {
  %i, %r = schedule.nest [0] : 64, 64
  // expected-error@+1 {{one stage is read while others are fetched: there are 2 or more}}
  schedule.cache [0] input 0 at %r stages 1
}

// -----

schedule.kernel @double_and_stages {
  %i, %r = schedule.nest [0] : 64, 64
  // expected-error@+1 {{double is two copies by registers, stages are the device's copies: one of the two}}
  schedule.cache [0] input 0 at %r double stages 3
}

// -----

schedule.kernel @by_three {
  %i, %r = schedule.nest [0] : 64, 64
  // expected-error@+1 {{a power of two of neighbours is moved at once}}
  schedule.cache [0] input 0 at %r by 3
}

// -----

schedule.kernel @one_stage {
  %i, %r = schedule.nest [0] : 64, 64
  // expected-error@+1 {{one stage is read while others are fetched: there are 2 or more}}
  schedule.cache [0] input 0 at %r stages 1
}

// -----

schedule.kernel @double_and_stages {
  %i, %r = schedule.nest [0] : 64, 64
  // expected-error@+1 {{double is two copies by registers, stages are the device's copies: one of the two}}
  schedule.cache [0] input 0 at %r double stages 3
}

// -----

schedule.kernel @by_three {
  %i, %r = schedule.nest [0] : 64, 64
  // expected-error@+1 {{a power of two of neighbours is moved at once}}
  schedule.cache [0] input 0 at %r by 3
}

// -----

schedule.kernel @alone {
  %i = schedule.nest [0] : 64
  // expected-error@+1 {{it names loops of two nests or more}}
  schedule.together %i
}

// -----

schedule.kernel @products_of_integers {
  %i, %j, %r = schedule.nest [0] : 64, 64, 64
  // expected-error@+1 {{tensor cores multiply f16, bf16, tf32, not 'i8'}}
  schedule.mma rows %i columns %j sums %r as i8
}

// -----

schedule.kernel @of_one_nest {
  %i, %j = schedule.nest [0] : 64, 64
  // expected-error@+1 {{it names two loops of one nest}}
  schedule.together %i, %j
}

// -----

schedule.kernel @row_and_column {
  %i, %j, %r = schedule.nest [0] : 64, 64, 64
  // expected-error@+1 {{it names a loop twice}}
  schedule.mma rows %i columns %i sums %r as f16
}

// -----

schedule.kernel @rows_of_a_tiled_loop {
  %i, %j, %r = schedule.nest [0] : 64, 64, 64
  %o, %p = schedule.tile %i by 16
  // expected-error@+1 {{a loop is used again after schedule.tile: name the two that it became}}
  schedule.mma rows %i columns %j sums %r as f16
}

// -----

schedule.kernel @two_ways {
  %i, %j, %r = schedule.nest [0] : 64, 64, 64
  %io, %ii = schedule.tile %i by 16
  %jo, %ji = schedule.tile %j by 16
  %ro, %ri = schedule.tile %r by 16
  // expected-error@+1 {{the products of a nest are made in one way}}
  schedule.mma rows %ii columns %ji sums %ri as f16
  // expected-error@+1 {{the products of a nest are made in one way}}
  schedule.mma rows %io columns %jo sums %ro as f16
}
