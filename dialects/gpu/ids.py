"""Who a thread is: `gpu.block_id x`, `gpu.thread_id y`, `gpu.global_id x`, and how many there are of them."""

from __future__ import annotations

from typing import Self

from xdsl.dialects.builtin import IndexType
from xdsl.irdl import IRDLOperation, irdl_op_definition, prop_def, result_def, traits_def
from xdsl.parser import Parser
from xdsl.printer import Printer
from xdsl.traits import Pure

from .attributes import DimensionAttr, DimensionEnum


class IdOp(IRDLOperation):
    """One number along one dimension of the grid."""

    dimension = prop_def(DimensionAttr)
    result = result_def(IndexType)

    traits = traits_def(Pure())

    def __init__(self, dimension: str = "x"):
        attribute = DimensionAttr(DimensionEnum(dimension))
        super().__init__(properties={"dimension": attribute}, result_types=[IndexType()])

    @classmethod
    def parse(cls, parser: Parser) -> Self:
        op = cls(parser.parse_str_enum(DimensionEnum))
        op.attributes |= parser.parse_optional_attr_dict()
        return op

    def print(self, printer: Printer) -> None:
        printer.print_string(f" {self.dimension.data.value}")
        printer.print_op_attributes(self.attributes)


@irdl_op_definition
class BlockIdOp(IdOp):
    """The number of the thread's block in the grid."""

    name = "gpu.block_id"


@irdl_op_definition
class ThreadIdOp(IdOp):
    """The number of the thread in its block."""

    name = "gpu.thread_id"


@irdl_op_definition
class BlockDimOp(IdOp):
    """How many threads a block has."""

    name = "gpu.block_dim"


@irdl_op_definition
class GridDimOp(IdOp):
    """How many blocks the grid has."""

    name = "gpu.grid_dim"


@irdl_op_definition
class GlobalIdOp(IdOp):
    """The number of the thread in the grid: block_id * block_dim + thread_id."""

    name = "gpu.global_id"
