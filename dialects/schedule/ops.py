"""The ops of the `schedule` dialect. What a schedule says of itself is verified here; apply-schedule sees if it fits.

A loop that was tiled is gone: only the two that it became can be named. A nest is reordered once, each of its loops in
it once, and what is said of a loop is said once.
"""

from __future__ import annotations

from abc import ABC
from collections.abc import Sequence

from xdsl.dialects.builtin import DenseArrayBase, IntegerAttr, IntegerType, SymbolRefAttr, UnitAttr, i64
from xdsl.ir import Block, Operation, OpResult, ParametrizedAttribute, Region, SSAValue, TypeAttribute
from xdsl.irdl import (
    IRDLOperation,
    irdl_attr_definition,
    irdl_op_definition,
    operand_def,
    opt_prop_def,
    prop_def,
    region_def,
    result_def,
    traits_def,
    var_operand_def,
    var_result_def,
)
from xdsl.parser import Parser
from xdsl.printer import Printer
from xdsl.traits import IsolatedFromAbove, NoTerminator
from xdsl.utils.exceptions import VerifyException


@irdl_attr_definition
class LoopType(ParametrizedAttribute, TypeAttribute):
    """A handle of a loop."""

    name = "schedule.loop"


LOOP = LoopType()


def parse_loop(parser: Parser) -> SSAValue:
    return parser.resolve_operand(parser.parse_unresolved_operand(), LOOP)


def parse_loops(parser: Parser) -> list[SSAValue]:
    return parser.parse_comma_separated_list(Parser.Delimiter.NONE, lambda: parse_loop(parser))


def print_loops(printer: Printer, loops: Sequence[SSAValue]) -> None:
    printer.print_string(" ")
    printer.print_list(loops, printer.print_ssa_value)


def nest_of(loop: SSAValue) -> NestOp:
    """The nest that a loop belongs to. Raises `VerifyException` for a value that is no loop of a nest."""
    while isinstance(loop, OpResult) and isinstance(loop.op, TileOp):
        loop = loop.op.loop
    if isinstance(loop, OpResult) and isinstance(loop.op, NestOp):
        return loop.op
    raise VerifyException("a loop comes from schedule.nest or schedule.tile")


def check_loops(op: Operation, loops: Sequence[SSAValue]) -> NestOp:
    """The nest that `loops`, of which none is there twice and none is tiled, belong to."""
    if not loops:
        raise VerifyException("it names no loop")
    if len(set(loops)) != len(loops):
        raise VerifyException("it names a loop twice")
    nest = nest_of(loops[0])
    for loop in loops:
        if nest_of(loop) is not nest:
            raise VerifyException("its loops are of different nests")
        check_not_tiled(op, loop)
        for use in loop.uses:
            if use.operation is not op and type(use.operation) is type(op):
                raise VerifyException(f"a loop is used twice by {op.name}")
    return nest


def check_not_tiled(op: Operation, loop: SSAValue) -> None:
    if any(use.operation is not op and isinstance(use.operation, TileOp) for use in loop.uses):
        raise VerifyException("a loop is used again after schedule.tile: name the two that it became")


@irdl_op_definition
class KernelOp(IRDLOperation):
    """How the function of this name runs: `schedule.kernel @kernel_conv_0 { ... }`, with a nest or several inside."""

    name = "schedule.kernel"

    kernel = prop_def(SymbolRefAttr)
    body = region_def("single_block")

    traits = traits_def(IsolatedFromAbove(), NoTerminator())

    def __init__(self, kernel: str, body: Region):
        super().__init__(properties={"kernel": SymbolRefAttr(kernel)}, regions=[body])

    @property
    def kernel_name(self) -> str:
        return self.kernel.string_value()

    def verify_(self) -> None:
        taken: set[int] = set()
        for op in self.body.block.ops:
            if not isinstance(op, NestOp):
                continue
            for number in op.numbers:
                if number in taken:
                    raise VerifyException(f"linalg op {number} stands in two nests")
                taken.add(number)

    @classmethod
    def parse(cls, parser: Parser) -> KernelOp:
        name = parser.parse_symbol_name()
        attributes = parser.parse_optional_attr_dict_with_keyword()
        body = parser.parse_region()
        if body.first_block is None:
            body.add_block(Block())
        op = cls(name.data, body)
        if attributes is not None:
            op.attributes |= attributes.data
        return op

    def print(self, printer: Printer) -> None:
        printer.print_string(" ")
        printer.print_symbol_name(self.kernel_name)
        printer.print_op_attributes(self.attributes, print_keyword=True)
        printer.print_string(" ")
        printer.print_region(self.body)


