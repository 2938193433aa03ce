"""ONNX Runtime's own operators (com.microsoft): products, activations and norms, as its optimizer fuses them.

  "onnx.com.microsoft.FusedMatMul"(%a, %b) {alpha = 0.125, transB = 1}
becomes
  graph.mul (graph.matmul %a, (graph.transpose %b)), 0.125

Source of each: ONNX Runtime, docs/ContribOperators.md, and its kernels where that page is silent.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import inf
from typing import TypeAlias

import numpy as np
from stepwell.dialects import graph
from stepwell.dialects.graph.types import element_type_of, rank_of
from stepwell.dialects.onnx.schemas import CONTRIB_DOMAIN
from xdsl.dialects.builtin import f32
from xdsl.ir import SSAValue

from .attention import counted, static_dims
from .constant import range_
from .conversion import Node, Registered, converts
from .convolution import conv
from .elementwise import elu_of, erf_gelu, leaky, softplus_of, tanh_gelu
from .indexing import gather_nd
from .linear_algebra import gemm
from .movement import pad, trilu
from .normalization import layer_norm, rms_norm

SKIP_EPSILON = 1e-12
"""The default of the norms that are fused with what comes before them."""


def contrib(*names: str) -> Callable[[Registered], Registered]:
    return converts(*(f"{CONTRIB_DOMAIN}.{name}" for name in names))


contrib("GatherND")(gather_nd)
contrib("Pad")(pad)
contrib("Range")(range_)
contrib("Trilu")(trilu)

# activations


@contrib("Gelu")
def gelu(node: Node) -> SSAValue:
    return erf_gelu(node, node[0])


@contrib("BiasGelu")
def bias_gelu(node: Node) -> SSAValue:
    return erf_gelu(node, node.add(node[0], node[1]))


@contrib("FastGelu")
def fast_gelu(node: Node) -> SSAValue:
    """the tanh approximation, of x + bias"""
    return tanh_gelu(node, node[0] if node.get(1) is None else node.add(node[0], node[1]))


@contrib("QuickGelu")
def quick_gelu(node: Node) -> SSAValue:
    """x * sigmoid(alpha * x)"""
    return node.mul(node[0], node.sigmoid(node.mul(node[0], node.real("alpha"))))


Activation: TypeAlias = Callable[[Node, SSAValue, float, float], SSAValue]

ACTIVATIONS: dict[str, tuple[tuple[float, float], Activation]] = {
    "Relu": ((0, 0), lambda node, x, _a, _b: node.relu(x)),
    "Tanh": ((0, 0), lambda node, x, _a, _b: node.tanh(x)),
    "Sigmoid": ((0, 0), lambda node, x, _a, _b: node.sigmoid(x)),
    "Softplus": ((0, 0), lambda node, x, _a, _b: softplus_of(node, x)),
    "Softsign": ((0, 0), lambda node, x, _a, _b: node.div(x, node.add(node.abs(x), 1.0))),
    "LeakyRelu": ((0.01, 0), lambda node, x, alpha, _b: leaky(node, x, alpha)),
    "ThresholdedRelu": ((1, 0), lambda node, x, alpha, _b: node.select(node.compare("gt", x, alpha), x, 0.0)),
    "Elu": ((1, 0), lambda node, x, alpha, _b: elu_of(node, x, alpha)),
    "HardSigmoid": ((0.2, 0.5), lambda node, x, alpha, beta: node.clamp(node.add(node.mul(x, alpha), beta), 0.0, 1.0)),
    "Clip": ((-inf, inf), lambda node, x, low, high: node.clamp(x, low, high)),
}
"""What a fused activation is, with the defaults of its two parameters."""


def activated(node: Node, x: SSAValue, parameters: Sequence[float | None]) -> SSAValue:
    """x after the node's `activation`; None: the parameter's default."""
    name = node.text("activation", "")
    if not name:
        return x
    if name not in ACTIVATIONS:
        raise node.unsupported(f"activation '{name}' is not supported", f"these are: {', '.join(ACTIVATIONS)}")
    defaults, function = ACTIVATIONS[name]
    given = [*parameters, None, None]
    first, second = (default if g is None else g for g, default in zip(given, defaults, strict=False))
    return function(node, x, first, second)


# products


@contrib("FusedMatMul", "TransposeMatMul")
def fused_matmul(node: Node) -> SSAValue:
    """alpha * A' * B', either with its rows and columns, or its first dim, in another place"""
    a, b = (turned(node, node[index], "AB"[index]) for index in range(2))
    row, column = rank_of(a) == 1, rank_of(b) == 1
    if row or column:
        raise node.unsupported("a vector is not supported", "give matrices")
    product = node(graph.MatmulOp(a, b))
    alpha = node.real("alpha")
    return product if alpha == 1.0 else node.mul(product, alpha)


def turned(node: Node, x: SSAValue, which: str) -> SSAValue:
    """x as the product wants it: [d0, ..., rows, columns], the first dim moved before the columns for `transBatch`."""
    perm = list(range(rank_of(x)))
    if node.has(f"transBatch{which}") and node.integer(f"transBatch{which}"):
        perm = [*perm[1:-1], perm[0], perm[-1]]
    if node.integer(f"trans{which}") and len(perm) > 1:
        perm[-2:] = perm[:-3:-1]
    return node.transpose(x, perm)


@contrib("FusedGemm")
def fused_gemm(node: Node) -> SSAValue:
    """activation(alpha * A' * B' + beta * C)"""
    parameters = (f"activation_{name}" for name in ("alpha", "beta", "gamma"))
    return activated(node, gemm(node), [node.attribute(name) for name in parameters])


@contrib("FusedConv")
def fused_conv(node: Node) -> SSAValue:
    """activation(Conv(X, W, B) + Z)"""
    result = conv(node)
    if (added := node.get(3)) is not None:
        result = node.add(result, added)
    return activated(node, result, node.attribute("activation_params") or ())


@contrib("CDist")
def pairwise_distances(node: Node) -> SSAValue:
    """between the rows of A and those of B: the sum of squares, or its root"""
    rows, others = node.reshape(node[0], [(0,), 1, (1,)]), node.reshape(node[1], [1, (0,), (1,)])
    difference = node.sub(rows, others)
    squares = node.reduce("sum", node.mul(difference, difference), [2], keepdims=False)
    metric = node.text("metric")
    if metric not in ("euclidean", "sqeuclidean"):
        raise node.unsupported(f"metric '{metric}' is not supported", "euclidean and sqeuclidean are")
    return node.sqrt(squares) if metric == "euclidean" else squares


@contrib("MatMulNBits")
def matmul_n_bits(node: Node) -> SSAValue:
    """A times a constant matrix of 2, 4 or 8 bits a number, in blocks with a scale each: made floats beforehand"""
    bits, block, rows, inner = (node.integer(name) for name in ("bits", "block_size", "N", "K"))
    if bits not in (2, 4, 8) or node.integer("weight_prepacked") or node.get(4) is not None:
        raise node.unsupported(f"bits = {bits} (or prepacked, or g_idx) is not supported", "2, 4 and 8 bits are")
    blocks, shifts = -(-inner // block), np.arange(0, 8, bits, dtype=np.uint8)
    mask = np.uint8((1 << bits) - 1)
    packed = node.needed(1, "B").reshape(rows, blocks, -1, 1)
    numbers = ((packed >> shifts) & mask).reshape(rows, blocks, -1)[..., :block].astype(np.float32)
    scales = node.needed(2, "scales").reshape(rows, blocks, 1)
    zeros = np.float32(1 << (bits - 1))
    if node.get(3) is not None:
        given = node.needed(3, "zero_points")
        if given.dtype == np.uint8:
            given = ((given.reshape(rows, -1, 1) >> shifts) & mask).reshape(rows, -1)[:, :blocks]
        zeros = given.reshape(rows, blocks, 1).astype(np.float32)
    weights = ((numbers - zeros) * scales.astype(np.float32)).reshape(rows, -1)[:, :inner].T
    product = node(
        graph.MatmulOp(node[0], node.constant(np.ascontiguousarray(weights.astype(scales.dtype)), "weights"))
    )
    return product if node.get(5) is None else node.add(product, node[5])


# norms


@converts("SimplifiedLayerNormalization")
def simplified_layer_normalization(node: Node) -> list[SSAValue]:
    """x / sqrt(mean(x^2) + epsilon) * scale, and what x is multiplied with"""
    axes = list(range(node.axis(node[0]), rank_of(node[0])))
    return rms_norm(node, node[0], axes, node[1], node.real("epsilon"), stash=node.integer("stash_type") == 1)


@contrib("SkipLayerNormalization")
def skip_layer_normalization(node: Node) -> list[SSAValue]:
    """the norm of input + skip + bias, and that sum"""
    total = skipped(node, node.get(4))
    axes = [rank_of(total) - 1]
    epsilon = node.real("epsilon", SKIP_EPSILON)
    return [*layer_norm(node, total, axes, node[2], node.get(3), epsilon, stash=True), total]


@contrib("SkipSimplifiedLayerNormalization")
def skip_simplified_layer_normalization(node: Node) -> list[SSAValue]:
    """the same without the mean"""
    total = skipped(node, node.get(3))
    axes = [rank_of(total) - 1]
    normal, deviation = rms_norm(node, total, axes, node[2], node.real("epsilon", SKIP_EPSILON), stash=True)
    return [normal, deviation, deviation, total]


def skipped(node: Node, bias: SSAValue | None) -> SSAValue:
    total = node.add(node[0], node[1])
    return total if bias is None else node.add(total, bias)


@contrib("EmbedLayerNormalization")
def embed_layer_normalization(node: Node) -> list[SSAValue]:
    """the norm of a word's, its place's and its segment's row; how many places the mask counts; the sum of the rows"""
    words, segments, mask, places = node[0], node.get(1), node.get(7), node.get(8)
    batch, length = static_dims(node, words)
    total = node(graph.GatherOp(node[2], words, axis=0))
    if places is None:
        places = node.reshape(counted(node, length), [1, length])
    total = node.add(total, node(graph.GatherOp(node[3], places, axis=0)))
    if segments is not None and node.get(4) is not None:
        total = node.add(total, node(graph.GatherOp(node[4], segments, axis=0)))
    epsilon = node.real("epsilon", SKIP_EPSILON)
    normal = layer_norm(node, total, [2], node[5], node[6], epsilon, stash=True)[0]
    if mask is None:
        counts = node.constant(np.zeros(batch, np.int32))
    else:
        ones = node.cast(node.compare("eq", mask, 1), f32)
        counts = node.cast(node.reduce("sum", ones, [1], keepdims=False), element_type_of(mask))
    return [normal, counts, total]


@contrib("ExpandDims")
def expand_dims(node: Node) -> SSAValue:
    dims = rank_of(node[0])
    axis = node.from_front(node.needed_integers(1, "axis")[0], dims + 1)
    return node.reshape(node[0], [*((place,) for place in range(axis)), 1, *((place,) for place in range(axis, dims))])
