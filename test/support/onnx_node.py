"""One ONNX node compiled for this machine and run: what tests of operators hold against numpy, or against a judge.

run(helper.make_node("Det", ["x"], ["y"]), {"x": x})        every input handed in when run
run(node, {"x": x}, {"axis": np.int64(1)}, opset=20)        some of them initializers
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import stepwell
from onnx import helper, numpy_helper

Array = np.ndarray[Any, np.dtype[Any]]


def model_of(node: Any, inputs: Mapping[str, Array], constants: Mapping[str, Array] | None = None, opset: int = 22):
    """A model of this one node, whose outputs have the first input's element type and a shape that is not stated."""
    kinds = {name: helper.np_dtype_to_tensor_dtype(np.asarray(array).dtype) for name, array in inputs.items()}
    first = next(iter(kinds.values()))
    graph = helper.make_graph(
        [node],
        "one",
        [helper.make_tensor_value_info(name, kinds[name], np.shape(array)) for name, array in inputs.items()],
        [helper.make_tensor_value_info(name, first, None) for name in node.output if name],
        [numpy_helper.from_array(np.asarray(array), name) for name, array in (constants or {}).items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=10)


def run(
    node: Any, inputs: Mapping[str, Array], constants: Mapping[str, Array] | None = None, opset: int = 22
) -> list[Array]:
    """The node's outputs, in order."""
    program = stepwell.compile(model_of(node, inputs, constants, opset).SerializeToString(), threads=1)
    outputs = program.run({name: np.asarray(array) for name, array in inputs.items()})
    return [outputs[name] for name in node.output if name]
