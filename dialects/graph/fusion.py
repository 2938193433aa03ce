"""Ops that become one kernel: a region whose arguments are the inputs, closed by `graph.yield`.

    %y = graph.fusion(%a = %x, %b = %bias) : (tensor<4x8xf32>, tensor<8xf32>) -> tensor<4x8xf32> {
      %s = graph.add %a, %b : (tensor<4x8xf32>, tensor<8xf32>) -> tensor<4x8xf32>
      %r = graph.relu %s : tensor<4x8xf32>
      graph.yield %r : tensor<4x8xf32>
    }

The pass `fuse` makes them, `outline-kernels` turns each into a function.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self, cast

from xdsl.ir import Block, Operation, Region, SSAValue
from xdsl.irdl import traits_def
from xdsl.parser import Parser
from xdsl.printer import Printer
from xdsl.traits import IsolatedFromAbove, IsTerminator, Pure
from xdsl.utils.exceptions import VerifyException

YIELDS_TO = ("graph.fusion", "graph.if", "graph.loop")
"""Ops whose regions `graph.yield` ends."""


class YieldOp(Operation):
    """Ends a region: of a fusion, whose results its operands are, or of control flow (`control.py`)."""

    name = "graph.yield"
    traits = traits_def(IsTerminator(), Pure())

    def __init__(self, *values: SSAValue):
        super().__init__(operands=values)

    def verify_(self) -> None:
        parent = self.parent_op()
        if parent is None or parent.name not in YIELDS_TO:
            raise VerifyException(f"stands outside of {', '.join(YIELDS_TO)}")

    def print(self, printer: Printer) -> None:
        if self.operands:
            printer.print_string(" ")
            printer.print_list(self.operands, printer.print_operand)
            printer.print_string(" : ")
            printer.print_list([value.type for value in self.operands], printer.print_attribute)

    @classmethod
    def parse(cls, parser: Parser) -> Self:
        first = parser.parse_optional_unresolved_operand()
        if first is None:
            return cls()
        names = [first]
        while parser.parse_optional_punctuation(",") is not None:
            names.append(parser.parse_unresolved_operand())
        parser.parse_punctuation(":")
        position = parser.pos
        types = parser.parse_comma_separated_list(parser.Delimiter.NONE, parser.parse_type)
        return cls(*parser.resolve_operands(names, types, position))


class FusionOp(Operation):
    """A kernel to be. Block arguments are the operands, the yielded values the results; nothing else is seen inside."""

    name = "graph.fusion"
    traits = traits_def(Pure(), IsolatedFromAbove())

    def __init__(self, inputs: Sequence[SSAValue], body: Region):
        block = body.block
        if not isinstance(block.last_op, YieldOp):
            raise VerifyException("the body must end with graph.yield")
        types = [value.type for value in block.last_op.operands]
        super().__init__(operands=inputs, result_types=types, regions=[body])

    @property
    def body(self) -> Block:
        return self.regions[0].block

    @property
    def yield_op(self) -> YieldOp:
        return cast(YieldOp, self.body.last_op)

    def verify_(self) -> None:
        if len(self.regions) != 1 or len(self.regions[0].blocks) != 1:
            raise VerifyException("has one region of one block")
        if tuple(arg.type for arg in self.body.args) != tuple(self.operand_types):
            raise VerifyException("block arguments must have the types of the operands")
        if not isinstance(self.body.last_op, YieldOp):
            raise VerifyException("the body must end with graph.yield")
        if tuple(self.body.last_op.operand_types) != tuple(self.result_types):
            raise VerifyException("yielded values must have the types of the results")

    def print(self, printer: Printer) -> None:
        with printer.in_parens():
            names = list(zip(self.body.args, self.operands, strict=True))
            # the arguments' names belong to the body, so they are printed as the body's region would print them
            printer.print_list(names, lambda pair: _print_binding(printer, *pair))
        if self.attributes:
            printer.print_op_attributes(self.attributes, print_keyword=True)
        printer.print_string(" : ")
        printer.print_function_type(self.operand_types, self.result_types)
        printer.print_string(" ")
        printer.print_region(self.regions[0], print_entry_block_args=False)

    @classmethod
    def parse(cls, parser: Parser) -> Self:
        def binding():
            argument = parser.parse_argument(expect_type=False)
            parser.parse_punctuation("=")
            return argument, parser.parse_unresolved_operand()

        bindings = parser.parse_comma_separated_list(parser.Delimiter.PAREN, binding)
        attributes = parser.parse_optional_attr_dict_with_keyword()
        parser.parse_punctuation(":")
        position = parser.pos
        type = parser.parse_function_type()
        operands = parser.resolve_operands([value for _, value in bindings], type.inputs.data, position)
        pairs = zip(bindings, type.inputs, strict=True)
        region = parser.parse_region([argument.resolve(input) for (argument, _), input in pairs])
        op = cls.__new__(cls)
        Operation.__init__(op, operands=operands, result_types=type.outputs.data, regions=[region])
        op.attributes = {} if attributes is None else dict(attributes.data)
        return op


def _print_binding(printer: Printer, argument: SSAValue, value: SSAValue) -> None:
    printer.print_ssa_value(argument)
    printer.print_string(" = ")
    printer.print_operand(value)


FUSION_OPS: list[type[Operation]] = [FusionOp, YieldOp]
