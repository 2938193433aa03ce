"""What a graph op computes, it still computes as linalg: against the op's own fold, or ONNX's reference evaluator."""

from __future__ import annotations

from typing import Any

import linalg_eval
import numpy as np
import onnx
import pytest
import upstream
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import helper
from onnx.reference import ReferenceEvaluator
from stepwell.context import Context
from stepwell.diagnostics import StepwellError
from stepwell.dialects import graph
from stepwell.dialects.graph.types import element_of, tensor
from stepwell.pass_manager import parse_passes, run_passes
from stepwell.text import print_module
from xdsl.dialects import func
from xdsl.dialects.builtin import ModuleOp, UnitAttr
from xdsl.ir import Block, Region, SSAValue

RANDOM = np.random.default_rng(7)

PRINTED: dict[str, None] = {}
"""Every module that the tests of this file made, as text."""


@pytest.fixture(scope="module", autouse=True)
def upstream_accepts_all_that_was_printed():
    """One run of mlir-opt over all of them, at the end."""
    yield
    if upstream.find_mlir_opt() is not None:
        assert upstream.complaints("// -----\n".join(PRINTED), ["--split-input-file"]) == ""


def compile_op(make: Any, *inputs: np.ndarray) -> tuple[Context, ModuleOp]:
    """`make(ctx, *values)` as the body of a kernel that @main calls, lowered."""
    ctx = Context()
    types = [tensor(x.shape, element_of(x.dtype)) for x in inputs]
    block = Block(arg_types=types)
    made = make(ctx, *block.args)
    ops = made if isinstance(made, list) else [made]
    block.add_ops(ops)
    last = ops[-1]
    block.add_op(func.ReturnOp(last.results[0]))
    result = last.results[0].type
    body = func.FuncOp("kernel", (types, [result]), Region(block), visibility="private")
    body.attributes["stepwell.kernel"] = UnitAttr()
    outer = Block(arg_types=types)
    call = func.CallOp("kernel", outer.args, [result])
    outer.add_ops([call, func.ReturnOp(call.results[0])])
    module = ModuleOp([body, func.FuncOp("main", (types, [result]), Region(outer))])
    module.verify()
    run_passes(ctx, module, parse_passes("graph-to-linalg"), verify_each=True)
    return ctx, module


def evaluate(make: Any, *inputs: np.ndarray) -> np.ndarray:
    """The result of the op, from its linalg form before and after fuse-elementwise, which must agree."""
    ctx, module = compile_op(make, *inputs)
    PRINTED[print_module(module)] = None
    before = linalg_eval.run(ctx, module, *inputs)[0]
    run_passes(ctx, module, parse_passes("fuse-elementwise"), verify_each=True)
    after = linalg_eval.run(ctx, module, *inputs)[0]
    np.testing.assert_array_equal(before, after)
    PRINTED[print_module(module)] = None
    return after


def folded(make: Any, *inputs: np.ndarray) -> np.ndarray:
    """What the op's own fold gives."""
    types = [tensor(x.shape, element_of(x.dtype)) for x in inputs]
    return make(Context(), *Block(arg_types=types).args).fold(*inputs)


def assert_same(have: np.ndarray, want: np.ndarray, tolerance: float = 2e-6) -> None:
    want = np.asarray(want)
    assert have.shape == want.shape
    if want.dtype.kind == "u":
        have = have.view(want.dtype)
    assert have.dtype == want.dtype
    if want.dtype.kind == "f":
        np.testing.assert_allclose(have, want, rtol=2e-3 if want.dtype == np.float16 else tolerance, atol=1e-6)
    else:
        np.testing.assert_array_equal(have, want)


def sample(shape: tuple[int, ...], dtype: Any = np.float32) -> np.ndarray:
    dtype = np.dtype(dtype)
    if dtype.kind == "f":
        return RANDOM.standard_normal(shape).astype(dtype)
    if dtype.kind == "b":
        return RANDOM.integers(0, 2, shape).astype(bool)
    return RANDOM.integers(0 if dtype.kind == "u" else -9, 10, shape).astype(dtype)


SPECIAL = np.array([0.0, -0.0, 1.0, -1.0, 0.5, 1.5, 2.5, -2.5, 3.7, -7.2, np.nan, np.inf, -np.inf], np.float32)
"""Floats with which elementwise ops go wrong."""

INTEGERS = np.array([0, 1, -1, 7, -7, 100, -128, 127], np.int8)

UNSIGNED_BYTES = np.array([0, 1, 2, 7, 100, 128, 200, 255], np.uint8)


