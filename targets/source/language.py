"""What one language of the C family calls things: types, functions, numbers, and the helpers it needs.

C, CUDA C, OpenCL C, GLSL, WGSL, ... differ in these tables and a few methods, not in how loops and expressions are put
together: a language is a subclass with tables of its own. What stands here is C's, where most agree.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
from stepwell.diagnostics import StepwellError
from xdsl.dialects.builtin import AnyFloat, FloatAttr, IndexType, IntegerAttr, IntegerType
from xdsl.ir import Attribute, Operation, SSAValue

from .expressions import AND, ANY, ATOM, CHOICE, OR, RULES, UNARY, XOR, Expr, Rule, is_bool, number

READABLE = 16
"""A float that is a multiple of 1/16 is written in decimal, exactly; any other in hexadecimal."""


@dataclass
class Language:
    """`stays_small` says which integers are known not to overflow; `used` collects the helpers met so far, `types` the
    types of floats."""

    stays_small: Callable[[SSAValue], bool] = lambda value: False
    used: dict[str, str] = field(default_factory=dict[str, str])
    types: set[str] = field(default_factory=set[str])

    NAME: ClassVar[str]
    INTEGERS: ClassVar[Mapping[int, str]]
    """Bits → the type of integers with a sign; 1 is a bool."""
    UNSIGNED: ClassVar[Mapping[int, str]]
    FLOATS: ClassVar[Mapping[type[Attribute], str]]
    INDEX: ClassVar[str]
    SUFFIX: ClassVar[Mapping[str, str]]
    """A type of floats → what its numbers end with."""
    KEYWORDS: ClassVar[frozenset[str]]
    HELPERS: ClassVar[Mapping[str, str]]
    """Name → the body of a function of `a`, or of `a` and `b`. {T}: the type, {I}: integers of its width."""
    BINARY: ClassVar = frozenset({"maximum", "minimum", "floor_div", "ceil_div", "fmod"})
    RULES: ClassVar[Mapping[str, Rule]] = RULES
    SINGLE: ClassVar = "float"
    """What float32 is called."""
    ENDLESS: ClassVar = "for (;;)"
    ADVICE: ClassVar = "use float32 in the model, or the native target"

    # -- types and functions -----------------------------------------------------------------------------------------

    def type_name(self, kind: Attribute, where: Operation | None = None) -> str:
        if isinstance(kind, IndexType):
            return self.INDEX
        if isinstance(kind, IntegerType) and kind.width.data in self.INTEGERS:
            return self.INTEGERS[kind.width.data]
        if (name := self.FLOATS.get(type(kind))) is not None:
            self.types.add(name)
            return name
        raise StepwellError(f"{self.NAME} has no type for {kind}", where, fix=self.ADVICE)

    def unsigned(self, kind: Attribute, at_least: int = 8) -> str:
        """The type of the same bits without a sign; below 32 bits C computes in `int`, where products overflow."""
        width = kind.width.data if isinstance(kind, IntegerType) else max(self.UNSIGNED)
        return self.UNSIGNED[max(width, at_least)]

    def function(self, name: str, kind: Attribute, where: Operation) -> str:
        """A function of the language's mathematics for values of this type, by its name in math.h."""
        return name + self.SUFFIX[self.type_name(kind, where)]

    def helper(self, name: str, kind: Attribute, where: Operation) -> str:
        """The name of a helper for values of this type, which will be printed before the kernels."""
        T = self.type_name(kind, where)
        if isinstance(kind, AnyFloat) and kind.bitwidth not in self.INTEGERS:
            raise StepwellError(f"{self.NAME} has no {name} of {kind}", where, fix="compute in f32")
        full = f"{name}_{T.removesuffix('_t').replace(' ', '_')}"
        if full not in self.used:
            bits = self.INTEGERS[kind.bitwidth] if isinstance(kind, AnyFloat) else T
            words = {"T": T, "I": bits, "W": self.unsigned(kind, 32), "sqrt": f"sqrt{self.SUFFIX.get(T, '')}"}
            result, takes = self.signature(name, T, bits)
            names = ("a", "b") if name in self.BINARY else ("a",)
            body = self.HELPERS[name].format(**words)
            self.used[full] = self.helper_text(result, full, [(takes, arg) for arg in names], body)
        return full

    def signature(self, name: str, kind: str, bits: str) -> tuple[str, str]:
        """What a helper gives and what it takes, for numbers of type `kind` and integers of their width."""
        return {"bits_of": (bits, kind), "from_bits": (kind, bits)}.get(name, (kind, kind))

    def helper_text(self, result: str, name: str, arguments: list[tuple[str, str]], body: str) -> str:
        listed = ", ".join(f"{kind} {arg}" for kind, arg in arguments)
        return f"static inline {result} {name}({listed})\n{{\n  {body}\n}}\n"

    def is_position(self, kind: Attribute) -> bool:
        """Whether numbers of this type are counts and places, none below 0, so that a sign makes no difference."""
        return False

    # -- expressions -------------------------------------------------------------------------------------------------

    def cast(self, kind: str, a: Expr) -> Expr:
        return Expr(f"({kind}){a.at(UNARY)}", UNARY, a.loads)

    def choose(self, condition: Expr, a: Expr, b: Expr) -> Expr:
        asked = condition.at(UNARY) if condition.level in (AND, XOR, OR) else condition.at(ANY)
        text = f"{asked} ? {a.at(ANY)} : {b.at(ANY)}"
        return Expr(text, CHOICE, condition.loads or a.loads or b.loads)

    def shift(self, by: Expr) -> Expr:
        """How far to shift."""
        return by

    # -- statements --------------------------------------------------------------------------------------------------

    def constant_of(self, kind: str, name: str, value: str) -> str:
        """A name for a value."""
        return f"const {kind} {name} = {value};"

    def variable(self, kind: str, name: str, value: str | None = None) -> str:
        return f"{kind} {name};" if value is None else f"{kind} {name} = {value};"

    def counting(self, kind: str, name: str, lower: str, upper: str, step: str) -> str:
        """The head of a counting loop."""
        return f"for ({kind} {name} = {lower}; {name} < {upper}; {name} += {step}) {{"

    def leave_unless(self, condition: str) -> str:
        """The end of a loop; `condition` binds tightly."""
        return f"if (!{condition}) break;"

    def unused(self, name: str) -> str:
        return f"(void){name};"

    # -- numbers -----------------------------------------------------------------------------------------------------

    def constant(self, value: Attribute, where: Operation) -> Expr:
        if isinstance(value, FloatAttr):
            return self.float_number(value.value.data, self.type_name(value.type, where))
        if isinstance(value, IntegerAttr):
            return self.integer_number(value.value.data, value.type)
        raise StepwellError(f"the constant {value} cannot be printed as a {self.NAME} expression", where)

    def integer_number(self, value: int, kind: Attribute) -> Expr:
        if is_bool(kind):
            return number(value & 1)
        width = kind.width.data if isinstance(kind, IntegerType) else max(self.INTEGERS)
        if value >= 1 << (width - 1):
            value -= 1 << width
        return self.signed_number(value, width)

    def signed_number(self, value: int, width: int) -> Expr:
        """An integer that fits its type."""
        return number(value)

    def float_number(self, value: float, kind: str) -> Expr:
        if kind == self.SINGLE:
            value = float(np.float32(value))
        if value != value:
            return self.not_a_number(kind)
        if value in (float("inf"), float("-inf")):
            return self.infinity(kind, positive=value > 0)
        suffix, level = self.SUFFIX[kind], UNARY if np.signbit(value) else ATOM
        if abs(value) < 1e6 and (value * READABLE).is_integer():
            return Expr(f"{value!r}{suffix}", level)
        digits = value.hex()
        head, _, exponent = digits.partition("p")
        return Expr(f"{head.rstrip('0').rstrip('.') if '.' in head else head}p{exponent}{suffix}", level)

    def not_a_number(self, kind: str) -> Expr:
        return Expr("NAN")

    def infinity(self, kind: str, *, positive: bool) -> Expr:
        return Expr("INFINITY") if positive else Expr("-INFINITY", UNARY)
