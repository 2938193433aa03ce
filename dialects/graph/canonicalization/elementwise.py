"""Elementwise ops that do nothing, and pairs that are one. Only rewrites that leave every bit of the result as it was.

`x + 0.0` stays: of `x = -0.0` it makes `0.0`. `x + -0.0` and `x - 0.0` go.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from stepwell.dialects.graph.constant import constant_owner, inline_array, inline_constant
from stepwell.dialects.graph.elementwise import (
    AbsOp,
    AddOp,
    AndOp,
    BinaryOp,
    CastOp,
    CeilOp,
    ClampOp,
    DivOp,
    FloorOp,
    MaxOp,
    MinOp,
    MulOp,
    NegOp,
    NotOp,
    OrOp,
    PowOp,
    ReluOp,
    RoundOp,
    SelectOp,
    SignOp,
    SubOp,
    UnaryOp,
)
from stepwell.dialects.graph.numeric import Array
from stepwell.dialects.graph.types import Value, dtype_of, element_type_of, is_bool, is_float, shape_of
from xdsl.pattern_rewriter import PatternRewriter, RewritePattern, op_type_rewrite_pattern


def splat(value: Value) -> Array | None:
    """The one number that all elements of a constant are (rank 0)."""
    owner = constant_owner(value)
    array = None if owner is None else inline_array(owner)
    if array is None or not array.size or array.tobytes() != np.full_like(array, array.flat[0]).tobytes():
        return None
    return np.asarray(array.flat[0])


def smallest_normal(like: Array) -> float:
    """The smallest positive number of the float type of `like` that is not subnormal."""
    return float(np.finfo(like.dtype).tiny)  # pyright: ignore[reportUnknownMemberType,reportUnknownArgumentType]


def _is(number: float) -> Callable[[Array], bool]:
    return lambda array: array.dtype != np.bool_ and bool(array == number)


def _adds_nothing(array: Array) -> bool:
    """-0.0, and of integers 0."""
    return bool(array == 0) and (array.dtype.kind in "iu" or bool(np.signbit(array)))


def _subtracts_nothing(array: Array) -> bool:
    """+0.0, and of integers 0."""
    return bool(array == 0) and not (array.dtype.kind not in "iu" and bool(np.signbit(array)))


NEUTRAL_RIGHT: dict[type[BinaryOp], Callable[[Array], bool]] = {
    AddOp: _adds_nothing,
    SubOp: _subtracts_nothing,
    MulOp: _is(1),
    DivOp: _is(1),
    PowOp: _is(1),
    AndOp: lambda array: array.dtype == np.bool_ and bool(array),
    OrOp: lambda array: array.dtype == np.bool_ and not bool(array),
}
"""For which b is `a op b` just a."""

COMMUTATIVE = (AddOp, MulOp, AndOp, OrOp)


class DropNeutral(RewritePattern):
    """x - 0, x * 1, x / 1, x ** 1, x and true, x or false are x, where the constant does not widen x's shape."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: BinaryOp, rewriter: PatternRewriter, /) -> None:
        if (is_neutral := NEUTRAL_RIGHT.get(type(op))) is None:
            return
        sides = ((op.a, op.b), (op.b, op.a)) if isinstance(op, COMMUTATIVE) else ((op.a, op.b),)
        for x, other in sides:
            number = splat(other)
            if number is not None and x.type == op.result.type and is_neutral(number):
                rewriter.replace(op, (), (x,))
                return


class MultiplyInstead(RewritePattern):
    """x / c is x * (1 / c) to the bit, where c is a power of two (and so is 1 / c, no subnormal one)."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: DivOp, rewriter: PatternRewriter, /) -> None:
        number = splat(op.b)
        if number is None or number.dtype.kind != "f" or np.abs(np.frexp(number)[0]) != 0.5:
            return
        with np.errstate(over="ignore"):
            inverse = np.asarray(1 / number)
        if np.abs(np.frexp(inverse)[0]) != 0.5 or np.abs(inverse) < smallest_normal(inverse):
            return
        factor = inline_constant(np.full(shape_of(op.b), inverse, number.dtype))
        rewriter.replace(op, [factor, MulOp(op.a, factor, result_type=op.result.type)])


INVOLUTIONS = (NegOp, NotOp)
"""f(f(x)) is x."""

IDEMPOTENT = (AbsOp, ReluOp, FloorOp, CeilOp, RoundOp, SignOp)
"""f(f(x)) is f(x)."""


class MergeTwice(RewritePattern):
    """neg(neg(x)) is x; relu(relu(x)) is relu(x)."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: UnaryOp, rewriter: PatternRewriter, /) -> None:
        inner = op.x.owner
        if not isinstance(inner, UnaryOp) or type(inner) is not type(op):
            return
        if inner.x.type != op.result.type:
            return
        if isinstance(op, INVOLUTIONS):
            rewriter.replace(op, (), (inner.x,))
        elif isinstance(op, IDEMPOTENT):
            rewriter.replace(op, (), (inner.result,))


