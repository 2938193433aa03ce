"""Attributes of graph ops as Python values: declared once, then stored, read, checked, printed and parsed by a table.

    class ConcatOp(GraphOp):
        axis = integer()            # ConcatOp(a, b, axis=1);  op.axis == 1;  graph.concat %a, %b {axis = 1} : ...

In the IR each is a property that holds a builtin attribute (`array<i64>`, `i64`, `f64`, a string, a unit), so the
generic form reads as MLIR's own. A value equal to its default is not stored and not printed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast, overload

from xdsl.dialects.builtin import DenseArrayBase, Float64Type, FloatAttr, IntegerAttr, StringAttr, UnitAttr, i64
from xdsl.ir import Attribute, Operation, SSAValue
from xdsl.parser import Parser
from xdsl.printer import Printer
from xdsl.utils.exceptions import VerifyException

from .types import Value

if TYPE_CHECKING:
    from .base import GraphOp

T = TypeVar("T")


@dataclass(frozen=True)
class Kind(Generic[T]):
    """How values of one Python type are written in the IR and in text."""

    attribute: type[Attribute]
    encode: Callable[[T], Attribute]
    decode: Callable[[Any], T]
    print: Callable[[Printer, T], None]
    parse: Callable[[Parser], T]


def _decode_array(attr: DenseArrayBase[Any]) -> tuple[Any, ...]:
    return tuple(attr.get_values())


def _print_list(printer: Printer, values: Sequence[Any]) -> None:
    with printer.in_square_brackets():
        printer.print_list(values, lambda value: printer.print_string(repr(value)))


def _parse_ints(parser: Parser) -> tuple[int, ...]:
    return tuple(parser.parse_comma_separated_list(parser.Delimiter.SQUARE, parser.parse_integer))


def _parse_number(parser: Parser) -> float:
    """A decimal number, or `inf`, `-inf`, `nan`."""
    if parser.parse_optional_keyword("inf") is not None:
        return float("inf")
    if parser.parse_optional_keyword("nan") is not None:
        return float("nan")
    if parser.parse_optional_punctuation("-") is not None:
        return -_parse_number(parser)
    return float(parser.parse_number())


def _parse_numbers(parser: Parser) -> tuple[float, ...]:
    return tuple(parser.parse_comma_separated_list(parser.Delimiter.SQUARE, lambda: _parse_number(parser)))


INTS = Kind[tuple[int, ...]](
    DenseArrayBase,
    lambda value: DenseArrayBase.from_list(i64, [int(item) for item in value]),
    _decode_array,
    _print_list,
    _parse_ints,
)
NUMBERS = Kind[tuple[float, ...]](
    DenseArrayBase,
    lambda value: DenseArrayBase.from_list(Float64Type(), [float(item) for item in value]),
    _decode_array,
    _print_list,
    _parse_numbers,
)
INTEGER = Kind[int](
    IntegerAttr,
    lambda value: IntegerAttr(int(value), i64),
    lambda attr: attr.value.data,
    lambda printer, value: printer.print_string(str(value)),
    lambda parser: parser.parse_integer(),
)
NUMBER = Kind[float](
    FloatAttr,
    lambda value: FloatAttr(float(value), Float64Type()),
    lambda attr: attr.value.data,
    lambda printer, value: printer.print_string(repr(value)),
    _parse_number,
)
FLAG = Kind[bool](
    UnitAttr,
    lambda value: UnitAttr(),
    lambda attr: True,
    lambda printer, value: None,
    lambda parser: True,
)
WORD = Kind[str](
    StringAttr,
    StringAttr,
    lambda attr: attr.data,
    lambda printer, value: printer.print_string(value),
    lambda parser: parser.parse_identifier(),
)

REQUIRED: Any = object()
"""The default of an attribute that has none."""


class Field(Generic[T]):
    """One attribute of an op class. `default` may be a function of the op; `words` are the values a word may have."""

    name: str

    def __init__(
        self, kind: Kind[T], default: T | Callable[[GraphOp], T], *, words: Sequence[str] = (), leading: bool = False
    ):
        self.kind = kind
        self._default = default
        self.words = tuple(words)
        self.leading = leading

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    @overload
    def __get__(self, op: None, owner: type) -> Field[T]: ...
    @overload
    def __get__(self, op: GraphOp, owner: type) -> T: ...
    def __get__(self, op: GraphOp | None, owner: type) -> T | Field[T]:
        if op is None:
            return self
        stored = op.properties.get(self.name)
        return self.default(op) if stored is None else self.kind.decode(stored)

    def __set__(self, op: GraphOp, value: T) -> None:
        """Store `value`, unless it is the default."""
        if isinstance(value, list):
            value = cast(T, tuple(cast("list[Any]", value)))  # a list of defaults is equal to none
        if self._default is not REQUIRED and value == self.default(op):
            op.properties.pop(self.name, None)
        else:
            op.properties[self.name] = self.kind.encode(value)

    def like(self) -> Field[T]:
        """The same attribute for another op."""
        return Field(self.kind, self._default, words=self.words, leading=self.leading)

    def default(self, op: GraphOp) -> T:
        if self._default is REQUIRED:
            raise VerifyException(f"attribute '{self.name}' is missing")
        return cast(T, self._default(op)) if callable(self._default) else self._default

    def verify(self, op: GraphOp) -> None:
        stored = op.properties.get(self.name)
        if stored is None:
            self.default(op)
            return
        if not isinstance(stored, self.kind.attribute):
            raise VerifyException(f"attribute '{self.name}' is {stored}, which is not a {self.kind.attribute.name}")
        if self.words and self.kind.decode(stored) not in self.words:
            raise VerifyException(f"{self.name} is '{self.kind.decode(stored)}'; it may be {', '.join(self.words)}")


def ints(default: tuple[int, ...] | Callable[[Any], tuple[int, ...]] = REQUIRED) -> Field[tuple[int, ...]]:
    return Field(INTS, default)


def numbers(default: tuple[float, ...] | Callable[[Any], tuple[float, ...]] = REQUIRED) -> Field[tuple[float, ...]]:
    return Field(NUMBERS, default)


def integer(default: int | Callable[[Any], int] = REQUIRED) -> Field[int]:
    return Field(INTEGER, default)


def number(default: float = REQUIRED) -> Field[float]:
    return Field(NUMBER, default)


def flag() -> Field[bool]:
    """False unless named: `{keepdims}`."""
    return Field(FLAG, False)


def word(*words: str, default: str = REQUIRED, leading: bool = False) -> Field[str]:
    """One of `words`. A leading one is printed before the operands: `graph.compare lt %a, %b`."""
    return Field(WORD, default, words=words, leading=leading)


class Operand:
    """The operand at the position in which it is declared."""

    def __init__(self) -> None:
        self.index = -1

    @overload
    def __get__(self, op: None, owner: type) -> Operand: ...
    @overload
    def __get__(self, op: Operation, owner: type) -> Value: ...
    def __get__(self, op: Operation | None, owner: type) -> Value | Operand:
        return self if op is None else cast(Value, op.operands[self.index])


class OptionalOperand:
    """A last operand that may be absent."""

    def __init__(self) -> None:
        self.index = -1

    @overload
    def __get__(self, op: None, owner: type) -> OptionalOperand: ...
    @overload
    def __get__(self, op: Operation, owner: type) -> Value | None: ...
    def __get__(self, op: Operation | None, owner: type) -> Value | OptionalOperand | None:
        if op is None:
            return self
        return cast(Value, op.operands[self.index]) if len(op.operands) > self.index else None


class Operands:
    """All operands from the declared position on; at least one."""

    def __init__(self) -> None:
        self.index = -1

    @overload
    def __get__(self, op: None, owner: type) -> Operands: ...
    @overload
    def __get__(self, op: Operation, owner: type) -> tuple[Value, ...]: ...
    def __get__(self, op: Operation | None, owner: type) -> tuple[Value, ...] | Operands:
        return self if op is None else cast("tuple[Value, ...]", tuple(op.operands[self.index :]))


def as_value(item: SSAValue | Operation) -> SSAValue:
    return item.results[0] if isinstance(item, Operation) else item