@pytest.mark.parametrize("name", list(graph.UNARY_OPS))
def test_unary(name: str):
    op, takes = graph.UNARY_OPS[name], graph.UNARY[name].takes
    arrays = {"f": [SPECIAL, SPECIAL.astype(np.float64), sample((2, 3), np.float16)]}
    arrays |= {"i": [INTEGERS, INTEGERS.astype(np.int64), UNSIGNED_BYTES], "b": [np.array([True, False])]}
    for x in (x for letter in takes for x in arrays[letter]):
        assert_same(evaluate(lambda _, v: op(v), x), folded(lambda _, v: op(v), x))


@pytest.mark.parametrize("name", [name for name in graph.BINARY_OPS if name not in ("mod", "pow")])
def test_binary(name: str):
    op, takes = graph.BINARY_OPS[name], graph.BINARY[name].takes
    arrays = {"f": [SPECIAL, sample((5,), np.float16)]}
    arrays |= {"i": [INTEGERS, UNSIGNED_BYTES, INTEGERS.astype(np.int64)], "b": [np.array([True, False])]}
    for x in (x for letter in takes for x in arrays[letter]):
        column = x[:, None]
        assert_same(evaluate(lambda _, a, b: op(a, b), column, x), folded(lambda _, a, b: op(a, b), column, x))


@pytest.mark.parametrize("element", [np.int8, np.uint8, np.int16])
@pytest.mark.parametrize("dtype", [np.float32, np.float16])
def test_quantization(element: type, dtype: type):
    scale, zero = np.array([[0.5], [0.01], [3]], dtype), np.array([7], element)
    x = np.stack([SPECIAL, SPECIAL * 3, SPECIAL * 999]).astype(dtype)
    quantize = lambda _, *v: graph.QuantizeOp(*v)  # noqa: E731
    assert_same(evaluate(quantize, x, scale, zero), folded(quantize, x, scale, zero))
    y = sample((3, 4), element)
    dequantize = lambda _, *v: graph.DequantizeOp(*v)  # noqa: E731
    assert_same(evaluate(dequantize, y, scale, zero), folded(dequantize, y, scale, zero))


def test_products_of_bytes():
    a, b = sample((4, 3), np.uint8), sample((3, 5), np.int8)
    matmul = lambda _, *v: graph.MatmulOp(*v, wide=True)  # noqa: E731
    assert_same(evaluate(matmul, a, b), folded(matmul, a, b))


@pytest.mark.parametrize("exponent", [2.0, 3.0, 1.0, 0.5, -1.0, 0.0])
def test_power_by_a_constant(exponent: float):
    def make(ctx: Context, x: SSAValue) -> list[Any]:
        number = graph.constant(ctx, np.array(exponent, np.float32))
        return [number, graph.PowOp(x, number)]

    with np.errstate(all="ignore"):
        want = np.power(SPECIAL, np.float32(exponent))
    assert_same(evaluate(make, SPECIAL), want)


def test_power():
    make = lambda _, a, b: graph.PowOp(a, b)  # noqa: E731
    a, b = np.abs(sample((4, 3))), sample((3,))
    assert_same(evaluate(make, a, b), np.power(a, b))
    a, b = np.array([0, 1, 2, 3, -3], np.int32), np.array([[0], [1], [2], [5]], np.int32)
    assert_same(evaluate(make, a, b), np.power(a, b))


@pytest.mark.parametrize("fmod", [False, True])
@pytest.mark.parametrize("x", [INTEGERS, UNSIGNED_BYTES], ids=["i8", "ui8"])
def test_mod(x: np.ndarray, fmod: bool):
    divisors = x[x != 0][:, None]
    make = lambda _, a, b: graph.ModOp(a, b, fmod=fmod)  # noqa: E731
    assert_same(evaluate(make, x, divisors), (np.fmod if fmod else np.mod)(x, divisors))


@pytest.mark.parametrize("fmod", [False, True])
def test_mod_of_floats(fmod: bool):
    make = lambda _, a, b: graph.ModOp(a, b, fmod=fmod)  # noqa: E731
    x, y = SPECIAL, np.array([[2.0], [-2.0], [0.3], [np.nan], [1e-3], [0.0]], np.float32)
    want = folded(make, x, y)
    have = evaluate(make, x, y)
    assert_same(have, want)
    number = ~np.isnan(want)
    np.testing.assert_array_equal(np.signbit(have[number]), np.signbit(want[number]))


def test_pow_of_unsigned_is_refused():
    with pytest.raises(StepwellError, match=r"graph.pow of ui8 elements is not supported"):
        evaluate(lambda _, a, b: graph.PowOp(a, b), UNSIGNED_BYTES, UNSIGNED_BYTES)


def test_division_by_a_constant_needs_no_guard():
    def make(ctx: Context, x: SSAValue) -> list[Any]:
        number = graph.constant(ctx, np.array(3, np.int8))
        return [number, graph.DivOp(x, number)]

    assert_same(evaluate(make, INTEGERS), (INTEGERS / 3).astype(np.int8))
    assert "select" not in print_module(compile_op(make, INTEGERS)[1])


