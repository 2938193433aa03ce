"""Expressions of the C family: text with a precedence, and the table that renders arith and math ops as such.

    %s = arith.addf %a, %p : f32      a + p
    %i = arith.addi %n, %m : i32      (int32_t)((uint32_t)n + (uint32_t)m)      wraps; C's own sum would be undefined
    %c = arith.cmpf one, %a, %b       a < b || a > b
    %e = math.exp %x : f32            expf(x)
    %m = arith.maximumf %a, %b        maximum_float(a, b)                       a helper, printed once where it is used

An entry of `RULES` is a function of (language, op, operands); the language knows the names of types and functions.
Operands come as they are; where one appears more than once, it is a name or a number by then (`repeats_operands`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stepwell.diagnostics import StepwellError
from xdsl.dialects import arith
from xdsl.dialects.builtin import AnyFloat, IntegerType
from xdsl.ir import Attribute, Operation

if TYPE_CHECKING:
    from .language import Language

ATOM, UNARY, MUL, ADD, SHIFT, RELATION, EQUALITY, AND, XOR, OR, ALL, ANY, CHOICE = range(15, 2, -1)
"""How tightly an operator binds, tightest first: C's own order."""

PRECEDENCE = {
    **{"*": MUL, "/": MUL, "%": MUL, "+": ADD, "-": ADD, "<<": SHIFT, ">>": SHIFT},
    **{"<": RELATION, "<=": RELATION, ">": RELATION, ">=": RELATION, "==": EQUALITY, "!=": EQUALITY},
    **{"&": AND, "^": XOR, "|": OR, "&&": ALL, "||": ANY},
}
ALWAYS_PARENTHESIZED = frozenset({SHIFT, AND, XOR, OR, ALL, ANY})
"""Operators between which nobody remembers the order, and compilers warn: their operands get parentheses."""


@dataclass(frozen=True)
class Expr:
    """Text, how tightly its outermost operator binds, whether it reads memory, and its value where it is a number."""

    text: str
    level: int = ATOM
    loads: bool = False
    number: int | None = None

    def at(self, level: int) -> str:
        """The text as an operand of an operator that binds this tightly."""
        return self.text if self.level >= level else f"({self.text})"

    @property
    def is_atom(self) -> bool:
        return self.level == ATOM and not self.loads and not self.text.endswith(")")


def infix(symbol: str, a: Expr, b: Expr) -> Expr:
    level = PRECEDENCE[symbol]
    if level in ALWAYS_PARENTHESIZED:
        left, right = a.at(UNARY if level != ALL else EQUALITY), b.at(UNARY if level != ALL else EQUALITY)
    elif level in (RELATION, EQUALITY):
        left, right = a.at(ADD), b.at(ADD)
    else:
        left, right = a.at(level), b.at(level + 1)
    return Expr(f"{left} {symbol} {right}", level, a.loads or b.loads)


def call(function: str, *args: Expr) -> Expr:
    return Expr(f"{function}({', '.join(arg.text for arg in args)})", ATOM, any(arg.loads for arg in args))


def negate(symbol: str, a: Expr) -> Expr:
    return Expr(f"{symbol}{a.at(ATOM)}", UNARY, a.loads)


Rule = Callable[["Language", Operation, Sequence[Expr]], Expr]


def is_bool(kind: Attribute) -> bool:
    return isinstance(kind, IntegerType) and kind.width.data == 1


def unsupported(op: Operation, kind: Attribute) -> StepwellError:
    return StepwellError(f"{op.name} on {kind} cannot be printed as source text", op)


def operator(symbol: str) -> Rule:
    return lambda language, op, args: infix(symbol, args[0], args[1])


def wrapping(symbol: str, on_bools: str) -> Rule:
    """Signed overflow is undefined in C and wraps in arith, so it is computed without a sign; not so loop indices."""

    def rule(language: Language, op: Operation, args: Sequence[Expr]) -> Expr:
        kind = op.results[0].type
        if is_bool(kind):
            return infix(on_bools, args[0], args[1])
        if language.stays_small(op.results[0]):
            return small(symbol, args[0], args[1])
        wide = language.unsigned(kind, at_least=32)
        return language.cast(
            language.type_name(kind), infix(symbol, language.cast(wide, args[0]), language.cast(wide, args[1]))
        )

    return rule


def small(symbol: str, a: Expr, b: Expr) -> Expr:
    """Index arithmetic: numbers are computed now, and what adds nothing is left out."""
    if a.number is not None and b.number is not None:
        value = {"+": a.number + b.number, "-": a.number - b.number, "*": a.number * b.number}[symbol]
        return number(value)
    if symbol in "+-" and b.number == 0:
        return a
    if symbol == "+" and a.number == 0:
        return b
    if symbol == "*" and 0 in (a.number, b.number):
        return number(0)
    if symbol == "*" and a.number == 1:
        return b
    if symbol == "*" and b.number == 1:
        return a
    if symbol == "*" and b.number is not None:
        return infix(symbol, b, a)  # 64 * i
    return infix(symbol, a, b)


