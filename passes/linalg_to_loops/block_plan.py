"""How a nest is shared by the blocks and the threads of a GPU: what a schedule says, in the terms of `block_emit.py`.

    %i_b, %i_x = schedule.tile %i by 64              blocks = (Part(i, 64, 8),)
    %i_i, %i_t = schedule.tile %i_x by 16            threads = (Part(i, 1, 16),), registers = (Part(i, 16, 4),)
    %r_o, %r_i = schedule.tile %r by 16              steps = (Part(r, 16, 8),), inner = (Part(r, 1, 16),)
    schedule.reorder %i_b, %i_t, %r_o, %r_i, %i_i
    schedule.bind %i_b to block
    schedule.bind %i_t to thread
    schedule.cache [1] input 0 at %r_o
    schedule.unroll %i_i

Blocks are outermost, threads inside of them; in a thread run parallel loops that are neither, then reductions, then
what is unrolled. A loop inside of a tile may stand outside of the tile's own: above, the four results of a thread are
16 rows apart, and neighbouring threads have neighbouring rows.

At an edge all threads go on, so that all meet at barriers: what is not there is read at the last place that is, and
not stored.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import prod

from stepwell.diagnostics import StepwellError
from stepwell.dialects.schedule import CacheOp
from xdsl.dialects import arith
from xdsl.ir import Operation, SSAValue

from .access import Access, Stage
from .block_parts import Part
from .body import combiner_of
from .mma_plan import WARP, Fragments, check_bound, fragments_of
from .plan import products_of
from .reading import Reading, check_size, iterations, name_of, refusal


@dataclass(frozen=True)
class Cache:
    """Input `input` of the main stage, in memory of the block. `pad`: elements that are left out behind each row. `by`:
    neighbours that a thread moves at once. `straight`: rows lie as in the device's memory."""

    input: int
    pad: int = 0
    by: int = 1
    straight: bool = False


@dataclass(frozen=True)
class BlockPlan:
    """`runs`: parallel loops that each thread runs. `steps`: reduction loops around a step, whose copies are made at
    its start; `inner`: those inside of it. `registers`: parallel loops that are written out. `unrolled`: those of
    `inner` that are written out, too. `double`: each copy is there twice; `stages`: so often, and copied
    by the device, not by registers (0: it is not). `split`: so many threads share a reduction,
    `split_step` apart from each other; 0 where none do. `fragments`: what tensor cores make; `threads` are warps
    then."""

    blocks: tuple[Part, ...]
    threads: tuple[Part, ...]
    runs: tuple[Part, ...] = ()
    steps: tuple[Part, ...] = ()
    inner: tuple[Part, ...] = ()
    registers: tuple[Part, ...] = ()
    unrolled: frozenset[Part] = frozenset()
    caches: tuple[Cache, ...] = ()
    double: bool = False
    stages: int = 0
    split: int = 0
    split_step: int = 1
    fragments: Fragments | None = None

    @property
    def multiplied(self) -> tuple[Part, ...]:
        """The loops that tensor cores run."""
        return () if self.fragments is None else self.fragments.parts

    @property
    def parts(self) -> tuple[Part, ...]:
        return (*self.blocks, *self.threads, *self.runs, *self.steps, *self.inner, *self.registers, *self.multiplied)

    @property
    def width(self) -> int:
        """The threads of a block."""
        return prod(part.count for part in self.threads) * (1 if self.fragments is None else WARP)

    @property
    def copies(self) -> int:
        """How often each tile is there."""
        return self.stages or (2 if self.double else 1)

    @property
    def tiled(self) -> tuple[Part, ...]:
        """The loops inside of a step: a copy holds what all of their iterations need."""
        return (*self.threads, *self.inner, *self.registers, *self.multiplied)

    def covers(self, dim: int) -> int:
        """So many iterations of loop `dim` are run, those included that are not there."""
        return 1 + sum(part.reach for part in self.parts if part.dim == dim)

    def tile(self, dim: int) -> int:
        """How many iterations of loop `dim` a copy spans."""
        return 1 + sum(part.reach for part in self.tiled if part.dim == dim)


BLOCK, THREAD, RUN, STEP, INNER, REGISTER, FRAGMENT = range(7)
NAMES = (
    "the blocks",
    "the threads",
    "a parallel loop that runs",
    "a reduction",
    "a reduction",
    "what is unrolled",
    "what tensor cores run",
)


