"""Windows the other way round, and other gathers by places that are known when the program is made.

  %y, %i = "onnx.MaxPool"(%x) {kernel_shape = [2, 2]} : tensor<1x1x4x4xf32> -> (tensor<1x1x3x3xf32>, ...)
becomes, for the second result,
  %windows = graph.gather %plane, %table {axis = 1} : (tensor<1x16xf32>, tensor<9x4xi64>) -> tensor<1x9x4xf32>
  %best = graph.arg_reduce max %windows {axis = 2} : ...
  %i = graph.gather %places, %best + 4 * window {axis = 0} : ...          // the table's own numbers
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import numpy as np
from stepwell.dialects import graph
from stepwell.dialects.graph.types import I64, dtype_of, element_type_of, rank_of
from xdsl.dialects.builtin import f32
from xdsl.ir import SSAValue

from .conversion import Node, converts
from .emitter import Array
from .windows import Window


def places_in_windows(sizes: Sequence[int], window: Window, low: Sequence[int], outputs: Sequence[int]) -> Array:
    """[windows, elements of a window]: where in a plane of `sizes` each lies, row by row; -1 outside of it."""
    total: Array = np.zeros((1, 1), np.int64)
    outside: Array = np.zeros((1, 1), np.bool_)
    for axis, size in enumerate(sizes):
        starts = np.arange(outputs[axis]) * window.strides[axis] - low[axis]
        at = starts[:, None] + np.arange(window.kernel[axis]) * window.dilations[axis]
        total = (total[:, None, :, None] * size + at[None, :, None, :]).reshape(
            total.shape[0] * at.shape[0], total.shape[1] * at.shape[1]
        )
        beyond = (at < 0) | (at >= size)
        outside = (outside[:, None, :, None] | beyond[None, :, None, :]).reshape(total.shape)
    return np.where(outside, -1, total)


def max_pool_indices(node: Node, x: SSAValue, window: Window, low: Sequence[int], outputs: Sequence[int]) -> SSAValue:
    """Where in x, flat, the first of the largest elements of each window is. With `storage_order = 1` its spatial
    dims are counted the other way round."""
    shape = node.static(x)
    planes, sizes = prod(shape[:2]), shape[2:]
    table = places_in_windows(sizes, window, low, outputs)
    inside = np.take_along_axis(table, (table >= 0).argmax(axis=1)[:, None], axis=1)
    table = np.maximum(np.where(table < 0, inside, table), 0)  # what lies outside is never the first of the largest
    windows = node(graph.GatherOp(node.reshape(x, [planes, prod(sizes)]), node.constant(table), axis=1))
    best = node(graph.ArgReduceOp("max", windows, axis=2))
    place = node.add(best, node.constant(np.arange(len(table)) * table.shape[1]))
    if node.integer("storage_order", 0):
        table = np.arange(prod(sizes)).reshape(sizes[::-1]).transpose().reshape(-1)[table]
    found = node(graph.GatherOp(node.constant(table.reshape(-1)), place, axis=0))
    first = node.constant((np.arange(planes) * prod(sizes)).reshape(-1, 1))
    return node.reshape(node.add(found, first), [*shape[:2], *outputs])


@converts("MaxUnpool", since=9)
def max_unpool(node: Node) -> SSAValue:
    """with output_shape, what the windows reach lies at its start"""
    x, shape = node[0], node.static(node[0])
    window = Window.of(node, node.integers_of("kernel_shape"))
    spatial = len(window.kernel)
    sizes = list(shape[:2])
    for axis in range(spatial):
        pads = window.pads[axis] + window.pads[spatial + axis]
        sizes.append((shape[axis + 2] - 1) * window.strides[axis] - pads + window.kernel[axis])
    zeros = node.constant(np.zeros(1, dtype_of(element_type_of(x))))
    flat = node.broadcast_to(zeros, node.integers([prod(sizes)]))
    places, values = (node.reshape(value, [prod(shape)]) for value in (node[1], x))
    y = node.reshape(node(graph.ScatterOp("none", flat, places, values, axis=0)), sizes)
    if node.get(2) is None:
        return y
    return fitted(node, y, node.needed_integers(2, "output_shape"), [0] * rank_of(y))


def fitted(node: Node, x: SSAValue, sizes: Sequence[int], low: Sequence[int]) -> SSAValue:
    """x in a tensor of zeros, `low` elements from its start; where that is negative, without its first elements."""
    shape = node.static(x)
    starts = [max(-first, 0) for first in low]
    kept = [min(have - start, want) for have, start, want in zip(shape, starts, sizes, strict=True)]
    if tuple(kept) != shape:
        x = node(graph.SliceOp(x, starts=tuple(starts), sizes=tuple(kept)))
    before = [max(first, 0) for first in low]
    after = [want - first - have for want, first, have in zip(sizes, before, kept, strict=True)]
    return node(graph.PadOp(x, low=tuple(before), high=tuple(after))) if any((*before, *after)) else x


@converts("CenterCropPad", since=18)
def center_crop_pad(node: Node) -> SSAValue:
    x, wanted = node[0], node.needed_integers(1, "shape")
    shape = list(node.static(x))
    axes = [node.from_front(axis, len(shape)) for axis in node.integers_of("axes", range(len(shape)))]
    if len(axes) != len(wanted):
        raise node.unsupported(f"{len(wanted)} sizes for {len(axes)} axes", "one size an axis is needed")
    sizes, low = list(shape), [0] * len(shape)
    for axis, size in zip(axes, wanted, strict=True):
        more = size - shape[axis]
        sizes[axis], low[axis] = size, more // 2 if more > 0 else -(-more // 2)
    return fitted(node, x, sizes, low)


@converts("Col2Im", since=18)
def col2im(node: Node) -> SSAValue:
    """each pixel is the sum of the elements of windows that lie on it, whose places are known"""
    shape, (spatial,) = node.static(node[0]), node.static(node[1])
    both = node(graph.ConcatOp(node[1], node[2], axis=0))  # so that it is known of both that they are needed
    numbers = [int(number) for number in node.needed_value(both, "image_shape and block_shape")]
    image, block = numbers[:spatial], numbers[spatial:]
    window = Window.of(node, block)
    reach = [window.reach(axis) for axis in range(spatial)]
    room = [image[n] + window.pads[n] + window.pads[spatial + n] - reach[n] for n in range(spatial)]
    outputs = [free // step + 1 for free, step in zip(room, window.strides, strict=True)]
    many = prod(block)
    if len(shape) != 3 or shape[1] % many or min(outputs) < 1 or prod(outputs) != shape[2]:
        raise node.unsupported(f"{list(shape)} are no columns of {block} in an image of {image}", "export it again")
    pixels = places_in_windows(image, window, window.pads, outputs).T.reshape(-1)  # of element k of window l
    sources = np.argsort(pixels, kind="stable")
    sources = sources[pixels[sources] >= 0]
    sorted_pixels = pixels[sources]
    rank = np.arange(len(sources)) - np.searchsorted(sorted_pixels, sorted_pixels)
    table = np.full((prod(image), int(rank.max(initial=-1)) + 1), len(pixels), np.int64)
    table[sorted_pixels, rank] = sources
    planes = shape[0] * shape[1] // many
    columns = node.reshape(node[0], [planes, len(pixels)])
    padded = node(graph.PadOp(columns, low=(0, 0), high=(0, 1)))  # where a pixel has fewer than others: 0
    summed = node.reduce("sum", node(graph.GatherOp(padded, node.constant(table), axis=1)), [2], keepdims=False)
    return node.reshape(summed, [shape[0], shape[1] // many, *image])


@converts("TfIdfVectorizer", since=9)
def tf_idf_vectorizer(node: Node) -> SSAValue:
    """of integers: each list of the pool is compared with each place"""
    if node.attribute("pool_int64s") is None:
        raise node.unsupported("a pool of strings is not supported; one of integers is", "number the words before")
    shape = node.static(node[0])
    if len(shape) not in (1, 2):
        raise node.unsupported(f"{len(shape)} dims are not supported", "1 and 2 are")
    x = node.reshape(node.cast(node[0], I64), [prod(shape[:-1]), shape[-1]])
    places = np.array(node.integers_of("ngram_indexes"), np.int64)
    size = int(places.max(initial=-1)) + 1
    total = node.constant(np.zeros((prod(shape[:-1]), size), np.int64))
    for numbers, grams in pooled(node):
        length = grams.shape[1]
        for skip in range(1, (node.integer("max_skip_count") + 1 if length > 1 else 1) + 1):
            count = shape[-1] - (length - 1) * skip
            if count <= 0:
                continue
            same: SSAValue | None = None
            for n in range(length):
                word = node.reshape(node.slice(x, 1, n * skip, count), [prod(shape[:-1]), count, 1])
                here = node.compare("eq", word, node.constant(grams[:, n]))
                same = here if same is None else node(graph.AndOp(same, here))
            assert same is not None
            counts = node.reduce("sum", node.cast(same, I64), [1], keepdims=False)
            index = node.constant(places[numbers][None])
            total = node(graph.ScatterOp("add", total, index, counts, axis=1))
    mode = node.text("mode")
    found = node.cast(total if mode != "IDF" else node.minimum(total, 1), f32)
    weights = node.attribute("weights")
    if mode != "TF" and weights is not None:
        found = node.mul(found, node.constant(np.array(weights, np.float32)))
    return node.reshape(found, [*shape[:-1], size])


def pooled(node: Node) -> list[tuple[Array, Array]]:
    """(the numbers in the pool, the lists) of each length of list that counts."""
    pool, starts = np.array(node.integers_of("pool_int64s"), np.int64), node.integers_of("ngram_counts")
    found: list[tuple[Array, Array]] = []
    before = 0
    for length, (start, end) in enumerate(zip(starts, [*starts[1:], len(pool)], strict=True), 1):
        grams = pool[start:end].reshape(-1, length)
        if len(grams) and node.integer("min_gram_length") <= length <= node.integer("max_gram_length"):
            found.append((before + np.arange(len(grams)), grams))
        before += len(grams)
    return found
