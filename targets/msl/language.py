"""Metal Shading Language (Apple, Metal Shading Language Specification 3.1): C++14 with address spaces and attributes.

kernel void scale(
    device float *x [[buffer(0)]],
    device float *out [[buffer(1)]],
    constant int &out_start [[buffer(2)]],
    uint3 global_id [[thread_position_in_grid]])
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from stepwell.targets.c.language import C99
from stepwell.targets.source.c_kernel import CKernelLanguage
from stepwell.targets.source.expressions import UNARY, Expr, number
from stepwell.targets.source.kernel import Kernel
from stepwell.targets.source.shaders import NamedFunctions
from stepwell.targets.source.vectors import Vectors, statements
from xdsl.dialects.builtin import Float16Type, Float32Type

IDS = {
    "gpu.global_id": ("global_id", "thread_position_in_grid"),
    "gpu.thread_id": ("thread_id", "thread_position_in_threadgroup"),
    "gpu.block_id": ("block_id", "threadgroup_position_in_grid"),
    "gpu.block_dim": ("block_dim", "threads_per_threadgroup"),
    "gpu.grid_dim": ("grid_dim", "threadgroups_per_grid"),
}
"""An id's op → what it is called, and Metal's attribute."""


@dataclass
class MSL(NamedFunctions, CKernelLanguage):
    NAME: ClassVar = "MSL"
    INTEGERS: ClassVar = {1: "uchar", 8: "char", 16: "short", 32: "int", 64: "long"}
    UNSIGNED: ClassVar = {1: "uchar", 8: "uchar", 16: "ushort", 32: "uint", 64: "ulong"}
    FLOATS: ClassVar = {Float16Type: "half", Float32Type: "float"}
    SUFFIX: ClassVar = {"float": "f"}
    ADVICE: ClassVar = "use float32 in the model, or another target"
    KEYWORDS: ClassVar = CKernelLanguage.KEYWORDS | {name for name, _ in IDS.values()} | {"metal", "thread", "texture"}
    HELPERS: ClassVar = {
        **C99.HELPERS,
        # IEEE 754-2019 maximum: a NaN wins, and +0 is larger than -0
        "maximum": "return a != a ? a : b != b ? b : a > b || (a == b && as_type<int>(a) >= 0) ? a : b;",
        "minimum": "return a != a ? a : b != b ? b : a < b || (a == b && as_type<int>(a) < 0) ? a : b;",
        "rsqrt": "return 1 / sqrt(a);",
        "bits_of": "return as_type<{I}>(a);",
        "from_bits": "return as_type<{T}>(a);",
        "cbrt": "return sign(a) * pow(fabs(a), 0.33333333333f);",
    }
    SAME: ClassVar = frozenset(
        "acos acosh asin asinh atan atan2 atanh ceil copysign cos cosh exp exp2 fabs floor fma fmax fmin fmod log "
        "log10 log2 pow rint round sin sinh sqrt tan tanh trunc".split()
    )
    IDS: ClassVar = {op: f"(int){name}.{{d}}" for op, (name, _) in IDS.items()}
    BARRIER: ClassVar = "threadgroup_barrier(mem_flags::mem_threadgroup | mem_flags::mem_device);"
    KERNEL: ClassVar = "kernel void"
    BUFFER: ClassVar = "device {kind} *{name} [[buffer({n})]]"
    NUMBER: ClassVar = "constant {kind} &{name} [[buffer({n})]]"
    SHARED: ClassVar = "alignas(16) threadgroup"
    STATEMENTS: ClassVar = statements(
        Vectors(
            "*({space} const {kind} *)&{at}",
            "*({space} {kind} *)&{at} = {value};",
            "{kind}({values})",
            spaces=("device", "threadgroup"),
        )
    )

    def head(self) -> list[str]:
        return ["#include <metal_stdlib>", "using namespace metal;", ""]

    def parameters(self, kernel: Kernel) -> list[str]:
        asked = (IDS[op] for op in sorted(self.asked))
        return super().parameters(kernel) + [f"uint3 {name} [[{attribute}]]" for name, attribute in asked]

    def float_number(self, value: float, kind: str) -> Expr:
        return (
            super().float_number(value, kind)
            if kind == self.SINGLE
            else self.cast(kind, self.float_number(value, self.SINGLE))
        )

    def signed_number(self, value: int, width: int) -> Expr:
        if value == -(1 << (width - 1)) and width >= 32:
            return Expr(f"-{(1 << (width - 1)) - 1}{'L' if width == 64 else ''} - 1", UNARY - 2)
        return Expr(f"{value}L") if width == 64 and not -(1 << 31) < value < 1 << 31 else number(value)
