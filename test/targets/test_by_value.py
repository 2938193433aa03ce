"""Inputs whose values say what shape the results have: a program is made for each combination of them."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
import stepwell
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator


def model(op: str, kinds: dict[str, tuple[int, list[int | str] | None]], **attributes: object) -> onnx.ModelProto:
    """One node of `op` with inputs of these element types and shapes."""
    inputs = [helper.make_tensor_value_info(name, kind, shape) for name, (kind, shape) in kinds.items()]
    node = helper.make_node(op, list(kinds), ["y"], name="node", **attributes)
    graph = helper.make_graph([node], "g", inputs, [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)


X = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
F, I = TensorProto.FLOAT, TensorProto.INT64  # noqa: E741


@pytest.mark.parametrize("target", ["native", "c"])
def test_each_value_gets_its_own_program(target: str) -> None:
    made = model("ReduceSum", {"x": (F, [2, 3, 4]), "axes": (I, ["k"])}, keepdims=0)
    program = stepwell.compile(made, target)
    for axes in ([0], [1, -1], [2, 0], [0]):
        got = program.run({"x": X, "axes": np.array(axes, np.int64)})["y"]
        np.testing.assert_allclose(got, X.sum(tuple(axes)), rtol=1e-6)


@pytest.mark.parametrize(
    ("op", "kinds", "feeds"),
    [
        ("Tile", {"x": (F, [2, 3, 4]), "r": (I, [3])}, {"r": [1, 2, 3]}),
        ("Reshape", {"x": (F, [2, 3, 4]), "s": (I, [2])}, {"s": [6, -1]}),
        ("Expand", {"x": (F, [2, 3, 4]), "s": (I, [4])}, {"s": [5, 2, 3, 4]}),
        ("Pad", {"x": (F, [2, 3, 4]), "p": (I, [6])}, {"p": [0, 1, 2, 0, 0, 3]}),
    ],
)
def test_agrees_with_the_reference(op: str, kinds: dict, feeds: dict) -> None:
    made = model(op, kinds)
    given = {"x": X, **{name: np.array(numbers, np.int64) for name, numbers in feeds.items()}}
    want = ReferenceEvaluator(made).run(None, given)[0]
    np.testing.assert_array_equal(stepwell.compile(made).run(given)["y"], want)


def test_a_number_computed_from_data_is_refused() -> None:
    """How often to repeat follows from 65 floats: nobody would want a program for each."""
    nodes = [
        helper.make_node("Cast", ["x"], ["n"], name="cast", to=I),
        helper.make_node("Tile", ["x", "n"], ["y"], name="tile"),
    ]
    x = helper.make_tensor_value_info("x", F, [65])
    graph = helper.make_graph(nodes, "g", [x], [helper.make_tensor_value_info("y", F, None)])
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    with pytest.raises(stepwell.StepwellError, match="computed at run time"):
        stepwell.compile(made)
