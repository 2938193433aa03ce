"""log, log2, log10, log1p.

    log(x) = e ln 2 + log(1 + r),   x = 2**e (1 + r),   1 + r in [2/3, 4/3)

Both come from the bits of x: what they are above those of 2/3, rounded down to whole exponents, is e. The coefficients
are by docs/make_polynomials.py.
"""

from __future__ import annotations

from math import inf, nan

from xdsl.dialects import arith
from xdsl.dialects.builtin import f32

from .formula import Value, absolute, bits, floats, fma, hexes, horner, select

LN2 = float.fromhex("0x1.62e430p-1")
LOG2_E = float.fromhex("0x1.715476p+0")
LOG10_2_HIGH, LOG10_2_LOW = float.fromhex("0x1.3440p-2"), float.fromhex("0x1.3509f8p-18")
LOG10_E = float.fromhex("0x1.bcb7b2p-2")
TWO_THIRDS = 0x3F2AAAAB
EXPONENT = -1 << 23
SMALLEST_NORMAL = 2.0**-126

LOG = hexes(
    "0x1.555506p-2 -0x1.fffefap-3 0x1.99d050p-3 -0x1.559c66p-3 0x1.1ed562p-3 -0x1.f332b8p-4 0x1.1e6ccap-3 "
    "-0x1.07c48ap-3"
)
"""(log(1 + r) - r + r**2 / 2) / r**3 for -1/3 <= r <= 1/3."""


def log(x: Value) -> Value:
    e, z = split(x)
    return edges(x, fma(e, LN2, z))


def log2(x: Value) -> Value:
    e, z = split(x)
    return edges(x, fma(z, LOG2_E, e))


def log10(x: Value) -> Value:
    """e times the first part of log10(2) is exact."""
    e, z = split(x)
    return edges(x, fma(e, LOG10_2_LOW, fma(z, LOG10_E, e * LOG10_2_HIGH)))


def split(x: Value) -> tuple[Value, Value]:
    """e and log(1 + r). A denormal is first made 2**23 times as large."""
    denormal = x.compare("olt", SMALLEST_NORMAL)
    x = select(denormal, x * 2.0**23, x)
    above = exponent_above(x)
    e = fma(above.cast(arith.SIToFPOp, f32), 2.0**-23, select(denormal, -23.0, x.place.constant(0.0, x.type)))
    return e, log_near_one(floats(bits(x) - above) - 1.0)


def exponent_above(x: Value) -> Value:
    """e * 2**23, an integer."""
    return (bits(x) - TWO_THIRDS) & EXPONENT


def log_near_one(r: Value) -> Value:
    """log(1 + r)"""
    return fma(r * r, fma(r, horner(r, LOG), -0.5), r)


def edges(x: Value, y: Value) -> Value:
    """y, but log(0) = -inf, log(x < 0) = NaN, log(inf) = inf, log(NaN) = NaN."""
    y = select(x.compare("uge", inf), x, y)
    y = select(x.compare("olt", 0.0), nan, y)
    return select(x.compare("oeq", 0.0), -inf, y)


def log1p(x: Value) -> Value:
    """e is that of 1 + x, rounded; r = 2**-e (1 + x) - 1 is rounded once. As 2**-128 is no normal float, r is made of
    4 * 2**-e, and quartered."""
    sum = x + 1.0
    above = exponent_above(sum)
    four = floats(x.place.constant(0x40800000, above.type) - above)
    z = log_near_one(fma(four, x, four - 4.0) * 0.25)
    y = fma(above.cast(arith.SIToFPOp, f32), LN2 * 2.0**-23, z)
    y = edges(sum, y)
    return select(absolute(x).compare("olt", 2.0**-25), x, y)
