"""The `schedule` dialect: how a kernel's loops run. What they compute stays in linalg.

    schedule.kernel @kernel_conv_0 {
      %i, %j, %k, %r, %s, %t = schedule.nest [0, 1, 2] : 56, 56, 64, 3, 3, 64
      %j_o, %j_i = schedule.tile %j by 14
      %k_o, %k_i = schedule.tile %k by 32
      schedule.reorder %k_o, %i, %j_o, %r, %s, %t, %j_i, %k_i
      schedule.parallel %k_o, %i, %j_o
      schedule.unroll %j_i
      schedule.vectorize %k_i by 16
    }

`schedule.kernel`      the schedule of the function of that name
`schedule.block`       linalg ops, by number, that run block by block, each along one of its loops
`schedule.nest`        linalg ops, by their number in the kernel, that run in the same loops: a handle for each loop
`schedule.tile`        a loop as a loop over tiles and the loop inside of a tile
`schedule.reorder`     the loops, outermost first
`schedule.parallel`    threads may share the iterations of these loops
`schedule.unroll`      the iterations of these loops are written out; a parallel one's results stay in registers
`schedule.vectorize`   the iterations of this loop are the lanes of vectors
`schedule.pack`        an input of a linalg op is read from a packed copy
`schedule.transpose`   operands that are contiguous along this loop, not along the lanes, are turned in registers
`schedule.dot`         the iterations of this loop, two of bf16 or four of bytes, are multiplied and added at once;
                       `by amx`: up to 32 of them, by one that multiplies tiles
`schedule.bind`        the iterations of these loops are the blocks of a GPU, or the threads or warps of a block
`schedule.cache`       an input of a linalg op is read from a copy in the memory that the threads of a block share
`schedule.together`    nests that one block after the other runs, their loops over blocks one loop
`schedule.mma`         the iterations of these loops are products of matrices, which tensor cores make
`schedule.accumulate`  a row of results along this loop is accumulated in memory, reduction loops around it

A loop is a value of type `!schedule.loop`. `schedule-kernels` writes a schedule by rule, a person edits it,
`apply-schedule` obeys or says why it cannot. Which loops a kernel has, and what is legal, stands in docs/schedule.md.
"""

from xdsl.ir import Dialect

from .blocks import BindOp, CacheOp, TogetherOp
from .mma import MmaOp
from .ops import (
    AccumulateOp,
    BlockOp,
    DotOp,
    KernelOp,
    LoopType,
    NestOp,
    ParallelOp,
    ReorderOp,
    TileOp,
    TransposeOp,
    UnrollOp,
    VectorizeOp,
)
from .pack import PackOp

Schedule = Dialect(
    "schedule",
    [
        KernelOp,
        BlockOp,
        NestOp,
        TileOp,
        ReorderOp,
        ParallelOp,
        UnrollOp,
        VectorizeOp,
        TransposeOp,
        DotOp,
        AccumulateOp,
        BindOp,
        CacheOp,
        TogetherOp,
        MmaOp,
        PackOp,
    ],
    [LoopType],
)

__all__ = [
    "AccumulateOp",
    "BindOp",
    "BlockOp",
    "CacheOp",
    "DotOp",
    "KernelOp",
    "LoopType",
    "MmaOp",
    "NestOp",
    "PackOp",
    "ParallelOp",
    "ReorderOp",
    "Schedule",
    "TileOp",
    "TogetherOp",
    "TransposeOp",
    "UnrollOp",
    "VectorizeOp",
]
