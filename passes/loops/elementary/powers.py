"""pow.

    x**y = 2**(y log2(x)),   log2(x) = e + log2(1 + r),   1 + r in [2/3, 4/3)

A power multiplies the logarithm's error by up to 150, so all is computed in f64, of which no more than the rounding to
f32 is seen. The coefficients are by docs/make_polynomials.py.
"""

from __future__ import annotations

from math import inf, nan

from xdsl.dialects import arith, math
from xdsl.dialects.builtin import f32, f64, i64

from .formula import (
    Value,
    absolute,
    at_least,
    at_most,
    bits,
    floats,
    floor,
    fma,
    hexes,
    horner,
    select,
    with_sign_of,
)

TWO_THIRDS = 0x3FE5555555555555
EXPONENT = -1 << 52
SHIFT = 1.5 * 2**52

LOG2 = hexes(
    "0x1.71547652b82fep+0 -0x1.71547652dae46p-1 0x1.ec709d9e2a7e6p-2 -0x1.715475df53293p-2 0x1.2776de62d1167p-2 "
    "-0x1.ec70fd6e6f072p-3 0x1.a60c062afc8a0p-3 -0x1.7143ca44dccd2p-3 0x1.4974f38f74dbcp-3 -0x1.28ea8ed87cd8fp-3 "
    "0x1.fac859ec470bap-4 -0x1.ca9c6b898020ap-4 0x1.41c059ccedb79p-3 -0x1.3319fc5654221p-3"
)
"""log2(1 + r) / r for -1/3 <= r <= 1/3."""
EXP2 = hexes(
    "0x1p+0 0x1.62e42ff0e1924p-1 0x1.ebfbe07787371p-3 0x1.c6b08ac06b4b1p-5 0x1.3b29f39d40384p-7 "
    "0x1.5d8a85ff2e9e6p-10 0x1.445c840cdd3ccp-13 0x1.fde5fd8a84326p-17"
)
"""2**r for |r| <= 1/2."""


def pow(x: Value, y: Value) -> Value:
    a, b = absolute(x).cast(arith.ExtFOp, f64), y.cast(arith.ExtFOp, f64)
    return with_cases(exp2(b * log2(a)).cast(arith.TruncFOp, f32), x, y)


def with_cases(power: Value, x: Value, y: Value) -> Value:
    """x**y, where `power` is |x|**y. C's cases: x**0 and 1**y are 1 whatever the other is, (-1)**inf is 1, a negative x
    wants a whole y."""
    whole = floor(y).compare("oeq", y)
    half = y * 0.5
    odd = whole & floor(half).compare("one", half)
    power = select(odd, with_sign_of(power, x), power)
    power = select(x.compare("olt", 0.0) & x.compare("one", -inf) & whole.equals(0), nan, power)
    ones = x.compare("oeq", 1.0) | y.compare("oeq", 0.0)
    return select(ones | (x.compare("oeq", -1.0) & absolute(y).compare("oeq", inf)), 1.0, power)


def log2(x: Value) -> Value:
    """Of x >= 0, infinity and NaN included; no f32 is denormal in f64."""
    above = (bits(x) - TWO_THIRDS) & EXPONENT
    r = floats(bits(x) - above) - 1.0
    y = fma(r, horner(r, LOG2), (above >> 52).cast(arith.SIToFPOp, f64))
    return select(x.compare("oeq", 0.0), -inf, select(x.compare("olt", inf), y, x))


def exp2(x: Value) -> Value:
    """Beyond the bounds an f32 is 0 or infinite."""
    x = at_most(at_least(x, -200.0), 200.0)
    n, field = nearest(x)
    return horner(x - n, EXP2) * floats(field << 52)


def nearest(x: Value) -> tuple[Value, Value]:
    """n = round(x), and an integer that ends in the bits of n + 1023: as `formula.nearest`, of f64."""
    if not x.place.ordered:
        n = x.place.emit(math.RoundEvenOp(x.ssa))
        return n, n.cast(arith.FPToSIOp, i64) + 1023
    t = x + (SHIFT + 1023)
    return t - (SHIFT + 1023), bits(t)
