"""Compute products of quantized numbers in integers.

    %a = graph.dequantize %x, %xs, %xz : (tensor<8x64xui8>, tensor<f32>, tensor<ui8>) -> tensor<8x64xf32>
    %b = graph.dequantize %w, %ws : (tensor<64x32xi8>, tensor<32xf32>) -> tensor<64x32xf32>
    %y = graph.matmul %a, %b : (tensor<8x64xf32>, tensor<64x32xf32>) -> tensor<8x32xf32>
  becomes
    %p = graph.matmul %x, %w {wide} : (tensor<8x64xui8>, tensor<64x32xi8>) -> tensor<8x32xi32>
    %i = graph.sub %p, (%xz * the sums of %w's columns)
    %y = graph.mul (graph.cast %i), (%xs * %ws) : (tensor<8x32xf32>, tensor<32xf32>) -> tensor<8x32xf32>

and likewise for convolutions. The integers are exact, where sums of f32 were rounded. What follows, a bias and the
quantization of the result, stays real arithmetic on what is in registers anyway; where all is known, its division by
the result's scale goes into the factor before (`ScaleEarlier`).

Whatever only moves bytes (a reshape, a transpose, a maximum of windows) moves them as bytes, if it is asked for numbers
of one scale on both sides. Bytes between a quantization and dequantizations lose their sign, since the left factor of a
product wants none. This comes before `fold-constants`, which would make real numbers of quantized weights.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from stepwell.context import Context
from stepwell.dialects import graph
from stepwell.dialects.graph import widens_bytes
from stepwell.dialects.graph.types import dtype_of, element_type_of, is_static, rank_of, shape_of, tensor
from stepwell.pass_manager import FunctionPass
from stepwell.passes.onnx_to_graph.emitter import Emitter
from stepwell.rewriting import apply_patterns
from xdsl.dialects.builtin import f32, f64, i32
from xdsl.dialects.func import FuncOp
from xdsl.ir import Operation, SSAValue
from xdsl.pattern_rewriter import PatternRewriter, RewritePattern, op_type_rewrite_pattern

from .fold_constants import fold_op
from .integer_products import (
    HALF,
    INT8,
    array_in,
    can_convolve,
    can_multiply,
    factor_of,
    integer_conv,
    integer_matmul,
)

MOVES = (graph.ReshapeOp, graph.TransposeOp, graph.SliceOp, graph.MaxPoolOp)
"""Ops that give elements of their operand, whatever these stand for, as long as a larger byte is a larger number."""

ON_THE_WAY = (graph.QuantizeOp, graph.TransposeOp, graph.ReshapeOp)
"""What may stand between a constant and the weight of a product..."""

LARGEST = 1 << 30
"""...and how many bytes of such a weight are computed while compiling. Scales and the like must not grow."""


@dataclass(frozen=True)
class FuseQdq(FunctionPass):
    name = "fuse-qdq"

    def apply_to(self, ctx: Context, func: FuncOp) -> None:
        if not any(map(widens_bytes, func.walk())):
            return
        apply_patterns(func, [TransposeBytes(), MoveBytes(ctx), DropSign(ctx)])
        for op in list(func.walk()):
            if isinstance(op, graph.GraphOp) and not widens_bytes(op):
                fold_op(ctx, op, LARGEST if isinstance(op, ON_THE_WAY) else 0)
        apply_patterns(func, [IntegerMatmul(ctx), IntegerConv(ctx)])
        apply_patterns(func, [ScaleEarlier(ctx)])


@dataclass
class WithConstants(RewritePattern):
    """What patterns share that look at constants and make some."""

    ctx: Context

    def emitter(self, op: Operation) -> Emitter:
        return Emitter(self.ctx, op, op.location)


class TransposeBytes(RewritePattern):
    """transpose(dequantize(x, s, z)) is dequantize(transpose(x), transpose(s), transpose(z))."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: graph.TransposeOp, rewriter: PatternRewriter, /) -> None:
        before = op.x.owner
        if not isinstance(before, graph.DequantizeOp) or not is_static(op.x):
            return
        made: list[Operation] = [x := graph.TransposeOp(before.x, perm=op.perm)]
        parameters: list[Operation | SSAValue] = []
        for value in (before.scale, before.zero):
            if value is None or rank_of(value) == 0:
                parameters += [] if value is None else [value]
                continue
            whole = (1,) * (rank_of(op.x) - rank_of(value)) + shape_of(value)
            wide = graph.ReshapeOp(value, result_type=tensor(whole, element_type_of(value)))
            made += [wide, turned := graph.TransposeOp(wide, perm=op.perm)]
            parameters.append(turned)
        rewriter.replace(op, [*made, graph.DequantizeOp(x, *parameters)])


def same(emit: Emitter, a: SSAValue | None, b: SSAValue | None) -> bool:
    """Whether two scales or zero points are one number, known to be it."""
    if a is b:
        return a is None or rank_of(a) == 0
    x, y = (None if value is None else array_in(emit, value) for value in (a, b))
    return x is not None and y is not None and x.size == y.size == 1 and x.dtype == y.dtype and bool(np.all(x == y))


