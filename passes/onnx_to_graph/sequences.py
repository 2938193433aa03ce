"""Sequences and optionals: what they hold is known while converting, so nothing is left of them.

    %s = onnx.SequenceConstruct(%a, %b) : (tensor<4xf32>, tensor<4xf32>) -> !onnx.seq<tensor<4xf32>>
    %t = onnx.SequenceInsert(%s, %c) : ...
    %y = onnx.ConcatFromSequence(%t) {axis = 0 : i64} : (!onnx.seq<tensor<4xf32>>) -> tensor<12xf32>
becomes
    %y = graph.concat %a, %b, %c {axis = 0} : ...

How many values a sequence holds, and which is meant by a position, must be known when the program is made.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from stepwell.dialects import graph
from stepwell.dialects.graph.types import rank_of
from xdsl.ir import SSAValue

from .blocks import convert_region
from .conversion import Absent, Converted, Node, SequenceOf, converts
from .emitter import Size, shape


@converts("SequenceConstruct", since=11)
def sequence_construct(node: Node) -> Converted:
    return SequenceOf(tuple(node.inputs))


@converts("SequenceEmpty", since=11)
def sequence_empty(node: Node) -> Converted:
    return SequenceOf(())


@converts("SequenceInsert", since=11)
def sequence_insert(node: Node) -> Converted:
    """a position known when the program is made"""
    items, value = list(node.sequence(0)), node.converted(1)
    place = len(items) if node.op.input(2) is None else position(node, 2, len(items), len(items))
    items.insert(place, value)
    return SequenceOf(tuple(items))


@converts("SequenceErase", since=11)
def sequence_erase(node: Node) -> Converted:
    """a position known when the program is made"""
    items = list(node.sequence(0))
    del items[len(items) - 1 if node.op.input(1) is None else position(node, 1, len(items), len(items) - 1)]
    return SequenceOf(tuple(items))


@converts("SequenceAt", since=11)
def sequence_at(node: Node) -> Converted:
    """a position known when the program is made"""
    items = node.sequence(0)
    return items[position(node, 1, len(items), len(items) - 1)]


@converts("SequenceLength", since=11)
def sequence_length(node: Node) -> SSAValue:
    return node.constant(np.array(len(node.sequence(0)), np.int64))


def position(node: Node, operand: int, count: int, last: int) -> int:
    """A position in a sequence of `count` values, from the front; `last` is the highest that is allowed."""
    (place,) = node.needed_integers(operand, "a position in a sequence")
    if not -count <= place <= last:
        raise node.unsupported(f"position {place} is outside a sequence of {count}", "export the model again")
    return place + count if place < 0 else place


@converts("SplitToSequence", since=11)
def split_to_sequence(node: Node) -> Converted:
    """parts known when the program is made"""
    x = node[0]
    axis = node.axis(x, 0)
    dim = shape(x)[axis]
    if node.op.input(1) is not None and rank_of(node[1]) == 1:
        sizes = node.needed_integers(1, "the sizes of the parts")
    else:
        if dim is None:
            raise node.open_dims()
        size = 1 if node.op.input(1) is None else node.needed_integers(1, "the size of the parts")[0]
        if size <= 0:
            raise node.unsupported(f"parts of size {size} do not exist", "export the model again")
        sizes = [min(size, dim - start) for start in range(0, dim, size)]
    if dim is not None and sum(sizes) != dim:
        raise node.unsupported(f"parts {sizes} are not all of a dim of {dim}", "export the model again")
    starts = np.cumsum([0, *sizes]).tolist()
    parts = [node.slice(x, axis, start, size) for start, size in zip(starts, sizes, strict=False)]
    if node.op.input(1) is None and not node.integer("keepdims", 1):
        kept: list[Size] = [(other,) for other in range(rank_of(x)) if other != axis]
        parts = [node.reshape(part, kept) for part in parts]
    return SequenceOf(tuple(parts))


@converts("ConcatFromSequence", since=11)
def concat_from_sequence(node: Node) -> SSAValue:
    """along an axis, or a new one"""
    parts = [node.tensor(item) for item in node.sequence(0)]
    if not parts:
        raise node.unsupported("an empty sequence has no concatenation", "export the model again")
    if not node.integer("new_axis", 0):
        return parts[0] if len(parts) == 1 else node(graph.ConcatOp(*parts, axis=node.axis(parts[0])))
    return stack(node, parts, node.from_front(node.integer("axis"), rank_of(parts[0]) + 1))


def stack(node: Node, parts: Sequence[SSAValue], axis: int) -> SSAValue:
    """Tensors of one shape side by side along a new axis."""
    sizes: list[Size] = [(other,) for other in range(rank_of(parts[0]))]
    sizes.insert(axis, 1)
    apart = [node.reshape(part, sizes) for part in parts]
    return apart[0] if len(apart) == 1 else node(graph.ConcatOp(*apart, axis=axis))


@converts("SequenceMap", since=17)
def sequence_map(node: Node) -> list[Converted]:
    """the graph once for each value"""
    first, *others = (node.converted(index) for index in range(len(node.op.operands)))
    count = len(node.sequence(0))
    results: list[list[Converted]] = [[] for _ in node.op.results]
    for number in range(count):
        arguments: list[Converted] = []
        for given in (first, *others):
            if isinstance(given, SequenceOf) and len(given.items) != count:
                raise node.unsupported(
                    f"sequences of {count} and {len(given.items)} values do not fit each other",
                    "export the model again",
                )
            arguments.append(given.items[number] if isinstance(given, SequenceOf) else given)
        for result, value in zip(results, convert_region(node, "body", arguments), strict=True):
            result.append(value)
    return [SequenceOf(tuple(result)) for result in results]


@converts("Optional", since=15)
def optional(node: Node) -> Converted:
    return node.converted(0) if node.op.operands else Absent()


@converts("OptionalHasElement", since=15)
def optional_has_element(node: Node) -> SSAValue:
    held = bool(node.op.operands) and node.op.input(0) is not None and not isinstance(node.converted(0), Absent)
    return node.constant(np.array(held))


@converts("OptionalGetElement", since=15)
def optional_get_element(node: Node) -> Converted:
    value = node.converted(0)
    if isinstance(value, Absent):
        raise node.unsupported("the optional holds nothing", "ask OptionalHasElement before, in an If")
    return value
