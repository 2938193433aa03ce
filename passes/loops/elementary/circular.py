"""sin and cos.

    sin(x) = +-sin(r) or +-cos(r),   n = round(x * 2/pi),   r = x - n pi/2   in [-pi/4, pi/4]

Which of them, the last two bits of n say. pi/2 is taken in three parts of 24 bits [Cody, Waite 1980]; up to 2**16 each
product with n is exact where it has to be. Where a lane is beyond that, the C library computes it, or where there is
none the formula of f64: networks have no such angles, but their results must be right. The coefficients are by
docs/make_polynomials.py.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from xdsl.dialects import arith, math
from xdsl.dialects.builtin import f32, f64

from . import double_circular as double
from .formula import Value, absolute, bits, floats, fma, hexes, horner, nearest, pinned, select, where

TWO_OVER_PI = float.fromhex("0x1.45f306p-1")
HALF_PI = hexes("0x1.921fb6p+0 -0x1.777a5cp-25 -0x1.ee59dap-50")
SHORT = hexes("0x1.92p+0 0x1.fb4p-12 0x1.444p-24 0x1.68c234p-39")
"""pi/2 in parts of 12 bits: times n, up to 4095, each but the last is exact where a product is rounded before it is
added to something."""
LARGE = 2.0**16
SIGN = -1 << 31

SIN = hexes("-0x1.555556p-3 0x1.111174p-7 -0x1.a05960p-13 0x1.7c33b0p-19")
"""(sin(r) - r) / r**3, in powers of r**2."""
COS = hexes("0x1.55554ap-5 -0x1.6c0c2ap-10 0x1.99e904p-16")
"""(cos(r) - 1 + r**2 / 2) / r**4, in powers of r**2."""


def sin(x: Value) -> Value:
    n, r = reduced(absolute(x))
    y = floats(bits(quarter(n, r)) ^ (bits(x) & SIGN))
    return beyond(x, math.SinOp, double.sin, y)


def cos(x: Value) -> Value:
    n, r = reduced(absolute(x))
    return beyond(x, math.CosOp, double.cos, quarter(n + 1, r))


def reduced(x: Value) -> tuple[Value, Value]:
    """An integer that ends in the bits of n, and r."""
    n, last = nearest(x, TWO_OVER_PI, 0)
    if x.place.ordered:
        return last, subtracted(x, [n] * len(HALF_PI), HALF_PI)
    return last, subtracted(x, [n, *(pinned(n, lost) for lost in range(1, len(SHORT)))], SHORT)


def subtracted(x: Value, factors: Sequence[Value], parts: Sequence[float]) -> Value:
    for n, part in zip(factors, parts, strict=True):
        x = fma(n, -part, x)
    return x


def quarter(n: Value, r: Value) -> Value:
    """sin(r + n pi/2)"""
    u = r * r
    sine = fma(r * u, horner(u, SIN), r)
    cosine = fma(u * u, horner(u, COS), fma(u, -0.5, 1.0))
    y = select((n & 1).equals(0), sine, cosine)
    return floats(bits(y) ^ ((n & 2) << 30))


def beyond(x: Value, op: type[math.SinOp | math.CosOp], formula: Callable[[Value], Value], y: Value) -> Value:
    """The library's `op`, or `formula` in f64, in the lanes where x is too large, or infinite; `y` in the others."""

    def rare() -> list[Value]:
        if x.place.library:
            return [x.place.emit(op(x.ssa))]
        return [formula(x.cast(arith.ExtFOp, f64)).cast(arith.TruncFOp, f32)]

    return where(absolute(x).compare("oge", LARGE), rare, [y])[0]
