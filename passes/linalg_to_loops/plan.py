"""How one nest is run: what a schedule says, in the terms of the emitter; and which loops can be lanes.

schedule.reorder %k_o, %i, %r, %j_i, %k_i          outer = (Loop(k, 32), Loop(i, 1)), reductions = (Loop(r, 1),)
schedule.unroll %j_i                               registers = (j,)
schedule.vectorize %k_i by 16                      vector_dim = k, lanes = 16
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from stepwell.dialects.x86vector import AT_ONCE
from xdsl.dialects import arith
from xdsl.dialects.builtin import BFloat16Type, f32, i1, i8, i32
from xdsl.ir import Operation, SSAValue

from .access import Access, Stage
from .body import body_fits, combiner_of


@dataclass(frozen=True)
class Loop:
    """A loop over tiles of `step` iterations of loop `dim` of the nest. Where it is tiled twice, the inner one runs
    inside of a tile of the outer."""

    dim: int
    step: int = 1


@dataclass(frozen=True)
class Tiles:
    """How large AMX's tiles are: `rows` of the loop that is written out, `depth` of the reduction's iterations."""

    rows: int
    depth: int


@dataclass(frozen=True)
class Plan:
    """`outer`: the parallel loops, outermost first. `reductions`: the reduction loops inside of them, outermost first.

    What is left inside of `outer` of the parallel loops `registers` is written out, and all results of it are in
    registers. `vector_dim`: the loop in lanes, a parallel one, innermost of the tile, or a reduction. `turned`: the
    loop of `registers` along which some operands are contiguous that are not so along the lanes. `unrolled`: loops of
    `reductions` and `chunk` that are written out. `shared`: loops of `outer` that threads may share.
    `dot`: the reduction loop whose last two iterations, a pair, are one step. `tiles`: so many of them are one step of
    AMX, and what is written out is in its tiles.
    `row`: accumulate one row along this loop in memory, so that a C compiler sees a contiguous inner loop; `chunk`: the
    reduction loops inside of the row's, written out.
    """

    outer: tuple[Loop, ...] = ()
    reductions: tuple[Loop, ...] = ()
    registers: tuple[int, ...] = ()
    vector_dim: int | None = None
    lanes: int = 1
    turned: int | None = None
    dot: int | None = None
    tiles: Tiles | None = None
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
            if jumps(a, dim) and not turns(a, dim, turned) and not in_pairs(stage, a, dim):
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


DOT_LANES = (4, 8, 16)
"""Of how many sums there is an instruction that adds products of pairs to them."""


def at_once(factors: tuple[Access, Access]) -> int:
    """How many products of such factors one instruction adds."""
    return AT_ONCE[factors[0].element]


def why_no_dot(main: Stage, dim: int, lanes: int | None) -> str | None:
    """Why pairs along reduction loop `dim` cannot be multiplied by one instruction, `lanes` the loop in lanes; None if
    they can."""
    factors = dot_factors(main)
    if factors is None:
        return "it does not sum products of two bf16 in f32, or of two bytes in i32"
    if lanes is None or main.reduction[lanes]:
        return "no parallel loop is in lanes"
    group = at_once(factors)
    for a in factors:
        if a.at.strides[lanes] == 0 and a.at.strides[dim] != 1:
            return "pairs of the factor that lanes share are not neighbours in memory"
        if a.at.strides[lanes] == group and (a.at.strides[dim] != 1 or a.at.panel(dim) != group):
            return "a factor is packed in pairs, but not along it"
    return None


TILE_LANES, MOST_TILES = 16, 8
"""Columns of a tile of sums, and how many tiles there are."""


def why_no_tiles(main: Stage, dim: int, lanes: int, rows: int) -> str | None:
    """Why pairs along reduction loop `dim` cannot be multiplied in AMX's tiles, whose columns are of loop `lanes` and
    whose rows of loop `rows`; None if they can."""
    factors = dot_factors(main)
    if factors is None or at_once(factors) != 2:
        return "it does not sum products of two bf16 in f32"
    shared, packed = sorted(factors, key=lambda a: a.at.strides[lanes])
    if shared.at.strides[lanes] or shared.at.strides[dim] != 1 or not shared.at.strides[rows] or shared.at.panels:
        return "neighbours along the reduction are not neighbours in the factor that moves along the rows"
    if packed.at.strides[lanes] != 2 or packed.at.strides[dim] != 1 or packed.at.panel(dim) != 2:
        return "the factor that moves along the lanes is not packed in pairs: schedule.pack"
    if packed.at.strides[rows] or packed.at.panel(rows) > 1:
        return "both factors move along the rows"
    return None


def in_pairs(stage: Stage, a: Access, lanes: int) -> bool:
    """Whether `a` is a factor that is packed so that lanes along `lanes` are pairs."""
    factors = dot_factors(stage)
    if factors is None or a not in factors or a.at.strides[lanes] != at_once(factors):
        return False
    # A tensor of so many channels has this stride too; packed is what has the pairs of a reduction in panels.
    dims = [dim for dim, reduced in enumerate(stage.reduction) if reduced]
    return any(a.at.strides[dim] == 1 and a.at.panel(dim) == at_once(factors) for dim in dims)


def dot_factors(main: Stage) -> tuple[Access, Access] | None:
    """The inputs a and b of a stage that computes `old + extf(a) * extf(b)`, of bf16, or `old + extui(a) * extsi(b)`,
    of bytes, and nothing else."""
    if main.body is None or len(main.outputs) != 1:
        return None
    products = list(products_of(main, arith.AddfOp, arith.MulfOp).items())
    products += products_of(main, arith.AddiOp, arith.MuliOp).items()
    if len(products) != 1:
        return None
    add, product = products[0]
    factors: dict[str, list[Access]] = {}
    accesses: dict[SSAValue, Access] = dict(zip(main.body.args, (*main.inputs, *main.outputs), strict=True))
    for factor in product.operands:
        widened = factor.owner
        if not isinstance(widened, arith.ExtFOp | arith.ExtUIOp | arith.ExtSIOp) or widened.input not in accesses:
            return None
        factors.setdefault(widened.name, []).append(accesses[widened.input])
    sums = main.body.last_op
    if sums is None or list(sums.operands) != [add.results[0]] or len(list(main.body.ops)) != 5:
        return None
    if list(map(len, factors.values())) not in ([2], [1, 1]) or (len(factors) == 1) != ("arith.extf" in factors):
        return None
    pair = factors.get("arith.extf") or [*factors["arith.extui"], *factors["arith.extsi"]]
    kinds = {a.element for a in pair} | {main.outputs[0].element}
    return (pair[0], pair[1]) if kinds in ({BFloat16Type(), f32}, {i8, i32}) else None


def products_to_contract(stage: Stage) -> dict[Operation, Operation]:
    """addition → product, for every `old + a * b` of the body whose product nothing else needs."""
    return products_of(stage, arith.AddfOp, arith.MulfOp)


def products_of(
    stage: Stage, add: type[arith.AddfOp] | type[arith.AddiOp], multiply: type[arith.MulfOp] | type[arith.MuliOp]
) -> dict[Operation, Operation]:
    body = stage.body
    assert body is not None
    olds = body.args[len(stage.inputs) :]
    found: dict[Operation, Operation] = {}
    for op in body.ops:
        if isinstance(op, add):
            for old, product in ((op.lhs, op.rhs), (op.rhs, op.lhs)):
                owner = product.owner
                if old in olds and isinstance(owner, multiply) and product.has_one_use():
                    found[op] = owner
    return found


def vector_dims(stages: Sequence[Stage]) -> list[int]:
    """Parallel loops whose iterations can be the lanes of a vector in every stage, innermost first."""
    main = next((s for s in stages if not s.is_parallel), stages[0])
    dims = reversed(range(len(main.extents)))
    return [d for d in dims if not main.reduction[d] and why_no_lanes(stages, d) is None]


def vector_reductions(main: Stage) -> list[int]:
    """Reduction loops whose iterations can be lanes, to be combined at the end, innermost first."""
    dims = reversed(range(len(main.extents)))
    return [d for d in dims if main.reduction[d] and why_no_partial_lanes(main, d) is None]
