"""The linalg dialect: xDSL's, with a `linalg.generic` of several results that is read as it is printed.

%s, %d = linalg.generic {...} ins(%x : ...) outs(%e, %e : ...) {...} -> (tensor<4xf32>, tensor<4xf32>)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Self, cast

from xdsl.dialects import linalg as xdsl_linalg
from xdsl.dialects.linalg import ops as xdsl_ops
from xdsl.ir import Dialect
from xdsl.parser import Parser


class ResultsInParens:
    """A parser whose lists of types may stand in parentheses."""

    def __init__(self, parser: Parser) -> None:
        self.parser = parser

    def __getattr__(self, name: str) -> Any:
        return getattr(self.parser, name)

    def parse_comma_separated_list(self, delimiter: Parser.Delimiter, parse: Callable[[], Any]) -> list[Any]:
        """xDSL prints the types of several results in parentheses, as upstream does, but does not expect them."""
        if delimiter is Parser.Delimiter.NONE and self.parser.parse_optional_punctuation("(") is not None:
            found = self.parser.parse_comma_separated_list(delimiter, parse)
            self.parser.parse_punctuation(")")
            return found
        return self.parser.parse_comma_separated_list(delimiter, parse)


class GenericOp(xdsl_ops.GenericOp):
    """xDSL's op, whose parser takes the types of its results only without parentheses."""

    @classmethod
    def parse(cls, parser: Parser) -> Self:
        return super().parse(cast(Parser, ResultsInParens(parser)))


Linalg = Dialect(
    "linalg",
    [GenericOp if op is xdsl_ops.GenericOp else op for op in xdsl_linalg.Linalg.operations],
    list(xdsl_linalg.Linalg.attributes),
)
