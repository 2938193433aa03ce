"""Evaluate a scalar body at one place of a loop nest, for one element or for the lanes of a vector.

    ^bb0(%x: f32, %w: f32, %acc: f32):            %xs = memref.load %x[%i]
      %p = arith.mulf %x, %w : f32          =>    %ws = vector.load %w[%j] : ..., vector<16xf32>
      %s = arith.addf %acc, %p : f32              %xv = vector.broadcast %xs : f32 to vector<16xf32>
      linalg.yield %s                             %s = vector.fma %xv, %ws, %acc : vector<16xf32>

A value that is the same in all lanes stays a scalar until it meets a vector; a loop's index along the lanes is a
scalar base plus the lane's number.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any, cast

from stepwell.diagnostics import StepwellError
from stepwell.dialects.arith import SelectOp, in_vector_form
from stepwell.dialects.x86vector import DotOp
from stepwell.locations import UNKNOWN
from xdsl.dialects import arith, memref, vector
from xdsl.dialects.builtin import (
    DenseArrayBase,
    DenseIntOrFPElementsAttr,
    FloatAttr,
    IntegerAttr,
    VectorType,
    f32,
    i1,
    i64,
)
from xdsl.dialects.linalg import ops as linalg
from xdsl.ir import Attribute, Operation, SSAValue

from .access import Access, Affine, Stage, base_of, layout_of, start_of
from .body import Form, is_body_op, ramp_form, zero_of
from .builder import NestBuilder
from .plan import at_once, products_to_contract, turns
from .turn import MOST_STREAMS, interleaved, parted, square

Place = tuple[tuple[SSAValue, ...], int]
"""An index of a loop: the sum of the variables of the loops that it became, plus a number."""
Point = Mapping[int, Place]
NOWHERE: Place = ((), 0)
"""Where a loop of which nothing is open yet stands."""
LEAST_LANES = 4
"""Of f32, the narrowest vector that processors have."""


@dataclass(frozen=True)
class Column:
    """One vector of a tile: its first lane, the loop in lanes, their number, and how many of them are there.

    Where operands are contiguous along loop `turned` instead, it is row `row` of `rows` that the tile has along that.
    The default is one scalar.
    """

    first: int = 0
    dim: int | None = None
    lanes: int = 1
    active: int = 1
    turned: int | None = None
    row: int = 0
    rows: int = 1

    def narrowed(self) -> Column:
        """The same in a vector of half as many lanes, or a quarter, where so many do: it may take half the time."""
        lanes = self.lanes
        while self.active <= lanes // 2 and lanes > LEAST_LANES:
            lanes //= 2
        return replace(self, lanes=lanes)

    def spreads(self, access: Access) -> bool:
        """Whether the lanes of `access` are different elements."""
        return self.dim is not None and access.at.strides[self.dim] != 0

    def turns(self, access: Access) -> bool:
        """Whether the lanes of `access` come of vectors along another loop."""
        return self.dim is not None and turns(access, self.dim, self.turned)


def shifted(point: Point, dim: int | None, by: int) -> Point:
    if dim is None or by == 0:
        return point
    values, number = point.get(dim, NOWHERE)
    return {**point, dim: (values, number + by)}


@dataclass(frozen=True)
class Ramp:
    """An integer that grows by one from lane to lane."""

    base: SSAValue


@cache
def vector_of(element: Attribute, lanes: int) -> VectorType[Attribute]:
    return VectorType(element, [lanes])


@dataclass
class Body:
    b: NestBuilder
    turned: dict[tuple[Access, SSAValue, Column], list[SSAValue]] = field(
        default_factory=dict[tuple[Access, SSAValue, Column], list[SSAValue]]
    )
    """The blocks that have been turned: the operand, where the block starts, how large it is."""

    # Memory

    def index(self, at: Affine, point: Point) -> SSAValue:
        terms = list(at.terms)
        offset = at.offset
        for d, stride in enumerate(at.strides):
            values, number = point.get(d, NOWHERE)
            offset += stride * number
            strides = dict.fromkeys(values, stride)
            for size, jumps in at.panels:
                if jumps[d]:
                    offset += jumps[d] * (number - number % size)
                    for value in self._starts_of_panels(values, size):
                        strides[value] += jumps[d]
            terms += [(value, by) for value, by in strides.items() if by]
        return self.b.affine(terms, offset)

    def _starts_of_panels(self, values: Sequence[SSAValue], size: int) -> list[SSAValue]:
        """Those of a loop's variables that step from panel to panel; the others, inside of them, stay within one."""
        steps = [self.b.steps[value] for value in values]
        starts = [value for value, step in zip(values, steps, strict=True) if step % size == 0]
        within = steps[len(starts) :]
        if within and (not starts or size % steps[len(starts) - 1] or any(size % step for step in within[:-1])):
            raise StepwellError(
                f"a loop over panels of {size} takes steps of {within[0]}", self.b.anchor, f"tile it by {size}"
            )
        return starts

    def _place(self, access: Access, point: Point, column: Column) -> tuple[SSAValue, SSAValue]:
        """The flat buffer of `access`, and the index of its (first) element there."""
        panel = 1 if column.dim is None else access.at.panel(column.dim)
        if panel > 1 and panel % column.lanes:
            raise StepwellError(f"a vector of {column.lanes} lanes crosses panels of {panel}", self.b.anchor)
        return self.b.function.flat(access.base, self.b.anchor), self.index(access.at, point)

    def load(self, access: Access, point: Point, column: Column) -> SSAValue:
        if column.turns(access):
            return self._block(access, point, column)[column.row % column.lanes]
        flat, index = self._place(access, point, column)
        return self._load(flat, index, access.element, column if column.spreads(access) else None)

    def _load(self, flat: SSAValue, index: SSAValue, element: Attribute, column: Column | None) -> SSAValue:
        if column is None:
            return self.b.pure(memref.LoadOp, (flat, index), element)
        kind = vector_of(element, column.lanes)
        if column.active == column.lanes:
            return self.b.pure(vector.LoadOp, (flat, index), kind)
        nothing = self.b.pure(vector.BroadcastOp, (self.b.function.constant(zero_of(element)),), kind)
        return self.b.pure(vector.MaskedLoadOp, (flat, index, self.mask(column), nothing), kind)

    def store(self, value: SSAValue, access: Access, point: Point, column: Column) -> None:
        flat, index = self._place(access, point, column)
        if column.dim is None:
            self.b.append(memref.StoreOp, (value, flat, index))
        elif column.active == column.lanes:
            self.b.append(vector.StoreOp, (value, flat, index))
        else:
            self.b.append(vector.MaskedStoreOp, (flat, index, self.mask(column), value))

    def _block(self, access: Access, point: Point, column: Column) -> list[SSAValue]:
        """The rows, up to as many as there are lanes, of the block that `column` is a row of."""
        start, corner = self.corner(point, column)
        key = (access, self.index(access.at, start), corner)
        if key not in self.turned:
            vectors = [self.load(place, at, part) for place, at, part in self.pieces(access, start, corner)]
            turn = parted if is_packed(access, corner) else square
            self.turned[key] = turn(self.b, padded(vectors, column.lanes if turn is square else corner.rows))
        return self.turned[key]

    def corner(self, point: Point, column: Column) -> tuple[Point, Column]:
        """Where the block of `column` starts, and its first row, with `rows` those of the block."""
        assert column.turned is not None
        row = column.row % column.lanes
        rows = min(column.lanes, column.rows - (column.row - row))
        values, number = point.get(column.turned, NOWHERE)
        return {**point, column.turned: (values, number - row)}, replace(column, first=0, row=0, rows=rows)

    def pieces(self, access: Access, start: Point, corner: Column) -> list[tuple[Access, Point, Column]]:
        """The vectors of a block as they lie in memory."""
        assert corner.dim is not None
        along = Column(0, corner.turned, corner.lanes, corner.rows)
        if not is_packed(access, corner):
            return [(access, shifted(start, corner.dim, lane), along) for lane in range(corner.active)]
        lanes, count = corner.lanes, corner.active * corner.rows
        sizes = [min(lanes, count - n) for n in range(0, count, lanes)]
        starts = [shifted(start, corner.turned, n * lanes) for n in range(len(sizes))]
        return [(access, at, replace(along, active=size)) for at, size in zip(starts, sizes, strict=True)]

    def store_block(self, rows: Sequence[SSAValue], access: Access, start: Point, corner: Column) -> None:
        """Store the rows of a block, whose first is at `start`."""
        turn = interleaved if is_packed(access, corner) else square
        vectors = turn(self.b, padded(rows, corner.lanes if turn is square else corner.rows))
        for value, (place, at, part) in zip(vectors, self.pieces(access, start, corner), strict=False):
            self.store(value, place, at, part)

    def mask(self, column: Column) -> SSAValue:
        return self.b.pure(vector.CreateMaskOp, (self.b.constant(column.active),), vector_of(i1, column.lanes))

    def where_active(self, column: Column, value: SSAValue, otherwise: SSAValue) -> SSAValue:
        if column.active == column.lanes:
            return value
        return self.b.pure(SelectOp, (self.mask(column), value, otherwise), value.type)

    # Values

    def widened(self, value: SSAValue | Ramp, column: Column) -> SSAValue:
        """`value` as it is in a vector of `column`, or as it is for a scalar."""
        if isinstance(value, Ramp):
            kind = vector_of(value.base.type, column.lanes)
            numbers: Attribute = DenseIntOrFPElementsAttr.from_list(cast("Any", kind), range(column.lanes))
            lane = self.b.pure(arith.ConstantOp, (), kind, {"value": numbers})
            return self.b.pure(arith.AddiOp, (self.widened(value.base, column), lane), kind)
        if column.dim is None or isinstance(value.type, VectorType):
            return value
        return self.b.pure(vector.BroadcastOp, (value,), vector_of(value.type, column.lanes))

    def evaluate(
        self,
        stage: Stage,
        point: Point,
        column: Column,
        known: Mapping[Access, SSAValue],
        *,
        contract: bool = False,
    ) -> list[SSAValue]:
        """The values that `stage` gives its outputs at `point`. What `known` holds is not loaded again.

        `contract`: in lanes, the addition to an old value and the product before it become one vector.fma.
        """
        accesses = (*stage.inputs, *stage.outputs)
        if stage.body is None:
            value = stage.value
            if value is None:
                value = known.get(accesses[0])
                value = self.load(accesses[0], point, column) if value is None else value
            return [value]
        env: dict[SSAValue, SSAValue | Ramp] = {}
        for arg, access in zip(stage.body.args, accesses, strict=True):
            if arg.first_use is not None:
                value = known.get(access)
                env[arg] = self.load(access, point, column) if value is None else value
        products = products_to_contract(stage) if contract and column.dim is not None else {}
        for op in stage.body.ops:
            self.b.here = op.location
            if isinstance(op, linalg.YieldOp):
                self.b.here = UNKNOWN
                results = [env.get(v, v) for v in op.operands]
                return [self.widened(v, column) if contract or isinstance(v, Ramp) else v for v in results]
            if op in products.values():
                continue
            env[op.results[0]] = self._value(op, stage, point, column, env, products.get(op))
        raise StepwellError("a body without linalg.yield", stage.op)

    def dot(self, factors: tuple[Access, Access], point: Point, dim: int, column: Column, old: SSAValue) -> SSAValue:
        """`old` plus the products of what `factors` have at `point` and after it along loop `dim`."""
        count = at_once(factors)
        a, b = (self._pairs(access, point, dim, count, column) for access in factors)
        return self.b.pure(DotOp, (old, a, b), old.type)

    def _pairs(self, access: Access, point: Point, dim: int, count: int, column: Column) -> SSAValue:
        """`count` elements for each lane, one group behind the other: one for all, or packed in memory, or put
        together here."""
        assert column.dim is not None
        kind = vector_of(access.element, count * column.lanes)
        if not column.spreads(access):  # moved as the 32 bits that it is
            flat, index = self._place(access, point, column)
            pair = self.b.pure(vector.LoadOp, (flat, index), vector_of(access.element, count))
            bits = self.b.pure(vector.BitcastOp, (pair,), vector_of(f32, 1))
            everywhere = self.b.pure(vector.BroadcastOp, (bits,), vector_of(f32, column.lanes))
            return self.b.pure(vector.BitcastOp, (everywhere,), kind)
        if access.at.strides[column.dim] == count:
            flat, index = self._place(access, point, column)
            groups = replace(column, lanes=count * column.lanes, active=count * column.active)
            return self._load(flat, index, access.element, groups)
        parts = [self.load(access, shifted(point, dim, n), column) for n in range(count)]
        width = 1  # elements of a lane that stand together by now
        while len(parts) > 1:
            wide = vector_of(access.element, 2 * width * column.lanes)
            mask = [
                half * width * column.lanes + lane * width + n
                for lane in range(column.lanes)
                for half in (0, 1)
                for n in range(width)
            ]
            how: dict[str, Attribute] = {"mask": DenseArrayBase.from_list(i64, mask)}
            parts = [
                self.b.pure(vector.ShuffleOp, halves, wide, how) for halves in zip(parts[::2], parts[1::2], strict=True)
            ]
            width *= 2
        return parts[0]

    def _value(
        self,
        op: Operation,
        stage: Stage,
        point: Point,
        column: Column,
        env: Mapping[SSAValue, SSAValue | Ramp],
        product: Operation | None,
    ) -> SSAValue | Ramp:
        if isinstance(op, arith.ConstantOp):
            assert isinstance(op.value, IntegerAttr | FloatAttr)
            return self.b.function.constant(op.value)
        if isinstance(op, linalg.IndexOp):
            at = stage.indices[op.dim.value.data]
            index = self.index(at, point)
            stride = 0 if column.dim is None else at.strides[column.dim]
            if stride > 1:
                raise StepwellError("an index that jumps from lane to lane", stage.op)
            return Ramp(index) if stride else index
        operands = [env.get(v, v) for v in op.operands]
        if isinstance(op, memref.LoadOp):
            return self._gather(op, operands[1:], column)
        if not is_body_op(op):
            raise StepwellError(f"{op.name} in the body of a linalg.generic is not supported", op)
        if product is not None:
            assert isinstance(op, arith.AddfOp)
            a, b = (self.widened(env.get(v, v), column) for v in product.operands)
            old = op.rhs if op.lhs.owner is product else op.lhs
            return self.b.pure(vector.FMAOp, (a, b, self.widened(env.get(old, old), column)), a.type)
        forms = [_form(v) for v in operands]
        if ramp_form(op, forms) is Form.RAMP:
            kind = op.results[0].type
            bases = [v.base if isinstance(v, Ramp) else v for v in operands]
            return Ramp(self.b.pure(type(op), bases, kind, op.properties))
        if any(forms):
            operands = [self.widened(v, column) for v in operands]
            kind: Attribute = vector_of(op.results[0].type, column.lanes)
        else:
            kind = op.results[0].type
        make = in_vector_form(type(op)) if any(forms) else type(op)
        return self.b.pure(make, [v for v in operands if not isinstance(v, Ramp)], kind, op.properties)

    def _gather(self, op: memref.LoadOp, indices: Sequence[SSAValue | Ramp], column: Column) -> SSAValue:
        """A load at a computed place. `body.body_fits` has seen to it that lanes are neighbours."""
        strides = layout_of(op.memref, op)[1]
        offset, begin = start_of(op.memref)
        terms = [(v.base if isinstance(v, Ramp) else v, s) for v, s in zip(indices, strides, strict=True) if s]
        terms += begin
        flat = self.b.function.flat(base_of(op.memref), self.b.anchor)
        spread = any(isinstance(v, Ramp) for v in indices)
        return self._load(flat, self.b.affine(terms, offset), op.res.type, column if spread else None)


def is_packed(access: Access, corner: Column) -> bool:
    """Whether a block of few rows is one piece of memory: all loops along which it is turned are in it."""
    assert corner.dim is not None
    return access.at.strides[corner.dim] == corner.rows <= MOST_STREAMS


def padded(vectors: Sequence[SSAValue], count: int) -> list[SSAValue]:
    """`count` vectors: those behind the last are of lanes that nobody looks at."""
    return [*vectors, *[vectors[-1]] * (count - len(vectors))]


def _form(value: SSAValue | Ramp) -> Form:
    if isinstance(value, Ramp):
        return Form.RAMP
    return Form.VECTOR if is_vector(value.type) else Form.UNIFORM


def is_vector(kind: Attribute) -> bool:
    return isinstance(kind, VectorType)
