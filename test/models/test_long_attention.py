"""Attention over long sequences and several of them: right numbers, and never all scores in memory."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
import stepwell
from onnx import parser
from stepwell.context import Context
from stepwell.driver import Way, find_target, read_module
from stepwell.manifest import ARENA_SIZE, ENTRY
from stepwell.targets.cpu.hardware import host
from xdsl.dialects.func import FuncOp

TOLERANCE = 1e-5

ATTENTION = """<ir_version: 8, opset_import: ["" : 17]>
attention (float[{batch}, {rows}, {heads}, {width}] q, float[{batch}, {keys}, {heads}, {width}] k,
           float[{batch}, {keys}, {heads}, {width}] v, float[{batch}, 1, 1, {keys}] mask)
    => (float[{batch}, {rows}, {heads}, {width}] y) {{
  qh = Transpose<perm = [0, 2, 1, 3]>(q)
  kh = Transpose<perm = [0, 2, 3, 1]>(k)
  vh = Transpose<perm = [0, 2, 1, 3]>(v)
  products = MatMul(qh, kh)
  scores = Add(products, mask)
  shares = Softmax<axis = -1>(scores)
  o = MatMul(shares, vh)
  y = Transpose<perm = [0, 2, 1, 3]>(o)
}}"""


def attention(q: np.ndarray, k: np.ndarray, v: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """In float64. q, k, v: [batch, rows, heads, width]; mask: [batch, 1, 1, keys]."""
    q, k, v, mask = (array.astype(np.float64) for array in (q, k, v, mask))
    scores = np.einsum("bihd,bjhd->bhij", q, k) + mask
    shares = np.exp(scores - scores.max(-1, keepdims=True))
    return np.einsum("bhij,bjhd->bihd", shares / shares.sum(-1, keepdims=True), v)


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize(
    ("batch", "rows", "keys", "heads", "width"),
    [
        (1, 1024, 1024, 3, 64),  # heads, and rows of each
        (3, 512, 512, 2, 32),  # sentences, heads, rows: threads share the heads of each sentence
        (5, 96, 96, 12, 32),  # sentences and heads: all the rows of one fit
        (2, 300, 777, 2, 40),  # a last block of rows that is smaller
        (1, 2048, 512, 1, 64),  # one head: rows
    ],
)
def test_numbers_and_memory(tmp_path: Path, threads: int, batch: int, rows: int, keys: int, heads: int, width: int):
    shape = {"batch": batch, "rows": rows, "keys": keys, "heads": heads, "width": width}
    path = tmp_path / "attention.onnx"
    onnx.save(parser.parse_model(ATTENTION.format(**shape)), path)
    random = np.random.default_rng(0)
    q, k, v = (random.standard_normal((batch, n, heads, width)).astype("f4") for n in (rows, keys, keys))
    mask = np.where(random.random((batch, 1, 1, keys)) < 0.1, -1e9, 0).astype("f4")
    feeds = {"q": q, "k": k, "v": v, "mask": mask}
    (have,) = stepwell.compile(str(path), threads=threads).run(feeds).values()
    want = attention(**feeds)
    assert np.abs(have - want).max() <= TOLERANCE * np.abs(want).max()
    block = host().l2.size + 4 * keys * width  # the turned keys of a head may come from farther away
    assert arena(path, threads) <= threads * block < 4 * batch * heads * rows * keys


def arena(path: Path, threads: int) -> int:
    """Bytes of the arena of the program for `threads` threads."""
    ctx, way = Context(), Way(find_target("native"), threads=threads)
    module = read_module(ctx, str(path))
    way.lower(ctx, module, to="program")
    main = next(op for op in module.body.block.ops if isinstance(op, FuncOp) and op.sym_name.data == ENTRY)
    return main.attributes[ARENA_SIZE].value.data
