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
buffer that one of them writes over the same elements as the other op's loop, with the same stride, or one of the two
strides is a multiple of the other: an op that takes four rows at a time runs by 1 beside one that runs by 4, the last
of whose rows may be missing. An op
in front that has no such loop (a transpose of what all blocks read) runs before the blocks. Of the loops that will do,
the outermost is taken of which a block of one iteration fits into `l2`, with all that it touches; first those whose
blocks read nothing that others read, too. Of that as many iterations as fit into `l1`, or else into `l2`, as long as
`BLOCKS` blocks remain for threads to share. A product is not cut into less than `ROWS` rows, for which it would read
its right operand again, and no loop along which memory is contiguous is cut. Nests that hand nothing on to one another,
and a kernel whose buffers fit into `l1`, need no blocks. A schedule that is there already stays.

Where one iteration of each loop is too much, blocks stand in blocks: outside one iteration of a loop, if possible one
whose blocks share nothing that they read, and inside what is found in the same way for what is left of the ops then.

Where what a product reads again in every block is too large for that, it may come from a farther cache each time: so
many rows leave time for it. Then only those buffers must fit into `l2` that the blocks have to themselves. Where it is
in the cache, `NEAR_ROWS` are enough.

So attention runs head by head: the scores of one head are made, normalized and used while they lie in the second-level
cache (Dao et al. 2022, FlashAttention, without its running softmax, which rows that fit do not need). Of several images
or sentences it is one after the other, and of long ones some rows of queries at a time: of n keys and d columns in f32,
q rows touch 4 (q (n + 2 d + 2) + 2 n d) bytes, scores, queries, results, maxima and sums, keys and values, and q is the
largest that keeps them below `l2`; where the keys alone do not, below it without the last term. That is 64 rows for
512 keys, and for 1024: the scores of all rows are never in memory. A Winograd convolution runs some rows of tiles at a
time, from its input's transform to what follows its output's (Jia et al. 2018, Optimizing N-Dimensional, Winograd-Based
Convolution for Manycore CPUs).
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, prod

from stepwell.context import Context
from stepwell.diagnostics import StepwellError
from stepwell.dialects.schedule import BlockOp, KernelOp
from stepwell.pass_manager import ModulePass
from stepwell.passes.linalg_to_loops.access import Stage, drop_unit_dims, memref_type, whole_stage_of
from stepwell.passes.linalg_to_loops.apply_blocks import Blocking, fits
from stepwell.passes.linalg_to_loops.apply_schedule import blocks_of, functions_of, stages_in, stages_of
from stepwell.passes.linalg_to_loops.nests import group, is_private
from xdsl.dialects import func
from xdsl.dialects.builtin import FixedBitwidthType, ModuleOp
from xdsl.ir import Block, Region, SSAValue

from .schedule_kernels import keeps_lanes

BLOCKS = 8
"""A loop is cut into so many blocks at least, if it is that long: there are threads to keep busy."""

ROWS = 14
"""Of a product whose right operand all blocks share, a block has so many rows at least: as many as a register tile."""

NEAR_ROWS = 3
"""As many at least where that operand is in the second-level cache, which gives half a vector or more a cycle."""

