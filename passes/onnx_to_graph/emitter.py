"""Write graph ops one after the other, with constants made of plain numbers.

A conversion reads like the formula it stands for:

    emit.mul(x, emit.sigmoid(emit.mul(x, 1.702)))      # quick gelu
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from math import prod
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from stepwell.context import Context
from stepwell.diagnostics import StepwellError
from stepwell.dialects import graph
from stepwell.dialects.graph.types import dtype_of, element_type_of, shape_of
from stepwell.locations import stamp
from xdsl.dialects.builtin import DYNAMIC_INDEX, LocationAttr, TensorType, i1
from xdsl.ir import Attribute, Operation, SSAValue

Array: TypeAlias = npt.NDArray[Any]
Operand: TypeAlias = SSAValue | float
"""What arithmetic takes: a value, or a number that becomes a scalar constant of the other operand's element type."""

Size: TypeAlias = int | tuple[int, ...]
"""One dim of a reshaped tensor: a number, or the product of these dims of the operand."""

MOST_OPS = 1 << 18
"""A model that becomes more ops than these is an attack: loops in loops can stand for any number."""

SMALL = 1 << 16
"""Elements up to which a value is evaluated on the spot when a conversion must know it (axes, shapes, pads)."""


def shape(value: SSAValue) -> tuple[int | None, ...]:
    """The dims of a value; None where unknown."""
    return tuple(None if dim == DYNAMIC_INDEX else dim for dim in shape_of(value))


def static_shape(value: SSAValue) -> tuple[int, ...] | None:
    dims = shape_of(value)
    return None if DYNAMIC_INDEX in dims else dims


def _unary(kind: type[graph.UnaryOp]) -> Callable[[Emitter, SSAValue], SSAValue]:
    return lambda self, x: self(kind(x))


def _binary(kind: type[graph.BinaryOp]) -> Callable[[Emitter, Operand, Operand], SSAValue]:
    return lambda self, a, b: self(kind(*self.operands(a, b)))


