"""Attention and RotaryEmbedding as ONNX itself has them, since opset 23.

  "onnx.Attention"(%q, %k, %v) {q_num_heads = 8, kv_num_heads = 8, is_causal = 1}
becomes, with the heads split off before and joined after,
  graph.matmul (graph.softmax (graph.select %seen, (graph.mul (graph.matmul %q4, %k4), 0.125), -inf)), %v4

What hides keys, a mask of bools or of numbers, causality, a window or the number of keys that are filled, is told apart
from the scores, because a row all of whose keys are hidden gives 0.
"""

from __future__ import annotations

from functools import reduce
from math import inf, sqrt

from stepwell.dialects import graph
from stepwell.dialects.graph.types import element_type_of, is_bool, rank_of
from stepwell.dialects.onnx.types import ELEMENT_TYPES
from xdsl.dialects.builtin import i64
from xdsl.ir import SSAValue

from .attention import counted, join_heads, rotated, scores_of, split_heads
from .contrib_attention import rows_at, together
from .conversion import Node, converts
from .sampling import both


@converts("RotaryEmbedding", since=23)
def rotary_embedding(node: Node) -> SSAValue:
    """by places that are given or tables that are; interleaved or by halves; of part of a head"""
    x, places, dims = node[0], node.get(3), rank_of(node[0])
    x = split_heads(node, x, node.integer("num_heads", 0) or 1) if dims == 3 else x
    if places is None:
        tables = [node.reshape(node[index], [(0,), 1, (1,), (2,)]) for index in (1, 2)]
    else:
        tables = rows_at(node, node[1], node[2], places)
    width = node.integer("rotary_embedding_dim", 0)
    y = rotated(node, x, *tables, interleaved=bool(node.integer("interleaved", 0)), width=width)
    return join_heads(node, y) if dims == 3 else y


@converts("Attention", since=23)
def attention(node: Node) -> list[SSAValue]:
    """masks, causality, windows, caches, fewer heads of keys than of queries, soft caps; all four results"""
    q, k, v, own = node[0], node[1], node[2], element_type_of(node[0])
    flat = rank_of(q) == 3
    if flat:
        q = split_heads(node, q, node.integer("q_num_heads"))
        k, v = (split_heads(node, x, node.integer("kv_num_heads")) for x in (k, v))
    k, v = together(node, node.get(4), k), together(node, node.get(5), v)
    (batch, heads, rows, depth), (_, groups, keys, _) = node.static(q), node.static(k)
    if groups == 0 or heads % groups:
        raise node.unsupported(f"{heads} heads of queries for {groups} of keys are not supported", "a multiple is")
    given = node.attribute("scale")
    apart = [batch, groups, heads // groups]  # the queries that share a head of keys
    scores = scores_of(
        node,
        node.reshape(q, [*apart, rows, depth]),
        node.reshape(k, [batch, groups, 1, keys, depth]),
        1 / sqrt(depth) if given is None else float(given),
    )
    raw = node.reshape(scores, [batch, heads, rows, keys])
    cap = node.real("softcap", 0.0)
    capped = node.mul(node.tanh(node.div(raw, cap)), cap) if cap > 0 else raw
    masked, hidden = hide(node, capped)
    wide = node.attribute("softmax_precision")
    scored = masked if wide is None else node.cast(masked, ELEMENT_TYPES[int(wide)])
    shares = node.cast(node(graph.SoftmaxOp(scored, axis=3)), own)
    shares = shares if hidden is None else node.select(hidden, 0.0, shares)
    of_groups = node.cast(node.reshape(shares, [*apart, rows, keys]), element_type_of(v))
    depth_of_v = node.static(v)[3]
    y = node(graph.MatmulOp(of_groups, node.reshape(v, [batch, groups, 1, keys, depth_of_v])))
    y = node.cast(node.reshape(y, [batch, heads, rows, depth_of_v]), own)
    shown = (raw, capped, masked, shares)[node.integer("qk_matmul_output_mode", 0)]
    return [join_heads(node, y) if flat else y, k, v, shown]


def hide(node: Node, scores: SSAValue) -> tuple[SSAValue, SSAValue | None]:
    """The scores with -inf for keys that a row does not see, and which rows [.., rows, 1] may see none."""
    batch, _, rows, keys = node.static(scores)
    mask, filled, past = node.get(3), node.get(6) if node.opset >= 24 else None, node.get(4)
    bias: SSAValue | None = None
    seen: list[SSAValue] = []
    if mask is not None:
        mask = widened(node, mask, keys)
        if is_bool(element_type_of(mask)):
            seen.append(mask)
        else:
            bias = node.cast(mask, element_type_of(scores))
    place = node.reshape(counted(node, rows), [rows, 1])
    if filled is not None:
        counts = node.reshape(node.cast(filled, i64), [batch, 1, 1, 1])
        place = node.add(place, node.sub(counts, rows))
        seen.append(node.compare("lt", counted(node, keys), counts))
    elif past is not None:
        place = node.add(place, node.static(past)[2])
    key, certain = counted(node, keys), not seen and bias is None
    if node.integer("is_causal", 0):
        seen.append(node.compare("le", key, place))
    for name, distance in (
        ("left_window_size", lambda: node.sub(place, key)),
        ("right_window_size", lambda: node.sub(key, place)),
    ):
        if (size := node.attribute(name)) is not None and size >= 0:
            seen.append(node.compare("le", distance(), int(size)))
            certain = False
    if bias is not None:
        scores = node.add(scores, bias)
    if not seen:
        return scores, None if bias is None else none_seen(node, bias)
    together = reduce(lambda a, b: both(node, a, b), seen)
    hidden = None
    if not certain:
        open_ = node.scalar(0.0, element_type_of(scores)) if bias is None else bias
        hidden = none_seen(node, node.select(together, open_, -inf))
    return node.select(together, scores, -inf), hidden


def none_seen(node: Node, bias: SSAValue) -> SSAValue:
    """Whether all keys of a row are hidden."""
    return node.compare("eq", node.reduce("max", bias, [rank_of(bias) - 1]), -inf)


def widened(node: Node, mask: SSAValue, keys: int) -> SSAValue:
    """A mask that ends before the last key hides those behind."""
    dims = node.static(mask)
    if not dims or dims[-1] == keys or dims[-1] == 1:
        return mask
    value = 0.0 if is_bool(element_type_of(mask)) else -inf
    high = (*[0] * (len(dims) - 1), keys - dims[-1])
    return node(graph.PadOp(mask, low=(0,) * len(dims), high=high, value=value))
