"""Operators that move elements, pick them, sort them or make them."""

from __future__ import annotations

import numpy as np
from onnx import helper, numpy_helper

from .builder import ANY, FLOATS, NUMBERS, Again, Builder
from .table import draws


@draws("Concat")
def concat(b: Builder, op: str) -> None:
    x = b.tensor(ANY, least=1)
    array = b.values[x]
    axis = b.integer(0, array.ndim - 1)
    parts = [x]
    for _ in range(b.integer(0, 2)):
        shape = list(array.shape)
        shape[axis] = b.integer(1, 3)
        parts.append(b.one_of(x, b.fresh(b.numbers(shape, array.dtype.type))))
    b.node(op, *b.shuffled(parts), axis=axis, keeps=True)


@draws("Slice")
def slice_(b: Builder, op: str) -> None:
    x = b.tensor(ANY, least=1)
    shape = b.values[x].shape
    axes = b.some(range(len(shape)), 1)
    steps = [b.one_of(1, 1, 2, -1, -2, 3) for _ in axes]
    starts = [b.integer(-shape[axis] - 1, shape[axis]) for axis in axes]
    ends = [b.one_of(2**63 - 1 if step > 0 else -(2**63) + 1, b.integer(-9, 9)) for step in steps]
    b.node(op, x, *(b.constant(v, np.int64) for v in (starts, ends, axes, steps)), keeps=True)


@draws("Pad")
def pad(b: Builder, op: str) -> None:
    x = b.tensor([np.float32, np.int64, np.int32], least=1)
    array = b.values[x]
    mode = b.one_of("constant", "edge", "reflect")
    least = -1 if mode == "constant" and min(array.shape) > 2 else 0
    pads = [b.integer(least, 2 if mode != "reflect" else min(2, dim - 1)) for dim in array.shape * 2]
    value = [b.constant(b.numbers([], array.dtype.type))] if mode == "constant" and b.maybe() else []
    b.node(op, x, b.constant(pads, np.int64), *value, mode=mode, keeps=True)


@draws("Transpose")
def transpose(b: Builder, op: str) -> None:
    x = b.tensor(ANY, least=1)
    b.node(op, x, perm=b.shuffled(range(b.values[x].ndim)), keeps=True)


@draws("Reshape")
def reshape(b: Builder, op: str) -> None:
    x = b.tensor(ANY, least=1)
    shape = list(b.values[x].shape)
    at = b.integer(0, len(shape) - 1)
    joined = [*shape[:at], int(np.prod(shape[at : at + 2])), *shape[at + 2 :]]
    want = b.one_of(joined, [-1], [0] * at + [-1], [1, *shape], [*shape[::-1]], [*shape[:at], -1, 1, *shape[at + 1 :]])
    b.node(op, x, b.constant(want, np.int64), keeps=True)


@draws("Flatten")
def flatten(b: Builder, op: str) -> None:
    x = b.tensor(ANY)
    b.node(op, x, axis=b.integer(-b.values[x].ndim, b.values[x].ndim), keeps=True)


@draws("Squeeze")
def squeeze(b: Builder, op: str) -> None:
    x = b.tensor(ANY)
    ones = [axis for axis, dim in enumerate(b.values[x].shape) if dim == 1]
    if not ones:
        raise Again(op)
    b.node(op, x, *([b.constant(b.some(ones, 1), np.int64)] if b.maybe() else []), keeps=True)


@draws("Unsqueeze")
def unsqueeze(b: Builder, op: str) -> None:
    x = b.tensor(ANY, most=3)
    rank = b.values[x].ndim
    b.node(op, x, b.constant([b.integer(-rank - 1, rank)], np.int64), keeps=True)


@draws("com.microsoft.ExpandDims")
def expand_dims(b: Builder, op: str) -> None:
    x = b.tensor([np.float32], most=3)
    rank = b.values[x].ndim
    b.node("ExpandDims", x, b.constant(b.integer(-rank - 1, rank), np.int32), domain="com.microsoft", keeps=True)


@draws("Gather")
def gather(b: Builder, op: str) -> None:
    x = b.tensor(ANY, least=1, most=3)
    axis = b.integer(0, b.values[x].ndim - 1)
    dim = b.values[x].shape[axis]
    kind = b.one_of(np.int64, np.int32)
    indices = b.random.integers(-dim, dim, b.one_of([], [1], [3], [2, 2])).astype(kind)
    b.node(op, x, b.fresh(np.asarray(indices, kind)), axis=axis, keeps=True)


@draws("GatherElements")
def gather_elements(b: Builder, op: str) -> None:
    x = b.tensor(ANY, least=1)
    shape = b.values[x].shape
    axis = b.integer(0, len(shape) - 1)
    wanted = [b.integer(1, dim) if n != axis else b.integer(1, 4) for n, dim in enumerate(shape)]
    indices = b.random.integers(-shape[axis], shape[axis], wanted).astype(np.int64)
    b.node(op, x, b.fresh(indices), axis=axis, keeps=True)


