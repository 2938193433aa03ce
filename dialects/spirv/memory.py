"""Constants, pointers, and what is read and written through them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from xdsl.dialects.builtin import FlatSymbolRefAttrConstr, IntegerAttr, StringAttr, SymbolRefAttr, VectorType, i32
from xdsl.ir import Attribute, SSAValue
from xdsl.irdl import (
    IRDLOperation,
    irdl_op_definition,
    operand_def,
    prop_def,
    result_def,
    traits_def,
    var_operand_def,
)
from xdsl.parser import Parser, UnresolvedOperand
from xdsl.printer import Printer
from xdsl.traits import ConstantLike, Pure
from xdsl.utils.exceptions import VerifyException

from .types import PointerType


@irdl_op_definition
class ConstantOp(IRDLOperation):
    """`spirv.Constant 4 : i32`"""

    name = "spirv.Constant"
    value = prop_def()
    constant = result_def()
    traits = traits_def(Pure(), ConstantLike())

    def __init__(self, value: Attribute, kind: Attribute):
        super().__init__(properties={"value": value}, result_types=[kind])

    @classmethod
    def parse(cls, parser: Parser) -> ConstantOp:
        value = parser.parse_attribute()
        kind = getattr(value, "type", None)
        if not isinstance(kind, Attribute):
            parser.raise_error("expected a number and its type")
        return cls(value, kind)

    def print(self, printer: Printer) -> None:
        printer.print_string(" ")
        printer.print_attribute(self.value)


@irdl_op_definition
class VariableOp(IRDLOperation):
    """A variable of one thread."""

    name = "spirv.Variable"
    pointer = result_def(PointerType)
    assembly_format = "attr-dict `:` type($pointer)"

    def __init__(self, kind: Attribute):
        super().__init__(result_types=[PointerType(kind, StringAttr("Function"))])


@irdl_op_definition
class AddressOfOp(IRDLOperation):
    """A global variable, as a pointer."""

    name = "spirv.mlir.addressof"
    variable = prop_def(FlatSymbolRefAttrConstr)
    pointer = result_def(PointerType)
    assembly_format = "$variable attr-dict `:` type($pointer)"
    traits = traits_def(Pure())

    def __init__(self, name: str, kind: PointerType):
        super().__init__(properties={"variable": SymbolRefAttr(name)}, result_types=[kind])


@irdl_op_definition
class CompositeExtractOp(IRDLOperation):
    """One number of a vector: `spirv.CompositeExtract %v[0 : i32] : vector<3xi32>`."""

    name = "spirv.CompositeExtract"
    composite = operand_def(VectorType)
    index = prop_def(IntegerAttr)
    component = result_def()
    traits = traits_def(Pure())

    def __init__(self, vector: SSAValue, index: int):
        kind = cast("VectorType[Attribute]", vector.type)
        super().__init__(
            operands=[vector], properties={"index": IntegerAttr(index, i32)}, result_types=[kind.element_type]
        )

    @classmethod
    def parse(cls, parser: Parser) -> CompositeExtractOp:
        vector = parser.parse_unresolved_operand()
        with parser.in_square_brackets():
            index = parser.parse_attribute()
        parser.parse_punctuation(":")
        kind = parser.parse_type()
        if not isinstance(index, IntegerAttr) or not isinstance(kind, VectorType):
            parser.raise_error("expected %vector[0 : i32] : vector<...>")
        return cls(parser.resolve_operand(vector, cast("Attribute", kind)), index.value.data)

    def print(self, printer: Printer) -> None:
        printer.print_string(" ")
        printer.print_ssa_value(self.composite)
        printer.print_string(f"[{self.index.value.data} : i32] : ")
        printer.print_attribute(self.composite.type)


@irdl_op_definition
class AccessChainOp(IRDLOperation):
    """A pointer to a part of what another points to."""

    name = "spirv.AccessChain"
    base = operand_def(PointerType)
    indices = var_operand_def(i32)
    part = result_def(PointerType)
    traits = traits_def(Pure())

    def __init__(self, base: SSAValue, indices: Sequence[SSAValue], kind: Attribute):
        """`kind`: of the pointer."""
        super().__init__(operands=[base, indices], result_types=[kind])

    @classmethod
    def parse(cls, parser: Parser) -> AccessChainOp:
        base = parser.parse_unresolved_operand()
        indices = parser.parse_comma_separated_list(Parser.Delimiter.SQUARE, parser.parse_unresolved_operand)
        parser.parse_punctuation(":")
        kinds = parser.parse_comma_separated_list(Parser.Delimiter.NONE, parser.parse_type)
        parser.parse_punctuation("->")
        if len(kinds) != 1 + len(indices):
            parser.raise_error("expected a type for the pointer and for each index")
        operands = [base, *indices]
        first, *rest = parser.resolve_operands(operands, kinds, parser.pos)
        return cls(first, rest, parser.parse_type())

    def print(self, printer: Printer) -> None:
        printer.print_string(" ")
        printer.print_ssa_value(self.base)
        with printer.in_square_brackets():
            printer.print_list(self.indices, printer.print_ssa_value)
        printer.print_string(" : ")
        printer.print_list([value.type for value in self.operands], printer.print_attribute)
        printer.print_string(" -> ")
        printer.print_attribute(self.part.type)


def pointed_at(parser: Parser, storage: str, pointer: UnresolvedOperand, kind: Attribute) -> SSAValue:
    return parser.resolve_operand(pointer, PointerType(kind, StringAttr(storage)))


def verify_points_to(pointer: SSAValue, kind: Attribute) -> None:
    if not isinstance(pointer.type, PointerType) or pointer.type.pointee != kind:
        raise VerifyException(f"a pointer to {kind} is wanted, not {pointer.type}")


def storage_of(pointer: SSAValue) -> str:
    assert isinstance(pointer.type, PointerType)
    return pointer.type.storage.data


@irdl_op_definition
class LoadOp(IRDLOperation):
    """`spirv.Load "Function" %p : f32`"""

    name = "spirv.Load"
    ptr = operand_def(PointerType)
    value = result_def()

    def __init__(self, pointer: SSAValue, kind: Attribute | None = None):
        assert isinstance(pointer.type, PointerType)
        super().__init__(operands=[pointer], result_types=[kind or pointer.type.pointee])

    def verify_(self) -> None:
        verify_points_to(self.ptr, self.value.type)

    @classmethod
    def parse(cls, parser: Parser) -> LoadOp:
        storage, pointer = parser.parse_str_literal(), parser.parse_unresolved_operand()
        parser.parse_punctuation(":")
        return cls(pointed_at(parser, storage, pointer, parser.parse_type()))

    def print(self, printer: Printer) -> None:
        printer.print_string(f' "{storage_of(self.ptr)}" ')
        printer.print_ssa_value(self.ptr)
        printer.print_string(" : ")
        printer.print_attribute(self.value.type)


@irdl_op_definition
class StoreOp(IRDLOperation):
    """`spirv.Store "Function" %p, %v : f32`"""

    name = "spirv.Store"
    ptr = operand_def(PointerType)
    value = operand_def()

    def __init__(self, pointer: SSAValue, value: SSAValue):
        super().__init__(operands=[pointer, value])

    def verify_(self) -> None:
        verify_points_to(self.ptr, self.value.type)

    @classmethod
    def parse(cls, parser: Parser) -> StoreOp:
        storage, pointer = parser.parse_str_literal(), parser.parse_unresolved_operand()
        parser.parse_punctuation(",")
        value = parser.parse_unresolved_operand()
        parser.parse_punctuation(":")
        kind = parser.parse_type()
        return cls(pointed_at(parser, storage, pointer, kind), parser.resolve_operand(value, kind))

    def print(self, printer: Printer) -> None:
        printer.print_string(f' "{storage_of(self.ptr)}" ')
        printer.print_ssa_value(self.ptr)
        printer.print_string(", ")
        printer.print_ssa_value(self.value)
        printer.print_string(" : ")
        printer.print_attribute(self.value.type)
