"""What an op of arith or math is in SPIR-V: most are one op there, a few are put together.

A comparison that a NaN makes true, and a maximum that a NaN wins, are made of ordered comparisons and of the number's
bits (`Writer.is_nan`). The functions of GLSL.std.450 are for floats of 16 and 32 bits; a few are for 64 bits, too.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import isnan

from stepwell.diagnostics import StepwellError
from stepwell.dialects import spirv
from stepwell.dialects.lanes import is_integer, width
from xdsl.dialects import arith
from xdsl.dialects.builtin import Float16Type, Float64Type, FloatAttr, f32, i1, i32
from xdsl.ir import Attribute, Operation, SSAValue

from .writer import INTEGER, Writer

Rule = Callable[[Writer, Operation, Sequence[SSAValue], Attribute], SSAValue]
"""(where, op, its operands in SPIR-V, the type of its result) → its result."""


def one(name: str, on_bools: str | None = None) -> Rule:
    """One op of SPIR-V; another for bools, which are no integers there."""

    def rule(to: Writer, op: Operation, args: Sequence[SSAValue], kind: Attribute) -> SSAValue:
        if args[0].type != i1:
            return to.make(name, *args)
        if on_bools is None:
            raise StepwellError(f"{op.name} on bools cannot be written as SPIR-V", op)
        return to.make(on_bools, *args)

    return rule


def function(name: str) -> Rule:
    """A function of GLSL.std.450 that is for 16 and 32 bits (section 2, "Exp" and others)."""

    def rule(to: Writer, op: Operation, args: Sequence[SSAValue], kind: Attribute) -> SSAValue:
        if isinstance(kind, Float64Type):
            raise StepwellError(
                f"{op.name} on f64: SPIR-V for a shader has it for f32", op, fix="use float32 in the model"
            )
        return to.make(f"GL.{name}", *args)

    return rule


def conversion(name: str, true: int = 1) -> Rule:
    """`true`: what the result is for a bool that holds."""

    def rule(to: Writer, op: Operation, args: Sequence[SSAValue], kind: Attribute) -> SSAValue:
        if args[0].type == i1 and kind != i1:
            return to.as_number(args[0], kind, true)
        return to.convert(name, args[0], kind)

    return rule


def truncate(to: Writer, op: Operation, args: Sequence[SSAValue], kind: Attribute) -> SSAValue:
    (value,) = args
    if kind != i1 or value.type == i1:
        return to.convert("UConvert", value, kind)
    return to.holds(to.make("BitwiseAnd", value, to.number(1, value.type)))


def select(to: Writer, op: Operation, args: Sequence[SSAValue], kind: Attribute) -> SSAValue:
    return to.choose(*args)


def is_number(value: SSAValue) -> bool:
    """A constant that is no NaN, as bounds are: nothing need be asked of it."""
    constant = value.owner.value if isinstance(value.owner, spirv.ConstantOp) else None
    return isinstance(constant, FloatAttr) and not isnan(constant.value.data)


def extreme(better: str) -> Rule:
    """A NaN wins, the first of two."""

    def rule(to: Writer, op: Operation, args: Sequence[SSAValue], kind: Attribute) -> SSAValue:
        a, b = args
        chosen = to.choose(to.make(better, a, b), a, b)
        for value in (b, a):
            chosen = chosen if is_number(value) else to.choose(to.is_nan(value), value, chosen)
        return chosen

    return rule


def numeric_extreme(better: str) -> Rule:
    """A number wins over a NaN."""

    def rule(to: Writer, op: Operation, args: Sequence[SSAValue], kind: Attribute) -> SSAValue:
        a, b = args
        chosen = to.choose(to.make(better, a, b), a, b)
        for value, other in ((b, a), (a, b)):
            chosen = chosen if is_number(value) else to.choose(to.is_nan(value), other, chosen)
        return chosen

    return rule


def rounded_quotient(corrects_when_signs_differ: bool, step: str) -> Rule:
    """A quotient rounded down, or up: the one towards zero, corrected where something is left."""

    def rule(to: Writer, op: Operation, args: Sequence[SSAValue], kind: Attribute) -> SSAValue:
        a, b = args
        zero = to.number(0, kind)
        left = to.holds(to.make("SRem", a, b))
        signs = to.make("SLessThan", a, zero), to.make("SLessThan", b, zero)
        counts = to.make("LogicalNotEqual" if corrects_when_signs_differ else "LogicalEqual", *signs)
        correction = to.as_number(to.make("LogicalAnd", left, counts), kind)
        return to.make(step, to.make("SDiv", a, b), correction)

    return rule


def copy_sign(to: Writer, op: Operation, args: Sequence[SSAValue], kind: Attribute) -> SSAValue:
    """By a choice: by masks, llvmpipe (Mesa 22.3) loses the sign where what follows chooses once more."""
    value, sign = args
    if isinstance(kind, Float16Type):  # integers of 16 bits are rarer than floats
        sign = to.convert("FConvert", sign, f32)
    integer = INTEGER[width(sign.type)]
    below = to.make("SLessThan", to.convert("Bitcast", sign, integer), to.number(0, integer))
    size = to.make("GL.FAbs", value)
    return to.choose(below, to.make("FNegate", size), size)


def toward_zero(to: Writer, op: Operation, args: Sequence[SSAValue], kind: Attribute) -> SSAValue:
    (x,) = args
    below = to.make("FOrdLessThan", x, to.number(0, kind))
    return to.choose(below, to.make("GL.Ceil", x), to.make("GL.Floor", x))


def half_away_from_zero(to: Writer, op: Operation, args: Sequence[SSAValue], kind: Attribute) -> SSAValue:
    """The next whole number towards zero, and one more where half or more is left: both are exact."""
    (x,) = args
    size = to.make("GL.FAbs", x)
    low = to.make("GL.Floor", size)
    more = to.make("FOrdGreaterThanEqual", to.make("FSub", size, low), to.number(0.5, kind))
    rounded = to.make("FAdd", low, to.choose(more, to.number(1, kind), to.number(0, kind)))
    return copy_sign(to, op, [rounded, x], kind)


INTEGER_ORDER = (
    *("IEqual", "INotEqual", "SLessThan", "SLessThanEqual", "SGreaterThan", "SGreaterThanEqual"),
    *("ULessThan", "ULessThanEqual", "UGreaterThan", "UGreaterThanEqual"),
)
BOOL_ORDER = ("LogicalEqual", "LogicalNotEqual")
BOOL_AND = {2: (0, 1), 4: (1, 0), 6: (1, 0), 8: (0, 1)}
"""An order of bools, true being -1 where there is a sign → which of the two holds, and which does not. slt, sgt, ult,
ugt; those with equality are their opposites."""
BOOL_OPPOSITE = {3: 4, 5: 2, 7: 8, 9: 6}


def compare_integers(to: Writer, op: Operation, args: Sequence[SSAValue], kind: Attribute) -> SSAValue:
    assert isinstance(op, arith.CmpiOp)
    predicate = op.predicate.value.data
    if args[0].type != i1:
        return to.make(INTEGER_ORDER[predicate], *args)
    if predicate < len(BOOL_ORDER):
        return to.make(BOOL_ORDER[predicate], *args)
    holds, not_ = BOOL_AND[BOOL_OPPOSITE.get(predicate, predicate)]
    strict = to.make("LogicalAnd", args[holds], to.make("LogicalNot", args[not_]))
    return to.make("LogicalNot", strict) if predicate in BOOL_OPPOSITE else strict


FLOAT_ORDER = {
    1: "FOrdEqual",
    2: "FOrdGreaterThan",
    3: "FOrdGreaterThanEqual",
    4: "FOrdLessThan",
    5: "FOrdLessThanEqual",
}
FLOAT_INVERSE = {
    9: "FOrdLessThanEqual",
    10: "FOrdLessThan",
    11: "FOrdGreaterThanEqual",
    12: "FOrdGreaterThan",
    13: "FOrdEqual",
}
"""Predicates that hold unless the opposite does."""


def compare_floats(to: Writer, op: Operation, args: Sequence[SSAValue], kind: Attribute) -> SSAValue:
    assert isinstance(op, arith.CmpfOp)
    predicate, (a, b) = op.predicate.value.data, args
    if predicate in FLOAT_ORDER:
        return to.make(FLOAT_ORDER[predicate], a, b)
    if predicate in FLOAT_INVERSE:
        return to.make("LogicalNot", to.make(FLOAT_INVERSE[predicate], a, b))
    if predicate in (6, 8):  # one, ueq
        differ = to.make("LogicalOr", to.make("FOrdLessThan", a, b), to.make("FOrdGreaterThan", a, b))
        return differ if predicate == 6 else to.make("LogicalNot", differ)
    if predicate in (7, 14):  # ord, uno
        unordered = to.make("LogicalOr", to.is_nan(a), to.is_nan(b))
        return unordered if predicate == 14 else to.make("LogicalNot", unordered)
    return to.number(int(predicate == 15), i1)


def reinterpret(to: Writer, op: Operation, args: Sequence[SSAValue], kind: Attribute) -> SSAValue:
    return to.convert("Bitcast", args[0], kind)


def shift(name: str) -> Rule:
    """By a number of 32 bits, which more devices have."""

    def rule(to: Writer, op: Operation, args: Sequence[SSAValue], kind: Attribute) -> SSAValue:
        if not is_integer(kind) or kind == i1:
            raise StepwellError(f"{op.name} on bools cannot be written as SPIR-V", op)
        return to.make(name, args[0], to.convert("UConvert", args[1], i32))

    return rule


def magnitude(to: Writer, op: Operation, args: Sequence[SSAValue], kind: Attribute) -> SSAValue:
    return args[0] if kind == i1 else to.make("GL.SAbs", *args)


RULES: dict[str, Rule] = {
    **{f"arith.{name}f": one(f"F{made}") for name, made in (("add", "Add"), ("sub", "Sub"), ("mul", "Mul"))},
    "arith.divf": one("FDiv"),
    "arith.remf": one("FRem"),
    "arith.negf": one("FNegate"),
    "arith.maximumf": extreme("FOrdGreaterThan"),
    "arith.minimumf": extreme("FOrdLessThan"),
    "arith.maxnumf": numeric_extreme("FOrdGreaterThan"),
    "arith.minnumf": numeric_extreme("FOrdLessThan"),
    "arith.cmpf": compare_floats,
    "arith.addi": one("IAdd", "LogicalNotEqual"),
    "arith.subi": one("ISub", "LogicalNotEqual"),
    "arith.muli": one("IMul", "LogicalAnd"),
    "arith.divsi": one("SDiv"),
    "arith.remsi": one("SRem"),
    "arith.divui": one("UDiv"),
    "arith.remui": one("UMod"),
    "arith.floordivsi": rounded_quotient(True, "ISub"),
    "arith.ceildivsi": rounded_quotient(False, "IAdd"),
    "arith.andi": one("BitwiseAnd", "LogicalAnd"),
    "arith.ori": one("BitwiseOr", "LogicalOr"),
    "arith.xori": one("BitwiseXor", "LogicalNotEqual"),
    "arith.shli": shift("ShiftLeftLogical"),
    "arith.shrsi": shift("ShiftRightArithmetic"),
    "arith.shrui": shift("ShiftRightLogical"),
    "arith.maxsi": one("GL.SMax", "LogicalAnd"),  # true is -1
    "arith.minsi": one("GL.SMin", "LogicalOr"),
    "arith.maxui": one("GL.UMax", "LogicalOr"),
    "arith.minui": one("GL.UMin", "LogicalAnd"),
    "arith.cmpi": compare_integers,
    "arith.select": select,
    "arith.index_cast": conversion("SConvert", true=-1),
    "arith.trunci": truncate,
    "arith.extsi": conversion("SConvert", true=-1),
    "arith.extui": conversion("UConvert"),
    "arith.extf": conversion("FConvert"),
    "arith.truncf": conversion("FConvert"),
    "arith.sitofp": conversion("ConvertSToF", true=-1),
    "arith.uitofp": conversion("ConvertUToF"),
    "arith.fptosi": conversion("ConvertFToS"),
    "arith.fptoui": conversion("ConvertFToU"),
    "arith.bitcast": reinterpret,
    "math.absf": one("GL.FAbs"),
    "math.absi": magnitude,
    "math.ceil": one("GL.Ceil"),
    "math.copysign": copy_sign,
    "math.floor": one("GL.Floor"),
    "math.fma": one("GL.Fma"),
    "math.round": half_away_from_zero,
    "math.roundeven": one("GL.RoundEven"),
    "math.rsqrt": one("GL.InverseSqrt"),
    "math.sqrt": one("GL.Sqrt"),
    "math.trunc": toward_zero,
    **{
        f"math.{name}": function(name.capitalize())
        for name in "acos acosh asin asinh atan atanh cos cosh exp exp2 log log2 sin sinh tan tanh".split()
    },
}
