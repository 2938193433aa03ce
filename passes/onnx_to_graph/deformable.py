"""DeformConv: a convolution each of whose taps reads x at a place of its own.

  "onnx.DeformConv"(%x, %w, %offset) : (tensor<1x2x5x5xf32>, tensor<4x2x3x3xf32>, tensor<1x18x3x3xf32>)
becomes
  %columns = what x has at each tap of each window, where it stands plus its offset : tensor<1x2x81xf32>
  graph.matmul (%w as 4x18), (%columns as 18x9)
"""

from __future__ import annotations

from math import prod

import numpy as np
from stepwell.dialects import graph
from stepwell.dialects.graph.types import dtype_of, element_type_of
from xdsl.dialects.builtin import AnyFloat, f32
from xdsl.ir import SSAValue

from .conversion import Node, converts
from .sampling import interpolated, linear_taps, pixels_of


@converts("DeformConv", since=19)
def deform_conv(node: Node) -> SSAValue:
    """2-D; groups, offset groups, mask and bias"""
    own = element_type_of(node[0])
    assert isinstance(own, AnyFloat)
    work = f32 if own.bitwidth < 32 else own
    x, w, offset = (node.cast(node[index], work) for index in range(3))
    bias, mask = node.get(3), node.get(4)
    group, offset_groups = node.integer("group", 1), node.integer("offset_group", 1)
    shape, weights, out = node.static(x), node.static(w), node.static(offset)[2:]
    if not len(shape) == len(weights) == len(out) + 2 == 4:
        raise node.unsupported("only images (2-D) are supported", "export with x of rank 4")
    (batch, channels, *dims), (filters, per_group, *kernel) = shape, weights
    taps, places = prod(kernel), prod(out)
    strides, dilations = node.integers_of("strides", [1, 1]), node.integers_of("dilations", [1, 1])
    pads = node.integers_of("pads", [0] * 4)
    fits = channels == per_group * group and filters % group == 0 and channels % offset_groups == 0
    spans = [n + pads[i] + pads[i + 2] - (kernel[i] - 1) * dilations[i] - 1 for i, n in enumerate(dims)]
    fits = fits and [span // step + 1 for span, step in zip(spans, strides, strict=True)] == list(out)
    if not fits or node.static(offset)[:2] != (batch, offset_groups * taps * 2):
        raise node.unsupported(
            f"x {list(shape)}, w {list(weights)} and offset {list(node.static(offset))} do not fit each other",
            "export the model again with a valid node",
        )
    rows = batch * offset_groups
    apart = node.reshape(offset, [rows, taps, 2, places])
    around = [
        linear_taps(
            node,
            node.reshape(
                node.add(
                    node.reshape(node.slice(apart, 2, axis, 1), [rows, taps, places]),
                    node.constant(regular_places(axis, kernel, out, strides, dilations, pads).astype(dtype_of(work))),
                ),
                [rows, 1, taps * places],
            ),
        )
        for axis in range(2)
    ]
    pixels = node.reshape(x, [rows, channels // offset_groups, prod(dims)])
    columns = interpolated(node, pixels_of(node, pixels), dims, around, zeros=True)
    if mask is not None:
        columns = node.mul(columns, node.reshape(node.cast(mask, work), [rows, 1, taps * places]))
    filter_rows = node.reshape(w, [group, filters // group, per_group * taps])
    product = node(graph.MatmulOp(filter_rows, node.reshape(columns, [batch, group, per_group * taps, places])))
    y = node.reshape(product, [batch, filters, *out])
    if bias is not None:
        y = node.add(y, node.reshape(node.cast(bias, work), [filters, 1, 1]))
    return node.cast(y, own)


def regular_places(
    axis: int, kernel: list[int], out: tuple[int, ...], strides: list[int], dilations: list[int], pads: list[int]
) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
    """[taps, places]: where along `axis` each tap of each window of a plain convolution stands."""
    tap = np.indices(kernel)[axis].reshape(-1, 1) * dilations[axis]
    window = np.indices(out)[axis].reshape(1, -1) * strides[axis] - pads[axis]
    return tap + window