def number(value: int) -> Expr:
    return Expr(str(value), ATOM if value >= 0 else UNARY, number=value)


def unsigned(symbol: str) -> Rule:
    """An operator on the same bits without a sign."""

    def rule(language: Language, op: Operation, args: Sequence[Expr]) -> Expr:
        kind = op.results[0].type
        if language.is_position(kind):
            return infix(symbol, args[0], args[1])
        bare = language.unsigned(kind)
        return language.cast(
            language.type_name(kind), infix(symbol, language.cast(bare, args[0]), language.cast(bare, args[1]))
        )

    return rule


def shift_left(language: Language, op: Operation, args: Sequence[Expr]) -> Expr:
    kind = op.results[0].type
    wide = language.unsigned(kind, at_least=32)
    return language.cast(language.type_name(kind), infix("<<", language.cast(wide, args[0]), language.shift(args[1])))


def shift_right(language: Language, op: Operation, args: Sequence[Expr]) -> Expr:
    return infix(">>", args[0], language.shift(args[1]))


def shift_right_unsigned(language: Language, op: Operation, args: Sequence[Expr]) -> Expr:
    kind = op.results[0].type
    bare = language.unsigned(kind)
    return language.cast(language.type_name(kind), infix(">>", language.cast(bare, args[0]), language.shift(args[1])))


def function(name: str) -> Rule:
    """A function of the language's mathematics."""

    def rule(language: Language, op: Operation, args: Sequence[Expr]) -> Expr:
        return call(language.function(name, op.operands[0].type, op), *args)

    return rule


def helper(name: str) -> Rule:
    """A function that is printed before the kernels, once, if it is used."""

    def rule(language: Language, op: Operation, args: Sequence[Expr]) -> Expr:
        return call(language.helper(name, op.operands[0].type, op), *args)

    return rule


def extreme(symbol: str, *, signed: bool) -> Rule:
    def rule(language: Language, op: Operation, args: Sequence[Expr]) -> Expr:
        a, b = args
        kind = op.results[0].type
        if signed and is_bool(kind):
            raise unsupported(op, kind)
        x, y = (
            (a, b) if signed else (language.cast(language.unsigned(kind), a), language.cast(language.unsigned(kind), b))
        )
        return language.choose(infix(symbol, x, y), a, b)

    return rule


FLOAT_ORDER = {1: "==", 2: ">", 3: ">=", 4: "<", 5: "<="}
FLOAT_INVERSE = {9: "<=", 10: "<", 11: ">=", 12: ">"}
"""Unordered predicates: true unless the opposite holds, and for a NaN nothing holds."""


def compare_floats(language: Language, op: Operation, args: Sequence[Expr]) -> Expr:
    assert isinstance(op, arith.CmpfOp)
    predicate = op.predicate.value.data
    a, b = args
    if predicate in FLOAT_ORDER:
        return infix(FLOAT_ORDER[predicate], a, b)
    if predicate in FLOAT_INVERSE:
        return negate("!", infix(FLOAT_INVERSE[predicate], a, b))
    differ = infix("||", infix("<", a, b), infix(">", a, b))
    return {
        0: lambda: number(0),
        6: lambda: differ,
        7: lambda: infix("&&", infix("==", a, a), infix("==", b, b)),
        8: lambda: negate("!", differ),
        13: lambda: infix("!=", a, b),
        14: lambda: infix("||", infix("!=", a, a), infix("!=", b, b)),
        15: lambda: number(1),
    }[predicate]()


INTEGER_ORDER = ("==", "!=", "<", "<=", ">", ">=", "<", "<=", ">", ">=")
FIRST_UNSIGNED = 6


def compare_integers(language: Language, op: Operation, args: Sequence[Expr]) -> Expr:
    assert isinstance(op, arith.CmpiOp)
    predicate = op.predicate.value.data
    kind = op.lhs.type
    a, b = args
    if predicate >= FIRST_UNSIGNED and not is_bool(kind) and not language.is_position(kind):
        bare = language.unsigned(kind)
        a, b = language.cast(bare, a), language.cast(bare, b)
    if 2 <= predicate < FIRST_UNSIGNED and is_bool(kind):
        a, b = b, a  # true is -1
    return infix(INTEGER_ORDER[predicate], a, b)


