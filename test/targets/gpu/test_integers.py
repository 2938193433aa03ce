"""Integers of 8 and 16 bits on devices that have none: they wrap around, and are divided, compared and cast as numpy's.

All pairs of some numbers are tried, the largest and the least among them.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import stepwell
from onnx import TensorProto, helper, parser
from requirements import require_device

Array = np.ndarray[Any, np.dtype[Any]]

DTYPES = ("int8", "uint8", "int16", "uint16")
TARGETS = ("wgsl", "glsl")
BINARY = {
    "Add": np.add,
    "Sub": np.subtract,
    "Mul": np.multiply,
    "Max": np.maximum,
    "Min": np.minimum,
    "BitwiseAnd": np.bitwise_and,
    "BitwiseXor": np.bitwise_xor,
    "Less": np.less,
    "Greater": np.greater,
}
CASTS = ("float32", "int32", "int8", "uint8", "int16", "uint16", "bool")


def truncated(x: Array, y: Array) -> Array:
    """x / y towards 0, wrapped around as -128 / -1 is."""
    return np.trunc(x.astype(np.float64) / y).astype(np.int64).astype(x.dtype)


def number(dtype: str) -> int:
    return helper.np_dtype_to_tensor_dtype(np.dtype(dtype))


def model(dtype: str, count: int) -> bytes:
    kind, outputs = number(dtype), []
    nodes = [helper.make_node(op, ["x", "y"], [op]) for op in BINARY] + [helper.make_node("Div", ["x", "z"], ["Div"])]
    nodes += [helper.make_node("Cast", ["x"], [to], to=number(to)) for to in CASTS if to != dtype]
    for node in nodes:
        is_bool = node.op_type in ("Less", "Greater")
        to = TensorProto.BOOL if is_bool else number(node.output[0]) if node.op_type == "Cast" else kind
        outputs.append(helper.make_tensor_value_info(node.output[0], to, [count]))
    inputs = [helper.make_tensor_value_info(name, kind, [count]) for name in "xyz"]
    graph = helper.make_graph(nodes, "integers", inputs, outputs)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9).SerializeToString()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("target", TARGETS)
def test_short_integers(target: str, dtype: str) -> None:
    require_device(target)
    limits = np.iinfo(dtype)
    some = np.array([limits.min, limits.min + 1, 0, 1, 3, 100, limits.max // 2 + 1, limits.max], dtype)
    some = np.concatenate([some, -some[:5]]) if limits.min else some
    x, y = (array.reshape(-1) for array in np.meshgrid(some, some))
    z = np.where(y == 0, np.array(1, dtype), y)
    got = stepwell.compile(model(dtype, len(x)), target).run({"x": x, "y": y, "z": z})
    with np.errstate(over="ignore"):
        want = {op: meaning(x, y) for op, meaning in BINARY.items()} | {"Div": truncated(x, z)}
        want |= {to: x.astype(to) for to in CASTS if to != dtype}
    for name, array in want.items():
        assert got[name].dtype == array.dtype
        np.testing.assert_array_equal(got[name], array, err_msg=name)


POSITIONS = """<ir_version: 8, opset_import: ["" : 18]> positions (int64[2,6] ids) => (int64[2,6] positions) {
  padding = Constant<value_ints=[1]>()  axis = Constant<value_int=1>()
  is_padding = Equal(ids, padding)  is_word = Not(is_padding)  word = Cast<to=6>(is_word)
  counted = CumSum(word, axis)  kept = Mul(counted, word)  long = Cast<to=7>(kept)  positions = Add(long, padding)
}"""
"""As RoBERTa has them: words are counted from the padding's number on, whose own is that."""


@pytest.mark.parametrize("target", TARGETS)
def test_positions_of_words(target: str) -> None:
    """An int64 is computed in 32 bits where it fits for every input: no count is larger than a row."""
    require_device(target)
    program = stepwell.compile(parser.parse_model(POSITIONS).SerializeToString(), target)
    ids = np.array([[5, 7, 9, 1, 1, 1], [-(2**31), 1, 2**31 - 1, 8, 8, 1]])
    want = np.where(ids != 1, np.cumsum(ids != 1, axis=1) + 1, 1)
    np.testing.assert_array_equal(program.run({"ids": ids})["positions"], want)
