"""Attention, put together from products, masks and a softmax: what the operators of that name have in common.

softmax(q k' * scale + masks) v        q: [batch, heads, rows, depth]    k, v: [batch, heads, keys, depth]
"""

from __future__ import annotations

from collections.abc import Sequence

from stepwell.dialects import graph
from stepwell.dialects.graph.types import element_type_of, rank_of
from xdsl.dialects.builtin import Float32Type, TensorType, f32, i64
from xdsl.ir import Attribute, SSAValue

from .conversion import Node
from .emitter import shape, static_shape

LOWEST = -3.4028234663852886e38
"""The lowest float32: what a score is where it must not count. Its exponential is 0, also where all are it."""

LOWEST_HALF = -65504.0
"""The lowest float16, for scores of that type."""


def lowest_of(kind: Attribute) -> float:
    return LOWEST if isinstance(kind, Float32Type) else LOWEST_HALF


def static_dims(node: Node, x: SSAValue) -> tuple[int, ...]:
    dims = static_shape(x)
    if dims is None:
        raise node.open_dims()
    return dims


def counted(node: Node, number: int) -> SSAValue:
    """0, 1, ... number - 1, of int64."""
    return node(graph.IotaOp(axis=0, result_type=TensorType(i64, [number])))


def split_heads(node: Node, x: SSAValue, heads: int) -> SSAValue:
    """[batch, rows, heads * depth] as [batch, heads, rows, depth]."""
    hidden = shape(x)[-1]
    if hidden is None:
        raise node.open_dims()
    if hidden % heads:
        raise node.unsupported(f"{hidden} numbers for {heads} heads are not supported", "the heads must be of one size")
    return node.transpose(node.reshape(x, [(0,), (1,), heads, hidden // heads]), [0, 2, 1, 3])


def join_heads(node: Node, x: SSAValue) -> SSAValue:
    """[batch, heads, rows, depth] as [batch, rows, heads * depth]."""
    return node.reshape(node.transpose(x, [0, 2, 1, 3]), [(0,), (1,), (2, 3)])


def scores_of(node: Node, q: SSAValue, k: SSAValue, scale: float) -> SSAValue:
    """q k' * scale, of any dims before the last two."""
    dims = rank_of(k)
    turned = node.transpose(k, [*range(dims - 2), dims - 1, dims - 2])
    return node.mul(node(graph.MatmulOp(q, turned)), scale)


def weighted(node: Node, scores: SSAValue, v: SSAValue) -> SSAValue:
    """softmax(scores) v"""
    return node(graph.MatmulOp(node(graph.SoftmaxOp(scores, axis=rank_of(scores) - 1)), v))


def causal(node: Node, scores: SSAValue, past: int) -> SSAValue:
    """The scores, without those of the keys behind `past` + row."""
    rows, keys = static_dims(node, scores)[-2:]
    limit = node.add(node.reshape(counted(node, rows), [rows, 1]), past)
    seen = node.compare("le", counted(node, keys), limit)
    return node.select(seen, scores, lowest_of(element_type_of(scores)))


def rotated(
    node: Node, x: SSAValue, cosine: SSAValue, sine: SSAValue, *, interleaved: bool, width: int | None = None
) -> SSAValue:
    """Rotary position embedding (Su et al. 2021) of the last dim's first `width` numbers, all where None.

    A number of the first half turns with its partner in the second, or, interleaved, each even one with the next:
    (a, b) becomes (a cos - b sin, a sin + b cos). cosine and sine: [..., width / 2].
    """
    dims, last = static_dims(node, x), rank_of(x) - 1
    width = width or dims[last]
    half, turned = width // 2, node.slice(x, last, 0, width)
    if interleaved:
        pairs = node.reshape(turned, [*dims[:last], half, 2])
        parts: Sequence[SSAValue] = [
            node.reshape(node.slice(pairs, last + 1, which, 1), [*dims[:last], half]) for which in range(2)
        ]
    else:
        parts = [node.slice(turned, last, start, half) for start in (0, half)]
    a, b = parts
    first = node.sub(node.mul(a, cosine), node.mul(b, sine))
    second = node.add(node.mul(a, sine), node.mul(b, cosine))
    if interleaved:
        columns = [node.reshape(each, [*dims[:last], half, 1]) for each in (first, second)]
        together = node.reshape(node(graph.ConcatOp(*columns, axis=last + 1)), [*dims[:last], width])
    else:
        together = node(graph.ConcatOp(first, second, axis=last))
    if width == dims[last]:
        return together
    return node(graph.ConcatOp(together, node.slice(x, last, width, dims[last] - width), axis=last))


def padding(node: Node, mask: SSAValue, scores: SSAValue, filtered: float) -> SSAValue:
    """What a key padding mask adds to scores of [batch, heads, rows, keys]: 0 where it counts a key, else `filtered`.

    The mask: [batch, keys], or [batch, rows, keys], above 0 where a key counts; or how many count for each of the
    batch, and then behind these which is the first: [batch], [2 * batch].
    """
    batch, _, _, keys = static_dims(node, scores)
    dims = static_dims(node, mask)
    if len(dims) == 1 and dims[0] in (batch, 2 * batch):
        places = node.cast(counted(node, keys), element_type_of(mask))
        ends = node.reshape(node.slice(mask, 0, 0, batch), [batch, 1])
        counts = node.compare("lt", places, ends)
        if dims[0] == 2 * batch:
            starts = node.reshape(node.slice(mask, 0, batch, batch), [batch, 1])
            counts = node(graph.AndOp(counts, node.compare("ge", places, starts)))
        sizes = [batch, 1, 1, keys]
    elif len(dims) in (2, 3):
        counts, sizes = node.compare("gt", mask, 0), [dims[0], 1, *[1] * (3 - len(dims)), *dims[1:]]
    else:
        raise node.unsupported(
            f"a mask of shape {dims} is not supported", "one of [batch, keys] or [batch, rows, keys] is"
        )
    zero, far = (node.scalar(number, f32) for number in (0.0, filtered))
    amounts = node(graph.SelectOp(node.reshape(counts, sizes), zero, far))
    return node.cast(amounts, element_type_of(scores))
