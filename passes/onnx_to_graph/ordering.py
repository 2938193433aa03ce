"""TopK, CumSum, and what is put together from them.

  "onnx.TopK"(%x, 3) {axis = -1} : (tensor<4x8xf32>) -> (tensor<4x3xf32>, tensor<4x3xi64>)
becomes
  %places = graph.top_k %x {k = 3} : (tensor<4x8xf32>) -> tensor<4x3xi64>
  %values = graph.gather_elements %x, %places {axis = 1} : (tensor<4x8xf32>, tensor<4x3xi64>) -> tensor<4x3xf32>
"""

from __future__ import annotations

from math import prod

import numpy as np
from stepwell.dialects import graph
from stepwell.dialects.graph.types import I64, element_type_of, rank_of
from xdsl.ir import SSAValue

from .conversion import Node, converts


@converts("TopK")
def top_k_attribute(node: Node) -> list[SSAValue]:
    return top_k_of(node, node.integer("k"))


@converts("TopK", since=10)
def top_k(node: Node) -> list[SSAValue]:
    """sorted, whether it is asked for or not; of equal elements the one with the lower index is first"""
    counts = node.needed_integers(1, "K")
    if len(counts) != 1:
        raise node.unsupported(f"K has {len(counts)} numbers", "it must have 1")
    return top_k_of(node, counts[0])


def top_k_of(node: Node, k: int) -> list[SSAValue]:
    x = node[0]
    axis, last = node.axis(x, -1), rank_of(x) - 1
    smallest = node.opset >= 11 and not node.integer("largest", 1)
    perm = list(range(rank_of(x)))
    perm[axis], perm[last] = last, axis
    turned = node.transpose(x, perm)
    places = node(graph.TopKOp(turned, k=k, smallest=smallest))
    values = node(graph.GatherElementsOp(turned, places, axis=last))
    return [node.transpose(values, perm), node.transpose(places, perm)]


@converts("CumSum", since=11)
def cumsum(node: Node) -> SSAValue:
    return cumulated(node, "sum")


@converts("CumProd", since=26)
def cumprod(node: Node) -> SSAValue:
    return cumulated(node, "prod")


def cumulated(node: Node, kind: str) -> SSAValue:
    x, axes = node[0], node.needed_integers(1, "axis")
    if len(axes) != 1:
        raise node.unsupported(f"axis has {len(axes)} numbers", "it must have 1")
    exclusive, reverse = bool(node.integer("exclusive", 0)), bool(node.integer("reverse", 0))
    axis = node.from_front(axes[0], rank_of(x))
    return node(graph.CumulateOp(kind, x, axis=axis, exclusive=exclusive, reverse=reverse))


@converts("Hardmax")
def hardmax_rows(node: Node) -> SSAValue:
    """of x as a matrix: the dims from axis on are one"""
    shape, axis = node.static(node[0]), node.axis(node[0], 1)
    rows = node.reshape(node[0], [prod(shape[:axis]), prod(shape[axis:])])
    return node.reshape(hardmax_along(node, rows, 1), list(shape))


@converts("Hardmax", since=13)
def hardmax(node: Node) -> SSAValue:
    return hardmax_along(node, node[0], node.axis(node[0], -1))


def hardmax_along(node: Node, x: SSAValue, axis: int) -> SSAValue:
    """1 where the first of the largest elements stands, else 0."""
    size = node.static(x)[axis]
    best = node(graph.ArgReduceOp("max", x, axis=axis, keepdims=True))
    places = node.constant(np.arange(size).reshape(-1, *[1] * (rank_of(x) - axis - 1)))
    return node.cast(node.compare("eq", best, places), element_type_of(x))


@converts("ReverseSequence", since=10)
def reverse_sequence(node: Node) -> SSAValue:
    """gathered from computed places, the same for all that stands behind time and batch"""
    x, time, batch = node[0], node.integer("time_axis", 0), node.integer("batch_axis", 1)
    shape = node.static(x)
    if {time, batch} != {0, 1} or node.static(node[1]) != (shape[batch],):
        raise node.unsupported(f"time_axis = {time}, batch_axis = {batch}, lengths {node[1].type}", "0 and 1 must be")
    steps = node.constant(np.arange(shape[time]).reshape([-1 if n == time else 1 for n in range(2)]))
    lengths = node.cast(node.reshape(node[1], [shape[batch] if n == batch else 1 for n in range(2)]), I64)
    turned = node.sub(node.sub(lengths, 1), steps)
    places = node.select(node.compare("lt", steps, lengths), turned, steps)
    indices = node.reshape(places, [*(shape[n] for n in range(2)), *[1] * (len(shape) - 2)])
    return node(graph.GatherElementsOp(x, indices, axis=time))
