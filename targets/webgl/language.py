"""GLSL ES 3.00 (Khronos, The OpenGL ES Shading Language): a kernel as a fragment shader, a buffer as a texture.

    #version 300 es
    precision highp float;
    uniform highp sampler2D buffer0; // x
    out float result;
    void main()
    {
      int element = int(gl_FragCoord.y) * 2048 + int(gl_FragCoord.x);
      if (element < 40) {
        result = fetch(buffer0, element) + 1.0f;
        return;
      }
      discard;
    }

Of a kernel as `gpu-to-fragments` leaves it: a thread stores the element whose number it bears, at the end of all that
it does. A texture has rows of 2048 elements, the most that every device has. The last buffer is what is drawn into;
where the kernel reads it, it reads what was there before. Nothing is converted that the text does not convert.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from stepwell.dialects import gpu
from stepwell.targets.glsl.language import GLSL
from stepwell.targets.source.expressions import Expr, Rule, infix
from stepwell.targets.source.kernel import Kernel, KernelPrinter
from stepwell.targets.source.language import Language
from stepwell.targets.source.printer import Names
from xdsl.dialects import memref
from xdsl.dialects.builtin import LocationAttr, MemRefType
from xdsl.ir import BlockArgument, Operation, SSAValue

WIDTH = 2048
"""Elements of a row of a texture."""


def multiply_and_add(language: Language, op: Operation, args: Sequence[Expr]) -> Expr:
    a, b, c = args
    return infix("+", infix("*", a, b), c)


@dataclass
class FragmentShader(GLSL):
    """`read`: the numbers of the buffers that the kernel reads, with the types of their elements."""

    NAME: ClassVar = "GLSL ES"
    IDS: ClassVar = {"gpu.global_id": f"int(gl_FragCoord.y) * {WIDTH} + int(gl_FragCoord.x)"}
    SAME: ClassVar = GLSL.SAME - {"fma"}
    RULES: ClassVar[dict[str, Rule]] = {**GLSL.RULES, "math.fma": multiply_and_add}
    KEYWORDS: ClassVar = GLSL.KEYWORDS | {"fetch", "result", "from", "at", *(f"buffer{n}" for n in range(16))}
    read: dict[int, str] = field(default_factory=dict[int, str])

    def printer(self, names: Names, whole: LocationAttr) -> KernelPrinter:
        return FragmentPrinter(self, names, kernel_language=self, whole=whole, shader=self)

    def constant_of(self, kind: str, name: str, value: str) -> str:
        return f"{kind} {name} = {value};"  # `const` is for what is known when compiling

    def text(self, kernel: Kernel) -> str:
        lines = ["#version 300 es", kernel.comment, "precision highp float;", "precision highp int;"]
        for n, kind in sorted(self.read.items()):
            lines.append(f"uniform highp {sampler(kind)} buffer{n}; // {kernel.buffers[n][1]}")
        if kernel.numbers:
            fields = " ".join(f"{kind} {name};" for kind, name in kernel.numbers)
            lines.append(f"layout(std140) uniform Params {{ {fields} }};")
        lines += [f"out highp {kernel.buffers[-1][0]} result; // {kernel.buffers[-1][1]}", ""]
        for kind in sorted(set(self.read.values())):
            lines.append(f"{kind} fetch(highp {sampler(kind)} from, int at)")
            lines.append(f"{{\n  return texelFetch(from, ivec2(at % {WIDTH}, at / {WIDTH}), 0).r;\n}}\n")
        own = [f"  {kind} {name}[{count}];" for kind, name, count in kernel.own]
        always = kernel.lines[-1:] == ("  return;",)
        body = [*own, *(kernel.lines[:-1] if always else (*kernel.lines, "  discard;"))]
        return "\n".join([*lines, *self.used.values(), "void main()", "{", *body, "}", ""])


def sampler(kind: str) -> str:
    return {"float": "sampler2D", "int": "isampler2D", "uint": "usampler2D"}[kind]


@dataclass
class FragmentPrinter(KernelPrinter):
    """Buffers of the host are textures; a store is the end."""

    shader: FragmentShader = field(kw_only=True)

    def op(self, op: Operation) -> None:
        match op:
            case memref.LoadOp() if (n := number_of(op.memref)) is not None:
                if op.res.first_use is not None:
                    assert isinstance(op.memref, BlockArgument)
                    self.shader.read[n] = self.shader.element_name(op.memref, op)
                    place = self.use(op.indices[0])
                    self.define(op.res, Expr(f"fetch(buffer{n}, {place.text})", loads=True))
            case memref.StoreOp() if number_of(op.memref) is not None:
                value = self.use(op.value)
                self.settle()
                self.line(f"result = {value.text};")
                self.line("return;")
            case _:
                super().op(op)


def number_of(buffer: SSAValue) -> int | None:
    """Which of a kernel's buffers of the host this is; None for one of a thread's own."""
    if not isinstance(buffer, BlockArgument) or not isinstance(kernel := buffer.block.parent_op(), gpu.FuncOp):
        return None
    buffers = [value for value in kernel.arguments if isinstance(value.type, MemRefType)]
    return buffers.index(buffer) if buffer in buffers else None
