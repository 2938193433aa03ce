"""Which reductions the threads of a block share, each a part of every sum.

    %r_o, %r_t = schedule.tile %r by 128             neighbouring threads read neighbours of a row
    schedule.reorder %i, %r_t, %r_o
    schedule.bind %i to block
    schedule.bind %r_t to thread

So it is where neighbours along the reduction are neighbours in memory: threads with a row each would read as far apart
as rows are. And where there are fewer results than threads that the device runs at a time: then threads are neighbours
along the results, and rows of threads share the sum.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, prod

from stepwell.dialects.schedule import BindOp, NestOp, ReorderOp
from stepwell.passes.linalg_to_loops.access import Stage
from stepwell.passes.linalg_to_loops.block_plan import moves
from stepwell.passes.linalg_to_loops.body import combiner_of
from xdsl.ir import Operation, SSAValue

from .blocks import NARROWEST, Limits, Saying

BLOCK = 64
"""Threads of a block that has several sums."""
LONG = 32
"""Steps of a sum that is worth being shared."""
PART = 8
"""Steps that a thread has of it at least, where there are as many."""


@dataclass(frozen=True)
class Split:
    """Reduction loop `dim` is shared by `parts` threads, for `results` neighbours along parallel loop `along`, which
    are neighbouring threads where `together`."""

    dim: int
    parts: int
    along: int | None
    results: int
    together: bool


def split_of(main: Stage, limits: Limits) -> Split | None:
    """How the threads of a block share a reduction; None where each thread has one of its own."""
    steps = prod(e for e, reduced in zip(main.extents, main.reduction, strict=True) if reduced)
    points = prod(e for e, reduced in zip(main.extents, main.reduction, strict=True) if not reduced)
    if steps < LONG or main.is_parallel or any(combiner_of(main, n) is None for n in range(len(main.outputs))):
        return None
    reductions = [d for d, reduced in enumerate(main.reduction) if reduced]
    parallel = [d for d, reduced in enumerate(main.reduction) if not reduced and main.extents[d] > 1]

    largest = max(main.inputs, key=lambda a: prod(e for d, e in enumerate(main.extents) if moves(a, d)))
    dim = max(reductions, key=lambda d: (largest.at.strides[d] == 1, main.extents[d]))
    along = next((d for d in reversed(parallel) if largest.at.strides[d] == 1), parallel[-1] if parallel else None)
    in_rows = largest.at.strides[dim] == 1
    wanted = steps // PART if in_rows else min(steps // PART, ceil(limits.threads / points))
    parts = min(power_below(main.extents[dim]), power_below(wanted), limits.block)
    most = max(1, BLOCK // parts) if in_rows else NARROWEST
    results = 1 if along is None else min(power_below(main.extents[along]), most)
    parts = min(parts, max(limits.block // results, 1))
    return Split(dim, parts, along, results, not in_rows) if parts > 1 else None


def power_below(n: int) -> int:
    """The largest power of two that is not above `n`."""
    return 1 << max(n, 1).bit_length() - 1


def split_ops(nest: NestOp, main: Stage, split: Split) -> list[Operation]:
    """What `split` says, as ops."""
    say = Saying()
    blocks: list[SSAValue] = []
    threads: list[SSAValue] = []
    inner: list[SSAValue] = []
    part: SSAValue | None = None
    for d, loop in enumerate(nest.loops):
        if d == split.dim:
            part = loop
            if split.parts < main.extents[d]:
                rest, part = say.tile(loop, split.parts, "ot")
                inner.append(rest)
        elif main.reduction[d]:
            inner.append(loop)
        elif d == split.along and split.results > 1:
            thread = loop
            if split.results < main.extents[d]:
                block, thread = say.tile(loop, split.results, "bt")
                blocks.append(block)
            threads.append(thread)
        else:
            blocks.append(loop)
    assert part is not None
    threads.insert(0 if split.together else len(threads), part)
    say.ops.append(ReorderOp([*blocks, *threads, *inner]))
    if blocks:
        say.ops.append(BindOp(blocks, "block"))
    say.ops.append(BindOp(threads, "thread"))
    return say.ops
