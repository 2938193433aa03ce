"""Make the padding of a window an op of its own, which whoever makes the padded tensor can provide for nothing.

    %y = graph.conv %x, %w {pads = [1, 1, 1, 1], layout = nhwc} : ...
  becomes
    %p = graph.pad %x {low = [0, 1, 1, 0], high = [0, 1, 1, 0]} : (tensor<1x8x8x4xf32>) -> tensor<1x10x10x4xf32>
    %y = graph.conv %p, %w {layout = nhwc} : ...

Inside of a convolution's kernel a padded input is a copy of the whole input. A pad that stands in @main is a place:
`bufferize` lets the kernel that computes %x write into the inside of %p's buffer, and only the border is filled.

A convolution is padded with zeros, an average whose divisor counts the padding too; a maximum with the lowest number.
At the end there is as much padding as the last windows see: none for a window of 3 with stride 2 and pads of 1 over 8
elements; for a maximum with `ceil_mode`, and for Winograd's whole tiles, perhaps more than before. An average that must
know what is padding, and pads that are negative, stay as they are.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from stepwell.context import Context
from stepwell.dialects.graph import AvgPoolOp, ConvOp, MaxPoolOp, PadOp, WinogradConvOp
from stepwell.dialects.graph.types import Value, dtype_of, element_type_of, is_static, shape_of
from stepwell.pass_manager import FunctionPass
from stepwell.rewriting import apply_patterns
from xdsl.dialects.func import FuncOp
from xdsl.ir import Operation
from xdsl.pattern_rewriter import PatternRewriter, RewritePattern, op_type_rewrite_pattern


@dataclass(frozen=True)
class SeparatePads(FunctionPass):
    name = "separate-pads"

    def apply_to(self, ctx: Context, func: FuncOp) -> None:
        apply_patterns(func, [PadConv(), PadWinogradConv(), PadMaxPool(), PadAvgPool()])


def separated(op: ConvOp | MaxPoolOp | AvgPoolOp, value: float) -> tuple[Operation, ...]:
    """The padding of x by `value`, as far as windows see it, and `op` on it; nothing where there is no padding."""
    if not is_static(op.x) or not is_static(op.result) or min(op.pads) < 0:
        return ()
    shape = shape_of(op.result)
    counts = shape[2:] if op.layout == "nchw" else shape[1:-1]
    windows = zip(counts, op.strides, op.kernel, op.dilations, op.spatial, op.low, strict=True)
    high = [
        max(0, (count - 1) * stride + dilation * (taps - 1) + 1 - size - before)
        for count, stride, taps, dilation, size, before in windows
    ]
    if not any((*op.low, *high)):
        return ()
    pad = PadOp(op.x, low=op.arrange(0, 0, op.low), high=op.arrange(0, 0, tuple(high)), value=value)
    unpadded = op.clone()
    unpadded.operands[0] = pad.result
    unpadded.pads = (0,) * len(op.pads)
    return pad, unpadded


class PadConv(RewritePattern):
    """conv(x) with pads is conv(pad(x, 0))."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: ConvOp, rewriter: PatternRewriter, /) -> None:
        if ops := separated(op, 0.0):
            rewriter.replace(op, ops)


class PadWinogradConv(RewritePattern):
    """winograd_conv(x) with pads is winograd_conv(pad(x, 0)), whose last tiles are whole too."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: WinogradConvOp, rewriter: PatternRewriter, /) -> None:
        low, high = op.pads[:2], op.slack
        if not is_static(op.x) or not any((*low, *high)):
            return
        pad = PadOp(op.x, low=(0, *low, 0), high=(0, *high, 0))
        unpadded = op.clone()
        unpadded.operands[0] = pad.result
        ends = (had - has for had, has in zip(op.pads[2:], high, strict=True))
        unpadded.pads = (0, 0, *ends)
        rewriter.replace(op, [pad, unpadded])


class PadMaxPool(RewritePattern):
    """max_pool(x) with pads is max_pool(pad(x, lowest)); its last windows fit then, in `ceil_mode` too."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: MaxPoolOp, rewriter: PatternRewriter, /) -> None:
        if ops := separated(op, lowest(op.x)):
            ops[1].properties.pop("ceil_mode", None)
            rewriter.replace(op, ops)


class PadAvgPool(RewritePattern):
    """avg_pool(x) that counts its pads is avg_pool(pad(x, 0)), where no window reaches beyond them."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: AvgPoolOp, rewriter: PatternRewriter, /) -> None:
        if op.count_include_pad and not op.ceil_mode and (ops := separated(op, 0.0)):
            rewriter.replace(op, ops)


def lowest(x: Value) -> float:
    """The number that no element is below; a double holds those of all integer types exactly."""
    dtype = dtype_of(element_type_of(x))
    return float(np.iinfo(dtype).min) if dtype.kind in "iu" else -np.inf
