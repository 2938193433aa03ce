"""What languages of shaders have in common that C has not: functions of one name for all types, casts like calls, bools
that are none of the integers and stand in no buffer, and compilers that take it that there is no NaN.

    exp(x)              for C's expf(x)
    float(n)            for (float)n
    maximum_float(a, b) a helper, behind is_nan_float(a), which looks at the bits
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from stepwell.diagnostics import StepwellError
from xdsl.ir import Attribute, BlockArgument, Operation

from .expressions import Expr, is_bool
from .kernel import KernelLanguage
from .language import Language


@dataclass
class NamedFunctions(Language):
    """`SAME`: functions that are called as in math.h. `FUNCTIONS`: math.h's name → another that means the same."""

    SAME: ClassVar[frozenset[str]]
    FUNCTIONS: ClassVar[Mapping[str, str]] = {}

    def function(self, name: str, kind: Attribute, where: Operation) -> str:
        self.type_name(kind, where)
        if name in self.SAME:
            return name
        if name in self.FUNCTIONS:
            return self.FUNCTIONS[name]
        if name in self.HELPERS:
            return self.helper(name, kind, where)
        raise StepwellError(f"{self.NAME} has no function {name}", where, fix="run expand-math")


@dataclass
class ShaderLanguage(NamedFunctions, KernelLanguage):
    ADVICE: ClassVar = "use float32 and int32 in the model, or another target"

    def element_name(self, buffer: BlockArgument, where: Operation) -> str:
        name = super().element_name(buffer, where)
        if name == "bool":
            raise StepwellError(f"{self.NAME} keeps no bool in a buffer", where, fix="run narrow-types")
        return name

    def helper(self, name: str, kind: Attribute, where: Operation) -> str:
        if name in ("maximum", "minimum"):
            self.helper("is_nan", kind, where)
        return super().helper(name, kind, where)

    def signature(self, name: str, kind: str, bits: str) -> tuple[str, str]:
        return ("bool", kind) if name == "is_nan" else super().signature(name, kind, bits)

    def cast(self, kind: str, a: Expr) -> Expr:
        return Expr(f"{kind}({a.text})", loads=a.loads)

    def integer_number(self, value: int, kind: Attribute) -> Expr:
        if is_bool(kind):
            return Expr("true" if value & 1 else "false")
        return super().integer_number(value, kind)
