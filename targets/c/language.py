"""What one language of the C family calls things: types, functions, numbers, and the helpers it needs.

C, CUDA C, OpenCL C, GLSL, ... differ in these tables, not in how loops and expressions are put together: a language is
a subclass with tables of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
from stepwell.diagnostics import StepwellError
from xdsl.dialects.builtin import (
    AnyFloat,
    Float32Type,
    Float64Type,
    FloatAttr,
    IndexType,
    IntegerAttr,
    IntegerType,
)
from xdsl.ir import Attribute, Operation, SSAValue

from .expressions import ATOM, UNARY, Expr, is_bool, number

READABLE = 16
"""A float that is a multiple of 1/16 is written in decimal, exactly; any other in hexadecimal."""


@dataclass
class Language:
    """C99. `stays_small` says which integers are known not to overflow; `used` collects the helpers met so far."""

    stays_small: Callable[[SSAValue], bool] = lambda value: False
    used: dict[str, str] = field(default_factory=dict[str, str])

    INTEGERS: ClassVar = {1: "unsigned char", 8: "int8_t", 16: "int16_t", 32: "int32_t", 64: "int64_t"}
    UNSIGNED: ClassVar = {1: "unsigned char", 8: "uint8_t", 16: "uint16_t", 32: "uint32_t", 64: "uint64_t"}
    FLOATS: ClassVar[dict[type[Attribute], str]] = {Float32Type: "float", Float64Type: "double"}
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
    BINARY: ClassVar = frozenset({"maximum", "minimum", "floor_div", "ceil_div"})

    def type_name(self, kind: Attribute, where: Operation | None = None) -> str:
        if isinstance(kind, IndexType):
            return self.INDEX
        if isinstance(kind, IntegerType) and kind.width.data in self.INTEGERS:
            return self.INTEGERS[kind.width.data]
        if (name := self.FLOATS.get(type(kind))) is not None:
            return name
        raise StepwellError(f"C99 has no type for {kind}", where, fix="use float32 in the model, or the native target")

    def unsigned(self, kind: Attribute, at_least: int = 8) -> str:
        """The type of the same bits without a sign; below 32 bits C computes in `int`, where products overflow."""
        width = kind.width.data if isinstance(kind, IntegerType) else 64
        return self.UNSIGNED[max(width, at_least)]

    def function(self, name: str, kind: Attribute, where: Operation) -> str:
        """A function of math.h for values of this type."""
        return name + self.SUFFIX[self.type_name(kind, where)]

    def helper(self, name: str, kind: Attribute, where: Operation) -> str:
        """The name of a helper for values of this type, which will be printed before the kernels."""
        T = self.type_name(kind, where)
        full = f"{name}_{T.removesuffix('_t')}"
        if full not in self.used:
            bits = self.INTEGERS[kind.bitwidth] if isinstance(kind, AnyFloat) else T
            words = {"T": T, "I": bits, "W": self.unsigned(kind, 32), "sqrt": f"sqrt{self.SUFFIX.get(T, '')}"}
            result, takes = {"bits_of": (bits, T), "from_bits": (T, bits)}.get(name, (T, T))
            arguments = f"{takes} a, {takes} b" if name in self.BINARY else f"{takes} a"
            body = self.HELPERS[name].format(**words)
            self.used[full] = f"static inline {result} {full}({arguments})\n{{\n  {body}\n}}\n"
        return full

    def constant(self, value: Attribute, where: Operation) -> Expr:
        if isinstance(value, FloatAttr):
            return self.float_number(value.value.data, self.type_name(value.type, where))
        if isinstance(value, IntegerAttr):
            return self.integer_number(value.value.data, value.type)
        raise StepwellError(f"the constant {value} cannot be printed as a C expression", where)

    def integer_number(self, value: int, kind: Attribute) -> Expr:
        if is_bool(kind):
            return number(value & 1)
        width = kind.width.data if isinstance(kind, IntegerType) else 64
        if value >= 1 << (width - 1):
            value -= 1 << width
        if value == -(1 << (width - 1)) and width >= 32:
            return Expr(f"INT{width}_MIN")
        if width == 64 and not -(1 << 31) < value < 1 << 31:
            return Expr(f"INT64_C({value})")
        return number(value)

    def float_number(self, value: float, kind: str) -> Expr:
        suffix = self.SUFFIX[kind]
        if kind == "float":
            value = float(np.float32(value))
        if value != value:
            return Expr("NAN")
        if value in (float("inf"), float("-inf")):
            return Expr("INFINITY") if value > 0 else Expr("-INFINITY", UNARY)
        level = UNARY if np.signbit(value) else ATOM
        if abs(value) < 1e6 and (value * READABLE).is_integer():
            return Expr(f"{value!r}{suffix}", level)
        digits = value.hex()
        head, _, exponent = digits.partition("p")
        return Expr(f"{head.rstrip('0').rstrip('.') if '.' in head else head}p{exponent}{suffix}", level)