@dataclass
class Emitter:
    """Puts ops before `anchor`, each with `location`; a call returns the op's only result."""

    ctx: Context
    anchor: Operation
    location: LocationAttr
    known_values: dict[SSAValue, Array | None] = field(default_factory=dict[SSAValue, Array | None])
    written: Iterator[int] = field(default_factory=itertools.count)
    """Counts the ops of all that share it."""

    def __call__(self, op: Operation) -> SSAValue:
        block = self.anchor.parent
        assert block is not None
        if next(self.written) == MOST_OPS:
            raise StepwellError(
                f"the model stands for more than {MOST_OPS} ops, as loops do that are written out step by step",
                where=self.location,
            )
        stamp((op,), self.location)
        block.insert_op_before(op, self.anchor)
        return op.results[0]

    # constants

    def constant(self, array: Array, hint: str = "constant") -> SSAValue:
        return self(graph.constant(self.ctx, array, hint, self.location))

    def integers(self, numbers: Sequence[int]) -> SSAValue:
        return self.constant(np.array(numbers, np.int64))

    def scalar(self, number: float, like: Attribute) -> SSAValue:
        """A rank-0 constant of element type `like`."""
        return self.constant(np.array(number).astype(dtype_of(like)))

    def operands(self, *operands: Operand) -> list[SSAValue]:
        """The operands as values; numbers take the element type of the first value."""
        like = next(element_type_of(o) for o in operands if isinstance(o, SSAValue))
        return [o if isinstance(o, SSAValue) else self.scalar(o, like) for o in operands]

    def known(self, value: SSAValue) -> Array | None:
        """What `value` holds, if it follows from constants and static shapes alone."""
        if value not in self.known_values:
            self.known_values[value] = self._evaluate(value)
        return self.known_values[value]

    def _evaluate(self, value: SSAValue) -> Array | None:
        op = value.owner
        if isinstance(op, graph.ConstantOp):
            return graph.array_of(self.ctx, op)
        if isinstance(op, graph.ShapeOfOp):
            dims = static_shape(op.operands[0])
            return None if dims is None else np.array(dims, np.int64)
        dims = static_shape(value)
        if not isinstance(op, graph.GraphOp) or not op.can_fold or dims is None or prod(dims) > SMALL:
            return None
        arrays: list[Array] = []
        for operand in op.operands:
            if (array := self.known(operand)) is None:
                return None
            arrays.append(array)
        return op.fold(*arrays)

    # arithmetic: numpy's broadcasting

    add = _binary(graph.AddOp)
    sub = _binary(graph.SubOp)
    mul = _binary(graph.MulOp)
    div = _binary(graph.DivOp)
    pow = _binary(graph.PowOp)
    minimum = _binary(graph.MinOp)
    maximum = _binary(graph.MaxOp)
    abs = _unary(graph.AbsOp)
    neg = _unary(graph.NegOp)
    exp = _unary(graph.ExpOp)
    log = _unary(graph.LogOp)
    sqrt = _unary(graph.SqrtOp)
    rsqrt = _unary(graph.RsqrtOp)
    reciprocal = _unary(graph.ReciprocalOp)
    relu = _unary(graph.ReluOp)
    sigmoid = _unary(graph.SigmoidOp)
    tanh = _unary(graph.TanhOp)
    erf = _unary(graph.ErfOp)

    def compare(self, predicate: str, a: Operand, b: Operand) -> SSAValue:
        return self(graph.CompareOp(predicate, *self.operands(a, b)))

    def select(self, condition: SSAValue, a: Operand, b: Operand) -> SSAValue:
        return self(graph.SelectOp(condition, *self.operands(a, b)))

    def clamp(self, x: SSAValue, low: float, high: float) -> SSAValue:
        return self(graph.ClampOp(x, min=low, max=high))

    def cast(self, x: SSAValue, to: Attribute) -> SSAValue:
        return x if element_type_of(x) == to else self(graph.CastOp(x, to=to))

    def truth(self, x: SSAValue) -> SSAValue:
        """x as bool: true where it isn't zero."""
        return x if element_type_of(x) == i1 else self.compare("ne", x, 0)

    def reduce(self, kind: str, x: SSAValue, axes: Sequence[int], keepdims: bool = True) -> SSAValue:
        return self(graph.ReduceOp(kind, x, axes=tuple(axes), keepdims=keepdims)) if axes else x

    def variance(self, x: SSAValue, axes: Sequence[int]) -> tuple[SSAValue, SSAValue]:
        """(x - mean, mean of its square), dims kept: the two-pass form, which doesn't cancel."""
        centered = self.sub(x, self.reduce("mean", x, axes))
        return centered, self.reduce("mean", self.mul(centered, centered), axes)

    # data movement

    def transpose(self, x: SSAValue, perm: Sequence[int]) -> SSAValue:
        return x if list(perm) == list(range(len(shape_of(x)))) else self(graph.TransposeOp(x, perm=tuple(perm)))

    def shape_of(self, x: SSAValue) -> SSAValue:
        return self(graph.ShapeOfOp(x))

    def slice(self, x: SSAValue, axis: int, start: int, size: int) -> SSAValue:
        """`size` elements of one axis; the other axes whole."""
        dims = static_shape(x)
        if dims is None:
            bounds = (start, start + size, axis, 1)
            return self(graph.DynamicSliceOp(x, *(self.integers([bound]) for bound in bounds)))
        starts, sizes = [0] * len(dims), list(dims)
        starts[axis], sizes[axis] = start, size
        return self(graph.SliceOp(x, starts=tuple(starts), sizes=tuple(sizes)))

    def reshape(self, x: SSAValue, sizes: Sequence[Size]) -> SSAValue:
        """x in a new shape, each dim a number or a product of x's dims, whether these are known by now or not."""
        dims = shape(x)
        known: list[int | None] = []
        for size in sizes:
            parts = [size] if isinstance(size, int) else [dims[axis] for axis in size]
            known.append(None if None in parts else prod(part for part in parts if part is not None))
        static = [size for size in known if size is not None]
        result = TensorType(element_type_of(x), [DYNAMIC_INDEX if size is None else size for size in known])
        if result == x.type and len(static) >= len(known) - 1:
            return x
        if len(static) == len(known):
            return self(graph.ReshapeOp(x, result_type=result))
        if len(static) == len(known) - 1 and 0 not in static:
            target = self.integers([-1 if size is None else size for size in known])
        else:
            target = self._shape_at_run_time(x, sizes, known)
        return self(graph.DynamicReshapeOp(x, target, result_type=result))

    def _shape_at_run_time(self, x: SSAValue, sizes: Sequence[Size], known: Sequence[int | None]) -> SSAValue:
        dims = self.shape_of(x)
        parts: list[SSAValue] = []
        for size, number in zip(sizes, known, strict=True):
            if number is not None or isinstance(size, int):
                parts.append(self.integers([number or 0]))
                continue
            picked = self(graph.GatherOp(dims, self.integers(size), axis=0))
            parts.append(picked if len(size) == 1 else self.reduce("prod", picked, [0]))
        return self(graph.ConcatOp(*parts, axis=0))

    def broadcast_to(self, x: SSAValue, sizes: SSAValue) -> SSAValue:
        """x spread to the shape that the value `sizes` holds."""
        dims = self.known(sizes)
        if dims is None:
            return self(graph.DynamicBroadcastToOp(x, sizes))
        return self(graph.BroadcastToOp(x, result_type=TensorType(element_type_of(x), [int(dim) for dim in dims])))
