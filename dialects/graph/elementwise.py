"""Elementwise ops, from one table each: a row is an op.

%y = graph.relu %x : tensor<4xf32>
%z = graph.add %x, %b : (tensor<2x4xf32>, tensor<4xf32>) -> tensor<2x4xf32>      // numpy's broadcasting
%m = graph.compare lt %x, %y : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xi1>
%s = graph.select %m, %x, %y : (tensor<4xi1>, tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
%c = graph.clamp %x {min = 0.0, max = 6.0} : tensor<4xf32>
%f = graph.cast %i : (tensor<4xi64>) -> tensor<4xf32>
"""

from __future__ import annotations

from collections.abc import Callable
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

    doc: str
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


UNARY: dict[str, Row] = {
    "abs": Row("|x|", np.abs, "fi"),
    "neg": Row("-x", np.negative, "fi"),
    "exp": Row("e to the x", np.exp, "f"),
    "log": Row("the natural logarithm", np.log, "f"),
    "sqrt": Row("the square root; NaN below 0", np.sqrt, "f"),
    "rsqrt": Row("1 / sqrt(x)", lambda x: np.reciprocal(np.sqrt(x)), "f"),
    "reciprocal": Row("1 / x", np.reciprocal, "f"),
    "relu": Row("max(x, 0)", lambda x: np.maximum(x, x.dtype.type(0)), "fi"),
    "sigmoid": Row("1 / (1 + exp(-x))", numeric.sigmoid, "f"),
    "tanh": Row("the hyperbolic tangent", np.tanh, "f"),
    "erf": Row("the error function", numeric.erf, "f"),
    "floor": Row("the next whole number below", np.floor, "f"),
    "ceil": Row("the next whole number above", np.ceil, "f"),
    "round": Row("the nearest whole number, halves to the even one", np.rint, "f"),
    "sign": Row("-1, 0 or 1", np.sign, "fi"),
    "sin": Row("sine", np.sin, "f"),
    "cos": Row("cosine", np.cos, "f"),
    "tan": Row("tangent", np.tan, "f"),
    "asin": Row("arc sine", np.arcsin, "f"),
    "acos": Row("arc cosine", np.arccos, "f"),
    "atan": Row("arc tangent", np.arctan, "f"),
    "sinh": Row("hyperbolic sine", np.sinh, "f"),
    "cosh": Row("hyperbolic cosine", np.cosh, "f"),
    "asinh": Row("inverse hyperbolic sine", np.arcsinh, "f"),
    "acosh": Row("inverse hyperbolic cosine", np.arccosh, "f"),
    "atanh": Row("inverse hyperbolic tangent", np.arctanh, "f"),
    "not": Row("logical not; of integers every bit", np.invert, "bi"),
    "is_nan": Row("whether x is NaN", np.isnan, "f", to_bool=True),
    "is_inf": Row("whether x is an infinity", np.isinf, "f", to_bool=True),
}

BINARY: dict[str, Row] = {
    "add": Row("a + b", np.add, "fi"),
    "sub": Row("a - b", np.subtract, "fi"),
    "mul": Row("a * b", np.multiply, "fi"),
    "div": Row("a / b; of integers the quotient rounded toward 0", numeric.div, "fi"),
    "pow": Row("a to the b", numeric.power, "fi"),
    "max": Row("the larger; NaN if either is", np.maximum, "fi"),
    "min": Row("the smaller; NaN if either is", np.minimum, "fi"),
    "mod": Row("the remainder; its sign is b's (Python), with fmod a's (C)", np.mod, "fi"),
    "and": Row("logical and; of integers bit by bit", np.bitwise_and, "bi"),
    "or": Row("logical or; of integers bit by bit", np.bitwise_or, "bi"),
    "xor": Row("logical exclusive or; of integers bit by bit", np.bitwise_xor, "bi"),
}

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


class UnaryOp(ElementwiseOp):
    """One tensor in, one of the same shape out. Subclasses come from the table `UNARY`."""

    row: ClassVar[Row]

    x = Operand()

    def infer_type(self) -> Tensor:
        x = type_of(self.operands[0])
        return tensor(x.get_shape(), BOOL if self.row.to_bool else x.element_type)

    def verify_op(self) -> None:
        _verify_row(self, self.row)

    def fold(self, *arrays: Array) -> Array:
        with np.errstate(all="ignore"):
            return as_type(self.row.fold(*arrays), self.result_type)