@irdl_op_definition
class NestOp(IRDLOperation):
    """The loops that some linalg ops share: `%i, %j, %r = schedule.nest [0, 1, 2] : 64, 32, 128`.

    The numbers count the kernel's linalg ops and copies in the order of the text. Behind the colon stand the extents:
    the loops are those of the op that reduces, or of the first; loops of one iteration are left out, and neighbours
    that walk memory as one may be written as one (their extents multiplied).
    """

    name = "schedule.nest"

    ops = prop_def(DenseArrayBase[IntegerType])
    extents = prop_def(DenseArrayBase[IntegerType])
    loops = var_result_def(LoopType)

    def __init__(self, numbers: Sequence[int], extents: Sequence[int]):
        super().__init__(
            properties={
                "ops": DenseArrayBase.from_list(i64, list(numbers)),
                "extents": DenseArrayBase.from_list(i64, list(extents)),
            },
            result_types=[[LOOP] * len(extents)],
        )

    @property
    def numbers(self) -> tuple[int, ...]:
        return tuple(int(n) for n in self.ops.get_values())

    @property
    def sizes(self) -> tuple[int, ...]:
        return tuple(int(n) for n in self.extents.get_values())

    def verify_(self) -> None:
        if not self.numbers or min(self.numbers) < 0:
            raise VerifyException("a nest is of one linalg op or more, counted from 0")
        if len(set(self.numbers)) != len(self.numbers):
            raise VerifyException("it names a linalg op twice")
        if len(self.sizes) != len(self.loops):
            raise VerifyException(f"it has {len(self.sizes)} extents for {len(self.loops)} loops")
        if any(n < 0 for n in self.sizes):
            raise VerifyException("an extent is negative")

    @classmethod
    def parse(cls, parser: Parser) -> NestOp:
        numbers = parser.parse_comma_separated_list(Parser.Delimiter.SQUARE, parser.parse_integer)
        extents: list[int] = []
        if parser.parse_optional_punctuation(":") is not None:
            extents = parser.parse_comma_separated_list(Parser.Delimiter.NONE, parser.parse_integer)
        op = cls(numbers, extents)
        op.attributes |= parser.parse_optional_attr_dict()
        return op

    def print(self, printer: Printer) -> None:
        printer.print_string(f" [{', '.join(map(str, self.numbers))}]")
        if self.sizes:
            printer.print_string(f" : {', '.join(map(str, self.sizes))}")
        printer.print_op_attributes(self.attributes)


