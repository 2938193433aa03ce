"""Text to modules: xDSL's parser, with a location for every op, and the data of weights left in their table.

    %y = arith.addi %x, %x : i32                 loc("file.mlir":2:8)    where the op's name stands
    %z = arith.addi %y, %x : i32 loc("sum")      loc("sum")              what the text states wins

Here, and only here, we touch xDSL's parser from inside.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from xdsl.dialect_interfaces.op_asm import OpAsmDialectInterface
from xdsl.dialects.builtin import (
    AnyFloat,
    DenseArrayBase,
    FileLineColLoc,
    IntAttr,
    LocationAttr,
    StringAttr,
    UnknownLoc,
)
from xdsl.ir import Attribute, AttributeInvT, Operation, SSAValue, TypeAttribute
from xdsl.parser import Parser, UnresolvedOperand
from xdsl.utils.mlir_lexer import MLIRTokenKind, StringLiteral

from .context import Context
from .diagnostics import StepwellError, did_you_mean
from .locations import is_known

BUILTIN_TYPE = re.compile(r'(?:vector|tensor|memref)<(?:[^-<>#!"]|<[^-<>#!"]*>)*>|(?:[su]?i\d+|b?f\d+|index)(?![\w.$])')
LOCATION = re.compile(r'loc\((?:[^()#"\\]|"[^"\\]*"|\((?:[^()#"\\]|"[^"\\]*")*\))*\)')
"""Texts that mean the same wherever they stand (no alias inside): most of a large module's text is such."""

A = TypeVar("A", bound=Attribute)


