"""exp, expm1, and what they make: sinh, cosh, tanh.

exp(x) = 2**n * e**r,   n = round(x / ln 2),   r = x - n ln 2 = high - low

e**r = 1 + r + r c / (2 - c),   c = r - r**2 P(r**2)                             [fdlibm, e_exp.c]
"""

from __future__ import annotations

from .double_scaling import power_of_two, scaled, whole
from .formula import (
    Value,
    absolute,
    at_least,
    at_most,
    fma,
    horner,
    select,
    with_sign_of,
)

LN2_HIGH, LN2_LOW = 6.93147180369123816490e-01, 1.90821492927058770002e-10
LOG2_E = 1.44269504088896338700e00
P = (
    1.66666666666666019037e-01,
    -2.77777777770155933842e-03,
    6.61375632143793436117e-05,
    -1.65339022054652515390e-06,
    4.13813679705723846039e-08,
)
LARGE = 22.0
"""From here on e**-x adds nothing to e**x."""


def exp(x: Value) -> Value:
    """Beyond the bounds the result is 0 or infinite."""
    x = at_most(at_least(x, -746.0), 710.0)
    n, high, low = reduced(x)
    return scaled(1.0 - ((low - past_one(high - low)) - high), n)


def expm1(x: Value) -> Value:
    """2**n (e**r - 1) + (2**n - 1), computed as twice its half: 2**1023 is a float, 2**1024 is not."""
    n, high, low = reduced(at_most(at_least(x, -50.0), 710.0))
    s = power_of_two(n - 1)
    y = fma(high - (low - past_one(high - low)), s, s - 0.5)
    return select(absolute(x).compare("olt", 2.0**-54), x, y + y)


def reduced(x: Value) -> tuple[Value, Value, Value]:
    """n, and r in two parts, the second of which is to be subtracted."""
    number, n = whole(x * LOG2_E)
    return n, fma(number, -LN2_HIGH, x), number * LN2_LOW


def past_one(r: Value) -> Value:
    """e**r - 1 - r"""
    z = r * r
    c = r - z * horner(z, P)
    return r * c / (2.0 - c)


def tanh(x: Value) -> Value:
    e = expm1(at_most(absolute(x), LARGE) * -2.0)
    return with_sign_of(e / (e + 2.0), x)


def sinh(x: Value) -> Value:
    """With t = e**|x| - 1: (t + t / (t + 1)) / 2, which near 0 is (2 t - t**2 / (t + 1)) / 2 [fdlibm, e_sinh.c]."""
    a = absolute(x)
    t = expm1(a)
    part = t / (t + 1.0)
    y = select(a.compare("olt", 1.0), t + t - t * part, t + part) * 0.5
    return with_sign_of(select(a.compare("ogt", LARGE), half_exp(a), y), x)


def cosh(x: Value) -> Value:
    a = absolute(x)
    t = exp(a)
    y = t * 0.5 + x.place.constant(0.5, x.type) / t
    return select(a.compare("ogt", LARGE), half_exp(a), y)


def half_exp(x: Value) -> Value:
    """e**x / 2, which may be a number where e**x is none."""
    root = exp(x * 0.5)
    return root * 0.5 * root
