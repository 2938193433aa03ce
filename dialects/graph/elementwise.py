"""Elementwise ops, from one table each: a row is an op.

%y = graph.relu %x : tensor<4xf32>
%z = graph.add %x, %b : (tensor<2x4xf32>, tensor<4xf32>) -> tensor<2x4xf32>      // numpy's broadcasting
%m = graph.compare lt %x, %y : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xi1>
%s = graph.select %m, %x, %y : (tensor<4xi1>, tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
%c = graph.clamp %x {min = 0.0, max = 6.0} : tensor<4xf32>
%f = graph.cast %i : (tensor<4xi64>) -> tensor<4xf32>
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from xdsl.ir import Attribute, Operation, SSAValue
from xdsl.utils.exceptions import VerifyException

from . import numeric
from .base import Array, GraphOp, as_type
from .fields import Operand, as_value, flag, number, word
from .types import (
    BOOL,
    Tensor,
    broadcast,
    dtype_of,
    element_type_of,
    is_bool,
    is_float,
    is_integer,
    shape_of,
    tensor,
    type_of,
)


@dataclass(frozen=True)
class Row:
    """One elementwise op: what it computes, numpy's way to it, and the kinds of element that it takes."""

    name: str
    does: str
    fold: Callable[..., Array]
    takes: str
    """Letters of the kinds it takes: f(loat), i(nteger), b(ool)."""
    to_bool: bool = False

    def allows(self, element: Attribute) -> bool:
        return (
            ("f" in self.takes and is_float(element))
            or ("i" in self.takes and is_integer(element))
            or ("b" in self.takes and is_bool(element))
        )


COMPARE: dict[str, Callable[..., Array]] = {
    "lt": np.less,
    "le": np.less_equal,
    "gt": np.greater,
    "ge": np.greater_equal,
    "eq": np.equal,
    "ne": np.not_equal,
}


class ElementwiseOp(GraphOp):
    """Every element of the result depends on the elements at the same place of the (broadcast) operands."""


class RowOp(ElementwiseOp):
    """An op that is a row of a table: `class AddOp(BinaryOp, op="add", does="a + b", fold=np.add, takes="fi"): ...`"""

    row: ClassVar[Row]

    def __init_subclass__(
        cls,
        op: str = "",
        does: str = "",
        fold: Callable[..., Any] | None = None,
        takes: str = "",
        to_bool: bool = False,
    ) -> None:
        super().__init_subclass__()
        if fold is None:
            return
        cls.name = f"graph.{op}"
        cls.row = Row(op, does, fold, takes, to_bool)
        cls.__doc__ = cls.__doc__ or does

    def verify_op(self) -> None:
        element = element_type_of(self.operands[0])
        _verify_one_element_type(self.operands)
        if not self.row.allows(element):
            kinds = {"f": "floats", "i": "integers", "b": "booleans"}
            takes = " and ".join(kinds[kind] for kind in self.row.takes)
            raise VerifyException(f"takes {takes}, but is given {element}")

    def fold(self, *arrays: Array) -> Array:
        with np.errstate(all="ignore"):
            return as_type(self.row.fold(*arrays), self.result_type)


class UnaryOp(RowOp):
    """One tensor in, one of the same shape out. Each subclass below is a row of a table."""

    x = Operand()

    def infer_type(self) -> Tensor:
        x = type_of(self.operands[0])
        return tensor(x.get_shape(), BOOL if self.row.to_bool else x.element_type)


class BinaryOp(RowOp):
    """Two tensors of one element type, broadcast to each other. Each subclass below is a row of a table."""

    a = Operand()
    b = Operand()

    def infer_type(self) -> Tensor:
        a, b = type_of(self.operands[0]), type_of(self.operands[1])
        return tensor(broadcast(a.get_shape(), b.get_shape()), a.element_type)


def _verify_one_element_type(values: Sequence[SSAValue]) -> None:
    elements = [element_type_of(value) for value in values]
    if any(element != elements[0] for element in elements):
        raise VerifyException(f"operands have element types {', '.join(map(str, elements))}; they must be one")


# Tables: a line is an op.
# fmt: off

