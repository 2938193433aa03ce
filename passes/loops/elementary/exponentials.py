"""exp, exp2, expm1, and what they make: tanh, erf.

    exp(x) = 2**n * e**r,   n = round(x / ln 2),   r = x - n ln 2   in [-ln(2)/2, ln(2)/2]

ln 2 is taken in two parts, so that n times the first is exact [Cody, Waite 1980].
e**r is a polynomial with the smallest largest error. The coefficients are by docs/make_polynomials.py.
"""

from __future__ import annotations

from .formula import (
    Value,
    absolute,
    at_least,
    at_most,
    floats,
    fma,
    hexes,
    horner,
    nearest,
    pinned,
    select,
    with_sign_of,
)

LOG2_E = float.fromhex("0x1.715476p+0")
LN2_HIGH, LN2_LOW = float.fromhex("0x1.62e400p-1"), float.fromhex("0x1.7f7d1cp-20")

EXP = hexes("0x1.fffffcp-2 0x1.555492p-3 0x1.5558b4p-5 0x1.1239a0p-7 0x1.6a495cp-10")
"""(e**r - 1 - r) / r**2 for |r| <= ln(2)/2."""
EXP2 = hexes("0x1.62e430p-1 0x1.ebfbdcp-3 0x1.c6af7cp-5 0x1.3b2de0p-7 0x1.5f082ep-10 0x1.416b52p-13")
"""(2**r - 1) / r for |r| <= 1/2."""
ERF_SLOPE = float.fromhex("0x1.20dd76p+0")
ERF = hexes(
    "-0x1.d0e8a6p-25 0x1.45f2fap-1 0x1.a4fa4ap-4 -0x1.39cc9cp-6 -0x1.516f88p-13 0x1.b5218cp-10 -0x1.4bed74p-11 "
    "0x1.edba32p-14 -0x1.36dacap-17"
)
"""-log(erfc(x)) / x - ERF_SLOPE for 0 <= x <= 3.95, good where erf is. ERF_SLOPE is 2/sqrt(pi), rounded."""


def exp(x: Value) -> Value:
    """Beyond the bounds the result is 0 or infinite anyway; the two halves of 2**n reach both, and denormals."""
    x = at_most(at_least(x, -104.0), 89.0)
    n, both = nearest(x, LOG2_E, 254)
    r = reduced(x, n)
    return scaled(fma(r * r, horner(r, EXP), r) + 1.0, both)


def exp2(x: Value) -> Value:
    x = at_most(at_least(x, -151.0), 129.0)
    n, both = nearest(x, 1.0, 254)
    r = x - n
    return scaled(fma(r, horner(r, EXP2), 1.0), both)


def reduced(x: Value, n: Value) -> Value:
    """x - n ln 2"""
    again = n if x.place.ordered else pinned(n)
    return fma(again, -LN2_LOW, fma(n, -LN2_HIGH, x))


def scaled(p: Value, both: Value) -> Value:
    """p * 2**n, where the low bits of `both` are n + 2 * 127: half of them is the exponent field of 2**(n/2)."""
    half = both >> 1
    return p * floats(half << 23) * floats((both - half) << 23)


def expm1(x: Value) -> Value:
    """2**n (e**r - 1) + (2**n - 1), computed as twice its half: 2**127 is a float, 2**128 is not."""
    bounded = at_most(at_least(x, -26.0), 89.0)
    y = plus_minus_one(bounded, 126, 0.5)
    return select(absolute(x).compare("olt", 2.0**-25), x, y + y)


def plus_minus_one(x: Value, bias: int, one: float) -> Value:
    """`one` * (e**x - 1), where n + `bias` is the exponent field of `one` * 2**n."""
    n, field = nearest(x, LOG2_E, bias)
    r = reduced(x, n)
    p = fma(r * r, horner(r, EXP), r)
    s = floats(field << 23)
    return fma(p, s, s - one)


def expm1_of_negative(x: Value) -> Value:
    """expm1 for -30 < x <= 0."""
    return plus_minus_one(x, 127, 1.0)


def tanh(x: Value) -> Value:
    """-e / (2 + e) with e = expm1(-2 |x|); from 9.02 on it rounds to 1."""
    e = expm1_of_negative(at_most(absolute(x), 9.02) * -2.0)
    return with_sign_of(e / (e + 2.0), x)


def erf(x: Value) -> Value:
    """-expm1(log(erfc(|x|))): the logarithm is nearly a parabola. From 3.95 on it rounds to 1."""
    a = at_most(absolute(x), 3.95)
    return with_sign_of(expm1_of_negative(fma(a, -ERF_SLOPE, a * horner(a, tuple(-c for c in ERF)))), x)
