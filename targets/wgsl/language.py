"""WGSL (W3C, WebGPU Shading Language): types behind names, casts like calls, `select` for C's `?:`, bools that are none
of the integers.

    let sum: f32 = select(a, b, i < 4) + f32(n);
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from stepwell.targets.source.expressions import (
    RULES,
    Expr,
    number,
)
from stepwell.targets.source.language import Language
from stepwell.targets.source.shaders import ShaderLanguage
from stepwell.targets.source.strict_bools import STRICT_BOOLS
from xdsl.dialects.builtin import Float16Type, Float32Type
from xdsl.ir import Attribute, Operation


@dataclass
class WGSL(ShaderLanguage):
    NAME: ClassVar = "WGSL"
    INTEGERS: ClassVar = {1: "bool", 32: "i32"}
    UNSIGNED: ClassVar = {1: "bool", 8: "u32", 32: "u32"}
    FLOATS: ClassVar = {Float16Type: "f16", Float32Type: "f32"}
    INDEX: ClassVar = "i32"
    SUFFIX: ClassVar = {"f32": "f"}
    SINGLE: ClassVar = "f32"
    ENDLESS: ClassVar = "loop"
    KEYWORDS: ClassVar = frozenset(
        # keywords and reserved words (section 16)
        "alias break case const const_assert continue continuing default diagnostic discard else enable false fn for "
        "if let loop override requires return struct switch true var while "
        "NULL Self abstract active alignas alignof as asm asm_fragment async attribute auto await become binding_array "
        "cast catch class co_await co_return co_yield coherent column_major common compile compile_fragment concept "
        "const_cast consteval constexpr constinit crate debugger decltype delete demote demote_to_helper do "
        "dynamic_cast enum explicit export extends extern external fallthrough filter final finally friend from "
        "fxgroup get goto groupshared highp impl implements import inline instanceof interface layout lowp macro "
        "macro_rules match mediump meta mod module move mut mutable namespace new nil noexcept noinline "
        "nointerpolation non_coherent noncoherent noperspective null nullptr of operator package packoffset partial "
        "pass patch pixelfragment precise precision premerge priv protected pub public readonly ref regardless "
        "register reinterpret_cast require resource restrict self set shared sizeof smooth snorm static static_assert "
        "static_cast std subroutine super target template this thread_local throw trait try type typedef typeid "
        "typename typeof union unless unorm unsafe unsized use using varying virtual volatile wgsl where with "
        "writeonly yield "
        # types and functions that kernels use, which a name of a model would hide
        "array atomic bool f16 f32 i32 mat2x2 ptr u32 vec2 vec3 vec4 abs bitcast fract main max min select sign".split()
    )
    HELPERS: ClassVar = {
        # a NaN wins; compilers may take it that there is none (section 15.7.2), so its bits are looked at
        "maximum": "return select(select(max(a, b), b, is_nan_{T}(b)), a, is_nan_{T}(a));",
        "minimum": "return select(select(min(a, b), b, is_nan_{T}(b)), a, is_nan_{T}(a));",
        "is_nan": "return (bitcast<u32>(a) & 0x7fffffffu) > 0x7f800000u;",
        "rsqrt": "return 1 / sqrt(a);",
        "absolute": "return abs(a);",
        "floor_div": "return a / b - i32(a % b != 0 && (a < 0) != (b < 0));",
        "ceil_div": "return a / b + i32(a % b != 0 && (a < 0) == (b < 0));",
        "bits_of": "return bitcast<{I}>(a);",
        "from_bits": "return bitcast<{T}>(a);",
        "fmod": "return a % b;",
        "round": "return select(trunc(a + select(-0.5f, 0.5f, a >= 0)), a, abs(a) >= 8388608.0f);",
        "log10": "return log2(a) * 0.30102999566f;",
        "copysign": "return bitcast<f32>((bitcast<u32>(a) & 0x7fffffffu) | (bitcast<u32>(b) & 0x80000000u));",
        "cbrt": "return sign(a) * pow(abs(a), 0.33333333333f);",
    }
    BINARY: ClassVar = Language.BINARY | {"copysign"}
    FUNCTIONS: ClassVar = {"fabs": "abs", "rint": "round", "fmax": "max", "fmin": "min"}
    SAME: ClassVar = frozenset(
        "acos acosh asin asinh atan atan2 atanh ceil cos cosh exp exp2 floor fma log log2 sin sinh sqrt tan tanh "
        "trunc".split()
    )
    RULES: ClassVar = RULES | STRICT_BOOLS

    def helper(self, name: str, kind: Attribute, where: Operation) -> str:
        if "float_of_bits" in self.HELPERS[name]:
            self._from_bits("0u")
        return super().helper(name, kind, where)

    def helper_text(self, result: str, name: str, arguments: list[tuple[str, str]], body: str) -> str:
        listed = ", ".join(f"{arg}: {kind}" for kind, arg in arguments)
        return f"fn {name}({listed}) -> {result} {{\n  {body}\n}}\n"

    def choose(self, condition: Expr, a: Expr, b: Expr) -> Expr:
        return Expr(f"select({b.text}, {a.text}, {condition.text})", loads=condition.loads or a.loads or b.loads)

    def shift(self, by: Expr) -> Expr:
        return self.cast("u32", by)

    def constant_of(self, kind: str, name: str, value: str) -> str:
        return f"let {name}: {kind} = {value};"

    def variable(self, kind: str, name: str, value: str | None = None) -> str:
        return f"var {name}: {kind};" if value is None else f"var {name}: {kind} = {value};"

    def counting(self, kind: str, name: str, lower: str, upper: str, step: str) -> str:
        return f"for (var {name}: {kind} = {lower}; {name} < {upper}; {name} += {step}) {{"

    def leave_unless(self, condition: str) -> str:
        return f"if (!{condition}) {{ break; }}"

    def unused(self, name: str) -> str:
        return f"_ = {name};"

    def signed_number(self, value: int, width: int) -> Expr:
        # -2147483648 is a minus before a number that is none of i32
        return Expr("i32(-2147483648)") if value == -(1 << 31) else number(value)

    def float_number(self, value: float, kind: str) -> Expr:
        return (
            super().float_number(value, kind)
            if kind == self.SINGLE
            else self.cast(kind, self.float_number(value, self.SINGLE))
        )

    def not_a_number(self, kind: str) -> Expr:
        return self._from_bits("0x7fc00000u")

    def infinity(self, kind: str, *, positive: bool) -> Expr:
        return self._from_bits("0x7f800000u" if positive else "0xff800000u")

    def _from_bits(self, bits: str) -> Expr:
        """A float that no constant expression may give (section 15.7.2): through a function."""
        name = "float_of_bits"
        self.used[name] = f"fn {name}(bits: u32) -> f32 {{\n  return bitcast<f32>(bits);\n}}\n"
        return Expr(f"{name}({bits})")
