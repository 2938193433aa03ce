"""Write a schedule for each kernel that has none: how its loops are shared among the threads of a GPU.

    linalg.fill ins(%zero : f32) outs(%y : memref<512x64xf32>)
    linalg.generic {maps of a matrix product} ins(%a, %b) outs(%y)
  gets
    schedule.kernel @matmul {
      %i, %j, %r = schedule.nest [0, 1] : 512, 64, 128
      %i_o, %i_i = schedule.tile %i by 4
      %j_o, %j_i = schedule.tile %j by 4
      schedule.reorder %i_o, %j_o, %r, %i_i, %j_i
      schedule.parallel %i_o, %j_o
      schedule.unroll %i_i, %j_i
    }

All loops that are shared become a grid (`loops-to-gpu`), the last one along neighbouring threads. A thread computes a
tile of registers where that saves loads: with u by v results, u + v loads serve u * v products. Tiles divide the loops,
and are only as large as leaves enough threads: a GPU hides what it waits for behind other threads (Volkov, "Better
performance at lower occupancy", GTC 2010).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from math import prod

from stepwell.context import Context
from stepwell.diagnostics import StepwellError
from stepwell.dialects.schedule import KernelOp, NestOp, TogetherOp
from stepwell.levels import set_level
from stepwell.pass_manager import ModulePass
from stepwell.passes.linalg_to_loops.access import Stage
from stepwell.passes.linalg_to_loops.apply_schedule import blocks_of, functions_of, stages_in
from stepwell.passes.linalg_to_loops.mma_plan import KINDS
from stepwell.passes.linalg_to_loops.nests import Nest, group
from stepwell.targets.cpu.schedule_kernels import name_loops, tile_ops
from stepwell.targets.cpu.tile import Tile
from xdsl.dialects import func
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Block, Operation, Region

from .blocks import Limits, block_ops, block_tile, flat_time
from .rows import row_ops, runs_of_rows
from .splits import split_of, split_ops
from .tensor_cores import mma_ops, mma_tile

SIDES = (1, 2, 4, 8)
"""How many results a thread may compute along a loop."""


@dataclass(frozen=True)
class ScheduleGPU(ModulePass):
    """`threads`: how many a device runs at a time, and wants before a thread computes several results. `registers`:
    results of a thread. `block`: the most threads of a block. `workgroup`: bytes that they share; without any, each
    thread computes by itself. `vector`: bytes that a thread moves at once; 0: an element. `stages`: of copies to shared
    memory that the device makes by itself; 0: it makes none. `element`: bytes that an element takes there at least,
    where later passes make 32 bits of fewer. `mma`: what tensor cores multiply, of f16, bf16 and tf32; the last is f32,
    rounded."""

    name = "schedule-gpu"

    threads: int = 2048
    registers: int = 16
    block: int = 256
    workgroup: int = 0
    vector: int = 0
    stages: int = 0
    element: int = 1
    mma: tuple[str, ...] = ()

    def apply(self, ctx: Context, module: ModuleOp) -> None:
        if min(self.threads, self.registers, self.block) < 1 or min(self.workgroup, self.vector, self.stages) < 0:
            raise StepwellError("schedule-gpu: threads, registers and block are counts of 1 or more")
        if self.stages == 1:
            raise StepwellError("schedule-gpu: one stage is read while others are copied: 2 or more, or none")
        if not set(self.mma) <= set(KINDS):
            raise StepwellError(f"schedule-gpu: tensor cores multiply {', '.join(KINDS)}, not {', '.join(self.mma)}")
        given = {op.kernel_name for op in module.body.block.ops if isinstance(op, KernelOp)}
        for op in functions_of(module):
            if op.sym_name.data not in given and (schedule := self.schedule_of(op)) is not None:
                schedule.location = op.location
                module.body.block.add_op(schedule)
        set_level(module, "buffers")

    def schedule_of(self, function: func.FuncOp) -> KernelOp | None:
        """The schedule of a function; None for one without linalg ops."""
        runs = [run for block in blocks_of(function) for run in stages_in(block) if run]
        numbers = {stage.op: n for n, stage in enumerate(stage for run in runs for stage in run)}
        block = Block()
        limits = Limits(
            self.threads, self.registers, self.block, self.workgroup, self.vector, self.stages, self.element
        )
        for run in runs:
            nests = [nest.collapsed() for nest in group(run, lambda nest: True)]
            named = {id(nest): name_loops(nest, numbers) for nest in nests}
            rows = runs_of_rows(nests, limits) if self.workgroup else []
            said = {id(row.nest): row_ops(named[id(row.nest)], row, width) for of, width in rows for row in of}
            for nest in nests:
                op = named[id(nest)]
                block.add_ops([op, *(said.get(id(nest)) or self.nest_ops(op, nest, numbers, limits))])
            block.add_ops([TogetherOp([named[id(row.nest)].loops[0] for row in of]) for of, _ in rows])
        return KernelOp(function.sym_name.data, Region(block)) if runs else None

    def nest_ops(self, op: NestOp, nest: Nest, numbers: dict[Operation, int], limits: Limits) -> list[Operation]:
        """What is said of the loops of `op`."""
        if nest.is_empty:
            return []
        main, tile = nest.main, self.tile(nest.main)
        if (mma := mma_tile(main, limits, self.mma)) is not None:
            return mma_ops(op, main, mma, numbers[main.op])
        if self.workgroup and not main.is_parallel:
            blocks = block_tile(main, limits)
            if blocks is not None and blocks[0] < flat_time(main, loads(main, tile), prod(tile.values()), limits):
                return block_ops(op, main, blocks[1], numbers[main.op])
            if (split := split_of(main, limits)) is not None:
                return split_ops(op, main, split)
        order = tuple(d for d, reduced in enumerate(main.reduction) if not reduced)
        return tile_ops(op, nest, Tile(order, unroll=tile))

    def tile(self, main: Stage) -> dict[int, int]:
        """How many results a thread computes along each loop: what loads least for each product."""
        if main.is_parallel:
            return {}
        dims = [d for d, reduced in enumerate(main.reduction) if not reduced and main.extents[d] > 1]
        points = prod(main.extents[d] for d in dims)
        best: tuple[float, int, dict[int, int]] = (float(len(main.inputs)), 1, {})
        for n, first in enumerate(dims):
            for second in dims[n + 1 :]:
                for u, v in product(SIDES, SIDES):
                    tile = {first: u, second: v}
                    fits = u * v <= self.registers and points >= self.threads * u * v
                    if fits and all(main.extents[d] % side == 0 for d, side in tile.items()):
                        best = min(best, (loads(main, tile), u * v, tile), key=lambda found: found[:2])
        return {d: side for d, side in best[2].items() if side > 1}


def loads(main: Stage, tile: dict[int, int]) -> float:
    """Loads for one result and one step of the reduction."""
    total = sum(prod(side for d, side in tile.items() if access.at.strides[d] != 0) for access in main.inputs)
    return total / prod(tile.values())
