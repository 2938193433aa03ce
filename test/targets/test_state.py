"""Outputs are written where the caller wants them, and a cache grows in its own memory."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import pytest
import stepwell
from onnx import TensorProto, helper, numpy_helper

HEADS, WIDTH = 2, 16
RNG = np.random.default_rng(7)
WEIGHTS = {name: (RNG.normal(size=(HEADS * WIDTH,) * 2) / 6).astype(np.float32) for name in ("wq", "wk", "wv")}


def decoder() -> onnx.ModelProto:
    """One step of an attention: the keys and values of a new token are appended to those of the tokens before it."""
    rows, width = "past", HEADS * WIDTH
    nodes = [helper.make_node("MatMul", ["x", f"w{name}"], [f"{name}_flat"]) for name in "qkv"]
    nodes += [helper.make_node("Reshape", [f"{name}_flat", "by_head"], [f"{name}_rows"]) for name in "qkv"]
    nodes += [helper.make_node("Transpose", [f"{name}_rows"], [name], perm=[0, 2, 1, 3]) for name in "qkv"]
    nodes += [helper.make_node("Concat", [f"past_{name}", name], [f"present_{name}"], axis=2) for name in "kv"]
    nodes += [
        helper.make_node("Transpose", ["present_k"], ["turned"], perm=[0, 1, 3, 2]),
        helper.make_node("MatMul", ["q", "turned"], ["scores"]),
        helper.make_node("Add", ["scores", "mask"], ["masked"]),
        helper.make_node("Softmax", ["masked"], ["weights"], axis=-1),
        helper.make_node("MatMul", ["weights", "present_v"], ["heads"]),
        helper.make_node("Transpose", ["heads"], ["back"], perm=[0, 2, 1, 3]),
        helper.make_node("Reshape", ["back", "flat"], ["y"]),
    ]
    caches = [
        helper.make_tensor_value_info(f"past_{name}", TensorProto.FLOAT, [1, HEADS, rows, WIDTH]) for name in "kv"
    ]
    grown = [helper.make_tensor_value_info(f"present_{n}", TensorProto.FLOAT, [1, HEADS, "all", WIDTH]) for n in "kv"]
    graph = helper.make_graph(
        nodes,
        "decoder",
        [
            helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 1, width]),
            helper.make_tensor_value_info("mask", TensorProto.FLOAT, [1, 1, 1, "all"]),
            *caches,
        ],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 1, width]), *grown],
        [
            *(numpy_helper.from_array(array, name) for name, array in WEIGHTS.items()),
            numpy_helper.from_array(np.array([1, 1, HEADS, WIDTH]), "by_head"),
            numpy_helper.from_array(np.array([1, 1, width]), "flat"),
        ],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def expected(x: np.ndarray, keys: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The step on caches without room: the output, and the caches with a row more."""
    q, k, v = ((x @ WEIGHTS[f"w{name}"]).reshape(1, 1, HEADS, WIDTH).transpose(0, 2, 1, 3) for name in "qkv")
    keys, values = np.concatenate([keys, k], axis=2), np.concatenate([values, v], axis=2)
    scores = np.exp(q @ keys.transpose(0, 1, 3, 2))
    y = scores / scores.sum(axis=-1, keepdims=True) @ values
    return y.transpose(0, 2, 1, 3).reshape(1, 1, -1), keys, values


def floats(*shape: int) -> np.ndarray:
    return RNG.normal(size=shape).astype(np.float32)