class BinaryOp(ElementwiseOp):
    """Two tensors of one element type, broadcast to each other. Subclasses come from the table `BINARY`."""

    row: ClassVar[Row]

    a = Operand()
    b = Operand()

    def infer_type(self) -> Tensor:
        a, b = type_of(self.operands[0]), type_of(self.operands[1])
        return tensor(broadcast(a.get_shape(), b.get_shape()), a.element_type)

    def verify_op(self) -> None:
        _verify_one_element_type(self, self.operands)
        _verify_row(self, self.row)

    def fold(self, *arrays: Array) -> Array:
        with np.errstate(all="ignore"):
            return as_type(self.row.fold(*arrays), self.result_type)


def _verify_row(op: GraphOp, row: Row) -> None:
    element = element_type_of(op.operands[0])
    if not row.allows(element):
        kinds = {"f": "floats", "i": "integers", "b": "booleans"}
        raise VerifyException(f"takes {' and '.join(kinds[kind] for kind in row.takes)}, but is given {element}")


def _verify_one_element_type(op: GraphOp, values: Any) -> None:
    elements = [element_type_of(value) for value in values]
    if any(element != elements[0] for element in elements):
        raise VerifyException(f"operands have element types {', '.join(map(str, elements))}; they must be one")


def _camel(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("_")) + "Op"


def _unary(name: str) -> type[UnaryOp]:
    members = {"name": f"graph.{name}", "__doc__": UNARY[name].doc, "row": UNARY[name], "__module__": __name__}
    return type(_camel(name), (UnaryOp,), members)


def _binary(name: str) -> type[BinaryOp]:
    members = {"name": f"graph.{name}", "__doc__": BINARY[name].doc, "row": BINARY[name], "__module__": __name__}
    return type(_camel(name), (BinaryOp,), members)


AbsOp = _unary("abs")
NegOp = _unary("neg")
ExpOp = _unary("exp")
LogOp = _unary("log")
SqrtOp = _unary("sqrt")
RsqrtOp = _unary("rsqrt")
ReciprocalOp = _unary("reciprocal")
ReluOp = _unary("relu")
SigmoidOp = _unary("sigmoid")
TanhOp = _unary("tanh")
ErfOp = _unary("erf")
FloorOp = _unary("floor")
CeilOp = _unary("ceil")
RoundOp = _unary("round")
SignOp = _unary("sign")
SinOp = _unary("sin")
CosOp = _unary("cos")
TanOp = _unary("tan")
AsinOp = _unary("asin")
AcosOp = _unary("acos")
AtanOp = _unary("atan")
SinhOp = _unary("sinh")
CoshOp = _unary("cosh")
AsinhOp = _unary("asinh")
AcoshOp = _unary("acosh")
AtanhOp = _unary("atanh")
NotOp = _unary("not")
IsNanOp = _unary("is_nan")
IsInfOp = _unary("is_inf")

AddOp = _binary("add")
SubOp = _binary("sub")
MulOp = _binary("mul")
DivOp = _binary("div")
PowOp = _binary("pow")
MaxOp = _binary("max")
MinOp = _binary("min")
AndOp = _binary("and")
OrOp = _binary("or")
XorOp = _binary("xor")


class ModOp(BinaryOp):
    """The remainder of a / b: with b's sign as in Python, or with a's sign as in C where `fmod` is said."""

    name = "graph.mod"
    row = BINARY["mod"]
    fmod = flag()

    def fold(self, *arrays: Array) -> Array:
        with np.errstate(all="ignore"):
            return as_type((np.fmod if self.fmod else np.mod)(*arrays), self.result_type)


UNARY_OPS: dict[str, type[UnaryOp]] = {cls.name.removeprefix("graph."): cls for cls in UnaryOp.__subclasses__()}
BINARY_OPS: dict[str, type[BinaryOp]] = {cls.name.removeprefix("graph."): cls for cls in BinaryOp.__subclasses__()}


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
        _verify_one_element_type(self, self.operands)

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
        _verify_one_element_type(self, self.operands[1:])

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
