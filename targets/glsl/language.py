"""GLSL's compute shaders (Khronos, The OpenGL Shading Language 4.50): C's expressions, casts like calls, bools that are
no numbers, buffers that are blocks.

    layout(local_size_x = 64, local_size_y = 1, local_size_z = 1) in;
    layout(std430, binding = 0) buffer Buffer0 { float x[]; };
    layout(std140, binding = 2) uniform Params { int out_start; };
    void main()
    {
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from stepwell.targets.source.c_kernel import CKernelLanguage
from stepwell.targets.source.expressions import Expr, number
from stepwell.targets.source.kernel import Kernel
from stepwell.targets.source.shaders import ShaderLanguage
from stepwell.targets.source.strict_bools import STRICT_BOOLS
from xdsl.dialects.builtin import Float32Type


@dataclass
class GLSL(ShaderLanguage, CKernelLanguage):
    NAME: ClassVar = "GLSL"
    TOGETHER: ClassVar = False
    INTEGERS: ClassVar = {1: "bool", 32: "int"}
    UNSIGNED: ClassVar = {1: "bool", 8: "uint", 32: "uint"}
    FLOATS: ClassVar = {Float32Type: "float"}
    SUFFIX: ClassVar = {"float": "f"}
    RULES: ClassVar = {**CKernelLanguage.RULES, **STRICT_BOOLS}
    KEYWORDS: ClassVar = CKernelLanguage.KEYWORDS | frozenset(
        "attribute buffer centroid coherent flat highp inout input invariant layout lowp mat2 mat3 mat4 mediump "
        "noise1 output patch precise precision readonly sample sampler2D shared smooth subroutine texture uniform "
        "varying vec2 vec3 vec4 writeonly filter image image2D active common superp resource".split()
    )
    HELPERS: ClassVar = {
        # a NaN wins; that there is one, compilers need not see (section 4.7.1), so its bits are looked at
        "maximum": "return is_nan_float(a) ? a : is_nan_float(b) ? b : max(a, b);",
        "minimum": "return is_nan_float(a) ? a : is_nan_float(b) ? b : min(a, b);",
        "rsqrt": "return 1.0 / sqrt(a);",
        "absolute": "return abs(a);",
        "floor_div": "return a / b - int(a % b != 0 && (a < 0) != (b < 0));",
        "ceil_div": "return a / b + int(a % b != 0 && (a < 0) == (b < 0));",
        "bits_of": "return floatBitsToInt(a);",
        "from_bits": "return intBitsToFloat(a);",
        "is_nan": "return (floatBitsToUint(a) & 0x7fffffffu) > 0x7f800000u;",
        "round": "return abs(a) >= 8388608.0 ? a : trunc(a + (a >= 0.0 ? 0.5 : -0.5));",
        "fmod": "return a - b * trunc(a / b);",
        "log10": "return log2(a) * 0.30102999566;",
        "copysign": "return uintBitsToFloat((floatBitsToUint(a) & 0x7fffffffu) | (floatBitsToUint(b) & 0x80000000u));",
        "cbrt": "return sign(a) * pow(abs(a), 0.33333333333);",
    }
    BINARY: ClassVar = CKernelLanguage.BINARY | {"copysign"}
    FUNCTIONS: ClassVar = {"fabs": "abs", "rint": "roundEven", "fmax": "max", "fmin": "min", "atan2": "atan"}
    SAME: ClassVar = frozenset(
        "acos acosh asin asinh atan atanh ceil cos cosh exp exp2 floor fma log log2 sin sinh sqrt tan tanh "
        "trunc".split()
    )
    IDS: ClassVar = {
        "gpu.global_id": "int(gl_GlobalInvocationID.{d})",
        "gpu.thread_id": "int(gl_LocalInvocationID.{d})",
        "gpu.block_id": "int(gl_WorkGroupID.{d})",
        "gpu.block_dim": "int(gl_WorkGroupSize.{d})",
        "gpu.grid_dim": "int(gl_NumWorkGroups.{d})",
    }
    BARRIER: ClassVar = "memoryBarrier(); barrier();"
    HELPER: ClassVar = ""

    def helper_text(self, result: str, name: str, arguments: list[tuple[str, str]], body: str) -> str:
        return super().helper_text(result, name, arguments, body).lstrip()

    def unused(self, name: str) -> str:
        return f"{name};"

    def signed_number(self, value: int, width: int) -> Expr:
        return Expr("int(0x80000000u)") if value == -(1 << 31) else number(value)

    def not_a_number(self, kind: str) -> Expr:
        return Expr("uintBitsToFloat(0x7fc00000u)")

    def infinity(self, kind: str, *, positive: bool) -> Expr:
        return Expr(f"uintBitsToFloat({'0x7f800000u' if positive else '0xff800000u'})")

    def float_number(self, value: float, kind: str) -> Expr:
        """GLSL has no hexadecimal floats: nine digits say which one is meant."""
        expr = super().float_number(value, kind)
        if "0x" not in expr.text or "Bits" in expr.text:
            return expr
        text = f"{value:.9g}"
        return Expr(text if "." in text or "e" in text else f"{text}.0", expr.level)

    def text(self, kernel: Kernel) -> str:
        x, y, z = kernel.block
        lines = ["#version 450", kernel.comment]
        lines.append(f"layout(local_size_x = {x}, local_size_y = {y}, local_size_z = {z}) in;")
        coherent = "coherent " if self.hands_on else ""  # what other threads wrote is seen (section 4.10)
        for n, (kind, name) in enumerate(kernel.buffers):
            lines.append(f"layout(std430, binding = {n}) {coherent}buffer Buffer{n} {{ {kind} {name}[]; }};")
        if kernel.numbers:
            fields = " ".join(f"{kind} {name};" for kind, name in kernel.numbers)
            lines.append(f"layout(std140, binding = {len(kernel.buffers)}) uniform Params {{ {fields} }};")
        lines += [f"shared {kind} {name}[{count}];" for kind, name, count in kernel.shared]
        own = [f"  {kind} {name}[{count}];" for kind, name, count in kernel.own]
        return "\n".join([*lines, "", *self.used.values(), "void main()", "{", *own, *kernel.lines, "}", ""])