def block_plan(reading: Reading, where: Operation) -> BlockPlan:
    """The plan of a nest whose loops are bound. `where`: the op that put them in their order."""
    _check_ops(reading, where)
    at = _place_of_caches(reading)
    order = reading.order
    kinds = {loop: _kind(reading, loop, at) for loop in order}
    for a, b in pairwise(order):
        if kinds[a] > kinds[b]:
            raise refusal(where, b, f"{NAMES[kinds[b]]} cannot stand inside of {NAMES[kinds[a]]}, {name_of(a)}")
    if not any(kind in (THREAD, FRAGMENT) for kind in kinds.values()):
        raise StepwellError(f"{where.name}: no loop is bound to threads", where, "bind one of the nest's loops")
    check_size(reading, where)
    parts = {loop: Part(reading.dim[loop], reading.step[loop], _count(reading, loop)) for loop in order}
    for loop, part in parts.items():
        if part.count == 0:
            raise refusal(where, loop, "it has no iteration, which blocks and threads could not share")

    def of(kind: int) -> tuple[Part, ...]:
        return tuple(parts[loop] for loop in order if kinds[loop] == kind)

    split, split_step = _split(reading, of(THREAD), where)
    fragments = None if reading.mma is None else fragments_of(reading, reading.mma, parts)
    plan = BlockPlan(
        *(of(kind) for kind in (BLOCK, THREAD, RUN, STEP, INNER, REGISTER)),
        unrolled=frozenset(parts[loop] for loop in reading.unrolled if kinds[loop] == INNER),
        caches=tuple(
            Cache(op.operand_number, op.padding, op.at_once, op.straight is not None) for op in reading.caches
        ),
        double=any(op.double is not None for op in reading.caches),
        stages=max((op.in_flight for op in reading.caches), default=0),
        split=split,
        split_step=split_step,
        fragments=fragments,
    )
    for loop in order:
        _check_part(reading, plan, loop, parts, where)
    if reading.caches:
        _check_copies(reading, plan, reading.caches[0])
    return plan


def _count(reading: Reading, loop: SSAValue) -> int:
    """How many iterations a loop has: those of a fragment are all run, be they there or not."""
    if reading.mma is None or loop not in reading.mma.loops:
        return iterations(reading, loop)
    dim, step = reading.dim[loop], reading.step[loop]
    around = [reading.step[o] for o in reading.order if reading.dim[o] == dim and reading.step[o] > step]
    return min(around, default=reading.nest.main.extents[dim]) // step


def _check_ops(reading: Reading, where: Operation) -> None:
    given = {"lanes": reading.vector, "a row in memory": reading.row, "schedule.dot": reading.dot}
    for what, loop in given.items():
        if loop is not None:
            raise refusal(where, loop, f"a nest of blocks and threads has no {what}")
    for loop in reading.shared:
        raise refusal(where, loop, "it is in schedule.parallel, and the nest's loops are bound: one of the two")
    check_bound(reading, reading.mma)
    for loop in reading.unrolled if reading.mma is not None else ():
        raise refusal(
            reading.mma or where, loop, "it is unrolled: the results of a nest are in fragments, or in registers"
        )
    for loop, op in reading.bound.items():
        if loop in reading.unrolled:
            raise refusal(op, loop, "it is unrolled: a bound loop is run by blocks or threads")
        if reading.is_reduction(loop) and op.level.data == "block":
            raise refusal(op, loop, "blocks do not wait for each other, and all of its iterations add to one result")


def _kind(reading: Reading, loop: SSAValue, at: SSAValue | None) -> int:
    if loop in reading.bound:
        return BLOCK if reading.bound[loop].level.data == "block" else THREAD
    if reading.mma is not None and loop in reading.mma.loops:
        return FRAGMENT
    if not reading.is_reduction(loop):
        return REGISTER if loop in reading.unrolled else RUN
    inside = at is None or reading.order.index(loop) > reading.order.index(at)
    return INNER if inside else STEP


