"""The register tile of a short reduction that reads vectors only: a depthwise convolution, a pool.

    schedule.reorder %i_o, %j_o, %k_o, %r, %s, %i_i, %j_i, %k_i      2 rows by 4 columns of results are in registers,
    schedule.unroll %r, %s, %i_i, %j_i                               4 x 6 vectors of the input are read for them

All steps are written out, so that what several results of the tile read is read once. Such a loop waits for the caches:
a vector is used a few times only, and none of it stays in the first level from one row of tiles to the next. So the
tile is the one that reads the fewest lines for a result, and the loop in lanes is the innermost one that runs, so that
neighbours in memory follow each other. Measured on Zen 4, in MobileNets: 3x3 depthwise convolutions take 5 to 45 % less
time in tiles of 2x4 than in rows of 8. With the lanes outside, where weights would stay in registers, they take up to
60 % more, most where pixels are a power of two apart: loads then look like the stores just before them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from math import ceil, prod

from stepwell.passes.linalg_to_loops.access import Access, Stage

from .cpu import Cpu, pieces

TILE_PRODUCTS = 75  # products that are written out in a tile, so that compiling stays quick
MISS = 2.0  # cycles of a vector that comes from the second-level cache
VARIANT_COST = 0.03  # of the time, for each smaller tile at an edge: code that has to be compiled and fetched


def window_tile(main: Stage, v: int, lanes: int, cpu: Cpu) -> tuple[tuple[int, ...], dict[int, int], int]:
    """(the parallel loops, outermost first; how many iterations of some are in a tile; how many vectors along `v`)."""
    parallel = [d for d, reduced in enumerate(main.reduction) if not reduced and d != v]
    steps = [range(e) if reduced else range(1) for e, reduced in zip(main.extents, main.reduction, strict=True)]
    reads = [a for a in main.inputs if a.at.strides[v]]
    points = list(product(*steps))
    most = max(min(TILE_PRODUCTS // len(points), cpu.registers // 2), 1)
    last = parallel[-2:]
    if not last:
        return (v,), {}, cpu.vectors or min(ceil(main.extents[v] / lanes), most)
    known: dict[tuple[int, ...], int] = {}

    def loads(sizes: tuple[int, ...]) -> int:
        if sizes not in known:
            known[sizes] = sum(lines(a, dict(zip(last, sizes, strict=True)), points) for a in reads)
        return known[sizes]

    def cycles(sizes: tuple[int, ...]) -> tuple[float, int]:
        total, variants = 0.0, 0
        for parts in product(*(pieces(main.extents[d], size) for d, size in zip(last, sizes, strict=True))):
            edge, times = tuple(size for size, _ in parts), prod(count for _, count in parts)
            total += times * (prod(edge) * len(points) / cpu.fmas + loads(edge) * MISS)
            variants += 1
        return total * (1 + VARIANT_COST * variants), -prod(sizes)

    choices = [range(1, min(main.extents[d], most) + 1) for d in last]
    if cpu.unroll:
        choices = [range(1, 2)] * (len(last) - 1) + [range(cpu.unroll, cpu.unroll + 1)]
    sizes = min((s for s in product(*choices) if prod(s) <= most or cpu.unroll), key=cycles)
    return (*parallel, v), dict(zip(last, sizes, strict=True)), cpu.vectors or 1


def lines(a: Access, tile: Mapping[int, int], points: Sequence[tuple[int, ...]]) -> int:
    """How many different vectors of `a` a tile reads in all steps of the reduction."""
    here = {sum(s * i for s, i in zip(a.at.strides, point, strict=True)) for point in points}
    for d, count in tile.items():
        here = {at + a.at.strides[d] * n for at in here for n in range(count)}
    return len(here)
