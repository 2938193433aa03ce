"""`schedule.pack`: the order in which an operand lies in memory, said in the words of upstream's `linalg.pack`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from xdsl.dialects.builtin import DenseArrayBase, IntegerAttr, IntegerType, i64
from xdsl.ir import Attribute
from xdsl.irdl import IRDLOperation, irdl_op_definition, prop_def
from xdsl.parser import Parser
from xdsl.printer import Printer
from xdsl.utils.exceptions import VerifyException

FIELDS = ("outer_dims_perm", "inner_dims_pos", "inner_tiles")


def numbers_of(array: Attribute) -> list[int]:
    assert isinstance(array, DenseArrayBase)
    return [int(n) for n in cast("DenseArrayBase[IntegerType]", array).get_values()]


@irdl_op_definition
class PackOp(IRDLOperation):
    """An input of a linalg op is read from a packed copy.

        schedule.pack [1] input 1 outer_dims_perm = [1, 0] inner_dims_pos = [1] inner_tiles = [64]

    Input 1 of linalg op 1, a matrix [K, N], is read as [N / 64, K, 64]. First come the dimensions in the order of
    `outer_dims_perm`, where each of `inner_dims_pos` counts its tiles, then the tiles' own dimensions. What is missing
    of the last tile is padded with zeros. `pack-operands` obeys: a constant is packed while compiling, what else there
    is at run time.
    """

    name = "schedule.pack"

    op = prop_def(IntegerAttr)
    input = prop_def(IntegerAttr)
    outer_dims_perm = prop_def(DenseArrayBase)
    inner_dims_pos = prop_def(DenseArrayBase)
    inner_tiles = prop_def(DenseArrayBase)

    def __init__(self, op: int, input: int, perm: Sequence[int], dims: Sequence[int], tiles: Sequence[int]):
        lists = {name: DenseArrayBase.from_list(i64, of) for name, of in zip(FIELDS, (perm, dims, tiles), strict=True)}
        super().__init__(properties={"op": IntegerAttr(op, i64), "input": IntegerAttr(input, i64), **lists})

    @property
    def number(self) -> int:
        """Which linalg op of the kernel it speaks of."""
        return self.op.value.data

    @property
    def operand_number(self) -> int:
        return self.input.value.data

    @property
    def perm(self) -> list[int]:
        return numbers_of(self.outer_dims_perm)

    @property
    def tiles(self) -> dict[int, int]:
        """The size of the tiles by the dimension that they are of, in the order in which they lie."""
        return dict(zip(numbers_of(self.inner_dims_pos), numbers_of(self.inner_tiles), strict=True))

    def verify_(self) -> None:
        if self.number < 0 or self.operand_number < 0:
            raise VerifyException("linalg ops and their inputs are counted from 0")
        if sorted(self.perm) != list(range(len(self.perm))):
            raise VerifyException("outer_dims_perm names each dimension once")
        dims, sizes = numbers_of(self.inner_dims_pos), numbers_of(self.inner_tiles)
        if len(dims) != len(sizes) or len(set(dims)) != len(dims):
            raise VerifyException("inner_tiles holds a size for each of inner_dims_pos, which names none twice")
        if not all(dim in self.perm for dim in dims):
            raise VerifyException(f"the operand has dimensions 0 to {len(self.perm) - 1}")
        if any(size < 1 for size in sizes):
            raise VerifyException("a tile is of one element or more")

    @classmethod
    def parse(cls, parser: Parser) -> PackOp:
        def numbers() -> list[int]:
            return parser.parse_comma_separated_list(Parser.Delimiter.SQUARE, parser.parse_integer)

        parser.parse_punctuation("[")
        op = parser.parse_integer()
        parser.parse_punctuation("]")
        parser.parse_keyword("input")
        operand = parser.parse_integer()
        lists: list[list[int]] = []
        for name in FIELDS:
            parser.parse_keyword(name)
            parser.parse_punctuation("=")
            lists.append(numbers())
        made = cls(op, operand, *lists)
        made.attributes |= parser.parse_optional_attr_dict()
        return made

    def print(self, printer: Printer) -> None:
        printer.print_string(f" [{self.number}] input {self.operand_number}")
        for name in FIELDS:
            values = ", ".join(map(str, numbers_of(getattr(self, name))))
            printer.print_string(f" {name} = [{values}]")
        printer.print_op_attributes(self.attributes)
