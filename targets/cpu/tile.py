"""The numbers of one nest: which loop runs in vector lanes, how many rows and vectors a register tile holds.

`choose_tile` is the rule; its model counts cycles of a processor that `Cpu` describes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import ceil, gcd, prod

from stepwell.passes.linalg_to_loops.access import Access, Stage
from stepwell.passes.linalg_to_loops.nests import Nest
from stepwell.passes.linalg_to_loops.plan import (
    DOT_LANES,
    at_once,
    dot_factors,
    turns,
    vector_dims,
    vector_reductions,
    why_no_dot,
    why_no_lanes,
)
from stepwell.passes.linalg_to_loops.turn import MOST_STREAMS
from xdsl.dialects.builtin import FixedBitwidthType

from .cpu import Cpu, pieces, reduction_steps
from .windows import window_tile

UNROLL_LIMIT = 32  # reduction steps that are written out rather than looped over
SCALAR_UNROLL_LIMIT = 16
CHUNK = 4  # products that are added to an element of a row before it is stored again
MAP_VECTORS = 4  # vectors of a map in a tile: enough for loads to overlap
LINE = 64  # bytes of a cache line
LOAD = 0.05  # cycles of a step for each load: nothing overlaps all of the time
SLACK = 1.25  # times an FMA's latency: as many chains as just hide it reach 89 %, measured
MISS = 0.5  # cycles of a step for each row that the first-level cache does not keep; measured on Zen 4: 0.2 to 0.65
WASTE = 1.1  # times as many lanes as halves of vectors have, before these are taken
MOST_TURNED, LEAST_TURNED = 16, 8  # lanes of a square that is turned in registers, and elements of a block
VARIANT_COST = 0.02  # of the time, for each smaller tile at an edge: code that has to be compiled and fetched


@dataclass(frozen=True)
class Tile:
    """How a nest is run.

    `order`: the parallel loops, outermost first. `vector_dim`: the loop in lanes, `vectors` of `lanes` each in a tile.
    `unroll`: parallel loops of which so many iterations share a tile; `turned`: the one of them along which operands
    are contiguous that are not so along the lanes. `unroll_reductions`: reduction loops are written out. `row`:
    accumulate one row along `row` in memory, so that a C compiler sees a contiguous inner loop; `chunk` iterations of
    reduction loop `chunk_dim` are added to it in one go. `pair_dim`: a reduction loop of which
    an instruction takes `group` iterations at once, or, in tiles of AMX, `depth`.
    """

    order: tuple[int, ...]
    vector_dim: int | None = None
    lanes: int = 1
    vectors: int = 1
    unroll: Mapping[int, int] = field(default_factory=dict[int, int])
    unroll_reductions: bool = False
    row: int | None = None
    chunk_dim: int | None = None
    chunk: int = 1
    turned: int | None = None
    pair_dim: int | None = None
    group: int = 2
    depth: int = 2

    @property
    def in_tiles(self) -> bool:
        """Whether AMX multiplies."""
        return self.depth > self.group

    def step(self, dim: int) -> int:
        """How many iterations of loop `dim` one tile covers."""
        if dim == self.vector_dim:
            return self.lanes * self.vectors
        if dim == self.chunk_dim:
            return self.chunk
        if dim == self.pair_dim:
            return self.depth
        return self.unroll.get(dim, 1)


def lanes_for(accesses: Sequence[Access], dim: int, extent: int, width: int) -> int:
    """Lanes of a register of `width` f32 for the widest element that moves along `dim`, or fewer if few are needed."""
    kinds = [a.element for a in accesses if a.at.strides[dim] != 0]
    size = max((k.bitwidth for k in kinds if isinstance(k, FixedBitwidthType)), default=32)
    return min(max(width * 32 // size, 1), 1 << (extent - 1).bit_length())


def choose_tile(nest: Nest, cpu: Cpu) -> Tile:
    """The tile of a nest.

    Lanes: the innermost parallel loop that fits, else a reduction loop that fits, else none. A map takes a few vectors
    at a time; a reduction takes what `reduction_tile` finds.
    """
    main = nest.main
    across = vector_dims(nest.stages)
    if cpu.vector_width == 1:
        return scalar_tile(main, across[0] if across else None)
    inside = [] if across else vector_reductions(main)
    if not across and not inside:
        return turned_tile(nest, cpu) or scalar_tile(main, None)
    v = (*across, *inside)[0]
    moving = [a for s in nest.stages for a in (*s.inputs, *s.outputs)] if across else main.inputs
    lanes = lanes_for(moving, v, main.extents[v], cpu.vector_width)
    if not main.is_parallel:
        if across and wastes_lanes(main.extents[v], lanes, cpu):
            return reduction_tile(main, v, cpu.vector_width // 2, cpu.halved())
        return reduction_tile(main, v, lanes, cpu)
    order = tuple(d for d in range(len(main.extents)) if d != v)
    return Tile((*order, v), v, lanes, cpu.vectors or min(ceil(main.extents[v] / lanes), MAP_VECTORS))


def wastes_lanes(extent: int, lanes: int, cpu: Cpu) -> bool:
    """Whether whole vectors leave lanes empty that halves of them would not, where twice as many halves start in a
    cycle: 24 columns are 2 vectors of 16 lanes or 3 of 8. Measured on Zen 4: 85 and 116 GFLOP/s."""
    half = lanes // 2
    if lanes != cpu.vector_width or cpu.half_fmas < 2 * cpu.fmas:
        return False
    return ceil(extent / lanes) * lanes >= WASTE * ceil(extent / half) * half


def turned_tile(nest: Nest, cpu: Cpu) -> Tile | None:
    """The tile of a map that moves elements from one order to another: blocks of them, turned in registers.

    A block is a square of lanes, or, where one of its sides is all of a short loop, as many lanes as there are. The
    largest block wins, and then one without masks: packed, or with lanes along which the results are contiguous. None
    where it holds so few elements that they are moved one by one as quickly.
    """
    main, stages = nest.main, nest.stages
    if not main.is_parallel:
        return None
    moving = [a for s in stages for a in (*s.inputs, *s.outputs)]

    def block(v: int, t: int) -> Tile:
        sides = [min(lanes_for(moving, d, main.extents[d], cpu.vector_width), MOST_TURNED) for d in (v, t)]
        lanes = sides[0] if is_packed(v, t) else min(sides)
        order = (*(d for d in range(len(main.extents)) if d not in (v, t)), t, v)
        return Tile(order, v, lanes, 1, {t: min(lanes, main.extents[t])}, turned=t)

    def is_packed(v: int, t: int) -> bool:
        return main.extents[t] <= MOST_STREAMS and all(
            a.at.strides[v] == main.extents[t] for a in moving if turns(a, v, t)
        )

    def size(tile: Tile) -> tuple[int, bool]:
        v, t = tile.vector_dim, tile.turned
        assert v is not None and t is not None
        return min(tile.lanes, main.extents[v]) * tile.step(t), is_packed(v, t) or main.outputs[0].at.strides[v] == 1

    dims = range(len(main.extents))
    blocks = [block(v, t) for v in dims for t in dims if v != t and why_no_lanes(stages, v, t) is None]
    best = max(blocks, key=size, default=None)
    return best if best is not None and size(best)[0] >= LEAST_TURNED else None


def scalar_tile(main: Stage, row: int | None) -> Tile:
    """Loops over single elements. Short reductions are written out; longer ones accumulate rows along `row`.

    What reads one element for a whole row (`row` moves another operand) is better off with rows sooner.
    """
    order = tuple(d for d, reduced in enumerate(main.reduction) if not reduced)
    if main.is_parallel:
        return Tile(order)
    steps = reduction_steps(main)
    broadcasts = row is not None and any(not a.at.strides[row] for a in main.inputs)
    if row is None or steps <= (2 * CHUNK if broadcasts else SCALAR_UNROLL_LIMIT):
        return Tile(order, unroll_reductions=steps <= SCALAR_UNROLL_LIMIT)
    last = max(d for d, reduced in enumerate(main.reduction) if reduced)
    return Tile(order, row=row, chunk_dim=last, chunk=CHUNK)


def reduction_tile(main: Stage, v: int, lanes: int, cpu: Cpu) -> Tile:
    """The register tile of a reduction with lanes along `v`.

    The accumulators, `unroll` rows of `vectors`, stay in registers beside one row of the operand that the rows share
    and one broadcast element. The tile with the fewest cycles over the whole loop space wins, edges included: a step
    takes as long as its FMAs, its loads, the FMAs' latency, or the cache that holds the panel of columns which all rows
    share, whichever is longest (Goto and van de Geijn 2008; Low et al. 2016); longer where so many rows of the other
    operand fall into the same sets of the first-level cache that they push one another out. A short reduction that
    reads vectors only, a depthwise convolution or a pool, is for `windows.py`.
    """
    parallel = tuple(d for d, reduced in enumerate(main.reduction) if not reduced)
    group = group_of(main, cpu)
    pair = pair_dim(main, v, group) if group > 1 and lanes in DOT_LANES else None
    steps = reduction_steps(main) // (1 if pair is None else group)
    if pair is None and v in parallel and steps <= UNROLL_LIMIT and all(a.at.strides[v] for a in main.inputs):
        order, unroll, vectors = window_tile(main, v, lanes, cpu)
        return Tile(order, v, lanes, vectors, unroll, unroll_reductions=True)
    shared = [d for d in parallel if d != v and any(not a.at.strides[d] and a.at.strides[v] for a in main.inputs)]
    u = shared[-1] if shared else None
    height = main.extents[u] if u is not None else 1
    whole = ceil(main.extents[v] / lanes)

    def fits(rows: int, vectors: int) -> bool:
        return rows * vectors + vectors + 1 < cpu.registers

    broadcast = [a for a in main.inputs if u is not None and a.at.strides[u] and not a.at.strides[v]]
    panels = sum(4 * lanes for a in main.inputs if u is not None and a.at.strides[v] and not a.at.strides[u])

    def cycles(size: tuple[int, int]) -> tuple[float, int]:
        total, variants = 0.0, 0
        for rows, times in pieces(height, size[0]):
            for vectors, again in pieces(whole, size[1]):
                loads = sum(
                    (vectors if a.at.strides[v] else 1) * (rows if u is None or a.at.strides[u] else 1)
                    for a in main.inputs
                )
                fetched = vectors * panels / cpu.bytes_per_cycle(vectors * panels * steps)
                missed = sum(rows for a in broadcast if rows > rows_kept(a, u or 0, cpu.l1, cpu.l1_ways))
                step = max(rows * vectors / cpu.fmas, loads / cpu.loads, SLACK * cpu.latency, fetched)
                total += times * again * (step + missed * MISS + loads * LOAD)
                variants += 1
        return total * (1 + VARIANT_COST * variants), -size[0] * size[1]

    heights = (cpu.unroll,) if cpu.unroll and u is not None else range(1, min(height, cpu.registers // 2) + 1)
    widths = (cpu.vectors,) if cpu.vectors else range(1, max(1, min(whole, 8)) + 1)
    sizes = [(rows, vectors) for rows in heights for vectors in widths]
    fitting = [size for size in sizes if fits(*size)] or sizes[:1]
    rows, vectors = min(fitting, key=cycles)
    order = tuple(d for d in parallel if d != v)
    unroll = {} if u is None else {u: rows}
    tile = Tile(
        (*order, v) if v in parallel else order,
        v,
        lanes,
        vectors,
        unroll,
        pair_dim=pair,
        group=max(group, 2),
        depth=max(group, 2),
    )
    return replace(tile, order=loop_order(main, tile, cpu))


def rows_kept(a: Access, dim: int, size: int, ways: int) -> int:
    """How many neighbours along `dim` a cache keeps, a line of each. Where their distance is a multiple of a way's size
    all fall into one set."""
    return size // max(gcd(4 * a.at.strides[dim], size // ways), LINE)


def group_of(main: Stage, cpu: Cpu) -> int:
    """How many products of `main` one instruction of the processor adds to a sum."""
    factors = dot_factors(main)
    if factors is None:
        return 1
    group = at_once(factors)
    return group if (cpu.dot if group == 2 else cpu.dot_bytes) else 1


def pair_dim(main: Stage, v: int, group: int) -> int | None:
    """The innermost reduction loop of which one instruction can multiply `group` iterations."""
    for dim in reversed(range(len(main.extents))):
        if main.reduction[dim] and main.extents[dim] % group == 0 and why_no_dot(main, dim, v) is None:
            return dim
    return None


def loop_order(main: Stage, tile: Tile, cpu: Cpu) -> tuple[int, ...]:
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
        return bytes_ * (1 / 16 if bytes_ <= cpu.l1 else 1 / 4 if bytes_ <= cpu.l2 else 1)

    outermost = panels * tiles * price(weights / panels) + panels * price(others)
    innermost = tiles * price(weights) + panels * tiles * price(others / tiles)
    if outermost < innermost and others:
        return (v, *(d for d in tile.order if d != v))
    return tile.order
