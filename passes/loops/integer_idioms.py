"""Ops on integers that say more together than each alone: a count from the end, a remainder, a bound that is kept.

%low = arith.cmpi slt, %i, %c0 : i64             %q = arith.divsi %x, %y : i64
%end = arith.addi %i, %size : i64                %p = arith.muli %q, %y : i64
%at = arith.select %low, %end, %i : i64          %r = arith.subi %x, %p : i64
"""

from __future__ import annotations

from xdsl.dialects import arith
from xdsl.dialects.builtin import IntegerAttr
from xdsl.ir import SSAValue

SLT = 2
"""arith.cmpi's number of `<` with a sign."""


def below_zero(condition: SSAValue) -> SSAValue | None:
    """%x of `arith.cmpi slt, %x, 0`."""
    op = condition.owner
    if not isinstance(op, arith.CmpiOp) or op.predicate.value.data != SLT:
        return None
    zero = op.rhs.owner
    is_zero = isinstance(zero, arith.ConstantOp) and isinstance(zero.value, IntegerAttr) and not zero.value.value.data
    return op.lhs if is_zero else None


def kept_below(condition: SSAValue, value: SSAValue) -> SSAValue | None:
    """%n where `%value < %n` holds whenever the condition does: `%value < %n and ...`."""
    match condition.owner:
        case arith.AndIOp(lhs=a, rhs=b):
            found = kept_below(a, value)
            return kept_below(b, value) if found is None else found
        case arith.CmpiOp(lhs=a, rhs=n) as op if op.predicate.value.data == SLT and a is value:
            return n
        case _:
            return None


def division_undone(value: SSAValue) -> arith.DivSIOp | None:
    """The division of `%x / %n * %n`: what is left of %x is its remainder."""
    match value.owner:
        case arith.MuliOp(lhs=SSAValue(owner=arith.DivSIOp() as divided), rhs=n) if n is divided.rhs:
            return divided
        case _:
            return None


def counts_from_end(op: arith.AddiOp) -> bool:
    """Whether `op` adds to an index that is below zero: it is chosen nowhere else."""
    users = [use.operation for use in op.result.uses]
    return bool(users) and all(
        isinstance(user, arith.SelectOp)
        and user.lhs is op.result
        and user.rhs is not op.result
        and below_zero(user.cond) is op.lhs
        for user in users
    )
