"""What the languages of kernels that grew out of C share: buffers and numbers are parameters, all in `int`s of 32 bits.

__kernel void scale(__global float *x, __global float *out, const int out_start)
{
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from xdsl.dialects.builtin import IndexType
from xdsl.ir import Attribute, Operation

from .expressions import RULES, Expr, Rule, small, wrapping
from .kernel import Kernel, KernelLanguage
from .language import Language
from .vectors import vector_name


def on_places(symbol: str, otherwise: Rule) -> Rule:
    """Arithmetic of places does not overflow: no buffer has 2**31 elements."""

    def rule(language: Language, op: Operation, args: Sequence[Expr]) -> Expr:
        if isinstance(op.results[0].type, IndexType):
            return small(symbol, args[0], args[1])
        return otherwise(language, op, args)

    return rule


@dataclass
class CKernelLanguage(KernelLanguage):
    """C with kernels. `KERNEL`: what stands before a kernel's name. {block}: the threads of a block."""

    TOGETHER: ClassVar = True
    INDEX: ClassVar = "int"
    KERNEL: ClassVar[str]
    BUFFER: ClassVar[str]
    """How a buffer is declared. {kind}, {name}, {n}: its number among the parameters."""
    NUMBER: ClassVar[str] = "const {kind} {name}"
    SHARED: ClassVar[str]
    """What stands before the type of memory that threads share."""
    HELPER: ClassVar = "static inline"
    RULES: ClassVar = RULES | {
        "arith.addi": on_places("+", wrapping("+", "^")),
        "arith.subi": on_places("-", wrapping("-", "^")),
        "arith.muli": on_places("*", wrapping("*", "&")),
    }
    KEYWORDS: ClassVar = frozenset(
        "auto bool break case char const continue default do double else enum extern false float for goto half if "
        "inline int long register restrict return short signed sizeof static struct switch true typedef union uchar "
        "uint ulong unsigned ushort using void volatile while main kernel global local constant private abs min max "
        "NAN INFINITY isnan log exp sin cos sqrt thread device threadgroup out in sign mix step dot length".split()
    )

    def type_name(self, kind: Attribute, where: Operation | None = None) -> str:
        return vector_name(kind, lambda of: self.type_name(of, where)) or super().type_name(kind, where)

    def helper_text(self, result: str, name: str, arguments: list[tuple[str, str]], body: str) -> str:
        text = super().helper_text(result, name, arguments, body)
        return text.replace("static inline", self.HELPER, 1)

    def parameters(self, kernel: Kernel) -> list[str]:
        kinds = [(self.BUFFER, *buffer) for buffer in kernel.buffers] + [
            (self.NUMBER, *number) for number in kernel.numbers
        ]
        return [form.format(kind=kind, name=name, n=n) for n, (form, kind, name) in enumerate(kinds)]

    def text(self, kernel: Kernel) -> str:
        block = ", ".join(map(str, kernel.block))
        total = kernel.block[0] * kernel.block[1] * kernel.block[2]
        listed = ",\n".join(f"    {parameter}" for parameter in self.parameters(kernel))
        return "\n".join(
            [
                kernel.comment,
                f"{self.KERNEL.format(block=block, total=total)} {kernel.name}(\n{listed})",
                "{",
                *(f"  {self.SHARED} {kind} {name}[{count}];" for kind, name, count in kernel.shared),
                *(f"  {kind} {name}[{count}];" for kind, name, count in kernel.own),
                *kernel.lines,
                "}",
                "",
            ]
        )
