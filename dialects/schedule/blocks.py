"""Which loops are the blocks and the threads of a GPU, and what a block keeps in the memory that its threads share."""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.dialects.builtin import IntegerAttr, StringAttr, UnitAttr, i64
from xdsl.ir import SSAValue
from xdsl.irdl import IRDLOperation, irdl_op_definition, operand_def, opt_prop_def, prop_def
from xdsl.parser import Parser
from xdsl.printer import Printer
from xdsl.utils.exceptions import VerifyException

from .ops import LoopsOp, LoopType, check_loops, check_not_tiled, nest_of, parse_loop, parse_loops, print_loops

LEVELS = ("block", "warp", "thread")


@irdl_op_definition
class BindOp(LoopsOp):
    """`schedule.bind %i, %j to block`: each iteration of these loops is a block of threads of its own;
    `to thread`: a thread of the block, the last loop along neighbouring threads; `to warp`: 32 threads of it, which run
    what `schedule.mma` says together.

    A reduction may be bound to threads: each computes a part, which are combined in the memory that they share.
    """

    name = "schedule.bind"

    level = prop_def(StringAttr)

    def __init__(self, loops: Sequence[SSAValue], level: str):
        super().__init__(loops)
        self.properties["level"] = StringAttr(level)

    def verify_(self) -> None:
        if self.level.data not in LEVELS:
            raise VerifyException(f"a loop is bound to block, warp or thread, not to '{self.level.data}'")
        check_loops(self, self.loops)

    @classmethod
    def parse(cls, parser: Parser) -> BindOp:
        loops = parse_loops(parser)
        parser.parse_keyword("to")
        op = cls(loops, parser.parse_identifier())
        op.attributes |= parser.parse_optional_attr_dict()
        return op

    def print(self, printer: Printer) -> None:
        print_loops(printer, self.loops)
        printer.print_string(f" to {self.level.data}")
        printer.print_op_attributes(self.attributes)


@irdl_op_definition
class TogetherOp(LoopsOp):
    """`schedule.together %i, %k`: these loops, each bound to block and the only such one of its nest, are one: a block
    runs the nests one after the other, and its threads wait for one another in between.

    A buffer that is allocated beside these nests and that no other op touches is kept in memory of the block.
    """

    name = "schedule.together"

    def verify_(self) -> None:
        if len(self.loops) < 2:
            raise VerifyException("it names loops of two nests or more")
        for loop in self.loops:
            check_not_tiled(self, loop)
        if len({nest_of(loop) for loop in self.loops}) != len(self.loops):
            raise VerifyException("it names two loops of one nest")


@irdl_op_definition
class CacheOp(IRDLOperation):
    """`schedule.cache [1] input 0 at %r`: in each iteration of `%r` the threads of a block copy what they need of
    input 0 of linalg op 1 to memory that they share, and read it there.

    `double`: two such copies, so that the next one is fetched while this one is read. `stages 3`: three, of which two
    are being fetched; the device copies them by itself, where no thread waits for a register. `by 4`: a thread moves
    four neighbours at once. `straight`: elements lie as in the device's memory; else reductions are outermost. `pad 1`:
    so many elements are left out behind each row, so that columns do not fall into one bank of the memory.
    """

    name = "schedule.cache"

    op = prop_def(IntegerAttr)
    input = prop_def(IntegerAttr)
    loop = operand_def(LoopType)
    double = opt_prop_def(UnitAttr)
    stages = opt_prop_def(IntegerAttr)
    by = opt_prop_def(IntegerAttr)
    straight = opt_prop_def(UnitAttr)
    pad = opt_prop_def(IntegerAttr)

    def __init__(
        self,
        op: int,
        input: int,
        loop: SSAValue,
        *,
        double: bool = False,
        stages: int = 0,
        by: int = 1,
        straight: bool = False,
        pad: int = 0,
    ):
        super().__init__(
            operands=[loop],
            properties={
                "op": IntegerAttr(op, i64),
                "input": IntegerAttr(input, i64),
                "double": UnitAttr() if double else None,
                "stages": IntegerAttr(stages, i64) if stages else None,
                "by": IntegerAttr(by, i64) if by != 1 else None,
                "straight": UnitAttr() if straight else None,
                "pad": IntegerAttr(pad, i64) if pad else None,
            },
        )

    @property
    def number(self) -> int:
        """Which linalg op of the kernel it speaks of."""
        return self.op.value.data

    @property
    def operand_number(self) -> int:
        return self.input.value.data

    @property
    def padding(self) -> int:
        return 0 if self.pad is None else self.pad.value.data

    @property
    def in_flight(self) -> int:
        """The stages of asynchronous copies; 0 where threads copy by registers."""
        return 0 if self.stages is None else self.stages.value.data

    @property
    def at_once(self) -> int:
        """How many neighbours a thread moves at once."""
        return 1 if self.by is None else self.by.value.data

    def verify_(self) -> None:
        if min(self.number, self.operand_number) < 0:
            raise VerifyException("linalg ops and their inputs are counted from 0")
        if self.padding < 0:
            raise VerifyException("a row is padded by elements, not by fewer than none")
        if self.stages is not None and self.in_flight < 2:
            raise VerifyException("one stage is read while others are fetched: there are 2 or more")
        if self.stages is not None and self.double is not None:
            raise VerifyException("double is two copies by registers, stages are the device's copies: one of the two")
        if self.at_once < 1 or self.at_once & (self.at_once - 1):
            raise VerifyException("a power of two of neighbours is moved at once")
        nest_of(self.loop)
        check_not_tiled(self, self.loop)
        block = self.parent
        for op in () if block is None else block.ops:
            if isinstance(op, CacheOp) and op is not self:
                if (op.number, op.operand_number) == (self.number, self.operand_number):
                    raise VerifyException(f"input {self.operand_number} of linalg op {self.number} is cached twice")

    @classmethod
    def parse(cls, parser: Parser) -> CacheOp:
        def number_behind(word: str, otherwise: int) -> int:
            return parser.parse_integer() if parser.parse_optional_keyword(word) is not None else otherwise

        parser.parse_punctuation("[")
        number = parser.parse_integer()
        parser.parse_punctuation("]")
        parser.parse_keyword("input")
        operand = parser.parse_integer()
        parser.parse_keyword("at")
        made = cls(
            number,
            operand,
            parse_loop(parser),
            double=parser.parse_optional_keyword("double") is not None,
            stages=number_behind("stages", 0),
            by=number_behind("by", 1),
            straight=parser.parse_optional_keyword("straight") is not None,
            pad=number_behind("pad", 0),
        )
        made.attributes |= parser.parse_optional_attr_dict()
        return made

    def print(self, printer: Printer) -> None:
        printer.print_string(f" [{self.number}] input {self.operand_number} at")
        print_loops(printer, [self.loop])
        printer.print_string(" double" if self.double is not None else "")
        printer.print_string(f" stages {self.in_flight}" if self.stages is not None else "")
        printer.print_string(f" by {self.at_once}" if self.by is not None else "")
        printer.print_string(" straight" if self.straight is not None else "")
        printer.print_string(f" pad {self.padding}" if self.padding else "")
        printer.print_op_attributes(self.attributes)
