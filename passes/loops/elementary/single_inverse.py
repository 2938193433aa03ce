"""asin, acos, atan of f32: compilers of shaders may be off by 2**-12 in theirs (WGSL, section 15.7.4).

asin(x) = x + x**3 P(x**2) up to 1/2; beyond, pi/2 - 2 asin(sqrt((1 - x) / 2)).
atan(x) = pi/4 + atan((x - 1) / (x + 1)) from tan(pi/8) on, pi/2 - atan(1 / x) from 1 / tan(pi/8) on [Cephes, asinf.c,
atanf.c]. The coefficients are by docs/make_polynomials.py.
"""

from __future__ import annotations

from math import nan

from .formula import Value, absolute, at_most, fma, hexes, horner, select, square_root, with_sign_of

HALF_PI, HALF_PI_LOW = float.fromhex("0x1.921fb6p+0"), float.fromhex("-0x1.777a5cp-25")
TAN_EIGHTH = float.fromhex("0x1.a8279ap-2")
"""tan(pi/8)"""

ASIN = hexes("0x1.55555ep-3 0x1.332638p-4 0x1.70ce26p-5 0x1.b1166ap-6 0x1.39fb78p-5")
"""(asin(x)/x - 1) / x**2 as a polynomial of x**2, |x| <= 1/2."""
ATAN = hexes("-0x1.555554p-2 0x1.9996c2p-3 -0x1.24144ap-3 0x1.b73bfcp-4 -0x1.05f040p-4")
"""(atan(x)/x - 1) / x**2 as a polynomial of x**2, |x| <= tan(pi/8)."""


def asin(x: Value) -> Value:
    small, near, far = parts(x)
    return select(small, near, with_sign_of(HALF_PI - (far - HALF_PI_LOW), x))


def acos(x: Value) -> Value:
    small, near, far = parts(x)
    below = 2 * HALF_PI - (far - 2 * HALF_PI_LOW)
    return select(small, HALF_PI - (near - HALF_PI_LOW), select(x.compare("olt", 0.0), below, far))


def parts(x: Value) -> tuple[Value, Value, Value]:
    """Whether |x| < 1/2; asin(x) where it is, acos(|x|) where it is not: beyond 1 a NaN."""
    a = absolute(x)
    small = a.compare("olt", 0.5)
    z = select(small, x * x, (1.0 - a) * 0.5)
    r = select(small, x, square_root(z))
    near = fma(r * z, horner(z, ASIN), r)
    return small, near, select(a.compare("ugt", 1.0), nan, near * 2.0)


def atan(x: Value) -> Value:
    a, one = at_most(absolute(x), 2.0**64), x.place.constant(1.0, x.type)
    far, middle = a.compare("ogt", 1 / TAN_EIGHTH), a.compare("ogt", TAN_EIGHTH)
    zero = x.place.constant(0.0, x.type)
    r = select(far, -one, select(middle, a - 1.0, a)) / select(far, a, select(middle, a + 1.0, one))
    z = r * r
    start = select(far, HALF_PI, select(middle, HALF_PI / 2, zero))
    rest = select(far, HALF_PI_LOW, select(middle, HALF_PI_LOW / 2, zero))
    y = with_sign_of(start + (fma(r * z, horner(z, ATAN), r) + rest), x)
    return select(x.compare("uno", x), x, y)
