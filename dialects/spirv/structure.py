"""A module of SPIR-V: its variables, its function, and how it is entered."""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.dialects.builtin import ArrayAttr, IntAttr, StringAttr, SymbolRefAttr
from xdsl.ir import Block, Region
from xdsl.irdl import IRDLOperation, irdl_op_definition, opt_prop_def, prop_def, region_def, traits_def
from xdsl.parser import Parser
from xdsl.printer import Printer
from xdsl.traits import IsolatedFromAbove, NoTerminator, SymbolOpInterface, SymbolTable
from xdsl.utils.exceptions import VerifyException

from .memory import AddressOfOp
from .types import PointerType, VersionAttr


@irdl_op_definition
class SPIRVModuleOp(IRDLOperation):
    """What is handed to a device as one: `spirv.module @name Logical GLSL450 requires #spirv.vce<...> { ... }`."""

    name = "spirv.module"
    sym_name = prop_def(StringAttr)
    vce = prop_def(VersionAttr)
    body = region_def("single_block")
    traits = traits_def(IsolatedFromAbove(), NoTerminator(), SymbolOpInterface(), SymbolTable())

    def __init__(self, name: str, body: Region, vce: VersionAttr):
        super().__init__(properties={"sym_name": StringAttr(name), "vce": vce}, regions=[body])

    def verify_(self) -> None:
        """What is named is there."""
        listed = list(self.body.block.ops)
        functions = {op.sym_name.data for op in listed if isinstance(op, FuncOp)}
        variables = {op.sym_name.data: op.kind for op in listed if isinstance(op, GlobalVariableOp)}
        for op in self.walk():
            if isinstance(op, EntryPointOp | ExecutionModeOp) and op.fn.string_value() not in functions:
                raise VerifyException(f"{op.name}: there is no function @{op.fn.string_value()} in this module")
            names = op.interface if isinstance(op, EntryPointOp) else ()
            for name in names:
                if name.string_value() not in variables:
                    raise VerifyException(f"{op.name}: there is no variable @{name.string_value()} in this module")
            if isinstance(op, AddressOfOp) and variables.get(op.variable.string_value()) != op.pointer.type:
                name, kind = op.variable.string_value(), op.pointer.type
                raise VerifyException(f"{op.name}: there is no variable @{name} of type {kind} in this module")

    @classmethod
    def parse(cls, parser: Parser) -> SPIRVModuleOp:
        name = parser.parse_symbol_name().data
        for word in ("Logical", "GLSL450", "requires"):
            parser.parse_keyword(word)
        vce = parser.parse_attribute()
        if not isinstance(vce, VersionAttr):
            parser.raise_error("expected #spirv.vce<v1.3, [Shader], []>")
        body = parser.parse_region()
        if body.first_block is None:
            body.add_block(Block())
        return cls(name, body, vce)

    def print(self, printer: Printer) -> None:
        printer.print_string(" ")
        printer.print_symbol_name(self.sym_name.data)
        printer.print_string(" Logical GLSL450 requires ")
        printer.print_attribute(self.vce)
        printer.print_string(" ")
        printer.print_region(self.body, print_entry_block_args=False, print_empty_block=False)


BOUND = ("StorageBuffer", "Uniform")
"""Storage classes of memory that is bound from outside."""


@irdl_op_definition
class GlobalVariableOp(IRDLOperation):
    """A buffer, `bind(0, 1)`; what the device hands a thread, `built_in("GlobalInvocationId")`; numbers that a launch
    hands in, or memory of a block of threads, which the pointer's storage class says."""

    name = "spirv.GlobalVariable"
    sym_name = prop_def(StringAttr)
    kind = prop_def(PointerType)
    binding = opt_prop_def(IntAttr)
    built_in = opt_prop_def(StringAttr)
    traits = traits_def(SymbolOpInterface())

    def __init__(self, name: str, kind: PointerType, *, binding: int | None = None, built_in: str | None = None):
        """`binding`: its number in descriptor set 0."""
        super().__init__(
            properties={
                "sym_name": StringAttr(name),
                "kind": kind,
                "binding": None if binding is None else IntAttr(binding),
                "built_in": None if built_in is None else StringAttr(built_in),
            }
        )

    def verify_(self) -> None:
        storage = self.kind.storage.data
        if storage == "Function":
            raise VerifyException("a variable of storage class Function stands in a function")
        if (storage == "Input") != (self.built_in is not None):
            raise VerifyException("what is built in is in storage class Input, and nothing else is")
        if (storage in BOUND) != (self.binding is not None):
            raise VerifyException(f"what is in storage class {' or '.join(BOUND)} has a binding, and nothing else has")

    @classmethod
    def parse(cls, parser: Parser) -> GlobalVariableOp:
        name = parser.parse_symbol_name().data
        binding: int | None = None
        built_in: str | None = None
        if parser.parse_optional_keyword("bind") is not None:
            group, binding = parser.parse_comma_separated_list(Parser.Delimiter.PAREN, parser.parse_integer)
            if group != 0:
                parser.raise_error("descriptor set 0 is the only one")
        elif parser.parse_optional_keyword("built_in") is not None:
            with parser.in_parens():
                built_in = parser.parse_str_literal()
        parser.parse_punctuation(":")
        kind = parser.parse_type()
        if not isinstance(kind, PointerType):
            parser.raise_error("expected a pointer type")
        return cls(name, kind, binding=binding, built_in=built_in)

    def print(self, printer: Printer) -> None:
        printer.print_string(" ")
        printer.print_symbol_name(self.sym_name.data)
        if self.binding is not None:
            printer.print_string(f" bind(0, {self.binding.data})")
        if self.built_in is not None:
            printer.print_string(f' built_in("{self.built_in.data}")')
        printer.print_string(" : ")
        printer.print_attribute(self.kind)


