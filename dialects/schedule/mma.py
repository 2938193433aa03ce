"""`schedule.mma`: which loops of a nest the tensor cores of a GPU run, a warp's 32 threads at a time."""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.dialects.builtin import StringAttr
from xdsl.ir import SSAValue
from xdsl.irdl import AttrSizedOperandSegments, IRDLOperation, irdl_op_definition, prop_def, var_operand_def
from xdsl.parser import Parser
from xdsl.printer import Printer
from xdsl.utils.exceptions import VerifyException

from .ops import LoopType, check_loops, nest_of, parse_loops, print_loops

KINDS = ("f16", "bf16", "tf32")


@irdl_op_definition
class MmaOp(IRDLOperation):
    """`schedule.mma rows %i columns %j sums %r as f16`: the iterations of these loops are products of matrices.

    Rows are the loops that the first factor moves along, columns those of the other one, sums the reductions that both
    do. Several loops of a kind are counted as one, the last of them fastest. `as`: what is multiplied; `tf32` keeps of
    factors of f32 only 10 bits behind the point. Sums are of f32.
    """

    name = "schedule.mma"

    rows = var_operand_def(LoopType)
    columns = var_operand_def(LoopType)
    sums = var_operand_def(LoopType)
    kind = prop_def(StringAttr)

    irdl_options = (AttrSizedOperandSegments(as_property=True),)

    def __init__(self, rows: Sequence[SSAValue], columns: Sequence[SSAValue], sums: Sequence[SSAValue], kind: str):
        super().__init__(operands=[rows, columns, sums], properties={"kind": StringAttr(kind)})

    @property
    def loops(self) -> list[SSAValue]:
        return [*self.rows, *self.columns, *self.sums]

    def verify_(self) -> None:
        if self.kind.data not in KINDS:
            raise VerifyException(f"tensor cores multiply {', '.join(KINDS)}, not '{self.kind.data}'")
        if not (self.rows and self.columns and self.sums):
            raise VerifyException("a product of matrices has rows, columns and sums")
        nest = check_loops(self, self.loops)
        block = self.parent
        for op in () if block is None else block.ops:
            if isinstance(op, MmaOp) and op is not self and nest_of(op.rows[0]) is nest:
                raise VerifyException("the products of a nest are made in one way")

    @classmethod
    def parse(cls, parser: Parser) -> MmaOp:
        def loops(word: str) -> list[SSAValue]:
            parser.parse_keyword(word)
            return parse_loops(parser)

        rows, columns, sums = loops("rows"), loops("columns"), loops("sums")
        parser.parse_keyword("as")
        op = cls(rows, columns, sums, parser.parse_identifier())
        op.attributes |= parser.parse_optional_attr_dict()
        return op

    def print(self, printer: Printer) -> None:
        for word, loops in (("rows", self.rows), ("columns", self.columns), ("sums", self.sums)):
            printer.print_string(f" {word}")
            print_loops(printer, loops)
        printer.print_string(f" as {self.kind.data}")
        printer.print_op_attributes(self.attributes)