SizeOf = Callable[["Walk"], int | None]
"""How many units a block has; None if too few fit."""


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
            if op.sym_name.data not in given and (blocks := self.choose(op)):
                schedule = KernelOp(op.sym_name.data, Region(Block(blocks)))
                for said in (schedule, *blocks):
                    said.location = op.location
                module.body.block.add_op(schedule)

    def choose(self, function: func.FuncOp) -> list[BlockOp]:
        """The blocks of a kernel, outermost first; none where it needs none, or where there are none that fit."""
        if sum(bool(run) for block in blocks_of(function) for run in stages_in(block)) != 1:
            return []
        searches = (self.search(function, size_of) for size_of in (self.size_in_cache, self.size_of_streams))
        return next((blocks for blocks in searches if blocks), [])

    def search(self, function: func.FuncOp, size_of: SizeOf, first: int = 0) -> list[BlockOp]:
        """Blocks of the ops from number `first` on, by the first loop of which some iterations fit; or else by one
        iteration of a loop, and blocks within it."""
        stages = [whole for stage in stages_of(function)[first:] if (whole := whole_stage_of(stage.op)) is not None]
        if touched(stages) <= self.l1:
            return []
        candidates = sorted(walks_of(stages), key=lambda walk: walk.reads_again)

        def block_of(walk: Walk, size: int | None) -> BlockOp | None:
            members = range(first + len(stages) - len(walk.stages), first + len(stages))
            block = None if size is None else BlockOp(members, walk.loops, [size * n for n in walk.each])
            return block if block is not None and fits(function, block) else None

        for walk in candidates:
            if (block := block_of(walk, size_of(walk))) is not None:
                return [block]
        for walk in candidates:
            if (block := block_of(walk, 1 if walk.is_even and walk.least(ROWS) == 1 else None)) is not None:
                trial = function.clone()
                Blocking(trial, block).run()
                if within := self.search(trial, size_of, block.numbers[0]):
                    return [block, *within]
        return []

    def size_in_cache(self, walk: Walk) -> int | None:
        """The units of a block whose buffers are all in a cache; None if too few fit."""
        caches = (self.l2,) if any(is_product(stage) for stage in walk.stages) else (self.l1, self.l2)
        sizes = (walk.size_within(cache, walk.least(NEAR_ROWS)) for cache in caches)
        return next((size for size in sizes if size is not None), None)

    def size_of_streams(self, walk: Walk) -> int | None:
        """The units of a block whose own buffers are in a cache, and what all blocks read is not; None if there is no
        product that reads such an operand, or too few fit."""
        ops = {stage.op for stage in walk.stages}
        own = {a.base for stage in walk.stages for a in stage.outputs if is_private(a.base, ops)}
        if not own or not walk.reads_again:
            return None
        return walk.size_within(self.l2, walk.least(ROWS), own)


