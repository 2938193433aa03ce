"""ONNX Runtime's own quantized operators, each as what it stands for between a dequantization and a quantization.

  "onnx.com.microsoft.QLinearAdd"(%a, %as, %az, %b, %bs, %bz, %cs, %cz)
becomes
  graph.quantize (graph.add (graph.dequantize %a, %as, %az), (graph.dequantize %b, %bs, %bz)), %cs, %cz

Source: docs/ContribOperators.md of ONNX Runtime 1.31.
"""

from __future__ import annotations

from collections.abc import Callable

from stepwell.dialects import graph
from stepwell.dialects.graph.types import element_type_of, rank_of
from xdsl.ir import SSAValue

from .contrib import contrib
from .conversion import Node
from .elementwise import leaky
from .linear_algebra import product_of
from .pooling import average
from .quantization import (
    centered,
    dequantize_linear,
    dynamically_quantized,
    of_columns,
    quantize_linear,
    quantized_conv,
    quantized_to,
    real,
    spread,
)
from .windows import Window

contrib("DequantizeLinear")(dequantize_linear)
contrib("QuantizeLinear")(quantize_linear)


def result(node: Node, value: SSAValue, index: int) -> SSAValue:
    """`value` as bytes like operand 0's, with the scale and zero point that operands `index` and `index + 1` are."""
    return quantized_to(node, value, node[index], node.get(index + 1), element_type_of(node[0]))


@contrib("QLinearAdd")
def quantized_add(node: Node) -> SSAValue:
    return result(node, node.add(real(node, 0), real(node, 3)), 6)


@contrib("QLinearMul")
def quantized_mul(node: Node) -> SSAValue:
    return result(node, node.mul(real(node, 0), real(node, 3)), 6)


def of_one(formula: Callable[[Node, SSAValue], SSAValue]) -> Callable[[Node], SSAValue]:
    """The conversion of an operator on one tensor, with its scales before and after."""

    def convert(node: Node) -> SSAValue:
        return result(node, formula(node, real(node, 0)), 3)

    return convert


def leaky_relu(node: Node, x: SSAValue) -> SSAValue:
    return leaky(node, x, node.real("alpha", 0.01))


def soft_maximum(node: Node, x: SSAValue) -> SSAValue:
    axis = node.axis(x, -1)
    if node.integer("opset") < 13 and axis != rank_of(x) - 1:
        raise node.unsupported("over several dims, as before opset 13, is not supported", "export at opset 13 or newer")
    return node(graph.SoftmaxOp(x, axis=axis))


def channels_first(node: Node, x: SSAValue) -> SSAValue:
    rank = rank_of(x)
    return node.transpose(x, [0, rank - 1, *range(1, rank - 1)]) if node.integer("channels_last", 0) else x


def channels_back(node: Node, x: SSAValue) -> SSAValue:
    rank = rank_of(x)
    return node.transpose(x, [0, *range(2, rank), 1]) if node.integer("channels_last", 0) else x


def global_average(node: Node, x: SSAValue) -> SSAValue:
    image = channels_first(node, x)
    return channels_back(node, node.reduce("mean", image, list(range(2, rank_of(image)))))


def average_of_windows(node: Node, x: SSAValue) -> SSAValue:
    window = Window.of(node, node.integers_of("kernel_shape"))
    counts = bool(node.integer("count_include_pad", 0))
    return channels_back(node, average(node, channels_first(node, x), window, count_include_pad=counts))


contrib("QLinearSigmoid")(of_one(Node.sigmoid))
contrib("QLinearLeakyRelu")(of_one(leaky_relu))
contrib("QLinearSoftmax")(of_one(soft_maximum))
contrib("QLinearGlobalAveragePool")(of_one(global_average))
contrib("QLinearAveragePool")(of_one(average_of_windows))


@contrib("QLinearConcat")
def quantized_concat(node: Node) -> SSAValue:
    values = [real(node, index) for index in range(2, len(node.inputs), 3)]
    joined = node(graph.ConcatOp(*values, axis=node.axis(values[0])))
    return quantized_to(node, joined, node[0], node[1])


@contrib("QLinearWhere")
def quantized_where(node: Node) -> SSAValue:
    chosen = node.select(node[0], real(node, 1), real(node, 4))
    return quantized_to(node, chosen, node[7], node[8])


@contrib("QLinearConv")
def quantized_conv_of_channels_first(node: Node) -> SSAValue:
    if node.integer("channels_last", 0):
        raise node.unsupported("channels_last = 1 is not supported", "quantize the model before it is optimized")
    return quantized_conv(node)


@contrib("QGemm")
def quantized_gemm(node: Node) -> SSAValue:
    """alpha * A' * B' + C, as bytes where a scale is given, else as floats"""
    a, b = real(node, 0), real(node, 3, axis=0 if node.integer("transB", 0) else 1)
    a = node.transpose(a, [1, 0]) if node.integer("transA", 0) else a
    b = node.transpose(b, [1, 0]) if node.integer("transB", 0) else b
    total = node(graph.MatmulOp(a, b))
    if (alpha := node.real("alpha", 1.0)) != 1.0:
        total = node.mul(total, alpha)
    if (bias := node.get(6)) is not None:
        total = node.add(total, node(graph.DequantizeOp(bias, node.mul(node.mul(node[1], node[4]), alpha))))
    if node.get(7) is None:
        return total
    zero = node.get(8)
    return quantized_to(node, total, node[7], zero, element_type_of(node[0] if zero is None else zero))


def real_product(
    node: Node,
    a: SSAValue,
    a_zero: SSAValue | None,
    a_scale: SSAValue,
    b: SSAValue,
    b_zero: SSAValue | None,
    b_scale: SSAValue,
) -> SSAValue:
    """The product of integers with a scale each; the left one has one scale and zero point."""
    left = centered(node, a, spread(node, a_zero, a, 0))
    right = centered(node, b, of_columns(node, b_zero, b))
    scale = node.mul(node.reshape(a_scale, []), b_scale)
    return node.mul(node.cast(product_of(node, left, right), element_type_of(scale)), scale)


@contrib("MatMulIntegerToFloat")
def matmul_integer_to_float(node: Node) -> SSAValue:
    """one scale and zero point of the left operand; of the right one a column"""
    total = real_product(node, node[0], node.get(4), node[2], node[1], node.get(5), node[3])
    bias = node.get(6)
    return total if bias is None else node.add(total, bias)


@contrib("DynamicQuantizeMatMul")
def dynamic_quantize_matmul(node: Node) -> SSAValue:
    """the left operand is quantized as a whole, by DynamicQuantizeLinear's rule"""
    bytes_, scale, zero = dynamically_quantized(node, node[0])
    total = real_product(node, bytes_, zero, scale, node[1], node.get(3), node[2])
    bias = node.get(4)
    return total if bias is None else node.add(total, bias)
