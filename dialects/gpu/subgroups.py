"""What threads of a block do together: wait for one another, and hand values around within a subgroup."""

from __future__ import annotations

from xdsl.dialects.builtin import IndexType, IntegerType, StringAttr, UnitAttr, i1, i32
from xdsl.ir import Attribute, SSAValue
from xdsl.irdl import (
    IRDLOperation,
    irdl_op_definition,
    operand_def,
    opt_prop_def,
    prop_def,
    result_def,
    traits_def,
)
from xdsl.parser import Parser
from xdsl.printer import Printer
from xdsl.traits import MemoryReadEffect, MemoryWriteEffect, Pure
from xdsl.utils.exceptions import VerifyException

from .attributes import AllReduceOpAttr, Reduction

SHUFFLES = ("xor", "up", "down", "idx")


@irdl_op_definition
class BarrierOp(IRDLOperation):
    """Every thread of the block waits here for the others; what they wrote before, all see after."""

    name = "gpu.barrier"

    assembly_format = "attr-dict"
    traits = traits_def(MemoryReadEffect(), MemoryWriteEffect())

    def __init__(self) -> None:
        super().__init__()


class CountOp(IRDLOperation):
    """A number that has to do with subgroups."""

    result = result_def(IndexType())

    traits = traits_def(Pure())

    def __init__(self) -> None:
        super().__init__(result_types=[IndexType()])


@irdl_op_definition
class LaneIdOp(CountOp):
    """The number of the thread in its subgroup."""

    name = "gpu.lane_id"

    assembly_format = "attr-dict"


@irdl_op_definition
class SubgroupIdOp(CountOp):
    """The number of the subgroup in its block."""

    name = "gpu.subgroup_id"

    assembly_format = "attr-dict `:` type($result)"


@irdl_op_definition
class SubgroupSizeOp(CountOp):
    """How many threads a subgroup has."""

    name = "gpu.subgroup_size"

    assembly_format = "attr-dict `:` type($result)"


@irdl_op_definition
class ShuffleOp(IRDLOperation):
    """`%v, %valid = gpu.shuffle xor %x, %offset, %width : f32`: the value that another thread of the subgroup has.

    Which: lane xor offset, lane - offset (up), lane + offset (down), offset (idx). `%valid`: whether it is there.
    """

    name = "gpu.shuffle"

    value = operand_def()
    offset = operand_def(i32)
    width = operand_def(i32)
    mode = prop_def(StringAttr)
    shuffled = result_def()
    valid = result_def(i1)

    def __init__(self, mode: str, value: SSAValue, offset: SSAValue, width: SSAValue):
        super().__init__(
            operands=[value, offset, width], properties={"mode": StringAttr(mode)}, result_types=[value.type, i1]
        )

    def verify_(self) -> None:
        if self.mode.data not in SHUFFLES:
            raise VerifyException(f"a shuffle is one of {', '.join(SHUFFLES)}")
        if self.shuffled.type != self.value.type:
            raise VerifyException("what comes from another thread is of the value's type")

    @classmethod
    def parse(cls, parser: Parser) -> ShuffleOp:
        mode = parser.parse_identifier()
        operands = parser.parse_comma_separated_list(Parser.Delimiter.NONE, parser.parse_unresolved_operand)
        attributes = parser.parse_optional_attr_dict()
        parser.parse_punctuation(":")
        kinds = [parser.parse_type(), i32, i32]
        op = cls(mode, *parser.resolve_operands(operands, kinds, parser.pos))
        op.attributes |= attributes
        return op

    def print(self, printer: Printer) -> None:
        printer.print_string(f" {self.mode.data} ")
        printer.print_list(self.operands, printer.print_ssa_value)
        printer.print_op_attributes(self.attributes)
        printer.print_string(" : ")
        printer.print_attribute(self.value.type)


@irdl_op_definition
class SubgroupReduceOp(IRDLOperation):
    """`%sum = gpu.subgroup_reduce add %x : (f32) -> f32`: one value of those that the threads of a subgroup have."""

    name = "gpu.subgroup_reduce"

    value = operand_def()
    op = prop_def(AllReduceOpAttr)
    uniform = opt_prop_def(UnitAttr)
    result = result_def()

    def __init__(self, kind: Reduction, value: SSAValue, *, uniform: bool = False):
        properties: dict[str, Attribute | None] = {
            "op": AllReduceOpAttr(kind),
            "uniform": UnitAttr() if uniform else None,
        }
        super().__init__(operands=[value], properties=properties, result_types=[value.type])

    def verify_(self) -> None:
        if self.result.type != self.value.type:
            raise VerifyException("the result is of the value's type")
        bitwise = self.op.data in (Reduction.And, Reduction.Or, Reduction.Xor)
        if bitwise and not isinstance(self.value.type, IntegerType):
            raise VerifyException(f"'{self.op.data.value}' takes integers")

    @classmethod
    def parse(cls, parser: Parser) -> SubgroupReduceOp:
        kind = parser.parse_str_enum(Reduction)
        operand = parser.parse_unresolved_operand()
        uniform = parser.parse_optional_keyword("uniform") is not None
        attributes = parser.parse_optional_attr_dict()
        parser.parse_punctuation(":")
        signature = parser.parse_function_type()
        op = cls(kind, parser.resolve_operand(operand, signature.inputs.data[0]), uniform=uniform)
        op.attributes |= attributes
        return op

    def print(self, printer: Printer) -> None:
        printer.print_string(f" {self.op.data.value} ")
        printer.print_ssa_value(self.value)
        if self.uniform is not None:
            printer.print_string(" uniform")
        printer.print_op_attributes(self.attributes)
        printer.print_string(" : ")
        printer.print_function_type([self.value.type], [self.result.type])
