"""Random operators: shapes, types, and distributions by their moments; a seed says which numbers are drawn."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import pytest
import stepwell
from onnx import TensorProto, helper
from stepwell.passes.onnx_to_graph.random_numbers import GAMMA, WORD, mixed

COUNT = 40_000


def drawn(op: str, inputs: dict[str, np.ndarray] | None = None, name: str = "node", **attributes: Any) -> np.ndarray:
    feeds = inputs or {}
    node = helper.make_node(op, list(feeds), ["y"], name=name, **attributes)
    kind = helper.np_dtype_to_tensor_dtype
    infos = [helper.make_tensor_value_info(k, kind(v.dtype), v.shape) for k, v in feeds.items()]
    graph = helper.make_graph([node], "g", infos, [onnx.ValueInfoProto(name="y")])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 22)], ir_version=10)
    return stepwell.compile(model).run(feeds)["y"]


def test_the_generator_is_splitmix64():
    """The first numbers that its authors' program gives for the seed 1234567."""
    known = [6457827717110365317, 3203168211198807973, 9817491932198370423, 4593380528125082431, 16408922859458223821]
    assert [mixed((1234567 + GAMMA * (i + 1)) & WORD) for i in range(5)] == known


@pytest.mark.parametrize("kind", [TensorProto.FLOAT, TensorProto.DOUBLE, TensorProto.FLOAT16])
def test_uniform(kind: int):
    y = drawn("RandomUniform", shape=[200, 200], low=-1.0, high=3.0, dtype=kind, seed=3.0)
    assert y.shape == (200, 200) and y.dtype == helper.tensor_dtype_to_np_dtype(kind)
    y = y.astype(np.float64)
    assert -1 <= y.min() < -0.99 and 2.99 < y.max() <= 3
    share, _ = np.histogram(y, 16, (-1, 3))
    assert ((share - COUNT / 16) ** 2 / (COUNT / 16)).sum() < 37.7  # chi square, 15 degrees: once in a thousand
    neighbours = np.corrcoef(y.reshape(-1)[:-1], y.reshape(-1)[1:])[0, 1]
    assert abs(neighbours) < 4 / np.sqrt(COUNT)


@pytest.mark.parametrize("kind", [TensorProto.FLOAT, TensorProto.DOUBLE])
def test_normal(kind: int):
    y = drawn("RandomNormal", shape=[COUNT], mean=2.0, scale=0.5, dtype=kind, seed=3.0).astype(np.float64)
    z = (y - 2) / 0.5
    assert abs(z.mean()) < 4 / np.sqrt(COUNT) and abs(z.std() - 1) < 4 / np.sqrt(2 * COUNT)
    assert abs((z**3).mean()) < 4 * np.sqrt(15 / COUNT) and abs((z**4).mean() - 3) < 4 * np.sqrt(96 / COUNT)
    assert abs((np.abs(z) < 1).mean() - 0.682689) < 4 * np.sqrt(0.2166 / COUNT)


def test_like():
    x = np.zeros((3, 5), np.float64)
    for op in ("RandomUniformLike", "RandomNormalLike"):
        assert (y := drawn(op, {"x": x})).shape == (3, 5) and y.dtype == np.float64 and len(np.unique(y)) == 15
        assert drawn(op, {"x": x}, dtype=TensorProto.FLOAT).dtype == np.float32


def test_bernoulli():
    p = np.repeat(np.float32([0, 0.25, 0.75, 1]), 10_000)
    y = drawn("Bernoulli", {"x": p}, dtype=TensorProto.INT32, seed=1.0)
    assert y.dtype == np.int32 and set(y) == {0, 1}
    shares = y.reshape(4, -1).mean(1)
    assert shares[0] == 0 and shares[3] == 1 and np.abs(shares[1:3] - [0.25, 0.75]).max() < 4 * np.sqrt(0.1875 / 1e4)


def test_multinomial():
    logits = np.log(np.float32([[0.1, 0.2, 0.7], [0.6, 0.4, 1e-30]]))
    y = drawn("Multinomial", {"x": logits}, sample_size=COUNT, dtype=TensorProto.INT64, seed=2.0)
    assert y.shape == (2, COUNT) and y.dtype == np.int64
    for row, want in zip(y, ([0.1, 0.2, 0.7], [0.6, 0.4, 0]), strict=True):
        share = np.bincount(row, minlength=3) / COUNT
        assert np.abs(share - want).max() < 4 * np.sqrt(0.25 / COUNT)


def test_a_seed_says_which_numbers():
    """The same in each run; others for another seed, and for another node where there is none."""
    first = drawn("RandomUniform", shape=[9], seed=1.0)
    assert np.array_equal(first, drawn("RandomUniform", shape=[9], seed=1.0, name="other"))
    assert not np.array_equal(first, drawn("RandomUniform", shape=[9], seed=1.5))
    free = drawn("RandomUniform", shape=[9])
    assert np.array_equal(free, drawn("RandomUniform", shape=[9]))
    assert not np.array_equal(free, drawn("RandomUniform", shape=[9], name="other"))
