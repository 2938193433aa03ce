"""pow [fdlibm, e_pow.c]: log2(|x|) and its product with y are sums of two floats, the first of them of 21 bits.

log2(x) = n + log2(b) + 2/(3 ln 2) (s + ...),   s = (m - b) / (m + b),   x = 2**n m,   b = 1 or 3/2
"""

from __future__ import annotations

from math import inf, nan

from xdsl.dialects import arith
from xdsl.dialects.builtin import f64, i64

from .double_exponentials import P
from .double_scaling import BIAS, MANTISSA, high, scaled, whole
from .formula import (
    Value,
    absolute,
    at_least,
    at_most,
    bits,
    floats,
    horner,
    select,
)
from .powers import with_cases

LOG2_B_HIGH, LOG2_B_LOW = 5.84962487220764160156e-01, 1.35003920212974897128e-08
"""log2(3/2)"""
L = (
    5.99999999999994648725e-01,
    4.28571428578550184252e-01,
    3.33333329818377432918e-01,
    2.72728123808534006489e-01,
    2.30660745775561754067e-01,
    2.06975017800338417784e-01,
)
LN2, LN2_HIGH, LN2_LOW = 6.93147180559945286227e-01, 6.93147182464599609375e-01, -1.90465429995776804525e-09
CP, CP_HIGH, CP_LOW = 9.61796693925975554329e-01, 9.61796700954437255859e-01, -7.02846165095275826516e-09
"""2 / (3 ln 2)"""
SQRT_3_2, SQRT_3 = 0x3988F << 32, 0xBB67A << 32
"""Mantissas from which on b is 3/2, and from which on m is halved."""
SMALLEST_NORMAL = 2.0**-1022
HUGE = 2.0**65
"""The power of any other number than 1 is 0 or infinite."""


def pow(x: Value, y: Value) -> Value:
    a = absolute(x)
    first, second = log2(a)
    bounded = at_most(at_least(y, -HUGE), HUGE)
    y1 = high(bounded)
    low, large = (bounded - y1) * first + bounded * second, y1 * first
    power = exp2(large, low)
    power = select(a.compare("oeq", 0.0), select(y.compare("olt", 0.0), inf, a), power)
    power = select(a.compare("oeq", inf), select(y.compare("olt", 0.0), 0.0, a), power)
    power = select(x.compare("uno", y), nan, power)
    return with_cases(power, x, y)


def log2(a: Value) -> tuple[Value, Value]:
    """Of a > 0, in two parts."""
    place, zero = a.place, a.place.constant(0.0, a.type)
    denormal = a.compare("olt", SMALLEST_NORMAL)
    code = bits(select(denormal, a * 2.0**53, a))
    mantissa = code & ((1 << MANTISSA) - 1)
    halved = mantissa.order("sge", SQRT_3)
    three = mantissa.order("sge", SQRT_3_2) & halved.equals(0)
    n = (code >> MANTISSA) - BIAS + halved.cast(arith.ExtUIOp, i64)
    t = n.cast(arith.SIToFPOp, f64) + select(denormal, -53.0, zero)
    m = floats(mantissa | (BIAS << MANTISSA))
    m = select(halved, m * 0.5, m)
    b = select(three, 1.5, place.constant(1.0, a.type))
    log2_b, log2_b_low = select(three, LOG2_B_HIGH, zero), select(three, LOG2_B_LOW, zero)

    u, v = m - b, place.constant(1.0, a.type) / (m + b)
    s = u * v
    s_high = high(s)
    t_high = high(m + b)
    t_low = m - (t_high - b)
    s_low = v * ((u - s_high * t_high) - s_high * t_low)
    z = s * s
    r = z * z * horner(z, L) + s_low * (s_high + s)
    z = s_high * s_high
    t_high = high(z + 3.0 + r)
    t_low = r - ((t_high - 3.0) - z)
    u, v = s_high * t_high, s_low * t_high + t_low * s
    p_high = high(u + v)
    p_low = v - (p_high - u)
    z_high, z_low = p_high * CP_HIGH, p_high * CP_LOW + p_low * CP + log2_b_low
    first = high(((z_high + z_low) + log2_b) + t)
    return first, z_low - (((first - t) - log2_b) - z_high)


def exp2(large: Value, low: Value) -> Value:
    """2**(large + low); beyond the bounds the result is 0 or infinite."""
    z = large + low
    beyond = absolute(z).compare("ogt", 1100.0)
    large = select(beyond, at_most(at_least(z, -1100.0), 1100.0), large)
    low = select(beyond, 0.0, low)
    number, n = whole(large + low)
    large = large - number
    t = high(low + large)
    u, v = t * LN2_HIGH, (low - (t - large)) * LN2 + t * LN2_LOW
    z = u + v
    w = v - (z - u)
    t = z * z
    c = z - t * horner(t, P)
    r = z * c / (c - 2.0) - (w + z * w)
    return scaled(1.0 - (r - z), n)
