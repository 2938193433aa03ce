"""What computes: ops that differ in their name only, made from tables.

%c = spirv.IAdd %a, %b : i32
%c = spirv.SLessThan %a, %b : i32
%c = spirv.ConvertSToF %a : i32 to f32
%c = spirv.GL.Fma %a, %b, %c : f32
"""

from __future__ import annotations

from abc import ABC
from collections.abc import Callable
from typing import ClassVar

from xdsl.dialects.builtin import i1
from xdsl.ir import Attribute, Operation, SSAValue
from xdsl.irdl import (
    AnyAttr,
    IRDLOperation,
    VarConstraint,
    irdl_op_definition,
    operand_def,
    result_def,
    traits_def,
)
from xdsl.traits import Pure

from .groups import GROUPS


class UnaryOp(IRDLOperation, ABC):
    T: ClassVar = VarConstraint("T", AnyAttr())
    operand = operand_def(T)
    result = result_def(T)
    assembly_format = "$operand attr-dict `:` type($result)"
    traits = traits_def(Pure())

    def __init__(self, a: SSAValue):
        super().__init__(operands=[a], result_types=[a.type])


class BinaryOp(IRDLOperation, ABC):
    T: ClassVar = VarConstraint("T", AnyAttr())
    operand1 = operand_def(T)
    operand2 = operand_def(T)
    result = result_def(T)
    assembly_format = "$operand1 `,` $operand2 attr-dict `:` type($result)"
    traits = traits_def(Pure())

    def __init__(self, a: SSAValue, b: SSAValue):
        super().__init__(operands=[a, b], result_types=[a.type])


class TernaryOp(IRDLOperation, ABC):
    T: ClassVar = VarConstraint("T", AnyAttr())
    x = operand_def(T)
    y = operand_def(T)
    z = operand_def(T)
    result = result_def(T)
    assembly_format = "$x `,` $y `,` $z attr-dict `:` type($result)"
    traits = traits_def(Pure())

    def __init__(self, a: SSAValue, b: SSAValue, c: SSAValue):
        super().__init__(operands=[a, b, c], result_types=[a.type])


class ComparisonOp(IRDLOperation, ABC):
    T: ClassVar = VarConstraint("T", AnyAttr())
    operand1 = operand_def(T)
    operand2 = operand_def(T)
    result = result_def(i1)
    assembly_format = "$operand1 `,` $operand2 attr-dict `:` type($operand1)"
    traits = traits_def(Pure())

    def __init__(self, a: SSAValue, b: SSAValue):
        super().__init__(operands=[a, b], result_types=[i1])


class ShiftOp(IRDLOperation, ABC):
    T: ClassVar = VarConstraint("T", AnyAttr())
    base = operand_def(T)
    shift = operand_def()
    result = result_def(T)
    assembly_format = "$base `,` $shift attr-dict `:` type($base) `,` type($shift)"
    traits = traits_def(Pure())

    def __init__(self, a: SSAValue, by: SSAValue):
        super().__init__(operands=[a, by], result_types=[a.type])


class ConversionOp(IRDLOperation, ABC):
    operand = operand_def()
    result = result_def()
    assembly_format = "$operand attr-dict `:` type($operand) `to` type($result)"
    traits = traits_def(Pure())

    def __init__(self, a: SSAValue, kind: Attribute):
        super().__init__(operands=[a], result_types=[kind])


@irdl_op_definition
class SelectOp(IRDLOperation):
    """`true_value` where `condition` holds."""

    name = "spirv.Select"
    T: ClassVar = VarConstraint("T", AnyAttr())
    condition = operand_def(i1)
    true_value = operand_def(T)
    false_value = operand_def(T)
    result = result_def(T)
    assembly_format = "$condition `,` $true_value `,` $false_value attr-dict `:` type($condition) `,` type($result)"
    traits = traits_def(Pure())

    def __init__(self, condition: SSAValue, a: SSAValue, b: SSAValue):
        super().__init__(operands=[condition, a, b], result_types=[a.type])


FAMILIES: dict[type[IRDLOperation], str] = {
    UnaryOp: (
        "FNegate LogicalNot GL.FAbs GL.SAbs GL.RoundEven GL.Floor GL.Ceil GL.Sqrt GL.InverseSqrt GL.Exp GL.Exp2 GL.Log "
        "GL.Log2 GL.Sin GL.Cos GL.Tan GL.Asin GL.Acos GL.Atan GL.Sinh GL.Cosh GL.Tanh GL.Asinh GL.Acosh GL.Atanh"
    ),
    BinaryOp: (
        "IAdd ISub IMul UDiv SDiv UMod SRem FAdd FSub FMul FDiv FRem BitwiseAnd BitwiseOr BitwiseXor LogicalAnd "
        "LogicalOr LogicalEqual LogicalNotEqual GL.FMax GL.FMin GL.SMax GL.SMin GL.UMax GL.UMin"
    ),
    TernaryOp: "GL.Fma",
    ComparisonOp: (
        "IEqual INotEqual SLessThan SLessThanEqual SGreaterThan SGreaterThanEqual ULessThan ULessThanEqual "
        "UGreaterThan UGreaterThanEqual FOrdEqual FOrdLessThan FOrdLessThanEqual FOrdGreaterThan "
        "FOrdGreaterThanEqual FUnordNotEqual FUnordLessThan FUnordLessThanEqual FUnordGreaterThan "
        "FUnordGreaterThanEqual"
    ),
    ShiftOp: "ShiftLeftLogical ShiftRightLogical ShiftRightArithmetic",
    ConversionOp: "ConvertSToF ConvertUToF ConvertFToS ConvertFToU SConvert UConvert FConvert Bitcast",
}


def define(name: str, family: type[IRDLOperation]) -> type[IRDLOperation]:
    namespace = {"name": f"spirv.{name}", "__module__": __name__}
    return irdl_op_definition(type(f"{name.replace('.', '')}Op", (family,), namespace))


ARITHMETIC: dict[str, type[Operation]] = {
    name: define(name, family) for family, names in FAMILIES.items() for name in names.split()
}
"""Name without the dialect's → the op."""


OPS = ARITHMETIC | GROUPS
CONVERSIONS = frozenset(FAMILIES[ConversionOp].split())


def is_conversion(name: str) -> bool:
    """Whether the op of this name is made with the type of its result."""
    return name in CONVERSIONS


def make(name: str, *arguments: SSAValue | Attribute) -> Operation:
    """The op of this name on its operands; a conversion takes the type of its result behind them."""
    constructor: Callable[..., Operation] = OPS[name]
    return constructor(*arguments)
