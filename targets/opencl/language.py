"""OpenCL C (Khronos, OpenCL C Specification 3.0): C99 with kernels, address spaces and functions for any float type.

A device need not compute in f16, but each can load and store it (section 6.15.7): its 16 bits are a ushort.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from stepwell.targets.c.language import C99
from stepwell.targets.source.c_kernel import CKernelLanguage
from stepwell.targets.source.expressions import Expr, call, convert, number
from stepwell.targets.source.language import Language
from stepwell.targets.source.vectors import Vectors, statements
from xdsl.dialects.builtin import Float16Type, Float32Type, Float64Type, FloatAttr
from xdsl.ir import Attribute, Operation


def extended(language: Language, op: Operation, args: Sequence[Expr]) -> Expr:
    if isinstance(op.operands[0].type, Float16Type):
        return call(language.helper("of_half", op.results[0].type, op), *args)
    return convert(language, op, args)


def truncated(language: Language, op: Operation, args: Sequence[Expr]) -> Expr:
    if isinstance(op.results[0].type, Float16Type):
        return call(language.helper("half_of", op.operands[0].type, op), *args)
    return convert(language, op, args)


@dataclass
class OpenCLC(CKernelLanguage):
    NAME: ClassVar = "OpenCL C"
    INTEGERS: ClassVar = {1: "uchar", 8: "char", 16: "short", 32: "int", 64: "long"}
    UNSIGNED: ClassVar = {1: "uchar", 8: "uchar", 16: "ushort", 32: "uint", 64: "ulong"}
    FLOATS: ClassVar = {Float16Type: "ushort", Float32Type: "float", Float64Type: "double"}
    SUFFIX: ClassVar = {"float": "f", "double": ""}
    HELPERS: ClassVar = {
        **C99.HELPERS,
        # IEEE 754-2019 maximum: a NaN wins, and +0 is larger than -0
        "maximum": "return a > b || isnan(a) ? a : b > a || isnan(b) ? b : signbit(a) ? b : a;",
        "minimum": "return a < b || isnan(a) ? a : b < a || isnan(b) ? b : signbit(a) ? a : b;",
        "rsqrt": "return 1 / sqrt(a);",
        "bits_of": "return as_{I}(a);",
        "from_bits": "return as_{T}(a);",
        "half_of": "ushort bits;\n  vstore_half_rte(a, 0, (half *)&bits);\n  return bits;",
        "of_half": "return vload_half(0, (const half *)&a);",
    }
    RULES: ClassVar = {**CKernelLanguage.RULES, "arith.extf": extended, "arith.truncf": truncated}
    IDS: ClassVar = {
        "gpu.global_id": "(int)get_global_id({n})",
        "gpu.thread_id": "(int)get_local_id({n})",
        "gpu.block_id": "(int)get_group_id({n})",
        "gpu.block_dim": "(int)get_local_size({n})",
        "gpu.grid_dim": "(int)get_num_groups({n})",
    }
    BARRIER: ClassVar = "barrier(CLK_LOCAL_MEM_FENCE | CLK_GLOBAL_MEM_FENCE);"
    KERNEL: ClassVar = "__kernel __attribute__((reqd_work_group_size({block}))) void"
    BUFFER: ClassVar = "__global {kind} *{name}"
    SHARED: ClassVar = "__local"
    STATEMENTS: ClassVar = statements(
        Vectors("vload{n}(0, &{at})", "vstore{n}({value}, 0, &{at});", "({kind})({values})", aligned=False)
    )

    def signature(self, name: str, kind: str, bits: str) -> tuple[str, str]:
        return {"half_of": ("ushort", kind), "of_half": (kind, "ushort")}.get(name) or super().signature(
            name, kind, bits
        )

    def constant(self, value: Attribute, where: Operation) -> Expr:
        if isinstance(value, FloatAttr) and isinstance(value.type, Float16Type):
            return number(int(np.float16(value.value.data).view(np.uint16)))
        return super().constant(value, where)

    def function(self, name: str, kind: Attribute, where: Operation) -> str:
        self.type_name(kind, where)
        return name

    def signed_number(self, value: int, width: int) -> Expr:
        if value == -(1 << (width - 1)) and width >= 32:
            return Expr("INT_MIN" if width == 32 else "LONG_MIN")
        return Expr(f"{value}L") if width == 64 and not -(1 << 31) < value < 1 << 31 else number(value)