class AbsOp(UnaryOp, op="abs", does="|x|", fold=np.abs, takes="fi"): ...
class NegOp(UnaryOp, op="neg", does="-x", fold=np.negative, takes="fi"): ...
class ExpOp(UnaryOp, op="exp", does="e to the x", fold=np.exp, takes="f"): ...
class LogOp(UnaryOp, op="log", does="the natural logarithm", fold=np.log, takes="f"): ...
class SqrtOp(UnaryOp, op="sqrt", does="the square root; NaN below 0", fold=np.sqrt, takes="f"): ...
class RsqrtOp(UnaryOp, op="rsqrt", does="1 / sqrt(x)", fold=numeric.rsqrt, takes="f"): ...
class ReciprocalOp(UnaryOp, op="reciprocal", does="1 / x", fold=np.reciprocal, takes="f"): ...
class ReluOp(UnaryOp, op="relu", does="max(x, 0)", fold=numeric.relu, takes="fi"): ...
class SigmoidOp(UnaryOp, op="sigmoid", does="1 / (1 + exp(-x))", fold=numeric.sigmoid, takes="f"): ...
class TanhOp(UnaryOp, op="tanh", does="the hyperbolic tangent", fold=np.tanh, takes="f"): ...
class ErfOp(UnaryOp, op="erf", does="the error function", fold=numeric.erf, takes="f"): ...
class FloorOp(UnaryOp, op="floor", does="the next whole number below", fold=np.floor, takes="f"): ...
class CeilOp(UnaryOp, op="ceil", does="the next whole number above", fold=np.ceil, takes="f"): ...
class RoundOp(UnaryOp, op="round", does="the nearest whole number, halves to even", fold=np.rint, takes="f"): ...
class SignOp(UnaryOp, op="sign", does="-1, 0 or 1", fold=np.sign, takes="fi"): ...
class SinOp(UnaryOp, op="sin", does="sine", fold=np.sin, takes="f"): ...
class CosOp(UnaryOp, op="cos", does="cosine", fold=np.cos, takes="f"): ...
class TanOp(UnaryOp, op="tan", does="tangent", fold=np.tan, takes="f"): ...
class AsinOp(UnaryOp, op="asin", does="arc sine", fold=np.arcsin, takes="f"): ...
class AcosOp(UnaryOp, op="acos", does="arc cosine", fold=np.arccos, takes="f"): ...
class AtanOp(UnaryOp, op="atan", does="arc tangent", fold=np.arctan, takes="f"): ...
class SinhOp(UnaryOp, op="sinh", does="hyperbolic sine", fold=np.sinh, takes="f"): ...
class CoshOp(UnaryOp, op="cosh", does="hyperbolic cosine", fold=np.cosh, takes="f"): ...
class AsinhOp(UnaryOp, op="asinh", does="inverse hyperbolic sine", fold=np.arcsinh, takes="f"): ...
class AcoshOp(UnaryOp, op="acosh", does="inverse hyperbolic cosine", fold=np.arccosh, takes="f"): ...
class AtanhOp(UnaryOp, op="atanh", does="inverse hyperbolic tangent", fold=np.arctanh, takes="f"): ...
class NotOp(UnaryOp, op="not", does="logical not; of integers every bit", fold=np.invert, takes="bi"): ...
class IsNanOp(UnaryOp, op="is_nan", does="whether x is NaN", fold=np.isnan, takes="f", to_bool=True): ...
class IsInfOp(UnaryOp, op="is_inf", does="whether x is an infinity", fold=np.isinf, takes="f", to_bool=True): ...

class AddOp(BinaryOp, op="add", does="a + b", fold=np.add, takes="fi"): ...
class SubOp(BinaryOp, op="sub", does="a - b", fold=np.subtract, takes="fi"): ...
class MulOp(BinaryOp, op="mul", does="a * b", fold=np.multiply, takes="fi"): ...
class DivOp(BinaryOp, op="div", does="a / b; of integers the quotient toward 0", fold=numeric.div, takes="fi"): ...
class PowOp(BinaryOp, op="pow", does="a to the b", fold=numeric.power, takes="fi"): ...
class MaxOp(BinaryOp, op="max", does="the larger; NaN if either is", fold=np.maximum, takes="fi"): ...
class MinOp(BinaryOp, op="min", does="the smaller; NaN if either is", fold=np.minimum, takes="fi"): ...
class AndOp(BinaryOp, op="and", does="logical and; of integers bit by bit", fold=np.bitwise_and, takes="bi"): ...
class OrOp(BinaryOp, op="or", does="logical or; of integers bit by bit", fold=np.bitwise_or, takes="bi"): ...
class XorOp(BinaryOp, op="xor", does="exclusive or; of integers bit by bit", fold=np.bitwise_xor, takes="bi"): ...

