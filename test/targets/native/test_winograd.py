"""Convolutions that the native target computes by Winograd's algorithm, against direct ones in float64."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
import stepwell
from onnx import TensorProto, helper, numpy_helper


def direct(x: np.ndarray, w: np.ndarray) -> np.ndarray:
    """A convolution [N, C, H, W] by [F, C, 3, 3], padded by one element."""
    x = np.pad(x.astype(np.float64), ((0, 0), (0, 0), (1, 1), (1, 1)))
    windows = np.lib.stride_tricks.sliding_window_view(x, (3, 3), (2, 3))
    return np.einsum("nchwij,fcij->nfhw", windows, w.astype(np.float64), optimize=True)


def residual_block(x_shape: tuple[int, ...], w: np.ndarray, b: np.ndarray) -> onnx.ModelProto:
    """y = relu(conv(x) + b + r)."""
    nodes = [
        helper.make_node("Conv", ["x", "w", "b"], ["c"], pads=[1, 1, 1, 1]),
        helper.make_node("Add", ["c", "r"], ["s"]),
        helper.make_node("Relu", ["s"], ["y"]),
    ]
    y_shape = (x_shape[0], w.shape[0], *x_shape[2:])
    shapes = {"x": x_shape, "r": y_shape, "y": y_shape}
    values = {name: helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in shapes.items()}
    weights = [numpy_helper.from_array(w, "w"), numpy_helper.from_array(b, "b")]
    graph = helper.make_graph(nodes, "block", [values["x"], values["r"]], [values["y"]], weights)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])


@pytest.mark.parametrize(
    ("x_shape", "filters", "tolerance"),
    [
        ((1, 64, 28, 28), 64, 8e-6),  # tiles of 4x4
        ((2, 64, 13, 30), 88, 8e-6),  # the last panel is not full
        ((1, 512, 7, 7), 256, 2e-6),  # tiles of 2x2: see `passes/graph/winograd.py`
    ],
)
def test_residual_block(x_shape: tuple[int, ...], filters: int, tolerance: float):
    random = np.random.default_rng(3)
    x, r = (random.standard_normal((x_shape[0], c, *x_shape[2:])).astype("f4") for c in (x_shape[1], filters))
    w = (random.standard_normal((filters, x_shape[1], 3, 3)) / np.sqrt(9 * x_shape[1])).astype("f4")
    b = random.standard_normal(filters).astype("f4")
    model = residual_block(x_shape, w, b)
    want = np.maximum(direct(x, w) + b.reshape(1, -1, 1, 1) + r, 0)
    have = stepwell.compile(model, threads=1).run({"x": x, "r": r})["y"]
    assert np.abs(have - want).max() <= tolerance * np.abs(want).max()
