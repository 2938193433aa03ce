"""Which sums of products the threads of a block compute together, and by which tiles.

    %i_b, %i_x = schedule.tile %i by 64              a block has 16 x 16 threads, of 4 x 4 results each
    %i_i, %i_t = schedule.tile %i_x by 16
    ...
    schedule.cache [1] input 0 at %r_o               and 16 steps of the sum in memory at a time

Tiles of the inputs are copied to memory of the block. Of a step of the sum, a thread with u by v results makes u * v
products of u + v loads from there; a block with m by n results copies m + n elements from the device's memory. What is
chosen takes the least time by this model: a product takes 1; a load from memory of the block 4, for its 32 banks serve
32 loads in the time of 128 products (NVIDIA, "CUDA C++ Programming Guide", throughput of native arithmetic
instructions); one from the device's memory, that is, its second-level cache, 16; and threads beyond those that the
device runs at a time wait. Tiles of this kind: Volkov and Demmel, "Benchmarking GPUs to tune dense linear algebra", SC
2008. Nothing here was measured on a GPU.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from math import ceil, prod

from stepwell.dialects.nvgpu import COPIED
from stepwell.dialects.schedule import BindOp, CacheOp, NestOp, ReorderOp, TileOp, UnrollOp
from stepwell.passes.linalg_to_loops.access import Access, Stage
from stepwell.passes.linalg_to_loops.block_plan import Cache, adds_products, moves
from stepwell.passes.linalg_to_loops.block_tiles import most_at_once
from stepwell.passes.loops_to_llvm.memory import element_bytes
from xdsl.ir import Operation, SSAValue

SMALL = 1 << 16
"""Of fewer products than this, each thread computes one sum: what is copied would be used too little."""
STEP = 16
"""Steps of a sum whose elements are in memory of the block at a time: more leave it to fewer blocks."""
SHARED, GLOBAL, BARRIER = 4, 16, 64
"""The time, in products, of a load from memory of the block, of one from the device's, and of a barrier."""
LEAST, NARROWEST = 32, 16
"""Threads of a block that is worth it, and neighbours along the last loop that read memory together."""
WIDEST = 256
"""Threads of a block at most: of a larger one all wait at each barrier, where another block could run."""
WORD = 4
"""Bytes of the elements of vectors that threads compute with; narrower ones only the device copies together."""
SIDES = (1, 2, 4, 8)
COUNTS = (1, 2, 4, 8, 16, 32, 64)


@dataclass(frozen=True)
class Limits:
    """What of a device says how large a block is: threads that it runs at a time, results that a thread keeps, threads
    of a block at most, bytes that they share (0: none), bytes that one of them moves at once (0: an element), stages
    of copies that the device makes by itself (0: it makes none), and bytes that an element takes at least."""

    threads: int
    registers: int
    block: int
    workgroup: int
    vector: int = 0
    stages: int = 0
    element: int = 1


@dataclass(frozen=True)
class BlockTile:
    """`sides`: of each parallel loop so many threads, and results of each. `steps`: of each reduction inside of a step
    so many iterations. `caches`: how each input is copied. `double`: two copies; `stages`: so many, by the device."""

    sides: Mapping[int, tuple[int, int]]
    steps: Mapping[int, int]
    caches: tuple[Cache, ...]
    double: bool
    stages: int = 0

    @property
    def width(self) -> int:
        return prod(threads for threads, _ in self.sides.values())


def block_tile(main: Stage, limits: Limits) -> tuple[float, BlockTile] | None:
    """The best tile of a sum of products, and its time; None where it has none."""
    if not adds_products(main) or main.body is None or prod(main.extents) < SMALL:
        return None
    parallel = [d for d, reduced in enumerate(main.reduction) if not reduced and main.extents[d] > 1]
    reused = [d for d in parallel if not all(moves(a, d) for a in main.inputs)][-3:]
    steps = steps_of(main)
    found: tuple[float, BlockTile] | None = None
    for sides in all_sides(main, reused, limits):
        if any(all(threads == 1 or moves(a, d) for d, (threads, _) in sides.items()) for a in main.inputs):
            continue  # an input that each thread uses for itself
        caches, size, stages = copies_of(main, sides, steps, limits)
        if size > limits.workgroup:
            continue
        tile = BlockTile(sides, steps, caches, not stages and 4 * size <= limits.workgroup, stages)
        time = time_of(main, tile, limits)
        if found is None or time < found[0]:
            found = time, tile
    return found


