"""Turn a block of elements in registers: from vectors along one loop to vectors along another, by shuffles.

    rows a0 a1 a2 a3            columns a0 b0 c0 d0
         b0 b1 b2 b3     =>             a1 b1 c1 d1
         c0 c1 c2 c3                    a2 b2 c2 d2
         d0 d1 d2 d3                    a3 b3 c3 d3

`square` turns n vectors of n lanes in log2(n) rounds of n shuffles. In a round each result takes its lanes from two
vectors; after rounds enough each lane has come from where it should (a shuffle network, Stone 1971). The first rounds
interleave single lanes inside of chunks of 128 bits, the others move whole chunks: both are one instruction of SSE,
AVX or NEON. `interleaved` and `parted` turn a few vectors of many lanes, as of pixels of three colours.
"""

from __future__ import annotations

from collections.abc import Sequence

from stepwell.dialects.lanes import lanes as lanes_of
from stepwell.dialects.lanes import width
from xdsl.dialects import vector
from xdsl.dialects.builtin import DenseArrayBase, i64
from xdsl.ir import SSAValue

from .builder import NestBuilder

MOST_STREAMS = 4
"""More streams than these are turned as squares: n of them take n * (n - 1) shuffles."""

CHUNK_BITS = 128
"""What an instruction that interleaves lanes of two registers works on, one chunk beside the other."""


def shuffle(b: NestBuilder, x: SSAValue, y: SSAValue, mask: Sequence[int]) -> SSAValue:
    """Lanes of `x` and, numbered behind them, of `y`."""
    return b.pure(vector.ShuffleOp, (x, y), x.type, {"mask": DenseArrayBase.from_list(i64, list(mask))})


def square(b: NestBuilder, rows: Sequence[SSAValue]) -> list[SSAValue]:
    """The columns of n vectors of n lanes, n a power of two."""
    n = len(rows)
    chunk = min(n, CHUNK_BITS // width(rows[0].type))
    groups = [interleave_rounds(b, rows[k : k + chunk], chunk) for k in range(0, n, chunk)]
    # groups[g][j], chunk c: lanes c * chunk + j of rows g * chunk, g * chunk + 1, ...
    columns: dict[int, SSAValue] = {}
    for j in range(chunk):
        for c, column in enumerate(chunk_rounds(b, [group[j] for group in groups], chunk)):
            columns[c * chunk + j] = column
    return [columns[k] for k in range(n)]


def interleave_rounds(b: NestBuilder, rows: Sequence[SSAValue], chunk: int) -> list[SSAValue]:
    """`chunk` vectors turned within each of their chunks."""
    n = len(rows)
    size = vector_size(rows[0])
    low = [c + side + k for c in range(0, size, chunk) for k in range(chunk // 2) for side in (0, size)]
    high = [lane + chunk // 2 for lane in low]
    rows = list(rows)
    for _ in range(n.bit_length() - 1):
        pairs = list(zip(rows[: n // 2], rows[n // 2 :], strict=True))
        rows = [shuffle(b, x, y, mask) for x, y in pairs for mask in (low, high)]
    return rows


def chunk_rounds(b: NestBuilder, rows: Sequence[SSAValue], chunk: int) -> list[SSAValue]:
    """As many vectors as they have chunks, turned with their chunks as elements."""
    n = len(rows)
    size = vector_size(rows[0])
    starts = [side + c for side in (0, size) for c in range(0, size, 2 * chunk)]
    even = [start + k for start in starts for k in range(chunk)]
    odd = [lane + chunk for lane in even]
    rows = list(rows)
    for _ in range(n.bit_length() - 1):
        pairs = list(zip(rows[::2], rows[1::2], strict=True))
        rows = [shuffle(b, x, y, mask) for mask in (even, odd) for x, y in pairs]
    return rows


def interleaved(b: NestBuilder, streams: Sequence[SSAValue]) -> list[SSAValue]:
    """Memory order of n streams whose elements take turns: a0 b0 c0 a1 | b1 c1 a2 b2 | c2 a3 b3 c3."""
    n, size = len(streams), vector_size(streams[0])
    return [gather(b, streams, [(k % n, k // n) for k in range(m * size, (m + 1) * size)]) for m in range(n)]


def parted(b: NestBuilder, parts: Sequence[SSAValue]) -> list[SSAValue]:
    """The streams of what `interleaved` gives."""
    n, size = len(parts), vector_size(parts[0])
    return [gather(b, parts, [divmod(k * n + stream, size) for k in range(size)]) for stream in range(n)]


def gather(b: NestBuilder, vectors: Sequence[SSAValue], wanted: Sequence[tuple[int, int]]) -> SSAValue:
    """A vector whose lane k is lane `wanted[k][1]` of vector `wanted[k][0]`."""
    size = vector_size(vectors[0])
    total, mask = vectors[0], [lane if v == 0 else 0 for v, lane in wanted]
    for n, vec in enumerate(vectors[1:], start=1):
        mask = [size + lane if v == n else (k if n > 1 else mask[k]) for k, (v, lane) in enumerate(wanted)]
        total = shuffle(b, total, vec, mask)
    return total


def vector_size(value: SSAValue) -> int:
    shape = lanes_of(value.type)
    assert shape is not None
    return shape[0]