@pytest.mark.parametrize("predicate", list(graph.COMPARE))
@pytest.mark.parametrize("x", [SPECIAL, INTEGERS, UNSIGNED_BYTES, np.array([True, False])], ids=lambda x: x.dtype.name)
def test_compare(predicate: str, x: np.ndarray):
    make = lambda _, a, b: graph.CompareOp(predicate, a, b)  # noqa: E731
    assert_same(evaluate(make, x[:, None], x), graph.COMPARE[predicate](x[:, None], x))


def test_select_broadcasts():
    cond, a, b = sample((3, 1), bool), sample((4,)), sample((2, 3, 4))
    assert_same(evaluate(lambda _, *v: graph.SelectOp(*v), cond, a, b), np.where(cond, a, b))


NUMBERS = np.array([0, 1, -1, 2, 100, -100], np.float32)


@pytest.mark.parametrize(
    "target", ["float16", "float32", "float64", "int8", "int32", "int64", "uint8", "uint32", "bool"]
)
@pytest.mark.parametrize(
    "source", ["float16", "float32", "float64", "int8", "int32", "int64", "uint8", "uint16", "bool"]
)
def test_cast(source: str, target: str):
    x = np.abs(NUMBERS).astype(source) if source in ("uint8", "uint16") else NUMBERS.astype(source)
    if target == "uint32":
        x = np.abs(x)
    make = lambda _, v: graph.CastOp(v, to=element_of(np.dtype(target)))  # noqa: E731
    assert_same(evaluate(make, x), x.astype(np.int64).astype(target) if target == "uint8" else x.astype(target))


def test_cast_truncates():
    x = np.array([2.7, -2.7, 0.5], np.float32)
    make = lambda to: lambda _, v: graph.CastOp(v, to=element_of(np.dtype(to)))  # noqa: E731
    assert_same(evaluate(make("int32"), x), np.array([2, -2, 0], np.int32))
    assert_same(evaluate(make("bool"), x), np.array([True, True, True]))


@pytest.mark.parametrize(
    "bounds", [{"min": 0.0, "max": 6.0}, {"min": -1.5}, {"max": 2.5}, {}, {"min": -1e9, "max": 1e9}], ids=str
)
def test_clamp(bounds: dict[str, float]):
    for x in (SPECIAL, INTEGERS, UNSIGNED_BYTES):
        make = lambda _, v: graph.ClampOp(v, **bounds)  # noqa: E731
        assert_same(evaluate(make, x), folded(make, x))


# ---- sums of products


def onnx_reference(node: onnx.NodeProto, *inputs: np.ndarray, opset: int = 18) -> np.ndarray:
    names = list(node.input)
    kinds = [
        helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(x.dtype), x.shape)
        for name, x in zip(names, inputs, strict=True)
    ]
    out = helper.make_tensor_value_info(node.output[0], kinds[0].type.tensor_type.elem_type, None)
    model = helper.make_model(
        helper.make_graph([node], "g", kinds, [out]), opset_imports=[helper.make_opsetid("", opset)]
    )
    return ReferenceEvaluator(model).run(None, dict(zip(names, inputs, strict=True)))[0]


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ((4, 5), (5, 3)),
        ((2, 4, 5), (5, 3)),
        ((2, 1, 4, 5), (3, 5, 2)),
        ((4, 1), (1, 3)),
        ((1, 7), (7, 1)),
        ((0, 3), (3, 2)),
    ],
    ids=str,
)
def test_matmul(a: tuple[int, ...], b: tuple[int, ...]):
    for dtype in (np.float32, np.int32, np.float16):
        x, y = sample(a, dtype), sample(b, dtype)
        want = np.matmul(x.astype(np.float32), y.astype(np.float32)).astype(dtype)
        assert_same(evaluate(lambda _, u, v: graph.MatmulOp(u, v), x, y), want, 1e-5)


def to_layout(x: np.ndarray, layout: str) -> np.ndarray:
    return x if layout == "nchw" else np.ascontiguousarray(np.moveaxis(x, 1, -1))


def weight_to_layout(w: np.ndarray, layout: str) -> np.ndarray:
    """[a, b, k...] as [k..., b, a] for a convolution."""
    return w if layout == "nchw" else np.ascontiguousarray(np.moveaxis(np.moveaxis(w, 0, -1), 0, -2))


