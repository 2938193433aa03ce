"""Operators that select: how much they give, the data decide.

  "onnx.NonZero"(%x) : (tensor<3x4xf32>) -> tensor<2x?xi64>
becomes
  %upto = graph.cumulate sum %mask {axis = 0} : tensor<12xi64>          // the number of each that is selected
  %place = graph.select %selected, %upto - 1, 12                        // the others all go behind the list
  %list = graph.scatter none %zeros, %place, %iota {axis = 0} : ...     // 0 to 11, each at its number
and the two coordinates are quotients and remainders of the list. The last of %upto is how many there are.
"""

from __future__ import annotations

from math import prod

import numpy as np
from stepwell.dialects import graph
from stepwell.dialects.graph.types import I64, element_type_of, is_float
from xdsl.dialects.builtin import TensorType
from xdsl.ir import SSAValue

from .conversion import Converted, Node, converts
from .sizes import sized


def filled(node: Node, sizes: list[int], number: int) -> SSAValue:
    return node.constant(np.full(sizes, number, np.int64))


def iota(node: Node, count: int) -> SSAValue:
    return node(graph.IotaOp(axis=0, result_type=TensorType(I64, [count])))


def places_of(node: Node, mask: SSAValue, most: int | None = None) -> tuple[SSAValue, SSAValue]:
    """(where in the list `mask` the trues stand, the rest 0; how many there are). `most`: how many there can be."""
    (count,) = node.static(mask)
    most = count if most is None else most
    if count == 0 or most == 0:
        return filled(node, [0], 0), node.constant(np.array(0, np.int64))
    upto = node(graph.CumulateOp("sum", node.cast(mask, I64), axis=0))
    place = node.select(mask, node.sub(upto, 1), most)
    listed = node(graph.ScatterOp("none", filled(node, [most + 1], 0), place, iota(node, count), axis=0))
    return node.slice(listed, 0, 0, most), node.reshape(node.slice(upto, 0, count - 1, 1), [])


def coordinates(node: Node, places: SSAValue, shape: tuple[int, ...]) -> list[SSAValue]:
    """For each dim of `shape` the coordinates of places in it, counted in row-major order."""
    found: list[SSAValue] = []
    for axis, size in enumerate(shape):
        index = node.div(places, max(prod(shape[axis + 1 :]), 1))
        found.append(node(graph.ModOp(*node.operands(index, max(size, 1)))) if axis else index)
    return found


@converts("NonZero", since=9, sized=True)
def non_zero(node: Node) -> Converted:
    """as an output of the model, or of what is known when the program is made"""
    x, shape = node[0], node.static(node[0])
    if not shape:
        x, shape = node.reshape(x, [1]), (1,)
    places, count = places_of(node, node.reshape(node.truth(x), [prod(shape)]))
    rows = [node.reshape(row, [1, prod(shape)]) for row in coordinates(node, places, shape)]
    return sized(node, node(graph.ConcatOp(*rows, axis=0)), {1: count})


@converts("Compress", since=9, sized=True)
def compress(node: Node) -> Converted:
    """as an output of the model, or of a condition that is known when the program is made"""
    x, (length,) = node[0], node.static(node[1])
    if node.has("axis"):
        axis = node.axis(x)
    else:
        x, axis = node.reshape(x, [prod(node.static(x))]), 0
    if length > (size := node.static(x)[axis]):
        raise node.unsupported(f"the condition has {length} elements, but there are {size}", "shorten it")
    places, count = places_of(node, node[1])
    return sized(node, node(graph.GatherOp(x, places, axis=axis)), {axis: count})


