"""Ops on bools in languages in which a bool is no number: GLSL, WGSL."""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.dialects import arith
from xdsl.dialects.builtin import IndexType
from xdsl.ir import Operation

from .expressions import (
    Expr,
    Rule,
    call,
    compare_floats,
    compare_integers,
    infix,
    is_bool,
    narrow,
    negate,
    number,
    small,
    widen_signed,
)
from .language import Language

ORDERED, UNORDERED = 7, 14


def xor(language: Language, op: Operation, args: Sequence[Expr]) -> Expr:
    return infix("!=" if is_bool(op.results[0].type) else "^", args[0], args[1])


def bitwise(symbol: str, on_bools: str) -> Rule:
    def rule(language: Language, op: Operation, args: Sequence[Expr]) -> Expr:
        return infix(on_bools if is_bool(op.results[0].type) else symbol, args[0], args[1])

    return rule


def signed_bool(language: Language, op: Operation, args: Sequence[Expr]) -> Expr:
    """From a number with a sign; true is -1."""
    if is_bool(op.operands[0].type):
        return negate("-", language.cast(language.type_name(op.results[0].type), args[0]))
    return widen_signed(language, op, args)


def lowest_bit(language: Language, op: Operation, args: Sequence[Expr]) -> Expr:
    if is_bool(op.results[0].type):
        return infix("!=", infix("&", args[0], number(1)), number(0))
    return narrow(language, op, args)


def compare(language: Language, op: Operation, args: Sequence[Expr]) -> Expr:
    """Bools are ordered as the numbers 0 and 1."""
    assert isinstance(op, arith.CmpiOp)
    if is_bool(op.lhs.type) and op.predicate.value.data >= 2:
        args = [language.cast(language.UNSIGNED[32], arg) for arg in args]
    return compare_integers(language, op, args)


def compare_floats_and_nans(language: Language, op: Operation, args: Sequence[Expr]) -> Expr:
    """A NaN by its bits: shaders' compilers may take it that there is none."""
    assert isinstance(op, arith.CmpfOp)
    predicate = op.predicate.value.data
    if predicate not in (ORDERED, UNORDERED):
        return compare_floats(language, op, args)
    name = language.helper("is_nan", op.lhs.type, op)
    some = infix("||", call(name, args[0]), call(name, args[1]))
    return some if predicate == UNORDERED else negate("!", some)


def wrapping(symbol: str) -> Rule:
    """Integers of shaders wrap around, as those of arith do (WGSL, section 8.7; GLSL, section 4.1.3)."""

    def rule(language: Language, op: Operation, args: Sequence[Expr]) -> Expr:
        kind = op.results[0].type
        if is_bool(kind):
            return infix({"+": "!=", "-": "!=", "*": "&&"}[symbol], args[0], args[1])
        return small(symbol, args[0], args[1]) if isinstance(kind, IndexType) else infix(symbol, args[0], args[1])

    return rule


STRICT_BOOLS: dict[str, Rule] = {
    "arith.andi": bitwise("&", "&&"),
    "arith.ori": bitwise("|", "||"),
    "arith.xori": xor,
    "arith.extsi": signed_bool,
    "arith.sitofp": signed_bool,
    "arith.trunci": lowest_bit,
    "arith.cmpi": compare,
    "arith.cmpf": compare_floats_and_nans,
    "arith.addi": wrapping("+"),
    "arith.subi": wrapping("-"),
    "arith.muli": wrapping("*"),
}