@irdl_op_definition
class BlockOp(IRDLOperation):
    """Linalg ops that run block by block: `schedule.block [1, 2, 3] along [1, 2, 1] by [2, 2, 8]`.

    Each op, by its number, runs along one of its loops (its place in the op's `iterator_types`), so many iterations
    a block. Blocks are made before nests: a nest counts the ops as they then stand, in the order of the text.
    """

    name = "schedule.block"

    ops = prop_def(DenseArrayBase[IntegerType])
    along = prop_def(DenseArrayBase[IntegerType])
    by = prop_def(DenseArrayBase[IntegerType])

    def __init__(self, numbers: Sequence[int], loops: Sequence[int], sizes: Sequence[int]):
        given = {"ops": numbers, "along": loops, "by": sizes}
        super().__init__(
            properties={name: DenseArrayBase.from_list(i64, list(values)) for name, values in given.items()}
        )

    @property
    def numbers(self) -> tuple[int, ...]:
        return tuple(int(n) for n in self.ops.get_values())

    @property
    def loops(self) -> tuple[int, ...]:
        return tuple(int(n) for n in self.along.get_values())

    @property
    def sizes(self) -> tuple[int, ...]:
        return tuple(int(n) for n in self.by.get_values())

    def verify_(self) -> None:
        if not self.numbers or len({len(self.numbers), len(self.loops), len(self.sizes)}) > 1:
            raise VerifyException("it names one linalg op or more, and for each of them a loop and a size")
        if min(*self.numbers, *self.loops) < 0 or list(self.numbers) != sorted(set(self.numbers)):
            raise VerifyException("linalg ops and loops are counted from 0, the ops in the order of the text")
        if min(self.sizes) < 1:
            raise VerifyException("a block is of one iteration or more")

    @classmethod
    def parse(cls, parser: Parser) -> BlockOp:
        def numbers() -> list[int]:
            return parser.parse_comma_separated_list(Parser.Delimiter.SQUARE, parser.parse_integer)

        ops = numbers()
        parser.parse_keyword("along")
        loops = numbers()
        parser.parse_keyword("by")
        op = cls(ops, loops, numbers())
        op.attributes |= parser.parse_optional_attr_dict()
        return op

    def print(self, printer: Printer) -> None:
        texts = [f"[{', '.join(map(str, values))}]" for values in (self.numbers, self.loops, self.sizes)]
        printer.print_string(f" {texts[0]} along {texts[1]} by {texts[2]}")
        printer.print_op_attributes(self.attributes)


class OneLoopOp(IRDLOperation, ABC):
    """An op of one loop and a number: `schedule.vectorize %i by 16`."""

    loop = operand_def(LoopType)
    size = prop_def(IntegerAttr)

    def __init__(self, loop: SSAValue, size: int):
        results = [LOOP] * len(self.get_irdl_definition().results)
        super().__init__(operands=[loop], result_types=results, properties={"size": IntegerAttr(size, i64)})

    @property
    def count(self) -> int:
        return self.size.value.data

    @classmethod
    def parse(cls, parser: Parser) -> OneLoopOp:
        loop = parse_loop(parser)
        parser.parse_keyword("by")
        op = cls(loop, parser.parse_integer())
        op.attributes |= parser.parse_optional_attr_dict()
        return op

    def print(self, printer: Printer) -> None:
        print_loops(printer, [self.loop])
        printer.print_string(f" by {self.count}")
        printer.print_op_attributes(self.attributes)


class LoopsOp(IRDLOperation, ABC):
    """An op of some loops of one nest: `schedule.unroll %i, %j`."""

    loops = var_operand_def(LoopType)

    def __init__(self, loops: Sequence[SSAValue]):
        super().__init__(operands=[loops])

    def verify_(self) -> None:
        check_loops(self, self.loops)

    @classmethod
    def parse(cls, parser: Parser) -> LoopsOp:
        op = cls(parse_loops(parser))
        op.attributes |= parser.parse_optional_attr_dict()
        return op

    def print(self, printer: Printer) -> None:
        print_loops(printer, self.loops)
        printer.print_op_attributes(self.attributes)


@irdl_op_definition
class TileOp(OneLoopOp):
    """`%i_o, %i_i = schedule.tile %i by 14`: a loop over tiles of 14 iterations, and the loop inside of a tile.

    The last tile is smaller where 14 does not divide the extent.
    """

    name = "schedule.tile"
    outer = result_def(LoopType)
    inner = result_def(LoopType)

    def verify_(self) -> None:
        if self.count < 1:
            raise VerifyException(f"a tile is of one iteration or more, not {self.count}")
        check_loops(self, [self.loop])


@irdl_op_definition
class ReorderOp(LoopsOp):
    """The loops of a nest, outermost first: `schedule.reorder %j_o, %i, %r, %j_i`. All of them, each once.

    Without it they keep the order of `schedule.nest`, reductions inside of the parallel ones.
    """

    name = "schedule.reorder"

    def verify_(self) -> None:
        nest = check_loops(self, self.loops)
        left = [loop for loop in loops_of(nest) if loop not in self.loops]
        if left:
            named = ", ".join(f"%{loop.name_hint}" if loop.name_hint else "one without a name" for loop in left)
            raise VerifyException(f"it names each loop of its nest once, but not {named}")


