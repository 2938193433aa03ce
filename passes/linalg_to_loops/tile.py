"""The numbers of one nest: which loop runs in vector lanes, how many rows and vectors a register tile holds.

Everything that a schedule will say one day is in `Tile`; `choose_tile` is the rule that stands in for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, prod

from xdsl.dialects.builtin import FixedBitwidthType, i1

from .access import Access, Stage
from .body import body_fits, combiner_of
from .nests import Nest

REGISTERS = 32  # vector registers of AVX-512 and of NEON
FMAS_PER_CYCLE = 2
LOADS_PER_CYCLE = 2
LATENCY = 4  # cycles from one FMA to the next that needs its result
L1, L2 = 32 << 10, 512 << 10  # bytes of a cache that a nest may count on
UNROLL_LIMIT = 32  # reduction steps that are written out rather than looped over
SCALAR_UNROLL_LIMIT = 16
CHUNK = 4  # products that are added to an element of a row before it is stored again
TILE_OPS = 300  # ops of a tile's body, so that compiling stays quick


@dataclass(frozen=True)
class Tile:
    """How a nest is run.

    `order`: the parallel loops, outermost first. `vector_dim`: the loop in lanes, `vectors` of `lanes` each in a tile.
    `unroll_dim`: a parallel loop of which `unroll` iterations share a tile. `unroll_reductions`: reduction loops are
    written out. `row`: accumulate one row along `row` in memory, so that a C compiler sees a contiguous inner loop;
    `chunk` iterations of reduction loop `chunk_dim` are added to it in one go.
    """

    order: tuple[int, ...]
    vector_dim: int | None = None
    lanes: int = 1
    vectors: int = 1
    unroll_dim: int | None = None
    unroll: int = 1
    unroll_reductions: bool = False
    row: int | None = None
    chunk_dim: int | None = None
    chunk: int = 1

    def step(self, dim: int) -> int:
        """How many iterations of loop `dim` one tile covers."""
        if dim == self.vector_dim:
            return self.lanes * self.vectors
        if dim == self.chunk_dim:
            return self.chunk
        return self.unroll if dim == self.unroll_dim else 1


def fits_lanes(access: Access, dim: int) -> bool:
    """Whether neighbours along `dim` are one element, or neighbours in memory with a byte layout of their own."""
    return access.at.strides[dim] == 0 or (access.at.strides[dim] == 1 and access.element != i1)


def vector_dims(stages: Sequence[Stage]) -> list[int]:
    """Parallel loops whose iterations can be the lanes of a vector in every stage, innermost first."""
    main = next((s for s in stages if not s.is_parallel), stages[0])
    return [
        d
        for d in reversed(range(len(main.extents)))
        if not main.reduction[d]
        and all(fits_lanes(a, d) for s in stages for a in (*s.inputs, *s.outputs))
        and all(a.at.strides[d] == 1 for s in stages for a in s.outputs)
        and all(body_fits(s, d) for s in stages)
    ]


def vector_reductions(main: Stage) -> list[int]:
    """Reduction loops whose iterations can be lanes, to be combined at the end."""
    if any(combiner_of(main, n) is None for n in range(len(main.outputs))):
        return []
    return [
        d
        for d in reversed(range(len(main.extents)))
        if main.reduction[d]
        and all(fits_lanes(a, d) for a in main.inputs)
        and any(a.at.strides[d] == 1 for a in main.inputs)
        and body_fits(main, d)
    ]


def lanes_for(accesses: Sequence[Access], dim: int, extent: int, width: int) -> int:
    """Lanes of a register of `width` f32 for the widest element that moves along `dim`, or fewer if few are needed."""
    kinds = [a.element for a in accesses if a.at.strides[dim] != 0]
    size = max((k.bitwidth for k in kinds if isinstance(k, FixedBitwidthType)), default=32)
    return min(max(width * 32 // size, 1), 1 << (extent - 1).bit_length())


def choose_tile(nest: Nest, width: int, unroll: int = 0, vectors: int = 0) -> Tile:
    """The tile of a nest for registers of `width` f32 lanes; `unroll` and `vectors` overrule the rule if not 0.

    Lanes: the innermost parallel loop that fits, else a reduction loop that fits, else none. With a reduction, the
    accumulators of a tile of `unroll` rows by `vectors` columns stay in registers beside one row of the operand that
    the rows share and one broadcast element. The tile with the fewest cycles over the whole loop space wins, edges
    included (Goto and van de Geijn 2008).
    """
    main = nest.main
    parallel = tuple(d for d in range(len(main.extents)) if not main.reduction[d])
    steps = prod(e for e, r in zip(main.extents, main.reduction, strict=True) if r)
    small = not main.is_parallel and steps <= UNROLL_LIMIT
    across = vector_dims(nest.stages)
    if width == 1:
        small = small and steps <= SCALAR_UNROLL_LIMIT
        moves = not across or all(a.at.strides[across[0]] for a in main.inputs)
        if main.is_parallel or not across or (small and (moves or steps <= 2 * CHUNK)):
            return Tile(parallel, unroll_reductions=small)
        return Tile(parallel, row=across[0], chunk_dim=len(main.extents) - 1, chunk=CHUNK)
    accesses = [a for s in nest.stages for a in (*s.inputs, *s.outputs)]
    if across:
        v = across[0]
        lanes = lanes_for(accesses, v, main.extents[v], width)
    elif inside := vector_reductions(main):
        v = inside[0]
        lanes = lanes_for(main.inputs, v, main.extents[v], width)
    else:
        return Tile(parallel, unroll_reductions=small and steps <= SCALAR_UNROLL_LIMIT)
    whole = ceil(main.extents[v] / lanes)
    outer = tuple(d for d in parallel if d != v)
    shared = [d for d in outer if any(a.at.strides[d] == 0 and a.at.strides[v] != 0 for a in main.inputs)]
    u = shared[-1] if shared and not main.is_parallel else None
    if main.is_parallel:
        return Tile((*outer, v), v, lanes, vectors or min(whole, 4))
    broadcast = any(a.at.strides[v] == 0 for a in main.inputs)
    small = small and not broadcast and v in parallel
    rows = min(main.extents[u], REGISTERS // 2 - 2) if u is not None else 1
    candidates = [
        (n, m)
        for n in ([unroll] if unroll and u is not None else range(1, rows + 1))
        for m in ([vectors] if vectors else range(1, min(whole, 8) + 1))
        if (unroll and vectors)
        or (n * m + m + 1 < REGISTERS and (not small or n * m * steps * 4 <= TILE_OPS or n * m == 1))
    ]

    def cycles(size: tuple[int, int]) -> tuple[float, int]:
        total, variants = 0.0, 0
        for n, many in pieces(main.extents[u] if u is not None else 1, size[0]):
            for m, times in pieces(whole, size[1]):
                loads = sum(
                    (m if a.at.strides[v] else 1) * (n if u is None or a.at.strides[u] else 1) for a in main.inputs
                )
                total += many * times * max(n * m / FMAS_PER_CYCLE, loads / LOADS_PER_CYCLE, LATENCY)
                variants += 1
        return total * (1 + 0.02 * variants), -size[0] * size[1]

    n, m = min(candidates, key=cycles, default=(unroll or 1, vectors or 1))
    tile = Tile((*outer, v) if v in parallel else outer, v, lanes, m, u, n, small)
    return Tile(_order(main, tile), v, lanes, m, u, n, small)


def pieces(extent: int, step: int) -> list[tuple[int, int]]:
    """(size, how often) of the tiles that cover `extent`."""
    return [(s, k) for s, k in ((step, extent // step), (extent % step, 1)) if s and k]


def _order(main: Stage, tile: Tile) -> tuple[int, ...]:
    """The vector loop outermost when that reads less: its panel of weights then stays near while all rows pass by."""
    v = tile.vector_dim
    if v is None or main.reduction[v]:
        return tile.order
    panels = ceil(main.extents[v] / tile.step(v))
    tiles = prod(ceil(main.extents[d] / tile.step(d)) for d in tile.order if d != v)

    def size(a: Access) -> int:
        return 4 * prod(e for e, s in zip(main.extents, a.at.strides, strict=True) if s)

    weights = sum(size(a) for a in main.inputs if a.at.strides[v])
    others = sum(size(a) for a in main.inputs if not a.at.strides[v])

    def price(bytes_: float) -> float:
        return bytes_ * (1 / 16 if bytes_ <= L1 else 1 / 4 if bytes_ <= L2 else 1)

    outermost = panels * tiles * price(weights / panels) + panels * price(others)
    innermost = tiles * price(weights) + panels * tiles * price(others / tiles)
    if outermost < innermost and others:
        return (v, *(d for d in tile.order if d != v))
    return tile.order
