"""The memref dialect: xDSL's, with a `memref.global` that can hold a weight, and upstream's syntax for `memref.cast`.

xDSL's `memref.global` knows no `dense_resource`, and both print in generic form; ours keep upstream's syntax.

    memref.global "private" constant @conv1.weight : memref<8x3x3x3xf32> = dense_resource<conv1.weight>
    %w = memref.get_global @conv1.weight : memref<8x3x3x3xf32>
    %a = memref.cast %s : memref<4xf32, strided<[1], offset: 8>> to memref<4xf32, strided<[1], offset: ?>>
"""

from __future__ import annotations

from typing import Any, cast

from xdsl.dialects import memref as xdsl_memref
from xdsl.dialects.builtin import (
    DenseIntOrFPElementsAttr,
    DenseResourceAttr,
    IntegerAttr,
    MemRefType,
    StringAttr,
    SymbolNameConstraint,
    TensorType,
    UnitAttr,
)
from xdsl.ir import Attribute, Dialect, Operation, SSAValue
from xdsl.irdl import IRDLOperation, irdl_op_definition, opt_prop_def, prop_def, traits_def
from xdsl.parser import Parser
from xdsl.printer import Printer
from xdsl.traits import SymbolOpInterface
from xdsl.utils.exceptions import VerifyException


def tensor_of(kind: MemRefType[Attribute]) -> TensorType[Attribute]:
    """The type of the elements attribute that fills a buffer of type `kind`."""
    return TensorType(kind.get_element_type(), kind.get_shape())


@irdl_op_definition
class GlobalOp(IRDLOperation):
    """A buffer of the whole module. `initial_value`: dense elements, a reference into the weights table, or none."""

    name = "memref.global"

    sym_name = prop_def(SymbolNameConstraint())
    sym_visibility = opt_prop_def(StringAttr)
    type = prop_def(MemRefType)
    initial_value = opt_prop_def(UnitAttr | DenseIntOrFPElementsAttr | DenseResourceAttr)
    constant = opt_prop_def(UnitAttr)
    alignment = opt_prop_def(IntegerAttr)

    traits = traits_def(SymbolOpInterface())

    def __init__(self, name: str, type: MemRefType[Attribute], initial_value: Attribute, *, constant: bool = True):
        super().__init__(
            properties={
                "sym_name": StringAttr(name),
                "sym_visibility": StringAttr("private"),
                "type": type,
                "initial_value": initial_value,
                "constant": UnitAttr() if constant else None,
            }
        )

    def verify_(self) -> None:
        value = self.initial_value
        if not isinstance(value, (DenseIntOrFPElementsAttr, DenseResourceAttr)):
            return
        kind = self.type
        if value.type != tensor_of(kind):
            raise VerifyException(f"a buffer of type {kind} cannot start as {value.type}")

    @classmethod
    def parse(cls, parser: Parser) -> GlobalOp:
        visibility = parser.parse_optional_str_literal()
        constant = parser.parse_optional_keyword("constant") is not None
        name = parser.parse_symbol_name()
        parser.parse_punctuation(":")
        kind = cast(MemRefType[Attribute], parser.parse_type())
        value = cls._parse_value(parser, kind) if parser.parse_optional_punctuation("=") is not None else None
        op = cls(name.data, kind, UnitAttr(), constant=constant)
        if value is None:
            del op.properties["initial_value"]
        else:
            op.properties["initial_value"] = value
        if visibility is None:
            del op.properties["sym_visibility"]
        else:
            op.properties["sym_visibility"] = StringAttr(visibility)
        op.attributes |= parser.parse_optional_attr_dict()
        return op

    @staticmethod
    def _parse_value(parser: Parser, kind: MemRefType[Attribute]) -> Attribute:
        if parser.parse_optional_keyword("uninitialized") is not None:
            return UnitAttr()
        tensor = cast(Any, tensor_of(kind))
        if parser.parse_optional_keyword("dense") is not None:
            return parser.parse_dense_int_or_fp_elements_attr(tensor)
        parser.parse_keyword("dense_resource")
        parser.parse_punctuation("<")
        key = parser.parse_identifier(" for resource handle")
        parser.parse_punctuation(">")
        return DenseResourceAttr(StringAttr(key), tensor)

    def print(self, printer: Printer) -> None:
        if self.sym_visibility is not None:
            printer.print_string(" ")
            printer.print_string_literal(self.sym_visibility.data)
        printer.print_string(" constant " if self.constant is not None else " ")
        printer.print_symbol_name(self.sym_name.data)
        printer.print_string(" : ")
        printer.print_attribute(cast(Attribute, self.type))
        match self.initial_value:
            case UnitAttr():
                printer.print_string(" = uninitialized")
            case DenseIntOrFPElementsAttr() | DenseResourceAttr() as value:
                printer.print_string(" = ")
                value.print_without_type(printer)
            case _:
                pass
        printer.print_op_attributes(self.attributes)


class CastOp(xdsl_memref.CastOp):
    """The same buffer under a type that says more or less of its layout."""

    def __init__(self, source: SSAValue, type: Attribute):
        super().__init__(operands=[source], result_types=[type])

    @classmethod
    def parse(cls, parser: Parser) -> CastOp:
        name = parser.parse_unresolved_operand()
        attributes = parser.parse_optional_attr_dict()
        parser.parse_punctuation(":")
        source = parser.resolve_operand(name, parser.parse_type())
        parser.parse_characters("to")
        op = cls(source, parser.parse_type())
        op.attributes |= attributes
        return op

    def print(self, printer: Printer) -> None:
        printer.print_string(" ")
        printer.print_operand(self.source)
        printer.print_op_attributes(self.attributes)
        printer.print_string(" : ")
        printer.print_attribute(self.source.type)
        printer.print_string(" to ")
        printer.print_attribute(cast(Attribute, self.dest.type))


OURS: dict[type[Operation], type[Operation]] = {xdsl_memref.GlobalOp: GlobalOp, xdsl_memref.CastOp: CastOp}

MemRef = Dialect("memref", [OURS.get(op, op) for op in xdsl_memref.MemRef.operations], [])
