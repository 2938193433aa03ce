"""What an op computes while compiling is what ONNX's reference evaluator computes, op by op."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import ml_dtypes
import numpy as np
import onnx
import pytest
from onnx.reference import ReferenceEvaluator
from stepwell.context import Context
from stepwell.dialects import graph
from stepwell.dialects.graph.types import element_of

OPSET = 18


def reference(op: str, inputs: Sequence[Any], **attributes: Any) -> np.ndarray:
    """What ONNX says that one node gives; an input of None is absent."""
    names = [f"x{n}" if array is not None else "" for n, array in enumerate(inputs)]
    node = onnx.helper.make_node(op, names, ["y"], **attributes)
    given = {name: array for name, array in zip(names, inputs, strict=True) if name}
    values = [onnx.helper.make_tensor_value_info(k, onnx.helper.np_dtype_to_tensor_dtype(v.dtype), v.shape)
              for k, v in given.items()]  # fmt: skip
    made = onnx.helper.make_graph([node], "one", values, [onnx.ValueInfoProto(name="y")])
    model = onnx.helper.make_model(made, opset_imports=[onnx.helper.make_opsetid("", OPSET)])
    return np.asarray(ReferenceEvaluator(model).run(None, given)[0])


def check(op: graph.GraphOp, inputs: Sequence[np.ndarray], expected: np.ndarray, rtol: float = 1e-6) -> None:
    """Verify the op, fold it, and compare value, shape and element type."""
    op.verify()
    result = op.fold(*inputs)
    assert result.shape == expected.shape == op.result_type.get_shape()
    assert element_of(result.dtype) == op.result_type.element_type
    np.testing.assert_allclose(result, expected, rtol=rtol, atol=1e-6)


def values(*arrays: np.ndarray) -> list[graph.ConstantOp]:
    ctx = Context()
    return [graph.constant(ctx, array) for array in arrays]


FLOATS = np.array([-2.5, -1.5, -0.5, -0.0, 0.0, 0.25, 0.5, 1.5, 2.5, 3.0], np.float32)
SPECIAL = np.array([np.nan, np.inf, -np.inf, -0.0], np.float32)
INTS = np.array([-7, -1, 0, 1, 7], np.int64)

ONNX_NAME = {"round": "Round", "neg": "Neg", "is_nan": "IsNaN", "is_inf": "IsInf"}
DOMAIN = {"log": (0.1, 4), "sqrt": (0, 4), "asin": (-1, 1), "acos": (-1, 1), "acosh": (1, 4), "atanh": (-0.9, 0.9)}
IN_ONNX = [name for name in graph.UNARY_OPS if name not in ("rsqrt", "not")]


@pytest.mark.parametrize("name", IN_ONNX)
def test_unary(name: str):
    low, high = DOMAIN.get(name, (-3, 3))
    for x in (np.linspace(low, high, 13, dtype=np.float32).reshape(1, 13), np.clip(FLOATS, low, high)):
        expected = reference(ONNX_NAME.get(name, name.capitalize()), [x])
        check(graph.UNARY_OPS[name](*values(x)), [x], expected, rtol=1e-5)


@pytest.mark.parametrize("name", ["abs", "neg", "relu", "floor", "round", "is_nan", "is_inf", "sign", "sigmoid"])
def test_unary_of_special_numbers(name: str):
    expected = reference(ONNX_NAME.get(name, name.capitalize()), [SPECIAL])
    check(graph.UNARY_OPS[name](*values(SPECIAL)), [SPECIAL], expected)


def test_rsqrt_and_not():
    x = np.array([0.25, 4.0], np.float32)
    check(graph.RsqrtOp(*values(x)), [x], np.array([2.0, 0.5], np.float32))
    mask, bits = np.array([True, False]), np.array([0, 1, -1], np.int32)
    check(graph.NotOp(*values(mask)), [mask], reference("Not", [mask]))
    check(graph.NotOp(*values(bits)), [bits], reference("BitwiseNot", [bits]))


@pytest.mark.parametrize("name", ["add", "sub", "mul", "div", "pow", "max", "min"])
@pytest.mark.parametrize("dtype", [np.float32, np.int64])
def test_binary(name: str, dtype: Any):
    a = np.array([[-7], [7], [5]], dtype)
    b = np.array([1, 2, 3], dtype) if name in ("div", "pow") else np.array([-2, 2, 9], dtype)
    check(graph.BINARY_OPS[name](*values(a, b)), [a, b], reference(name.capitalize(), [a, b]))


@pytest.mark.parametrize("fmod", [False, True])
def test_mod_takes_the_sign_of_the_divisor_or_of_the_dividend(fmod: bool):
    a, b = np.array([-7, 7, -7, 7], np.int32), np.array([3, 3, -3, -3], np.int32)
    check(graph.ModOp(*values(a, b), fmod=fmod), [a, b], reference("Mod", [a, b], fmod=int(fmod)))


def test_integer_division_goes_toward_zero_and_zero_is_no_trap():
    a, b = np.array([-7, 7, -7, 7, 5], np.int32), np.array([2, 2, -2, -2, 0], np.int32)
    check(graph.DivOp(*values(a, b)), [a, b], np.array([-3, 3, 3, -3, 0], np.int32))


@pytest.mark.parametrize("name", ["and", "or", "xor"])
def test_logic(name: str):
    a, b = np.array([[True], [False]]), np.array([True, False])
    check(graph.BINARY_OPS[name](*values(a, b)), [a, b], reference(name.capitalize(), [a, b]))
    i, j = np.array([12, -1], np.int32), np.array([10, 3], np.int32)
    check(graph.BINARY_OPS[name](*values(i, j)), [i, j], reference(f"Bitwise{name.capitalize()}", [i, j]))


COMPARE = {"lt": "Less", "le": "LessOrEqual", "gt": "Greater", "ge": "GreaterOrEqual", "eq": "Equal"}


@pytest.mark.parametrize("predicate", COMPARE)
def test_compare(predicate: str):
    a, b = FLOATS[:, None], SPECIAL
    check(graph.CompareOp(predicate, *values(a, b)), [a, b], reference(COMPARE[predicate], [a, b]))


def test_select():
    cond, a, b = np.array([[True], [False]]), FLOATS, np.float32(9).reshape(1, 1)
    check(graph.SelectOp(*values(cond, a, b)), [cond, a, b], reference("Where", [cond, a, b]))


@pytest.mark.parametrize("to", [np.int8, np.uint8, np.int32, np.int64, np.float16, np.float64, np.bool_])
def test_cast(to: Any):
    x = np.array([0.0, 0.9, 1.5, 2.5, 100.9, 0.1], np.float32)
    code = onnx.helper.np_dtype_to_tensor_dtype(np.dtype(to))
    op = graph.CastOp(*values(x), to=element_of(np.dtype(to)))
    check(op, [x], reference("Cast", [x], to=code))


@pytest.mark.parametrize("low, high", [(-1.0, 1.0), (0.0, float("inf")), (float("-inf"), 0.5)])
def test_clamp(low: float, high: float):
    x = np.concatenate([FLOATS, SPECIAL])
    expected = np.clip(x, np.float32(low), np.float32(high))
    check(graph.ClampOp(*values(x), min=low, max=high), [x], expected)
    whole = np.array([-9, 0, 9], np.int32)
    check(graph.ClampOp(*values(whole), min=-0.5, max=2.5), [whole], np.array([0, 0, 2], np.int32))


def random(*shape: int) -> np.ndarray:
    return np.random.default_rng(sum(shape)).standard_normal(shape).astype(np.float32)


CONVS = [
    ((1, 3, 8, 9), (6, 3, 3, 3), {}),
    ((2, 3, 8, 9), (6, 3, 3, 3), {"strides": [2, 1], "pads": [1, 0, 2, 1]}),
    ((1, 4, 9, 9), (6, 2, 3, 2), {"groups": 2, "dilations": [2, 3]}),
    ((1, 4, 8, 8), (4, 1, 3, 3), {"groups": 4, "pads": [1, 1, 1, 1]}),
    ((1, 4, 11), (6, 4, 3), {"strides": [3]}),
    ((1, 2, 4, 5, 6), (3, 2, 2, 3, 2), {"pads": [1, 0, 0, 0, 1, 1]}),
]


def as_onnx(attributes: dict[str, Any]) -> dict[str, Any]:
    return {("group" if key == "groups" else key): value for key, value in attributes.items()}


def last(array: np.ndarray) -> np.ndarray:
    return np.moveaxis(array, 1, -1)


@pytest.mark.parametrize("x_shape, w_shape, attributes", CONVS)
def test_conv_in_both_layouts(x_shape: Any, w_shape: Any, attributes: dict[str, Any]):
    x, w, b = random(*x_shape), random(*w_shape), random(w_shape[0])
    expected = reference("Conv", [x, w, b], kernel_shape=w_shape[2:], **as_onnx(attributes))
    check(graph.ConvOp(*values(x, w, b), **attributes), [x, w, b], expected, rtol=1e-4)
    hwio = np.moveaxis(w, (0, 1), (-1, -2))
    op = graph.ConvOp(*values(last(x), hwio, b), layout="nhwc", **attributes)
    check(op, [last(x), hwio, b], last(expected), rtol=1e-4)


TRANSPOSED = [
    ((1, 3, 4, 5), (3, 2, 3, 3), {}),
    ((1, 3, 4, 5), (3, 2, 4, 4), {"strides": [2, 2], "pads": [1, 1, 1, 1]}),
    ((1, 3, 4, 5), (3, 2, 3, 3), {"strides": [2, 2], "pads": [1, 1, 0, 1], "output_padding": [1, 0]}),
    ((1, 4, 4), (4, 3, 3), {"strides": [3], "dilations": [2]}),
]


@pytest.mark.parametrize("x_shape, w_shape, attributes", TRANSPOSED)
def test_conv_transpose_in_both_layouts(x_shape: Any, w_shape: Any, attributes: dict[str, Any]):
    x, w, b = random(*x_shape), random(*w_shape), random(w_shape[1])
    expected = reference("ConvTranspose", [x, w, b], kernel_shape=w_shape[2:], **as_onnx(attributes))
    check(graph.ConvTransposeOp(*values(x, w, b), **attributes), [x, w, b], expected, rtol=1e-4)
    hwio = np.moveaxis(w, (0, 1), (-2, -1))
    op = graph.ConvTransposeOp(*values(last(x), hwio, b), layout="nhwc", **attributes)
    check(op, [last(x), hwio, b], last(expected), rtol=1e-4)


def test_conv_transpose_in_groups_is_one_for_each_group():
    x, w = random(1, 4, 5, 5), random(4, 2, 3, 3)
    halves = [reference("ConvTranspose", [x[:, part], w[part]]) for part in (slice(0, 2), slice(2, 4))]
    check(graph.ConvTransposeOp(*values(x, w), groups=2), [x, w], np.concatenate(halves, axis=1), rtol=1e-4)


POOLS = [
    {"kernel": [3, 3]},
    {"kernel": [3, 2], "strides": [2, 2], "pads": [1, 0, 1, 1]},
    {"kernel": [3, 3], "strides": [2, 2], "ceil_mode": True},
    {"kernel": [3, 3], "strides": [2, 2], "pads": [1, 1, 1, 1], "ceil_mode": True},
]


def pool_attributes(attributes: dict[str, Any]) -> dict[str, Any]:
    named = {("kernel_shape" if key == "kernel" else key): value for key, value in attributes.items()}
    return {key: int(value) if isinstance(value, bool) else value for key, value in named.items()}


@pytest.mark.parametrize("attributes", POOLS)
def test_max_pool_in_both_layouts(attributes: dict[str, Any]):
    x = random(1, 2, 8, 9) - 5  # below the zeros of a padding that counted
    expected = reference("MaxPool", [x], **pool_attributes(attributes))
    check(graph.MaxPoolOp(*values(x), **attributes), [x], expected)
    check(graph.MaxPoolOp(*values(last(x)), layout="nhwc", **attributes), [last(x)], last(expected))


@pytest.mark.parametrize("attributes", POOLS)
@pytest.mark.parametrize("include", [False, True])
def test_avg_pool(attributes: dict[str, Any], include: bool):
    x = random(1, 2, 8, 9)
    expected = reference("AveragePool", [x], count_include_pad=int(include), **pool_attributes(attributes))
    check(graph.AvgPoolOp(*values(x), count_include_pad=include, **attributes), [x], expected, rtol=1e-5)


@pytest.mark.parametrize("a, b", [((2, 3), (3, 4)), ((5, 2, 3), (3, 4)), ((5, 1, 2, 3), (6, 3, 4))])
def test_matmul(a: Any, b: Any):
    x, y = random(*a), random(*b)
    check(graph.MatmulOp(*values(x, y)), [x, y], reference("MatMul", [x, y]), rtol=1e-5)


@pytest.mark.parametrize("wide", [False, True])
def test_products_of_16_bit_floats_are_summed_in_f32(wide: bool):
    x, y = (random(*shape).astype(ml_dtypes.bfloat16) for shape in ((2, 300), (300, 4)))
    exact = x.astype(np.float64) @ y.astype(np.float64)
    got = graph.MatmulOp(*values(x, y), wide=wide).fold(x, y)
    assert got.dtype == (np.float32 if wide else ml_dtypes.bfloat16)
    np.testing.assert_allclose(got.astype(np.float64), exact, rtol=1e-4 if wide else 2.0**-8)
    weight = y.T.reshape(4, 300, 1)
    conv = graph.ConvOp(*values(x.reshape(2, 300, 1), weight), wide=wide).fold(x.reshape(2, 300, 1), weight)
    np.testing.assert_array_equal(conv.reshape(2, 4), got)


@pytest.mark.parametrize("kinds", [(np.uint8, np.int8), (np.int8, np.int8), (np.int8, np.uint8)])
def test_products_of_bytes_are_summed_in_i32(kinds: tuple[type, type]):
    generator = np.random.default_rng(0)
    shapes = (2, 300), (300, 4)
    limits = [(np.iinfo(kind).min, np.iinfo(kind).max + 1) for kind in kinds]
    x, y = (generator.integers(*limits[n], shapes[n]).astype(kinds[n]) for n in range(2))
    exact = x.astype(np.int64) @ y.astype(np.int64)
    check(graph.MatmulOp(*values(x, y), wide=True), [x, y], exact.astype(np.int32))
    image, weight = x.reshape(2, 300, 1), y.T.reshape(4, 300, 1)
    check(graph.ConvOp(*values(image, weight), wide=True), [image, weight], exact.astype(np.int32)[..., None])


def test_quantization():
    x = np.concatenate([FLOATS, SPECIAL]).reshape(2, 7)
    scale, zero = np.float32([[0.5], [0.01]]), np.int8([[1], [-120]])
    want = [[-4, -2, 0, 1, 1, 1, 2], [30, 127, 127, -128, 127, -128, -120]]
    check(graph.QuantizeOp(*values(x, scale, zero)), [x, scale, zero], np.int8(want))
    y = np.int8(want)
    check(graph.DequantizeOp(*values(y, scale, zero)), [y, scale, zero], (np.float32(want) - zero) * scale)


REDUCE = {"sum": "ReduceSum", "mean": "ReduceMean", "max": "ReduceMax", "min": "ReduceMin", "prod": "ReduceProd"}


@pytest.mark.parametrize("kind", REDUCE)
@pytest.mark.parametrize("axes, keepdims", [((1,), True), ((0, 2), False), ((0, 1, 2), True)])
def test_reduce(kind: str, axes: tuple[int, ...], keepdims: bool):
    x = random(2, 3, 4)
    expected = reference(REDUCE[kind], [x, np.array(axes, np.int64)], keepdims=int(keepdims))
    check(graph.ReduceOp(kind, *values(x), axes=axes, keepdims=keepdims), [x], expected, rtol=1e-5)


@pytest.mark.parametrize("kind, name", [("max", "ArgMax"), ("min", "ArgMin")])
@pytest.mark.parametrize("select_last", [False, True])
def test_arg_reduce_of_equals(kind: str, name: str, select_last: bool):
    x = np.array([[1, 3, 3, 1], [2, 2, 2, 2]], np.float32)
    for keepdims in (False, True):
        expected = reference(name, [x], axis=1, keepdims=int(keepdims), select_last_index=int(select_last))
        op = graph.ArgReduceOp(kind, *values(x), axis=1, keepdims=keepdims, select_last=select_last)
        check(op, [x], expected)


@pytest.mark.parametrize("cls, name", [(graph.SoftmaxOp, "Softmax"), (graph.LogSoftmaxOp, "LogSoftmax")])
def test_softmax_of_large_numbers(cls: Any, name: str):
    x = random(3, 4) * 10 + 500  # exp overflows, unless the maximum is taken away first
    check(cls(*values(x), axis=1), [x], reference(name, [x], axis=1), rtol=1e-5)


def test_batch_norm_in_both_layouts():
    x, scale, bias, mean, var = random(2, 3, 4, 5), random(3), random(3), random(3), np.abs(random(3)) + 0.1
    expected = reference("BatchNormalization", [x, scale, bias, mean, var], epsilon=1e-3)
    check(graph.BatchNormOp(*values(x, scale, bias, mean, var), epsilon=1e-3), [x, scale, bias, mean, var],
          expected, rtol=1e-4)  # fmt: skip
    op = graph.BatchNormOp(*values(last(x), scale, bias, mean, var), epsilon=1e-3, layout="nhwc")
    check(op, [last(x), scale, bias, mean, var], last(expected), rtol=1e-4)


def test_movement():
    x, i = random(2, 3, 4), np.array([[0, -1], [2, 1]], np.int64)
    (c,), (index,) = values(x), values(i)
    check(graph.ReshapeOp(c, shape=(4, 6)), [x], x.reshape(4, 6))
    check(graph.TransposeOp(c, perm=(2, 0, 1)), [x], reference("Transpose", [x], perm=[2, 0, 1]))
    wide = np.array([5, 2, 3, 4], np.int64)
    check(graph.BroadcastToOp(c, shape=(5, 2, 3, 4)), [x], reference("Expand", [x, wide]))
    check(graph.ConcatOp(c, c, axis=1), [x, x], reference("Concat", [x, x], axis=1))
    check(graph.GatherOp(c, index, axis=1), [x, i], reference("Gather", [x, i], axis=1))


def test_slice():
    x = random(2, 3, 8)
    lists = [np.array(item, np.int64) for item in ([7, 1], [0, 3], [2, 1], [-3, 1])]
    op = graph.SliceOp(*values(x), starts=(0, 1, 7), sizes=(2, 2, 3), steps=(1, 1, -3))
    check(op, [x], reference("Slice", [x, *lists]))


@pytest.mark.parametrize("mode", ["constant", "reflect", "edge"])
def test_pad(mode: str):
    x = random(2, 3, 4)
    pads = np.array([0, 1, 3, 1, 2, 0] if mode != "reflect" else [0, 1, 3, 1, 2, 2], np.int64)
    value = np.float32(1.5).reshape(()) if mode == "constant" else None
    expected = reference("Pad", [x, pads, *([] if value is None else [value])], mode=mode)
    op = graph.PadOp(*values(x), low=tuple(pads[:3]), high=tuple(pads[3:]), mode=mode, value=1.5 if value else 0.0)
    check(op, [x], expected)


def test_iota():
    op = graph.IotaOp(axis=1, result_type=graph.types.tensor((2, 3), element_of(np.dtype(np.int64))))
    check(op, [], np.array([[0, 1, 2], [0, 1, 2]], np.int64))


SLICES = [
    ([1], [5], [1]),
    ([-3], [100], [1]),
    ([100], [-100], [-2]),
    ([5], [5], [1]),
    ([-1], [-9], [-1]),
    ([6], [2], [-3]),
]


@pytest.mark.parametrize("start, end, step", SLICES)
def test_dynamic_slice_becomes_the_slice_that_onnx_means(start: Any, end: Any, step: Any):
    x = random(2, 8)
    lists = [np.array(item, np.int64) for item in (start, end, [-1], step)]
    made = graph.DynamicSliceOp(*values(x, *lists)).static_form()
    assert made is not None and len(made) == 1
    check(made[0], [x], reference("Slice", [x, *lists]))


@pytest.mark.parametrize("shape, allow_zero", [([0, -1], False), ([-1], False), ([4, 0, -1], False), ([2, 2, 6], True)])
def test_dynamic_reshape_becomes_the_reshape_that_onnx_means(shape: list[int], allow_zero: bool):
    x, wanted = random(2, 3, 4) if 4 not in shape else random(4, 3, 2), np.array(shape, np.int64)
    made = graph.DynamicReshapeOp(*values(x, wanted), allow_zero=allow_zero).static_form()
    assert made is not None
    check(made[0], [x], reference("Reshape", [x, wanted], allowzero=int(allow_zero)))


@pytest.mark.parametrize("shape", [[3], [1, 1], [4, 1, 1], [2, 1, 2, 3]])
def test_dynamic_broadcast_goes_both_ways(shape: list[int]):
    x, wanted = random(2, 3), np.array(shape, np.int64)
    made = graph.DynamicBroadcastToOp(*values(x, wanted)).static_form()
    assert made is not None
    check(made[0], [x], reference("Expand", [x, wanted]))


def test_dynamic_pad_with_negative_pads():
    x, pads, fill = random(4, 5), np.array([1, -2, -1, 3], np.int64), np.array(2.5, np.float32)
    made = graph.DynamicPadOp(*values(x, pads, fill)).static_form()
    assert made is not None and [op.name for op in made] == ["graph.slice", "graph.pad"]
    expected = np.pad(x[:3, 2:], [(1, 0), (0, 3)], constant_values=2.5)
    check(made[1], [made[0].fold(x)], expected)


def test_places_are_clamped():
    x, y = np.arange(36, dtype=np.float32).reshape(9, 4), np.full((2, 3), -1, np.float32)
    for i, first in ((-5, 0), (0, 0), (7, 7), (8, 7), (99, 7)):
        starts = np.array(i), np.array(1)
        check(graph.SliceAtOp(*values(x, *starts), sizes=(2, 3)), [x, *starts], x[first : first + 2, 1:4])
        expected = x.copy()
        expected[first : first + 2, 1:4] = y
        check(graph.UpdateAtOp(*values(x, y, *starts)), [x, y, *starts], expected)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_gather_elements(axis: int):
    x = np.arange(24.0, dtype=np.float32).reshape(2, 3, 4)
    shape = [5 if n == axis else size for n, size in enumerate(x.shape)]
    index = np.arange(np.prod(shape)).reshape(shape) % 4 - 2
    check(
        graph.GatherElementsOp(*values(x, index), axis=axis),
        [x, index],
        reference("GatherElements", [x, index], axis=axis),
    )


def test_gather_elements_that_are_the_same_along_a_dim():
    x, index = np.arange(24.0, dtype=np.float32).reshape(2, 3, 4), np.array([[[-1]], [[1]]])
    check(graph.GatherElementsOp(*values(x, index), axis=1), [x, index], np.stack([x[0, 2:], x[1, 1:2]]))


@pytest.mark.parametrize("kind", list(graph.SCATTER))
@pytest.mark.parametrize("axis", [0, 1])
def test_scatter(kind: str, axis: int):
    x, updates = np.arange(12.0, dtype=np.float32).reshape(3, 4), np.float32([[5, -2, 3], [1, 7, 2]])
    index = np.array([[-1, 0, 1], [2, -3, 0]]) if kind == "none" else np.array([[-1, 0, 1], [2, 0, 1]])
    expected = reference("ScatterElements", [x, index, updates], axis=axis, reduction=kind)
    check(graph.ScatterOp(kind, *values(x, index, updates), axis=axis), [x, index, updates], expected)


def test_scatter_keeps_the_last_of_several():
    x, index, updates = np.zeros(3, np.float32), np.array([1, 1, -2]), np.float32([1, 2, 3])
    check(graph.ScatterOp("none", *values(x, index, updates), axis=0), [x, index, updates], np.float32([0, 3, 0]))


@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize(("exclusive", "reverse"), [(False, False), (False, True), (True, False), (True, True)])
def test_cumulate(axis: int, exclusive: bool, reverse: bool):
    x = np.float32([[1, 2, 3], [4, 5, 6]])
    expected = reference("CumSum", [x, np.array(axis)], exclusive=int(exclusive), reverse=int(reverse))
    check(graph.CumulateOp("sum", *values(x), axis=axis, exclusive=exclusive, reverse=reverse), [x], expected)


@pytest.mark.parametrize("smallest", [False, True])
def test_top_k(smallest: bool):
    x = np.float32([[3, 1, 3, np.nan, 2, np.inf], [0, -0.0, -np.inf, 7, 7, 1]])
    want = [[1, 4, 0, 2], [2, 0, 1, 5]] if smallest else [[3, 5, 0, 2], [3, 4, 5, 0]]
    check(graph.TopKOp(*values(x), k=4, smallest=smallest), [x], np.array(want))
