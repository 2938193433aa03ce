"""Which operands a kernel reads from packed copies.

A reduction whose lanes run along N reads, for each of its K steps, one row of a few vectors of a matrix [K, N]. Where N
is wide these rows lie far apart: every step touches another page, no hardware prefetcher follows for long, and where
the distance is a power of two all rows fall into the same few sets of a cache. Packed in panels [N / NR, K, NR], NR the
columns of a register tile, they are one stream (Goto and van de Geijn 2008). Weights cost nothing at run time then.

Measured on Zen 4, one core, 2048 squared times itself with tiles of 4 by 64: 96 % of the FMA limit from panels, 56 %
without; a weight that is read once, by a matrix-vector product: 32 GB/s from panels, 14 GB/s without. The other operand
stays as it is: of few rows (see `reduction_tile`) each line is read whole while it is near. Neither K nor M is blocked:
with panels the limit was reached up to K = 3072 as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod

from stepwell.dialects.schedule import PackOp
from stepwell.passes.linalg_to_loops.access import Access, Stage, layout_of
from stepwell.passes.linalg_to_loops.nests import Nest
from xdsl.dialects.linalg import ops as linalg
from xdsl.ir import SSAValue
from xdsl.ir.affine import AffineDimExpr

from .cpu import Cpu, reduction_steps
from .tile import UNROLL_LIMIT, Tile, rows_kept

IsWeight = Callable[[SSAValue], bool]


def packs_of(nest: Nest, number: int, tile: Tile, cpu: Cpu, is_weight: IsWeight) -> list[PackOp]:
    """What is packed for the op of `nest` that reduces, which is linalg op `number` of its kernel."""
    main, v = nest.main, tile.vector_dim
    if v is None or main.reduction[v] or reduction_steps(main) <= UNROLL_LIMIT:
        return []
    wanted = [n for n, a in enumerate(main.inputs) if is_weight(a.base) or copy_pays(main, a, v, cpu)]
    return [pack for n in wanted if (pack := pack_of(main, n, number, tile)) is not None]


REUSES = 512
"""How often a copy's elements are read at least. To write and read one takes about as long as 16 of the FMAs."""


def copy_pays(main: Stage, a: Access, v: int, cpu: Cpu) -> bool:
    """Whether to copy an operand at run time: its rows push one another out of the second-level cache, and it is read
    often enough."""
    rows = [d for d, reduced in enumerate(main.reduction) if reduced and a.at.strides[d]]
    reuses = prod(
        e for e, stride, r in zip(main.extents, a.at.strides, main.reduction, strict=True) if not (stride or r)
    )
    if a.at.strides[v] != 1 or len(rows) != 1 or reuses < REUSES:
        return False
    return main.extents[rows[0]] > rows_kept(a, rows[0], cpu.l2, cpu.l2_ways)


def pack_of(main: Stage, n: int, number: int, tile: Tile) -> PackOp | None:
    """How input `n` of `main` is packed; None where that would change nothing, or its columns are no loop's alone."""
    v, op, a = tile.vector_dim, main.op, main.inputs[n]
    if v is None or a.at.strides[v] != 1 or a.at.panels or not isinstance(op, linalg.GenericOp):
        return None
    shape, strides = layout_of(op.inputs[n], op)
    exprs = op.indexing_maps.data[n].data.results
    columns = [d for d, (size, stride) in enumerate(zip(shape, strides, strict=True)) if stride == 1 and size > 1]
    width = tile.step(v)
    pair = pair_of(a, tile, shape, strides)
    if len(columns) != 1 or not isinstance(exprs[columns[0]], AffineDimExpr):
        return None
    if not pair and shape[columns[0]] <= width:
        return None
    if shape[columns[0]] != main.extents[v] and main.extents[v] % width:
        return None  # a part of the columns, which whole panels do not fill
    kinds = [str(kind.data) for kind in op.iterator_types]
    outer = [
        d
        for d, expr in enumerate(exprs)
        if d != columns[0] and shape[d] > 1 and isinstance(expr, AffineDimExpr) and kinds[expr.position] == "parallel"
    ]
    inner = [d for d in range(len(shape)) if d not in (*outer, *columns)]
    return PackOp(number, n, [*outer, *columns, *inner], [*columns, *pair], [width, *(tile.group for _ in pair)])


def pair_of(a: Access, tile: Tile, shape: Sequence[int], strides: Sequence[int]) -> list[int]:
    """The dimension of which pairs (of bytes fours) are to be neighbours, for an instruction that multiplies them:
    [..., K / 2, NR, 2].

    The loop of which it takes iterations may be several dimensions' at once; the innermost of them has its stride.
    """
    if tile.pair_dim is None:
        return []
    step = a.at.strides[tile.pair_dim]
    return [d for d, (n, stride) in enumerate(zip(shape, strides, strict=True)) if stride == step and n > 1][:1]
