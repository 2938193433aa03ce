"""What threads do together: wait for one another, and hand values around within a subgroup.

spirv.ControlBarrier <Workgroup>, <Workgroup>, <AcquireRelease|UniformMemory|WorkgroupMemory>
%s = spirv.GroupNonUniformFAdd <Subgroup> <Reduce> %x : f32 -> f32
%t = spirv.GroupNonUniformShuffleXor <Subgroup> %x, %offset : f32, i32
%u = spirv.GroupNonUniformAny <Subgroup> %c : i1
"""

from __future__ import annotations

from abc import ABC
from typing import Self

from xdsl.dialects.builtin import StringAttr, i1
from xdsl.ir import Operation, SSAValue
from xdsl.irdl import IRDLOperation, irdl_op_definition, operand_def, prop_def, result_def, traits_def
from xdsl.parser import Parser
from xdsl.printer import Printer
from xdsl.traits import MemoryReadEffect, MemoryWriteEffect
from xdsl.utils.exceptions import VerifyException

SCOPES = ("CrossDevice", "Device", "Workgroup", "Subgroup", "Invocation")
SEMANTICS = {
    **{"None": 0, "Acquire": 0x2, "Release": 0x4, "AcquireRelease": 0x8, "SequentiallyConsistent": 0x10},
    **{"UniformMemory": 0x40, "SubgroupMemory": 0x80, "WorkgroupMemory": 0x100, "CrossWorkgroupMemory": 0x200},
}
"""What a barrier orders, and of which memory: name → bit (SPIR-V 1.3, section 3.25)."""


def parse_words(parser: Parser) -> str:
    """`<A|B>`, as "A|B"."""
    with parser.in_angle_brackets():
        words = [parser.parse_identifier()]
        while parser.parse_optional_punctuation("|") is not None:
            words.append(parser.parse_identifier())
    return "|".join(words)


def verify_scope(scope: StringAttr) -> None:
    if scope.data not in SCOPES:
        raise VerifyException(f"there is no scope {scope.data}: one of {', '.join(SCOPES)}")


@irdl_op_definition
class ControlBarrierOp(IRDLOperation):
    """Every thread in `execution` waits here for the others; those in `memory` see what they wrote."""

    name = "spirv.ControlBarrier"
    execution = prop_def(StringAttr)
    memory = prop_def(StringAttr)
    semantics = prop_def(StringAttr)
    traits = traits_def(MemoryReadEffect(), MemoryWriteEffect())

    def __init__(self, execution: str, memory: str, semantics: str):
        super().__init__(
            properties={
                "execution": StringAttr(execution),
                "memory": StringAttr(memory),
                "semantics": StringAttr(semantics),
            }
        )

    def verify_(self) -> None:
        verify_scope(self.execution)
        verify_scope(self.memory)
        for word in self.semantics.data.split("|"):
            if word not in SEMANTICS:
                raise VerifyException(f"a barrier has no semantics {word}: of {', '.join(SEMANTICS)}")

    @classmethod
    def parse(cls, parser: Parser) -> Self:
        execution = parse_words(parser)
        parser.parse_punctuation(",")
        memory = parse_words(parser)
        parser.parse_punctuation(",")
        return cls(execution, memory, parse_words(parser))

    def print(self, printer: Printer) -> None:
        printer.print_string(f" <{self.execution.data}>, <{self.memory.data}>, <{self.semantics.data}>")


class GroupOp(IRDLOperation, ABC):
    """What has a scope."""

    scope = prop_def(StringAttr)

    def verify_(self) -> None:
        verify_scope(self.scope)


class GroupReductionOp(GroupOp, ABC):
    """One value of those that the threads have."""

    value = operand_def()
    result = result_def()

    def __init__(self, value: SSAValue, scope: str = "Subgroup"):
        super().__init__(operands=[value], properties={"scope": StringAttr(scope)}, result_types=[value.type])

    @classmethod
    def parse(cls, parser: Parser) -> Self:
        scope = parse_words(parser)
        if parse_words(parser) != "Reduce":
            parser.raise_error("expected <Reduce>, the only one")
        value = parser.parse_unresolved_operand()
        parser.parse_punctuation(":")
        op = cls(parser.resolve_operand(value, parser.parse_type()), scope)
        parser.parse_punctuation("->")
        if parser.parse_type() != op.result.type:
            parser.raise_error("the result is of the value's type")
        return op

    def print(self, printer: Printer) -> None:
        printer.print_string(f" <{self.scope.data}> <Reduce> ")
        printer.print_ssa_value(self.value)
        printer.print_string(" : ")
        printer.print_attribute(self.value.type)
        printer.print_string(" -> ")
        printer.print_attribute(self.result.type)


class GroupShuffleOp(GroupOp, ABC):
    """The value that another thread has."""

    value = operand_def()
    which = operand_def()
    result = result_def()

    def __init__(self, value: SSAValue, which: SSAValue, scope: str = "Subgroup"):
        super().__init__(operands=[value, which], properties={"scope": StringAttr(scope)}, result_types=[value.type])

    @classmethod
    def parse(cls, parser: Parser) -> Self:
        scope = parse_words(parser)
        operands = parser.parse_comma_separated_list(Parser.Delimiter.NONE, parser.parse_unresolved_operand)
        parser.parse_punctuation(":")
        kinds = parser.parse_comma_separated_list(Parser.Delimiter.NONE, parser.parse_type)
        if len(operands) != 2 or len(kinds) != 2:
            parser.raise_error("expected a value, another number, and their types")
        value, which = parser.resolve_operands(operands, kinds, parser.pos)
        return cls(value, which, scope)

    def print(self, printer: Printer) -> None:
        printer.print_string(f" <{self.scope.data}> ")
        printer.print_list(self.operands, printer.print_ssa_value)
        printer.print_string(" : ")
        printer.print_list([value.type for value in self.operands], printer.print_attribute)


class GroupVoteOp(GroupOp, ABC):
    """Whether a condition holds for threads."""

    predicate = operand_def(i1)
    result = result_def(i1)

    def __init__(self, predicate: SSAValue, scope: str = "Subgroup"):
        super().__init__(operands=[predicate], properties={"scope": StringAttr(scope)}, result_types=[i1])

    @classmethod
    def parse(cls, parser: Parser) -> Self:
        scope, predicate = parse_words(parser), parser.parse_unresolved_operand()
        parser.parse_punctuation(":")
        return cls(parser.resolve_operand(predicate, parser.parse_type()), scope)

    def print(self, printer: Printer) -> None:
        printer.print_string(f" <{self.scope.data}> ")
        printer.print_ssa_value(self.predicate)
        printer.print_string(" : i1")


FAMILIES: dict[type[IRDLOperation], str] = {
    GroupReductionOp: (
        "IAdd FAdd IMul FMul SMin UMin FMin SMax UMax FMax BitwiseAnd BitwiseOr BitwiseXor LogicalAnd LogicalOr "
        "LogicalXor"
    ),
    GroupShuffleOp: "Shuffle ShuffleXor ShuffleUp ShuffleDown",
    GroupVoteOp: "All Any",
}


def define(name: str, family: type[IRDLOperation]) -> type[IRDLOperation]:
    namespace = {"name": f"spirv.GroupNonUniform{name}", "__module__": __name__}
    return irdl_op_definition(type(f"GroupNonUniform{name}Op", (family,), namespace))


GROUPS: dict[str, type[Operation]] = {
    f"GroupNonUniform{name}": define(name, family) for family, names in FAMILIES.items() for name in names.split()
}
"""Name without the dialect's → the op of a subgroup."""
