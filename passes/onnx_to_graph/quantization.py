"""Quantized operators: each is what it stands for, real arithmetic between a dequantization and a quantization.

  "onnx.QLinearMatMul"(%a, %as, %az, %b, %bs, %bz, %ys, %yz)
becomes
  %x = graph.dequantize %a, %as, %az        %w = graph.dequantize %b, %bs, %bz
  graph.quantize (graph.matmul %x, %w), %ys, %yz

and so is a model in the QDQ form already. `fuse-qdq` then computes the products of both in integers. What ONNX defines
as integers (MatMulInteger, ConvInteger) is that from here on.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from stepwell.dialects import graph
from stepwell.dialects.graph.types import element_of, element_type_of, is_integer, rank_of
from stepwell.dialects.onnx.types import ELEMENT_TYPES
from xdsl.dialects.builtin import i32
from xdsl.ir import Attribute, SSAValue

from .conversion import Node, converts
from .convolution import convolution
from .emitter import Size, shape
from .linear_algebra import product_of

UINT8 = element_of(np.dtype(np.uint8))
LEVELS = 255
"""Steps between the least and the greatest byte."""


# linear quantization


def spread(node: Node, parameter: SSAValue | None, x: SSAValue, axis: int) -> SSAValue | None:
    """A scale or a zero point so that it broadcasts with x: a scalar, or one number for each place along `axis`."""
    if parameter is None or rank_of(parameter) == 0:
        return parameter
    if shape(parameter) == (1,):
        return node.reshape(parameter, [])
    return node.reshape(parameter, [(0,), *[1] * (rank_of(x) - 1 - axis)])


Formula = Callable[[SSAValue, SSAValue, SSAValue | None], SSAValue]
"""Of x, a scale and a zero point that broadcast with it."""


def by_blocks(node: Node, x: SSAValue, scale: SSAValue, zero: SSAValue | None, formula: Formula) -> SSAValue:
    """`formula` with a scale for each `block_size` numbers along `axis`, the last block perhaps shorter."""
    axis, size = node.axis(x, 1), node.integer("block_size")
    dims, blocks = shape(x), shape(scale)
    extent, count = dims[axis], blocks[axis]
    if extent is None or count is None or extent != count * size:
        raise node.unsupported(
            f"{extent} numbers along axis {axis} in {count} blocks of {size} are not supported; whole blocks are",
            "bind symbolic dims before onnx-to-graph, or export with a block size that divides them",
        )
    before: list[Size] = [(dim,) for dim in range(axis)]
    after: list[Size] = [(dim,) for dim in range(axis + 1, len(dims))]
    split = node.reshape(x, [*before, count, size, *after])
    scales, zeros = (v if v is None else node.reshape(v, [*before, count, 1, *after]) for v in (scale, zero))
    assert scales is not None
    result = formula(split, scales, zeros)
    return node.reshape(result, [*before, extent, *((dim + 1,) for dim in range(axis + 1, len(dims)))])


def by_axis(node: Node, x: SSAValue, scale: SSAValue, zero: SSAValue | None, formula: Formula) -> SSAValue:
    axis = node.axis(x, 1) if node.has("axis") and rank_of(scale) == 1 and shape(scale) != (1,) else 0
    scales = spread(node, scale, x, axis)
    assert scales is not None
    return formula(x, scales, spread(node, zero, x, axis))


def linear(node: Node, formula: Formula, zero: SSAValue | None) -> SSAValue:
    x, scale = node[0], node[1]
    blocked = node.has("block_size") and node.integer("block_size") > 0
    return (by_blocks if blocked else by_axis)(node, x, scale, zero, formula)


@converts("DequantizeLinear", since=10)
def dequantize_linear(node: Node) -> SSAValue:
    """integers of 8, 16 and 32 bits; a tensor, an axis, or blocks of an axis with a scale each"""
    refuse_narrow(node, element_type_of(node[0]))
    return linear(node, lambda x, scale, zero: node(graph.DequantizeOp(x, scale, zero)), node.get(2))


@converts("QuantizeLinear", since=10)
def quantize_linear(node: Node) -> SSAValue:
    """to integers of 8 and 16 bits; a tensor, an axis, or blocks of an axis with a scale each"""
    zero = node.get(2)
    number = node.integer("output_dtype", 0) if node.has("output_dtype") else 0
    to = element_type_of(zero) if zero is not None else ELEMENT_TYPES[number] if number else UINT8
    refuse_narrow(node, to)

    def quantized(x: SSAValue, scale: SSAValue, zero: SSAValue | None) -> SSAValue:
        return node(graph.QuantizeOp(node.cast(x, element_type_of(scale)), scale, zero, to=to))

    return linear(node, quantized, zero)


def refuse_narrow(node: Node, element: Attribute) -> None:
    if not is_integer(element) or graph.quantization.bits_of(element) < 8:
        raise node.unsupported(f"{element} is not supported; integers of 8 bits or more are", "quantize to 8 bits")


@converts("DynamicQuantizeLinear", since=11)
def dynamic_quantize_linear(node: Node) -> list[SSAValue]:
    """all three results; of zeros alone the scale is 1"""
    return list(dynamically_quantized(node, node[0]))


def dynamically_quantized(node: Node, x: SSAValue) -> tuple[SSAValue, SSAValue, SSAValue]:
    """x as bytes that just hold it and 0: (bytes, scale, zero point)."""
    axes = list(range(rank_of(x)))
    low = node.minimum(node.reduce("min", x, axes, keepdims=False), 0.0)
    high = node.maximum(node.reduce("max", x, axes, keepdims=False), 0.0)
    width = node.div(node.sub(high, low), LEVELS)
    scale = node.select(node.compare("eq", width, 0.0), 1.0, width)
    zero = node(graph.QuantizeOp(node.neg(low), scale, to=UINT8))
    return node(graph.QuantizeOp(x, scale, zero)), scale, zero


# products that ONNX defines as integers


def centered(node: Node, x: SSAValue, zero: SSAValue | None) -> SSAValue:
    """x - zero as i32; `zero` broadcasts with x."""
    wide = node.cast(x, i32)
    return wide if zero is None or is_zero(node, zero) else node.sub(wide, node.cast(zero, i32))


def is_zero(node: Node, value: SSAValue) -> bool:
    known = node.known(value)
    return known is not None and not known.any()


def of_rows(node: Node, zero: SSAValue | None, x: SSAValue) -> SSAValue | None:
    """The zero point of a left factor: a number for each row comes as a list."""
    return zero if zero is None or rank_of(zero) != 1 or rank_of(x) < 2 else spread(node, zero, x, rank_of(x) - 2)


def of_columns(node: Node, zero: SSAValue | None, x: SSAValue) -> SSAValue | None:
    return zero if zero is None or rank_of(zero) != 1 or rank_of(x) < 2 else spread(node, zero, x, rank_of(x) - 1)


@converts("MatMulInteger", since=10)
def matmul_integer(node: Node) -> SSAValue:
    """zero points a tensor, a row of the left or a column of the right operand"""
    a = centered(node, node[0], of_rows(node, node.get(2), node[0]))
    b = centered(node, node[1], of_columns(node, node.get(3), node[1]))
    return product_of(node, a, b)


@converts("ConvInteger", since=10)
def conv_integer(node: Node) -> SSAValue:
    """1-D, 2-D and 3-D, all auto_pad modes; a zero point a tensor, of the weight also an output channel"""
    x = centered(node, node[0], spread(node, node.get(2), node[0], 0))
    weight = centered(node, node[1], spread(node, node.get(3), node[1], 0))
    return convolution(node, x, weight, None)


# products of quantized numbers


def real(node: Node, index: int, axis: int | None = None, rows: bool = False) -> SSAValue:
    """Operands `index` to `index + 2`, integers with their scale and zero point, as real numbers."""
    x, scale, zero = node[index], node[index + 1], node.get(index + 2)
    at = axis if axis is not None else max(rank_of(x) - (2 if rows else 1), 0)
    scales = spread(node, scale, x, at)
    assert scales is not None
    return node(graph.DequantizeOp(x, scales, spread(node, zero, x, at)))


def quantized_to(node: Node, x: SSAValue, scale: SSAValue, zero: SSAValue | None, to: Attribute = UINT8) -> SSAValue:
    scales, zeros = spread(node, scale, x, 0), spread(node, zero, x, 0)
    assert scales is not None
    return node(graph.QuantizeOp(node.cast(x, element_type_of(scales)), scales, zeros, to=to))


@converts("QLinearMatMul", since=10)
def quantized_matmul(node: Node) -> SSAValue:
    """scales a tensor, a row of the left or a column of the right operand"""
    product = product_of(node, real(node, 0, rows=True), real(node, 3))
    return quantized_to(node, product, node[6], node.get(7))


@converts("QLinearConv", since=10)
def quantized_conv(node: Node) -> SSAValue:
    """scales a tensor, of the weight also an output channel"""
    x, weight, bias = real(node, 0), real(node, 3, axis=0), node.get(8)
    if bias is not None:
        scale = node.mul(node[1], node[4])
        bias = node(graph.DequantizeOp(bias, scale))
    return quantized_to(node, convolution(node, x, weight, bias), node[6], node.get(7))