def steps_of(main: Stage) -> dict[int, int]:
    """How many iterations of which reductions one step has: of the innermost ones, as many as fit."""
    steps: dict[int, int] = {}
    left = STEP
    for d in (d for d in reversed(range(len(main.extents))) if main.reduction[d]):
        extent = main.extents[d]
        if extent <= left:
            steps[d] = extent
            left //= extent
            continue
        divisor = max(n for n in range(1, left + 1) if extent % n == 0)
        size = divisor if 2 * divisor >= left else left
        if size > 1:
            steps[d] = size
        break
    return steps


def all_sides(main: Stage, dims: Sequence[int], limits: Limits) -> Iterator[dict[int, tuple[int, int]]]:
    """The shapes that a block may have: of each loop so many threads, and results of a thread along it."""

    def along(d: int) -> list[tuple[int, int]]:
        extent = main.extents[d]
        few = NARROWEST if d == dims[-1] else 1
        sides = product(COUNTS, SIDES if d in dims[-2:] else (1,))
        fitting = [(t, u) for t, u in sides if t * u <= extent and t >= min(few, extent)]
        return [*fitting, (extent, 1)] if extent <= COUNTS[-1] and (extent, 1) not in fitting else fitting

    for chosen in product(*(along(d) for d in dims)):
        width = prod(t for t, _ in chosen)
        if LEAST <= width <= min(limits.block, WIDEST) and prod(u for _, u in chosen) <= limits.registers:
            yield dict(zip(dims, chosen, strict=True))


def copies_of(
    main: Stage, sides: Mapping[int, tuple[int, int]], steps: Mapping[int, int], limits: Limits
) -> tuple[tuple[Cache, ...], int, int]:
    """How the inputs are copied, to so many bytes, in so many stages; 0 where the device cannot copy by itself."""
    caches = tuple(cache_of(n, access, main, sides, steps, limits) for n, access in enumerate(main.inputs))
    size = sum(copied(main.inputs[cache.input], sides, steps, cache, limits) for cache in caches)
    at_once = {cache.by * element_bytes(main.inputs[cache.input].element) for cache in caches}
    if limits.stages and not (at_once <= {*COPIED} and limits.stages * size <= limits.workgroup):
        return copies_of(main, sides, steps, replace(limits, stages=0))
    return caches, size, limits.stages


def cache_of(
    number: int,
    access: Access,
    main: Stage,
    sides: Mapping[int, tuple[int, int]],
    steps: Mapping[int, int],
    limits: Limits,
) -> Cache:
    """How an input is copied: as many neighbours at once as a thread can move, in rows that lie as they do in the
    device's memory; else element by element, so that threads find what they read at the same time side by side."""
    dim = next((d for d, (size, _) in moving(access, sides, steps).items() if access.at.strides[d] == 1), None)
    size, by = element_bytes(access.element), 1
    if dim is not None and (size == WORD or limits.stages):
        most = most_at_once(access, main.extents, dim, moving(access, sides, steps)[dim][0])
        while by * size < limits.vector and most % (2 * by) == 0:
            by *= 2
    reduced = dim is not None and main.reduction[dim]
    straight = by > 1 and dim != innermost(access, sides, steps)
    return Cache(number, by if reduced else 0, by, straight)


def moving(
    access: Access, sides: Mapping[int, tuple[int, int]], steps: Mapping[int, int]
) -> dict[int, tuple[int, bool]]:
    """Of each loop that an input moves along inside of a step, so many iterations, and whether it is a reduction:
    outermost first as they lie in a tile that is not straight."""
    reductions = {d: (size, True) for d, size in sorted(steps.items())}
    parallel = {d: (t * u, False) for d, (t, u) in sorted(sides.items())}
    return {d: of for d, of in (reductions | parallel).items() if of[0] > 1 and moves(access, d)}


def innermost(access: Access, sides: Mapping[int, tuple[int, int]], steps: Mapping[int, int]) -> int | None:
    return next(reversed(moving(access, sides, steps)), None)


def tile_of(access: Access, sides: Mapping[int, tuple[int, int]]) -> int:
    """Elements of a tile for one iteration of the reductions."""
    return prod(t * u for d, (t, u) in sides.items() if moves(access, d))


