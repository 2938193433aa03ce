"""ONNX Runtime's own attention operators (com.microsoft), as its transformer optimizer and its exporters write them.

  "onnx.com.microsoft.MultiHeadAttention"(%q, %k, %v) {num_heads = 12}
becomes
  graph.matmul (graph.softmax (graph.mul (graph.matmul %q4, %k4), 0.125)), %v4

with the heads split off before and joined after. Caches are concatenated, masks become numbers that are added.
Source: ONNX Runtime, docs/ContribOperators.md, and its CPU kernels where that page is silent.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt

from stepwell.dialects import graph
from stepwell.dialects.graph.types import element_type_of, rank_of
from xdsl.dialects.builtin import i64
from xdsl.ir import SSAValue

from .attention import (
    causal,
    counted,
    join_heads,
    lowest_of,
    padding,
    rotated,
    scores_of,
    split_heads,
    static_dims,
    weighted,
)
from .contrib import contrib
from .contrib_quantization import real_product
from .conversion import Node
from .emitter import Size, shape
from .normalization import rms_norm

FILTERED = -10000.0
"""What a mask adds to a score that must not count, where the node does not say."""


def refuse(node: Node, *names: str) -> None:
    """Attributes that ask for what we do not do."""
    for name in names:
        if node.attribute(name) not in (None, 0, "NONE"):
            raise node.unsupported(f"attribute '{name}' is not supported", "export the model without it")


def refuse_inputs(node: Node, **names: int) -> None:
    for name, index in names.items():
        if node.get(index) is not None:
            raise node.unsupported(f"input '{name}' is not supported", "export the model without it")


def scale_of(node: Node, q: SSAValue) -> float:
    """The node's, or 1 / sqrt(depth) where it gives none, or 0."""
    depth = shape(q)[-1]
    given = node.attribute("scale")
    if given:
        return float(given)
    if depth is None:
        raise node.open_dims()
    return 1 / sqrt(depth)


def piece(node: Node, x: SSAValue, axis: int, which: int, sizes: Sequence[Size]) -> SSAValue:
    """Element `which` of an axis, in a new shape."""
    return node.reshape(node.slice(x, axis, which, 1), sizes)


def together(node: Node, past: SSAValue | None, now: SSAValue) -> SSAValue:
    """A cache of [batch, heads, keys, depth] and what comes behind it."""
    return now if past is None else node(graph.ConcatOp(past, now, axis=2))


def attended(
    node: Node, q: SSAValue, k: SSAValue, v: SSAValue, mask: SSAValue | None, bias: SSAValue | None, past: int
) -> SSAValue:
    """[batch, rows, hidden] of q, k and v whose heads are split off; `past`: keys before those of row 0."""
    scores = scores_of(node, q, k, scale_of(node, q))
    if bias is not None:
        scores = node.add(scores, bias)
    if mask is not None:
        filtered = node.attribute("mask_filter_value")
        scores = node.add(scores, padding(node, mask, scores, FILTERED if filtered is None else filtered))
    if node.integer("unidirectional"):
        scores = causal(node, scores, past)
    return join_heads(node, weighted(node, scores, v))


@contrib("Attention")
def attention(node: Node) -> list[SSAValue]:
    """of one tensor's own queries, keys and values; key padding masks, causal, with a cache"""
    refuse_inputs(node, past_sequence_length=6)
    product = node(graph.MatmulOp(node[0], node[1]))
    if (bias := node.get(2)) is not None:
        product = node.add(product, bias)
    return attended_by_itself(node, product, node.get(3), node.get(4), node.get(5))


@contrib("QAttention")
def quantized_attention(node: Node) -> list[SSAValue]:
    """Attention, whose product of bytes gives queries, keys and values; a scale of the weight, or one a column"""
    product = real_product(node, node[0], node.get(6), node[3], node[1], node.get(7), node[4])
    return attended_by_itself(node, node.add(product, node[2]), node.get(5), node.get(8), None)


def attended_by_itself(
    node: Node, product: SSAValue, mask: SSAValue | None, past: SSAValue | None, bias: SSAValue | None
) -> list[SSAValue]:
    """What attention makes of `product`, [batch, rows, queries, keys and values side by side], and the cache."""
    refuse(node, "do_rotary", "past_present_share_buffer")
    heads = node.integer("num_heads")
    third = (shape(node[1])[1] or 0) // 3
    sizes = node.integers_of("qkv_hidden_sizes", ()) or [third] * 3
    starts = (0, sizes[0], sizes[0] + sizes[1])
    q, k, v = (
        split_heads(node, node.slice(product, 2, start, size), heads) for start, size in zip(starts, sizes, strict=True)
    )
    before = 0
    if past is not None:
        before = static_dims(node, past)[3]
        k, v = (
            together(node, piece(node, past, 0, which, [(1,), (2,), (3,), (4,)]), now)
            for which, now in enumerate((k, v))
        )
    result = attended(node, q, k, v, mask, bias, before)
    if len(node.op.results) == 1:
        return [result]
    each: list[Size] = [1, (0,), (1,), (2,), (3,)]
    return [result, node(graph.ConcatOp(node.reshape(k, each), node.reshape(v, each), axis=0))]