CONVOLUTIONS = [
    # x, w, attributes
    ((1, 3, 6, 5), (4, 3, 3, 3), {}),
    ((2, 3, 6, 6), (4, 3, 3, 2), {"strides": [2, 1], "pads": [1, 0, 1, 1], "dilations": [1, 2]}),
    ((1, 4, 5, 5), (6, 4, 1, 1), {"strides": [2, 2]}),
    ((1, 4, 5, 5), (4, 1, 3, 3), {"group": 4, "pads": [1, 1, 1, 1]}),
    ((1, 4, 5, 5), (8, 1, 3, 3), {"group": 4}),
    ((1, 6, 4, 4), (4, 3, 2, 2), {"group": 2}),
    ((2, 1, 4, 4), (3, 1, 2, 2), {}),
    ((1, 3, 8), (4, 3, 3), {"strides": [2], "pads": [2, 1]}),
    ((1, 2, 4, 4, 3), (3, 2, 2, 2, 2), {"pads": [0, 1, 0, 1, 0, 1]}),
]


@pytest.mark.parametrize("layout", ["nchw", "nhwc"])
@pytest.mark.parametrize("case", CONVOLUTIONS, ids=str)
@pytest.mark.parametrize("with_bias", [False, True], ids=["", "bias"])
def test_conv(case: Any, layout: str, with_bias: bool):
    x_shape, w_shape, attributes = case
    arrays = [sample(x_shape), sample(w_shape)] + ([sample(w_shape[:1])] if with_bias else [])
    want = onnx_reference(helper.make_node("Conv", ["x", "w", "b"][: len(arrays)], ["y"], **attributes), *arrays)
    given = {"groups" if name == "group" else name: value for name, value in attributes.items()}
    placed = [to_layout(arrays[0], layout), weight_to_layout(arrays[1], layout), *arrays[2:]]
    have = evaluate(lambda _, *v: graph.ConvOp(*v, layout=layout, **given), *placed)
    assert_same(have, to_layout(want, layout), 1e-4)


@pytest.mark.parametrize("tile", [2, 4])
@pytest.mark.parametrize(
    ("x_shape", "filters", "pads"),
    [((1, 8, 8, 3), 4, (1, 1, 1, 1)), ((2, 7, 10, 2), 5, (0, 1, 2, 0)), ((1, 3, 3, 1), 2, (0, 0, 0, 0))],
)
@pytest.mark.parametrize("with_bias", [False, True])
def test_winograd(tile: int, x_shape: tuple[int, ...], filters: int, pads: tuple[int, ...], with_bias: bool):
    random, shapes = np.random.default_rng(8), (x_shape, (3, 3, x_shape[3], filters), (filters,))
    x, w, b = (random.standard_normal(shape).astype(np.float32) for shape in shapes)
    bias = [b] if with_bias else []
    want = folded(lambda _, *v: graph.ConvOp(*v, layout="nhwc", pads=pads), x, w, *bias)
    u = graph.transformed_weights(w, tile, 2).astype(np.float32)

    def make(_: Context, *v: SSAValue) -> graph.GraphOp:
        return graph.WinogradConvOp(*v, tile=tile, pads=pads, filters=filters)

    np.testing.assert_allclose(folded(make, x, u, *bias), want, rtol=0, atol=1e-5 * np.abs(want).max())
    np.testing.assert_allclose(evaluate(make, x, u, *bias), want, rtol=0, atol=1e-5 * np.abs(want).max())


TRANSPOSED = [
    ((1, 3, 4, 5), (3, 2, 2, 2), {"strides": [2, 2]}),
    ((2, 3, 4, 4), (3, 2, 3, 3), {"strides": [2, 2], "pads": [1, 1, 1, 1], "output_padding": [1, 1]}),
    ((1, 2, 3, 3), (2, 4, 3, 2), {"strides": [1, 3], "dilations": [2, 1]}),
    ((1, 4, 3, 3), (4, 2, 2, 2), {"group": 2}),
    ((1, 4, 3, 3), (4, 1, 3, 3), {"group": 4, "strides": [2, 2]}),
    ((1, 2, 5), (2, 3, 1), {"strides": [2], "pads": [1, 1]}),
    ((1, 2, 6), (2, 3, 4), {"strides": [2], "pads": [1, 1]}),
]


def scattered(x: np.ndarray, w: np.ndarray, shape: tuple[int, ...], op: Any) -> np.ndarray:
    """A transposed convolution by its definition: every input element adds a weighted window to the output."""
    low, groups = op["pads"][: x.ndim - 2], op["group"]
    y = np.zeros(shape, np.float64)
    per_in, per_out = x.shape[1] // groups, w.shape[1]
    for point in np.ndindex(*x.shape[2:]):
        for tap in np.ndindex(*w.shape[2:]):
            place = tuple(
                p * s + t * d - lo
                for p, s, t, d, lo in zip(point, op["strides"], tap, op["dilations"], low, strict=True)
            )
            if not all(0 <= p < size for p, size in zip(place, shape[2:], strict=True)):
                continue
            for g in range(groups):
                inputs = x[(slice(None), slice(g * per_in, (g + 1) * per_in), *point)]
                weights = w[(slice(g * per_in, (g + 1) * per_in), slice(None), *tap)]
                y[(slice(None), slice(g * per_out, (g + 1) * per_out), *place)] += inputs @ weights
    return y.astype(np.float32)