def copied(
    access: Access, sides: Mapping[int, tuple[int, int]], steps: Mapping[int, int], cache: Cache, limits: Limits
) -> int:
    """Bytes of a tile."""
    sizes = moving(access, sides, steps)
    count = prod(size for size, _ in sizes.values())
    row = prod(
        size for d, (size, reduced) in sizes.items() if (access.at.strides[d] == 1 if cache.straight else not reduced)
    )
    return (count + cache.pad * count // row) * max(element_bytes(access.element), limits.element)


def time_of(main: Stage, tile: BlockTile, limits: Limits) -> float:
    """Of all threads that the device runs one after the other, in products."""
    sides, depth = tile.sides, prod(tile.steps.values())
    blocks = prod(
        ceil(extent / prod(sides.get(d, (1, 1)))) for d, extent in enumerate(main.extents) if not main.reduction[d]
    )
    steps = prod(ceil(extent / tile.steps.get(d, 1)) for d, extent in enumerate(main.extents) if main.reduction[d])
    results = prod(u for _, u in sides.values())
    step = float(BARRIER * (1 if tile.double or tile.stages else 2))
    for access in main.inputs:
        step += SHARED * depth * prod(u for d, (_, u) in sides.items() if moves(access, d))
        rows = prod(count for d, count in tile.steps.items() if moves(access, d))
        step += (GLOBAL + SHARED) * ceil(rows * tile_of(access, sides) / tile.width)
    return steps * (step + depth * results) * max(1.0, blocks * tile.width / limits.threads)


def flat_time(main: Stage, loads: float, results: int, limits: Limits) -> float:
    """The same where each thread computes `results` sums by itself, with so many loads for a product."""
    points = prod(e for e, reduced in zip(main.extents, main.reduction, strict=True) if not reduced)
    steps = prod(e for e, reduced in zip(main.extents, main.reduction, strict=True) if reduced)
    return steps * results * (1 + loads * GLOBAL) * max(1.0, points / results / limits.threads)


def block_ops(nest: NestOp, main: Stage, tile: BlockTile, number: int) -> list[Operation]:
    """What `tile` says, as ops. `number`: of the main linalg op."""
    say = Saying()
    blocks: list[SSAValue] = []
    threads: list[SSAValue] = []
    registers: list[SSAValue] = []
    outer: list[SSAValue] = []
    inner: list[SSAValue] = []
    for d, loop in enumerate(nest.loops):
        if main.reduction[d]:
            continue
        many, results = tile.sides.get(d, (1, 1))
        whole = loop
        if many * results == 1:
            blocks.append(loop)
            continue
        if many * results != main.extents[d]:
            block, whole = say.tile(loop, many * results, "bx")
            blocks.append(block)
        if many > 1 and results > 1:
            register, thread = say.tile(whole, many, "it", loop)
            registers.append(register)
            threads.append(thread)
        else:
            (threads if many > 1 else registers).append(whole)
    reductions = [d for d, reduced in enumerate(main.reduction) if reduced]
    cut = [d for d in reductions if tile.steps.get(d, 1) < main.extents[d]] or reductions[:1]
    for d in reductions:
        loop = nest.loops[d]
        if d in cut and d in tile.steps:
            around, within = say.tile(loop, tile.steps[d], "oi")
            outer.append(around)
            inner.append(within)
        else:
            (outer if d in cut else inner).append(loop)
    say.ops.append(ReorderOp([*blocks, *threads, *outer, *inner, *registers]))
    if blocks:
        say.ops.append(BindOp(blocks, "block"))
    say.ops.append(BindOp(threads, "thread"))
    for cache in tile.caches:
        how = {"by": cache.by, "straight": cache.straight, "pad": cache.pad}
        say.ops.append(CacheOp(number, cache.input, outer[-1], double=tile.double, stages=tile.stages, **how))
    if registers:
        say.ops.append(UnrollOp(registers))
    return say.ops


class Saying:
    """Ops of a schedule, as they are written."""

    def __init__(self) -> None:
        self.ops: list[Operation] = []

    def tile(self, loop: SSAValue, size: int, ends: str, of: SSAValue | None = None) -> tuple[SSAValue, SSAValue]:
        """The two loops that `loop` becomes, called after it, or after `of`."""
        op = TileOp(loop, size)
        for part, end in zip(op.results, ends, strict=True):
            part.name_hint = f"{(loop if of is None else of).name_hint}_{end}"
        self.ops.append(op)
        return op.outer, op.inner
