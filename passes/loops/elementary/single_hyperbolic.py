"""sinh, cosh, tan and the inverses of sinh, cosh, tanh of f32, of the formulas of exp, log, sin and cos.

Languages of shaders have them as the definitions (WGSL, section 15.7.4; Vulkan, "Precision of GLSL.std.450
Instructions"), which are far off where terms cancel. These are fdlibm's forms [e_sinh.c, s_asinh.c, e_atanh.c,
e_acosh.c].
"""

from __future__ import annotations

from math import nan

from .circular import cos, sin
from .exponentials import exp, expm1
from .formula import Value, absolute, at_most, select, square_root, with_sign_of
from .logarithms import log, log1p

LN2 = float.fromhex("0x1.62e430p-1")
LARGE = 2.0**28
"""From here on sqrt(x**2 + 1) is x."""


def tan(x: Value) -> Value:
    return sin(x) / cos(x)


def sinh(x: Value) -> Value:
    """(e**x - 1 + (e**x - 1) / e**x) / 2; where e**x is too large, e**(x/2) / 2 times e**(x/2)."""
    a = absolute(x)
    t = expm1(at_most(a, 88.0))
    half = exp(a * 0.5)
    y = select(a.compare("ogt", 88.0), half * 0.5 * half, (t + t / (t + 1.0)) * 0.5)
    y = select(a.compare("olt", 2.0**-12), a, y)
    return select(x.compare("uno", x), x, with_sign_of(y, x))


def cosh(x: Value) -> Value:
    """(e**x + 1 / e**x) / 2"""
    a = absolute(x)
    half = exp(a * 0.5)
    t = exp(at_most(a, 88.0))
    y = select(a.compare("ogt", 88.0), half * 0.5 * half, t * 0.5 + x.place.constant(0.5, x.type) / t)
    return select(x.compare("uno", x), x, y)


def asinh(x: Value) -> Value:
    """log1p(x + x**2 / (1 + sqrt(x**2 + 1))); log(2 x) where x is large."""
    a = absolute(x)
    b = at_most(a, LARGE)
    square = b * b
    y = log1p(b + square / (square_root(square + 1.0) + 1.0))
    return with_sign_of(select(a.compare("ogt", LARGE), log(a) + LN2, y), x)


def acosh(x: Value) -> Value:
    """log1p(t + sqrt(2 t + t**2)), t = x - 1; log(2 x) where x is large."""
    t = at_most(x, LARGE) - 1.0
    y = select(x.compare("ogt", LARGE), log(x) + LN2, log1p(t + square_root(t * 2.0 + t * t)))
    return select(x.compare("olt", 1.0), nan, y)


def atanh(x: Value) -> Value:
    """log1p(2 x / (1 - x)) / 2"""
    a = absolute(x)
    y = log1p((a + a) / (1.0 - a)) * 0.5
    return select(a.compare("ogt", 1.0), nan, with_sign_of(y, x))
