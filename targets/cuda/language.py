"""CUDA C++ (NVIDIA, CUDA C++ Programming Guide), and HIP, which reads the same kernels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from stepwell.dialects.lanes import element
from stepwell.targets.c.language import C99
from stepwell.targets.source.c_kernel import CKernelLanguage
from stepwell.targets.source.expressions import UNARY, Expr, number
from stepwell.targets.source.vectors import BY_POINTER, statements
from xdsl.dialects.builtin import BFloat16Type, DenseIntOrFPElementsAttr, Float16Type, Float32Type, Float64Type, f32
from xdsl.ir import Attribute, Operation

from .tensor_cores import STATEMENTS, fragment_name


@dataclass
class CUDA(CKernelLanguage):
    NAME: ClassVar = "CUDA C++"
    INTEGERS: ClassVar = {1: "unsigned char", 8: "signed char", 16: "short", 32: "int", 64: "long long"}
    UNSIGNED: ClassVar = {
        1: "unsigned char",
        8: "unsigned char",
        16: "unsigned short",
        32: "unsigned",
        64: "unsigned long long",
    }
    FLOATS: ClassVar = {
        Float16Type: "__half",
        BFloat16Type: "__nv_bfloat16",
        Float32Type: "float",
        Float64Type: "double",
    }
    HEADERS: ClassVar = {"__half": "cuda_fp16.h", "__nv_bfloat16": "cuda_bf16.h"}
    """Types of headers."""
    SUFFIX: ClassVar = {"float": "f", "double": ""}
    KEYWORDS: ClassVar = CKernelLanguage.KEYWORDS | frozenset(
        "class new delete this template typename operator namespace try catch throw virtual friend public private "
        "protected explicit export and or not xor".split()
    )
    HELPERS: ClassVar = {
        **C99.HELPERS,
        "bits_of": "{I} bits; memcpy(&bits, &a, sizeof bits); return bits;",
        "from_bits": "{T} value; memcpy(&value, &a, sizeof value); return value;",
    }
    IDS: ClassVar = {
        "gpu.global_id": "(int)(blockIdx.{d} * blockDim.{d} + threadIdx.{d})",
        "gpu.thread_id": "(int)threadIdx.{d}",
        "gpu.block_id": "(int)blockIdx.{d}",
        "gpu.block_dim": "(int)blockDim.{d}",
        "gpu.grid_dim": "(int)gridDim.{d}",
        "gpu.lane_id": "(int)(threadIdx.x % warpSize)",
    }
    BARRIER: ClassVar = "__syncthreads();"
    KERNEL: ClassVar = 'extern "C" __global__ void __launch_bounds__({total})'
    BUFFER: ClassVar = "{kind} *{name}"
    SHARED: ClassVar = "__shared__ __align__(16)"
    HELPER: ClassVar = "static __device__ inline"
    STATEMENTS: ClassVar = statements(BY_POINTER) | STATEMENTS

    def head(self) -> list[str]:
        return [*(f"#include <{self.HEADERS[name]}>" for name in sorted(self.types & set(self.HEADERS))), ""]

    def float_number(self, value: float, kind: str) -> Expr:
        if kind in self.HEADERS:
            return self.cast(kind, super().float_number(value, self.SINGLE))
        return super().float_number(value, kind)

    def type_name(self, kind: Attribute, where: Operation | None = None) -> str:
        return fragment_name(kind) or super().type_name(kind, where)

    def constant(self, value: Attribute, where: Operation) -> Expr:
        if not isinstance(value, DenseIntOrFPElementsAttr) or not value.is_splat():
            return super().constant(value, where)
        kind = value.get_type()
        name, number = self.type_name(kind, where), self.float_number(value.get_values()[0], self.SINGLE)
        if element(kind) != f32 or not name.startswith("float"):
            return super().constant(value, where)
        return Expr(f"make_{name}({', '.join([number.text] * int(name[-1]))})")

    def signed_number(self, value: int, width: int) -> Expr:
        if value == -(1 << (width - 1)) and width >= 32:
            return Expr(f"-{(1 << (width - 1)) - 1}{'LL' if width == 64 else ''} - 1", UNARY - 2)
        return Expr(f"{value}LL") if width == 64 and not -(1 << 31) < value < 1 << 31 else number(value)

    def not_a_number(self, kind: str) -> Expr:
        return Expr('nanf("")' if kind == "float" else 'nan("")')

    def infinity(self, kind: str, *, positive: bool) -> Expr:
        """Of the language itself: no header is needed."""
        name = "__int_as_float(0x7f800000)" if kind == "float" else "__longlong_as_double(0x7ff0000000000000LL)"
        return Expr(name) if positive else Expr(f"-{name}", UNARY)


@dataclass
class HIP(CUDA):
    """AMD, HIP Programming Manual."""

    NAME: ClassVar = "HIP"
    FLOATS: ClassVar = {kind: name for kind, name in CUDA.FLOATS.items() if kind is not BFloat16Type}
    HEADERS: ClassVar = {"__half": "hip/hip_fp16.h"}
    SHARED: ClassVar = "alignas(16) __shared__"
    STATEMENTS: ClassVar = statements(BY_POINTER)

    def head(self) -> list[str]:
        return ["#include <hip/hip_runtime.h>", *super().head()]
