"""Taps of a convolution that meet nothing but padding are no work: they go, and the padding for them."""

from __future__ import annotations

from stepwell.dialects.graph.convolution import ConvOp
from stepwell.dialects.graph.movement import SliceOp
from stepwell.dialects.graph.types import Shape, is_static, shape_of
from xdsl.pattern_rewriter import PatternRewriter, RewritePattern, op_type_rewrite_pattern


class DropTapsInPadding(RewritePattern):
    """conv(x, w) is conv(x, w[first : last + 1]) where only these taps ever meet x, with as much less padding.

    A window of 5 over 2 rows with pads of 2: its first tap and its last see padding wherever it stands.
    """

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: ConvOp, rewriter: PatternRewriter, /) -> None:
        if not is_static(op.x) or not is_static(op.w) or not is_static(op.result) or not any(op.pads):
            return
        ranges = [taps_that_meet(op, dim) for dim in range(op.spatial_rank)]
        starts, sizes = tuple(a for a, _ in ranges), tuple(b - a for a, b in ranges)
        if sizes == op.kernel:
            return
        spatial = zip(op.low, starts, op.dilations, strict=True)
        low = tuple(pad - start * dilation for pad, start, dilation in spatial)
        ends = zip(op.high, op.kernel, ranges, op.dilations, strict=True)
        high = tuple(pad - (taps - end) * dilation for pad, taps, (_, end), dilation in ends)
        if min(*low, *high) < 0:
            return
        whole, k = shape_of(op.w), len(sizes)
        begin, size = ((0, 0, *starts), (*whole[:2], *sizes))
        if op.layout == "nhwc":
            begin, size = ((*starts, 0, 0), (*sizes, *whole[k:]))
        w = SliceOp(op.w, starts=begin, sizes=size)
        w.result.name_hint = op.w.name_hint
        smaller = op.clone()
        smaller.operands[1] = w.result
        smaller.pads = (*low, *high)
        rewriter.replace(op, [w, smaller])


def taps_that_meet(op: ConvOp, dim: int) -> Shape:
    """(first, behind the last) of the taps in this dim that meet x at some output; all where none does."""
    taps, count = op.kernel[dim], (shape_of(op.result)[2:] if op.layout == "nchw" else shape_of(op.result)[1:-1])[dim]
    starts = (tap * op.dilations[dim] - op.low[dim] for tap in range(taps))
    meet = [tap for tap, at in enumerate(starts) if meets(at, op.strides[dim], count, op.spatial[dim])]
    return (meet[0], meet[-1] + 1) if meet else (0, taps)


def meets(start: int, stride: int, count: int, size: int) -> bool:
    """Whether one of `count` places, `stride` apart from `start` on, is in 0 .. size. Padding may give trillions."""
    first = max(0, -(start // stride))  # the first that is not before 0
    return first < count and start + first * stride < size


CONVOLUTION_PATTERNS: tuple[RewritePattern, ...] = (DropTapsInPadding(),)
