"""What the ops of a schedule say of one nest, as a `Plan`; what the emitter cannot obey is refused with the reason.

    %j_o, %j_i = schedule.tile %j by 14              j is Loop(j, 14) and what is left of it, Loop(j, 1)
    schedule.reorder %j_o, %i, %r, %j_i              outer = (j by 14, i), reductions = (r,)
    schedule.unroll %j_i                             registers = (j,)

An op is understood by its row in `HANDLERS`; another op of the dialect is one row more.

The order that can be had: parallel loops that run, then reductions, then parallel loops that are unrolled or in lanes,
whose results are all in registers. `schedule.accumulate` puts a parallel loop inside of reductions; those that are
inside of it in turn are written out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from math import ceil, prod
from typing import Any

from stepwell.diagnostics import StepwellError
from stepwell.dialects.schedule import (
    AccumulateOp,
    DotOp,
    NestOp,
    ParallelOp,
    ReorderOp,
    TileOp,
    TransposeOp,
    UnrollOp,
    VectorizeOp,
)
from xdsl.ir import Operation, SSAValue

from .nests import Nest
from .plan import (
    DOT_LANES,
    MOST_TILES,
    TILE_LANES,
    Loop,
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


@dataclass
class Reading:
    """What has been read of a nest's schedule so far. Loops are known by their handles."""

    nest: Nest
    dim: dict[SSAValue, int]
    """The loop of the nest that a handle is of, or is a part of."""
    step: dict[SSAValue, int]
    """How many iterations of that loop one iteration of the handle covers."""
    order: list[SSAValue]
    vector: SSAValue | None = None
    lanes: int = 1
    lanes_by: VectorizeOp | None = None
    turned_by: TransposeOp | None = None
    row: SSAValue | None = None
    dot: SSAValue | None = None
    amx: bool = False
    unrolled: list[SSAValue] = field(default_factory=list[SSAValue])
    shared: list[SSAValue] = field(default_factory=list[SSAValue])

    @property
    def turned(self) -> int | None:
        """The loop of the nest that is turned into the lanes."""
        return None if self.turned_by is None else self.dim[self.turned_by.loops[0]]

    def is_reduction(self, loop: SSAValue) -> bool:
        return self.nest.main.reduction[self.dim[loop]]

    def loop(self, handle: SSAValue) -> Loop:
        return Loop(self.dim[handle], self.step[handle])


def plan_of(op: NestOp, ops: Sequence[Operation], nest: Nest) -> Plan:
    """How `nest` runs, by what `ops` of the schedule say of the loops of `op`."""
    loops = list(op.loops)
    reading = Reading(nest, {loop: d for d, loop in enumerate(loops)}, dict.fromkeys(loops, 1), [])
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
    _check_lanes(reading)
    return _plan(reading, last)


def _tile(reading: Reading, op: TileOp) -> None:
    here, dim = reading.order.index(op.loop), reading.dim[op.loop]
    reading.order[here : here + 1] = [op.outer, op.inner]
    step = reading.step[op.loop]
    reading.dim |= {op.outer: dim, op.inner: dim}
    reading.step |= {op.outer: step * op.count, op.inner: step}


def _reorder(reading: Reading, op: ReorderOp) -> None:
    for dim in set(reading.dim.values()):
        steps = [reading.step[loop] for loop in op.loops if reading.dim[loop] == dim]
        if steps != sorted(steps, reverse=True):
            raise StepwellError("schedule.reorder: the loop inside of a tile cannot run outside of the tile's", op)
    reading.order = list(op.loops)


def _parallel(reading: Reading, op: ParallelOp) -> None:
    for loop in op.loops:
        if reading.is_reduction(loop):
            raise _refusal(op, loop, "all of its iterations add to the same results, so threads cannot share them")
    reading.shared += op.loops


def _unroll(reading: Reading, op: UnrollOp) -> None:
    reading.unrolled += op.loops


def _vectorize(reading: Reading, op: VectorizeOp) -> None:
    reading.vector, reading.lanes, reading.lanes_by = op.loop, op.count, op


def _transpose(reading: Reading, op: TransposeOp) -> None:
    loop = op.loops[0]
    if reading.is_reduction(loop):
        raise _refusal(op, loop, "only a parallel loop can be turned into the lanes")
    reading.turned_by = op
    reading.unrolled.append(loop)


def _check_lanes(reading: Reading) -> None:
    """Refuse lanes that some operand does not have, be it after a turn."""
    op, turn = reading.lanes_by, reading.turned_by
    if turn is not None and (op is None or reading.is_reduction(op.loop)):
        raise _refusal(turn, turn.loops[0], "no parallel loop is in lanes")
    if op is None:
        return
    if reading.is_reduction(op.loop):
        reason = why_no_partial_lanes(reading.nest.main, reading.dim[op.loop])
    else:
        reason = why_no_lanes(reading.nest.stages, reading.dim[op.loop], reading.turned)
    if reason is not None:
        raise _refusal(op, op.loop, reason)


def _accumulate(reading: Reading, op: AccumulateOp) -> None:
    loop = op.loops[0]
    if reading.is_reduction(loop) or reading.nest.main.is_parallel:
        raise _refusal(op, loop, "a row of accumulators runs along a parallel loop of an op that reduces")
    reading.row = loop


def _dot(reading: Reading, op: DotOp) -> None:
    loop = op.loops[0]
    if not reading.is_reduction(loop) or reading.step[loop] != 1:
        raise _refusal(op, loop, "pairs are neighbours along a reduction")
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
}