def widen_signed(language: Language, op: Operation, args: Sequence[Expr]) -> Expr:
    """To a wider integer or to a float, from a number with a sign; true is -1."""
    source = negate("-", args[0]) if is_bool(op.operands[0].type) else args[0]
    return language.cast(language.type_name(op.results[0].type), source)


def widen_unsigned(language: Language, op: Operation, args: Sequence[Expr]) -> Expr:
    kind = op.operands[0].type
    source = args[0] if is_bool(kind) else language.cast(language.unsigned(kind), args[0])
    return language.cast(language.type_name(op.results[0].type), source)


def narrow(language: Language, op: Operation, args: Sequence[Expr]) -> Expr:
    if is_bool(op.results[0].type):
        return infix("&", args[0], number(1))
    return language.cast(language.type_name(op.results[0].type), args[0])


def convert(language: Language, op: Operation, args: Sequence[Expr]) -> Expr:
    """A cast, unless the two types are one in the language."""
    source, target = language.type_name(op.operands[0].type), language.type_name(op.results[0].type)
    return args[0] if source == target else language.cast(target, args[0])


def float_to_unsigned(language: Language, op: Operation, args: Sequence[Expr]) -> Expr:
    kind = op.results[0].type
    return language.cast(language.type_name(kind), language.cast(language.unsigned(kind), args[0]))


def reinterpret(language: Language, op: Operation, args: Sequence[Expr]) -> Expr:
    source, target = op.operands[0].type, op.results[0].type
    if isinstance(source, AnyFloat) == isinstance(target, AnyFloat):
        return args[0]
    name = "bits_of" if isinstance(source, AnyFloat) else "from_bits"
    return call(language.helper(name, source if name == "bits_of" else target, op), args[0])


FUNCTIONS = frozenset(
    "acos acosh asin asinh atan atan2 atanh cbrt ceil copysign cos cosh erf exp exp2 expm1 floor fma log log10 log1p "
    "log2 round sin sinh sqrt tan tanh trunc".split()
)
"""Functions that the math dialect has under the name of C's."""

RULES: dict[str, Rule] = {
    "arith.addf": operator("+"),
    "arith.subf": operator("-"),
    "arith.mulf": operator("*"),
    "arith.divf": operator("/"),
    "arith.negf": lambda language, op, args: negate("-", args[0]),
    "arith.remf": function("fmod"),
    "arith.maximumf": helper("maximum"),
    "arith.minimumf": helper("minimum"),
    "arith.maxnumf": function("fmax"),
    "arith.minnumf": function("fmin"),
    "arith.cmpf": compare_floats,
    "arith.addi": wrapping("+", "^"),
    "arith.subi": wrapping("-", "^"),
    "arith.muli": wrapping("*", "&"),
    "arith.divsi": operator("/"),
    "arith.remsi": operator("%"),
    "arith.divui": unsigned("/"),
    "arith.remui": unsigned("%"),
    "arith.floordivsi": helper("floor_div"),
    "arith.ceildivsi": helper("ceil_div"),
    "arith.andi": operator("&"),
    "arith.ori": operator("|"),
    "arith.xori": operator("^"),
    "arith.shli": shift_left,
    "arith.shrsi": shift_right,
    "arith.shrui": shift_right_unsigned,
    "arith.maxsi": extreme(">", signed=True),
    "arith.minsi": extreme("<", signed=True),
    "arith.maxui": extreme(">", signed=False),
    "arith.minui": extreme("<", signed=False),
    "arith.cmpi": compare_integers,
    "arith.select": lambda language, op, args: language.choose(*args),
    "arith.index_cast": convert,
    "arith.extf": convert,
    "arith.truncf": convert,
    "arith.fptosi": convert,
    "arith.fptoui": float_to_unsigned,
    "arith.sitofp": widen_signed,
    "arith.uitofp": widen_unsigned,
    "arith.extsi": widen_signed,
    "arith.extui": widen_unsigned,
    "arith.trunci": narrow,
    "arith.bitcast": reinterpret,
    "math.absf": function("fabs"),
    "math.absi": helper("absolute"),
    "math.powf": function("pow"),
    "math.roundeven": function("rint"),
    "math.rsqrt": helper("rsqrt"),
    **{f"math.{name}": function(name) for name in FUNCTIONS},
}

TWICE = frozenset({"arith.maxsi", "arith.minsi", "arith.maxui", "arith.minui"})
COMPARED_TWICE = frozenset({6, 7, 8, 14})
"""one, ord, ueq, uno."""


def repeats_operands(op: Operation) -> bool:
    """Whether the op's text names an operand more than once."""
    if isinstance(op, arith.CmpfOp):
        return op.predicate.value.data in COMPARED_TWICE
    return op.name in TWICE
