"""pow of f32 for devices on which f64 is slow, or which have none: powers.py computes in it.

    x**y = 2**(y log2(x)),   log2(x) = e + 2/ln 2 (s + s c),   s = (m - 1) / (m + 1),   c = s**2/3 + s**4/5 + ...

where x = 2**e m, 1/sqrt(2) <= m < sqrt(2). What a power multiplies, by up to 150, is a sum of two floats, the first of
them of 12 bits, so that the product of two such is exact [fdlibm, e_pow.c; for f32 Ian Lance Taylor, e_powf.c]. There
the second part is what a sum lost: (a + b) - a. Compilers of shaders may make b of that, or a (b + c) of a b + a c, and
the bits are gone. So what is computed before goes through its bits (`pinned`), where no such rule holds. No product
need be rounded together with a sum; it may be.
"""

from __future__ import annotations

from math import inf, nan

from xdsl.dialects import arith
from xdsl.dialects.builtin import f32

from .exponentials import EXP2, scaled
from .formula import Value, absolute, at_least, at_most, bits, floats, fma, hexes, horner, nearest, pinned, select
from .logarithms import EXPONENT, SMALLEST_NORMAL
from .powers import with_cases

SQRT_HALF = 0x3F3504F3
FACTOR, FACTOR_HIGH, FACTOR_LOW = map(float.fromhex, ("0x1.715476p+1", "0x1.714p+1", "0x1.47652cp-11"))
"""2/ln 2, its first 12 bits, and the rest."""
THIRD_HIGH, THIRD_LOW = float.fromhex("0x1.554p-2"), float.fromhex("0x1.556p-14")
"""P[0] in the same way."""
P = hexes("0x1.555556p-2 0x1.9996acp-3 0x1.257ceep-3 0x1.ab5206p-4")
"""(artanh(s)/s - 1) / s**2 as a polynomial of s**2, |s| <= 0.1716; by docs/make_polynomials.py."""
HUGE = 2.0**32
"""The power of any other number than 1 is 0 or infinite."""


def pow(x: Value, y: Value) -> Value:
    """The largest error that was found is 4.0 units in the last place, of x near sqrt(2) or 1/sqrt(2) and a result near
    the end of the range; 1.5 elsewhere."""
    a = absolute(x)
    first, second = log2(a)
    bounded = at_most(at_least(y, -HUGE), HUGE)
    y_first = high(bounded)
    power = exp2(y_first * first, fma(bounded - y_first, first, bounded * second))
    power = select(a.compare("oeq", 0.0), select(y.compare("olt", 0.0), inf, a), power)
    power = select(a.compare("oeq", inf), select(y.compare("olt", 0.0), 0.0, a), power)
    power = select(x.compare("uno", y), nan, power)
    return with_cases(power, x, y)


def log2(a: Value) -> tuple[Value, Value]:
    """Of a > 0, in two parts, to 2**-30 of it. What is pinned has a last bit of 0 by itself, or is small."""
    denormal = a.compare("olt", SMALLEST_NORMAL)
    a = select(denormal, a * 2.0**23, a)
    above = (bits(a) - SQRT_HALF) & EXPONENT
    scale = select(denormal, -23.0, a.place.constant(0.0, a.type))
    e = pinned((above >> 23).cast(arith.SIToFPOp, f32) + scale)

    u = pinned(floats(bits(a) - above) - 1.0)
    v = a.place.constant(1.0, a.type) / (u + 2.0)
    s = high(u * v)
    u_first = high(u)
    rest = pinned(u - s * 2.0)
    rest = pinned(rest - s * u_first)
    s_rest = v * (rest - s * (u - u_first))  # u - s (u + 2), over u + 2
    square = fma(s, s, s * s_rest * 2.0)
    c = square * horner(square, P)

    large = s * FACTOR_HIGH
    small = fma(s, FACTOR_LOW, s_rest * FACTOR)
    small = fma(large + small, c, small)
    first = high(e + large + small)
    return first, small - pinned(pinned(first - e) - large)


def exp2(large: Value, small: Value) -> Value:
    """2**(large + small), where `small` is small beside `large`; beyond the bounds the result is 0 or infinite."""
    beyond = absolute(large).compare("ogt", 200.0)
    large = select(beyond, at_most(at_least(large, -200.0), 200.0), large)
    small = select(beyond, 0.0, small)
    n, both = nearest(large, 1.0, 254)
    r = pinned(large - n) + small
    return scaled(fma(r, horner(r, EXP2), 1.0), both)


def high(x: Value) -> Value:
    """The first 12 bits of x."""
    return floats(bits(x) & (-1 << 12))