class ShiftLeftOp(BinaryOp, op="shift_left", does="b bits up; 0 from the width on", fold=np.left_shift, takes="i"): ...
class ShiftRightOp(BinaryOp, op="shift_right", does="b bits down, the sign kept", fold=np.right_shift, takes="i"): ...

# fmt: on


class ModOp(BinaryOp, op="mod", does="the remainder of a / b", fold=np.mod, takes="fi"):
    """The remainder of a / b: with b's sign as in Python, or with a's sign as in C where `fmod` is said."""

    fmod = flag()

    def fold(self, *arrays: Array) -> Array:
        with np.errstate(all="ignore"):
            return as_type((np.fmod if self.fmod else np.mod)(*arrays), self.result_type)


UNARY: dict[str, Row] = {cls.row.name: cls.row for cls in UnaryOp.__subclasses__()}
BINARY: dict[str, Row] = {cls.row.name: cls.row for cls in BinaryOp.__subclasses__()}
UNARY_OPS: dict[str, type[UnaryOp]] = {cls.row.name: cls for cls in UnaryOp.__subclasses__()}
BINARY_OPS: dict[str, type[BinaryOp]] = {cls.row.name: cls for cls in BinaryOp.__subclasses__()}


class CompareOp(ElementwiseOp):
    """Booleans from comparing two tensors: `graph.compare lt %a, %b`. With a NaN all but `ne` are false."""

    name = "graph.compare"
    predicate = word(*COMPARE, leading=True)
    a = Operand()
    b = Operand()

    def __init__(self, predicate: str, a: SSAValue | Operation, b: SSAValue | Operation, **keywords: Any):
        super().__init__(a, b, predicate=predicate, **keywords)

    def infer_type(self) -> Tensor:
        return tensor(broadcast(shape_of(self.a), shape_of(self.b)), BOOL)

    def verify_op(self) -> None:
        _verify_one_element_type(self.operands)

    def fold(self, *arrays: Array) -> Array:
        return np.asarray(COMPARE[self.predicate](*arrays))


class SelectOp(ElementwiseOp):
    """`a` where `cond` holds, else `b`; all three broadcast."""

    name = "graph.select"
    cond = Operand()
    a = Operand()
    b = Operand()

    def infer_type(self) -> Tensor:
        shapes = (shape_of(self.cond), shape_of(self.a), shape_of(self.b))
        return tensor(broadcast(*shapes), element_type_of(self.a))

    def verify_op(self) -> None:
        if not is_bool(element_type_of(self.cond)):
            raise VerifyException(f"the condition is of {element_type_of(self.cond)}; it must be of i1")
        _verify_one_element_type(self.operands[1:])

    def fold(self, *arrays: Array) -> Array:
        return np.where(*arrays)


class CastOp(ElementwiseOp):
    """The same numbers in another element type; floats to integers toward 0, anything to i1 as `!= 0`.

    `CastOp(x, to=element_type)`, or with `result_type=`.
    """

    name = "graph.cast"
    x = Operand()

    def __init__(self, x: SSAValue | Operation, *, to: Attribute | None = None, result_type: Attribute | None = None):
        if result_type is None:
            if to is None:
                raise TypeError("graph.cast needs `to` or `result_type`")
            result_type = tensor(shape_of(as_value(x)), to)
        super().__init__(x, result_type=result_type)

    def infer_type(self) -> Tensor:
        return tensor(shape_of(self.x), self.result_type.element_type)

    def fold(self, *arrays: Array) -> Array:
        return numeric.cast(arrays[0], dtype_of(self.result_type.element_type))


class ClampOp(ElementwiseOp):
    """min(max(x, `min`), `max`); either bound may be left out; NaN stays NaN."""

    name = "graph.clamp"
    x = Operand()
    min = number(float("-inf"))
    max = number(float("inf"))

    def infer_type(self) -> Tensor:
        return type_of(self.x)

    def verify_op(self) -> None:
        element = element_type_of(self.x)
        if is_bool(element):
            raise VerifyException("takes floats and integers, but is given i1")
        if self.min != self.min or self.max != self.max:
            raise VerifyException("a bound is NaN; bounds must be numbers")

    def fold(self, *arrays: Array) -> Array:
        return numeric.clamp(arrays[0], self.min, self.max)


ELEMENTWISE_OPS: list[type[ElementwiseOp]] = [
    *UNARY_OPS.values(),
    *BINARY_OPS.values(),
    CompareOp,
    SelectOp,
    CastOp,
    ClampOp,
]
