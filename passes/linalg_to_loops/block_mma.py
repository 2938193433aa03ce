"""Products of a nest by tensor cores: what the warps of a block do between two copies of tiles.

    schedule.mma rows %i_f columns %j_f sums %r_i as f16
  and a tile of 16 rows, 8 columns and 16 terms of
    ^bb0(%x: f16, %w: f16, %s: f32):
      %a = arith.extf %x : f16 to f32
      %b = arith.extf %w : f16 to f32
      %p = arith.mulf %a, %b : f32
      %t = arith.addf %s, %p : f32
      linalg.yield %t : f32
  become
    %a = nvgpu.ldmatrix %x_tile[...] {numTiles = 4 : i32, transpose = false} : ... -> vector<4x2xf16>
    %b = nvgpu.ldmatrix %w_tile[...] {numTiles = 2 : i32, transpose = true} : ... -> vector<2x2xf16>
    %t = nvgpu.mma.sync(%a, %b, %s) {mmaShape = [16, 8, 16]} : ... -> vector<2x2xf32>
  and behind the reduction
    %v = vector.extract %t[0, 1] : f32 from vector<2x2xf32>               // what follows is of one result at a time

A product of two f16 or bf16 is exact in f32, so that this differs from the sum above in the order of adding only.
Lane 4 g + q of a warp has the results of rows g and g + 8, columns 2 q and 2 q + 1 of each fragment, as `nvgpu` says.
A matrix of 8 x 8 whose rows lie in the tile along the other loop is turned as it is loaded; that is for elements of 16
bits, and those of f32 are loaded one by one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from stepwell.dialects.nvgpu import LdMatrixOp, MmaSyncOp
from xdsl.dialects import arith, vector
from xdsl.dialects.builtin import DenseArrayBase, DenseIntOrFPElementsAttr, FloatAttr, VectorType, f32, i64
from xdsl.ir import Attribute, SSAValue

from .access import Access
from .block_copies import Tile, load
from .block_emit import BlockEmitter, Cell
from .block_places import plus
from .lanes import NOWHERE, Point
from .mma_plan import HALF, LEFT, RIGHT, WARP, Fragments, groups
from .mma_tiles import is_loaded_by_rows

SUMS = VectorType(f32, [2, 2])
PARTS = ((0, 0), (0, 1), (1, 0), (1, 1))
"""The results that a lane has of a fragment: of rows g and g + 8, of columns 2 q and 2 q + 1."""
Term = tuple[SSAValue, int]


class MmaEmitter(BlockEmitter):
    """A nest whose products are made by fragments. A cell is one result of a lane."""

    def _stand(self) -> None:
        """Where the warp and the lane stand in the tile."""
        fragments = self.plan.fragments
        assert fragments is not None
        self.fragments: Fragments = fragments
        warps = self.plan.width // WARP
        warp = self.places.quotient(self.thread, WARP) if warps > 1 else self.thread
        lane = self.places.remainder(self.thread, WARP) if warps > 1 else self.thread
        self.inner = self.places.moved({}, self.plan.threads, warp)
        self.lane = lane
        self.group, self.quarter = self.places.quotient(lane, 4), self.places.remainder(lane, 4)
        self.rows = list(groups(fragments.rows, HALF))
        self.columns = list(groups(fragments.columns, HALF))
        self.terms = list(groups(fragments.sums, fragments.terms))
        last = fragments.columns[-1].dim
        self.cells = [
            {**row, **column, last: column[last] + j} for row in self.rows for column in self.columns for j in (0, 1)
        ]

    def _place(self, cell: Cell) -> Point:
        found = dict(super()._place(cell))
        row, column = self.fragments.rows[-1].dim, self.fragments.columns[-1].dim
        found[row] = plus(found, row, self.group)
        found[column] = plus(found, column, self.places.times(self.quarter, 2))
        return found

    def _number(self, m: int, n: int, part: tuple[int, int]) -> int:
        """Which cell a part of fragment `m`, `n` of the results is."""
        i, j = part
        return ((2 * m + i) * len(self.columns) + n) * 2 + j

    def _accumulate(self, point: Point, points: Sequence[Point], known: Sequence[dict[Access, SSAValue]]) -> None:
        (out,) = self.main.outputs
        starts = [self._started(at, values, 0) for at, values in zip(points, known, strict=True)]
        numbers = [
            [self._number(m, n, part) for part in PARTS]
            for m in range(len(self.rows) // 2)
            for n in range(len(self.columns))
        ]
        sums = self._steps(point, [self._joined([starts[n] for n in four], SUMS) for four in numbers])
        for total, four in zip(sums, numbers, strict=True):
            for n, part in zip(four, PARTS, strict=True):
                at = {"static_position": DenseArrayBase.from_list(i64, part)}
                known[n][out] = self.b.pure(vector.ExtractOp, (total,), f32, at)

    def _products(self, point: Point, accs: list[SSAValue], half: SSAValue | None) -> list[SSAValue]:
        """One step of the sums of all fragments of the warp."""
        after = list(accs)
        columns = len(self.columns)
        for k in range(0, len(self.terms), 2):
            terms = self.terms[k : k + 2]
            lefts = [self._left(self.rows[m : m + 2], terms, half) for m in range(0, len(self.rows), 2)]
            for n, column in enumerate(self.columns):
                right = self._right(column, terms, half)
                for m, left in enumerate(lefts):
                    product = MmaSyncOp(left, right, after[m * columns + n])
                    after[m * columns + n] = self.b.put(product).results[0]
        return after

    # Fragments of the factors

    def _left(self, rows: Sequence[Cell], terms: Sequence[Cell], half: SSAValue | None) -> SSAValue:
        """16 rows: matrices of rows g, rows g + 8, then the same of the second half of the terms."""
        places = [{**row, **term} for term in terms for row in rows]
        return self._matrices(self.copies.tiles[self._tile_of(LEFT)], places, self.fragments.rows[-1].dim, half)

    def _right(self, column: Cell, terms: Sequence[Cell], half: SSAValue | None) -> SSAValue:
        """8 columns: a matrix of each half of the terms."""
        places = [{**column, **term} for term in terms]
        return self._matrices(self.copies.tiles[self._tile_of(RIGHT)], places, self.fragments.columns[-1].dim, half)

    def _tile_of(self, factor: int) -> int:
        return [cache.input for cache in self.plan.caches].index(factor)

    def _matrices(self, tile: Tile, starts: Sequence[Cell], along: int, half: SSAValue | None) -> SSAValue:
        """Matrices whose first elements are `starts`, of 8 neighbours along loop `along`."""
        strides = dict(zip(tile.layout.dims, tile.layout.strides, strict=True))
        inner = self.fragments.sums[-1].dim
        warp = {d: self.inner.get(d, NOWHERE) for d in strides}
        begin = [(value, strides[d]) for d, (values, _) in warp.items() for value in values]
        begin += [] if half is None else [(half, tile.layout.half)]
        fixed = sum(strides[d] * number for d, (_, number) in warp.items())
        offsets = [fixed + sum(strides[d] * number for d, number in start.items()) for start in starts]
        if is_loaded_by_rows(tile.layout, self.fragments):
            turned = tile.layout.dims[-1] != inner
            return self._loaded(tile, begin, strides[inner if turned else along], offsets, turned=turned)
        begin += [(self.group, strides[along]), (self.quarter, strides[inner])]
        places = [self.b.affine(begin, offset) for offset in offsets]
        elements = [load(self.b, tile.buffer, place, tile.access.element) for place in places]
        return self._joined(elements, VectorType(tile.access.element, [len(starts), 1]))

    def _loaded(
        self, tile: Tile, begin: Sequence[Term], stride: int, offsets: Sequence[int], *, turned: bool
    ) -> SSAValue:
        """Matrices of which each lane says where a row starts, lane 8 n + r row r of matrix n, rows `stride` apart."""
        first, *others = offsets
        row = self.places.remainder(self.lane, HALF)
        terms = [*begin, (row, stride)]
        for bit, other in enumerate(others[:2]):  # matrices 0 to 3 are two in both of two directions
            which = self.places.remainder(self.places.quotient(self.lane, HALF << bit), 2)
            terms.append((which, other - first))
        place = self.b.affine(terms, first)
        count = len(offsets)
        assert count == 2 or offsets[3] - first == sum(other - first for other in others[:2])
        return self.b.put(LdMatrixOp(tile.buffer, [place], count, transpose=turned)).results[0]

    def _joined(self, elements: Sequence[SSAValue], kind: VectorType[Attribute]) -> SSAValue:
        """A fragment of its elements."""
        number = number_of(elements[0]) if all(element is elements[0] for element in elements) else None
        splat = DenseIntOrFPElementsAttr.from_list(cast("Any", kind), [number or 0.0])
        joined = self.b.pure(arith.ConstantOp, (), kind, {"value": splat})
        if number is not None:
            return joined
        columns = kind.get_shape()[1]
        for n, element in enumerate(elements):
            at = {"static_position": DenseArrayBase.from_list(i64, divmod(n, columns))}
            joined = self.b.pure(vector.InsertOp, (element, joined), kind, at)
        return joined


def number_of(value: SSAValue) -> float | None:
    """What a constant is; None for any other value."""
    constant = value.owner
    if not isinstance(constant, arith.ConstantOp) or not isinstance(constant.value, FloatAttr):
        return None
    return constant.value.value.data
