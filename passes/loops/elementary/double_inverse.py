"""asin, acos, atan [fdlibm, e_asin.c, e_acos.c, s_atan.c].

asin(x) = x + x R(x**2) up to 1/2; beyond, pi/2 - 2 asin(sqrt((1 - x) / 2)).
atan(x) = atan(h) + atan((x - h) / (1 + h x)), for an h nearby.
"""

from __future__ import annotations

from .formula import Value, absolute, horner, select, square_root, with_sign_of

HALF_PI, HALF_PI_LOW = 1.57079632679489655800e00, 6.12323399573676603587e-17
PI = 3.14159265358979311600e00
PS = (
    1.66666666666666657415e-01,
    -3.25565818622400915405e-01,
    2.01212532134862925881e-01,
    -4.00555345006794114027e-02,
    7.91534994289814532176e-04,
    3.47933107596021167570e-05,
)
QS = (
    1.0,
    -2.40339491173441421878e00,
    2.02094576023350569471e00,
    -6.88283971605453293030e-01,
    7.70381505559019352791e-02,
)
AT = (
    3.33333333333329318027e-01,
    -1.99999999998764832476e-01,
    1.42857142725034663711e-01,
    -1.11111104054623557880e-01,
    9.09088713343650656196e-02,
    -7.69187620504482999495e-02,
    6.66107313738753120669e-02,
    -5.83357013379057348645e-02,
    4.97687799461593236017e-02,
    -3.65315727442169155270e-02,
    1.62858201153657823623e-02,
)
NEAR = (
    # from      h    atan(h), and what it lacks
    (7 / 16, 0.5, 4.63647609000806093515e-01, 2.26987774529616870924e-17),
    (11 / 16, 1.0, 7.85398163397448278999e-01, 3.06161699786838301793e-17),
    (19 / 16, 1.5, 9.82793723247329054082e-01, 1.39033110312309984516e-17),
)
FAR = 39 / 16
"""From here on atan(x) = pi/2 + atan(-1 / x)."""


def asin(x: Value) -> Value:
    a = absolute(x)
    small = a.compare("olt", 0.5)
    z = select(small, x * x, (1.0 - a) * 0.5)
    r = rational(z)
    s = square_root(z)
    large = HALF_PI - ((s + s * r) * 2.0 - HALF_PI_LOW)
    return select(small, x + x * r, with_sign_of(large, x))


def acos(x: Value) -> Value:
    a = absolute(x)
    small = a.compare("olt", 0.5)
    z = select(small, x * x, (1.0 - a) * 0.5)
    r = rational(z)
    s = square_root(z)
    large = (s + s * r) * 2.0
    below = PI - (large - 2 * HALF_PI_LOW)
    near = HALF_PI - (x - (HALF_PI_LOW - x * r))
    return select(small, near, select(x.compare("olt", 0.0), below, large))


def rational(z: Value) -> Value:
    """asin(sqrt(z)) / sqrt(z) - 1"""
    return z * horner(z, PS) / horner(z, QS)


def atan(x: Value) -> Value:
    a = absolute(x)
    zero, one = (x.place.constant(c, x.type) for c in (0.0, 1.0))
    above, below, known, lacks = a, one, zero, zero
    for start, h, at_h, more in NEAR:
        here = a.compare("oge", start)
        above, below = select(here, a - h, above), select(here, a * h + 1.0, below)
        known, lacks = select(here, at_h, known), select(here, more, lacks)
    far = a.compare("oge", FAR)
    above, below = select(far, -1.0, above), select(far, a, below)
    known, lacks = select(far, HALF_PI, known), select(far, HALF_PI_LOW, lacks)
    t = above / below
    z = t * t
    return with_sign_of(known - ((t * z * horner(z, AT) - lacks) - t), x)
