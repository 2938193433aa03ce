"""Powers of two, and the upper half of a float."""

from __future__ import annotations

from xdsl.dialects import arith, math
from xdsl.dialects.builtin import i64

from .formula import Value, bits, floats

BIAS, MANTISSA = 1023, 52


def whole(x: Value) -> tuple[Value, Value]:
    """The nearest whole number, as a float and as an i64."""
    n = x.place.emit(math.RoundEvenOp(x.ssa))
    return n, n.cast(arith.FPToSIOp, i64)


def scaled(y: Value, n: Value) -> Value:
    """y * 2**n, by two halves of 2**n: their product may be denormal, or no number of f64."""
    half = n >> 1
    return y * power_of_two(half) * power_of_two(n - half)


def power_of_two(n: Value) -> Value:
    return floats((n + BIAS) << MANTISSA)


def high(x: Value) -> Value:
    """The first 21 bits of x: the product of two such numbers is exact."""
    return floats(bits(x) & (-1 << 32))