@pytest.mark.parametrize("layout", ["nchw", "nhwc"])
@pytest.mark.parametrize("case", TRANSPOSED, ids=str)
def test_conv_transpose(case: Any, layout: str):
    x_shape, w_shape, attributes = case
    x, w, b = sample(x_shape), sample(w_shape), sample((w_shape[1] * attributes.get("group", 1),))
    given = {"groups" if name == "group" else name: value for name, value in attributes.items()}
    placed_w = w if layout == "nchw" else np.ascontiguousarray(np.moveaxis(w, (0, 1), (-2, -1)))
    have = evaluate(lambda _, *v: graph.ConvTransposeOp(*v, layout=layout, **given), to_layout(x, layout), placed_w, b)
    rank = len(x_shape) - 2
    have = have if layout == "nchw" else np.moveaxis(have, -1, 1)
    full = {"strides": [1] * rank, "dilations": [1] * rank, "pads": [0] * 2 * rank, "group": 1} | attributes
    want = scattered(x, w, have.shape, full) + b.reshape(1, -1, *[1] * rank)
    assert_same(np.ascontiguousarray(have), want, 1e-4)


# ---- pools

POOLS = [
    ((1, 2, 6, 6), {"kernel_shape": [2, 2], "strides": [2, 2]}),
    ((1, 2, 5, 6), {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1], "strides": [2, 1]}),
    ((1, 2, 7, 6), {"kernel_shape": [3, 2], "strides": [2, 2], "ceil_mode": 1}),
    ((2, 3, 8), {"kernel_shape": [3], "pads": [0, 2]}),
    ((1, 1, 4, 4), {"kernel_shape": [1, 1], "strides": [2, 2]}),
    ((1, 2, 7), {"kernel_shape": [2], "dilations": [2], "pads": [1, 1]}),
]


def pooled(x: np.ndarray, shape: tuple[int, ...], op: Any, *, maximum: bool) -> np.ndarray:
    """A pool by its definition, an output element at a time."""
    y = np.zeros(shape, np.float32)
    rank = x.ndim - 2
    low, high = op["pads"][:rank], op["pads"][rank:]
    for point in np.ndindex(*shape[2:]):
        seen: list[np.ndarray] = []
        count = 0
        for tap in np.ndindex(*op["kernel"]):
            numbers = zip(point, op["strides"], tap, op["dilations"], low, strict=True)
            place = [p * s + t * d - lo for p, s, t, d, lo in numbers]
            if all(0 <= p < size for p, size in zip(place, x.shape[2:], strict=True)):
                seen.append(x[(slice(None), slice(None), *place)])
                count += 1
            elif op.get("count_include_pad"):
                count += all(-lo <= p < n + hi for p, n, lo, hi in zip(place, x.shape[2:], low, high, strict=True))
        y[(slice(None), slice(None), *point)] = np.max(seen, axis=0) if maximum else np.sum(seen, axis=0) / count
    return y


def pool_options(shape: tuple[int, ...], attributes: Any) -> dict[str, Any]:
    rank = len(shape) - 2
    given = {"strides": [1] * rank, "pads": [0] * 2 * rank, "dilations": [1] * rank}
    given |= {"kernel" if name == "kernel_shape" else name: value for name, value in attributes.items()}
    return given | {"ceil_mode": bool(given.get("ceil_mode"))}


@pytest.mark.parametrize("layout", ["nchw", "nhwc"])
@pytest.mark.parametrize("kind", ["max", "avg", "avg with padding"])
@pytest.mark.parametrize("case", POOLS, ids=str)
def test_pool(case: Any, kind: str, layout: str):
    shape, attributes = case
    given = pool_options(shape, attributes)
    make: Any = graph.MaxPoolOp
    if kind != "max":
        make, given["count_include_pad"] = graph.AvgPoolOp, kind == "avg with padding"
    x = sample(shape)
    have = evaluate(lambda _, v: make(v, layout=layout, **given), to_layout(x, layout))
    have = np.ascontiguousarray(have if layout == "nchw" else np.moveaxis(have, -1, 1))
    assert_same(have, pooled(x, have.shape, given, maximum=kind == "max"), 1e-5)


def test_pool_of_integers():
    x = sample((1, 2, 4, 4), np.uint8)
    have = evaluate(lambda _, v: graph.MaxPoolOp(v, kernel=[2, 2], pads=[1, 1, 0, 0]), x)
    padded = np.pad(x, [(0, 0), (0, 0), (1, 0), (1, 0)])
    windows = np.lib.stride_tricks.sliding_window_view(padded, (2, 2), axis=(2, 3))
    assert_same(have, windows.max(axis=(-1, -2)))


