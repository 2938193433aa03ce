"""Products of bf16 in the tiles of AMX: what `schedule.dot ... by amx` becomes.

    for the reduction loops, a tile's depth (32) at a time:
      %a0, %a1 = amx.tile_load of 16 rows of the one factor, 32 neighbours along the reduction in each
      %b0, %b1 = amx.tile_load of 16 rows of the other, packed in pairs: 16 columns in each
      %c0 .. %c3 = amx.tile_mulf of each with each, on the sums so far
    amx.tile_store %c0 .. %c3 in a buffer of the nest's own
    for each vector of the tile: load it from there, add what the accumulator starts from, epilogues, store

Two by two tiles of sums take four loads for four products, and with their factors all eight registers (Intel 64 and
IA-32 Architectures Optimization Reference Manual, chapter 20). The shape of a register holds for a whole function, so
there is one shape: the strategy takes a depth that divides the reduction, columns that a packed panel lacks are zeros
there, and rows that make no whole tile are multiplied pair by pair, by `x86vector.avx512.dot`.

Assembled, and evaluated op by op against numpy; not run yet on a processor that has AMX.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from stepwell.dialects.amx import TileLoadOp, TileMulFOp, TileStoreOp, TileType, TileZeroOp
from xdsl.dialects import arith, memref, vector
from xdsl.dialects.builtin import DYNAMIC_INDEX, FloatAttr, MemRefType, StridedLayoutAttr, bf16, f32
from xdsl.ir import SSAValue

from .access import Access
from .builder import NestBuilder
from .lanes import Body, Column, Point, shifted, vector_of
from .plan import TILE_LANES, Loop, Plan, Tiles


def by_pairs(plan: Plan) -> Sequence[Loop]:
    """The reduction loops of `plan` where pairs, not tiles, are multiplied."""
    if plan.tiles is None or plan.dot is None:
        return plan.reductions
    return (*(loop for loop in plan.reductions if loop.dim != plan.dot), Loop(plan.dot, 2))


def is_zero(value: SSAValue | None) -> bool:
    """Whether `value` is the constant 0 of f32."""
    op = None if value is None else value.owner
    return isinstance(op, arith.ConstantOp) and isinstance(op.value, FloatAttr) and op.value.value.data == 0


@dataclass
class Grid:
    """Tiles of sums: rows along loop `down`, columns along loop `across`, `factors` multiplied along `dot`."""

    b: NestBuilder
    body: Body
    factors: tuple[Access, Access]
    tiles: Tiles
    down: int
    across: int
    dot: int

    @property
    def sums(self) -> TileType:
        return TileType.of(self.tiles.rows, TILE_LANES, f32)

    def zeros(self, count: int) -> list[SSAValue]:
        return [self.b.append(TileZeroOp, (), self.sums).results[0] for _ in range(count)]

    def step(self, point: Point, rows: int, columns: int, sums: Sequence[SSAValue]) -> list[SSAValue]:
        """`sums`, `rows` by `columns` tiles, plus the products at `point` and the tile's depth behind it."""
        left, right = sorted(self.factors, key=lambda a: a.at.strides[self.across])
        moves = right.at.strides[self.dot] + sum(jumps[self.dot] for _, jumps in right.at.panels)
        pairs = self.tiles.depth // 2
        kinds = TileType.of(self.tiles.rows, 2 * pairs, bf16), TileType.of(pairs, 2 * TILE_LANES, bf16)
        down = [shifted(point, self.down, n * self.tiles.rows) for n in range(rows)]
        across = [shifted(point, self.across, n * TILE_LANES) for n in range(columns)]
        a = [self._load(left, at, kinds[0], left.at.strides[self.down]) for at in down]
        b = [self._load(right, at, kinds[1], 2 * moves) for at in across]
        return [
            self.b.append(TileMulFOp, (a[n // columns], b[n % columns], acc), self.sums).results[0]
            for n, acc in enumerate(sums)
        ]

    def _load(self, access: Access, point: Point, tile: TileType, apart: int) -> SSAValue:
        """The tile from `point` on, whose rows are `apart` elements apart."""
        source, index = self.b.function.flat(access.base, self.b.anchor), self.body.index(access.at, point)
        if isinstance(source.owner, memref.ReinterpretCastOp) and source.owner.offsets:  # counts from its own source
            source, index = source.owner.source, self.b.add(source.owner.offsets[0], index)
        size = [tile.rows, tile.columns]
        kind = MemRefType(bf16, size, StridedLayoutAttr([apart, 1], None))
        view = memref.ReinterpretCastOp(source, [index], [], [], [DYNAMIC_INDEX], size, [apart, 1], kind)
        placed = self.b.pure(memref.ReinterpretCastOp, view.operands, kind, view.properties)
        zero = self.b.constant(0)
        return self.b.append(TileLoadOp, (placed, zero, zero), tile).results[0]

    def keep(self, sums: Sequence[SSAValue], columns: int) -> SSAValue:
        """The sums in a buffer of their own, of so many columns of tiles."""
        rows = ceil(len(sums) / columns) * self.tiles.rows
        buffer = self.b.allocate(f32, rows, columns * TILE_LANES, name="sums", level=len(self.b.scopes) - 1)
        for n, value in enumerate(sums):
            at = (self.b.constant(n // columns * self.tiles.rows), self.b.constant(n % columns * TILE_LANES))
            self.b.append(TileStoreOp, (buffer, *at, value))
        return buffer

    def load(self, buffer: SSAValue, row: int, column: int, lanes: Column) -> SSAValue:
        """The sums of one vector: lanes that are not there hold nothing of use, but memory all the same."""
        at = (self.b.constant(row), self.b.constant(column * TILE_LANES))
        return self.b.append(vector.LoadOp, (buffer, *at), vector_of(f32, lanes.lanes)).results[0]
