"""Products of bytes are exactly what they stand for, whatever the signs and zero points; what is real stays close."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper
from reference import evaluate
from stepwell.context import Context
from stepwell.dialects import graph
from stepwell.dialects.graph.types import element_type_of
from stepwell.dialects.onnx.importer import import_onnx
from stepwell.pass_manager import parse_passes, run_passes
from xdsl.dialects.builtin import ModuleOp, i32

RANDOM = np.random.default_rng(3)
BEFORE, AFTER = "onnx-to-graph,infer-shapes", "fuse-qdq,fold-constants,canonicalize"
SIGNS = list(product((np.int8, np.uint8), repeat=2))


def numbers(shape: tuple[int, ...], kind: type) -> np.ndarray:
    limits = np.iinfo(kind)
    return RANDOM.integers(limits.min, limits.max + 1, shape).astype(kind)


def model(nodes: list, inputs: dict[str, np.ndarray], constants: dict[str, np.ndarray], result: str) -> bytes:
    kind = helper.np_dtype_to_tensor_dtype
    infos = [helper.make_tensor_value_info(k, kind(v.dtype), v.shape) for k, v in inputs.items()]
    weights = [numpy_helper.from_array(np.asarray(v), k) for k, v in constants.items()]
    made = helper.make_graph(nodes, "g", infos, [helper.make_empty_tensor_value_info(result)], weights)
    made.output[0].type.tensor_type.elem_type = TensorProto.UNDEFINED
    return helper.make_model(made, opset_imports=[helper.make_opsetid("", 21)]).SerializeToString()


def both(source: bytes, feeds: dict[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray, ModuleOp]:
    """What the module gives before and after the pass, and the module after it."""
    import onnx

    proto = onnx.load_from_string(source)
    proto.graph.output[0].ClearField("type")
    ctx = Context()
    module = import_onnx(ctx, proto)
    run_passes(ctx, module, parse_passes(BEFORE), verify_each=True)
    before = next(iter(evaluate(ctx, module, feeds).values()))
    run_passes(ctx, module, parse_passes(AFTER), verify_each=True)
    return before, next(iter(evaluate(ctx, module, feeds).values())), module


def multiplies_bytes(module: ModuleOp) -> bool:
    products = [op for op in module.walk() if isinstance(op, graph.MatmulOp | graph.ConvOp)]
    return bool(products) and all(element_type_of(op.result) == i32 and op.wide for op in products)


@pytest.mark.parametrize("constant", [False, True], ids=["computed", "weight"])
@pytest.mark.parametrize("zeros", ["none", "left", "both", "columns"])
@pytest.mark.parametrize("kinds", SIGNS, ids=lambda kinds: "-".join(kind.__name__ for kind in kinds))
def test_integer_matmul(kinds: tuple[type, type], zeros: str, constant: bool):
    a, b = numbers((2, 5, 6), kinds[0]), numbers((6, 3), kinds[1])
    right = {"both": numbers((), kinds[1]), "columns": numbers((3,), kinds[1])}.get(zeros)
    constants = {"az": numbers((), kinds[0])} if zeros != "none" else {}
    constants |= {"bz": right} if right is not None else {}
    constants |= {"b": b} if constant else {}
    names = ["a", "b", "az" if zeros != "none" else "", "bz" if right is not None else ""]
    feeds = {"a": a} if constant else {"a": a, "b": b}
    source = model([helper.make_node("MatMulInteger", names, ["y"])], feeds, constants, "y")
    before, after, module = both(source, feeds)
    assert multiplies_bytes(module)
    left = constants.get("az", np.zeros((), kinds[0])).astype(np.int64)
    shift = np.int64(0) if right is None else right.astype(np.int64)
    want = (a.astype(np.int64) - left) @ (b.astype(np.int64) - shift)
    np.testing.assert_array_equal(before, want)
    np.testing.assert_array_equal(after, want)


@pytest.mark.parametrize("how", [{}, {"pads": [1, 0, 2, 1], "strides": [2, 1]}, {"group": 3}, {"dilations": [2, 1]}])
@pytest.mark.parametrize("zero", [0, 1])
@pytest.mark.parametrize("kinds", SIGNS, ids=lambda kinds: "-".join(kind.__name__ for kind in kinds))
def test_convolution(kinds: tuple[type, type], zero: int, how: dict):
    x, w = numbers((2, 3, 7, 6), kinds[0]), numbers((3, 3 // how.get("group", 1), 3, 2), kinds[1])
    constants = {"w": w, "xz": numbers((), kinds[0]), "wz": numbers((3,), kinds[1]) * np.array(zero, kinds[1])}
    node = helper.make_node("ConvInteger", ["x", "w", "xz", "wz"], ["y"], **how)
    before, after, module = both(model([node], {"x": x}, constants, "y"), {"x": x})
    assert multiplies_bytes(module)
    np.testing.assert_array_equal(before, after)


@pytest.mark.parametrize("kind", [np.int8, np.uint8])
def test_a_layer_in_qdq_form(kind: type):
    """Convolution, relu and quantization: at most one off, where a number falls between two."""
    make = helper.make_node
    constants = {"w": numbers((8, 4, 3, 3), np.int8), "ws": (RANDOM.random(8) / 99).astype(np.float32)}
    constants |= {"wz": np.zeros(8, np.int8), "c": numbers((8,), np.int8).astype(np.int32) * 9}
    constants |= {"s": np.float32(0.03), "z": kind(5), "cs": constants["ws"] * np.float32(0.03), "ys": np.float32(0.2)}
    nodes = [
        make("QuantizeLinear", ["x", "s", "z"], ["q"]),
        make("DequantizeLinear", ["q", "s", "z"], ["d"]),
        make("DequantizeLinear", ["w", "ws", "wz"], ["v"], axis=0),
        make("DequantizeLinear", ["c", "cs"], ["b"], axis=0),
        make("Conv", ["d", "v", "b"], ["p"], pads=[1, 1, 1, 1]),
        make("Relu", ["p"], ["r"]),
        make("QuantizeLinear", ["r", "ys", "z"], ["y"]),
    ]
    x = RANDOM.standard_normal((1, 4, 9, 9)).astype(np.float32)
    before, after, module = both(model(nodes, {"x": x}, constants, "y"), {"x": x})
    assert multiplies_bytes(module)
    off = np.abs(before.astype(int) - after.astype(int))
    assert off.max() <= 1 and np.mean(off > 0) < 0.01 and len(np.unique(after)) > 20
