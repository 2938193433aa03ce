"""How one nest is run: what a schedule says, in the terms of the emitter; and which loops can be lanes.

schedule.reorder %k_o, %i, %r, %j_i, %k_i          outer = (Loop(k, 32), Loop(i, 1)), reductions = (Loop(r, 1),)
schedule.unroll %j_i                               registers = (j,)
schedule.vectorize %k_i by 16                      vector_dim = k, lanes = 16
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from xdsl.dialects.builtin import i1

from .access import Access, Stage
from .body import body_fits, combiner_of


@dataclass(frozen=True)
class Loop:
    """A loop over tiles of `step` iterations of loop `dim` of the nest. Where it is tiled twice, the inner one runs
    inside of a tile of the outer."""

    dim: int
    step: int = 1


@dataclass(frozen=True)
class Plan:
    """`outer`: the parallel loops, outermost first. `reductions`: the reduction loops inside of them, outermost first.

    What is left inside of `outer` of the parallel loops `registers` is written out, and all results of it are in
    registers. `vector_dim`: the loop in lanes, a parallel one, innermost of the tile, or a reduction. `turned`: the
    loop of `registers` along which some operands are contiguous that are not so along the lanes. `unrolled`: loops of
    `reductions` and `chunk` that are written out. `shared`: loops of `outer` that threads may share.
    `row`: accumulate one row along this loop in memory, so that a C compiler sees a contiguous inner loop; `chunk`: the
    reduction loops inside of the row's, written out.
    """

    outer: tuple[Loop, ...] = ()
    reductions: tuple[Loop, ...] = ()
    registers: tuple[int, ...] = ()
    vector_dim: int | None = None
    lanes: int = 1
    turned: int | None = None
    unrolled: frozenset[Loop] = frozenset()
    shared: frozenset[Loop] = frozenset()
    row: int | None = None
    chunk: tuple[Loop, ...] = ()


def jumps(access: Access, dim: int) -> bool:
    """Whether neighbours along `dim` are neither one element, nor neighbours in memory with a byte layout."""
    return access.at.strides[dim] != 0 and (access.at.strides[dim] != 1 or access.element == i1)


def turns(access: Access, dim: int, turned: int | None) -> bool:
    """Whether `access`, with lanes along `dim`, is contiguous along loop `turned` instead."""
    if turned is None or access.element == i1 or access.at.panels:
        return False
    return access.at.strides[turned] == 1 and jumps(access, dim)


def why_no_lanes(stages: Sequence[Stage], dim: int, turned: int | None = None) -> str | None:
    """Why the iterations of parallel loop `dim` cannot be the lanes of vectors in all of `stages`; None if they can.

    What is contiguous along loop `turned` instead can be turned in registers.
    """
    for stage in stages:
        for a in (*stage.inputs, *stage.outputs):
            if jumps(a, dim) and not turns(a, dim, turned):
                return f"neighbours along it are not neighbours in memory (a buffer of {a.element}, {stage.op.name})"
        if any(a.at.strides[dim] == 0 for a in stage.outputs):
            return f"{stage.op.name} writes the same element in all of its iterations"
        if not body_fits(stage, dim):
            return f"the body of {stage.op.name} cannot run in lanes: an integer division, or a load that jumps"
    return None


def why_no_partial_lanes(main: Stage, dim: int) -> str | None:
    """Why the iterations of reduction loop `dim` cannot be lanes that are combined at the end; None if they can."""
    if any(combiner_of(main, n) is None for n in range(len(main.outputs))):
        return "its reduction is not of the form old + value, so that parts of it cannot be combined"
    if any(jumps(a, dim) for a in main.inputs):
        return "neighbours along it are not neighbours in memory"
    if not any(a.at.strides[dim] == 1 for a in main.inputs):
        return "no input moves along it"
    return None if body_fits(main, dim) else "the body cannot run in lanes: an integer division, or a load that jumps"


def vector_dims(stages: Sequence[Stage]) -> list[int]:
    """Parallel loops whose iterations can be the lanes of a vector in every stage, innermost first."""
    main = next((s for s in stages if not s.is_parallel), stages[0])
    dims = reversed(range(len(main.extents)))
    return [d for d in dims if not main.reduction[d] and why_no_lanes(stages, d) is None]


def vector_reductions(main: Stage) -> list[int]:
    """Reduction loops whose iterations can be lanes, to be combined at the end, innermost first."""
    dims = reversed(range(len(main.extents)))
    return [d for d in dims if main.reduction[d] and why_no_partial_lanes(main, d) is None]