class MoveBytes(WithConstants):
    """quantize(move(dequantize(x, s, z)), s, z) is move(x)."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: graph.QuantizeOp, rewriter: PatternRewriter, /) -> None:
        move = op.x.owner
        if not isinstance(move, MOVES):
            return
        source, emit = move.operands[0].owner, self.emitter(op)
        if not isinstance(source, graph.DequantizeOp) or element_type_of(source.x) != element_type_of(op.result):
            return
        if not same(emit, source.scale, op.scale) or not same(emit, source.zero, op.zero):
            return
        how: dict[str, Any] = {name: getattr(move, name) for name in move.fields}
        rewriter.replace(op, type(move)(source.x, result_type=op.result.type, **how))


class DropSign(WithConstants):
    """dequantize(quantize(x, s, z), s', z') of i8 is dequantize(quantize(x, s, z + 128), s', z' + 128) of ui8, if
    nobody else reads the bytes and the zero points are known."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: graph.QuantizeOp, rewriter: PatternRewriter, /) -> None:
        users, emit = [use.operation for use in op.result.uses], self.emitter(op)
        if element_type_of(op.result) != INT8 or graph.constant_owner(op.x) is not None:
            return
        if not users or not all(isinstance(user, graph.DequantizeOp) and user.x is op.result for user in users):
            return
        ops = [op, *(user for user in users if isinstance(user, graph.DequantizeOp))]
        zeros = [np.zeros((), np.int8) if o.zero is None else array_in(emit, o.zero) for o in ops]
        known = [(zero.astype(np.int16) + HALF).astype(np.uint8) for zero in zeros if zero is not None]
        if len(known) < len(ops):
            return
        first, *others = (emit.constant(zero) for zero in known)
        bytes_ = emit(graph.QuantizeOp(op.x, op.scale, first))
        bytes_.name_hint = op.result.name_hint
        for user, zero in zip(ops[1:], others, strict=True):
            assert isinstance(user, graph.DequantizeOp)
            rewriter.replace(user, graph.DequantizeOp(bytes_, user.scale, zero))
        rewriter.erase(op)


class IntegerMatmul(WithConstants):
    """dequantize(a) times dequantize(b) is the integers' product times both scales."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: graph.MatmulOp, rewriter: PatternRewriter, /) -> None:
        a, b = factor_of(op.a), factor_of(op.b)
        if a is None or b is None or not can_multiply(a, b):
            return
        emit = self.emitter(op)
        total = integer_matmul(emit, a, b)
        if a.scale is not None and b.scale is not None:
            total = real(emit, total, a.scale, b.scale)
        rewriter.replace(op, (), (total,))


def real(emit: Emitter, total: SSAValue, a: SSAValue, b: SSAValue) -> SSAValue:
    """The sums as real numbers: times the product of both scales, which f16 could not hold."""
    own = element_type_of(a)
    wide = own if own == f64 else f32
    x, y = array_in(emit, a), array_in(emit, b)
    if x is None or y is None:
        scale = emit.mul(emit.cast(a, wide), emit.cast(b, wide))
    else:
        scale = emit.constant(np.asarray(x.astype(dtype_of(wide)) * y.astype(dtype_of(wide))), "scales")
    return emit.cast(emit.mul(emit.cast(total, wide), scale), own)


class IntegerConv(WithConstants):
    """A convolution of dequantized bytes is one of bytes, times both scales, plus the bias."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: graph.ConvOp, rewriter: PatternRewriter, /) -> None:
        x, w, emit = factor_of(op.x), factor_of(op.w), self.emitter(op)
        if x is None or w is None or not can_convolve(emit, op, x, w):
            return
        total = integer_conv(emit, op, x, w)
        if x.scale is not None and w.scale is not None:
            total = real(emit, total, emit.reshape(x.scale, []), along_channels(emit, w.scale, rank_of(op.x)))
        if op.bias is not None:
            total = emit.add(total, along_channels(emit, op.bias, rank_of(op.x)))
        rewriter.replace(op, (), (total,))


def along_channels(emit: Emitter, value: SSAValue, rank: int) -> SSAValue:
    """One number a channel as [C, 1, ...], which broadcasts along axis 1; of one number a scalar."""
    size = np.prod(shape_of(value), dtype=int)
    shape = () if size == 1 else (int(size), *[1] * (rank - 2))
    known = array_in(emit, value)
    return emit.reshape(value, shape) if known is None else emit.constant(known.reshape(shape), value.name_hint or "c")


class ScaleEarlier(WithConstants):
    """quantize(x * a + b, s) is quantize(x * (a / s) + b / s, 1), of known numbers; relu may stand between."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: graph.QuantizeOp, rewriter: PatternRewriter, /) -> None:
        emit = self.emitter(op)
        scale, chain = array_in(emit, op.scale), list(back(op.x))
        if scale is None or scale.size != 1 or scale == 1 or not np.all(scale > 0) or not chain:
            return
        scaled, *after = reversed(chain)
        if not isinstance(scaled, graph.MulOp) or not is_sum(scaled.a):
            return
        numbers = [array_in(emit, o.b) for o in (scaled, *after) if isinstance(o, graph.MulOp | graph.AddOp)]
        if any(number is None for number in numbers):
            return
        dtype = dtype_of(element_type_of(op.x))
        divided = iter([(n.astype(np.float64) / scale).astype(dtype) for n in numbers if n is not None])
        value = emit.mul(scaled.a, emit.constant(next(divided), "scales"))
        for o in after:
            value = (
                emit.relu(value)
                if isinstance(o, graph.ReluOp)
                else emit.add(value, emit.constant(next(divided), "bias"))
            )
        one = emit.constant(np.ones((), dtype))
        rewriter.replace(op, graph.QuantizeOp(value, one, op.zero, result_type=op.result.type))


def back(value: SSAValue) -> Iterator[Operation]:
    """The multiplication by scales that `value` comes from, after the additions and relus between; last first."""
    while value.has_one_use() and isinstance(op := value.owner, graph.MulOp | graph.AddOp | graph.ReluOp):
        yield op
        if isinstance(op, graph.MulOp):
            return
        value = op.operands[0]


def is_sum(value: SSAValue) -> bool:
    """Whether `value` is a sum of products of bytes: only such are scaled by what `IntegerConv` has just made."""
    return isinstance(op := value.owner, graph.CastOp) and element_type_of(op.x) == i32