@contrib("MultiHeadAttention")
def multi_head_attention(node: Node) -> list[SSAValue]:
    """of queries, keys and values, apart or packed; key padding masks, causal, with a cache"""
    refuse_inputs(node, past_sequence_length=8, cache_indirection=9)
    heads = node.integer("num_heads")
    q, k, v = unpacked(node)
    if (bias := node.get(3)) is not None:
        start, biased = 0, list[SSAValue]()
        for value in (q, k, v):
            if rank_of(value) != 3:
                raise node.unsupported("a bias of split heads is not supported", "give q, k and v in 3 dims")
            size = static_dims(node, value)[2]
            biased.append(node.add(value, node.slice(bias, 0, start, size)))
            start += size
        q, k, v = biased
    q, k, v = (value if rank_of(value) == 4 else split_heads(node, value, heads) for value in (q, k, v))
    past_k, past_v = node.get(6), node.get(7)
    k, v = together(node, past_k, k), together(node, past_v, v)
    before = 0 if past_k is None else static_dims(node, past_k)[2]
    return [attended(node, q, k, v, node.get(4), node.get(5), before), k, v]


def unpacked(node: Node) -> tuple[SSAValue, SSAValue, SSAValue]:
    """q, k and v of [batch, rows, hidden]; k and v may have split heads."""
    q, k, v = node[0], node.get(1), node.get(2)
    rows: list[Size] = [(0,), (1,), (2, 4)]
    if k is None:
        return (piece(node, q, 3, 0, rows), piece(node, q, 3, 1, rows), piece(node, q, 3, 2, rows))
    if v is None:
        return (q, piece(node, k, 3, 0, rows), piece(node, k, 3, 1, rows))
    return (q, k, v)


@contrib("RotaryEmbedding")
def rotary_embedding(node: Node) -> SSAValue:
    """by places that are given, or follow on each other; interleaved or by halves; of part of a head"""
    refuse(node, "is_packed_batching")
    x, places = node[0], node[1]
    width, heads = node.integer("rotary_embedding_dim", 0), node.integer("num_heads", 0)
    dims = static_dims(node, x)
    rows = dims[-2]
    if len(dims) == 3:
        heads = heads if width else dims[2] // (2 * static_dims(node, node[2])[1])
        x = split_heads(node, x, heads)
    if static_dims(node, places) == (1,):
        places = node.reshape(node.add(counted(node, rows), places), [1, rows])
    interleaved = bool(node.integer("interleaved", 0))
    x = rotated(node, x, *rows_at(node, node[2], node[3], places), interleaved=interleaved, width=width)
    return join_heads(node, x) if len(dims) == 3 else x


def rows_at(node: Node, cosines: SSAValue, sines: SSAValue, places: SSAValue) -> list[SSAValue]:
    """The rows of both tables at places [batch, rows], for all heads: [batch, 1, rows, width / 2]."""
    picked = (node(graph.GatherOp(table, places, axis=0)) for table in (cosines, sines))
    return [node.reshape(table, [(0,), 1, (1,), (2,)]) for table in picked]


@contrib("GroupQueryAttention")
def group_query_attention(node: Node) -> list[SSAValue]:
    """causal, of fewer keys than queries; caches, rotary embedding, a local window, soft caps, sinks; not quantized"""
    refuse(node, "k_quant_type", "v_quant_type", "kv_cache_bit_width", "qk_output", "sliding_window_cache")
    refuse_inputs(node, k_scale=12, v_scale=13)
    if not node.integer("causal"):
        raise node.unsupported("causal = 0 is not supported", "use MultiHeadAttention")
    heads, groups = node.integer("num_heads"), node.integer("kv_num_heads")
    q, k, v = heads_of_groups(node, heads, groups)
    batch, _, rows, depth = static_dims(node, q)
    before = places_before(node, batch, rows)
    places = node.add(node.reshape(counted(node, rows), [1, rows]), before)
    if node.integer("do_rotary", 0):
        given = node.get(9)
        tables = rows_at(node, node[7], node[8], places if given is None else given)
        interleaved, width = bool(node.integer("rotary_interleaved", 0)), 2 * static_dims(node, node[7])[1]
        q, k = (rotated(node, x, *tables, interleaved=interleaved, width=width) for x in (q, k))
    k, v = (grown(node, node.get(index), x, before) for index, x in ((3, k), (4, v)))
    each = heads // groups
    q5 = node.reshape(q, [batch, groups, each, rows, depth])
    k5, v5 = (node.reshape(x, [(0,), (1,), 1, (2,), (3,)]) for x in (k, v))
    scores = scores_of(node, q5, k5, scale_of(node, q))
    keys = static_dims(node, scores)[-1]
    scores = node.reshape(scores, [batch, heads, rows, keys])
    if cap := node.real("softcap", 0.0):
        scores = node.mul(node.tanh(node.div(scores, cap)), cap)
    if (bias := node.get(10)) is not None:
        scores = node.add(scores, bias)
    scores = in_window(node, scores, places)
    weights = node.reshape(with_sink(node, scores), [batch, groups, each, rows, keys])
    result = node.reshape(node(graph.MatmulOp(weights, v5)), [batch, heads, rows, depth])
    return [join_heads(node, result), k, v]