@pytest.mark.parametrize("rows", [3, 300])
@pytest.mark.parametrize("target, threads", [("native", 1), ("native", 2), ("c", 1)])
def test_a_cache_grows_in_its_own_memory(target: str, threads: int, rows: int):
    """Small arrays have places of their own in a program, large ones not: both kinds."""
    program = stepwell.compile(decoder(), target, threads=threads)
    x, mask = floats(1, 1, HEADS * WIDTH), np.zeros((1, 1, 1, rows + 1), np.float32)
    caches = {name: np.full((1, HEADS, rows + 1, WIDTH), np.nan, np.float32) for name in ("present_k", "present_v")}
    past = {f"past_{name}": floats(1, HEADS, rows, WIDTH) for name in "kv"}
    wanted = dict(zip(("y", "present_k", "present_v"), expected(x, past["past_k"], past["past_v"]), strict=True))

    apart = program.run({"x": x, "mask": mask, **past})
    for name in "kv":
        caches[f"present_{name}"][:, :, :rows] = past[f"past_{name}"]
    views = {f"past_{name}": caches[f"present_{name}"][:, :, :rows] for name in "kv"}
    in_place = program.run({"x": x, "mask": mask, **views}, out=caches)
    for name, array in wanted.items():
        np.testing.assert_allclose(apart[name], array, rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(in_place[name], array, rtol=1e-4, atol=1e-5)
    for name, cache in caches.items():
        assert in_place[name] is cache
        np.testing.assert_array_equal(cache[:, :, :rows], past[name.replace("present", "past")])


def test_many_steps_of_one_program():
    """A cache of a fixed capacity: a mask says which rows are there, and the new row is put behind them."""
    capacity = 12
    program = stepwell.compile(decoder(), threads=1)
    caches = {f"present_{name}": np.zeros((1, HEADS, capacity + 1, WIDTH), np.float32) for name in "kv"}
    views = {f"past_{name}": caches[f"present_{name}"][:, :, :capacity] for name in "kv"}
    mask = np.full((1, 1, 1, capacity + 1), -np.inf, np.float32)
    mask[..., capacity] = 0  # the new row
    keys = values = np.zeros((1, HEADS, 0, WIDTH), np.float32)
    for step in range(capacity):
        x = floats(1, 1, HEADS * WIDTH)
        y = program.run({"x": x, "mask": mask, **views}, out=caches)["y"]
        for cache in caches.values():
            cache[:, :, step] = cache[:, :, capacity]
        mask[..., step] = 0
        wanted, keys, values = expected(x, keys, values)
        np.testing.assert_allclose(y, wanted, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("target", ["native", "c"])
def test_outputs_go_where_the_caller_wants(target: str):
    program = stepwell.compile(decoder(), target, threads=1)
    feeds = {
        "x": floats(1, 1, HEADS * WIDTH),
        "mask": np.zeros((1, 1, 1, 5), np.float32),
        **{f"past_{name}": floats(1, HEADS, 4, WIDTH) for name in "kv"},
    }
    plain = program.run(feeds)
    out = {"y": np.empty((1, 1, HEADS * WIDTH), np.float32), "present_v": np.empty((1, HEADS, 5, WIDTH), np.float32)}
    given = program.run(feeds, out=out)
    assert all(given[name] is array for name, array in out.items())
    for name, array in plain.items():
        np.testing.assert_array_equal(given[name], array)


WHOLE = np.zeros((1, HEADS, 5, WIDTH), np.float32)
REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"z": WHOLE}, "the model has no output 'z'"),
    ({"present_k": WHOLE.astype(np.float64)}, "is float64, but the output is float32"),
    ({"present_k": WHOLE[:, :, :4].copy()}, "has shape [1, 2, 4, 16], but the output has [1, 2, 5, 16]"),
    ({"present_k": WHOLE.transpose(0, 1, 3, 2)}, "cannot be written to in one piece"),
    ({"present_k": WHOLE, "present_v": WHOLE}, "shares memory with out["),
]


@pytest.mark.parametrize("out, said", REFUSED, ids=[said for _, said in REFUSED])
def test_what_cannot_be_written_to_is_refused(out: dict[str, Any], said: str):
    program = stepwell.compile(decoder(), threads=1)
    feeds = {
        "x": floats(1, 1, HEADS * WIDTH),
        "mask": np.zeros((1, 1, 1, 5), np.float32),
        **{f"past_{name}": floats(1, HEADS, 4, WIDTH) for name in "kv"},
    }
    with pytest.raises(stepwell.StepwellError) as caught:
        program.run(feeds, out=out)
    assert said in str(caught.value)


def test_an_output_over_an_input_is_refused_unless_it_begins_there():
    program = stepwell.compile(decoder(), threads=1)
    cache, other = np.zeros((1, HEADS, 5, WIDTH), np.float32), np.zeros((1, HEADS, 4, WIDTH), np.float32)
    feeds = {"x": floats(1, 1, HEADS * WIDTH), "mask": np.zeros((1, 1, 1, 5), np.float32), "past_v": other}
    with pytest.raises(stepwell.StepwellError, match="shares memory with input 'past_k'"):
        program.run({**feeds, "past_k": cache[:, :, 1:]}, out={"present_k": cache})
