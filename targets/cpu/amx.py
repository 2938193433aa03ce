"""Which products of bf16 run in AMX's tiles, and how large these are.

A tile takes as many cycles as it has rows, 16 for 16 by 16 by 32 products: 512 a cycle, where the instruction on pairs
does 32 or 64 (Intel 64 and IA-32 Architectures Optimization Reference Manual, chapter 20). So what is lost at an edge
that falls to pairs is lost many times over, and the tiles are made to leave little: rows and depth are such as divide
the loops, if need be smaller than 16 and 32. All tiles of a kernel have the same shape, see `linalg_to_loops/tiles.py`.
"""

from __future__ import annotations

from dataclasses import replace
from math import ceil

from stepwell.passes.linalg_to_loops.nests import Nest
from stepwell.passes.linalg_to_loops.plan import TILE_LANES, Tiles

from .cpu import Cpu
from .tile import Tile, loop_order

MOST_ROWS, LEAST_ROWS = 16, 8
MOST_DEPTH, LEAST_DEPTH = 32, 16
PAIRS = 16  # rows that tiles multiply in the time that pairs take for one


def tile_rows(height: int) -> int:
    """The rows of a tile, of `height` in all, for the least time with those that are left over."""

    def time(rows: int) -> tuple[int, int]:
        tiles, left = divmod(height, rows)
        return tiles * MOST_ROWS + left * PAIRS, -rows

    return min(range(LEAST_ROWS, min(height, MOST_ROWS) + 1), key=time)


def tile_depth(extent: int) -> int | None:
    """How many iterations of a reduction of `extent` a tile takes: as many as divide it; None where that is few."""
    return next((n for n in range(MOST_DEPTH, LEAST_DEPTH - 1, -2) if extent % n == 0), None)


def in_tiles(nest: Nest, tile: Tile, cpu: Cpu) -> Tile | None:
    """`tile`, which multiplies pairs, with tiles of AMX instead: two by two of sums; None where that does not do.

    It holds once the factor that moves along the lanes is packed in pairs.
    """
    main, v, r = nest.main, tile.vector_dim, tile.pair_dim
    if not cpu.amx or tile.group != 2 or v is None or r is None or tile.lanes != TILE_LANES or len(tile.unroll) != 1:
        return None
    (u,) = tile.unroll
    depth = tile_depth(main.extents[r])
    if depth is None or main.extents[u] < LEAST_ROWS:
        return None
    rows = tile_rows(main.extents[u])
    down, across = min(main.extents[u] // rows, 2), min(ceil(main.extents[v] / TILE_LANES), 2)
    made = replace(tile, unroll={u: down * rows}, vectors=across, depth=depth)
    return replace(made, order=loop_order(main, made, cpu))


def shape_of(tile: Tile) -> Tiles:
    """The shape of AMX's tiles in a tile that `in_tiles` gave."""
    (rows,) = tile.unroll.values()
    return Tiles(rows // ceil(rows / MOST_ROWS), tile.depth)
