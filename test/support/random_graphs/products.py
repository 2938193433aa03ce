"""Matrix products, recurrent layers, losses and what ONNX Runtime's exporters write."""

from __future__ import annotations

import numpy as np

from .builder import FLOATS, Again, Builder
from .table import draws


@draws("MatMul", "com.microsoft.FusedMatMul")
def product(b: Builder, op: str) -> None:
    x = b.tensor([np.float32], 1 if op == "MatMul" else 2, 4)
    *batch, inner = b.values[x].shape
    shapes = [[inner, 5], [inner, 16]] if op != "MatMul" else [[inner], [inner, 5], [inner, 16]]
    if len(batch) > 1:
        shapes += [[*batch[:-1], inner, 3], [1] * (len(batch) - 1) + [inner, 2]]
    y = b.numbers(b.one_of(*shapes)) / 2
    if op == "MatMul":
        b.node(op, x, b.fresh(y))
        return
    flipped = b.integer(0, 1)
    how = {"transB": flipped, "alpha": b.one_of(1.0, 0.5), "domain": "com.microsoft"}
    b.node("FusedMatMul", x, b.fresh(y.swapaxes(-1, -2).copy() if flipped else y), **how)


@draws("Gemm")
def gemm(b: Builder, op: str) -> None:
    x = b.tensor([np.float32], 2, 2)
    flip, other = b.integer(0, 1), b.integer(0, 1)
    rows, inner = b.values[x].shape[::-1] if flip else b.values[x].shape
    columns = b.one_of(1, 4, 16)
    weight = b.fresh(b.numbers([columns, inner] if other else [inner, columns]) / 2)
    bias = [b.fresh(b.numbers(b.one_of([columns], [1], [rows, 1], [rows, columns], [])))] if b.maybe() else []
    b.node(op, x, weight, *bias, transA=flip, transB=other, alpha=b.one_of(1.0, 0.5), beta=b.one_of(1.0, 2.0))


@draws("Einsum")
def einsum(b: Builder, op: str) -> None:
    equation, ranks = b.one_of(
        ("ij,jk->ik", 2), ("ij->ji", 1), ("bij,bjk->bik", 2), ("ij,ij->", 2), ("...ij->...ji", 1), ("ii->i", 1),
        ("i,j->ij", 2), ("bhid,bhjd->bhij", 2), ("ij->j", 1),
    )  # fmt: skip
    sizes = {letter: b.integer(1, 5) for letter in "abcdefghijklmnopqrstuvwxyz"}
    parts = equation.partition("->")[0].split(",")
    shapes = [[3] * ("." in part) + [sizes[letter] for letter in part if letter != "."] for part in parts]
    assert len(shapes) == ranks
    b.node(op, *(b.fresh(b.numbers(shape)) for shape in shapes), equation=equation)


@draws("Det")
def determinant(b: Builder, op: str) -> None:
    n = b.integer(1, 4)
    b.node(op, b.fresh(b.numbers([*b.some([2, 3]), n, n])))


@draws("GRU", "LSTM", "RNN")
def recurrent(b: Builder, op: str) -> None:
    steps, batch, inner, hidden = b.integer(1, 4), b.integer(1, 3), b.one_of(1, 3, 5), b.one_of(1, 2, 4)
    direction = b.one_of("forward", "reverse", "bidirectional")
    ways, gates = 1 + (direction == "bidirectional"), {"GRU": 3, "LSTM": 4, "RNN": 1}[op]
    x = b.pick(lambda a: a.dtype == np.float32 and a.ndim == 3, lambda: b.numbers([steps, batch, inner]))
    steps, batch, inner = b.values[x].shape
    if steps > 6:
        raise Again(op)
    parts = [
        x,
        b.constant(b.numbers([ways, gates * hidden, inner]) / 2),
        b.constant(b.numbers([ways, gates * hidden, hidden]) / 2),
    ]
    if b.maybe():
        parts.append(b.constant(b.numbers([ways, 2 * gates * hidden]) / 2))
        if b.maybe():
            parts.append(b.fresh(b.random.integers(1, steps + 1, [batch]).astype(np.int32)))
            if b.maybe():
                parts.append(b.fresh(b.numbers([ways, batch, hidden])))
    how = {"linear_before_reset": b.integer(0, 1)} if op == "GRU" else {}
    b.node(op, *parts, outputs=b.integer(1, 3 if op == "LSTM" else 2), hidden_size=hidden, direction=direction, **how)


@draws("NegativeLogLikelihoodLoss", "SoftmaxCrossEntropyLoss")
def loss(b: Builder, op: str) -> None:
    x = b.tensor([np.float32], 2, 4)
    rows, classes, *rest = b.values[x].shape
    target = b.fresh(b.random.integers(0, classes, [rows, *rest]).astype(np.int64))
    weight = [b.fresh(np.abs(b.numbers([classes])))] if b.maybe() else []
    how = {"ignore_index": b.integer(0, classes)} if b.maybe(3) and classes > 1 else {}
    b.node(op, x, target, *weight, reduction=b.one_of("none", "sum", "mean"), **how)


@draws("com.microsoft.Gelu", "com.microsoft.FastGelu", "com.microsoft.QuickGelu", "com.microsoft.BiasGelu")
def gelus(b: Builder, op: str) -> None:
    x = b.tensor([np.float32], 1, 3)
    bias = [b.constant(b.numbers(b.values[x].shape[-1:]))] if op.endswith("BiasGelu") else []
    b.node(op.rpartition(".")[2], x, *bias, domain="com.microsoft")


@draws("com.microsoft.SkipLayerNormalization", "com.microsoft.SkipSimplifiedLayerNormalization")
def skip_norm(b: Builder, op: str) -> None:
    x = b.tensor([np.float32], 3, 3)
    shape = b.values[x].shape
    skip = b.fresh(b.numbers(shape))
    count = 1 if "Simplified" in op else b.integer(1, 2)
    parameters = [b.constant(b.numbers(shape[-1:])) for _ in range(count)]
    b.node(op.rpartition(".")[2], x, skip, *parameters, domain="com.microsoft", epsilon=1e-3)


@draws("com.microsoft.CDist")
def distances(b: Builder, op: str) -> None:
    x = b.tensor(FLOATS, 2, 2)
    rows = b.numbers([b.one_of(1, 4), b.values[x].shape[1]], b.values[x].dtype.type) * 2
    b.node("CDist", x, b.fresh(rows), metric=b.one_of("euclidean", "sqeuclidean"), domain="com.microsoft")
