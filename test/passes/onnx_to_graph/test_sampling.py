"""GridSample, AffineGrid, RoiAlign and DeformConv against ONNX's reference evaluator or ONNX Runtime, and PyTorch's
conventions where these two have a case of their own: regions without samples, places far outside."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from onnx import helper
from onnx.reference import ReferenceEvaluator
from onnx_node import model_of, run
from stepwell.diagnostics import StepwellError

RANDOM = np.random.default_rng(17)


def normal(*dims: int) -> np.ndarray:
    return RANDOM.standard_normal(dims).astype(np.float32)


def reference(node: Any, feeds: dict[str, np.ndarray], opset: int) -> np.ndarray:
    return ReferenceEvaluator(model_of(node, feeds, opset=opset)).run(None, feeds)[0]


def runtime(node: Any, feeds: dict[str, np.ndarray], opset: int) -> np.ndarray:
    onnxruntime = pytest.importorskip("onnxruntime")
    model = model_of(node, feeds, opset=opset).SerializeToString()
    return onnxruntime.InferenceSession(model).run(None, feeds)[0]


def agree(have: np.ndarray, want: np.ndarray) -> None:
    assert (have.dtype, have.shape) == (want.dtype, want.shape)
    np.testing.assert_allclose(have, want, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("align", [0, 1])
@pytest.mark.parametrize("padding", ["zeros", "border", "reflection"])
@pytest.mark.parametrize("mode", ["nearest", "linear", "cubic"])
def test_grid_sample(mode: str, padding: str, align: int) -> None:
    """Places up to three pictures outside; ONNX Runtime has no cubic of more dims than two."""
    node = helper.make_node("GridSample", ["x", "g"], ["y"], mode=mode, padding_mode=padding, align_corners=align)
    feeds = {"x": normal(2, 3, 5, 7), "g": (RANDOM.random((2, 4, 6, 2)) * 6 - 3).astype(np.float32)}
    agree(run(node, feeds, opset=20)[0], runtime(node, feeds, 20))
    if mode != "cubic":
        feeds = {"x": normal(2, 3, 4, 5, 3), "g": (RANDOM.random((2, 2, 3, 4, 3)) * 4 - 2).astype(np.float32)}
        agree(run(node, feeds, opset=20)[0], runtime(node, feeds, 20))


def test_grid_sample_of_one_element() -> None:
    node = helper.make_node("GridSample", ["x", "g"], ["y"], padding_mode="border", align_corners=1)
    feeds = {"x": normal(1, 2, 1, 1), "g": normal(1, 3, 3, 2)}
    agree(run(node, feeds, opset=20)[0], np.broadcast_to(feeds["x"], (1, 2, 3, 3)))


def test_what_lies_outside_is_zero_beside_infinity() -> None:
    node = helper.make_node("GridSample", ["x", "g"], ["y"], align_corners=1)
    feeds = {"x": np.full((1, 1, 2, 2), np.inf, np.float32), "g": np.full((1, 1, 1, 2), 9, np.float32)}
    agree(run(node, feeds, opset=20)[0], np.zeros((1, 1, 1, 1), np.float32))


@pytest.mark.parametrize("mode", ["bilinear", "bicubic", "nearest"])
def test_modes_as_opset_16_names_them(mode: str) -> None:
    node = helper.make_node("GridSample", ["x", "g"], ["y"], mode=mode)
    feeds = {"x": normal(1, 2, 5, 5), "g": normal(1, 3, 3, 2)}
    agree(run(node, feeds, opset=16)[0], runtime(node, feeds, 16))


def test_integers_are_picked() -> None:
    node = helper.make_node("GridSample", ["x", "g"], ["y"], mode="nearest")
    feeds = {"x": RANDOM.integers(0, 9, (1, 2, 5, 5)).astype(np.int32), "g": normal(1, 3, 3, 2)}
    agree(run(node, feeds, opset=20)[0], reference(node, feeds, 20))


def test_a_grid_that_does_not_fit_is_refused() -> None:
    node = helper.make_node("GridSample", ["x", "g"], ["y"])
    with pytest.raises(StepwellError, match="does not fit x"):
        run(node, {"x": normal(1, 2, 5, 5), "g": normal(1, 3, 3, 3)}, opset=16)


@pytest.mark.parametrize("align", [0, 1])
@pytest.mark.parametrize("size", [(2, 3, 4, 5), (3, 1, 2, 7), (2, 1, 3, 4, 5)])
def test_affine_grid(size: tuple[int, ...], align: int) -> None:
    node = helper.make_node("AffineGrid", ["theta", "size"], ["y"], align_corners=align)
    theta = normal(size[0], len(size) - 2, len(size) - 1)
    want = reference(node, {"theta": theta, "size": np.array(size)}, 20)
    agree(run(node, {"theta": theta}, {"size": np.array(size)}, opset=20)[0], want)


def rois_of(count: int, height: float, width: float) -> np.ndarray:
    corners = RANDOM.random((count, 2, 2)) * [width * 1.4, height * 1.4] - [width * 0.2, height * 0.2]
    return np.concatenate([corners.min(1), corners.max(1)], axis=1).astype(np.float32)


@pytest.mark.parametrize("coordinate", ["half_pixel", "output_half_pixel"])
@pytest.mark.parametrize("mode", ["avg", "max"])
@pytest.mark.parametrize("ratio", [0, 1, 3])
def test_roi_align(mode: str, coordinate: str, ratio: int) -> None:
    """Regions of all sizes, in part outside: without a ratio each has its own number of samples."""
    how = {"mode": mode, "coordinate_transformation_mode": coordinate, "sampling_ratio": ratio}
    node = helper.make_node(
        "RoiAlign", ["x", "r", "b"], ["y"], output_height=3, output_width=2, spatial_scale=0.5, **how
    )
    feeds = {"x": normal(2, 3, 9, 13), "r": rois_of(6, 18, 26), "b": np.array([0, 1, 1, 0, 0, 1])}
    agree(run(node, feeds, opset=16)[0], reference(node, feeds, 16))


def test_roi_align_of_a_region_without_extent() -> None:
    node = helper.make_node("RoiAlign", ["x", "r", "b"], ["y"], output_height=2, output_width=2, mode="max")
    feeds = {"x": normal(1, 2, 5, 5), "r": np.float32([[2, 2, 2, 2]]), "b": np.array([0])}
    agree(run(node, feeds, opset=16)[0], np.zeros((1, 2, 2, 2), np.float32))


def test_roi_align_as_opset_10_has_it() -> None:
    node = helper.make_node("RoiAlign", ["x", "r", "b"], ["y"], output_height=4, output_width=4, sampling_ratio=2)
    feeds = {"x": normal(1, 2, 8, 8), "r": rois_of(3, 8, 8), "b": np.array([0, 0, 0])}
    agree(run(node, feeds, opset=10)[0], runtime(node, feeds, 10))


def regions_of(count: int, height: float, width: float) -> np.ndarray:
    """For MaxRoiPool: the number of a picture before the corners."""
    return np.concatenate([RANDOM.integers(0, 2, (count, 1)), rois_of(count, height, width)], 1).astype(np.float32)


@pytest.mark.parametrize("scale", [1.0, 0.5])
@pytest.mark.parametrize("pool", [(1, 1), (3, 2), (9, 20)])
def test_max_roi_pool(pool: tuple[int, int], scale: float) -> None:
    """Regions of all sizes, in part or wholly outside; corners at halves; bins of more than all elements."""
    node = helper.make_node("MaxRoiPool", ["x", "r"], ["y"], pooled_shape=pool, spatial_scale=scale)
    odd = [[0, -9, -9, -3, -2], [1, 40, 3, 50, 4], [0, 5, 5, 2, 1], [1, 0.5, 1.5, 2.5, 4.5], [0, -0.5, -2.5, 3, 3]]
    regions = np.concatenate([regions_of(20, 9 / scale, 13 / scale), np.array(odd, np.float32)])
    feeds = {"x": normal(2, 3, 9, 13) - 3, "r": regions}
    agree(run(node, feeds, opset=17)[0], runtime(node, feeds, 17))


def test_max_roi_pool_of_no_region() -> None:
    node = helper.make_node("MaxRoiPool", ["x", "r"], ["y"], pooled_shape=[2, 2])
    feeds = {"x": normal(2, 3, 9, 13), "r": np.zeros((0, 5), np.float32)}
    agree(run(node, feeds, opset=17)[0], np.zeros((0, 3, 2, 2), np.float32))


@pytest.mark.parametrize(
    ("group", "offset_group", "attributes"),
    [
        (1, 1, {}),
        (2, 1, {"pads": [1, 0, 2, 1], "strides": [2, 1]}),
        (1, 2, {"dilations": [2, 1], "pads": [1, 1, 1, 1]}),
        (2, 4, {"pads": [1, 1, 1, 1]}),
    ],
)
@pytest.mark.parametrize("extras", [False, True])
def test_deform_conv(group: int, offset_group: int, attributes: dict[str, list[int]], extras: bool) -> None:
    x, w = normal(2, 4, 5, 4), normal(4, 4 // group, 3, 2)
    pads, strides = attributes.get("pads", [0] * 4), attributes.get("strides", [1, 1])
    dilations = attributes.get("dilations", [1, 1])
    reach = [(size - 1) * d + 1 for size, d in zip((3, 2), dilations, strict=True)]
    out = [(n + pads[i] + pads[i + 2] - reach[i]) // strides[i] + 1 for i, n in enumerate((5, 4))]
    feeds = {"x": x, "w": w, "o": normal(2, offset_group * 12, *out) * 2}
    names = ["x", "w", "o", "b", "m"] if extras else ["x", "w", "o"]
    if extras:
        feeds |= {"b": normal(4), "m": RANDOM.random((2, offset_group * 6, *out)).astype(np.float32)}
    node = helper.make_node("DeformConv", names, ["y"], group=group, offset_group=offset_group, **attributes)
    agree(run(node, feeds, opset=19)[0], reference(node, feeds, 19))