# ---- reductions


@pytest.mark.parametrize("kind", ["sum", "mean", "max", "min", "prod"])
@pytest.mark.parametrize("axes", [[0], [1, 2], [0, 2], [0, 1, 2], []], ids=str)
@pytest.mark.parametrize("keepdims", [False, True], ids=["", "keepdims"])
def test_reduce(kind: str, axes: list[int], keepdims: bool):
    for dtype in (np.float32, np.int32, np.float16):
        x = sample((3, 4, 1), dtype)
        make = lambda _, v: graph.ReduceOp(kind, v, axes=axes, keepdims=keepdims)  # noqa: E731
        assert_same(evaluate(make, x), folded(make, x), 1e-5)


@pytest.mark.parametrize("kind", ["max", "min"])
def test_extremes_of_every_kind(kind: str):
    for x in (SPECIAL, SPECIAL[:5], INTEGERS, UNSIGNED_BYTES, -np.abs(INTEGERS.astype(np.int64)) - 1):
        make = lambda _, v: graph.ReduceOp(kind, v, axes=[0])  # noqa: E731
        assert_same(evaluate(make, x), folded(make, x))


@pytest.mark.parametrize("kind", ["max", "min"])
@pytest.mark.parametrize("select_last", [False, True], ids=["first", "last"])
def test_arg_reduce(kind: str, select_last: bool):
    equal = np.array([[1, 3, 3, 1], [2, 2, 2, 2], [5, 1, 1, 5]])
    nan = np.array([[1, np.nan, 3, np.nan], [3, 2, 1, 0]], np.float32)
    for x in (equal.astype(np.float32), equal, equal.astype(np.uint8), nan, sample((2, 1))):
        for axis in (0, 1):
            make = lambda _, v: graph.ArgReduceOp(kind, v, axis=axis, select_last=select_last)  # noqa: B023, E731
            assert_same(evaluate(make, x), folded(make, x))


@pytest.mark.parametrize("op", [graph.SoftmaxOp, graph.LogSoftmaxOp])
def test_softmax(op: Any):
    for x in (sample((2, 3, 4)), sample((2, 3, 4)) * 200, sample((2, 3, 4), np.float64)):
        for axis in (0, 1, 2):
            make = lambda _, v: op(v, axis=axis)  # noqa: B023, E731
            assert_same(evaluate(make, x), folded(make, x), 1e-5)


def test_batch_norm():
    for layout in ("nchw", "nhwc"):
        x, rows = to_layout(sample((2, 3, 4, 5)), layout), [sample((3,)) for _ in range(3)]
        arrays = (x, *rows, np.abs(sample((3,))))
        make = lambda _, *v: graph.BatchNormOp(*v, epsilon=1e-3, layout=layout)  # noqa: B023, E731
        assert_same(evaluate(make, *arrays), folded(make, *arrays), 1e-4)


# ---- movement


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_reshape(data: st.DataObject):
    dims = st.lists(st.sampled_from([1, 1, 2, 3, 4]), max_size=4)
    shape = tuple(data.draw(dims))
    factors = [p for size in shape for p in ([2, 2] if size == 4 else [size] if size > 1 else [])]
    wanted: list[int] = []
    for factor in data.draw(st.permutations(factors)):
        if wanted and data.draw(st.booleans()):
            wanted[-1] *= factor
        else:
            wanted.append(factor)
    for _ in range(data.draw(st.integers(0, 2))):
        wanted.insert(data.draw(st.integers(0, len(wanted))), 1)
    x = sample(shape)
    assert_same(evaluate(lambda _, v: graph.ReshapeOp(v, shape=wanted), x), x.reshape(wanted))


MOVES = {
    "transpose": (lambda _, v: graph.TransposeOp(v, perm=[2, 0, 1]), (2, 3, 4)),
    "slice": (lambda _, v: graph.SliceOp(v, starts=[1, 0, 2], sizes=[1, 2, 2], steps=[1, 2, 1]), (2, 4, 4)),
    "slice back": (lambda _, v: graph.SliceOp(v, starts=[7], sizes=[4], steps=[-2]), (8,)),
    "slice of nothing": (lambda _, v: graph.SliceOp(v, starts=[0], sizes=[0]), (8,)),
    "broadcast_to": (lambda _, v: graph.BroadcastToOp(v, shape=[5, 2, 3]), (2, 1)),
    "pad": (lambda _, v: graph.PadOp(v, low=[1, 0], high=[0, 2], value=1.5), (2, 3)),
    "pad edge": (lambda _, v: graph.PadOp(v, low=[3, 0], high=[1, 2], mode="edge"), (2, 3)),
    "pad reflect": (lambda _, v: graph.PadOp(v, low=[2, 0], high=[1, 3], mode="reflect"), (3, 4)),
}


