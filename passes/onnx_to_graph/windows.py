"""The window of a convolution or a pool: kernel, strides, dilations, and pads out of `auto_pad`.

SAME pads so that the result has ceil(in / stride) dims: total = (ceil(in / stride) - 1) * stride + reach - in, where
reach is the dilated kernel's length. Where `in` is unknown, it only matters modulo stride.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from stepwell.dialects import graph
from stepwell.dialects.graph.types import element_type_of, rank_of
from xdsl.ir import SSAValue

from .conversion import Node
from .emitter import shape


@dataclass(frozen=True)
class Window:
    kernel: list[int]
    strides: list[int]
    dilations: list[int]
    pads: list[int]
    auto_pad: str

    @classmethod
    def of(cls, node: Node, kernel: list[int]) -> Window:
        ones = [1] * len(kernel)
        auto_pad = node.text("auto_pad", "NOTSET")
        if auto_pad not in ("NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER"):
            raise node.unsupported(f"auto_pad '{auto_pad}' does not exist", "NOTSET, VALID, SAME_UPPER, SAME_LOWER do")
        pads = node.integers_of("pads", [0] * 2 * len(kernel)) if auto_pad == "NOTSET" else [0] * 2 * len(kernel)
        window = cls(kernel, node.integers_of("strides", ones), node.integers_of("dilations", ones), pads, auto_pad)
        if not len(kernel) == len(window.strides) == len(window.dilations) == len(pads) // 2:
            raise node.unsupported(
                f"kernel, strides, dilations and pads have {len(kernel)}, {len(window.strides)}, "
                f"{len(window.dilations)} and {len(pads)} numbers",
                "a kernel of n dims has n, n, n and 2n",
            )
        return window

    def reach(self, axis: int) -> int:
        """From the first to the last element that the window covers."""
        return (self.kernel[axis] - 1) * self.dilations[axis] + 1

    def same_pads(self, axis: int, size: int) -> tuple[int, int]:
        """(low, high) for a dim of `size`."""
        stride = self.strides[axis]
        total = max((-(-size // stride) - 1) * stride + self.reach(axis) - size, 0)
        small, big = total // 2, total - total // 2
        return (small, big) if self.auto_pad == "SAME_UPPER" else (big, small)

    def same_pads_of_any(self, axis: int) -> tuple[int, int] | None:
        """(low, high) that are right for every size: when low is the same for each remainder by the stride.

        The highest high will do for all: what the last window doesn't reach is never read.
        """
        pads = [self.same_pads(axis, size) for size in range(self.reach(axis), self.reach(axis) + self.strides[axis])]
        lows, highs = {low for low, _ in pads}, [high for _, high in pads]
        return (lows.pop(), max(highs)) if len(lows) == 1 else None


def explicit_pads(node: Node, x: SSAValue, window: Window, value: float) -> tuple[SSAValue, list[int]]:
    """`x` and its pads as [low..., high...]; where they hang on a symbolic dim, x padded with `value` and no pads."""
    if window.auto_pad in ("NOTSET", "VALID"):
        return x, window.pads
    spatial = len(window.kernel)
    sizes = shape(x)[rank_of(x) - spatial :]
    found = [
        window.same_pads_of_any(axis) if size is None else window.same_pads(axis, size)
        for axis, size in enumerate(sizes)
    ]
    pads = [pad for pad in found if pad is not None]
    if len(pads) == spatial:
        return x, [low for low, _ in pads] + [high for _, high in pads]
    return pad_at_run_time(node, x, window, value), [0] * 2 * spatial


def pad_at_run_time(node: Node, x: SSAValue, window: Window, value: float) -> SSAValue:
    """The formula of `same_pads` in graph ops on x's shape."""
    spatial, dims = len(window.kernel), rank_of(x)
    all_sizes = node.shape_of(x)
    sizes = node.slice(all_sizes, 0, dims - spatial, spatial)
    stride = node.integers(window.strides)
    reach = node.integers([window.reach(axis) for axis in range(spatial)])
    count = node.div(node.add(sizes, node.sub(stride, 1)), stride)
    total = node.maximum(node.sub(node.add(node.mul(node.sub(count, 1), stride), reach), sizes), 0)
    small = node.div(total, 2)
    big = node.sub(total, small)
    low, high = (small, big) if window.auto_pad == "SAME_UPPER" else (big, small)
    none = node.constant(np.zeros(dims - spatial, np.int64))
    pads = node(graph.ConcatOp(none, low, none, high, axis=0))
    return node(graph.DynamicPadOp(x, pads, node.scalar(value, element_type_of(x))))