def heads_of_groups(node: Node, heads: int, groups: int) -> tuple[SSAValue, SSAValue, SSAValue]:
    """q of `heads`, k and v of `groups`, apart or packed behind each other, and with their norms."""
    q, k, v = node[0], node.get(1), node.get(2)
    if k is None or v is None:
        depth = static_dims(node, q)[2] // (heads + 2 * groups)
        starts, sizes = (0, heads * depth, (heads + groups) * depth), (heads * depth, groups * depth, groups * depth)
        q, k, v = (node.slice(node[0], 2, start, size) for start, size in zip(starts, sizes, strict=True))
    split = [split_heads(node, x, count) for x, count in ((q, heads), (k, groups), (v, groups))]
    epsilon = node.real("qk_norm_epsilon")
    for which, index in enumerate((14, 15)):
        if (weight := node.get(index)) is not None:
            split[which] = rms_norm(node, split[which], [3], weight, epsilon, stash=True)[0]
    return split[0], split[1], split[2]


def total_of(node: Node) -> int:
    return node.needed_integers(6, "total_sequence_length")[0]


def places_before(node: Node, batch: int, rows: int) -> SSAValue:
    """How many keys each of the batch has in its cache, [batch, 1]: none where these rows are the first."""
    if total_of(node) == rows:
        return node.integers([0])
    lengths = node.reshape(node.cast(node[5], i64), [batch, 1])
    return node.add(lengths, 1 - rows)


def grown(node: Node, past: SSAValue | None, now: SSAValue, before: SSAValue) -> SSAValue:
    """The keys of a cache up to `before`, and the new ones from there on; as many as the cache has or are asked for."""
    batch, groups, rows, depth = static_dims(node, now)
    kept = 0 if past is None else static_dims(node, past)[2]
    total = total_of(node)
    length = max(kept, total)
    if total == rows or past is None or kept == 0:
        return node(graph.PadOp(now, low=(0, 0, 0, 0), high=(0, 0, length - rows, 0))) if length > rows else now
    place = node.reshape(counted(node, length), [1, length])
    new = node.add(node.sub(place, before), kept)  # [batch, length]: which of cache and new ones
    chosen = node.select(node.compare("lt", place, before), place, node.minimum(new, kept + rows - 1))
    row = node.mul(node.reshape(counted(node, batch), [batch, 1]), kept + rows)
    both = node.transpose(node(graph.ConcatOp(past, now, axis=2)), [0, 2, 1, 3])
    flat = node.reshape(both, [batch * (kept + rows), groups, depth])
    taken = node(graph.GatherOp(flat, node.add(chosen, row), axis=0))
    if length > total or batch > 1:  # what lies behind the last of each is 0
        filled = node.compare("lt", place, node.add(before, rows))
        taken = node.select(node.reshape(filled, [(0,), (1,), 1, 1]), taken, 0.0)
    return node.transpose(taken, [0, 2, 1, 3])


def in_window(node: Node, scores: SSAValue, places: SSAValue) -> SSAValue:
    """The scores of keys up to each row's own place, and no further back than the local window."""
    keys, rows = static_dims(node, scores)[-1], static_dims(node, places)
    own = node.reshape(places, [rows[0], 1, rows[1], 1])
    key = counted(node, keys)
    seen = node.compare("le", key, own)
    if (window := node.integer("local_window_size")) > 0:
        seen = node(graph.AndOp(seen, node.compare("gt", key, node.sub(own, window))))
    return node.select(seen, scores, lowest_of(element_type_of(scores)))


def with_sink(node: Node, scores: SSAValue) -> SSAValue:
    """The softmax of the scores; of one more, a head's sink or 0, only the others' weights are taken."""
    sink, (batch, heads, rows, keys) = node.get(11), static_dims(node, scores)
    if sink is None and node.integer("smooth_softmax") != 1:
        return node(graph.SoftmaxOp(scores, axis=3))
    column = node.scalar(0.0, element_type_of(scores)) if sink is None else node.reshape(sink, [1, heads, 1, 1])
    more = node(graph.ConcatOp(scores, node.broadcast_to(column, node.integers([batch, heads, rows, 1])), axis=3))
    return node.slice(node(graph.SoftmaxOp(more, axis=3)), 3, 0, keys)
