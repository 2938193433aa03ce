"""Pools: a maximum or a mean over sliding windows.

%y = graph.max_pool %x {strides = [2, 2], kernel = [3, 3]} : (tensor<1x8x9x9xf32>) -> tensor<1x8x4x4xf32>
"""

from __future__ import annotations

import numpy as np
from xdsl.utils.exceptions import VerifyException

from .base import Array
from .fields import flag, ints
from .types import Tensor, element_type_of, shape_of, tensor
from .windowing import pad, windows
from .windows import WindowOp


class PoolOp(WindowOp):
    """What both pools share."""

    kernel = ints()
    ceil_mode = flag()

    def verify_op(self) -> None:
        super().verify_op()
        if len(self.kernel) != self.spatial_rank or min(self.kernel) < 1:
            raise VerifyException(f"kernel {list(self.kernel)} needs {self.spatial_rank} numbers of at least 1")

    @property
    def tap_axes(self) -> tuple[int, ...]:
        """The axes of `patches` along which a window's elements lie."""
        return tuple(range(2 + self.spatial_rank, 2 + 2 * self.spatial_rank))

    def infer_type(self) -> Tensor:
        spatial = self.window_sizes(self.kernel, ceil=self.ceil_mode)
        return tensor(self.arrange(shape_of(self.x)[0], self.channels, spatial), element_type_of(self.x))


class MaxPoolOp(PoolOp):
    """The largest element of each window; padding is never the largest. ONNX MaxPool."""

    name = "graph.max_pool"

    def fold(self, *arrays: Array) -> Array:
        x = self.channels_first(arrays[0])
        lowest = np.iinfo(x.dtype).min if x.dtype.kind in "iu" else -np.inf
        return self.channels_back(np.max(self.patches(x, self.kernel, lowest), axis=self.tap_axes))


class AvgPoolOp(PoolOp):
    """The mean of each window, over the elements inside x, or with `count_include_pad` over the padding's zeros too.

    What a last window has beyond the padding (`ceil_mode`) never counts. ONNX AveragePool.
    """

    name = "graph.avg_pool"
    count_include_pad = flag()

    def fold(self, *arrays: Array) -> Array:
        x = self.channels_first(arrays[0])
        inside = np.ones((1, 1, *x.shape[2:]), x.dtype)
        if self.count_include_pad:
            # the padding counts, but not what a last window has beyond it: that is filled with 0 below
            inside = pad(inside, self.low, self.high, 1)
            inside = self._unpadded_windows(inside)
        else:
            inside = self.patches(inside, self.kernel, 0)
        total = np.sum(self.patches(x, self.kernel, 0), axis=self.tap_axes)
        return self.channels_back(total / np.sum(inside, axis=self.tap_axes))

    def _unpadded_windows(self, padded: Array) -> Array:
        sizes = self.channels_first(np.empty(self.result_type.get_shape(), np.bool_)).shape[2:]
        needs = zip(sizes, self.kernel, self.strides, self.dilations, padded.shape[2:], strict=True)
        beyond = tuple(
            max(0, (n - 1) * stride + dilation * (taps - 1) + 1 - size) for n, taps, stride, dilation, size in needs
        )
        grown = pad(padded, (0,) * len(beyond), beyond, 0)
        return windows(grown, self.kernel, self.strides, self.dilations, sizes)


POOLING_OPS = [MaxPoolOp, AvgPoolOp]
