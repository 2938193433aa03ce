"""Windows that slide over the spatial dims of convolutions and pools: layouts, padding, output sizes.

Attributes list one number a spatial dim; `pads` lists all the low ends, then all the high ends. `nchw` means
[N, C, spatial...], `nhwc` [N, spatial..., C], whatever the number of spatial dims.
"""

from __future__ import annotations

import numpy as np
from xdsl.utils.exceptions import VerifyException

from .base import Array, GraphOp, as_type
from .fields import Operand, ints, word
from .types import DYNAMIC, Shape, known, shape_of
from .windowing import pad, windows

LAYOUTS = ("nchw", "nhwc")


class WindowOp(GraphOp):
    """What convolutions and pools share."""

    x = Operand()
    strides = ints(lambda op: (1,) * op.spatial_rank)
    pads = ints(lambda op: (0, 0) * op.spatial_rank)
    dilations = ints(lambda op: (1,) * op.spatial_rank)
    layout = word(*LAYOUTS, default="nchw")

    @property
    def spatial_rank(self) -> int:
        return len(shape_of(self.x)) - 2

    @property
    def low(self) -> Shape:
        """Elements of padding before the first, a spatial dim each."""
        return self.pads[: self.spatial_rank]

    @property
    def high(self) -> Shape:
        """Elements of padding after the last, a spatial dim each."""
        return self.pads[self.spatial_rank :]

    @property
    def spatial(self) -> Shape:
        """The sizes of x's spatial dims."""
        shape = shape_of(self.x)
        return shape[2:] if self.layout == "nchw" else shape[1:-1]

    @property
    def channels(self) -> int:
        return shape_of(self.x)[self.channel_axis]

    @property
    def channel_axis(self) -> int:
        return 1 if self.layout == "nchw" else len(shape_of(self.x)) - 1

    def arrange(self, batch: int, channels: int, spatial: Shape) -> Shape:
        """A shape in this op's layout."""
        return (batch, channels, *spatial) if self.layout == "nchw" else (batch, *spatial, channels)

    def channels_first(self, array: Array) -> Array:
        """x or a result, brought from this op's layout."""
        return array if self.layout == "nchw" else np.moveaxis(array, -1, 1)

    def channels_back(self, array: Array) -> Array:
        """A result, brought into this op's layout and type."""
        return as_type(array if self.layout == "nchw" else np.moveaxis(array, 1, -1), self.result_type)

    def patches(self, x: Array, kernel: Shape, fill: float | int) -> Array:
        """The windows over channels-first `x`, with `fill` in the padding: [N, C, output position..., tap...]."""
        result = self.result_type.get_shape()
        sizes = result[2:] if self.layout == "nchw" else result[1:-1]
        needs = zip(sizes, kernel, self.strides, self.dilations, x.shape[2:], self.low, self.high, strict=True)
        high = tuple(
            max(b, (n - 1) * stride + dilation * (taps - 1) + 1 - size - a)
            for n, taps, stride, dilation, size, a, b in needs
        )
        return windows(pad(x, self.low, high, fill), kernel, self.strides, self.dilations, sizes)

    def verify_op(self) -> None:
        rank = self.spatial_rank
        if not 1 <= rank <= 3:
            raise VerifyException(f"takes 1 to 3 spatial dims, but x has rank {rank + 2}")
        for name, least, length in (("strides", 1, rank), ("dilations", 1, rank), ("pads", None, 2 * rank)):
            values: Shape = getattr(self, name)
            if len(values) != length:
                raise VerifyException(f"{name} has {len(values)} numbers; {rank} spatial dims need {length}")
            if least is not None and min(values) < least:
                raise VerifyException(f"{name} must be at least {least}, but is {list(values)}")

    def window_sizes(self, kernel: Shape, *, ceil: bool = False) -> Shape:
        """How many windows fit along each spatial dim."""
        sizes: list[int] = []
        numbers = (self.spatial, kernel, self.strides, self.low, self.high, self.dilations)
        for size, taps, stride, low, high, dilation in zip(*numbers, strict=True):
            if not known(size, taps):
                sizes.append(DYNAMIC)
                continue
            room = size + low + high - (dilation * (taps - 1) + 1)
            if room < 0:
                raise VerifyException(
                    f"a window of {taps} (dilation {dilation}) does not fit into {size} + {low} + {high} of padding"
                )
            windows = (room + stride - 1) // stride + 1 if ceil else room // stride + 1
            if ceil and (windows - 1) * stride >= size + low:
                windows -= 1  # a window that starts in the padding at the end sees nothing
            sizes.append(windows)
        return tuple(sizes)