@irdl_op_definition
class FuncOp(IRDLOperation):
    """`spirv.func @main() "None" { ... }`: takes and returns nothing."""

    name = "spirv.func"
    sym_name = prop_def(StringAttr)
    body = region_def()
    traits = traits_def(IsolatedFromAbove(), SymbolOpInterface())

    def __init__(self, name: str, body: Region):
        super().__init__(properties={"sym_name": StringAttr(name)}, regions=[body])

    @classmethod
    def parse(cls, parser: Parser) -> FuncOp:
        name = parser.parse_symbol_name().data
        parser.parse_punctuation("(")
        parser.parse_punctuation(")")
        if parser.parse_str_literal() != "None":
            parser.raise_error('expected "None", for a function without hints')
        return cls(name, parser.parse_region())

    def print(self, printer: Printer) -> None:
        printer.print_string(" ")
        printer.print_symbol_name(self.sym_name.data)
        printer.print_string('() "None" ')
        printer.print_region(self.body)


@irdl_op_definition
class EntryPointOp(IRDLOperation):
    """`spirv.EntryPoint "GLCompute" @main, @global_id`: with the inputs that it uses."""

    name = "spirv.EntryPoint"
    fn = prop_def(SymbolRefAttr)
    interface = prop_def(ArrayAttr[SymbolRefAttr])

    def __init__(self, function: str, inputs: Sequence[str]):
        super().__init__(
            properties={"fn": SymbolRefAttr(function), "interface": ArrayAttr([SymbolRefAttr(n) for n in inputs])}
        )

    @classmethod
    def parse(cls, parser: Parser) -> EntryPointOp:
        if parser.parse_str_literal() != "GLCompute":
            parser.raise_error('expected "GLCompute"')
        first, *names = parser.parse_comma_separated_list(Parser.Delimiter.NONE, parser.parse_symbol_name)
        return cls(first.data, [name.data for name in names])

    def print(self, printer: Printer) -> None:
        names = [self.fn, *self.interface]
        printer.print_string(' "GLCompute" ')
        printer.print_list(names, printer.print_attribute)


@irdl_op_definition
class ExecutionModeOp(IRDLOperation):
    """`spirv.ExecutionMode @main "LocalSize", 64, 1, 1`: the threads of a block along x, y and z."""

    name = "spirv.ExecutionMode"
    fn = prop_def(SymbolRefAttr)
    values = prop_def(ArrayAttr[IntAttr])

    def __init__(self, function: str, size: Sequence[int]):
        super().__init__(properties={"fn": SymbolRefAttr(function), "values": ArrayAttr([IntAttr(n) for n in size])})

    def verify_(self) -> None:
        if len(self.values) != 3:
            raise VerifyException("LocalSize has three numbers")

    @classmethod
    def parse(cls, parser: Parser) -> ExecutionModeOp:
        function = parser.parse_symbol_name().data
        if parser.parse_str_literal() != "LocalSize":
            parser.raise_error('expected "LocalSize"')
        size: list[int] = []
        while parser.parse_optional_punctuation(",") is not None:
            size.append(parser.parse_integer())
        return cls(function, size)

    def print(self, printer: Printer) -> None:
        printer.print_string(" ")
        printer.print_attribute(self.fn)
        printer.print_string(f' "LocalSize", {", ".join(str(n.data) for n in self.values)}')
