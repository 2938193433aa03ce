"""log, log1p, and what they make: asinh, acosh, atanh.

log(x) = e ln 2 + log(1 + f),   x = 2**e (1 + f),   1 + f in [sqrt(1/2), sqrt(2))

log(1 + f) = f - (f**2 / 2 - s (f**2 / 2 + R(s**2))),   s = f / (2 + f)          [fdlibm, e_log.c, s_log1p.c]
"""

from __future__ import annotations

from math import nan

from xdsl.dialects import arith
from xdsl.dialects.builtin import f64

from .formula import (
    Value,
    absolute,
    bits,
    floats,
    horner,
    select,
    square_root,
    with_sign_of,
)
from .logarithms import edges

LN2_HIGH, LN2_LOW = 6.93147180369123816490e-01, 1.90821492927058770002e-10
LN2 = 6.93147180559945286227e-01
SQRT_HALF = 0x3FE6A09E667F3BCD
EXPONENT = -1 << 52
SMALLEST_NORMAL = 2.0**-1022
LARGE = 2.0**28
"""From here on sqrt(x**2 + 1) is x."""
LG = (
    6.666666666666735130e-01,
    3.999999999940941908e-01,
    2.857142874366239149e-01,
    2.222219843214978396e-01,
    1.818357216161805012e-01,
    1.531383769920937332e-01,
    1.479819860511658591e-01,
)


def log(x: Value) -> Value:
    """A denormal is first made 2**54 times as large."""
    denormal = x.compare("olt", SMALLEST_NORMAL)
    large = select(denormal, x * 2.0**54, x)
    above = exponent_above(large)
    e = whole(above) + select(denormal, -54.0, x.place.constant(0.0, x.type))
    return edges(x, joined(e, floats(bits(large) - above) - 1.0, x.place.constant(0.0, x.type)))


def log1p(x: Value) -> Value:
    """What 1 + x lost by rounding, divided by it, is added."""
    sum = x + 1.0
    above = exponent_above(sum)
    lost = select(above.order("sgt", 0), 1.0 - (sum - x), x - (sum - 1.0)) / sum
    y = edges(sum, joined(whole(above), floats(bits(sum) - above) - 1.0, lost))
    return select(absolute(x).compare("olt", 2.0**-54), x, y)


def exponent_above(x: Value) -> Value:
    """e * 2**52, an integer."""
    return (bits(x) - SQRT_HALF) & EXPONENT


def whole(above: Value) -> Value:
    """e"""
    return (above >> 52).cast(arith.SIToFPOp, f64)


def joined(e: Value, f: Value, more: Value) -> Value:
    """e ln 2 + log(1 + f) + more"""
    s = f / (f + 2.0)
    z = s * s
    square = f * 0.5 * f
    rest = s * (square + z * horner(z, LG)) + (e * LN2_LOW + more)
    return e * LN2_HIGH - ((square - rest) - f)


def asinh(x: Value) -> Value:
    """[fdlibm, s_asinh.c]"""
    a = absolute(x)
    t = a * a
    y = log1p(a + t / (square_root(t + 1.0) + 1.0))
    return with_sign_of(select(a.compare("ogt", LARGE), log(a) + LN2, y), x)


def acosh(x: Value) -> Value:
    """[fdlibm, e_acosh.c]"""
    t = x - 1.0
    y = log1p(t + square_root(t * (t + 2.0)))
    y = select(x.compare("ogt", LARGE), log(x) + LN2, y)
    return select(x.compare("olt", 1.0), nan, y)


def atanh(x: Value) -> Value:
    a = absolute(x)
    return with_sign_of(log1p((a + a) / (1.0 - a)) * 0.5, x)
