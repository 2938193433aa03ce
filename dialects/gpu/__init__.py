"""The gpu dialect, upstream's: kernels that a grid of threads runs, and the launches of them.

    gpu.module @kernels {
      gpu.func @scale(%x: memref<4096xf32>, %out: memref<4096xf32>) kernel
          attributes {known_block_size = array<i32: 64, 1, 1>} {
        %i = gpu.global_id x
        %v = memref.load %x[%i] : memref<4096xf32>
        %w = arith.mulf %v, %v : f32
        memref.store %w, %out[%i] : memref<4096xf32>
        gpu.return
      }
    }
    func.func @main(%x: memref<4096xf32>, %out: memref<4096xf32>) {
      gpu.launch_func @kernels::@scale blocks in (%c64, %c1, %c1) threads in (%c64, %c1, %c1)
        args(%x : memref<4096xf32>, %out : memref<4096xf32>)
      func.return
    }

A grid is of blocks, a block (WebGPU: workgroup) of threads, which share workgroup memory and wait for one another at
a barrier; neighbouring threads of a block run in step as a subgroup (CUDA: warp). What upstream has and no pass of ours
needs is not here.
"""

from xdsl.ir import Dialect, Operation

from .attributes import AddressSpaceAttr, AllReduceOpAttr, DimensionAttr
from .ids import BlockDimOp, BlockIdOp, GlobalIdOp, GridDimOp, ThreadIdOp
from .kernels import FuncOp, GPUModuleOp, LaunchFuncOp, ReturnOp
from .subgroups import BarrierOp, LaneIdOp, ShuffleOp, SubgroupIdOp, SubgroupReduceOp, SubgroupSizeOp

OPS: list[type[Operation]] = [
    *(GPUModuleOp, FuncOp, ReturnOp, LaunchFuncOp),
    *(BlockIdOp, ThreadIdOp, BlockDimOp, GridDimOp, GlobalIdOp),
    *(BarrierOp, LaneIdOp, SubgroupIdOp, SubgroupSizeOp, ShuffleOp, SubgroupReduceOp),
]
GPU = Dialect("gpu", OPS, [AddressSpaceAttr, DimensionAttr, AllReduceOpAttr])

__all__ = [
    "GPU",
    "AddressSpaceAttr",
    "AllReduceOpAttr",
    "BarrierOp",
    "BlockDimOp",
    "BlockIdOp",
    "DimensionAttr",
    "FuncOp",
    "GPUModuleOp",
    "GlobalIdOp",
    "GridDimOp",
    "LaneIdOp",
    "LaunchFuncOp",
    "ReturnOp",
    "ShuffleOp",
    "SubgroupIdOp",
    "SubgroupReduceOp",
    "SubgroupSizeOp",
    "ThreadIdOp",
]
