"""The remainder of a division of floats, exactly: a long division of their integers, 11 bits at a time.

fmod(m 2**e, n 2**d) = (m 2**(e - d) mod n) 2**d        e >= d
"""

from __future__ import annotations

from math import inf, nan

from xdsl.dialects import arith, scf
from xdsl.dialects.builtin import IndexType, f64, i64
from xdsl.ir import Block, Region

from .double_scaling import BIAS, MANTISSA, scaled
from .formula import Value, absolute, bits, select, with_sign_of

SPARE = 11
"""Bits of an i64 beside an f64's 53."""


def fmod(x: Value, y: Value) -> Value:
    a, b = absolute(x), absolute(y)
    (m, e), (n, d) = integer(a), integer(b)
    n = select(n.equals(0), 1, n)
    rest = long_division(m.modulo(n), e - d, n)
    result = with_sign_of(scaled(rest.cast(arith.UIToFPOp, f64), d - (BIAS + MANTISSA)), x)
    result = select(a.compare("olt", b), x, result)
    none = a.compare("uge", inf) | b.compare("ueq", 0.0) | b.compare("uno", b)
    return select(none, nan, result)


def integer(x: Value) -> tuple[Value, Value]:
    """m and the exponent field e of x = m 2**(e - 1075), x not negative."""
    code = bits(x)
    e = code >> MANTISSA
    m = code & ((1 << MANTISSA) - 1)
    denormal = e.equals(0)
    return select(denormal, m, m | (1 << MANTISSA)), select(denormal, 1, e)


def long_division(m: Value, places: Value, n: Value) -> Value:
    """m 2**places mod n, m < n; m if `places` is below 0."""
    place = m.place
    index = IndexType()
    end = places.cast(arith.IndexCastOp, index)
    zero, step = (place.constant(number, index) for number in (0, SPARE))
    body = Block(arg_types=[index, i64])
    loop = scf.ForOp(zero.ssa, end.ssa, step.ssa, [m.ssa], Region(body))
    result = place.emit(loop)
    last = scf.YieldOp(m.ssa)
    body.add_op(last)
    place.anchor, back = last, place.anchor
    done = Value(body.args[0], place).cast(arith.IndexCastOp, i64)
    left = places - done
    by = select(left.order("slt", SPARE), left, place.constant(SPARE, i64))
    last.operands[0] = (Value(body.args[1], place) << by).modulo(n).ssa
    place.anchor = back
    return result
