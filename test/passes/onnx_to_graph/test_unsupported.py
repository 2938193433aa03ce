"""What isn't supported is said at once, in one error, by op, opset and node."""

from __future__ import annotations

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper
from stepwell.context import Context
from stepwell.diagnostics import StepwellError
from stepwell.dialects.onnx.importer import import_onnx
from stepwell.pass_manager import parse_passes, run_passes


def convert(*nodes, opset: int = 17, **initializers) -> None:
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3, 8, 8])
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, None)
    constants = [numpy_helper.from_array(array, name) for name, array in initializers.items()]
    model = helper.make_model(
        helper.make_graph(list(nodes), "g", [x], [y], constants),
        opset_imports=[helper.make_opsetid("", opset), helper.make_opsetid("ai.onnx.ml", 3)],
        ir_version=10,
    )
    ctx = Context()
    run_passes(ctx, import_onnx(ctx, model), parse_passes("onnx-to-graph"))


def test_all_unsupported_ops_in_one_error() -> None:
    files = [f"{letter}8" for letter in "abcd"]
    nodes = [helper.make_node("Cast", ["x"], [file], to=TensorProto.UINT8) for file in files]
    nodes += [helper.make_node("ImageDecoder", [file], [f"{file}_y"], name=f"read_{file}") for file in files]
    with pytest.raises(StepwellError) as error:
        convert(
            *nodes,
            helper.make_node("Binarizer", ["x"], ["n"], name="steps", domain="ai.onnx.ml"),
            helper.make_node("Abs", ["x"], ["y"]),
            opset=20,
        )
    said = str(error.value)
    assert "2 ONNX operators are not supported" in said
    assert "4 x ImageDecoder (opset 20): node 'read_a8', node 'read_b8', node 'read_c8', ..." in said
    assert "1 x ai.onnx.ml.Binarizer (opset 3): node 'steps'" in said
    assert "Abs" not in said


@pytest.mark.parametrize(
    ("node", "initializers", "message"),
    [
        (
            helper.make_node(
                "Resize", ["x", "", "s"], ["y"], name="up", coordinate_transformation_mode="tf_half_pixel_for_nn"
            ),
            {"s": np.float32([1, 1, 2, 2])},
            "tf_half_pixel_for_nn",
        ),
        (helper.make_node("Pad", ["x", "p"], ["y"], name="up", mode="wrap"), {"p": np.ones(8, np.int64)}, "'wrap'"),
        (helper.make_node("Split", ["x"], ["y"], name="up", axis=9, num_outputs=1), {}, "axis 9"),
        (helper.make_node("Cast", ["x"], ["y"], name="up", to=TensorProto.STRING), {}, "numbers and bool are"),
    ],
    ids=["coordinate", "wrap", "axes", "string"],
)
def test_names_the_node_and_what_is_supported(node, initializers, message: str) -> None:
    with pytest.raises(StepwellError, match=message) as error:
        convert(node, opset=19, **initializers)
    assert "node 'up'" in str(error.value) and error.value.fix


def test_a_second_result_that_is_used() -> None:
    norm = helper.make_node("BatchNormalization", ["x", "w", "w", "w", "w"], ["m", "i"], name="norm")
    with pytest.raises(StepwellError, match="result 1 is used") as error:
        convert(norm, helper.make_node("Cast", ["i"], ["y"], to=1), opset=9, w=np.ones(3, np.float32))
    assert "node 'norm'" in str(error.value)