class DropUnbounded(RewritePattern):
    """clamp(x) without bounds is x."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: ClampOp, rewriter: PatternRewriter, /) -> None:
        if op.min == float("-inf") and op.max == float("inf") and op.x.type == op.result.type:
            rewriter.replace(op, (), (op.x,))


class MergeClamps(RewritePattern):
    """clamp(clamp(x, a, b), c, d) is clamp(x, max(a, c), min(b, d)), where the bounds leave something in between.

    Else all is one number, that of the outer clamp: clamp(clamp(x, 0, 1), 2, 3) is 2 everywhere, and is left alone.
    """

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: ClampOp, rewriter: PatternRewriter, /) -> None:
        inner = op.x.owner
        if not isinstance(inner, ClampOp):
            return
        low, high = max(inner.min, op.min), min(inner.max, op.max)
        if low <= high and inner.min <= inner.max and op.min <= op.max:
            rewriter.replace(op, ClampOp(inner.x, min=low, max=high, result_type=op.result.type))


class ClampFromMaxMin(RewritePattern):
    """max(x, c) is clamp(x, min = c), min(x, c) is clamp(x, max = c), for one number c that is not NaN."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: MaxOp | MinOp, rewriter: PatternRewriter, /) -> None:
        for x, bound in ((op.a, op.b), (op.b, op.a)):
            number = splat(bound)
            if number is None or x.type != op.result.type or float(number) != number:
                continue  # no number, NaN, or an integer that a float64 cannot hold
            if isinstance(op, MaxOp):
                rewriter.replace(op, ClampOp(x, min=float(number), result_type=op.result.type))
            else:
                rewriter.replace(op, ClampOp(x, max=float(number), result_type=op.result.type))
            return


class ClampRelu(RewritePattern):
    """clamp(relu(x), a, b) is clamp(x, max(a, 0), b), where b >= 0."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: ClampOp, rewriter: PatternRewriter, /) -> None:
        inner = op.x.owner
        if isinstance(inner, ReluOp) and op.max >= max(op.min, 0.0):
            low = max(op.min, 0.0)
            rewriter.replace(op, ClampOp(inner.x, min=low, max=op.max, result_type=op.result.type))


class DropCast(RewritePattern):
    """A cast to the type that x has is x."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: CastOp, rewriter: PatternRewriter, /) -> None:
        if op.x.type == op.result.type:
            rewriter.replace(op, (), (op.x,))


class MergeCasts(RewritePattern):
    """cast(cast(x)) is one cast, where the middle type holds every number of x's."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: CastOp, rewriter: PatternRewriter, /) -> None:
        inner = op.x.owner
        if not isinstance(inner, CastOp):
            return
        before, middle = (element_type_of(value) for value in (inner.x, inner.result))
        if is_bool(middle) or is_float(before) != is_float(middle):
            return
        if np.can_cast(dtype_of(before), dtype_of(middle), "safe"):
            rewriter.replace(op, CastOp(inner.x, result_type=op.result.type))


class SelectKnown(RewritePattern):
    """select(true, a, b) is a, select(false, a, b) is b, and select(c, a, a) is a, where a has the result's shape."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: SelectOp, rewriter: PatternRewriter, /) -> None:
        number = splat(op.cond)
        if number is None and op.a is not op.b:
            return
        taken = op.a if number is None or bool(number) else op.b
        if taken.type == op.result.type:
            rewriter.replace(op, (), (taken,))


ELEMENTWISE_PATTERNS: tuple[RewritePattern, ...] = (
    DropNeutral(),
    MultiplyInstead(),
    MergeTwice(),
    DropUnbounded(),
    MergeClamps(),
    ClampFromMaxMin(),
    ClampRelu(),
    DropCast(),
    MergeCasts(),
    SelectKnown(),
)
