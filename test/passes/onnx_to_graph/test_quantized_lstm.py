"""DynamicQuantizeLSTM against ONNX Runtime, whose operator it is."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import pytest
import stepwell
from onnx import TensorProto, helper, numpy_helper
from requirements import require_compiler

STEPS, BATCH, INPUTS, HIDDEN = 5, 2, 7, 6

CASES: list[tuple[str, dict[str, Any]]] = [
    ("signed", {}),
    ("unsigned", {}),
    ("signed by columns", {}),
    ("signed", {"direction": "reverse"}),
    ("signed by columns", {"direction": "bidirectional"}),
    ("unsigned", {"direction": "bidirectional", "clip": 0.5}),
]


def model_of(weights: str, attributes: dict[str, Any]) -> onnx.ModelProto:
    random = np.random.default_rng(5)
    count = 2 if attributes.get("direction") == "bidirectional" else 1
    signed, shape = weights.startswith("signed"), (count, 4 * HIDDEN) if weights.endswith("columns") else (count,)
    dtype, zero = (np.int8, 0) if signed else (np.uint8, 128)
    stored: dict[str, np.ndarray] = {
        "B": random.standard_normal((count, 8 * HIDDEN)).astype(np.float32) * 0.3,
        "P": random.standard_normal((count, 3 * HIDDEN)).astype(np.float32) * 0.3,
    }
    for name, rows in (("W", INPUTS), ("R", HIDDEN)):
        stored[name] = (random.integers(-127, 128, (count, rows, 4 * HIDDEN)) + zero).astype(dtype)
        stored[f"{name}_scale"] = (random.random(shape) * 0.006 + 0.003).astype(np.float32)
        stored[f"{name}_zero"] = np.full(shape, zero, dtype)
    inputs = {"X": [STEPS, BATCH, INPUTS], "h": [count, BATCH, HIDDEN], "c": [count, BATCH, HIDDEN]}
    names = ["X", "W", "R", "B", "", "h", "c", "P", "W_scale", "W_zero", "R_scale", "R_zero"]
    node = helper.make_node(
        "DynamicQuantizeLSTM", names, ["Y", "Yh", "Yc"], domain="com.microsoft", hidden_size=HIDDEN, **attributes
    )
    graph = helper.make_graph(
        [node],
        "case",
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, dims) for name, dims in inputs.items()],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in node.output],
        [numpy_helper.from_array(array, name) for name, array in stored.items()],
    )
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("com.microsoft", 1)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=8)


@pytest.mark.parametrize("target", ["native", "c"])
@pytest.mark.parametrize(("weights", "attributes"), CASES)
def test_agrees_with_onnx_runtime(weights: str, attributes: dict[str, Any], target: str) -> None:
    if target == "c":
        require_compiler()
    onnxruntime = pytest.importorskip("onnxruntime")
    model = model_of(weights, attributes)
    random = np.random.default_rng(6)
    feeds = {
        value.name: random.standard_normal([dim.dim_value for dim in value.type.tensor_type.shape.dim]).astype("f4")
        for value in model.graph.input
    }
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1  # of several, each would quantize the states of its own sequences
    wanted = onnxruntime.InferenceSession(model.SerializeToString(), options).run(None, feeds)
    got = stepwell.compile(model, target=target).run(feeds)
    for value, want in zip(model.graph.output, wanted, strict=True):
        np.testing.assert_allclose(got[value.name], want, atol=1e-5, err_msg=value.name)