@draws("GatherND")
def gather_nd(b: Builder, op: str) -> None:
    x = b.tensor(ANY, least=1)
    shape = b.values[x].shape
    batch = b.integer(0, 1) if len(shape) > 1 else 0
    depth = b.integer(1, len(shape) - batch)
    middle = b.one_of([], [2], [1, 3])
    reach = np.array(shape[batch : batch + depth])
    indices = b.random.integers(-reach, reach, [*shape[:batch], *middle, depth]).astype(np.int64)
    b.node(op, x, b.fresh(indices), batch_dims=batch, keeps=True)


REDUCTIONS = ("none", "add", "mul", "min", "max")


@draws("ScatterElements")
def scatter_elements(b: Builder, op: str) -> None:
    x = b.tensor(NUMBERS, least=1)
    shape = b.values[x].shape
    axis = b.integer(0, len(shape) - 1)
    wanted = [b.integer(1, dim) for dim in shape]
    reduction = b.one_of(*REDUCTIONS)
    order = np.argsort(b.random.random(shape), axis=axis)  # each place once
    indices = order[tuple(map(slice, wanted))].astype(np.int64)
    if reduction != "none":
        indices = b.random.integers(-shape[axis], shape[axis], wanted).astype(np.int64)
    updates = b.fresh(b.numbers(wanted, b.values[x].dtype.type))
    b.node(op, x, b.fresh(indices), updates, axis=axis, reduction=reduction, keeps=reduction == "none")


@draws("ScatterND")
def scatter_nd(b: Builder, op: str) -> None:
    x = b.tensor(NUMBERS, least=1)
    shape = b.values[x].shape
    depth = b.integer(1, len(shape))
    places = [list(place) for place in np.ndindex(*shape[:depth])]
    indices = np.array(b.some(places[:50], 1), np.int64).reshape(-1, depth)
    updates = b.fresh(b.numbers([len(indices), *shape[depth:]], b.values[x].dtype.type))
    reduction = b.one_of(*REDUCTIONS)
    b.node(op, x, b.fresh(indices), updates, reduction=reduction, keeps=reduction == "none")


@draws("TopK")
def top_k(b: Builder, op: str) -> None:
    x = b.tensor(FLOATS, least=1, exact=True)
    array = b.values[x]
    axis = b.integer(0, array.ndim - 1)
    if any(len(set(row.tolist())) < row.size for row in np.moveaxis(array, axis, -1).reshape(-1, array.shape[axis])):
        raise Again(op)  # of equals ONNX takes the first, the evaluator any
    k = b.constant([b.integer(1, array.shape[axis])], np.int64)
    b.node(op, x, k, outputs=2, axis=axis, largest=b.integer(0, 1), keeps=True)


@draws("ReverseSequence")
def reverse_sequence(b: Builder, op: str) -> None:
    x = b.tensor(NUMBERS, least=2)
    batch = b.integer(0, 1)
    time, rows = b.values[x].shape[1 - batch], b.values[x].shape[batch]
    lengths = b.fresh(b.random.integers(1, time + 1, [rows]).astype(np.int64))
    b.node(op, x, lengths, batch_axis=batch, time_axis=1 - batch, keeps=True)


@draws("Expand")
def expand(b: Builder, op: str) -> None:
    x = b.tensor(ANY)
    shape = [dim if dim > 1 else b.integer(1, 3) for dim in b.values[x].shape]
    b.node(op, x, b.constant([2, *shape] if b.maybe() else shape, np.int64), keeps=True)


@draws("Tile")
def tile(b: Builder, op: str) -> None:
    x = b.tensor(ANY, least=1)
    b.node(op, x, b.constant(b.integers(b.values[x].ndim, 1, 2), np.int64), keeps=True)


@draws("Split")
def split(b: Builder, op: str) -> None:
    x = b.tensor(ANY, least=1)
    axes = [axis for axis, dim in enumerate(b.values[x].shape) if dim > 1]
    if not axes:
        raise Again(op)
    axis = b.one_of(*axes)
    dim = b.values[x].shape[axis]
    if b.maybe():
        first = b.integer(1, dim - 1)
        b.node(op, x, b.constant([first, dim - first], np.int64), axis=axis, outputs=2, keeps=True)
    else:
        b.node(op, x, axis=axis, outputs=2, num_outputs=2, keeps=True)


@draws("Trilu", "com.microsoft.Trilu")
def triangle(b: Builder, op: str) -> None:
    x = b.tensor((np.float32, np.int64) if op == "Trilu" else [np.float32], least=2)
    domain = {} if op == "Trilu" else {"domain": "com.microsoft"}
    k = b.constant(b.integer(-2, 2), np.int64)
    b.node("Trilu", x, k, upper=b.integer(0, 1), keeps=True, **domain)


@draws("OneHot")
def one_hot(b: Builder, op: str) -> None:
    depth = b.integer(1, 5)
    indices = b.fresh(b.random.integers(-depth, depth, b.one_of([3], [2, 2], [])).astype(np.int64))
    values = b.fresh(b.numbers([2], b.one_of(np.float32, np.int64)))
    rank = b.values[indices].ndim
    b.node(op, indices, b.constant(depth, np.int64), values, axis=b.integer(-rank - 1, rank), keeps=True)


