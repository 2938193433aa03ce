"""Which sums of products the tensor cores of a GPU make, and by which tiles.

    %i_b, %i_x = schedule.tile %i by 128             a block has 2 x 4 warps, of 64 x 32 results each
    %i_w, %i_f = schedule.tile %i_x by 64
    ...
    schedule.cache [1] input 0 at %r_o stages 2 ...  and 32 terms of the sum in memory at a time
    schedule.mma rows %i_f columns %j_f sums %r_i as f16

Rows move the first factor of a product, columns the other one; a convolution's rows are the pixels of its result, two
loops where these are not one. What moves both, a batch, is blocks. What is chosen takes the least time by this model,
in cycles of a multiprocessor: for one step of a block, the longest of what its products take, its reads from memory of
the block, its copies from the second-level cache, and the time until the first of those is there, shared by the steps
that are copied ahead, plus a barrier (where there is no room for two copies of the tiles, products wait for copies); as
often as there are steps, and as there are blocks for each multiprocessor. Rates are those of NVIDIA's whitepaper "A100
Tensor Core GPU Architecture" (table 1, and "A100 SM architecture"); tiles of this kind: NVIDIA, CUTLASS, "Efficient
GEMM in CUDA". Nothing here was measured on a GPU.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from math import ceil, prod

from stepwell.dialects.nvgpu import COPIED, SHAPES
from stepwell.dialects.schedule import BindOp, CacheOp, MmaOp, NestOp, ReorderOp
from stepwell.passes.linalg_to_loops.access import Stage
from stepwell.passes.linalg_to_loops.block_plan import Cache, moves
from stepwell.passes.linalg_to_loops.block_tiles import most_at_once
from stepwell.passes.linalg_to_loops.mma_plan import HALF, KINDS, LEFT, RIGHT, WARP, kind_of
from stepwell.passes.loops_to_llvm.memory import element_bytes
from xdsl.ir import Operation, SSAValue

from .blocks import SMALL, WIDEST, Limits, Saying

PRODUCT = 2
"""Cycles of a fragment's products: 16 x 8 x 16 at 1024 a cycle of f16, 16 x 8 x 8 at 512 of tf32. Four tensor cores
make them, one for each of four warps."""
CORES = 4
READ, FETCHED = 128, 48
"""Bytes of memory of the block, and of the second-level cache (5120 for 108 multiprocessors), in a cycle."""
LATENCY, BARRIER = 250, 30
"""Cycles until what is read from the second-level cache is there; of a barrier of all warps."""
WASTE = 4
"""Of so many products one must be of the problem: tensor cores make at least 8 times as many as ordinary arithmetic."""
WARPS = (1, 2, 4)
ROWS = (8, 16, 32, 64)
"""Neighbours of a warp along the last loop of its rows, and of its columns."""
LINES = (1, 2, 4, 8)
"""Of a warp along the loop of rows around that."""
TERMS = (16, 32, 48, 64)


@dataclass(frozen=True)
class MmaTile:
    """`sides`: of each loop of rows and columns so many warps, and so many iterations of each. `rows`, `columns`: these
    loops, the last fastest. `terms`: of the sum `along` so many at a time. `caches`: how both factors are copied.
    `double`: two copies; `stages`: so many, by the device."""

    sides: Mapping[int, tuple[int, int]]
    rows: tuple[int, ...]
    columns: tuple[int, ...]
    along: int
    terms: int
    kind: str
    caches: tuple[Cache, ...] = ()
    double: bool = False
    stages: int = 0

    @property
    def warps(self) -> int:
        return prod(warps for warps, _ in self.sides.values())

    def of_block(self, dims: Sequence[int]) -> int:
        return prod(prod(self.sides[d]) for d in dims)

    def of_warp(self, dims: Sequence[int]) -> int:
        return prod(self.sides[d][1] for d in dims)


def mma_tile(main: Stage, limits: Limits, kinds: Sequence[str]) -> MmaTile | None:
    """The best tile of a sum of products that tensor cores make, of one of the `kinds` that may be; None where they
    would not."""
    kind = kind_of(main)
    if kind not in kinds or kind is None or prod(main.extents) < SMALL:
        return None
    found: tuple[float, int, MmaTile] | None = None
    for tile in tiles_of(main, kind, limits):
        tile = with_copies(main, tile, limits)
        size = sum(copied(main, tile, cache) for cache in tile.caches)
        if size > limits.workgroup or prod(main.extents) * WASTE < made(main, tile):
            continue
        time = time_of(main, tile, limits), blocks_of(main, tile) * size
        if found is None or time < found[:2]:
            found = *time, tile
    return None if found is None else found[2]


def tiles_of(main: Stage, kind: str, limits: Limits) -> Iterator[MmaTile]:
    """The tiles that a block may have."""
    left, right = main.inputs
    parallel = [d for d, reduced in enumerate(main.reduction) if not reduced]
    rows = [d for d in parallel if moves(left, d) and not moves(right, d)][-2:]
    columns = [d for d in parallel if moves(right, d) and not moves(left, d)][-1:]
    sums = [d for d, reduced in enumerate(main.reduction) if reduced and moves(left, d) and moves(right, d)]
    if not (rows and columns and sums):
        return
    shape = SHAPES[KINDS[kind], kind == "tf32"]
    along = sums[-1]
    around = [list(product(WARPS, LINES)) for _ in rows[:-1]]
    most = min(limits.block, WIDEST) // WARP
    for *outer, row, column in product(*around, product(WARPS, ROWS), product(WARPS, ROWS)):
        sides = dict(zip((*rows, *columns), (*outer, row, column), strict=True))
        results = prod(n for _, n in sides.values())
        if prod(w for w, _ in sides.values()) > most or results > limits.registers * WARP:
            continue
        if prod(sides[d][1] for d in rows) % shape[0] or any(is_beyond(main, d, *side) for d, side in sides.items()):
            continue
        for terms in TERMS:
            if terms == min(TERMS) or terms < 2 * main.extents[along]:
                yield MmaTile(sides, tuple(rows), tuple(columns), along, terms, kind)


def is_beyond(main: Stage, dim: int, warps: int, each: int) -> bool:
    """Whether some of the warps would have nothing to do, or half of a tile would not be there."""
    side, extent = warps * each, main.extents[dim]
    return (warps > 1 and (warps - 1) * each >= extent) or (side > 2 * HALF and side >= 2 * extent)


def with_copies(main: Stage, tile: MmaTile, limits: Limits) -> MmaTile:
    """`tile` with how its factors are copied: in as many stages as there is room for, where the device can copy them by
    itself; else by registers, an element at a time where it is of 16 bits."""
    caches = tuple(cache_of(main, tile, n, limits) for n in (LEFT, RIGHT))
    size = sum(copied(main, tile, cache) for cache in caches)
    at_once = {cache.by * element_bytes(main.inputs[cache.input].element) for cache in caches}
    if at_once <= {*COPIED}:
        for stages in range(limits.stages, 1, -1):
            if stages * size <= limits.workgroup:
                return replace(tile, caches=caches, stages=stages)
    caches = tuple(replace(cache, by=1) for cache in caches)
    return replace(tile, caches=caches, double=2 * size <= limits.workgroup)


def cache_of(main: Stage, tile: MmaTile, factor: int, limits: Limits) -> Cache:
    """How a factor is copied: rows of the sum lie as they are, and as many neighbours are moved at once as can be. What
    is left out behind a row makes 8 rows fall into different banks: 16 bytes, or 8 elements of tf32 whose rows are not
    of the sum."""
    access = main.inputs[factor]
    size, straight = element_bytes(access.element), access.at.strides[tile.along] == 1
    sides = {d: prod(side) for d, side in tile.sides.items()} | {tile.along: tile.terms}
    dim = next((d for d, side in sides.items() if access.at.strides[d] == 1 and side > 1), None)
    most, by = 1 if dim is None else most_at_once(access, main.extents, dim, sides[dim]), 1
    while by * size < limits.vector and most % (2 * by) == 0:
        by *= 2
    return Cache(factor, COPIED[-1] // size if straight else HALF, by, straight)


def copied(main: Stage, tile: MmaTile, cache: Cache) -> int:
    """Bytes of the tile of a factor."""
    side = tile.of_block(tile.rows if cache.input == LEFT else tile.columns)
    row, count = (tile.terms, side) if cache.straight else (side, tile.terms)
    return count * (row + cache.pad) * element_bytes(main.inputs[cache.input].element)


def blocks_of(main: Stage, tile: MmaTile) -> int:
    sides = (
        (extent, prod(tile.sides.get(d, (1, 1)))) for d, extent in enumerate(main.extents) if not main.reduction[d]
    )
    return prod(ceil(extent / side) for extent, side in sides)


def steps_of(main: Stage, tile: MmaTile) -> int:
    steps = [e for d, e in enumerate(main.extents) if main.reduction[d] and d != tile.along]
    return prod(steps) * ceil(main.extents[tile.along] / tile.terms)


def made(main: Stage, tile: MmaTile) -> int:
    """Products that are made, those included that are of no use."""
    side = tile.of_block((*tile.rows, *tile.columns))
    return blocks_of(main, tile) * steps_of(main, tile) * side * tile.terms


def time_of(main: Stage, tile: MmaTile, limits: Limits) -> float:
    """Cycles of a multiprocessor, as the page above says."""
    size = element_bytes(main.inputs[LEFT].element)
    shape = SHAPES[KINDS[tile.kind], tile.kind == "tf32"]
    rows, columns = tile.of_warp(tile.rows), tile.of_warp(tile.columns)
    fragments = tile.warps * rows * columns * tile.terms / prod(shape)
    products = PRODUCT * fragments * CORES / min(CORES, tile.warps)
    read = tile.warps * (rows + columns) * tile.terms * size / READ
    fetched = (tile.of_block(tile.rows) + tile.of_block(tile.columns)) * tile.terms * size / FETCHED
    computed, ahead = max(products, read), max(tile.stages - 1, 1)
    if tile.double or tile.stages:
        step = max(computed, fetched, LATENCY / ahead) + BARRIER
    else:
        step = computed + max(fetched, LATENCY) + 2 * BARRIER
    return steps_of(main, tile) * step * ceil(blocks_of(main, tile) / max(limits.threads // WIDEST, 1))


def mma_ops(nest: NestOp, main: Stage, tile: MmaTile, number: int) -> list[Operation]:
    """What `tile` says, as ops. `number`: of the main linalg op."""
    say = Saying()
    blocks: list[SSAValue] = []
    warps: list[SSAValue] = []
    fragments: dict[int, SSAValue] = {}
    for d, loop in enumerate(nest.loops):
        if main.reduction[d]:
            continue
        many, each = tile.sides.get(d, (1, 1))
        whole = loop
        if many * each == 1:
            blocks.append(loop)
            continue
        if many * each != main.extents[d]:
            block, whole = say.tile(loop, many * each, "bx")
            blocks.append(block)
        if many > 1 and each > 1:
            warp, whole = say.tile(whole, each, "wf", loop)
            warps.append(warp)
        if each > 1:
            fragments[d] = whole
        else:
            warps.append(whole)
    outer: list[SSAValue] = [nest.loops[d] for d, reduced in enumerate(main.reduction) if reduced and d != tile.along]
    around, terms = say.tile(nest.loops[tile.along], tile.terms, "oi")
    outer.append(around)
    rows, columns = ([fragments[d] for d in dims if d in fragments] for dims in (tile.rows, tile.columns))
    say.ops.append(ReorderOp([*blocks, *warps, *outer, *rows, *columns, terms]))
    if blocks:
        say.ops.append(BindOp(blocks, "block"))
    if warps:
        say.ops.append(BindOp(warps, "warp"))
    for cache in tile.caches:
        how = {"by": cache.by, "straight": cache.straight, "pad": cache.pad}
        say.ops.append(CacheOp(number, cache.input, around, double=tile.double, stages=tile.stages, **how))
    say.ops.append(MmaOp(rows, columns, [terms], tile.kind))
    return say.ops
