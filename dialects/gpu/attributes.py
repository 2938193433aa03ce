"""Where memory is, and which dimension of a grid is meant."""

from __future__ import annotations

from enum import auto

from xdsl.dialects.builtin import MemRefType, NoneAttr
from xdsl.dialects.gpu import DimensionAttr, DimensionEnum
from xdsl.dialects.utils import EnumAttribute
from xdsl.ir import Attribute, SpacedOpaqueSyntaxAttribute
from xdsl.irdl import irdl_attr_definition
from xdsl.parser import AttrParser
from xdsl.printer import Printer
from xdsl.utils.str_enum import StrEnum

__all__ = ["AddressSpace", "AddressSpaceAttr", "AllReduceOpAttr", "DimensionAttr", "DimensionEnum", "Reduction"]


class AddressSpace(StrEnum):
    Global = auto()
    Workgroup = auto()
    Private = auto()


@irdl_attr_definition
class AddressSpaceAttr(EnumAttribute[AddressSpace]):
    """`#gpu.address_space<workgroup>`: memory of all threads of a block; `private`: of one; `global`: of the device."""

    name = "gpu.address_space"

    @classmethod
    def parse_parameter(cls, parser: AttrParser) -> AddressSpace:
        with parser.in_angle_brackets():
            return parser.parse_str_enum(AddressSpace)

    def print_parameter(self, printer: Printer) -> None:
        with printer.in_angle_brackets():
            printer.print_string(str(self.data))


class Reduction(StrEnum):
    """How values of several threads become one; `num`: a NaN counts only where all are."""

    Add = auto()
    Mul = auto()
    And = auto()
    Or = auto()
    Xor = auto()
    MinSI = auto()
    MinUI = auto()
    MinNumF = auto()
    MinimumF = auto()
    MaxSI = auto()
    MaxUI = auto()
    MaxNumF = auto()
    MaximumF = auto()


@irdl_attr_definition
class AllReduceOpAttr(EnumAttribute[Reduction], SpacedOpaqueSyntaxAttribute):
    """`#gpu<all_reduce_op add>`."""

    name = "gpu.all_reduce_op"


WORKGROUP = AddressSpaceAttr(AddressSpace.Workgroup)
PRIVATE = AddressSpaceAttr(AddressSpace.Private)


def space_of(kind: Attribute) -> AddressSpace:
    """The address space of a memref; one that does not say is in the device's memory."""
    assert isinstance(kind, MemRefType)
    space = kind.memory_space
    if isinstance(space, NoneAttr):
        return AddressSpace.Global
    assert isinstance(space, AddressSpaceAttr)
    return space.data
