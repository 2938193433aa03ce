"""Convolutions of 1 to 3 spatial dims, in two layouts.

    %y = graph.conv %x, %w, %b {strides = [2, 2], pads = [1, 1, 1, 1]}
        : (tensor<1x3x8x8xf32>, tensor<16x3x3x3xf32>, tensor<16xf32>) -> tensor<1x16x4x4xf32>

| | x | weight of conv | weight of conv_transpose |
|---|---|---|---|
| nchw | [N, C, spatial...] | [O, I/groups, k...] | [I, O/groups, k...] |
| nhwc | [N, spatial..., C] | [k..., I/groups, O] | [k..., I, O/groups] |

`wide`: the result keeps the type in which products are summed, f32 of 16-bit floats, i32 of bytes, which may be signed
or not; so does the bias.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from xdsl.utils.exceptions import VerifyException

from .base import Array, summable
from .fields import Operand, OptionalOperand, flag, integer, ints
from .types import (
    DYNAMIC,
    Shape,
    Tensor,
    can_multiply,
    element_type_of,
    known,
    same_dim,
    say,
    shape_of,
    sum_type,
    tensor,
)
from .windowing import convolve, convolve_transposed, pad
from .windows import WindowOp


class ConvolutionOp(WindowOp):
    """What both directions share: a weight, perhaps a bias of one number an output channel, groups."""

    w = Operand()
    bias = OptionalOperand()
    groups = integer(1)
    wide = flag()

    @property
    def kernel(self) -> Shape:
        """The weight's spatial sizes."""
        shape = shape_of(self.w)
        return shape[2:] if self.layout == "nchw" else shape[:-2]

    @property
    def weight_channels(self) -> tuple[int, int]:
        """The weight's two channel dims, in the order in which it has them."""
        shape = shape_of(self.w)
        return (shape[0], shape[1]) if self.layout == "nchw" else (shape[-2], shape[-1])

    @property
    def out_channels(self) -> int:
        raise NotImplementedError

    @property
    def in_channels(self) -> int:
        """The input channels that the weight is made for."""
        raise NotImplementedError

    @staticmethod
    def add_bias(y: Array, bias: Sequence[Array]) -> Array:
        """Channels-first `y` plus the bias, if there is one."""
        return y + bias[0].reshape(-1, *(1,) * (y.ndim - 2)) if bias else y

    def verify_op(self) -> None:
        super().verify_op()
        x, w = shape_of(self.x), shape_of(self.w)
        if len(w) != len(x):
            raise VerifyException(f"x has rank {len(x)}, but the weight {len(w)} ({say(w)}); they must be equal")
        if not can_multiply(self.x, self.w, wide=self.wide):
            raise VerifyException(f"x is of {element_type_of(self.x)}, but the weight of {element_type_of(self.w)}")
        if self.groups < 1:
            raise VerifyException(f"groups must be at least 1, but is {self.groups}")
        if known(self.out_channels) and self.out_channels % self.groups:
            raise VerifyException(f"{self.out_channels} output channels do not divide into {self.groups} groups")
        if not same_dim(self.channels, self.in_channels):
            raise VerifyException(
                f"x ({say(x)}, {self.layout}) has {self.channels} channels, but the weight ({say(w)}) with "
                f"groups = {self.groups} is made for {self.in_channels}"
            )
        if (bias := self.bias) is not None:
            shape = shape_of(bias)
            if len(shape) != 1 or not same_dim(shape[0], self.out_channels):
                raise VerifyException(f"the bias is {say(shape)}; {self.out_channels} output channels need as many")


class ConvOp(ConvolutionOp):
    """Cross-correlation: y[o] = bias[o] + sum over input channels and taps of w * x. ONNX Conv."""

    name = "graph.conv"

    @property
    def out_channels(self) -> int:
        first, second = self.weight_channels
        return first if self.layout == "nchw" else second

    @property
    def in_channels(self) -> int:
        first, second = self.weight_channels
        per_group = second if self.layout == "nchw" else first
        return per_group * self.groups if known(per_group) else DYNAMIC

    def infer_type(self) -> Tensor:
        batch = shape_of(self.x)[0]
        shape = self.arrange(batch, self.out_channels, self.window_sizes(self.kernel))
        return tensor(shape, sum_type(self.x, wide=self.wide))

    def fold(self, *arrays: Array) -> Array:
        x, w, *bias = (summable(array, self.wide) for array in arrays)
        if self.layout == "nhwc":
            w = np.moveaxis(w, (-1, -2), (0, 1))
        y = convolve(self.patches(self.channels_first(x), self.kernel, 0), w, self.groups)
        return self.channels_back(self.add_bias(y, bias))


class ConvTransposeOp(ConvolutionOp):
    """The gradient of a convolution: each input element adds a weighted window to the output. ONNX ConvTranspose.

    A spatial size is `(size - 1) * stride + output_padding + dilation * (taps - 1) + 1 - low - high`.
    """

    name = "graph.conv_transpose"
    output_padding = ints(lambda op: (0,) * op.spatial_rank)

    @property
    def out_channels(self) -> int:
        second = self.weight_channels[1]
        return second * self.groups if known(second) else DYNAMIC

    @property
    def in_channels(self) -> int:
        return self.weight_channels[0]

    def verify_op(self) -> None:
        super().verify_op()
        if len(self.output_padding) != self.spatial_rank:
            raise VerifyException(f"output_padding {list(self.output_padding)} needs {self.spatial_rank} numbers")

    def infer_type(self) -> Tensor:
        spatial: list[int] = []
        numbers = (self.spatial, self.kernel, self.strides, self.low, self.high, self.dilations, self.output_padding)
        for size, taps, stride, low, high, dilation, extra in zip(*numbers, strict=True):
            full = (size - 1) * stride + extra + dilation * (taps - 1) + 1 - low - high
            if known(size, taps) and full < 0:
                raise VerifyException(f"pads {low} and {high} cut away all of the output")
            spatial.append(full if known(size, taps) else DYNAMIC)
        shape = self.arrange(shape_of(self.x)[0], self.out_channels, tuple(spatial))
        return tensor(shape, sum_type(self.x, wide=self.wide))

    def fold(self, *arrays: Array) -> Array:
        x, w, *bias = (summable(array, self.wide) for array in arrays)
        if self.layout == "nhwc":
            w = np.moveaxis(w, (-2, -1), (0, 1))
        shape = self.result_type.get_shape()
        sizes = shape[2:] if self.layout == "nchw" else shape[1:-1]
        full = [size + low + high for size, low, high in zip(sizes, self.low, self.high, strict=True)]
        y = convolve_transposed(self.channels_first(x), w, self.groups, self.strides, self.dilations, full)
        y = pad(y, tuple(-low for low in self.low), tuple(-high for high in self.high), 0)
        return self.channels_back(self.add_bias(y, bias))


CONVOLUTION_OPS = [ConvOp, ConvTransposeOp]
