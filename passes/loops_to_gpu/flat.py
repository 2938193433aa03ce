"""Buffers as a device has them: one dimension, from the first byte that is bound.

  %r = memref.collapse_shape %x [[0, 1]] : memref<8x4xf32> into memref<32xf32>
  %v = memref.load %r[%i] : memref<32xf32>
is element %i of argument %x, whatever the views in between
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import cast

from stepwell.diagnostics import StepwellError
from stepwell.dialects.memref import CastOp
from xdsl.dialects import arith, memref
from xdsl.dialects.builtin import DYNAMIC_INDEX, DenseArrayBase, IndexType, IntegerAttr, IntegerType, MemRefType
from xdsl.ir import Attribute, Operation, SSAValue

Buffer = MemRefType[Attribute]
Index = SSAValue | int
"""An index that is known, or is computed."""


@dataclass(frozen=True)
class Flat:
    """Where a memref stands: in the one-dimensional buffer `base`, from element `offset` on."""

    base: SSAValue
    offset: Index
    strides: tuple[int, ...]


@dataclass
class Indices:
    """Index arithmetic that leaves out what is known; `add` puts an op where code is being written."""

    add: Callable[[Operation], Operation]
    constants: dict[int, SSAValue] = field(default_factory=dict[int, SSAValue])
    """Those that are used everywhere: `constant` makes them at the start of the function."""
    constant_at: Callable[[Operation], Operation] | None = None

    def value(self, index: Index) -> SSAValue:
        if isinstance(index, SSAValue):
            return index
        if index not in self.constants:
            made = arith.ConstantOp(IntegerAttr(index, IndexType()))
            made.result.name_hint = f"c{index}" if index >= 0 else None
            (self.constant_at or self.add)(made)
            self.constants[index] = made.result
        return self.constants[index]

    def plus(self, a: Index, b: Index) -> Index:
        if isinstance(a, int) and isinstance(b, int):
            return a + b
        if 0 in (a, b):
            return b if a == 0 else a
        return self.add(arith.AddiOp(self.value(a), self.value(b))).results[0]

    def times(self, a: Index, b: int) -> Index:
        if isinstance(a, int):
            return a * b
        if b in (0, 1):
            return a if b else 0
        return self.add(arith.MuliOp(a, self.value(b))).results[0]

    def place(self, flat: Flat, at: Sequence[Index]) -> Index:
        """The element of `flat` at these indices."""
        total = flat.offset
        for index, stride in zip(at, flat.strides, strict=True):
            total = self.plus(total, self.times(index, stride))
        return total


def strides_of(kind: Buffer, where: Operation) -> tuple[int, ...]:
    strides = kind.get_strides()
    if strides is None or None in strides:
        raise StepwellError(f"{kind}: a buffer whose strides are not known", where, "bind all shapes first")
    return tuple(cast("Sequence[int]", strides))


def view(op: Operation, source: Flat, indices: Indices, known: Callable[[SSAValue], Index]) -> Flat:
    """What a view of `source` is. Raises `StepwellError` for a view that is not known here."""
    match op:
        case memref.CollapseShapeOp() | memref.ExpandShapeOp() | CastOp():
            return replace(source, strides=strides_of(cast("Buffer", op.results[0].type), op))
        case memref.SubviewOp():
            starts = mixed(op.static_offsets, op.offsets, known)
            return Flat(source.base, indices.place(source, starts), strides_of(op.result.type, op))
        case memref.ReinterpretCastOp():
            (start,) = mixed(op.static_offsets, op.offsets, known)
            return Flat(source.base, start, strides_of(op.result.type, op))
        case _:
            raise StepwellError(f"{op.name} is no view that a kernel of a device can have", op)


def mixed(
    static: DenseArrayBase[IntegerType], dynamic: Sequence[SSAValue], known: Callable[[SSAValue], Index]
) -> list[Index]:
    """Numbers of which some stand in the text and some are computed."""
    rest = iter(dynamic)
    return [known(next(rest)) if int(n) == DYNAMIC_INDEX else int(n) for n in static.get_values()]
