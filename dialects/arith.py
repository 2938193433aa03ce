"""The arith dialect: xDSL's, with the vector forms that upstream has and xDSL holds too narrowly.

xDSL's comparisons give one i1 whatever they compare, its select takes one i1, its casts take scalars only. Ours are
subclasses under the same names, so that a pattern on xDSL's class meets them too:

    %m = arith.cmpf olt, %a, %b : vector<16xf32>                      // vector<16xi1>
    %s = arith.select %m, %a, %b : vector<16xi1>, vector<16xf32>
    %i = arith.fptosi %s : vector<16xf32> to vector<16xi32>
    %r = arith.remf %a, %b : vector<16xf32>                           // which xDSL has not at all

`in_vector_form(op_class)` is the class that takes vectors, for who copies a scalar op over the lanes of a vector.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from stepwell.dialects.lanes import element, lanes, like, width
from xdsl.dialects import arith
from xdsl.dialects.arith import FastMathFlagsAttr
from xdsl.dialects.builtin import AnyFloat, IndexType, IntegerType, i1
from xdsl.ir import Attribute, Dialect, Operation, SSAValue
from xdsl.irdl import irdl_op_definition, traits_def
from xdsl.parser import Parser
from xdsl.printer import Printer
from xdsl.rewriter import Rewriter
from xdsl.traits import Pure
from xdsl.utils.exceptions import VerifyException

NO_FLAGS = FastMathFlagsAttr("none")


def check(holds: bool, what: str) -> None:
    if not holds:
        raise VerifyException(what)


def check_comparison(op: arith.CmpiOp | arith.CmpfOp, kinds: type[Attribute] | Any) -> None:
    check(op.lhs.type == op.rhs.type, f"compares {op.lhs.type} with {op.rhs.type}")
    check(isinstance(element(op.lhs.type), kinds), f"{op.name} does not compare {op.lhs.type}")
    check(op.result.type == like(op.lhs.type, i1), f"the result is {like(op.lhs.type, i1)}, not {op.result.type}")
    limit = 10 if isinstance(op, arith.CmpiOp) else 16
    check(0 <= op.predicate.value.data < limit, f"there is no predicate {op.predicate.value.data}")


class CmpiOp(arith.CmpiOp):
    """Compare integers, lane by lane: `arith.cmpi slt, %a, %b : vector<16xi32>`."""

    def __init__(self, lhs: Operation | SSAValue, rhs: Operation | SSAValue, arg: int | str):
        super().__init__(lhs, rhs, arg)
        Rewriter.replace_value_with_new_type(self.result, like(self.lhs.type, i1))

    def verify_(self) -> None:
        check_comparison(self, IntegerType | IndexType)


class CmpfOp(arith.CmpfOp):
    """Compare floats, lane by lane: `arith.cmpf olt, %a, %b : vector<16xf32>`."""

    def __init__(
        self,
        lhs: Operation | SSAValue,
        rhs: Operation | SSAValue,
        arg: int | str,
        fastmath: FastMathFlagsAttr = NO_FLAGS,
    ):
        super().__init__(lhs, rhs, arg, fastmath)
        Rewriter.replace_value_with_new_type(self.result, like(self.lhs.type, i1))

    def verify_(self) -> None:
        check_comparison(self, AnyFloat)


class SelectOp(arith.SelectOp):
    """`%a` where the condition holds, else `%b`; one condition for all lanes, or one a lane."""

    def verify_(self) -> None:
        check(element(self.cond.type) == i1, f"a condition is i1, not {self.cond.type}")
        check(self.lhs.type == self.rhs.type == self.result.type, "both values and the result are of one type")
        mask = lanes(self.cond.type)
        check(mask is None or mask == lanes(self.result.type), "as many conditions as lanes to select")

    @classmethod
    def parse(cls, parser: Parser) -> SelectOp:
        cond = parser.parse_unresolved_operand()
        parser.parse_punctuation(",")
        lhs = parser.parse_unresolved_operand()
        parser.parse_punctuation(",")
        rhs = parser.parse_unresolved_operand()
        attributes = parser.parse_optional_attr_dict()
        parser.parse_punctuation(":")
        type, cond_type = parser.parse_type(), i1
        if parser.parse_optional_punctuation(",") is not None:
            cond_type, type = type, parser.parse_type()
        op = cls(*parser.resolve_operands([cond, lhs, rhs], [cond_type, type, type], parser.pos))
        op.attributes |= attributes
        return op

    def print(self, printer: Printer) -> None:
        printer.print_string(" ")
        printer.print_list(self.operands, printer.print_ssa_value)
        printer.print_op_attributes(self.attributes)
        printer.print_string(" : ")
        if self.cond.type != i1:
            printer.print_attribute(self.cond.type)
            printer.print_string(", ")
        printer.print_attribute(self.result.type)


Rule = Callable[[Attribute, Attribute], bool]
FLOATS: Any = AnyFloat
INTEGERS = IntegerType
WIDENS: Rule = lambda a, b: width(a) < width(b)  # noqa: E731
NARROWS: Rule = lambda a, b: width(a) > width(b)  # noqa: E731
ANY: Rule = lambda a, b: True  # noqa: E731

CASTS: dict[type[Operation], tuple[Any, Any, Rule]] = {
    arith.FPToSIOp: (FLOATS, INTEGERS, ANY),
    arith.FPToUIOp: (FLOATS, INTEGERS, ANY),
    arith.SIToFPOp: (INTEGERS, FLOATS, ANY),
    arith.UIToFPOp: (INTEGERS, FLOATS, ANY),
    arith.TruncIOp: (INTEGERS, INTEGERS, NARROWS),
    arith.ExtSIOp: (INTEGERS, INTEGERS, WIDENS),
    arith.ExtUIOp: (INTEGERS, INTEGERS, WIDENS),
    arith.ExtFOp: (FLOATS, FLOATS, WIDENS),
    arith.TruncFOp: (FLOATS, FLOATS, NARROWS),
    arith.IndexCastOp: (IntegerType | IndexType, IntegerType | IndexType, ANY),
}
"""The element types that a cast takes and gives, and what their widths must be to one another."""


def vector_cast(scalar: type[Operation]) -> type[Operation]:
    """`scalar`, for vectors too."""
    source, target, widths = CASTS[scalar]

    def verify_(self: Operation) -> None:
        given, made = self.operands[0].type, self.results[0].type
        check(lanes(given) == lanes(made), f"{given} and {made} have not the same lanes")
        fits = isinstance(element(given), source) and isinstance(element(made), target) and widths(given, made)
        check(fits, f"{self.name} does not cast {given} to {made}")

    members = {"verify_": verify_, "parse": classmethod(parse_cast), "print": print_cast, "__doc__": scalar.__doc__}
    return type(scalar.__name__, (scalar,), members | {"__module__": __name__})


def parse_cast(cls: type[Operation], parser: Parser) -> Operation:
    value = parser.parse_unresolved_operand()
    attributes = parser.parse_optional_attr_dict()
    parser.parse_punctuation(":")
    source = parser.parse_type()
    parser.parse_keyword("to")
    result = parser.parse_type()
    operand = parser.resolve_operand(value, source)
    return cls.create(operands=[operand], result_types=[result], attributes=attributes)


def print_cast(self: Operation, printer: Printer) -> None:
    printer.print_string(" ")
    printer.print_ssa_value(self.operands[0])
    printer.print_op_attributes(self.attributes)
    printer.print_string(" : ")
    printer.print_attribute(self.operands[0].type)
    printer.print_string(" to ")
    printer.print_attribute(self.results[0].type)


@irdl_op_definition
class RemFOp(arith.FloatingPointLikeBinaryOperation):
    """The remainder of a division whose quotient is rounded toward 0, exactly; its sign is the dividend's: C's fmod."""

    name = "arith.remf"

    traits = traits_def(Pure())


VECTOR_FORMS: dict[type[Operation], type[Operation]] = {
    arith.CmpiOp: CmpiOp,
    arith.CmpfOp: CmpfOp,
    arith.SelectOp: SelectOp,
    **{scalar: vector_cast(scalar) for scalar in CASTS},
}


def in_vector_form(op: type[Operation]) -> type[Operation]:
    """The class under the same name that also takes vectors: xDSL's own where that does."""
    return VECTOR_FORMS.get(op, op)


Arith = Dialect(
    "arith",
    [*(in_vector_form(op) for op in arith.Arith.operations), RemFOp],
    list(arith.Arith.attributes),
    [arith.ArithConstantMaterializationInterface()],
)
