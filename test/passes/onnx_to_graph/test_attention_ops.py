"""Attention, RotaryEmbedding and SwiGLU of opset 23 and newer against ONNX's reference evaluator."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from onnx import helper
from onnx.reference import ReferenceEvaluator
from onnx_node import model_of, run

RANDOM = np.random.default_rng(19)


def normal(*dims: int) -> np.ndarray:
    return RANDOM.standard_normal(dims).astype(np.float32)


def check(node: Any, feeds: dict[str, np.ndarray], opset: int) -> list[np.ndarray]:
    have = run(node, feeds, opset=opset)
    want = ReferenceEvaluator(model_of(node, feeds, opset=opset)).run(None, feeds)
    for one, other in zip(have, want, strict=True):
        assert (one.dtype, one.shape) == (other.dtype, other.shape)
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)
    return have


def heads_of(queries: int = 4, keys: int = 2, rows: int = 3, columns: int = 5) -> dict[str, np.ndarray]:
    return {"q": normal(2, queries, rows, 8), "k": normal(2, keys, columns, 8), "v": normal(2, keys, columns, 6)}


MASKS = {
    "none": None,
    "numbers": normal(3, 5),
    "bools": RANDOM.random((2, 1, 3, 5)) < 0.6,
    "short": normal(2, 4, 3, 4),
    "blind rows": np.where(np.arange(3)[:, None] == 1, np.float32(-np.inf), normal(3, 5)),
}


@pytest.mark.parametrize("mask", MASKS)
@pytest.mark.parametrize("how", [{}, {"is_causal": 1}, {"softcap": 2.0, "scale": 0.5}], ids=str)
@pytest.mark.parametrize("mode", [0, 2, 3])
def test_masks(mask: str, how: dict[str, float], mode: int) -> None:
    """`mode` 0 is not asked for with a soft cap: there the reference evaluator shows capped scores."""
    feeds, names = heads_of(), ["q", "k", "v"]
    if MASKS[mask] is not None:
        feeds["m"], names = MASKS[mask], [*names, "m"]
    shown = 1 if mode == 0 and "softcap" in how else mode
    node = helper.make_node("Attention", names, ["y", "", "", "s"], qk_matmul_output_mode=shown, **how)
    y = check(node, feeds, 24)[0]
    assert np.isfinite(y).all()


@pytest.mark.parametrize("causal", [0, 1])
def test_a_cache_comes_before_what_is_new(causal: int) -> None:
    feeds = heads_of(columns=3) | {"pk": normal(2, 2, 4, 8), "pv": normal(2, 2, 4, 6)}
    names = ["q", "k", "v", "", "pk", "pv"]
    check(helper.make_node("Attention", names, ["y", "nk", "nv"], is_causal=causal), feeds, 23)


@pytest.mark.parametrize("causal", [0, 1])
def test_caches_that_are_filled_in_part(causal: int) -> None:
    """The second of the batch has fewer keys than queries, so that its first row sees none."""
    feeds = heads_of() | {"n": np.array([4, 2])}
    y = check(helper.make_node("Attention", ["q", "k", "v", "", "", "", "n"], ["y"], is_causal=causal), feeds, 24)[0]
    assert not causal or not y[1, :, 0].any()


@pytest.mark.parametrize("windows", [(1, -1), (-1, 0), (1, 1), (0, 2)])
def test_windows(windows: tuple[int, int]) -> None:
    how = dict(zip(("left_window_size", "right_window_size"), windows, strict=True))
    check(helper.make_node("Attention", ["q", "k", "v"], ["y"], **how), heads_of(), 25)


def test_heads_that_are_not_split_off() -> None:
    feeds = {"q": normal(2, 3, 32), "k": normal(2, 5, 16), "v": normal(2, 5, 12)}
    check(helper.make_node("Attention", ["q", "k", "v"], ["y"], q_num_heads=4, kv_num_heads=2), feeds, 23)


@pytest.mark.parametrize("interleaved", [0, 1])
@pytest.mark.parametrize("width", [0, 4])
@pytest.mark.parametrize("places", [False, True])
@pytest.mark.parametrize("flat", [False, True])
def test_rotary_embedding(interleaved: int, width: int, places: bool, flat: bool) -> None:
    x = normal(2, 3, 16) if flat else normal(2, 2, 3, 8)
    half, names = (width or 8) // 2, ["x", "c", "s", "p"] if places else ["x", "c", "s"]
    feeds = {"x": x, "c": normal(9, half), "s": normal(9, half), "p": RANDOM.integers(0, 9, (2, 3))}
    if not places:
        feeds = {"x": x, "c": normal(2, 3, half), "s": normal(2, 3, half)}
    how = {"interleaved": interleaved, "rotary_embedding_dim": width} | ({"num_heads": 2} if flat else {})
    check(helper.make_node("RotaryEmbedding", names, ["y"], **how), feeds, 23)


def test_swiglu() -> None:
    check(helper.make_node("SwiGLU", ["a", "b"], ["y"], alpha=0.7), {"a": normal(3, 4), "b": normal(3, 4)}, 28)
