"""Round what matrix products and convolutions multiply to bfloat16, and keep their sums in f32.

    %y = graph.matmul %x, %w : (tensor<8x64xf32>, tensor<64x32xf32>) -> tensor<8x32xf32>     // %w: a constant
  becomes
    %x16 = graph.cast %x : (tensor<8x64xf32>) -> tensor<8x64xbf16>
    %w16 = graph.cast %w : (tensor<64x32xf32>) -> tensor<64x32xbf16>
    %y = graph.matmul %x16, %w16 {wide} : (tensor<8x64xbf16>, tensor<64x32xbf16>) -> tensor<8x32xf32>

`fold-constants` then rounds the weights, and `fuse` puts the cast of %x into the kernel that makes it, so that the
rounded tensor is what lies in memory between the two. A value that somebody else needs in f32 is stored twice.
A cast moves up through reshapes and transposes, which then move half the bytes.

Only products with constant weights are rounded: they are nearly all of the work of a network, and their weights can be
brought into pairs while compiling. A convolution must have an even number of input channels, at least 16, in one group:
a first layer's three channels, and the single ones of depthwise convolutions, make no pairs.
Every rounding is a `graph.cast` in the text; whatever else the model computes, it computes in f32.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from stepwell.context import Context
from stepwell.dialects.graph import CastOp, ConvOp, MatmulOp, ReshapeOp, TransposeOp, constant_owner
from stepwell.dialects.graph.types import element_type_of, shape_of
from stepwell.pass_manager import FunctionPass
from stepwell.rewriting import apply_patterns
from xdsl.dialects.builtin import BFloat16Type, Float32Type
from xdsl.dialects.func import FuncOp
from xdsl.ir import SSAValue
from xdsl.pattern_rewriter import PatternRewriter, RewritePattern, op_type_rewrite_pattern

LEAST_CHANNELS = 16
"""With fewer, an input element is rounded for too few products to gain from it."""


@dataclass(frozen=True)
class UseBf16(FunctionPass):
    name = "use-bf16"

    def apply_to(self, ctx: Context, func: FuncOp) -> None:
        apply_patterns(func, [RoundMatmul(), RoundConvolution(), CastBeforeReshape(), CastBeforeTranspose()])


def is_f32_weight(value: SSAValue) -> bool:
    return constant_owner(value) is not None and isinstance(element_type_of(value), Float32Type)


def rounded(value: SSAValue) -> CastOp:
    cast = CastOp(value, to=BFloat16Type())
    cast.result.name_hint = value.name_hint
    return cast


class RoundMatmul(RewritePattern):
    """a · w is about wide(bf16(a) · bf16(w)), for constant weights w."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: MatmulOp, rewriter: PatternRewriter, /) -> None:
        if not is_f32_weight(op.b) or shape_of(op.b)[-2] % 2:
            return
        a, w = rounded(op.a), rounded(op.b)
        rewriter.replace(op, [a, w, MatmulOp(a, w, wide=True)])


class RoundConvolution(RewritePattern):
    """conv(x, w) is about wide(conv(bf16(x), bf16(w))), for constant weights w of pairs of channels."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: ConvOp, rewriter: PatternRewriter, /) -> None:
        if not is_f32_weight(op.w) or op.groups > 1 or op.in_channels % 2 or op.in_channels < LEAST_CHANNELS:
            return
        x, w = rounded(op.x), rounded(op.w)
        bias = [op.bias] if op.bias is not None else []
        how: dict[str, Any] = {name: getattr(op, name) for name in op.fields}
        how["wide"] = True
        rewriter.replace(op, [x, w, ConvOp(x, w, *bias, **how)])


def narrows(op: CastOp) -> bool:
    """Whether a cast halves what has to be moved."""
    return isinstance(element_type_of(op.x), Float32Type) and isinstance(element_type_of(op.result), BFloat16Type)


class CastBeforeReshape(RewritePattern):
    """bf16(reshape(x)) is reshape(bf16(x)), if nobody else uses the reshape."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: CastOp, rewriter: PatternRewriter, /) -> None:
        before = op.x.owner
        if narrows(op) and isinstance(before, ReshapeOp) and before.result.has_one_use():
            cast = rounded(before.x)
            rewriter.replace(op, [cast, ReshapeOp(cast, shape=before.shape)])


class CastBeforeTranspose(RewritePattern):
    """bf16(transpose(x)) is transpose(bf16(x)), if nobody else uses the transpose."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: CastOp, rewriter: PatternRewriter, /) -> None:
        before = op.x.owner
        if narrows(op) and isinstance(before, TransposeOp) and before.result.has_one_use():
            cast = rounded(before.x)
            rewriter.replace(op, [cast, TransposeOp(cast, perm=before.perm)])
