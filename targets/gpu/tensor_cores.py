"""Which sums of products the tensor cores of a GPU make, and by which tiles.

    %i_b, %i_x = schedule.tile %i by 128             a block has 2 x 4 warps, of 64 x 32 results each
    %i_w, %i_f = schedule.tile %i_x by 64
    ...
    schedule.cache [1] input 0 at %r_o double pad 8  and 32 terms of the sum in memory at a time
    schedule.mma rows %i_f columns %j_f sums %r_i as f16

Rows move the first factor of a product, columns the other one; a convolution's rows are the pixels of its result, two
loops where these are not one. What moves both, a batch, is blocks. What is chosen takes the least time by this model,
in cycles of a multiprocessor: for one step of a block, the longest of what its products take, its reads from memory of
the block, its copies from the second-level cache, and the time until the first of those is there, plus a barrier (where
there is no room for two copies of the tiles, products wait for copies); as often as there are steps, and as there are
blocks for each multiprocessor. Rates are those of NVIDIA's whitepaper "A100 Tensor Core GPU Architecture" (table 1, and
"A100 SM architecture"); tiles of this kind: NVIDIA, CUTLASS, "Efficient GEMM in CUDA". Nothing here was measured on a
GPU.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from math import ceil, prod

from stepwell.dialects.nvgpu import SHAPES
from stepwell.dialects.schedule import BindOp, CacheOp, MmaOp, NestOp, ReorderOp
from stepwell.passes.linalg_to_loops.access import Access, Stage
from stepwell.passes.linalg_to_loops.block_plan import moves
from stepwell.passes.linalg_to_loops.mma_plan import HALF, KINDS, LEFT, RIGHT, WARP, kind_of
from stepwell.passes.loops_to_llvm.memory import element_bytes
from xdsl.ir import Operation, SSAValue

from .blocks import SMALL, WIDEST, Limits, Saying

PRODUCT = 2
"""Cycles of a fragment's products: 16 x 8 x 16 at 1024 a cycle of f16, 16 x 8 x 8 at 512 of tf32. Four tensor cores
make them, one for each of four warps."""
CORES = 4
READ, COPIED = 128, 48
"""Bytes of memory of the block, and of the second-level cache (5120 for 108 multiprocessors), in a cycle."""
LATENCY, BARRIER = 250, 30
"""Cycles until what is read from the second-level cache is there; of a barrier of all warps."""
WASTE = 4
"""Of so many products one must be of the problem: tensor cores make at least 8 times as many as ordinary arithmetic."""
WARPS = (1, 2, 4, 8)
ROWS = (8, 16, 32, 64)
"""Neighbours of a warp along the last loop of its rows, and of its columns."""
LINES = (1, 2, 4, 8)
"""Of a warp along the loop of rows around that."""
TERMS = (16, 32, 48, 64)


@dataclass(frozen=True)
class MmaTile:
    """`sides`: of each loop of rows and columns so many warps, and so many iterations of each. `rows`, `columns`: these
    loops, the last fastest. `terms`: of the sum `along` so many at a time. `pads`: of the inputs. `double`: two
    copies."""

    sides: Mapping[int, tuple[int, int]]
    rows: tuple[int, ...]
    columns: tuple[int, ...]
    along: int
    terms: int
    kind: str
    pads: tuple[int, int]
    double: bool = False

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
        size = sum(copied(main, tile, n) for n in (LEFT, RIGHT))
        if size > limits.workgroup or prod(main.extents) * WASTE < made(main, tile):
            continue
        tile = replace(tile, double=2 * size <= limits.workgroup)
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
    pads = pad_of(left, along, kind), pad_of(right, along, kind)
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
                yield MmaTile(sides, tuple(rows), tuple(columns), along, terms, kind, pads)


def is_beyond(main: Stage, dim: int, warps: int, each: int) -> bool:
    """Whether some of the warps would have nothing to do, or half of a tile would not be there."""
    side, extent = warps * each, main.extents[dim]
    return (warps > 1 and (warps - 1) * each >= extent) or (side > 2 * HALF and side >= 2 * extent)


def pad_of(access: Access, along: int, kind: str) -> int:
    """What is left out behind a row, so that 8 rows fall into different banks: 16 bytes, or 8 elements of tf32 whose
    rows are not along the sum."""
    return 4 if kind == "tf32" and access.at.strides[along] == 1 else HALF


def copied(main: Stage, tile: MmaTile, factor: int) -> int:
    """Bytes of the tile of a factor."""
    access = main.inputs[factor]
    side = tile.of_block(tile.rows if factor == LEFT else tile.columns)
    row, count = (tile.terms, side) if access.at.strides[tile.along] == 1 else (side, tile.terms)
    return count * (row + tile.pads[factor]) * element_bytes(access.element)


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
    fetched = (tile.of_block(tile.rows) + tile.of_block(tile.columns)) * tile.terms * size / COPIED
    computed, fetched = max(products, read), max(fetched, LATENCY)
    step = max(computed, fetched) + BARRIER if tile.double else computed + fetched + 2 * BARRIER
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
    pads = zip((LEFT, RIGHT), tile.pads, strict=True)
    say.ops += [CacheOp(number, n, around, double=tile.double, pad=pad) for n, pad in pads]
    say.ops.append(MmaOp(rows, columns, [terms], tile.kind))
    return say.ops