@draws("Shape", "Size")
def shape_of(b: Builder, op: str) -> None:
    x = b.tensor(ANY)
    how = {"start": b.integer(-2, 1)} if op == "Shape" and b.maybe() else {}
    b.node(op, x, keeps=True, **how)


@draws("Range", "com.microsoft.Range")
def range_(b: Builder, op: str) -> None:
    kind = b.one_of(np.int64, np.int32, np.float32)
    start, delta = b.integer(-3, 3), b.one_of(1, 2, -1)
    ends = (start, start + delta * b.integer(1, 6), delta)
    domain = {} if op == "Range" else {"domain": "com.microsoft"}
    b.node("Range", *(b.constant(end, kind) for end in ends), keeps=True, **domain)


@draws("Constant")
def constant(b: Builder, op: str) -> None:
    b.node(op, value=numpy_helper.from_array(b.numbers(b.shape(b.integer(0, 3)), b.one_of(*ANY))), keeps=True)


@draws("ConstantOfShape")
def constant_of_shape(b: Builder, op: str) -> None:
    value = numpy_helper.from_array(b.numbers([1], b.one_of(*ANY)))
    b.node(op, b.constant(b.shape(b.integer(1, 3)), np.int64), value=value, keeps=True)


@draws("EyeLike")
def eye(b: Builder, op: str) -> None:
    kind = helper.np_dtype_to_tensor_dtype(np.dtype(b.one_of(np.float32, np.int64)))
    b.node(op, b.tensor(NUMBERS, 2, 2), k=b.integer(-1, 2), dtype=kind, keeps=True)


@draws("NonZero", "Compress", "Unique")
def sized_by_data(b: Builder, op: str) -> None:
    x = b.tensor((np.float32, np.int64), 1, exact=True)
    shape = b.values[x].shape
    axis = b.integer(0, len(shape) - 1)
    if op == "Compress":
        keep = b.fresh(b.numbers([shape[axis]], np.bool_))
        b.last.add(b.node(op, x, keep, axis=axis, keeps=True))
    elif op == "NonZero":
        b.last.add(b.node(op, b.node("Relu", x) if b.values[x].dtype == np.float32 else x))
    else:
        names = b.fresh_names(4)
        b.node(op, x, outputs=4, sorted=b.integer(0, 1))
        b.last.update(names)


@draws("NonMaxSuppression")
def suppression(b: Builder, op: str) -> None:
    corners = np.sort(b.random.uniform(0, 4, [1, 6, 2, 2]).astype(np.float32), axis=2).reshape(1, 6, 4)
    scores = b.random.permutation(12).reshape(1, 2, 6).astype(np.float32) / 12  # no two alike
    limits = [b.constant([3], np.int64), b.constant([b.one_of(0.3, 0.6)], np.float32), b.constant([0.2], np.float32)]
    b.last.add(b.node(op, b.fresh(corners), b.fresh(scores), *limits[: b.integer(1, 3)]))


@draws("CenterCropPad")
def center(b: Builder, op: str) -> None:
    x = b.tensor(NUMBERS, least=1)
    axes = b.some(range(b.values[x].ndim), 1)
    b.node(op, x, b.constant([b.integer(1, 6) for _ in axes], np.int64), axes=axes, keeps=True)


@draws("Col2Im")
def columns_to_image(b: Builder, op: str) -> None:
    image, block = [b.integer(3, 6), b.integer(3, 6)], [b.integer(1, 3), b.integer(1, 3)]
    places = int(np.prod([i - k + 1 for i, k in zip(image, block, strict=True)]))
    x = b.fresh(b.numbers([1, b.one_of(1, 2) * block[0] * block[1], places]))
    b.node(op, x, b.constant(image, np.int64), b.constant(block, np.int64))


@draws("MaxUnpool")
def max_unpool(b: Builder, op: str) -> None:
    rows, columns = b.integer(1, 4), b.integer(1, 4)
    x = b.fresh(b.numbers([1, b.one_of(1, 2), rows, columns]))
    shape = b.values[x].shape
    places = b.random.permutation(int(np.prod(shape)) * 4)[: int(np.prod(shape))].reshape(shape)
    b.node(op, x, b.fresh(places.astype(np.int64)), kernel_shape=[2, 2], strides=[2, 2], keeps=True)


@draws("TfIdfVectorizer")
def ngrams(b: Builder, op: str) -> None:
    x = b.fresh(b.random.integers(0, 4, b.one_of([6], [2, 5])).astype(np.int64))
    how = {"ngram_counts": [0, 3], "ngram_indexes": list(range(6)), "pool_int64s": [0, 1, 2, 1, 2, 2, 3, 3, 0]}
    mode = b.one_of("TF", "IDF", "TFIDF")
    weights = {"weights": b.numbers([6]).tolist()} if mode != "TF" and b.maybe() else {}
    skips = b.integer(0, 2)
    b.node(op, x, min_gram_length=1, max_gram_length=2, max_skip_count=skips, mode=mode, **how, **weights)