@pytest.mark.parametrize("name", list(MOVES))
def test_movement(name: str):
    make, shape = MOVES[name]
    for dtype in (np.float32, np.int64, np.uint8):
        x = sample(shape, dtype)
        assert_same(evaluate(make, x), folded(make, x))


def test_concat():
    x, y, z = sample((2, 3)), sample((2, 1)), sample((2, 0))
    assert_same(evaluate(lambda _, *v: graph.ConcatOp(*v, axis=1), x, y, z), np.concatenate([x, y, z], axis=1))


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("shape", [(), (3,), (2, 2)], ids=str)
def test_gather(axis: int, shape: tuple[int, ...]):
    x = sample((3, 4, 5))
    for dtype in (np.int64, np.int32):
        indices = RANDOM.integers(-3, 3, shape).astype(dtype)
        make = lambda _, a, b: graph.GatherOp(a, b, axis=axis)  # noqa: E731
        assert_same(evaluate(make, x, indices), np.take(x, indices, axis=axis))


def test_gather_outside_stays_inside():
    x, indices = np.arange(4, dtype=np.float32), np.array([9, -9], np.int64)
    assert_same(evaluate(lambda _, a, b: graph.GatherOp(a, b, axis=0), x, indices), x[[3, 0]])


def test_gather_by_a_constant():
    def make(ctx: Context, x: SSAValue) -> list[Any]:
        index = graph.constant(ctx, np.array(-1, np.int64))
        return [index, graph.GatherOp(x, index, axis=1)]

    x = sample((3, 4))
    assert_same(evaluate(make, x), x[:, -1])


def test_iota():
    for dtype in ("int64", "float32", "uint8"):
        kind = tensor((2, 3), element_of(np.dtype(dtype)))
        want = np.array([[0, 1, 2], [0, 1, 2]], dtype)
        assert_same(evaluate(lambda _: graph.IotaOp(axis=1, result_type=kind)), want)  # noqa: B023


RESIZES: list[tuple[tuple[int, ...], tuple[int, ...]]] = [
    ((1, 2, 3, 4), (1, 2, 6, 8)),
    ((1, 1, 3, 4), (1, 1, 9, 4)),
    ((1, 1, 8, 6), (1, 1, 4, 2)),
    ((1, 1, 5, 7), (1, 1, 7, 5)),
    ((1, 1, 1, 3), (1, 1, 4, 1)),
]


@pytest.mark.parametrize("coordinate", ["half_pixel", "align_corners", "asymmetric", "half_pixel_symmetric"])
@pytest.mark.parametrize("mode", ["nearest", "linear", "cubic"])
@pytest.mark.parametrize("shapes", RESIZES, ids=str)
def test_resize(shapes: Any, mode: str, coordinate: str):
    before, after = shapes
    x = sample(before)
    rounding = {"asymmetric": "floor", "align_corners": "round_prefer_ceil"}.get(coordinate, "round_prefer_floor")
    node = helper.make_node(
        "Resize",
        ["x", "", "", "sizes"],
        ["y"],
        mode=mode,
        coordinate_transformation_mode=coordinate,
        nearest_mode=rounding,
    )
    want = resized(node, x, np.array(after))
    kind = tensor(after, element_of(x.dtype))
    make = lambda _, v: graph.ResizeOp(  # noqa: E731
        v, mode=mode, coordinate=coordinate, nearest_mode=rounding, result_type=kind
    )
    assert_same(evaluate(make, x), want, 2e-3 if mode == "cubic" else 1e-4)


def resized(node: onnx.NodeProto, x: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """ONNX Runtime's resize: the reference evaluator's differs from it where a coordinate falls on an edge."""
    ort = pytest.importorskip("onnxruntime")
    inputs = [helper.make_tensor_value_info("x", 1, x.shape)]
    outputs = [helper.make_tensor_value_info("y", 1, sizes.tolist())]
    constant = onnx.numpy_helper.from_array(sizes.astype(np.int64), "sizes")
    body = helper.make_graph([node], "g", inputs, outputs, [constant])
    model = helper.make_model(body, opset_imports=[helper.make_opsetid("", 19)], ir_version=9)
    if b"cubic" in node.SerializeToString() and any(a < b for a, b in zip(sizes, x.shape, strict=True)):
        return ReferenceEvaluator(model).run(None, {"x": x})[0]  # ONNX Runtime does not shrink by cubic interpolation
    session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, {"x": x})[0]


# ---- by index, and in order