@converts("Unique", since=11, sized=True)
def unique(node: Node) -> list[Converted]:
    """as outputs of the model; along an axis of slices, these are sorted by one element after the other"""
    x, shape = node[0], node.static(node[0])
    axis = node.axis(x) if node.has("axis") else None
    perm = list(range(len(shape)))
    if axis is not None:
        perm = [axis, *(n for n in perm if n != axis)]
    count = prod(shape) if axis is None else shape[axis]
    turned = node.transpose(x, perm)
    rows = node.reshape(turned, [count, prod(shape) // count if count else 0])
    if count == 0:
        none = filled(node, [0], 0)
        return [x, none, none, none]
    order = sorted_rows(node, rows, count)
    values = node(graph.GatherOp(rows, order, axis=0))
    new = first_of_equals(node, values, count)
    group = node.sub(node(graph.CumulateOp("sum", new, axis=0)), 1)
    found = node.add(node.reshape(node.slice(group, 0, count - 1, 1), []), 1)
    zeros = filled(node, [count], 0)
    number = node(graph.ScatterOp("none", zeros, order, group, axis=0))
    # Behind the last group, any index that is in x: sorted by it, they stay last, for equals keep their order.
    first = node(graph.ScatterOp("min", filled(node, [count], count - 1), group, order, axis=0))
    many = node(graph.ScatterOp("add", zeros, group, filled(node, [count], 1), axis=0))
    if not node.integer("sorted", 1):  # in the order in which they come
        by_first = node(graph.TopKOp(first, k=count, smallest=True))
        rank = node(graph.ScatterOp("none", zeros, by_first, iota(node, count), axis=0))
        first, many = (node(graph.GatherOp(value, by_first, axis=0)) for value in (first, many))
        number = node(graph.GatherOp(rank, number, axis=0))
    chosen = node(graph.GatherOp(rows, first, axis=0))
    if axis is not None:
        chosen = node.reshape(chosen, [shape[n] for n in perm])
        chosen = node.transpose(chosen, [perm.index(n) for n in range(len(shape))])
    else:
        chosen = node.reshape(chosen, [count])
    parts = [sized(node, chosen, {axis or 0: found}), sized(node, first, {0: found})]
    return [*parts, number, sized(node, many, {0: found})]


def sorted_rows(node: Node, rows: SSAValue, count: int) -> SSAValue:
    """The order of rows that sorts them: by the last column, then, keeping the order of equals, by the one before..."""
    order: SSAValue | None = None
    for column in reversed(range(node.static(rows)[1])):
        keys = node.reshape(node.slice(rows, 1, column, 1), [count])
        if order is not None:
            keys = node(graph.GatherOp(keys, order, axis=0))
        places = node(graph.TopKOp(keys, k=count, smallest=True))
        order = places if order is None else node(graph.GatherOp(order, places, axis=0))
    return iota(node, count) if order is None else order


def first_of_equals(node: Node, rows: SSAValue, count: int) -> SSAValue:
    """1 for each sorted row that is not as the one before it, else 0."""
    differs = node.compare("ne", node.slice(rows, 0, 1, count - 1), node.slice(rows, 0, 0, count - 1))
    new = node.reduce("max", node.cast(differs, I64), [1], keepdims=False)
    return node(graph.ConcatOp(filled(node, [1], 1), new, axis=0))


@converts("NonMaxSuppression", since=10, sized=True)
def non_max_suppression(node: Node) -> Converted:
    """as an output of the model; the most boxes of a class are known when the program is made"""
    boxes, scores = node[0], node[1]
    batches, classes, count = node.static(scores)
    kind = element_type_of(boxes)
    if node.static(boxes) != (batches, count, 4) or not is_float(kind):
        raise node.unsupported(f"boxes {boxes.type} do not fit scores {scores.type}", "export the model again")
    wanted = 0 if node.get(2) is None else node.needed_integers(2, "max_output_boxes_per_class")[0]
    limit = min(max(wanted, 0), count)
    most = batches * classes * limit
    if most == 0:
        return filled(node, [0, 3], 0)
    order = node(graph.TopKOp(scores, k=count))
    best = node(graph.GatherElementsOp(scores, order, axis=2))
    candidates = node.constant(np.ones((batches, classes, count), np.bool_))
    if node.get(4) is not None:
        candidates = node.compare("gt", best, node.reshape(node[4], []))
    threshold = node.scalar(0, kind) if node.get(3) is None else node.reshape(node[3], [])
    corners = node.reshape(corners_of(node, boxes), [batches, 1, count, 4])
    by_score = node(graph.GatherElementsOp(corners, node.reshape(order, [batches, classes, count, 1]), axis=2))
    stays = node(graph.SuppressOp(by_score, candidates, threshold, limit=limit))
    places, found = places_of(node, node.reshape(stays, [batches * classes * count]), most)
    box = node(graph.GatherOp(node.reshape(order, [batches * classes * count]), places, axis=0))
    batch, kind_of_box, _ = coordinates(node, places, (batches, classes, count))
    columns = [node.reshape(column, [most, 1]) for column in (batch, kind_of_box, box)]
    return sized(node, node(graph.ConcatOp(*columns, axis=1)), {0: found})


def corners_of(node: Node, boxes: SSAValue) -> SSAValue:
    """y1, x1, y2, x2 in order, of two corners in any order, or of centers and sizes: x, y, width, height."""
    parts = [node.slice(boxes, 2, n, 1) for n in range(4)]
    if node.integer("center_point_box", 0):
        x, y, width, height = parts
        half = [node.div(size, 2) for size in (height, width)]
        low = [node.sub(center, size) for center, size in zip((y, x), half, strict=True)]
        high = [node.add(center, size) for center, size in zip((y, x), half, strict=True)]
    else:
        y1, x1, y2, x2 = parts
        low = [node.minimum(y1, y2), node.minimum(x1, x2)]
        high = [node.maximum(y1, y2), node.maximum(x1, x2)]
    return node(graph.ConcatOp(*low, *high, axis=2))
