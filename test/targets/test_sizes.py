"""Outputs whose size the data decide: the user gets what counts, and C is told where to read how much it is."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
import stepwell
from onnx import TensorProto, helper
from requirements import needs_compiler
from stepwell.context import Context
from stepwell.dialects.onnx.importer import import_onnx
from stepwell.driver import Way, find_target

TARGETS = ["native", pytest.param("c", marks=needs_compiler)]


def model(nodes: list[onnx.NodeProto], inputs: dict[str, tuple], outputs: dict[str, tuple]) -> onnx.ModelProto:
    """(element type, shape) by name."""
    ins, outs = (
        [helper.make_tensor_value_info(name, *kind) for name, kind in side.items()] for side in (inputs, outputs)
    )
    opset = [helper.make_opsetid("", 17)]
    return helper.make_model(helper.make_graph(nodes, "g", ins, outs), opset_imports=opset, ir_version=10)


def non_zero() -> onnx.ModelProto:
    node = helper.make_node("NonZero", ["x"], ["y"])
    return model([node], {"x": (TensorProto.FLOAT, [3, 4])}, {"y": (TensorProto.INT64, [2, None])})


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("count", [0, 1, 7, 12])
def test_as_many_as_there_are(target: str, count: int) -> None:
    x = np.zeros(12, np.float32)
    x[np.random.default_rng(count).permutation(12)[:count]] = -1
    got = stepwell.compile(non_zero().SerializeToString(), target).run({"x": x.reshape(3, 4)})
    assert list(got) == ["y"]
    np.testing.assert_array_equal(got["y"], np.array(np.nonzero(x.reshape(3, 4))))
    assert got["y"].dtype == np.int64 and got["y"].flags.c_contiguous


@pytest.mark.parametrize("target", TARGETS)
def test_beside_outputs_of_known_size(target: str) -> None:
    nodes = [
        helper.make_node("Relu", ["x"], ["r"]),
        helper.make_node("Compress", ["r", "c"], ["y"], axis=1),
        helper.make_node("Compress", ["r", "c"], ["z"], axis=1),
        helper.make_node("Identity", ["y"], ["again"]),
    ]
    outputs = {name: (TensorProto.FLOAT, [5, None]) for name in ("y", "z", "again")}
    made = model(
        nodes,
        {"x": (TensorProto.FLOAT, [5, 6]), "c": (TensorProto.BOOL, [6])},
        {**outputs, "r": (TensorProto.FLOAT, [5, 6])},
    )
    program = stepwell.compile(made.SerializeToString(), target)
    assert [spec.name for spec in program.outputs] == ["y", "z", "again", "r"]
    x, c = np.random.default_rng(0).standard_normal((5, 6)).astype(np.float32), np.array([1, 0, 0, 1, 1, 0], bool)
    got = program.run({"x": x, "c": c})
    for name in ("y", "z", "again"):
        np.testing.assert_array_equal(got[name], np.maximum(x, 0)[:, c])
    np.testing.assert_array_equal(got["r"], np.maximum(x, 0))


def test_the_manifest_and_the_header_say_so() -> None:
    ctx = Context()
    module = import_onnx(ctx, non_zero())
    way = Way(find_target("c"))
    way.lower(ctx, module)
    artifact = way.target.emit(ctx, module, way.options)
    assert artifact.manifest["outputs"] == [
        {"name": "y", "dtype": "int64", "shape": [2, 12], "sizes": [-1, 1]},
        {"name": "y.count", "dtype": "int64", "shape": [], "hidden": True},
    ]
    header = artifact.files["model.h"].decode()
    assert '    int64_t *y,  /* "y": 2x12, of which 2 x *y_count count */\n' in header
    assert '    int64_t *y_count,  /* "y.count": scalar */\n' in header