class ModuleParser(Parser):
    """xDSL's parser, but every op gets the line and column of its name as location, unless the text states one.

    A `dense_resource<key>` keeps its key, since the data are in the compilation's weights table. A float may be written
    by its bits everywhere, `dense<0x7F800000> : tensor<4xf32>`, as upstream; xDSL takes them for an integer here.
    """

    def __init__(self, ctx: Context, text: str, name: str) -> None:
        super().__init__(ctx, text, name)
        self._file = StringAttr(name)
        self._line_starts = [0, *(i + 1 for i, c in enumerate(text) if c == "\n")]
        self._op_starts: list[int] = []  # of the ops being parsed, outermost first
        self._stated_unknown = UnknownLoc()  # `loc(unknown)` in the text is a statement, too
        self._parsed: dict[str, Attribute] = {}  # types and locations by their text
        self._first_uses: dict[str, int] = {}  # of values that were not yet defined there

    def place(self, position: int) -> FileLineColLoc:
        line = bisect_right(self._line_starts, position)
        return FileLineColLoc(self._file, IntAttr(line), IntAttr(position - self._line_starts[line - 1] + 1))

    def here(self) -> FileLineColLoc:
        return self.place(self._current_token.span.start)

    def _parse_op_result_list(self):
        results = super()._parse_op_result_list()
        self._op_starts.append(self._current_token.span.start)
        return results

    def parse_operation(self) -> Operation:
        op = super().parse_operation()
        start = self._op_starts.pop()
        if not is_known(op.location) and op.location is not self._stated_unknown:
            op.location = self.place(start)
        for region in op.regions:  # a terminator that the text leaves out stands where its parent does
            for block in region.blocks:
                last = block.last_op
                if last is not None and not is_known(last.location) and last.location is not self._stated_unknown:
                    last.location = op.location
        return op

    def resolve_operand(self, operand: UnresolvedOperand, type: AttributeInvT) -> SSAValue[AttributeInvT]:
        if operand.operand_name not in self.ssa_values:
            self._first_uses.setdefault(operand.operand_name, operand.span.start)
        return super().resolve_operand(operand, type)

    def undefined(self) -> StepwellError | None:
        """The first use of a value that the text defines nowhere, where there is one."""
        for name in self.forward_ssa_references:
            where = self.place(self._first_uses[name]) if name in self._first_uses else None
            return StepwellError(f"%{name} is used, but nothing that can be seen here defines it", where=where)
        return None

    def parse_optional_location(self) -> LocationAttr | None:
        def parse() -> LocationAttr | None:
            location = super(ModuleParser, self).parse_optional_location()
            return self._stated_unknown if isinstance(location, UnknownLoc) else location

        return self._once(LOCATION, parse)

    def parse_optional_type(self) -> TypeAttribute | None:
        return self._once(BUILTIN_TYPE, super().parse_optional_type)

    def _once(self, pattern: re.Pattern[str], parse: Callable[[], A | None]) -> A | None:
        """What `parse` makes of the text here; the same text is parsed once, and its object shared."""
        if self._current_token.kind is not MLIRTokenKind.BARE_IDENT:
            return parse()
        content = self.lexer.input.content
        match = pattern.match(content, self._current_token.span.start)
        if match is None:
            return parse()
        if (known := self._parsed.get(match.group())) is not None:
            self._resume_from(match.end())
            return cast("A", known)
        found = parse()
        if found is not None and content[match.end() : self._current_token.span.start].strip() == "":
            self._parsed[match.group()] = found
        return found

    def parse_optional_str_literal(self) -> str | None:
        """To xDSL a literal with escapes beyond ASCII is bytes; what is UTF-8 is a string, as it was when printed."""
        if self._current_token.kind is MLIRTokenKind.BYTES_LIT:
            try:
                text = StringLiteral.from_span(self._current_token.span).string_contents
            except UnicodeDecodeError:
                return None
            self._consume_token()
            return text
        return super().parse_optional_str_literal()

    def _get_op_by_name(self, name: str) -> type[Operation]:
        found = self.ctx.get_optional_op(name, dialect_stack=self._parser_state.dialect_stack)
        if found is not None:
            return found
        where = self.place(self._op_starts[-1])
        dialect_name = name.partition(".")[0]
        if "." in name and (dialect := self.ctx.get_optional_dialect(dialect_name)) is not None:
            fix = did_you_mean(name, (op.name for op in dialect.operations))
            raise StepwellError(f"dialect '{dialect_name}' has no op '{name}'", where=where, fix=fix)
        if "." in name:
            fix = did_you_mean(dialect_name, self.ctx.registered_dialect_names)
            raise StepwellError(f"there is no dialect '{dialect_name}' (of op '{name}')", where=where, fix=fix)
        raise StepwellError(f"there is no op '{name}'", where=where)

    @dataclass
    class _TensorLiteralElement(Parser._TensorLiteralElement):  # pyright: ignore[reportPrivateUsage]
        def to_type(self, parser: Parser, type: Any) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
            if isinstance(type, AnyFloat) and is_bits(self.span.text):
                return float_of_bits(parser, self.span.text, type)
            return super().to_type(parser, type)

    def _parse_builtin_densearray_attr(self) -> DenseArrayBase | None:
        start = self._current_token.span.start
        self.parse_characters("<", " in dense array")
        element = self.parse_attribute()
        if not isinstance(element, AnyFloat):
            self._resume_from(start)
            return super()._parse_builtin_densearray_attr()
        values: list[float] = []
        if self.parse_optional_punctuation(":") is not None:
            values = self.parse_comma_separated_list(self.Delimiter.NONE, lambda: self._parse_float_of(element))
        self.parse_punctuation(">", " in dense array")
        return DenseArrayBase.from_list(element, values)

    def _parse_float_of(self, element: AnyFloat) -> float:
        text = self._current_token.text
        number = self.parse_number()
        return float_of_bits(self, text, element) if is_bits(text) else float(number)

    def _parse_dialect_resource_handle(self, dialect_name: str, interface: OpAsmDialectInterface) -> str:
        # xDSL declares the key in a module-global object and renames it when it is met a second time.
        return self.parse_identifier(" for resource handle")


def is_bits(text: str) -> bool:
    return text[:2] in ("0x", "0X")


def float_of_bits(parser: Parser, text: str, type: AnyFloat) -> float:
    """The float that the hexadecimal digits are the bits of."""
    size = type.compile_time_size
    bits = int(text, 16)
    if bits >= 1 << (8 * size):
        parser.raise_error(f"{text} has more bits than a {type}")
    return next(type.iter_unpack(bits.to_bytes(size, "little")))
