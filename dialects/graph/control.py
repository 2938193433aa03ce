"""Control flow: `graph.if` runs one of two regions, `graph.loop` one region again and again. Their regions see the
values around them, and end with `graph.yield`.

    %y = graph.if %cond -> (tensor<4xf32>) {                  // %cond: tensor<i1>
      %a = graph.relu %x : tensor<4xf32>
      graph.yield %a : tensor<4xf32>
    } else {
      graph.yield %x : tensor<4xf32>
    }
    %h1, %s1 = graph.loop %i to %n while %go iter(%h = %h0, %s = %s0) : tensor<1x4xf32>, tensor<9x4xf32> {
      %x = graph.slice_at %xs, %i, %zero {sizes = [1, 4]} : ...      // %i: tensor<i64>, 0 at the first step
      ...
      %s2 = graph.update_at %s, %h2, %i, %zero : ...                 // in place, once there are buffers
      graph.yield %more, %h2, %s2 : tensor<i1>, tensor<1x4xf32>, tensor<9x4xf32>
    }

A loop runs `%n` steps (tensor<i64>; none if it is negative), or until what its region yields first (`while`:
tensor<i1>; `%go` is what holds before the first step) is false, or until the first of the two where both are given.
It carries tensors of unchanging types from step to step; its results are what the last step yields, or the initial
values where there is none. One of which it is plain that it would never end (`never_ends`) is not lowered.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self, cast

from xdsl.dialects.builtin import TensorType
from xdsl.interfaces import HasCanonicalizationPatternsInterface
from xdsl.ir import Attribute, BlockArgument, Operation, Region, SSAValue
from xdsl.irdl import (
    AttrSizedOperandSegments,
    IRDLOperation,
    irdl_op_definition,
    operand_def,
    opt_operand_def,
    region_def,
    traits_def,
    var_operand_def,
    var_result_def,
)
from xdsl.parser import Parser, UnresolvedOperand
from xdsl.pattern_rewriter import RewritePattern
from xdsl.printer import Printer
from xdsl.traits import Pure
from xdsl.utils.exceptions import VerifyException

from .constant import constant_owner, inline_array
from .fusion import YieldOp
from .types import BOOL, I64, Tensor, same_dim, tensor

CONDITION = tensor((), BOOL)
COUNT = tensor((), I64)

FOREVER = 1 << 62
"""Steps that no run gets through: one a cycle of 5 GHz, they take 29 years. Exporters write 2^63 - 1 for "no count"."""


def fits(a: Attribute, b: Attribute) -> bool:
    """Whether two tensor types can be one: an unknown dim can be any."""
    if not isinstance(a, TensorType) or not isinstance(b, TensorType):
        return False
    one, other = cast(Tensor, a), cast(Tensor, b)
    shapes = one.get_shape(), other.get_shape()
    return (
        one.element_type == other.element_type
        and len(shapes[0]) == len(shapes[1])
        and all(same_dim(m, n) for m, n in zip(*shapes, strict=True))
    )


def yield_of(region: Region) -> YieldOp:
    return cast(YieldOp, region.block.last_op)


def verify_region(region: Region, what: str, *wanted: Sequence[Attribute]) -> None:
    """`region` is one block that yields values of the types that it should."""
    types = [type for part in wanted for type in part]
    if len(region.blocks) != 1 or not isinstance(region.block.last_op, YieldOp):
        raise VerifyException(f"{what} must be one block that ends with graph.yield")
    yielded = region.block.last_op.operand_types
    if len(yielded) != len(types):
        raise VerifyException(f"{what} yields {len(yielded)} values, but must yield {len(types)}")
    for n, (has, want) in enumerate(zip(yielded, types, strict=True)):
        if not fits(has, want):
            raise VerifyException(f"{what} yields a {has} as value {n}, which must be a {want}")


def scalar(value: SSAValue | None) -> int | None:
    """The number that a constant scalar is."""
    owner = None if value is None else constant_owner(value)
    array = None if owner is None else inline_array(owner)
    return None if array is None else int(array.reshape(-1)[0])


class ControlOp(IRDLOperation, HasCanonicalizationPatternsInterface):
    """What `graph.if` and `graph.loop` share."""

    @classmethod
    def get_canonicalization_patterns(cls) -> tuple[RewritePattern, ...]:
        from .canonicalization import patterns_of  # a pattern names the ops it rewrites, so it is read after them

        return patterns_of(cls)


@irdl_op_definition
class IfOp(ControlOp):
    """The values that the first region yields where the condition holds, else those of the second."""

    name = "graph.if"
    condition = operand_def()
    values = var_result_def()
    then_region = region_def("single_block")
    else_region = region_def("single_block")
    traits = traits_def(*HasCanonicalizationPatternsInterface.traits, Pure())

    def __init__(self, condition: SSAValue, types: Sequence[Attribute], then_region: Region, else_region: Region):
        super().__init__(operands=[condition], result_types=[types], regions=[then_region, else_region])

    def verify_(self) -> None:
        if self.condition.type != CONDITION:
            raise VerifyException(f"the condition is a {self.condition.type}, but must be a {CONDITION}")
        for region, what in ((self.then_region, "the first region"), (self.else_region, "the second region")):
            if region.block.args:
                raise VerifyException(f"{what} has arguments; it takes none")
            verify_region(region, what, self.result_types)

    def print(self, printer: Printer) -> None:
        printer.print_string(" ")
        printer.print_operand(self.condition)
        printer.print_string(" -> ")
        with printer.in_parens():
            printer.print_list(self.result_types, printer.print_attribute)
        printer.print_string(" ")
        printer.print_region(self.then_region, print_entry_block_args=False)
        printer.print_string(" else ")
        printer.print_region(self.else_region, print_entry_block_args=False)
        if self.attributes:
            printer.print_op_attributes(self.attributes, print_keyword=True)

    @classmethod
    def parse(cls, parser: Parser) -> Self:
        condition = parser.resolve_operand(parser.parse_unresolved_operand(), CONDITION)
        parser.parse_punctuation("->")
        types = parser.parse_comma_separated_list(parser.Delimiter.PAREN, parser.parse_type)
        then_region = parser.parse_region()
        parser.parse_keyword("else")
        op = cls(condition, types, then_region, parser.parse_region())
        attributes = parser.parse_optional_attr_dict_with_keyword()
        op.attributes = {} if attributes is None else dict(attributes.data)
        return op


@irdl_op_definition
class LoopOp(ControlOp):
    """Steps that carry tensors. The block's arguments: the number of the step, then what is carried."""

    name = "graph.loop"
    trips = opt_operand_def()
    condition = opt_operand_def()
    inits = var_operand_def()
    values = var_result_def()
    body = region_def("single_block")
    irdl_options = (AttrSizedOperandSegments(as_property=True),)
    traits = traits_def(*HasCanonicalizationPatternsInterface.traits, Pure())

    def __init__(self, trips: SSAValue | None, condition: SSAValue | None, inits: Sequence[SSAValue], body: Region):
        operands = [[] if trips is None else [trips], [] if condition is None else [condition], list(inits)]
        super().__init__(operands=operands, result_types=[[arg.type for arg in body.block.args[1:]]], regions=[body])

    @property
    def step(self) -> BlockArgument:
        """The number of the step, from 0."""
        return self.body.block.args[0]

    @property
    def carried(self) -> tuple[BlockArgument, ...]:
        return tuple(self.body.block.args[1:])

    @property
    def next_condition(self) -> SSAValue | None:
        """Whether another step follows, as the region yields it."""
        return None if self.condition is None else yield_of(self.body).operands[0]

    @property
    def next_values(self) -> tuple[SSAValue, ...]:
        """What the region yields for the next step."""
        values = tuple(yield_of(self.body).operands)
        return values if self.condition is None else values[1:]

    @property
    def trip_count(self) -> int | None:
        """How many steps there are, where that is a constant and nothing ends the loop earlier."""
        known = scalar(self.trips)
        return None if known is None or self.condition is not None else max(0, known)

    @property
    def never_ends(self) -> bool:
        """Whether it is sure that there is always another step: nobody counts them, and the condition stays true."""
        trips = scalar(self.trips)
        if self.trips is not None and (trips is None or trips < FOREVER):
            return False
        following = self.next_condition
        return following is None or following is self.condition or scalar(following) == 1

    def verify_(self) -> None:
        if self.trips is None and self.condition is None:
            raise VerifyException("never ends: it has neither a number of steps nor a condition")
        if self.trips is not None and self.trips.type != COUNT:
            raise VerifyException(f"the number of steps is a {self.trips.type}, but must be a {COUNT}")
        if self.condition is not None and self.condition.type != CONDITION:
            raise VerifyException(f"the condition is a {self.condition.type}, but must be a {CONDITION}")
        args = self.body.block.args
        if not args or args[0].type != COUNT:
            raise VerifyException(f"the region's first argument, the number of the step, must be a {COUNT}")
        if not len(self.inits) == len(self.result_types) == len(args) - 1:
            raise VerifyException(
                f"carries {len(args) - 1} values, but has {len(self.inits)} initial values and "
                f"{len(self.result_types)} results"
            )
        for n, (arg, init, result) in enumerate(zip(args[1:], self.inits, self.result_types, strict=True)):
            if not fits(arg.type, init.type) or not fits(arg.type, result):
                raise VerifyException(
                    f"value {n} is a {arg.type} in the loop, but a {init.type} before it and a {result} behind it"
                )
        condition = [] if self.condition is None else [CONDITION]
        verify_region(self.body, "the region", condition, [arg.type for arg in args[1:]])

    def print(self, printer: Printer) -> None:
        printer.print_string(" ")
        printer.print_ssa_value(self.step)
        if self.trips is not None:
            printer.print_string(" to ")
            printer.print_operand(self.trips)
        if self.condition is not None:
            printer.print_string(" while ")
            printer.print_operand(self.condition)
        if self.inits:
            printer.print_string(" iter")
            with printer.in_parens():
                printer.print_list(zip(self.carried, self.inits, strict=True), lambda pair: _print_init(printer, *pair))
            printer.print_string(" : ")
            printer.print_list(self.inits.types, printer.print_attribute)
        printer.print_string(" ")
        printer.print_region(self.body, print_entry_block_args=False)
        if self.attributes:
            printer.print_op_attributes(self.attributes, print_keyword=True)

    @classmethod
    def parse(cls, parser: Parser) -> Self:
        def init() -> tuple[Parser.UnresolvedArgument, UnresolvedOperand]:
            argument = parser.parse_argument(expect_type=False)
            parser.parse_punctuation("=")
            return argument, parser.parse_unresolved_operand()

        def optional(keyword: str, type: Tensor) -> SSAValue | None:
            if parser.parse_optional_keyword(keyword) is None:
                return None
            return parser.resolve_operand(parser.parse_unresolved_operand(), type)

        step = parser.parse_argument(expect_type=False).resolve(COUNT)
        trips, condition = optional("to", COUNT), optional("while", CONDITION)
        arguments, inits = [step], list[SSAValue]()
        if parser.parse_optional_keyword("iter") is not None:
            pairs = parser.parse_comma_separated_list(parser.Delimiter.PAREN, init)
            parser.parse_punctuation(":")
            position = parser.pos
            types = parser.parse_comma_separated_list(parser.Delimiter.NONE, parser.parse_type)
            inits = parser.resolve_operands([value for _, value in pairs], types, position)
            arguments += [argument.resolve(type) for (argument, _), type in zip(pairs, types, strict=True)]
        op = cls(trips, condition, list(inits), parser.parse_region(arguments))
        attributes = parser.parse_optional_attr_dict_with_keyword()
        op.attributes = {} if attributes is None else dict(attributes.data)
        return op


def _print_init(printer: Printer, argument: SSAValue, value: SSAValue) -> None:
    printer.print_ssa_value(argument)
    printer.print_string(" = ")
    printer.print_operand(value)


CONTROL_OPS: list[type[Operation]] = [IfOp, LoopOp]
