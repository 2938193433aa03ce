"""What an op of arith or math is in SPIR-V: most are one op there, a few are put together.

A comparison that a NaN makes true, and a maximum that a NaN wins, are made of ordered comparisons and of the number's
bits: compilers of shaders may take it that there is no NaN (Vulkan, "Precision and Operation of SPIR-V Instructions").
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import TypeVar

from stepwell.diagnostics import StepwellError
from stepwell.dialects import spirv
from xdsl.dialects import arith
from xdsl.dialects.builtin import AnyFloat, FloatAttr, IntegerAttr, IntegerType, Signedness, f32, i1, i32
from xdsl.ir import Attribute, Operation, SSAValue

Op = TypeVar("Op", bound=Operation)

si32 = IntegerType(32, Signedness.SIGNED)

SIZE_BITS = 0x7FFFFFFF
SIGN_BIT = -0x80000000
INFINITE = 0x7F800000


class Writer(ABC):
    """Where ops are written."""

    @abstractmethod
    def add(self, op: Op) -> Op: ...

    @abstractmethod
    def integer(self, value: int) -> SSAValue: ...

    def make(self, name: str, *args: SSAValue) -> SSAValue:
        return self.add(spirv.make(name, *args)).results[0]

    def convert(self, name: str, value: SSAValue, kind: Attribute) -> SSAValue:
        return self.add(spirv.make(name, value, kind)).results[0]

    def choose(self, condition: SSAValue, a: SSAValue, b: SSAValue) -> SSAValue:
        return self.add(spirv.SelectOp(condition, a, b)).result

    def number(self, value: int, kind: Attribute) -> SSAValue:
        if isinstance(kind, AnyFloat):
            return self.add(spirv.ConstantOp(FloatAttr(float(value), f32), f32)).constant
        return self.add(spirv.ConstantOp(IntegerAttr(value, i32), i32)).constant

    def is_nan(self, value: SSAValue) -> SSAValue:
        size = self.make("BitwiseAnd", self.convert("Bitcast", value, i32), self.integer(SIZE_BITS))
        return self.make("UGreaterThan", size, self.integer(INFINITE))


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


def signed(name: str) -> Rule:
    """One op of SPIR-V on numbers with a sign. SPIR-V's op says itself that it reads one, but naga, which WebGPU stands
    on in Firefox and in wgpu, goes by the type."""

    def rule(to: Writer, op: Operation, args: Sequence[SSAValue], kind: Attribute) -> SSAValue:
        if args[0].type == i1:
            raise StepwellError(f"{op.name} on bools cannot be written as SPIR-V", op)
        return to.convert("Bitcast", to.make(name, *(to.convert("Bitcast", arg, si32) for arg in args)), kind)

    return rule


def from_signed(to: Writer, op: Operation, args: Sequence[SSAValue], kind: Attribute) -> SSAValue:
    if args[0].type == i1:
        return to.choose(args[0], to.number(-1, kind), to.number(0, kind))
    return to.convert("ConvertSToF", to.convert("Bitcast", args[0], si32), kind)


def to_signed(to: Writer, op: Operation, args: Sequence[SSAValue], kind: Attribute) -> SSAValue:
    return to.convert("Bitcast", to.convert("ConvertFToS", args[0], si32), kind)


def same(to: Writer, op: Operation, args: Sequence[SSAValue], kind: Attribute) -> SSAValue:
    return args[0]


def conversion(name: str, true: int = 1) -> Rule:
    """`true`: what the result is for a bool that holds."""

    def rule(to: Writer, op: Operation, args: Sequence[SSAValue], kind: Attribute) -> SSAValue:
        if args[0].type == i1 and kind != i1:
            return to.choose(args[0], to.number(true, kind), to.number(0, kind))
        return args[0] if args[0].type == kind else to.convert(name, args[0], kind)

    return rule


def truncate(to: Writer, op: Operation, args: Sequence[SSAValue], kind: Attribute) -> SSAValue:
    if kind != i1 or args[0].type == i1:
        return args[0]
    return to.make("INotEqual", to.make("BitwiseAnd", args[0], to.integer(1)), to.integer(0))


def select(to: Writer, op: Operation, args: Sequence[SSAValue], kind: Attribute) -> SSAValue:
    return to.choose(*args)


def extreme(better: str) -> Rule:
    """A NaN wins, the first of two."""

    def rule(to: Writer, op: Operation, args: Sequence[SSAValue], kind: Attribute) -> SSAValue:
        a, b = args
        chosen = to.choose(to.make(better, a, b), a, b)
        return to.choose(to.is_nan(a), a, to.choose(to.is_nan(b), b, chosen))

    return rule


def copy_sign(to: Writer, op: Operation, args: Sequence[SSAValue], kind: Attribute) -> SSAValue:
    size, sign = (
        to.make("BitwiseAnd", to.convert("Bitcast", value, i32), to.integer(mask))
        for value, mask in zip(args, (SIZE_BITS, SIGN_BIT), strict=True)
    )
    return to.convert("Bitcast", to.make("BitwiseOr", size, sign), kind)


INTEGER_ORDER = (
    *("IEqual", "INotEqual", "SLessThan", "SLessThanEqual", "SGreaterThan", "SGreaterThanEqual"),
    *("ULessThan", "ULessThanEqual", "UGreaterThan", "UGreaterThanEqual"),
)
BOOL_ORDER = ("LogicalEqual", "LogicalNotEqual")


def compare_integers(to: Writer, op: Operation, args: Sequence[SSAValue], kind: Attribute) -> SSAValue:
    assert isinstance(op, arith.CmpiOp)
    names, predicate = (BOOL_ORDER if args[0].type == i1 else INTEGER_ORDER), op.predicate.value.data
    if predicate >= len(names):
        raise StepwellError("an order of bools cannot be written as SPIR-V", op)
    return to.make(names[predicate], *args)


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
    raise StepwellError("a comparison that says the same of all numbers", op, fix="run canonicalize")


RULES: dict[str, Rule] = {
    **{f"arith.{name}f": one(f"F{made}") for name, made in (("add", "Add"), ("sub", "Sub"), ("mul", "Mul"))},
    "arith.divf": one("FDiv"),
    "arith.remf": one("FRem"),
    "arith.negf": one("FNegate"),
    "arith.maximumf": extreme("FOrdGreaterThan"),
    "arith.minimumf": extreme("FOrdLessThan"),
    "arith.maxnumf": one("GL.FMax"),
    "arith.minnumf": one("GL.FMin"),
    "arith.cmpf": compare_floats,
    "arith.addi": one("IAdd", "LogicalNotEqual"),
    "arith.subi": one("ISub", "LogicalNotEqual"),
    "arith.muli": one("IMul", "LogicalAnd"),
    "arith.divsi": signed("SDiv"),
    "arith.remsi": signed("SRem"),
    "arith.divui": one("UDiv"),
    "arith.remui": one("UMod"),
    "arith.andi": one("BitwiseAnd", "LogicalAnd"),
    "arith.ori": one("BitwiseOr", "LogicalOr"),
    "arith.xori": one("BitwiseXor", "LogicalNotEqual"),
    "arith.shli": one("ShiftLeftLogical"),
    "arith.shrsi": signed("ShiftRightArithmetic"),
    "arith.shrui": one("ShiftRightLogical"),
    "arith.maxsi": signed("GL.SMax"),
    "arith.minsi": signed("GL.SMin"),
    "arith.maxui": one("GL.UMax", "LogicalOr"),
    "arith.minui": one("GL.UMin", "LogicalAnd"),
    "arith.cmpi": compare_integers,
    "arith.select": select,
    "arith.index_cast": same,
    "arith.trunci": truncate,
    "arith.extsi": conversion("Bitcast", true=-1),
    "arith.extui": conversion("Bitcast"),
    "arith.sitofp": from_signed,
    "arith.uitofp": conversion("ConvertUToF"),
    "arith.fptosi": to_signed,
    "arith.fptoui": conversion("ConvertFToU"),
    "arith.bitcast": conversion("Bitcast"),
    "math.absf": one("GL.FAbs"),
    "math.absi": signed("GL.SAbs"),
    "math.copysign": copy_sign,
    "math.fma": one("GL.Fma"),
    "math.roundeven": one("GL.RoundEven"),
    "math.rsqrt": one("GL.InverseSqrt"),
    **{
        f"math.{name}": one(f"GL.{name.capitalize()}")
        for name in "acos asin atan ceil cos cosh exp floor log sin sinh sqrt tan tanh".split()
    },
}
