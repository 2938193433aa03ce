"""Pools over windows, and over all of the spatial dims.

  "onnx.GlobalAveragePool"(%x) : tensor<1x8x7x7xf32>
becomes
  graph.reduce mean %x {axes = [2, 3], keepdims = true} : tensor<1x8x1x1xf32>
"""

from __future__ import annotations

from math import inf, prod

import numpy as np
from stepwell.dialects import graph
from stepwell.dialects.graph.types import dtype_of, element_type_of, is_float, rank_of
from xdsl.ir import SSAValue

from .conversion import Node, converts
from .unpooling import max_pool_indices
from .windows import Window, explicit_pads


@converts("MaxPool")
def max_pool(node: Node) -> list[SSAValue]:
    """values and indices"""
    x, window = node[0], Window.of(node, node.integers_of("kernel_shape"))
    given = x
    lowest = -inf if is_float(element_type_of(x)) else float(np.iinfo(dtype_of(element_type_of(x))).min)
    x, pads = explicit_pads(node, x, window, lowest)
    y = node(
        graph.MaxPoolOp(
            x,
            kernel=window.kernel,
            strides=window.strides,
            pads=pads,
            dilations=window.dilations,
            ceil_mode=bool(node.integer("ceil_mode", 0)),
        )
    )
    if len(node.op.results) == 1 or not node.op.results[1].uses:
        return [y]
    return [y, max_pool_indices(node, given, window, pads, node.static(y)[2:])]


@converts("AveragePool", since=7)
def average_pool(node: Node) -> SSAValue:
    window = Window.of(node, node.integers_of("kernel_shape"))
    return average(node, node[0], window, count_include_pad=bool(node.integer("count_include_pad", 0)))


def average(node: Node, x: SSAValue, window: Window, *, count_include_pad: bool) -> SSAValue:
    padded, pads = explicit_pads(node, x, window, 0.0)
    if padded is not x and not count_include_pad:
        raise node.open_dims(f"auto_pad {window.auto_pad} of open dims and count_include_pad = 0 is not supported")
    return node(
        graph.AvgPoolOp(
            padded,
            kernel=window.kernel,
            strides=window.strides,
            pads=pads,
            dilations=window.dilations,
            count_include_pad=count_include_pad,
            ceil_mode=bool(node.integer("ceil_mode", 0)),
        )
    )


@converts("LpPool", since=2)
def lp_pool(node: Node) -> SSAValue:
    """(sum |x|^p)^(1/p): the sum is an average with the padding counted, times the window's size"""
    window, p = Window.of(node, node.integers_of("kernel_shape")), node.integer("p", 2)
    if node.integer("ceil_mode", 0):
        raise node.unsupported("ceil_mode = 1 is not supported; 0 is", "export with ceil_mode = 0")
    powers = node.pow(node.abs(node[0]), p)
    total = node.mul(average(node, powers, window, count_include_pad=True), prod(window.kernel))
    return node.pow(total, 1 / p)


def spatial_axes(x: SSAValue) -> list[int]:
    return list(range(2, rank_of(x)))


@converts("GlobalAveragePool")
def global_average_pool(node: Node) -> SSAValue:
    return node.reduce("mean", node[0], spatial_axes(node[0]))


@converts("GlobalMaxPool")
def global_max_pool(node: Node) -> SSAValue:
    return node.reduce("max", node[0], spatial_axes(node[0]))


@converts("GlobalLpPool", since=2)
def global_lp_pool(node: Node) -> SSAValue:
    x, p = node[0], node.integer("p", 2)
    return node.pow(node.reduce("sum", node.pow(node.abs(x), p), spatial_axes(x)), 1 / p)