@irdl_op_definition
class ParallelOp(LoopsOp):
    """The iterations of these loops may run at the same time on several threads."""

    name = "schedule.parallel"


@irdl_op_definition
class UnrollOp(LoopsOp):
    """The iterations of these loops are written out. Of a parallel loop all results are then in registers at once."""

    name = "schedule.unroll"


@irdl_op_definition
class VectorizeOp(OneLoopOp):
    """`schedule.vectorize %i by 16`: iterations of `%i` are lanes, 16 to a vector, as many vectors as it takes.

    Lanes that are not there are masked off. Along a reduction each lane holds a part, which are combined at the end.
    """

    name = "schedule.vectorize"

    def verify_(self) -> None:
        if self.count < 1 or self.count & (self.count - 1):
            raise VerifyException(f"the lanes of a vector are a power of two, not {self.count}")
        nest = check_loops(self, [self.loop])
        block = self.parent
        for op in () if block is None else block.ops:
            if isinstance(op, VectorizeOp) and op is not self and nest_of(op.loop) is nest:
                raise VerifyException("two loops of a nest are vectorized")


@irdl_op_definition
class TransposeOp(LoopsOp):
    """`schedule.transpose %i`: operands whose elements are neighbours along `%i`, not along the lanes, are read and
    written as vectors along `%i` and turned in registers. Its iterations are written out, like those of an unrolled
    loop.
    """

    name = "schedule.transpose"

    def verify_(self) -> None:
        if len(self.loops) != 1:
            raise VerifyException("one loop is turned into the lanes")
        check_loops(self, self.loops)


@irdl_op_definition
class DotOp(LoopsOp):
    """`schedule.dot %r`: the two iterations of `%r` are one step, an instruction that adds the products of a pair.

    `%r` is a part of two iterations of a reduction loop, the innermost of all, and what is reduced is products of
    bf16. The instruction sums as f32 does but for the order of rounding, and takes denormal numbers for 0.

    `schedule.dot %r by amx`: `%r`, of an even number of iterations up to 32, the loop in lanes and the one that is
    unrolled are those of the tiles of AMX. Rows that make no whole tile are multiplied pair by pair.
    """

    name = "schedule.dot"

    amx = opt_prop_def(UnitAttr)

    def __init__(self, loops: Sequence[SSAValue], *, amx: bool = False):
        super().__init__(loops)
        if amx:
            self.properties["amx"] = UnitAttr()

    def verify_(self) -> None:
        if len(self.loops) != 1:
            raise VerifyException("pairs are of one loop")
        check_loops(self, self.loops)

    @classmethod
    def parse(cls, parser: Parser) -> DotOp:
        loops = parse_loops(parser)
        by = parser.parse_optional_keyword("by") is not None
        if by:
            parser.parse_keyword("amx")
        op = cls(loops, amx=by)
        op.attributes |= parser.parse_optional_attr_dict()
        return op

    def print(self, printer: Printer) -> None:
        print_loops(printer, self.loops)
        if self.amx is not None:
            printer.print_string(" by amx")
        printer.print_op_attributes(self.attributes)


@irdl_op_definition
class AccumulateOp(LoopsOp):
    """`schedule.accumulate %j`: a row of results along `%j` is kept in a buffer while reduction loops run around it.

    For a compiler below us that makes vectors of inner loops that walk memory.
    """

    name = "schedule.accumulate"

    def verify_(self) -> None:
        if len(self.loops) != 1:
            raise VerifyException("a row runs along one loop")
        check_loops(self, self.loops)


def loops_of(nest: NestOp) -> list[SSAValue]:
    """The loops that a nest has in the end: tiled ones are replaced by the two that they became, in their place."""
    found: list[SSAValue] = []

    def visit(loop: SSAValue) -> None:
        tile = next((use.operation for use in loop.uses if isinstance(use.operation, TileOp)), None)
        if tile is None:
            found.append(loop)
        else:
            visit(tile.outer)
            visit(tile.inner)

    for loop in nest.loops:
        visit(loop)
    return found
