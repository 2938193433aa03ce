"""Normalizations. Batch normalization and softmax are graph ops; the others are means, variances and arithmetic.

  "onnx.LayerNormalization"(%x, %scale, %bias) {axis = -1, epsilon = 1.0e-05}
becomes
  %centered = graph.sub %x, (graph.reduce mean %x)
  %deviation = graph.rsqrt (graph.add (graph.reduce mean (graph.mul %centered, %centered)), 1.0e-05)
  graph.add (graph.mul (graph.mul %centered, %deviation), %scale), %bias
"""

from __future__ import annotations

from stepwell.dialects import graph
from stepwell.dialects.graph.types import element_type_of, rank_of
from xdsl.dialects.builtin import f32
from xdsl.ir import SSAValue

from .conversion import Node, converts
from .emitter import Size, shape, static_shape

EPSILON = 1e-5
"""ONNX's default in all its normalizations."""


@converts("BatchNormalization", since=7)
def batch_normalization(node: Node) -> SSAValue | list[SSAValue]:
    """in training the mean and variance of the batch, and running ones beside"""
    if node.opset < 9 and not node.integer("spatial", 1):
        raise node.unsupported("spatial = 0 is not supported; spatial = 1 is", "export at opset 9 or newer")
    if node.opset >= 14 and node.integer("training_mode", 0):
        return batch_normalization_in_training(node)
    x, *parameters = (node[index] for index in range(5))
    return node(graph.BatchNormOp(x, *parameters, epsilon=node.real("epsilon", EPSILON)))


def batch_normalization_in_training(node: Node) -> list[SSAValue]:
    """The result, and what `mean` and `var` become: their share of `momentum`, and the batch's own of the rest."""
    x, dims, momentum = node[0], rank_of(node[0]), node.real("momentum", 0.9)
    axes = [axis for axis in range(dims) if axis != 1]
    mean = node.reduce("mean", x, axes)
    centered = node.sub(x, mean)
    variance = node.reduce("mean", node.mul(centered, centered), axes)
    normal = node.mul(centered, node.rsqrt(node.add(variance, node.real("epsilon", EPSILON))))
    scale, bias = (node.cast(along_channels(node, node[index], dims), element_type_of(x)) for index in (1, 2))
    results = [node.add(node.mul(normal, scale), bias)]
    for before, batch in ((node[3], mean), (node[4], variance)):
        own = node.cast(node.reshape(batch, [(1,)]), element_type_of(before))
        results.append(node.add(node.mul(before, momentum), node.mul(own, 1 - momentum)))
    return results


def along_channels(node: Node, parameter: SSAValue, dims: int) -> SSAValue:
    """[C] as [C, 1, 1, ...], which broadcasts along axis 1 of `dims` dims."""
    return node.reshape(parameter, [(0,), *[1] * (dims - 2)])


@converts("InstanceNormalization", since=6)
def instance_normalization(node: Node) -> SSAValue:
    x, dims = node[0], rank_of(node[0])
    normal = normalized(node, x, list(range(2, dims)), node.real("epsilon", EPSILON))
    scaled = node.mul(normal, along_channels(node, node[1], dims))
    return node.add(scaled, along_channels(node, node[2], dims))


def normalized(node: Node, x: SSAValue, axes: list[int], epsilon: float) -> SSAValue:
    """(x - mean) / sqrt(variance + epsilon)"""
    centered, variance = node.variance(x, axes)
    return node.mul(centered, node.rsqrt(node.add(variance, epsilon)))


@converts("LayerNormalization")
def layer_normalization(node: Node) -> list[SSAValue]:
    """all three results; before opset 17 as ONNX Runtime's optimizer writes it"""
    x = node[0]
    axes = list(range(node.axis(x, -1), rank_of(x)))
    stash = node.integer("stash_type", 1) == 1
    return layer_norm(node, x, axes, node[1], node.get(2), node.real("epsilon", EPSILON), stash=stash)


def layer_norm(
    node: Node, x: SSAValue, axes: list[int], scale: SSAValue, bias: SSAValue | None, epsilon: float, *, stash: bool
) -> list[SSAValue]:
    """(x - mean) / sqrt(variance + epsilon) * scale + bias; the mean; the root's reciprocal. In f32 for `stash`."""
    wide = node.cast(x, f32) if stash else x
    mean = node.reduce("mean", wide, axes)
    centered = node.sub(wide, mean)
    variance = node.reduce("mean", node.mul(centered, centered), axes)
    deviation = node.rsqrt(node.add(variance, epsilon))
    result = node.mul(node.cast(node.mul(centered, deviation), element_type_of(scale)), scale)
    if bias is not None:
        result = node.add(result, bias)
    return [result, mean, deviation]


@converts("RMSNormalization", since=23)
def rms_normalization(node: Node) -> SSAValue:
    """x / sqrt(mean(x^2) + epsilon) * scale"""
    x = node[0]
    axes = list(range(node.axis(x, -1), rank_of(x)))
    stash = node.integer("stash_type", 1) == 1
    return rms_norm(node, x, axes, node[1], node.real("epsilon", EPSILON), stash=stash)[0]


