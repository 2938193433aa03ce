"""C99, with its types of fixed widths."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from stepwell.targets.source.expressions import Expr, number
from stepwell.targets.source.language import Language
from xdsl.dialects.builtin import Float32Type, Float64Type


@dataclass
class C99(Language):
    NAME: ClassVar = "C99"
    INTEGERS: ClassVar = {1: "unsigned char", 8: "int8_t", 16: "int16_t", 32: "int32_t", 64: "int64_t"}
    UNSIGNED: ClassVar = {1: "unsigned char", 8: "uint8_t", 16: "uint16_t", 32: "uint32_t", 64: "uint64_t"}
    FLOATS: ClassVar = {Float32Type: "float", Float64Type: "double"}
    INDEX: ClassVar = "int64_t"
    SUFFIX: ClassVar = {"float": "f", "double": ""}
    KEYWORDS: ClassVar = frozenset(
        "auto break case char const continue default do double else enum extern float for goto if inline int long "
        "register restrict return short signed sizeof static struct switch typedef union unsigned void volatile while "
        "main NAN INFINITY NULL".split()
    )
    HELPERS: ClassVar = {
        # IEEE 754-2019 maximum: a NaN wins, and +0 is larger than -0
        "maximum": "return a > b || a != a ? a : b > a || b != b ? b : signbit(a) ? b : a;",
        "minimum": "return a < b || a != a ? a : b < a || b != b ? b : signbit(a) ? a : b;",
        "rsqrt": "return 1 / {sqrt}(a);",
        "absolute": "return a < 0 ? ({T})(0 - ({W})a) : a;",
        "floor_div": "return a / b - (a % b != 0 && (a < 0) != (b < 0));",
        "ceil_div": "return a / b + (a % b != 0 && (a < 0) == (b < 0));",
        "bits_of": "union {{ {T} from; {I} to; }} bits; bits.from = a; return bits.to;",
        "from_bits": "union {{ {I} from; {T} to; }} bits; bits.from = a; return bits.to;",
    }

    def signed_number(self, value: int, width: int) -> Expr:
        if value == -(1 << (width - 1)) and width >= 32:
            return Expr(f"INT{width}_MIN")
        if width == 64 and not -(1 << 31) < value < 1 << 31:
            return Expr(f"INT64_C({value})")
        return number(value)