def _refusal(op: Operation, loop: SSAValue, reason: str) -> StepwellError:
    return StepwellError(f"{op.name}: {_name(loop)}: {reason}", op)


def _name(loop: SSAValue) -> str:
    return f"%{loop.name_hint}" if loop.name_hint else "a loop"


def _plan(reading: Reading, where: Operation) -> Plan:
    """The plan, if the loops stand in an order that the emitter has. `where`: the op that put them in this order."""
    order, row, vector, unrolled = reading.order, reading.row, reading.vector, reading.unrolled
    for loop in (vector, row):
        if loop is not None and loop in unrolled:
            raise _refusal(where, loop, "it is unrolled, and in lanes or accumulated along: one of the two")
    if row is not None and (vector is not None or reading.shared):
        raise _refusal(where, row, "a row that is accumulated in memory leaves no lanes and nothing to share")
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
            raise _refusal(where, b, _misplaced(reading, a, b))
    if row is not None and tile:
        raise _refusal(where, tile[0], "a nest that accumulates a row in memory has no tile in registers")
    for loop in chunk:
        if loop not in unrolled:
            raise _refusal(where, loop, "a reduction inside of the row that is accumulated must be unrolled")
    for loop in reading.shared:
        if loop not in outer:
            raise _refusal(where, loop, "threads share loops that run, not what is unrolled or in lanes")
    dims = [reading.dim[loop] for loop in (*tile, *([] if vector is None else [vector]))]
    if len(set(dims)) != len(dims):
        raise _refusal(where, tile[-1], "two parts of one loop are unrolled or in lanes")
    for loop in dot:
        _check_dot(reading, loop, where)
    tiles = _tiles(reading, dot[0], tile, where) if reading.amx else None
    if vector is not None and not dot:
        lanes = reading.dim[vector]
        if any(in_pairs(reading.nest.main, a, lanes) for a in reading.nest.main.inputs):
            raise _refusal(where, vector, "a factor is packed in pairs, which schedule.dot multiplies")
    _check_size(reading, where)
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
    if not reading.amx and (_iterations(reading, loop) != group or reading.nest.main.extents[dim] % group):
        many = "two iterations, and a loop of an even number of them" if group == 2 else "four, of a multiple of four"
        raise _refusal(where, loop, f"schedule.dot takes {many}")
    if vector is not None and reading.lanes not in DOT_LANES:
        raise _refusal(where, loop, f"schedule.dot is for 4, 8 or 16 lanes, not {reading.lanes}")
    reason = why_no_dot(reading.nest.main, dim, None if vector is None else reading.dim[vector])
    if reason is not None:
        raise _refusal(where, loop, f"schedule.dot: {reason}")


def _tiles(reading: Reading, loop: SSAValue, rows: Sequence[SSAValue], where: Operation) -> Tiles:
    """The tiles of AMX in which pairs along `loop` are multiplied, `rows` the loops that are written out."""
    vector, main = reading.vector, reading.nest.main
    depth = _iterations(reading, loop)
    if vector is None or reading.lanes != TILE_LANES or len(rows) != 1 or reading.turned is not None:
        raise _refusal(where, loop, f"tiles of amx are of one unrolled loop and one in {TILE_LANES} lanes")
    if depth < 2 or depth % 2 or depth > 2 * TILE_LANES or main.extents[reading.dim[loop]] % depth:
        raise _refusal(where, loop, "tiles of amx take an even number of iterations, up to 32, that divides the loop's")
    down, across = (ceil(_iterations(reading, of) / TILE_LANES) for of in (rows[0], vector))
    if _iterations(reading, rows[0]) % down:
        raise _refusal(where, rows[0], f"its iterations do not fill {down} tiles of amx of one size")
    if down * across + down + across > MOST_TILES:
        raise _refusal(where, loop, f"{down} by {across} sums and their factors are more than the {MOST_TILES} of amx")
    reason = why_no_tiles(main, reading.dim[loop], reading.dim[vector], reading.dim[rows[0]])
    if reason is not None:
        raise _refusal(where, loop, f"schedule.dot by amx: {reason}")
    return Tiles(_iterations(reading, rows[0]) // down, depth)


def _misplaced(reading: Reading, a: SSAValue, b: SSAValue) -> str:
    """Why loop `b` cannot stand outside of `a`."""
    if b is reading.dot:
        return f"pairs are multiplied innermost, but {_name(a)} is inside of them"
    if b is reading.vector:
        return f"the loop in lanes must be the innermost, but {_name(a)} is inside of it"
    if reading.is_reduction(b):
        return f"a reduction cannot run outside of {_name(a)}: unroll that loop, or accumulate along it"
    return f"it must be inside of {_name(a)}, which runs"


MOST_WRITTEN_OUT = 1024
"""More iterations than this are not written out: the code would fit no cache, and take minutes to compile."""


def _check_size(reading: Reading, where: Operation) -> None:
    count = prod(_iterations(reading, loop) for loop in reading.unrolled)
    if reading.vector is not None:
        count *= ceil(_iterations(reading, reading.vector) / reading.lanes)
    if count > MOST_WRITTEN_OUT:
        raise StepwellError(
            f"{where.name}: {count} iterations would be written out at once, more than {MOST_WRITTEN_OUT}",
            where,
            "tile the loops that are unrolled or in lanes",
        )


def _iterations(reading: Reading, loop: SSAValue) -> int:
    """How many iterations a loop has in a whole tile of the loops around it."""
    dim, step = reading.dim[loop], reading.step[loop]
    around = [reading.step[o] for o in reading.order if reading.dim[o] == dim and reading.step[o] > step]
    return ceil(min([reading.nest.main.extents[dim], *around]) / step)
