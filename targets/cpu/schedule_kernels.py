"""Write a schedule for each kernel that has none: which linalg ops share loops, and how the loops run on a CPU.

    func.func private @matmul(%a: memref<64x8xf32>, %b: memref<8x32xf32>, %y: memref<64x32xf32>) {
      linalg.fill ins(%zero : f32) outs(%y : memref<64x32xf32>)
      linalg.generic {maps of a matrix product} ins(%a, %b) outs(%y)
      func.return
    }
  gets, with `vector-width=16 unroll=1 vectors=1`, behind it
    schedule.kernel @matmul {
      %i, %j, %r = schedule.nest [0, 1] : 64, 32, 8
      %j_o, %j_i = schedule.tile %j by 16
      schedule.reorder %i, %j_o, %r, %j_i
      schedule.parallel %i, %j_o
      schedule.vectorize %j_i by 16
    }

What can share loops does (`nests.group`), unless that would cost the lanes. The numbers come from `tile.py`. A schedule
that is there already, because a person wrote it, stays.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from stepwell.context import Context
from stepwell.diagnostics import StepwellError
from stepwell.dialects.schedule import (
    AccumulateOp,
    BlockOp,
    DotOp,
    KernelOp,
    NestOp,
    PackOp,
    ParallelOp,
    ReorderOp,
    TileOp,
    TransposeOp,
    UnrollOp,
    VectorizeOp,
)
from stepwell.levels import set_level
from stepwell.pass_manager import ModulePass
from stepwell.passes.linalg_to_loops.apply_schedule import blocks_of, functions_of, stages_in
from stepwell.passes.linalg_to_loops.nests import Nest, group
from stepwell.passes.linalg_to_loops.pack_operands import Constants
from stepwell.passes.linalg_to_loops.plan import Tiles, vector_dims
from xdsl.dialects import func
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Block, Operation, Region, SSAValue

from .amx import in_tiles, shape_of
from .cpu import Cpu
from .packing import packs_of
from .tile import Tile, choose_tile

PARALLEL_NAMES, REDUCTION_NAMES = "ijklmnop", "rstuvw"


@dataclass(frozen=True)
class ScheduleKernels(Cpu, ModulePass):
    name = "schedule-kernels"

    def apply(self, ctx: Context, module: ModuleOp) -> None:
        width = self.vector_width
        if width < 1 or width & (width - 1):
            raise StepwellError(f"schedule-kernels: vector-width={width} is not a power of two")
        if min(self.registers, self.fmas, self.loads, self.latency, self.l1, self.l2) < 1:
            raise StepwellError("schedule-kernels: what a processor has is a count of 1 or more")
        if self.unroll < 0 or self.vectors < 0:
            raise StepwellError("schedule-kernels: unroll and vectors are counts, or 0 to have them chosen")
        constants = Constants(ctx, module)
        given = {op.kernel_name: op for op in module.body.block.ops if isinstance(op, KernelOp)}
        for op in functions_of(module):
            have = given.get(op.sym_name.data)
            if have is not None and not all(isinstance(said, BlockOp) for said in have.body.block.ops):
                continue
            weights = [arg for arg in op.body.block.args if constants.are_given(op, arg)]
            if (schedule := schedule_of(op, self, weights)) is None:
                continue
            schedule.location = op.location
            if have is None:
                module.body.block.add_op(schedule)
            else:  # it says which ops run in blocks, and no more
                for said in list(schedule.body.block.ops):
                    said.detach()
                    have.body.block.add_op(said)
        set_level(module, "buffers")


def schedule_of(function: func.FuncOp, cpu: Cpu, weights: Sequence[SSAValue]) -> KernelOp | None:
    """The schedule of a function, whose arguments `weights` are constants; None for one without linalg ops."""
    runs = [run for block in blocks_of(function) for run in stages_in(block) if run]
    numbers = {stage.op: n for n, stage in enumerate(stage for run in runs for stage in run)}
    block = Block()
    shapes: set[Tiles] = set()
    for run in runs:
        for nest in group(run, keeps_lanes):
            nest = nest.collapsed()
            block.add_ops(write_schedule(nest, numbers, cpu, weights, shapes))
    return KernelOp(function.sym_name.data, Region(block)) if runs else None


def keeps_lanes(nest: Nest) -> bool:
    """Whether the last op of `nest` takes no lanes from those before it."""
    return not nest.epilogues or not vector_dims(nest.stages[:-1]) or bool(vector_dims(nest.stages))


def write_schedule(
    nest: Nest, numbers: Mapping[Operation, int], cpu: Cpu, weights: Sequence[SSAValue], shapes: set[Tiles]
) -> list[Operation]:
    """The ops that schedule a nest. `numbers`: those of the kernel's linalg ops. `shapes`: what AMX's tiles are in the
    kernel, if it has some; there is one shape at most."""
    op = name_loops(nest, numbers)
    if nest.is_empty:
        return [op]
    tile = choose_tile(nest, cpu)

    def packs_for(tile: Tile) -> list[PackOp]:
        return packs_of(nest, numbers[nest.main.op], tile, cpu, weights.__contains__)

    tiled = in_tiles(nest, tile, cpu)
    if tiled is not None and any(len(pack.tiles) == 2 for pack in packs_for(tiled)) and shapes <= {shape_of(tiled)}:
        tile = tiled
        shapes.add(shape_of(tiled))
    packs = packs_for(tile)
    return [*packs, op, *tile_ops(op, nest, tile)]


def name_loops(nest: Nest, numbers: Mapping[Operation, int]) -> NestOp:
    """The schedule.nest of a nest, its loops called %i, %j, ... and, where they reduce, %r, %s, ..."""
    op = NestOp(sorted(numbers[stage.op] for stage in nest.stages), nest.main.extents)
    for reduction, names in ((False, PARALLEL_NAMES), (True, REDUCTION_NAMES)):
        loops = [loop for loop, kind in zip(op.loops, nest.main.reduction, strict=True) if kind == reduction]
        for n, loop in enumerate(loops):
            loop.name_hint = names[n] if n < len(names) else f"{names[0]}{n}"
    return op


def tile_ops(op: NestOp, nest: Nest, tile: Tile) -> list[Operation]:
    """What `tile` says, as ops."""
    made: list[Operation] = []
    outer: dict[int, SSAValue] = dict(enumerate(op.loops))
    inner: dict[int, SSAValue] = {}
    natural: list[SSAValue] = []
    for dim, extent in sorted(enumerate(nest.main.extents), key=lambda d: nest.main.reduction[d[0]]):
        loop, step = op.loops[dim], tile.step(dim)
        if dim == tile.row or step >= max(extent, 2):
            inner[dim] = outer.pop(dim)
        elif step > 1 or dim == tile.vector_dim:
            cut = TileOp(loop, step)
            cut.outer.name_hint, cut.inner.name_hint = (f"{loop.name_hint}_{part}" for part in "oi")
            outer[dim], inner[dim] = cut.results
            made.append(cut)
        natural += [loops[dim] for loops in (outer, inner) if dim in loops]
    running = [outer[d] for d in tile.order if d in outer]
    reductions = [outer[d] for d, reduced in enumerate(nest.main.reduction) if reduced and d in outer]
    row = [] if tile.row is None else [inner.pop(tile.row)]
    lanes = [] if tile.vector_dim is None else [inner.pop(tile.vector_dim)]
    pair = [] if tile.pair_dim is None else [inner.pop(tile.pair_dim)]
    order = [*running, *reductions, *row, *inner.values(), *lanes, *pair]
    turned = [] if tile.turned is None else [inner.pop(tile.turned)]
    written_out = [*(reductions if tile.unroll_reductions else []), *inner.values()]
    if order != natural:
        made.append(ReorderOp(order))
    if running and not row:
        made.append(ParallelOp(running))
    if row:
        made.append(AccumulateOp(row))
    if written_out:
        made.append(UnrollOp(written_out))
    if turned:
        made.append(TransposeOp(turned))
    if lanes:
        made.append(VectorizeOp(lanes[0], tile.lanes))
    if pair:
        made.append(DotOp(pair, amx=tile.in_tiles))
    return made
