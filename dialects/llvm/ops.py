"""The ops of the `llvm` dialect that xDSL lacks, or holds too narrowly for vector code. Upstream's names and syntax."""

from __future__ import annotations

from abc import ABC
from typing import ClassVar

from stepwell.dialects.lanes import element, is_integer, lanes, like
from xdsl.dialects.builtin import (
    I1,
    AnyFloat,
    AnyFloatConstr,
    IntegerAttr,
    IntegerType,
    SignlessIntegerConstraint,
    VectorType,
    i1,
    i64,
)
from xdsl.dialects.llvm import FastMathAttr, FCmpPredicateFlag, GenericCastOp, LLVMPointerType
from xdsl.ir import Attribute, ParametrizedAttribute, SSAValue, TypeAttribute
from xdsl.irdl import (
    AnyAttr,
    IRDLOperation,
    ParsePropInAttrDict,
    VarConstraint,
    irdl_attr_definition,
    irdl_op_definition,
    operand_def,
    prop_def,
    result_def,
    traits_def,
)
from xdsl.parser import Parser
from xdsl.printer import Printer
from xdsl.traits import MemoryReadEffect, MemoryWriteEffect, Pure
from xdsl.utils.exceptions import VerifyException


@irdl_attr_definition
class X86AMXType(ParametrizedAttribute, TypeAttribute):
    """A tile of AMX, whatever its shape: `!llvm.x86_amx`."""

    name = "llvm.x86_amx"


BoolLike = I1 | VectorType[I1]


def check_mask(mask: SSAValue, masked: SSAValue) -> None:
    if lanes(mask.type) != lanes(masked.type):
        raise VerifyException("a mask has as many lanes as what it masks")


@irdl_op_definition
class FCmpOp(IRDLOperation):
    """Compare floats, lane by lane: `%m = llvm.fcmp "olt" %a, %b : vector<16xf32>`; `o` is false on NaN, `u` true."""

    name = "llvm.fcmp"
    T: ClassVar = VarConstraint("T", AnyFloatConstr | VectorType.constr(AnyFloatConstr))

    lhs = operand_def(T)
    rhs = operand_def(T)
    predicate = prop_def(IntegerAttr[IntegerType])
    fastmathFlags = prop_def(FastMathAttr, default_value=FastMathAttr(None))
    res = result_def(BoolLike)

    traits = traits_def(Pure())

    def __init__(self, lhs: SSAValue, rhs: SSAValue, predicate: FCmpPredicateFlag, res_type: Attribute):
        super().__init__(
            operands=[lhs, rhs],
            result_types=[res_type],
            properties={"predicate": IntegerAttr(predicate.to_int(), i64)},
        )

    def verify_(self) -> None:
        if lanes(self.lhs.type) != lanes(self.res.type):
            raise VerifyException("a comparison has as many results as lanes")

    @classmethod
    def parse(cls, parser: Parser) -> FCmpOp:
        predicate = FCmpPredicateFlag(parser.parse_str_literal())
        lhs = parser.parse_unresolved_operand()
        parser.parse_punctuation(",")
        rhs = parser.parse_unresolved_operand()
        attributes = parser.parse_optional_attr_dict()
        parser.parse_punctuation(":")
        type = parser.parse_type()
        left, right = parser.resolve_operands([lhs, rhs], [type, type], parser.pos)
        op = cls(left, right, predicate, like(type, i1))
        if (flags := attributes.pop("fastmathFlags", None)) is not None:
            op.properties["fastmathFlags"] = flags
        op.attributes |= attributes
        return op

    def print(self, printer: Printer) -> None:
        printer.print_string(f' "{FCmpPredicateFlag.from_int(self.predicate.value.data)}" ')
        printer.print_list((self.lhs, self.rhs), printer.print_ssa_value)
        flags = {} if self.fastmathFlags == FastMathAttr(None) else {"fastmathFlags": self.fastmathFlags}
        printer.print_op_attributes(flags | self.attributes)
        printer.print_string(" : ")
        printer.print_attribute(self.lhs.type)


@irdl_op_definition
class SelectOp(IRDLOperation):
    """`%r = llvm.select %c, %a, %b : vector<16xi1>, vector<16xf32>`: `%a` where `%c`, else `%b`."""

    name = "llvm.select"
    T: ClassVar = VarConstraint("T", AnyAttr())

    cond = operand_def(BoolLike)
    lhs = operand_def(T)
    rhs = operand_def(T)
    fastmathFlags = prop_def(FastMathAttr, default_value=FastMathAttr(None))
    res = result_def(T)

    traits = traits_def(Pure())
    irdl_options = (ParsePropInAttrDict(),)
    assembly_format = "$cond `,` $lhs `,` $rhs attr-dict `:` type($cond) `,` type($res)"

    def __init__(self, cond: SSAValue, lhs: SSAValue, rhs: SSAValue):
        super().__init__(operands=[cond, lhs, rhs], result_types=[lhs.type])

    def verify_(self) -> None:
        mask = lanes(self.cond.type)
        if mask is not None and mask != lanes(self.res.type):
            raise VerifyException("a vector condition has as many lanes as what it selects from")


