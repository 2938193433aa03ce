"""What the ops of a schedule say of one nest, as a `Plan`; what the emitter cannot obey is refused with the reason.

    %j_o, %j_i = schedule.tile %j by 14              j is Loop(j, 14) and what is left of it, Loop(j, 1)
    schedule.reorder %j_o, %i, %r, %j_i              outer = (j by 14, i), reductions = (r,)
    schedule.unroll %j_i                             registers = (j,)

An op is understood by its row in `HANDLERS`; another op of the dialect is one row more.

The order that can be had: parallel loops that run, then reductions, then parallel loops that are unrolled or in lanes,
whose results are all in registers. `schedule.accumulate` puts a parallel loop inside of reductions; those that are
inside of it in turn are written out. A nest with `schedule.bind` is read by `block_plan.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from math import ceil
from typing import Any

from stepwell.diagnostics import StepwellError
from stepwell.dialects.schedule import (
    AccumulateOp,
    BindOp,
    CacheOp,
    DotOp,
    MmaOp,
    NestOp,
    ParallelOp,
    ReorderOp,
    TileOp,
    TogetherOp,
    TransposeOp,
    UnrollOp,
    VectorizeOp,
)
from xdsl.ir import Operation, SSAValue

from .block_plan import BlockPlan, block_plan
from .block_tiles import check_moves
from .mma_tiles import check_tiles
from .nests import Nest
from .plan import (
    DOT_LANES,
    MOST_TILES,
    TILE_LANES,
    Plan,
    Tiles,
    at_once,
    dot_factors,
    in_pairs,
    why_no_dot,
    why_no_lanes,
    why_no_partial_lanes,
    why_no_tiles,
)
from .reading import Reading, check_size, iterations, name_of, refusal


def plan_of(op: NestOp, ops: Sequence[Operation], nest: Nest, number: int) -> Plan | BlockPlan:
    """How `nest` runs, by what `ops` of the schedule say of the loops of `op`. `number`: of its main linalg op."""
    loops = list(op.loops)
    reading = Reading(nest, {loop: d for d, loop in enumerate(loops)}, dict.fromkeys(loops, 1), [], number=number)
    reading.order = sorted(loops, key=reading.is_reduction)
    last: Operation = op
    for said in ops:
        if said is op or not any(operand in reading.dim for operand in said.operands):
            continue
        handler = HANDLERS.get(type(said))
        if handler is None:
            raise StepwellError(f"{said.name} is not supported here", said)
        handler(reading, said)
        last = said if isinstance(said, ReorderOp) else last
    if reading.bound or reading.caches or reading.mma is not None or reading.together is not None:
        plan = block_plan(reading, last)
        check_moves(reading, plan)
        check_tiles(reading, plan)
        return plan
    _check_lanes(reading)
    _check_nesting(reading, last)
    return _plan(reading, last)


def _tile(reading: Reading, op: TileOp) -> None:
    here, dim = reading.order.index(op.loop), reading.dim[op.loop]
    reading.order[here : here + 1] = [op.outer, op.inner]
    step = reading.step[op.loop]
    reading.dim |= {op.outer: dim, op.inner: dim}
    reading.step |= {op.outer: step * op.count, op.inner: step}


def _reorder(reading: Reading, op: ReorderOp) -> None:
    reading.order = list(op.loops)


def _check_nesting(reading: Reading, where: Operation) -> None:
    for dim in set(reading.dim.values()):
        steps = [reading.step[loop] for loop in reading.order if reading.dim[loop] == dim]
        if steps != sorted(steps, reverse=True):
            raise StepwellError(f"{where.name}: the loop inside of a tile cannot run outside of the tile's", where)


def _parallel(reading: Reading, op: ParallelOp) -> None:
    for loop in op.loops:
        if reading.is_reduction(loop):
            raise refusal(op, loop, "all of its iterations add to the same results, so threads cannot share them")
    reading.shared += op.loops


def _unroll(reading: Reading, op: UnrollOp) -> None:
    reading.unrolled += op.loops


def _vectorize(reading: Reading, op: VectorizeOp) -> None:
    reading.vector, reading.lanes, reading.lanes_by = op.loop, op.count, op


def _transpose(reading: Reading, op: TransposeOp) -> None:
    loop = op.loops[0]
    if reading.is_reduction(loop):
        raise refusal(op, loop, "only a parallel loop can be turned into the lanes")
    reading.turned_by = op
    reading.unrolled.append(loop)


def _check_lanes(reading: Reading) -> None:
    """Refuse lanes that some operand does not have, be it after a turn."""
    op, turn = reading.lanes_by, reading.turned_by
    if turn is not None and (op is None or reading.is_reduction(op.loop)):
        raise refusal(turn, turn.loops[0], "no parallel loop is in lanes")
    if op is None:
        return
    if reading.is_reduction(op.loop):
        reason = why_no_partial_lanes(reading.nest.main, reading.dim[op.loop])
    else:
        reason = why_no_lanes(reading.nest.stages, reading.dim[op.loop], reading.turned)
    if reason is not None:
        raise refusal(op, op.loop, reason)


def _accumulate(reading: Reading, op: AccumulateOp) -> None:
    loop = op.loops[0]
    if reading.is_reduction(loop) or reading.nest.main.is_parallel:
        raise refusal(op, loop, "a row of accumulators runs along a parallel loop of an op that reduces")
    reading.row = loop


def _bind(reading: Reading, op: BindOp) -> None:
    reading.bound |= dict.fromkeys(op.loops, op)


def _together(reading: Reading, op: TogetherOp) -> None:
    """It is of several nests: `apply-schedule` sees to it when it has read them all."""
    reading.together = op


def _cache(reading: Reading, op: CacheOp) -> None:
    reading.caches.append(op)


def _mma(reading: Reading, op: MmaOp) -> None:
    reading.mma = op


def _dot(reading: Reading, op: DotOp) -> None:
    loop = op.loops[0]
    if not reading.is_reduction(loop) or reading.step[loop] != 1:
        raise refusal(op, loop, "pairs are neighbours along a reduction")
    reading.dot, reading.amx = loop, op.amx is not None


HANDLERS: dict[type[Operation], Callable[[Reading, Any], None]] = {
    TileOp: _tile,
    ReorderOp: _reorder,
    ParallelOp: _parallel,
    UnrollOp: _unroll,
    VectorizeOp: _vectorize,
    TransposeOp: _transpose,
    DotOp: _dot,
    AccumulateOp: _accumulate,
    BindOp: _bind,
    CacheOp: _cache,
    TogetherOp: _together,
    MmaOp: _mma,
}


def _plan(reading: Reading, where: Operation) -> Plan:
    """The plan, if the loops stand in an order that the emitter has. `where`: the op that put them in this order."""
    order, row, vector, unrolled = reading.order, reading.row, reading.vector, reading.unrolled
    for loop in (vector, row):
        if loop is not None and loop in unrolled:
            raise refusal(where, loop, "it is unrolled, and in lanes or accumulated along: one of the two")
    if row is not None and (vector is not None or reading.shared):
        raise refusal(where, row, "a row that is accumulated in memory leaves no lanes and nothing to share")
    place = {loop: n for n, loop in enumerate(order)}
    dot = [] if reading.dot is None else [reading.dot]
    reductions = [loop for loop in order if reading.is_reduction(loop) and loop is not vector and loop not in dot]
    chunk = [loop for loop in reductions if row is not None and place[loop] > place[row]]
    around = [loop for loop in reductions if loop not in chunk]
    parallel = [loop for loop in order if not reading.is_reduction(loop) and loop is not vector and loop is not row]
    tile = [loop for loop in parallel if loop in unrolled]
    outer = [loop for loop in parallel if loop not in unrolled]
    wanted = [*outer, *around, *([] if row is None else [row]), *chunk, *tile]
    wanted += [*([] if vector is None else [vector]), *dot]
    for a, b in pairwise(wanted):
        if place[a] > place[b]:
            raise refusal(where, b, _misplaced(reading, a, b))
    if row is not None and tile:
        raise refusal(where, tile[0], "a nest that accumulates a row in memory has no tile in registers")
    for loop in chunk:
        if loop not in unrolled:
            raise refusal(where, loop, "a reduction inside of the row that is accumulated must be unrolled")
    for loop in reading.shared:
        if loop not in outer:
            raise refusal(where, loop, "threads share loops that run, not what is unrolled or in lanes")
    dims = [reading.dim[loop] for loop in (*tile, *([] if vector is None else [vector]))]
    if len(set(dims)) != len(dims):
        raise refusal(where, tile[-1], "two parts of one loop are unrolled or in lanes")
    for loop in dot:
        _check_dot(reading, loop, where)
    tiles = _tiles(reading, dot[0], tile, where) if reading.amx else None
    if vector is not None and not dot:
        lanes = reading.dim[vector]
        if any(in_pairs(reading.nest.main, a, lanes) for a in reading.nest.main.inputs):
            raise refusal(where, vector, "a factor is packed in pairs, which schedule.dot multiplies")
    check_size(reading, where)
    return Plan(
        outer=tuple(map(reading.loop, outer)),
        reductions=tuple(map(reading.loop, around)),
        registers=tuple(reading.dim[loop] for loop in tile),
        vector_dim=None if vector is None else reading.dim[vector],
        lanes=reading.lanes,
        turned=reading.turned,
        dot=None if reading.dot is None else reading.dim[reading.dot],
        tiles=tiles,
        unrolled=frozenset(reading.loop(loop) for loop in reductions if loop in unrolled),
        shared=frozenset(map(reading.loop, reading.shared)),
        row=None if row is None else reading.dim[row],
        chunk=tuple(map(reading.loop, chunk)),
    )


def _check_dot(reading: Reading, loop: SSAValue, where: Operation) -> None:
    """Refuse what is no pair, of all iterations of a loop, that one instruction multiplies."""
    dim, vector = reading.dim[loop], reading.vector
    factors = dot_factors(reading.nest.main)
    group = 2 if factors is None else at_once(factors)
    if not reading.amx and (iterations(reading, loop) != group or reading.nest.main.extents[dim] % group):
        many = "two iterations, and a loop of an even number of them" if group == 2 else "four, of a multiple of four"
        raise refusal(where, loop, f"schedule.dot takes {many}")
    if vector is not None and reading.lanes not in DOT_LANES:
        raise refusal(where, loop, f"schedule.dot is for 4, 8 or 16 lanes, not {reading.lanes}")
    reason = why_no_dot(reading.nest.main, dim, None if vector is None else reading.dim[vector])
    if reason is not None:
        raise refusal(where, loop, f"schedule.dot: {reason}")


def _tiles(reading: Reading, loop: SSAValue, rows: Sequence[SSAValue], where: Operation) -> Tiles:
    """The tiles of AMX in which pairs along `loop` are multiplied, `rows` the loops that are written out."""
    vector, main = reading.vector, reading.nest.main
    depth = iterations(reading, loop)
    if vector is None or reading.lanes != TILE_LANES or len(rows) != 1 or reading.turned is not None:
        raise refusal(where, loop, f"tiles of amx are of one unrolled loop and one in {TILE_LANES} lanes")
    if depth < 2 or depth % 2 or depth > 2 * TILE_LANES or main.extents[reading.dim[loop]] % depth:
        raise refusal(where, loop, "tiles of amx take an even number of iterations, up to 32, that divides the loop's")
    down, across = (ceil(iterations(reading, of) / TILE_LANES) for of in (rows[0], vector))
    if iterations(reading, rows[0]) % down:
        raise refusal(where, rows[0], f"its iterations do not fill {down} tiles of amx of one size")
    if down * across + down + across > MOST_TILES:
        raise refusal(where, loop, f"{down} by {across} sums and their factors are more than the {MOST_TILES} of amx")
    reason = why_no_tiles(main, reading.dim[loop], reading.dim[vector], reading.dim[rows[0]])
    if reason is not None:
        raise refusal(where, loop, f"schedule.dot by amx: {reason}")
    return Tiles(iterations(reading, rows[0]) // down, depth)


def _misplaced(reading: Reading, a: SSAValue, b: SSAValue) -> str:
    """Why loop `b` cannot stand outside of `a`."""
    if b is reading.dot:
        return f"pairs are multiplied innermost, but {name_of(a)} is inside of them"
    if b is reading.vector:
        return f"the loop in lanes must be the innermost, but {name_of(a)} is inside of it"
    if reading.is_reduction(b):
        return f"a reduction cannot run outside of {name_of(a)}: unroll that loop, or accumulate along it"
    return f"it must be inside of {name_of(a)}, which runs"
