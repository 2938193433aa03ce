"""Packages run in real Chromium, by WebGPU and by WebGL 2: their numbers are those of the native target."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx
import pytest
import real_models
import stepwell
from onnx.utils import Extractor
from packages import package, run_in_page

DIGITS = Path(__file__).parents[3] / "examples" / "digits" / "digits.onnx"
TOLERANCE = 1e-5
by_both = pytest.mark.parametrize("target", ["wgsl", "webgl"])

GROW = """<ir_version: 10, opset_import: ["" : 21]>
grow (float[4] x, float[1] limit, int64 most, int32[4] ids) => (float[4] y, int64 steps, int32[4] next)
{
  none = Constant<value = int64 {0}>()
  two = Constant<value = float {2.0}>()
  one = Constant<value = int32 {1}>()
  go = Constant<value = bool {1}>()
  next = Add(ids, one)
  y, steps = Loop(most, go, x, none) <body = step (int64 i, bool c, float[4] v, int64 before)
    => (bool again, float[4] w, int64 now) {
    w = Mul(v, two)
    total = ReduceSum<keepdims = 0>(w)
    edge = Squeeze(limit)
    again = Less(total, edge)
    now = Identity(i)
  }>
}"""
"""A loop that the page ends, by a number that it reads back; and whole numbers that no f32 holds."""


def shapes(feeds: dict[str, np.ndarray]) -> str:
    return ";".join(f"{name}={'x'.join(map(str, array.shape))}" for name, array in feeds.items())


@by_both
def test_digits(target: str, tmp_path: Path) -> None:
    feeds = {"image": np.random.default_rng(0).random((3, 1, 8, 8), np.float32)}
    want = stepwell.compile(DIGITS).run(feeds)["logits"]
    got = run_in_page(package(DIGITS, shapes(feeds), tmp_path, target), feeds)["logits"]
    assert got.shape == (3, 10) and np.ptp(want) > 1
    np.testing.assert_allclose(got, want, rtol=TOLERANCE, atol=TOLERANCE)


@by_both
@pytest.mark.parametrize("most, steps", [(20, 4), (3, 2)])
def test_a_loop_that_the_data_end_and_whole_numbers_beyond_those_of_floats(
    target: str, most: int, steps: int, tmp_path: Path
) -> None:
    onnx.save(onnx.parser.parse_model(GROW), tmp_path / "grow.onnx")
    feeds = {
        "x": np.array([1, 2, 3, 4], np.float32),
        "limit": np.array([300], np.float32),
        "most": np.array(most, np.int64),
        "ids": np.array([2**24, -(2**31), 2**31 - 2, -(2**24) - 2], np.int32),
    }
    files = package(tmp_path / "grow.onnx", "", tmp_path / "page", target)
    got = run_in_page(files, feeds)
    assert got["steps"] == steps
    assert got["next"].tolist() == [2**24 + 1, -(2**31) + 1, 2**31 - 1, -(2**24) - 1]
    np.testing.assert_array_equal(got["y"], feeds["x"] * 2 ** (steps + 1))


def test_mtcnn_by_webgl(tmp_path: Path) -> None:
    """Convolutions; and a softmax that divides its numbers by their sum: a shader that reads what it draws over."""
    feeds, want = real_models.recorded("mtcnn_rnet")
    got = run_in_page(package(real_models.fetch("mtcnn_rnet"), shapes(feeds), tmp_path, "webgl"), feeds)
    real_models.assert_agrees({name: array.astype(np.float32) for name, array in got.items()}, want)


def first_block(folder: Path) -> tuple[Path, str]:
    """mobilenet_v2 down to the end of its first block, and that tensor's name: what its fourth convolution takes."""
    model = onnx.load(real_models.fetch("mobilenet_v2_imagenet_dynamo_static"))
    convolutions = [node for node in model.graph.node if node.op_type == "Conv"]
    (end,) = [name for name in convolutions[3].input if any(name in node.output for node in model.graph.node)]
    block = Extractor(model).extract_model([model.graph.input[0].name], [end])
    onnx.save(block, folder / "block.onnx")
    return folder / "block.onnx", end


def test_the_first_block_of_mobilenet_by_webgpu(tmp_path: Path) -> None:
    model, end = first_block(tmp_path)
    feeds, _ = real_models.recorded("mobilenet_v2_imagenet_dynamo_static")
    want = stepwell.compile(model).run(feeds)[end]
    got = run_in_page(package(model, shapes(feeds), tmp_path / "page"), feeds)[end]
    assert got.shape == want.shape == (1, 16, 112, 112)
    np.testing.assert_allclose(got, want, atol=TOLERANCE * np.abs(want).max())


def test_a_recurrence_by_webgpu(tmp_path: Path) -> None:
    """149 steps, which the page counts."""
    feeds, want = real_models.recorded("silero_vad_16k_sequence")
    files = package(real_models.fetch("silero_vad_16k_sequence"), shapes(feeds), tmp_path)
    assert any("for" in step for step in json.loads(files["manifest.json"])["launches"])
    got = run_in_page(files, feeds)
    real_models.assert_agrees({name: array.astype(np.float32) for name, array in got.items()}, want)