class NumberCastOp(GenericCastOp, ABC):
    """From integers to floats or back, lane by lane."""

    INTEGER_SOURCE: ClassVar[bool] = False

    def verify_(self) -> None:
        given, made = self.arg.type, self.result.type
        if lanes(given) != lanes(made):
            raise VerifyException(f"{given} and {made} have not the same lanes")
        integer, other = (given, made) if self.INTEGER_SOURCE else (made, given)
        if not is_integer(element(integer)) or not isinstance(element(other), AnyFloat):
            raise VerifyException(f"{self.name} does not cast {given} to {made}")


@irdl_op_definition
class UIToFPOp(NumberCastOp):
    """An unsigned integer as the nearest float: `llvm.uitofp %a : i32 to f32`."""

    name = "llvm.uitofp"
    INTEGER_SOURCE: ClassVar[bool] = True


@irdl_op_definition
class FPToSIOp(NumberCastOp):
    """A float rounded towards zero to a signed integer; poison when it does not fit."""

    name = "llvm.fptosi"


@irdl_op_definition
class FPToUIOp(NumberCastOp):
    """A float rounded towards zero to an unsigned integer; poison when it does not fit."""

    name = "llvm.fptoui"


@irdl_op_definition
class ExtractElementOp(IRDLOperation):
    """One lane: `%e = llvm.extractelement %v[%i : i64] : vector<16xf32>`."""

    name = "llvm.extractelement"
    E: ClassVar = VarConstraint("E", AnyAttr())

    vector = operand_def(VectorType.constr(E))
    position = operand_def(SignlessIntegerConstraint)
    res = result_def(E)

    traits = traits_def(Pure())
    assembly_format = "$vector `[` $position `:` type($position) `]` attr-dict `:` type($vector)"

    def __init__(self, vector: SSAValue, position: SSAValue):
        super().__init__(operands=[vector, position], result_types=[element(vector.type)])


@irdl_op_definition
class PoisonOp(IRDLOperation):
    """A value of no matter: `%u = llvm.mlir.poison : vector<16xf32>`."""

    name = "llvm.mlir.poison"
    res = result_def()

    traits = traits_def(Pure())
    assembly_format = "attr-dict `:` type($res)"

    def __init__(self, type: Attribute):
        super().__init__(result_types=[type])


@irdl_op_definition
class MaskedLoadOp(IRDLOperation):
    """Lanes of consecutive memory where the mask is set, the passed-through value's elsewhere; unset lanes untouched.

    `%v = llvm.intr.masked.load %p, %m, %else {alignment = 4 : i32} : (!llvm.ptr, ...) -> vector<16xf32>`
    """

    name = "llvm.intr.masked.load"
    T: ClassVar = VarConstraint("T", VectorType.constr())

    data = operand_def(LLVMPointerType)
    mask = operand_def(VectorType[I1])
    pass_thru = operand_def(T)
    alignment = prop_def(IntegerAttr[IntegerType])
    res = result_def(T)

    traits = traits_def(MemoryReadEffect())
    irdl_options = (ParsePropInAttrDict(),)
    assembly_format = "operands attr-dict `:` functional-type(operands, results)"

    def verify_(self) -> None:
        check_mask(self.mask, self.res)

    def __init__(self, data: SSAValue, mask: SSAValue, pass_thru: SSAValue, alignment: int):
        super().__init__(
            operands=[data, mask, pass_thru],
            result_types=[pass_thru.type],
            properties={"alignment": IntegerAttr(alignment, 32)},
        )


@irdl_op_definition
class MaskedStoreOp(IRDLOperation):
    """Store the lanes whose mask is set: `llvm.intr.masked.store %v, %p, %m {alignment = 4 : i32} : ...`."""

    name = "llvm.intr.masked.store"

    value = operand_def(VectorType)
    data = operand_def(LLVMPointerType)
    mask = operand_def(VectorType[I1])
    alignment = prop_def(IntegerAttr[IntegerType])

    traits = traits_def(MemoryWriteEffect())
    irdl_options = (ParsePropInAttrDict(),)
    assembly_format = "$value `,` $data `,` $mask attr-dict `:` type($value) `,` type($mask) `into` type($data)"

    def verify_(self) -> None:
        check_mask(self.mask, self.value)

    def __init__(self, value: SSAValue, data: SSAValue, mask: SSAValue, alignment: int):
        super().__init__(operands=[value, data, mask], properties={"alignment": IntegerAttr(alignment, 32)})
