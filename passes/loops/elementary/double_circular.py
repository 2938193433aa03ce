"""sin, cos, tan.

    sin(x) = +-sin(r) or +-cos(r),   n = round(x * 2/pi),   r = x - n pi/2   in [-pi/4, pi/4]

Up to 2**20, pi/2 is taken in three parts, the first of 53 bits: what x has more than n times it is a float. Beyond, x =
m 2**e is multiplied by 2/pi as an integer [Payne, Hanek 1983]: of the bits of 2/pi, those before place e have a product
with m that is a multiple of 4, and 192 bits behind it say the rest, also for the f64 that comes closest to a multiple
of pi/2, to 2**-61 or so [Muller, "Elementary Functions", chapter 11]. Polynomials: fdlibm, k_sin.c, k_cos.c.
"""

from __future__ import annotations

from itertools import pairwise

from xdsl.dialects import arith
from xdsl.dialects.builtin import f64

from .double_scaling import BIAS, MANTISSA, whole
from .formula import Value, absolute, bits, floats, fma, hexes, horner, select, where

TWO_OVER_PI = float.fromhex("0x1.45f306dc9c883p-1")
HALF_PI = hexes("0x1.921fb54442d18p+0 0x1.1a62633145c07p-54 -0x1.f1976b7ed8fbcp-110")
LARGE = 2.0**20
SIGN = -1 << 63

SIN = (
    -1.66666666666666324348e-01,
    8.33333333332248946124e-03,
    -1.98412698298579493134e-04,
    2.75573137070700676789e-06,
    -2.50507602534068634195e-08,
    1.58969099521155010221e-10,
)
COS = (
    4.16666666666666019037e-02,
    -1.38888888888741095749e-03,
    2.48015872894767294178e-05,
    -2.75573143513906633035e-07,
    2.08757232129817482790e-09,
    -1.13596475577881948265e-11,
)
BITS = (
    "A2F9836E4E441529FC2757D1F534DDC0DB6295993C439041FE5163ABDEBBC561B7246E3A424DD2E006492EEA09D1921CFE1DEB1CB129A73EE88235"
    "F52EBB4484E99C7026B45F7E413991D639835339F49C845F8BBDF9283B1FF897FFDE05980FEF2F118B5A0A6D1F6D367ECF27CB09B74F463F669E5F"
    "EA2D7527BAC7EBE5F17B3D0739F78A5292EA6BFB5FB11F8D5D08560330"
)
"""2/pi, the first bit worth 1/2."""
WORD, FIRST = 64, 64
"""Bits of a word, and how many zeros stand before `BITS` in the table."""
WORDS = tuple(
    int(("0" * (FIRST // 4) + BITS)[start : start + WORD // 4], 16) for start in range(0, len(BITS), WORD // 4)
)


def sin(x: Value) -> Value:
    n, r = reduced(absolute(x))
    return floats(bits(quarter(n, r)) ^ (bits(x) & SIGN))


def cos(x: Value) -> Value:
    n, r = reduced(absolute(x))
    return quarter(n + 1, r)


def tan(x: Value) -> Value:
    n, r = reduced(absolute(x))
    y = quarter(n, r) / quarter(n + 1, r)
    return floats(bits(y) ^ (bits(x) & SIGN))


def quarter(n: Value, r: Value) -> Value:
    """sin(r + n pi/2)"""
    u = r * r
    sine = fma(r * u, horner(u, SIN), r)
    half = u * 0.5
    near = 1.0 - half
    cosine = near + (((1.0 - near) - half) + u * u * horner(u, COS))
    y = select((n & 1).equals(0), sine, cosine)
    return floats(bits(y) ^ ((n & 2) << 62))


def reduced(x: Value) -> tuple[Value, Value]:
    """An integer that ends in the bits of n, and r, of x >= 0; a NaN where x is infinite."""
    small = select(x.compare("olt", LARGE), x, x.place.constant(0.0, x.type))
    number, n = whole(small * TWO_OVER_PI)
    r = select(x.compare("uno", x), x, small)
    for part in HALF_PI:
        r = fma(number, -part, r)
    n, r = where(x.compare("oge", LARGE), lambda: reduced_by_bits(x), (n, r))
    return n, r


def reduced_by_bits(x: Value) -> tuple[Value, Value]:
    """For x = m 2**e from 1 on, m an integer of 53 bits: the product of m and the bits of 2/pi from 2**(1 - e) on."""
    code = bits(x)
    m = (code & ((1 << MANTISSA) - 1)) | (1 << MANTISSA)
    at = code.shifted(MANTISSA) - (BIAS + MANTISSA + 2) + FIRST  # the bit that is worth 2**(1 - e)
    word, rest = at.shifted(6), at & (WORD - 1)
    words = [x.place.constant(signed(number), m.type) for number in WORDS]
    for step in (16, 8, 4, 2, 1):  # the words from `word` on come first
        far = (word & step).equals(0)
        count = 4 + step - 1
        padded = [*words, *[words[-1]] * (count + step)]
        words = [select(far, padded[n], padded[n + step]) for n in range(count)]
    top, middle, last = ((a << rest) | b.shifted(1).shifted((WORD - 1) - rest) for a, b in pairwise(words))
    low = m * middle
    carried = low + high_product(m, last)
    more = select(carried.order("ult", low), 1, m.place.constant(0, m.type))
    product = m * top + high_product(m, middle) + more
    n = (product + (1 << (WORD - 3))).shifted(WORD - 2)
    fraction = (product << 2) | carried.shifted(WORD - 2)  # of a quarter turn, in 64 bits with a sign; and more:
    tail = (carried << 2).shifted(11).cast(arith.SIToFPOp, f64) * 2.0**-53
    f = (fraction.cast(arith.SIToFPOp, f64) + tail) * 2.0**-WORD
    r = fma(f, HALF_PI[0], f * HALF_PI[1])
    return n, select(x.compare("olt", float("inf")), r, x - x)


def high_product(a: Value, b: Value) -> Value:
    """The upper 64 of the 128 bits of a product of integers without a sign, by products of 32."""
    mask = (1 << 32) - 1
    a0, a1, b0, b1 = a & mask, a.shifted(32), b & mask, b.shifted(32)
    middle = a1 * b0 + (a0 * b0).shifted(32)
    cross = a0 * b1 + (middle & mask)
    return a1 * b1 + middle.shifted(32) + cross.shifted(32)


def signed(number: int) -> int:
    return number - (1 << WORD) if number >> (WORD - 1) else number