@pytest.mark.parametrize("shape", [(2, 5, 4), (3, 2, 1), (1, 5, 1), (3, 5, 4)])
def test_gather_elements(shape: tuple[int, ...]):
    make = lambda _, x, i: graph.GatherElementsOp(x, i, axis=1)  # noqa: E731
    x, index = sample((shape[0] if shape[0] > 1 else 3, 5, 4)), RANDOM.integers(-5, 5, shape)
    index = index[:1] if x.shape[0] != shape[0] else index
    assert_same(evaluate(make, x, index), folded(make, x, index))


@pytest.mark.parametrize("kind", list(graph.SCATTER))
@pytest.mark.parametrize("dtype", [np.float32, np.float16, np.int32, np.uint8])
@pytest.mark.parametrize("index", [(6, 1), (6, 4), (1, 4)])
def test_scatter_rows(kind: str, dtype: type, index: tuple[int, ...]):
    make = lambda _, x, i, u: graph.ScatterOp(kind, x, i, u, axis=0)  # noqa: E731
    inputs = sample((3, 4), dtype), RANDOM.integers(-3, 3, index).astype(np.int32), sample((6, 4), dtype)
    if dtype is np.float16:  # the fold rounds each sum as numpy does
        inputs = tuple(np.round(x).astype(x.dtype) for x in inputs)
    assert_same(evaluate(make, *inputs), folded(make, *inputs))


@pytest.mark.parametrize("kind", ["none", "max"])
@pytest.mark.parametrize("index", [(2, 5, 1), (1, 5, 3), (2, 5, 3), (1, 1, 1)])
def test_scatter_in_the_middle(kind: str, index: tuple[int, ...]):
    make = lambda _, x, i, u: graph.ScatterOp(kind, x, i, u, axis=1)  # noqa: E731
    inputs = sample((3, 4, 3)), RANDOM.integers(-4, 4, index), sample((2, 5, 3))
    assert_same(evaluate(make, *inputs), folded(make, *inputs))


def test_scatter_of_bools():
    make = lambda _, x, i, u: graph.ScatterOp("max", x, i, u, axis=0)  # noqa: E731
    inputs = sample((5,), bool), np.array([1, 1, -5]), sample((3,), bool)
    assert_same(evaluate(make, *inputs), folded(make, *inputs))


@pytest.mark.parametrize("kind", list(graph.CUMULATE))
@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize(("exclusive", "reverse"), [(False, False), (False, True), (True, False), (True, True)])
def test_cumulate(kind: str, axis: int, exclusive: bool, reverse: bool):
    make = lambda _, x: graph.CumulateOp(kind, x, axis=axis, exclusive=exclusive, reverse=reverse)  # noqa: E731
    for x in (sample((2, 5, 3)), sample((2, 5, 3), np.int64), sample((2, 1, 3))):
        assert_same(evaluate(make, x), folded(make, x), 1e-5)


@pytest.mark.parametrize("k", [0, 1, 3, 7])
@pytest.mark.parametrize("smallest", [False, True])
@pytest.mark.parametrize("dtype", [np.float32, np.float16, np.int32, np.uint8, bool])
def test_top_k(k: int, smallest: bool, dtype: type):
    make = lambda _, x: graph.TopKOp(x, k=k, smallest=smallest)  # noqa: E731
    x = RANDOM.integers(0, 5, (2, 3, 7)).astype(dtype)  # with ties
    assert_same(evaluate(make, x), folded(make, x))


@pytest.mark.parametrize("smallest", [False, True])
def test_top_k_of_special_numbers(smallest: bool):
    make = lambda _, x: graph.TopKOp(x, k=9, smallest=smallest)  # noqa: E731
    x = np.stack([SPECIAL, SPECIAL[::-1]])
    assert_same(evaluate(make, x), folded(make, x))


def overlap(a: np.ndarray, b: np.ndarray) -> float:
    """The shared area of two boxes, divided by what both cover."""
    sides = np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2])
    shared = float(np.prod(np.maximum(sides, 0)))
    return shared / (np.prod(a[2:] - a[:2]) + np.prod(b[2:] - b[:2]) - shared) if shared else 0.0


@pytest.mark.parametrize("limit", [0, 1, 3, 12])
def test_suppress(limit: int):
    make = lambda _, b, c, t: graph.SuppressOp(b, c, t, limit=limit)  # noqa: E731
    low = RANDOM.random((3, 12, 2)).astype(np.float32)
    boxes = np.concatenate([low, low + RANDOM.random((3, 12, 2)).astype(np.float32)], axis=2)
    candidates, threshold = RANDOM.integers(0, 4, (3, 12)) > 0, np.float32(0.2)
    want = np.zeros((3, 12), bool)
    for group in range(3):
        for n in np.flatnonzero(candidates[group]):
            kept = np.flatnonzero(want[group])
            covered = any(overlap(boxes[group, n], boxes[group, m]) > threshold for m in kept)
            want[group, n] = len(kept) < limit and not covered
    assert_same(evaluate(make, boxes, candidates, np.asarray(threshold)), want)
