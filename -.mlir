// Edit, and hand back with --schedule; kernels left out get the schedule that they have without it.

// 0 linalg.generic, node 'y', m.onnx
schedule.kernel @kernel_cast_0 {
  %i = schedule.nest [0] : 7680
  %i_o, %i_i = schedule.tile %i by 64
  schedule.parallel %i_o
  schedule.vectorize %i_i by 16
}

// 0 linalg.fill, node 'y', m.onnx
// 1 linalg.generic, node 'y', m.onnx
schedule.kernel @kernel_matmul_0 {
  schedule.pack [1] input 1 outer_dims_perm = [1, 0] inner_dims_pos = [1, 0] inner_tiles = [32, 2]
  %i, %j, %r = schedule.nest [0, 1] : 80, 70, 96
  %i_o, %i_i = schedule.tile %i by 32
  %j_o, %j_i = schedule.tile %j by 32
  %r_o, %r_i = schedule.tile %r by 32
  schedule.reorder %i_o, %j_o, %r_o, %i_i, %j_i, %r_i
  schedule.parallel %i_o, %j_o
  schedule.unroll %i_i
  schedule.vectorize %j_i by 16
  schedule.dot %r_i by amx
}