def rms_norm(
    node: Node, x: SSAValue, axes: list[int], scale: SSAValue, epsilon: float, *, stash: bool
) -> list[SSAValue]:
    """x / sqrt(mean(x^2) + epsilon) * scale, and the reciprocal of the root. In f32 for `stash`."""
    wide = node.cast(x, f32) if stash else x
    deviation = node.rsqrt(node.add(node.reduce("mean", node.mul(wide, wide), axes), epsilon))
    return [node.mul(node.cast(node.mul(wide, deviation), element_type_of(scale)), scale), deviation]


@converts("GroupNormalization", since=18)
def group_normalization_by_groups(node: Node) -> SSAValue:
    """scale and bias of each group"""
    split = groups_of(node)
    dims = rank_of(split)
    scaled = node.mul(split, along_channels(node, node[1], dims))
    return joined(node, node.add(scaled, along_channels(node, node[2], dims)))


@converts("GroupNormalization", since=21)
def group_normalization(node: Node) -> SSAValue:
    """scale and bias of each channel"""
    whole, dims = joined(node, groups_of(node)), rank_of(node[0])
    scaled = node.mul(whole, along_channels(node, node[1], dims))
    return node.add(scaled, along_channels(node, node[2], dims))


def groups_of(node: Node) -> SSAValue:
    """x as [N, groups, channels of one, ...], each group normalized."""
    x, groups = node[0], node.integer("num_groups")
    dims, channels = rank_of(x), shape(x)[1]
    if channels is None or groups < 1 or channels % groups:
        raise node.unsupported(f"{channels} channels in {groups} groups are not supported", "groups of one size are")
    spatial: list[Size] = [(axis,) for axis in range(2, dims)]
    split = node.reshape(x, [(0,), groups, channels // groups, *spatial])
    return normalized(node, split, list(range(2, dims + 1)), node.real("epsilon", EPSILON))


def joined(node: Node, split: SSAValue) -> SSAValue:
    """[N, groups, channels of one, ...] as [N, channels, ...]"""
    return node.reshape(split, [(0,), (1, 2), *[(axis,) for axis in range(3, rank_of(split))]])


@converts("MeanVarianceNormalization", since=9)
def mean_variance_normalization(node: Node) -> SSAValue:
    """(x - mean) / (sqrt(variance) + 1e-9), as ONNX's own function body has it"""
    centered, variance = node.variance(node[0], node.integers_of("axes", [0, 2, 3]))
    return node.div(centered, node.add(node.sqrt(variance), 1e-9))


@converts("LpNormalization")
def lp_normalization(node: Node) -> SSAValue:
    x, p = node[0], node.integer("p", 2)
    axis = node.axis(x, -1)
    if p == 1:
        norm = node.reduce("sum", node.abs(x), [axis])
    else:
        norm = node.sqrt(node.reduce("sum", node.mul(x, x), [axis]))
    return node.select(node.compare("eq", norm, 0), 0.0, node.div(x, norm))


@converts("LRN")
def local_response_normalization(node: Node) -> SSAValue:
    """x / (bias + alpha * mean of x^2 over `size` channels)^beta: an average pool along the channels"""
    x, size = node[0], node.integer("size")
    rest = tuple(range(2, rank_of(x)))
    rows = node.reshape(node.mul(x, x), [(0,), 1, (1,), rest])
    low, high = (size - 1) // 2, size - 1 - (size - 1) // 2
    pooled = node(
        graph.AvgPoolOp(
            rows,
            kernel=[size, 1],
            strides=[1, 1],
            pads=[low, 0, high, 0],
            dilations=[1, 1],
            count_include_pad=True,
            ceil_mode=False,
        )
    )
    dims = static_shape(x)
    if dims is None:
        raise node.open_dims()
    scale = node.add(node.mul(node.reshape(pooled, dims), node.real("alpha", 1e-4)), node.real("bias", 1.0))
    return node.div(x, node.pow(scale, node.real("beta", 0.75)))


@converts("Softmax", "LogSoftmax")
def softmax_flattened(node: Node) -> SSAValue:
    """over all dims from `axis` on"""
    x = node[0]
    axis = node.axis(x, 1)
    if axis == rank_of(x) - 1:
        return softmax_along(node, x, axis)
    dims = rank_of(x)
    flat = node.reshape(x, [tuple(range(axis)), tuple(range(axis, dims))])
    result = softmax_along(node, flat, 1)
    if (sizes := static_shape(x)) is not None:
        return node.reshape(result, sizes)
    return node(graph.DynamicReshapeOp(result, node.shape_of(x), result_type=x.type))


@converts("Softmax", "LogSoftmax", since=13)
def softmax(node: Node) -> SSAValue:
    """along `axis`"""
    return softmax_along(node, node[0], node.axis(node[0], -1))


def softmax_along(node: Node, x: SSAValue, axis: int) -> SSAValue:
    return node(graph.SoftmaxOp(x, axis=axis) if node.name == "Softmax" else graph.LogSoftmaxOp(x, axis=axis))