def _place_of_caches(reading: Reading) -> SSAValue | None:
    """The loop in whose iterations copies are made."""
    at: SSAValue | None = None
    for op in reading.caches:
        if at is not None and op.loop is not at:
            raise refusal(op, op.loop, f"another input is cached at {name_of(at)}: all are at one loop")
        at = op.loop
        if not reading.is_reduction(at) or at in reading.bound or at in reading.unrolled:
            raise refusal(op, at, "an input is cached in the iterations of a reduction that runs")
        if op.number != reading.number:
            raise refusal(op, at, f"the linalg op of its nest that is computed in registers is {reading.number}")
        if op.operand_number >= len(reading.nest.main.inputs):
            raise refusal(op, at, f"linalg op {op.number} has {len(reading.nest.main.inputs)} inputs")
        if (op.double is None) != (reading.caches[0].double is None):
            raise refusal(op, at, "all inputs that are cached are double, or none")
        if op.in_flight != reading.caches[0].in_flight:
            raise refusal(op, at, "all inputs that are cached have as many stages")
    return at


def _check_part(
    reading: Reading, plan: BlockPlan, loop: SSAValue, parts: dict[SSAValue, Part], where: Operation
) -> None:
    part = parts[loop]
    inside = [p for p in plan.parts if p.dim == part.dim and p.step < part.step]
    if inside and part.step != max(p.step * p.count for p in inside):
        extent = reading.nest.main.extents[part.dim]
        if extent > part.step or part.step % max(p.step for p in inside):
            raise refusal(where, loop, "tiles inside of a tile of blocks and threads divide it")
    around = [p for p in plan.parts if p.dim == part.dim and p not in plan.tiled]
    if plan.caches and part in plan.tiled and any(p.step < part.step for p in around):
        raise refusal(where, loop, "what is cached is a tile: it cannot be a part of one that runs around it")


def _split(reading: Reading, threads: Sequence[Part], where: Operation) -> tuple[int, int]:
    """How many threads share a reduction, and how far they are apart. Refuses what cannot be shared."""
    main = reading.nest.main
    places = [n for n, part in enumerate(threads) if main.reduction[part.dim]]
    if not places:
        return 0, 1
    loop = next(loop for loop in reading.bound if reading.is_reduction(loop))
    count = prod(threads[n].count for n in places)
    if places != list(range(places[0], places[0] + len(places))):
        raise refusal(where, loop, "the threads that share a reduction are bound to loops that follow each other")
    if any(combiner_of(main, n) is None for n in range(len(main.outputs))):
        raise refusal(where, loop, "its reduction is not of the form old + value, whose parts could be combined")
    if count & (count - 1):
        raise refusal(where, loop, f"parts are combined in pairs: a power of two of threads, not {count}")
    if reading.caches:
        raise refusal(where, loop, "a reduction that threads share reads each element once: nothing to cache")
    return count, prod(part.count for part in threads[places[-1] + 1 :])


def _check_copies(reading: Reading, plan: BlockPlan, op: CacheOp) -> None:
    """Refuse copies in which zeros would stand for what is not there, where these change the result."""
    main = reading.nest.main
    ragged = [d for d, extent in enumerate(main.extents) if main.reduction[d] and plan.covers(d) > extent]
    if not ragged:
        return
    if not adds_products(main):
        reason = "its last tile is filled with zeros, which only a sum of products may add"
        raise refusal(op, op.loop, reason)
    cached = {cache.input for cache in plan.caches}
    for n, access in enumerate(main.inputs):
        if n not in cached and any(access.at.strides[d] for d in ragged):
            raise refusal(op, op.loop, f"input {n} is not cached, and has no last tile that could be filled with zeros")


def adds_products(main: Stage) -> bool:
    """Whether a stage adds products to its result of which zeros for inputs make zeros."""
    if main.body is None or len(main.outputs) != 1:
        return False
    found = products_of(main, arith.AddfOp, arith.MulfOp) | products_of(main, arith.AddiOp, arith.MuliOp)
    last = main.body.last_op
    if len(found) != 1 or last is None:
        return False
    ((total, product),) = found.items()
    arguments = dict(zip(main.body.args, main.inputs, strict=False))

    def is_input(value: SSAValue) -> bool:
        owner = value.owner
        if isinstance(owner, arith.ExtFOp | arith.ExtSIOp | arith.ExtUIOp):
            return is_input(owner.input)
        return value in arguments

    return list(last.operands) == list(total.results) and all(map(is_input, product.operands))


def moves(access: Access, dim: int) -> bool:
    return access.at.strides[dim] != 0