@dataclass(frozen=True)
class Walk:
    """Ops that could run in blocks, each along one of its loops. `each`: how many iterations of it are a unit, of which
    a block has one or more: one row of tiles, and four rows of what is computed of it."""

    stages: Sequence[Stage]
    loops: Sequence[int]
    each: Sequence[int]

    @property
    def extents(self) -> list[int]:
        return [stage.extents[loop] for stage, loop in zip(self.stages, self.loops, strict=True)]

    @property
    def units(self) -> int:
        """How many units there are, the last of which may be smaller."""
        return max(ceil(extent / n) for extent, n in zip(self.extents, self.each, strict=True))

    @property
    def is_even(self) -> bool:
        return all(extent == n * self.units for extent, n in zip(self.extents, self.each, strict=True))

    @property
    def rows(self) -> list[int]:
        """Of each product of which every block reads an operand again, how many rows there are in all blocks."""
        return [n for stage, loop in zip(self.stages, self.loops, strict=True) if (n := rows_of(stage, loop))]

    @property
    def reads_again(self) -> bool:
        return bool(self.rows)

    def least(self, rows: int) -> int:
        """How many units a block has at least, so that those products have so many rows in it."""
        return max((ceil(rows * self.units / n) for n in self.rows), default=1)

    def size_within(self, cache: int, least: int, of: Container[SSAValue] | None = None) -> int | None:
        """How many units a block has that touches, of these buffers or of all, no more than the cache holds; None where
        not even the `least` do.

        Best is what divides them; then the largest block of which there are `BLOCKS`, or else the smallest; there are
        always two.
        """
        units, few = self.units, self.units // BLOCKS

        def rank(size: int) -> tuple[bool, bool, int]:
            return units % size > 0, size > few, -size if size <= few else size

        def holds(size: int) -> bool:
            return touched(self.stages, self.loops, size / units, of) <= cache

        sizes = range(least, units // 2 + 1)
        if not sizes or not holds(least):
            return None
        return next(size for size in sorted(sizes, key=rank) if holds(size))


def walks_of(stages: Sequence[Stage]) -> Iterator[Walk]:
    """For each loop of the last op that may be cut, the ops that have it, too, up to the last one."""
    last = stages[-1]
    for dim, extent in enumerate(last.extents):
        if last.reduction[dim] or extent < 2 or last.outputs[0].at.strides[dim] == 1:
            continue
        found = same_loop(stages, dim)
        start = next((n for n in reversed(range(len(stages))) if n not in found), -1) + 1
        loops, counts = zip(*(found[n] for n in range(start, len(stages))), strict=True)
        each = [count / min(counts) for count in counts]
        if hand_on([drop_unit_dims(s) for s in stages[start:]]) and all(n.denominator == 1 for n in each):
            yield Walk(stages[start:], loops, [n.numerator for n in each])


def rows_of(stage: Stage, loop: int) -> int:
    """The rows of a product in all blocks, if each block along `loop` reads one of its operands again; else 0."""
    if not is_product(stage):
        return 0
    parallel = [(d, extent) for d, extent in enumerate(stage.extents) if not stage.reduction[d]]
    again = [access.at.strides for access in stage.inputs if not access.at.strides[loop]]
    return min((prod(extent for d, extent in parallel if not strides[d]) for strides in again), default=0)


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


def touched(
    stages: Sequence[Stage], loops: Sequence[int] = (), share: float = 1, of: Container[SSAValue] | None = None
) -> float:
    """How many bytes ops touch, of what they walk along `loops` only a `share`; of these buffers, or of all.

    Of a buffer they touch no more than it holds, nor more than they walk: in a block of heads, one head of the keys.
    """
    whole: dict[SSAValue, float] = {}
    walked: dict[SSAValue, dict[object, float]] = {}
    for n, stage in enumerate(stages):
        for access in (*stage.inputs, *stage.outputs):
            base, at, kind = access.base, access.at, access.element
            if of is not None and base not in of:
                continue
            width = kind.bitwidth / 8 if isinstance(kind, FixedBitwidthType) else 8
            part = width * (share if loops and at.strides[loops[n]] else 1)
            steps = sorted((s, e) for s, e in zip(at.strides, stage.extents, strict=True) if s and e > 1)
            same = (at.offset, at.terms, tuple(steps))
            parts = walked.setdefault(base, {})
            parts[same] = max(part * prod(e for _, e in steps), parts.get(same, 0))
            whole[base] = max(part * prod(memref_type(base).get_shape()), whole.get(base, 0))
    return sum(min(size, sum(walked[base].values())) for base, size in whole.items())


def same_loop(stages: Sequence[Stage], dim: int) -> dict[int, tuple[int, Fraction]]:
    """Which loop of each op is loop `dim` of the last one, and how many of its iterations are one of that; ops without
    such a loop are left out."""
    found = {len(stages) - 1: (dim, Fraction(1))}
    queue = [len(stages) - 1]
    written = {access.base for stage in stages for access in stage.outputs}
    while queue:
        n = queue.pop()
        stage, (loop, count) = stages[n], found[n]
        for access in (*stage.inputs, *stage.outputs):
            stride = access.at.strides[loop]
            if access.base not in written or not stride:
                continue
            for other, candidate in enumerate(stages):
                if other in found:
                    continue
                if (same := loop_with(candidate, access.base, stride, stage.extents[loop])) is not None:
                    found[other] = same[0], count * Fraction(stride, same[1])
                    queue.append(other)
    return found


def loop_with(stage: Stage, base: SSAValue, stride: int, extent: int) -> tuple[int, int] | None:
    """The parallel loop that walks `base` as a loop of this stride and extent does, and its stride; if there is one
    only."""
    loops = {
        (dim, step)
        for access in (*stage.inputs, *stage.outputs)
        if access.base is base
        for dim, step in enumerate(access.at.strides)
        if stage.extents[dim] > 1 and not stage.reduction[dim] and step
        if is_same_walk((stride, extent), (step, stage.extents[dim]))
    }
    return loops.pop() if len(loops) == 1 else None


def is_same_walk(a: tuple[int, int], b: tuple[int, int]) -> bool:
    """Whether the loop with the larger (stride, extent) has an iteration for every few of the other, the last of which
    may be fewer: 55 rows are 14 rows of tiles of 4."""
    (short, many), (long, few) = sorted((a, b))
    return long % short == 0 and ceil(many * short / long) == few
