"""Convolutions: Conv and ConvTranspose in one, two or three spatial dims.

  "onnx.Conv"(%x, %w) {auto_pad = "SAME_UPPER", strides = array<i64: 2, 2>}
becomes
  graph.conv %x, %w {strides = [2, 2], pads = [0, 0, 1, 1], dilations = [1, 1], groups = 1, layout = "nchw"}
"""

from __future__ import annotations

from stepwell.dialects import graph
from stepwell.dialects.graph.types import rank_of
from xdsl.ir import SSAValue

from .conversion import Node, converts
from .emitter import shape
from .windows import Window, explicit_pads


@converts("Conv")
def conv(node: Node) -> SSAValue:
    """1-D, 2-D and 3-D, all auto_pad modes"""
    return convolution(node, node[0], node[1], node.get(2))


def convolution(node: Node, x: SSAValue, weight: SSAValue, bias: SSAValue | None) -> SSAValue:
    """The convolution that the node's attributes describe."""
    window = Window.of(node, kernel_of(node, weight))
    x, pads = explicit_pads(node, x, window, 0.0)
    return node(
        graph.ConvOp(
            x,
            weight,
            bias,
            strides=window.strides,
            pads=pads,
            dilations=window.dilations,
            groups=node.integer("group", 1),
        )
    )


@converts("ConvTranspose")
def conv_transpose(node: Node) -> SSAValue:
    """1-D, 2-D and 3-D, all auto_pad modes, output_shape and output_padding"""
    x, weight = node[0], node[1]
    window = Window.of(node, kernel_of(node, weight))
    pads, extra = transposed_pads(node, x, window, node.integers_of("output_padding", [0] * len(window.kernel)))
    return node(
        graph.ConvTransposeOp(
            x,
            weight,
            node.get(2),
            strides=window.strides,
            pads=pads,
            dilations=window.dilations,
            groups=node.integer("group", 1),
            output_padding=extra,
        )
    )


def kernel_of(node: Node, weight: SSAValue) -> list[int]:
    kernel = node.integers_of("kernel_shape", ())
    sizes = shape(weight)[2:]
    if kernel and any(size not in (None, length) for size, length in zip(sizes, kernel, strict=True)):
        raise node.unsupported(f"kernel_shape {kernel} is not the weight's, {list(sizes)}", "export the model again")
    if kernel:
        return kernel
    if None in sizes:
        raise node.unsupported("a weight of unknown shape is not supported", "export the model with kernel_shape")
    return [size for size in sizes if size is not None]


def transposed_pads(node: Node, x: SSAValue, window: Window, extra: list[int]) -> tuple[list[int], list[int]]:
    """How much of the full result is cut off, and how much is added at its end (`extra` where nothing else is asked
    for): as given, or so that the result has `output_shape` or in * stride dims.

    total = stride * (in - 1) + extra + dilated kernel - wanted. An odd total's bigger half is cut from the
    end for SAME_UPPER, from the front otherwise; where more is wanted than there is, the rest is added at the end.
    """
    spatial = len(window.kernel)
    wanted = node.integers_of("output_shape", ())
    same = window.auto_pad in ("SAME_UPPER", "SAME_LOWER")
    if not wanted and not same:
        return window.pads, extra
    low: list[int] = []
    high: list[int] = []
    added: list[int] = []
    for axis in range(spatial):
        stride, size = window.strides[axis], shape(x)[rank_of(x) - spatial + axis]
        reach = window.reach(axis) + extra[axis]
        if not wanted:
            total = reach - stride  # in * stride dims wanted, so the size cancels
        elif size is None:
            raise node.open_dims("output_shape with open dims is not supported")
        else:
            total = stride * (size - 1) + reach - wanted[len(wanted) - spatial + axis]
        added.append(extra[axis] + max(-total, 0) if wanted else extra[axis])
        total = max(total, 0)
        front = total // 2 if window.auto_pad == "SAME_UPPER" else total - total // 2
        low.append(front)
        high.append(total - front)
    return [*low, *high], added
