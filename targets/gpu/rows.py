"""Which nests of a kernel run row by row: each block has a row of all of them, and hands on what it computed itself.

    %i, %r = schedule.nest [0, 1] : 50, 777           the largest of each row
    %i_1, %j = schedule.nest [2] : 50, 777            exp of the difference to it
    %i_2, %r_1 = schedule.nest [3, 4] : 50, 777       their sum
    ...
    schedule.together %i, %i_1, %i_2, %i_3

A softmax or a normalization is one launch so, and what a row hands on (its sum, its largest element) is in memory of
the block. All nests have as many threads; these are neighbours along the row, where it is neighbours in memory.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from stepwell.dialects.schedule import BindOp, NestOp, ReorderOp
from stepwell.passes.linalg_to_loops.block_plan import BlockPlan, Part
from stepwell.passes.linalg_to_loops.blocks_together import own_elements, why_not_together
from stepwell.passes.linalg_to_loops.body import combiner_of
from stepwell.passes.linalg_to_loops.nests import Nest
from xdsl.ir import Operation, SSAValue

from .blocks import Limits, Saying
from .splits import LONG, PART, power_below

WORD = 4
"""Bytes of an element that a block keeps, at most those of f32 on most devices."""


@dataclass(frozen=True)
class Row:
    """A nest that runs row by row: the loop that its threads share; loop 0 is over rows."""

    nest: Nest
    dim: int


def row_of(nest: Nest) -> Row | None:
    """How the threads of a block share a row of `nest`; None where they do not."""
    main = nest.main
    if len(main.extents) < 2 or main.reduction[0] or 0 in main.extents:
        return None
    if not main.is_parallel and any(combiner_of(main, n) is None for n in range(len(main.outputs))):
        return None
    inner = [d for d in range(1, len(main.extents)) if main.is_parallel or main.reduction[d]]
    if not inner or any(not reduced for reduced in main.reduction[1:]) != main.is_parallel:
        return None
    moving = (*main.inputs, *main.outputs)
    dim = max(inner, key=lambda d: (any(a.at.strides[d] == 1 for a in moving), main.extents[d]))
    return Row(nest, dim)


def runs_of_rows(nests: Sequence[Nest], limits: Limits) -> list[tuple[list[Row], int]]:
    """Nests that follow one another and run row by row together, and with how many threads a block."""
    found: list[tuple[list[Row], int]] = []
    run: list[Row] = []
    for nest in (*nests, None):
        row = None if nest is None else row_of(nest)
        if row is not None and (not run or run[0].nest.main.extents[0] == row.nest.main.extents[0]):
            run.append(row)
            continue
        found += together(run, limits)
        run = [] if row is None else [row]
    return found


def together(run: list[Row], limits: Limits) -> list[tuple[list[Row], int]]:
    """`run` and its threads, in a list, where it is worth being one launch, and may be."""
    if len(run) < 2 or all(row.nest.main.is_parallel for row in run):
        return []
    shortest = min(row.nest.main.extents[row.dim] for row in run)
    if shortest < LONG:
        return []
    width = min(max(power_below(shortest // PART), LONG), limits.block)
    members = [(row.nest, plan_of(row, width)) for row in run]
    if why_not_together(members) is not None or WORD * own_elements(members) > limits.workgroup:
        return []
    return [(run, width)]


def plan_of(row: Row, width: int) -> BlockPlan:
    """What apply-schedule will make of the row's schedule, as far as it matters what blocks touch."""
    split = width if row.nest.main.reduction[row.dim] else 0
    return BlockPlan((Part(0, 1, row.nest.main.extents[0]),), (Part(row.dim, 1, width),), split=split)


def row_ops(nest: NestOp, row: Row, width: int) -> list[Operation]:
    """The schedule of one of the nests."""
    say = Saying()
    thread, rest = nest.loops[row.dim], list[SSAValue]()
    if row.nest.main.extents[row.dim] != width:
        outer, thread = say.tile(thread, width, "ot")
        rest.append(outer)
    rest += [loop for d, loop in enumerate(nest.loops) if d not in (0, row.dim)]
    say.ops.append(ReorderOp([nest.loops[0], thread, *rest]))
    say.ops += [BindOp([nest.loops[0]], "block"), BindOp([thread], "thread")]
    return say.ops
