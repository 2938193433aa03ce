"""Say of each kernel whose ops hand on more than a cache holds which of them run block by block, and how large a block.

    func.func private @softmax(%x: memref<512x4096xf32>, %out: memref<512x4096xf32>) {
      linalg.fill ins(%lowest : f32) outs(%top : memref<512xf32>)                    // 0
      linalg.generic {maximum over j} ins(%x) outs(%top)                             // 1
      linalg.generic {exp(x - top)} ins(%x, %top) outs(%out)                         // 2
      linalg.fill ins(%zero : f32) outs(%sum : memref<512xf32>)                      // 3
      linalg.generic {sum over j} ins(%out) outs(%sum)                               // 4
      linalg.generic {out / sum} ins(%out, %sum) outs(%out)                          // 5
      func.return
    }
  gets, with `l2=524288`, behind it
    schedule.kernel @softmax {
      schedule.block [0, 1, 2, 3, 4, 5] along [0, 0, 0, 0, 0, 0] by [8, 8, 8, 8, 8, 8]
    }

The loop is a parallel one of the last op, found again in the ops before it by the buffers between them: a loop walks a
buffer that one of them writes with the stride and the extent with which the other op's loop walks it. An op in front
that has no such loop (a transpose of what all blocks read) runs before the blocks. Of the loops that will do, the
outermost is taken of which a block of one iteration fits into `l2`, all that it touches counted; and of that as many
iterations as fit into `l1`, or else into `l2`, as long as `BLOCKS` blocks remain for threads to share. A product is not
cut into less than `ROWS` rows, for each of which it would read its right operand again, and no loop along which memory
is contiguous is cut. Nests that hand nothing on to one another, and a kernel whose buffers fit into `l1`, need no
blocks. A schedule that is there already stays.

So attention runs head by head: the scores of one head are made, normalized and used while they lie in the second-level
cache (Dao et al. 2022, FlashAttention, without its running softmax, which rows that fit do not need).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

from stepwell.context import Context
from stepwell.diagnostics import StepwellError
from stepwell.dialects.schedule import BlockOp, KernelOp
from stepwell.pass_manager import ModulePass
from stepwell.passes.linalg_to_loops.access import Stage, memref_type, whole_stage_of
from stepwell.passes.linalg_to_loops.apply_blocks import fits
from stepwell.passes.linalg_to_loops.apply_schedule import functions_of, stages_in
from stepwell.passes.linalg_to_loops.nests import group
from xdsl.dialects import func
from xdsl.dialects.builtin import FixedBitwidthType, ModuleOp
from xdsl.ir import Block, Region, SSAValue

from .schedule_kernels import keeps_lanes

BLOCKS = 8
"""A loop is cut into so many blocks at least, if it is that long: there are threads to keep busy."""

ROWS = 16
"""Of a product whose right operand all blocks share, a block has so many rows at least: as many as a register tile."""


@dataclass(frozen=True)
class ScheduleBlocks(ModulePass):
    """`l1`, `l2`: how many bytes of the first- and second-level cache a block may count on."""

    name = "schedule-blocks"

    l1: int = 32 << 10
    l2: int = 512 << 10

    def apply(self, ctx: Context, module: ModuleOp) -> None:
        if min(self.l1, self.l2) < 1:
            raise StepwellError("schedule-blocks: a cache holds a byte or more")
        given = {op.kernel_name for op in module.body.block.ops if isinstance(op, KernelOp)}
        for op in functions_of(module):
            if op.sym_name.data not in given and (block := self.block_of(op)) is not None:
                schedule = KernelOp(op.sym_name.data, Region(Block([block])))
                schedule.location = block.location = op.location
                module.body.block.add_op(schedule)

    def block_of(self, function: func.FuncOp) -> BlockOp | None:
        runs = [run for run in stages_in(function.body.block) if run]
        stages = [whole for run in runs for stage in run if (whole := whole_stage_of(stage.op)) is not None]
        if len(runs) != 1 or len(stages) < len(runs[0]) or touched(stages) <= self.l1:
            return None
        for dim, extent in enumerate(stages[-1].extents):
            if stages[-1].reduction[dim] or extent < 2 or stages[-1].outputs[0].at.strides[dim] == 1:
                continue
            loops = same_loop(stages, dim)
            first = next((n for n in reversed(range(len(stages))) if n not in loops), -1) + 1
            members = range(first, len(stages))
            if not hand_on(runs[0][first:]):
                continue
            size = self.size_of([stages[n] for n in members], [loops[n] for n in members])
            if size is None:
                continue
            block = BlockOp(members, [loops[n] for n in members], [size] * len(members))
            if fits(function, block):
                return block
        return None

    def size_of(self, stages: Sequence[Stage], loops: Sequence[int]) -> int | None:
        """The iterations of a block; None if too few of them fit."""
        extent = stages[-1].extents[loops[-1]]
        products = [(stage, loop) for stage, loop in zip(stages, loops, strict=True) if is_product(stage)]
        shared = any(not access.at.strides[loop] for stage, loop in products for access in stage.inputs)
        least, most = ROWS if shared else 1, max(extent // BLOCKS, 1)
        sizes = {size: touched(stages, loops, size / extent) for size in range(least, most + 1) if extent % size == 0}
        for cache in (self.l2,) if products else (self.l1, self.l2):
            if fitting := [size for size, touches in sizes.items() if touches <= cache]:
                return max(fitting)
        return None


def is_product(stage: Stage) -> bool:
    return not stage.is_parallel and len(stage.inputs) > 1


def hand_on(stages: Sequence[Stage]) -> bool:
    """Whether one nest reads what another one wrote before it."""
    written: set[SSAValue] = set()
    for nest in group(stages, keeps_lanes):
        if nest.reads & written:
            return True
        written |= nest.writes
    return False


def touched(stages: Sequence[Stage], loops: Sequence[int] = (), share: float = 1) -> float:
    """How many bytes ops touch, of what they walk along `loops` only a `share`."""
    parts: dict[SSAValue, float] = {}
    for n, stage in enumerate(stages):
        for access in (*stage.inputs, *stage.outputs):
            kind = access.element
            width = kind.bitwidth / 8 if isinstance(kind, FixedBitwidthType) else 8
            whole = prod(memref_type(access.base).get_shape()) * width
            part = whole * share if loops and access.at.strides[loops[n]] else whole
            parts[access.base] = max(part, parts.get(access.base, 0))
    return sum(parts.values())


def same_loop(stages: Sequence[Stage], dim: int) -> dict[int, int]:
    """Which loop of each op is loop `dim` of the last one; ops without such a loop are left out."""
    found = {len(stages) - 1: dim}
    queue = [len(stages) - 1]
    written = {access.base for stage in stages for access in stage.outputs}
    while queue:
        n = queue.pop()
        stage, loop = stages[n], found[n]
        for access in (*stage.inputs, *stage.outputs):
            stride = access.at.strides[loop]
            if access.base not in written or not stride:
                continue
            for other, candidate in enumerate(stages):
                if other in found:
                    continue
                if (same := loop_with(candidate, access.base, stride, stage.extents[loop])) is not None:
                    found[other] = same
                    queue.append(other)
    return found


def loop_with(stage: Stage, base: SSAValue, stride: int, extent: int) -> int | None:
    """The parallel loop of `extent` iterations that walks `base` with `stride`, if there is one only."""
    loops = {
        dim
        for access in (*stage.inputs, *stage.outputs)
        if access.base is base
        for dim, step in enumerate(access.at.strides)
        if step == stride and stage.extents[dim] == extent and not stage.reduction[dim]
    }
    return loops.pop() if len(loops) == 1 else None
