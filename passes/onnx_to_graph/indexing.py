"""Gathers and scatters whose indices are a whole tensor: on rows of the tensor seen as a matrix, where there are rows.

  "onnx.ScatterND"(%x, %i, %u) {reduction = "add"} : (tensor<4x5x8xf32>, tensor<9x2xi64>, tensor<9x8xf32>)
becomes
  %rows = graph.reshape %x : (tensor<4x5x8xf32>) -> tensor<20x8xf32>
  %place = %i[:, 0] * 5 + %i[:, 1]                                      // each first moved into its dim
  %y = graph.scatter add %rows, %place, %u {axis = 0} : (tensor<20x8xf32>, tensor<9x1xi64>, tensor<9x8xf32>) -> ...
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import numpy as np
from stepwell.dialects import graph
from stepwell.dialects.graph.types import I64, rank_of
from xdsl.ir import SSAValue

from .conversion import Node, converts
from .emitter import shape


def check_indices(node: Node, indices: SSAValue, size: int | None) -> None:
    """Indices that are known lie in a dim of `size`, where that is known."""
    if size is None:
        return
    if size == 0 and 0 not in shape(indices):
        raise node.unsupported("there is no element to index: the dim has size 0", "hand in an x that has some")
    known = node.known(indices)
    if known is None:
        return
    wrong = known[(known < -size) | (known >= size)]
    if wrong.size:
        raise node.unsupported(f"index {wrong[0]} is outside a dim of size {size}", "export the model again")


@converts("GatherElements", since=11)
def gather_elements(node: Node) -> SSAValue:
    x, indices = node[0], node[1]
    axis = node.axis(x, 0)
    sizes = list(node.static(indices))
    sizes[axis] = node.static(x)[axis]
    check_indices(node, indices, sizes[axis])
    return node(graph.GatherElementsOp(corner(node, x, sizes), indices, axis=axis))


def corner(node: Node, x: SSAValue, sizes: Sequence[int]) -> SSAValue:
    """The first `sizes` elements of each dim."""
    if tuple(sizes) == node.static(x):
        return x
    return node(graph.SliceOp(x, starts=(0,) * len(sizes), sizes=tuple(sizes)))


@converts("Scatter", since=9)
@converts("ScatterElements", since=11)
def scatter_elements(node: Node) -> SSAValue:
    """all reductions, in the order of the updates"""
    x, axis = node[0], node.axis(node[0], 0)
    if rank_of(node[1]) == rank_of(x) and node.static(node[1]) != node.static(node[2]):
        raise node.unsupported("indices and updates differ in shape", "export the model again with a valid node")
    check_indices(node, node[1], shape(x)[axis])
    return node(graph.ScatterOp(reduction(node), x, node[1], node[2], axis=axis))


def reduction(node: Node) -> str:
    kind = node.text("reduction", "none")
    if kind not in graph.SCATTER:
        raise node.unsupported(f"reduction '{kind}' does not exist", f"{', '.join(graph.SCATTER)} do")
    return kind


@converts("GatherND", since=11)
def gather_nd(node: Node) -> SSAValue:
    x, indices = node.static(node[0]), node.static(node[1])
    batch, count = node.integer("batch_dims", 0), indices[-1] if indices else 0
    if not 0 <= batch < min(len(x), len(indices)) or not 1 <= count <= len(x) - batch or x[:batch] != indices[:batch]:
        raise node.unsupported(
            f"indices {list(indices)} with batch_dims = {batch} do not fit x, {list(x)}", "export the model again"
        )
    rest, places = x[batch + count :], indices[:-1]
    place = row_numbers(node, node[1], x[batch : batch + count])
    if batch:
        size = prod(x[batch : batch + count])
        steps = np.arange(prod(x[:batch])).reshape(*x[:batch], *[1] * (len(places) - batch))
        place = node.add(inside(node, place, size), node.constant(steps * size))
    rows = node.reshape(node[0], [prod(x[: batch + count]), *rest])
    return node(graph.GatherOp(rows, place, axis=0))


@converts("TensorScatter", since=24)
def tensor_scatter(node: Node) -> SSAValue:
    """a cache with new entries in it, for each of the batch from an index on, or round the end"""
    cache, update = node.static(node[0]), node.static(node[1])
    axis, mode = node.axis(node[0], -2), node.text("mode", "linear")
    if axis == 0 or len(cache) != len(update) or mode not in ("linear", "circular"):
        raise node.unsupported(f"axis = {axis}, mode '{mode}'", "an axis behind the batch, linear or circular")
    starts = node.integers([0] * cache[0]) if node.get(2) is None else node.cast(node[2], I64)
    column, row = ([size if n == dim else 1 for n in range(len(cache))] for dim, size in ((0, cache[0]), (axis, -1)))
    steps = node.constant(np.arange(update[axis]).reshape(row))
    places = node.add(node.reshape(starts, column), steps)
    if mode == "circular":
        places = node(graph.ModOp(*node.operands(places, cache[axis])))
    return node(graph.ScatterOp("none", node[0], places, node[1], axis=axis))


@converts("ai.onnx.ml.ArrayFeatureExtractor")
def array_feature_extractor(node: Node) -> SSAValue:
    x, count = node[0], node.static(node[1])
    rows = node.reshape(x, [1, *node.static(x)]) if rank_of(x) == 1 else x
    size = node.static(rows)[-1]
    check_indices(node, node[1], size)
    return node(graph.GatherOp(rows, node.reshape(node[1], [prod(count)]), axis=rank_of(rows) - 1))


@converts("ScatterND", since=11)
def scatter_nd(node: Node) -> SSAValue:
    """all reductions, in the order of the updates"""
    x, indices, updates = (node.static(node[n]) for n in range(3))
    count = indices[-1] if indices else 0
    if not 1 <= count <= len(x) or updates != (*indices[:-1], *x[count:]):
        raise node.unsupported(
            f"indices {list(indices)} and updates {list(updates)} do not fit x, {list(x)}", "export the model again"
        )
    row, many = prod(x[count:]), prod(indices[:-1])
    place = node.reshape(row_numbers(node, node[1], x[:count]), [many, 1])
    y = graph.ScatterOp(
        reduction(node),
        node.reshape(node[0], [prod(x[:count]), row]),
        place,
        node.reshape(node[2], [many, row]),
        axis=0,
    )
    return node.reshape(node(y), list(x))


def row_numbers(node: Node, indices: SSAValue, dims: Sequence[int]) -> SSAValue:
    """The place in a tensor of `dims` that each list of indices, along the last dim, means. Where it is a list of one
    it stays as it is, since gather and scatter know what to do with it."""
    places, last = node.static(indices)[:-1], rank_of(indices) - 1
    if len(dims) == 1:
        check_indices(node, indices, dims[0])
        return node.reshape(indices, list(places))
    total: SSAValue | None = None
    for n, size in enumerate(dims):
        index = node.reshape(node.cast(node.slice(indices, last, n, 1), I64), list(places))
        check_indices(node, index, size)
        place = node.mul(inside(node, index, size), prod(dims[n + 1 :]))
        total = place if total is None else node.add(total, place)
    assert total is not None
    return total


def inside(node: Node, index: SSAValue, size: int) -> SSAValue:
    """Where an index into a dim of `size` points: from the end where it is negative, and never outside."""
    index = node.cast(index, I64)
    index = node.select(node.compare("lt", index, 0), node.add(index, size), index)
    return node.clamp(index, 0, size - 1)
