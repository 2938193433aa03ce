"""Batch normalization at inference is a multiplication and an addition a channel: fold them into the weights before.

    %c = graph.conv %x, %w : ...
    %y = graph.batch_norm %c, %scale, %bias, %mean, %var
  becomes, with a = scale / sqrt(var + epsilon),
    %y = graph.conv %x, (%w * a), (%bias - %mean * a) : ...

So it is for `conv`, `conv_transpose` and `matmul` (also with an addition of its bias between) whose weights are
constants and whose result nobody else uses. Elsewhere what remains is a `mul` and an `add` with constants a channel.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from stepwell.context import Context
from stepwell.dialects.graph import (
    AddOp,
    BatchNormOp,
    ConvolutionOp,
    ConvOp,
    ConvTransposeOp,
    DivOp,
    MatmulOp,
    MulOp,
    ReshapeOp,
    SqrtOp,
    SubOp,
    constant,
    constant_array,
)
from stepwell.dialects.graph.base import Array, GraphOp
from stepwell.dialects.graph.types import dtype_of, element_type_of, rank_of, shape_of
from stepwell.pass_manager import FunctionPass
from stepwell.rewriting import apply_patterns
from xdsl.dialects.func import FuncOp
from xdsl.ir import Operation, SSAValue
from xdsl.pattern_rewriter import PatternRewriter, RewritePattern, op_type_rewrite_pattern


@dataclass(frozen=True)
class FoldBatchNorm(FunctionPass):
    name = "fold-batch-norm"

    def apply_to(self, ctx: Context, func: FuncOp) -> None:
        apply_patterns(func, [IntoConvolution(ctx), IntoMatmul(ctx), IntoMulAdd(ctx), IntoArithmetic(ctx)])


def factors(ctx: Context, op: BatchNormOp) -> tuple[Array, Array] | None:
    """(a, b) of batch_norm(x) = a * x + b a channel, where its parameters are constants; in float64, once."""
    parameters = [constant_array(ctx, value) for value in op.operands[1:]]
    known = [array.astype(np.float64) for array in parameters if array is not None]
    if len(known) < len(parameters):
        return None
    scale, bias, mean, var = known
    a = scale / np.sqrt(var + op.epsilon)
    return a, bias - mean * a


def attributes_of(op: GraphOp) -> dict[str, Any]:
    return {name: getattr(op, name) for name in op.fields}


@dataclass
class Fold(RewritePattern):
    """What the patterns share: constants of the element type that x has."""

    ctx: Context

    def like(self, value: SSAValue, array: Array, hint: str) -> Operation:
        made = constant(self.ctx, array.astype(dtype_of(element_type_of(value))), hint)
        made.result.name_hint = hint
        return made


class IntoConvolution(Fold):
    """batch_norm(conv(x, w, c)) is conv(x, w * a, c * a + b), if nobody else uses the convolution."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: BatchNormOp, rewriter: PatternRewriter, /) -> None:
        conv, ab = op.x.owner, factors(self.ctx, op)
        if ab is None or not isinstance(conv, ConvolutionOp) or not conv.result.has_one_use():
            return
        weight = constant_array(self.ctx, conv.w)
        bias = np.zeros(conv.out_channels) if conv.bias is None else constant_array(self.ctx, conv.bias)
        if weight is None or bias is None or conv.layout != op.layout:
            return
        a, b = ab
        new_weight = self.like(op.x, scaled(conv, weight, a), hint_of(conv.w))
        new_bias = self.like(op.x, bias * a + b, hint_of(conv.bias, op.bias))
        new = type(conv)(conv.x, new_weight, new_bias, result_type=op.result.type, **attributes_of(conv))
        rewriter.replace(op, [new_weight, new_bias, new])


def hint_of(*values: SSAValue | None) -> str:
    """A key of the weights table for what comes in the place of the first of `values` that has a name."""
    return next((value.name_hint for value in values if value is not None and value.name_hint), "folded")


def scaled(conv: ConvolutionOp, weight: Array, a: Array) -> Array:
    """The weight with its output channels multiplied by `a`."""
    spatial = conv.spatial_rank
    if isinstance(conv, ConvOp):
        return weight * (a.reshape(-1, *[1] * (spatial + 1)) if conv.layout == "nchw" else a)
    assert isinstance(conv, ConvTransposeOp)
    # group g turns the input channels [g * I/G, ...) into the output channels [g * O/G, ...)
    inputs, groups = conv.in_channels, conv.groups
    by_group = np.repeat(a.reshape(groups, -1), inputs // groups, axis=0)  # [I, O/G]
    return weight * (by_group.reshape(*by_group.shape, *[1] * spatial) if conv.layout == "nchw" else by_group)


class IntoMatmul(Fold):
    """batch_norm(x @ w + c) is x @ (w * a) + (c * a + b), if nobody else uses the product or the sum."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: BatchNormOp, rewriter: PatternRewriter, /) -> None:
        ab, rank = factors(self.ctx, op), rank_of(op.x)
        if ab is None or op.channel_axis != rank - 1 or not op.x.has_one_use():
            return
        product, offset = op.x.owner, np.zeros(1)
        if isinstance(product, AddOp):
            added = constant_array(self.ctx, product.b)
            if added is None or added.ndim > 1:
                return
            product, offset = product.a.owner, added
        if not isinstance(product, MatmulOp) or not product.result.has_one_use():
            return
        if (weight := constant_array(self.ctx, product.b)) is None:
            return
        a, b = ab
        new_weight = self.like(op.x, weight * a, hint_of(product.b))
        new_bias = self.like(op.x, offset * a + b, hint_of(op.bias))
        new = MatmulOp(product.a, new_weight)
        rewriter.replace(op, [new_weight, new_bias, new, AddOp(new, new_bias)])


def along_channels(op: BatchNormOp) -> tuple[int, ...]:
    """The shape in which [C] broadcasts along the channels of x."""
    return (shape_of(op.scale)[0], *[1] * (rank_of(op.x) - 1 - op.channel_axis))


class IntoMulAdd(Fold):
    """batch_norm(x) is x * a + b with constants."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: BatchNormOp, rewriter: PatternRewriter, /) -> None:
        if (ab := factors(self.ctx, op)) is None:
            return
        a, b = (array.reshape(along_channels(op)) for array in ab)
        factor, summand = self.like(op.x, a, hint_of(op.scale)), self.like(op.x, b, hint_of(op.bias))
        product = MulOp(op.x, factor)
        rewriter.replace(op, [factor, summand, product, AddOp(product, summand)])


class IntoArithmetic(Fold):
    """batch_norm(x) is (x - mean) * (scale / sqrt(var + epsilon)) + bias, where a parameter is no constant."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: BatchNormOp, rewriter: PatternRewriter, /) -> None:
        if factors(self.ctx, op) is not None:
            return
        scale, bias, mean, var = (ReshapeOp(value, shape=along_channels(op)) for value in op.operands[1:])
        epsilon = self.like(op.var, np.array(op.epsilon), "epsilon")
        total = AddOp(var, epsilon)
        root = SqrtOp(total)
        factor = DivOp(scale, root)
        centered = SubOp(op.x, mean)
        product = MulOp(centered, factor)
        new: list[Operation] = [scale, bias, mean, var, epsilon, total, root, factor, centered, product]
        rewriter.replace(op, [*new, AddOp(product, bias)])
