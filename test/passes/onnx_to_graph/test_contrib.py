"""ONNX Runtime's own operators, over their attributes, against ONNX Runtime."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import helper, numpy_helper
from reference import evaluate
from stepwell.context import Context
from stepwell.diagnostics import StepwellError
from stepwell.dialects.onnx.importer import import_onnx
from stepwell.pass_manager import parse_passes, run_passes

RANDOM = np.random.default_rng(11)


def normal(*shape: int) -> np.ndarray:
    return RANDOM.standard_normal(shape).astype(np.float32)


def ids(*shape: int, below: int) -> np.ndarray:
    return RANDOM.integers(0, below, shape).astype(np.int32)


@dataclass
class Case:
    op: str
    inputs: Sequence[np.ndarray | None]
    attributes: Mapping[str, Any] = field(default_factory=dict)
    constants: Sequence[int] = ()
    """The inputs that are initializers."""
    outputs: int = 1
    skipped: Sequence[int] = ()
    """Outputs that are not asked for."""
    domain: str = "com.microsoft"
    opset: int = 17

    def __str__(self) -> str:
        said = "-".join(f"{name}={value}" for name, value in self.attributes.items())
        shapes = "-".join("none" if a is None else "x".join(map(str, a.shape)) or "scalar" for a in self.inputs)
        return f"{self.op}-{said}-{shapes}".replace(" ", "")

    @property
    def feeds(self) -> dict[str, np.ndarray]:
        return {f"x{i}": np.asarray(a) for i, a in enumerate(self.inputs) if a is not None and i not in self.constants}

    def model(self) -> bytes:
        names = ["" if a is None else f"x{i}" for i, a in enumerate(self.inputs)]
        made = ["" if i in self.skipped else f"y{i}" for i in range(self.outputs)]
        node = helper.make_node(self.op, names, made, domain=self.domain, **self.attributes)
        kinds = {name: helper.np_dtype_to_tensor_dtype(array.dtype) for name, array in self.feeds.items()}
        inputs = [helper.make_tensor_value_info(name, kinds[name], a.shape) for name, a in self.feeds.items()]
        initializers = [numpy_helper.from_array(np.asarray(self.inputs[i]), f"x{i}") for i in self.constants]
        graph = helper.make_graph(
            [node], "case", inputs, [onnx.ValueInfoProto(name=name) for name in made if name], initializers
        )
        opsets = [helper.make_opsetid("", self.opset), helper.make_opsetid("com.microsoft", 1)]
        return helper.make_model(graph, opset_imports=opsets, ir_version=10).SerializeToString()

    def expected(self) -> list[np.ndarray]:
        session = onnxruntime.InferenceSession(self.model(), providers=["CPUExecutionProvider"])
        return session.run(None, self.feeds)

    def ours(self) -> list[np.ndarray]:
        ctx = Context()
        module = import_onnx(ctx, self.model())
        run_passes(
            ctx, module, parse_passes("onnx-to-graph,infer-shapes,fold-constants,canonicalize"), verify_each=True
        )
        return list(evaluate(ctx, module, self.feeds).values())


B, S, N, D, P = 2, 5, 3, 4, 6
"""The sizes of attention: batch, rows, heads, depth, keys in the cache."""
H, T = N * D, P + S

X = normal(B, S, H)
ROWS = normal(3, 4)


def products() -> list[Case]:
    a, b = normal(2, 3, 4, 5), normal(2, 3, 5, 6)
    cases = [
        Case(
            "FusedMatMul", [a.swapaxes(2, 3) if ta else a, b.swapaxes(2, 3) if tb else b], {"transA": ta, "transB": tb}
        )
        for ta in (0, 1)
        for tb in (0, 1)
    ]
    cases += [Case("FusedMatMul", [a, normal(5, 6)], {"alpha": 0.125})]
    cases += [Case("TransposeMatMul", [normal(5, 3), normal(5, 6)], {"transA": 1, "alpha": 2.0})]
    moved = [normal(3, 2, 4, 5), normal(3, 5, 4, 6)]  # as [2, 4, 3, 5] and [5, 4, 3, 6]
    cases += [Case("FusedMatMul", [moved[0], normal(2, 4, 5, 6)], {"transBatchA": 1})]
    cases += [Case("FusedMatMul", [normal(5, 4, 8, 3), moved[1]], {"transBatchB": 1})]
    cases += [Case("FusedMatMul", [moved[0], normal(2, 4, 3, 6)], {"transBatchA": 1, "transA": 1})]
    gemm = [normal(4, 3), normal(5, 4), normal(5)]
    for name in ("Relu", "Tanh", "Sigmoid", "Softplus", "Softsign", "LeakyRelu", "Elu", "HardSigmoid"):
        how = {"activation": name, "transA": 1, "transB": 1, "alpha": 0.5, "beta": 2.0}
        cases += [Case("FusedGemm", gemm, how | {"activation_alpha": 0.3, "activation_beta": 0.4})]
    conv = [normal(1, 2, 6, 6), normal(4, 2, 3, 3), normal(4)]
    for name, numbers in (("Relu", []), ("LeakyRelu", [0.2]), ("Clip", [-0.5, 1.0]), ("HardSigmoid", [0.3, 0.4])):
        cases += [Case("FusedConv", conv, {"activation": name, "activation_params": numbers or None, "pads": [1] * 4})]
    cases += [Case("FusedConv", [*conv, normal(1, 4, 4, 4)], {"activation": "Relu"})]
    cases += [Case("CDist", [ROWS, normal(5, 4)], {"metric": m}) for m in ("sqeuclidean", "euclidean")]
    blocks = ids(6, 3, 8, below=256).astype(np.uint8)  # 6 columns, 40 rows in 3 blocks of 16 numbers
    scales, zeros = normal(18), ids(6 * 2, below=256).astype(np.uint8)
    sizes = {"K": 40, "N": 6, "bits": 4, "block_size": 16}
    cases += [Case("MatMulNBits", [normal(3, 40), blocks, scales], sizes, constants=(1, 2))]
    cases += [Case("MatMulNBits", [normal(3, 40), blocks, scales, zeros], sizes, constants=(1, 2, 3))]
    return cases


def activations() -> list[Case]:
    cases = [Case(name, [ROWS]) for name in ("Gelu", "QuickGelu", "FastGelu")]
    cases += [Case(name, [ROWS, normal(4)]) for name in ("BiasGelu", "FastGelu")]
    cases += [Case("QuickGelu", [ROWS], {"alpha": 0.7})]
    return cases


def norms() -> list[Case]:
    scale, shift, bias = normal(H), normal(H), normal(H)
    cases = [Case("SkipLayerNormalization", [X, normal(B, S, H), scale])]
    cases += [Case("SkipLayerNormalization", [X, normal(B, S, H), scale, shift, bias], {"epsilon": 0.1})]
    cases += [Case("SkipLayerNormalization", [X, normal(S, H), scale, shift])]
    cases += [Case("SkipLayerNormalization", [X, normal(1, S, H), scale, shift], outputs=4, skipped=(1, 2))]
    cases += [Case("SkipSimplifiedLayerNormalization", [X, normal(B, S, H), scale])]
    cases += [
        Case("SkipSimplifiedLayerNormalization", [X, normal(B, S, H), scale, bias], outputs=4, skipped=(1, 2)),
    ]
    old = {"domain": "", "opset": 13}
    cases += [Case("LayerNormalization", [X, scale, shift], {"axis": 2, "epsilon": 0.01}, outputs=1, **old)]
    cases += [Case("LayerNormalization", [X, normal(S, H)], {"axis": 1}, outputs=3, **old)]
    cases += [Case("SimplifiedLayerNormalization", [X, scale], {"epsilon": 0.01}, **old)]
    words, segments, mask = ids(B, S, below=9), ids(B, S, below=2), (np.arange(S) < [[3], [5]]).astype(np.int32)
    tables = [normal(9, H), normal(7, H)]
    cases += [Case("EmbedLayerNormalization", [words, None, *tables, None, scale, shift], outputs=2)]
    embedded = [words, segments, *tables, normal(2, H), scale, shift, mask]
    cases += [Case("EmbedLayerNormalization", embedded, {"epsilon": 1e-5, "mask_index_type": 1}, outputs=3)]
    cases += [Case("EmbedLayerNormalization", [*embedded, ids(B, S, below=7)], outputs=2)]
    return cases


MASK = (RANDOM.random((B, T)) < 0.7).astype(np.int32)
LENGTHS, STARTS = np.int32([3, 5]), np.int32([1, 0])


def attentions() -> list[Case]:
    how = {"num_heads": N}
    weights, bias = normal(H, 3 * H) * np.float32(0.5), normal(3 * H)
    cases = [
        Case("Attention", [X, weights, bias], how),
        Case("Attention", [X, weights, bias], how | {"scale": 0.3}),
        Case("Attention", [X, weights, bias], how | {"unidirectional": 1}),
        Case("Attention", [X, weights, bias, MASK[:, :S]], how),
        Case("Attention", [X, weights, bias, MASK[:, :S]], how | {"mask_filter_value": -3.0, "unidirectional": 1}),
        Case("Attention", [X, weights, bias, (RANDOM.random((B, S, S)) < 0.6).astype(np.int32)], how),
        Case("Attention", [X, weights, bias, LENGTHS], how),
        Case("Attention", [X, weights, bias, np.concatenate([LENGTHS, STARTS])], how),
        Case("Attention", [X, weights, bias, None, None, normal(B, N, S, S)], how),
        Case("Attention", [X, weights, bias, None, None, normal(1, 1, S, S)], how),
    ]
    past = normal(2, B, N, P, D)
    cases += [
        Case("Attention", [X, weights, bias, MASK, past], how, outputs=2),
        Case("Attention", [X, weights, bias, None, past], how | {"unidirectional": 1}, outputs=2),
        Case("Attention", [X, weights, bias, None, np.zeros((2, B, N, 0, D), np.float32)], how, outputs=2),
    ]
    other = normal(H, 2 * H + 6), normal(2 * H + 6)
    cases += [Case("Attention", [X, *other], how | {"qkv_hidden_sizes": [H, H, 6]})]
    rows, kernel = (RANDOM.integers(0, 255, shape).astype(np.uint8) for shape in ((B, S, H), (H, 3 * H)))
    scale, columns = np.float32(0.01), (RANDOM.random(3 * H) / 50).astype(np.float32)
    zeros = [np.uint8(130), np.uint8(120)]
    by_columns = [kernel.astype(np.int8), bias, scale, columns]
    cases += [
        Case("QAttention", [rows, kernel, bias, scale, scale, None, *zeros], how, constants=(1, 4, 7)),
        Case("QAttention", [rows, kernel, bias, scale, scale, LENGTHS, *zeros], how | {"unidirectional": 1}),
        Case("QAttention", [rows, *by_columns, None, zeros[0], np.zeros(3 * H, np.int8)], how, constants=(1, 4, 7)),
        Case("QAttention", [rows, kernel, bias, scale, scale, MASK, *zeros, past], how, constants=(1, 7), outputs=2),
    ]
    return cases


def multi_head_attentions() -> list[Case]:
    how = {"num_heads": N}
    keys, values = normal(B, 7, H), normal(B, 7, H)
    mask = MASK[:, :7]
    cases = [
        Case("MultiHeadAttention", [X, keys, values], how),
        Case("MultiHeadAttention", [X, keys, normal(B, 7, 2 * H), normal(4 * H)], how | {"scale": 0.3}),
        Case("MultiHeadAttention", [X, keys, values, normal(3 * H), mask], how),
        Case("MultiHeadAttention", [X, keys, values, None, LENGTHS], how),
        Case("MultiHeadAttention", [X, keys, values, None, None, normal(1, N, S, 7)], how),
        Case("MultiHeadAttention", [X, normal(B, N, 7, D), normal(B, N, 7, D)], how),
        Case("MultiHeadAttention", [X, normal(B, S, H), normal(B, S, H)], how | {"unidirectional": 1}),
    ]
    cache = [normal(B, N, P, D), normal(B, N, P, D)]
    now = [X, normal(B, S, H), normal(B, S, H), None]
    cases += [
        Case("MultiHeadAttention", [*now, None, None, *cache], how, outputs=3),
        Case("MultiHeadAttention", [*now, MASK, None, *cache], how | {"unidirectional": 1}, outputs=3),
    ]
    return cases


def rotations() -> list[Case]:
    tables = [normal(20, D // 2), normal(20, D // 2)]
    places = ids(B, S, below=20).astype(np.int64)
    cases = [
        Case("RotaryEmbedding", [x, where, *tables], {"interleaved": i})
        for x in (X, normal(B, N, S, D))
        for where in (places, np.int64([3]))
        for i in (0, 1)
    ]
    part = [normal(B, S, N * 6), places, *tables]
    cases += [Case("RotaryEmbedding", part, {"rotary_embedding_dim": 4, "num_heads": N, "interleaved": 1})]
    cases += [Case("RotaryEmbedding", part, {"rotary_embedding_dim": 4, "num_heads": N})]
    return cases


def grouped_attentions() -> list[Case]:
    heads, groups, depth = 4, 2, 16
    how = {"num_heads": heads, "kv_num_heads": groups}
    tables = [normal(32, depth // 2), normal(32, depth // 2)]

    def case(rows: int, past: int, lengths: Sequence[int], total: int, *more: np.ndarray | None, **extra: Any) -> Case:
        """`lengths`: how many keys each of the batch has, these rows among them."""
        batch = len(lengths)
        q, k, v = normal(batch, rows, heads * depth), *(normal(batch, rows, groups * depth) for _ in range(2))
        cache = [normal(batch, groups, past, depth) for _ in range(2)] if past else [None, None]
        inputs = [q, k, v, *cache, np.int32(lengths) - 1, np.array(total, np.int32), *more]
        return Case("GroupQueryAttention", inputs, how | extra, constants=(6,), outputs=3)

    packed = normal(1, 5, (heads + 2 * groups) * depth)
    lengths = np.int32([4]), np.array(5, np.int32)
    rotary = {"do_rotary": 1}
    sinks = [None] * 4 + [normal(heads)]
    return [
        case(5, 0, [5], 5),
        case(5, 0, [5], 5, *tables, **rotary),
        case(5, 0, [5], 5, *tables, **rotary, rotary_interleaved=1),
        case(1, 6, [7], 7),
        case(1, 6, [7, 7], 7, *tables, **rotary),
        case(1, 6, [4, 7], 7, *tables, **rotary),
        case(1, 16, [7], 7, *tables, **rotary),  # a cache that has room
        case(3, 6, [9], 9, *tables, **rotary),
        case(1, 9, [10], 10, local_window_size=4),
        case(5, 0, [5], 5, softcap=2.0, scale=0.7),
        case(5, 0, [5], 5, smooth_softmax=1),
        case(1, 6, [7], 7, *sinks),
        Case("GroupQueryAttention", [packed, *[None] * 4, *lengths, *tables], how | rotary, (6,), 3),
    ]


def others() -> list[Case]:
    cases = [Case("ExpandDims", [ROWS, np.array(axis, np.int32)], constants=(1,)) for axis in (0, -1, 1)]
    cases += [Case("Trilu", [ROWS], {"upper": upper}) for upper in (0, 1)]
    cases += [Case("GatherND", [ROWS, np.array(places)]) for places in ([[1, -1], [0, 0]], [[[1]], [[0]]])]
    return cases


def quantized() -> list[Case]:
    """Scales with which no sum falls half way between two numbers, where ONNX Runtime's ops round to either."""

    def bytes_(*shape: int, kind: type = np.uint8) -> np.ndarray:
        limits = np.iinfo(kind)
        return RANDOM.integers(limits.min, limits.max + 1, shape).astype(kind)

    def scale(power: int) -> np.ndarray:
        return np.array((1 - 0.0371 * power) * 2.0**power, np.float32)

    a, b, image = bytes_(2, 3, 4), bytes_(3, 4), bytes_(1, 3, 4, 6)
    one, two, out = [scale(-4), np.uint8(120)], [scale(-5), np.uint8(7)], [scale(-3), np.uint8(99)]
    cases = [Case(op, [a, *one, b, *two, *out]) for op in ("QLinearAdd", "QLinearMul")]
    signed = [bytes_(4, kind=np.int8), scale(-4), np.int8(3)]
    cases += [Case("QLinearAdd", [*signed, *signed, scale(-2), np.int8(-2)])]
    cases += [Case("QLinearLeakyRelu", [a, *one, *out], {"alpha": 0.25}, constants=(1, 2, 3, 4))]
    cases += [Case("QLinearSigmoid", [a, *one, scale(-8), np.uint8(0)], constants=(1, 2, 3, 4))]
    cases += [Case("QLinearGlobalAveragePool", [image, *one, *out])]
    cases += [Case("QLinearAveragePool", [image, *one, *out], {"kernel_shape": [2, 2], "strides": [2, 2]})]
    cases += [Case("QLinearConcat", [*out, b, *one, bytes_(5, 4), *two], {"axis": 0}, constants=(0, 1, 3, 4, 6, 7))]
    condition = np.array([True, False, True, True])
    cases += [Case("QLinearWhere", [condition, b, *one, bytes_(3, 4), *two, *out], constants=(2, 3, 5, 6, 7, 8))]
    w, bias = bytes_(4, 5, kind=np.int8), RANDOM.integers(-99, 99, 5).astype(np.int32)
    cases += [Case("QGemm", [b, *one, w, scale(-6), np.int8(0), bias, *out], constants=(3,))]
    cases += [Case("QGemm", [b, *one, w.T.copy(), scale(-6), np.int8(2), bias], {"transB": 1}, constants=(3,))]
    x, scales = normal(3, 4), (RANDOM.random(5) / 50).astype(np.float32)
    cases += [Case("DynamicQuantizeMatMul", [x, w, scales, None, normal(5)], constants=(1, 2))]
    cases += [Case("MatMulIntegerToFloat", [b, w, scale(-4), scales, np.uint8(120), None, normal(5)])]
    return cases


FAMILIES = (
    products,
    activations,
    norms,
    attentions,
    multi_head_attentions,
    rotations,
    grouped_attentions,
    others,
    quantized,
)


@pytest.mark.parametrize("case", [case for family in FAMILIES for case in family()], ids=str)
def test_agrees_with_onnx_runtime(case: Case) -> None:
    want, got = case.expected(), case.ours()
    assert len(got) == len(want)
    for have, expected in zip(got, want, strict=True):
        assert (have.dtype, have.shape) == (expected.dtype, expected.shape)
        np.testing.assert_allclose(have, expected, rtol=1e-4, atol=2e-5)


@pytest.mark.parametrize("packed", ["q, k and v", "k and v"])
def test_packed_heads_are_those_apart(packed: str) -> None:
    """ONNX Runtime packs them on its GPUs only, so that what it makes of them apart is the judge."""
    how = {"num_heads": N}
    q, k, v = (normal(B, S, N, D) for _ in range(3))
    apart = Case("MultiHeadAttention", [x.reshape(B, S, H) for x in (q, k, v)], how)
    inputs = [np.stack([q, k, v], 3)] if packed == "q, k and v" else [q.reshape(B, S, H), np.stack([k, v], 3)]
    (got,), (want,) = Case("MultiHeadAttention", inputs, how).ours(), apart.expected()
    np.testing.assert_allclose(got, want, rtol=1e-4, atol=2e-5)


REFUSED = {
    "activation 'Selu'": Case("FusedGemm", [ROWS, normal(4, 3)], {"activation": "Selu"}),
    "metric 'cosine'": Case("CDist", [ROWS, ROWS], {"metric": "cosine"}),
    "'do_rotary'": Case("Attention", [X, normal(H, 3 * H), normal(3 * H)], {"num_heads": N, "do_rotary": 1}),
    "a mask of shape": Case("MultiHeadAttention", [X, X, X, None, ids(3 * B + 2, below=4)], {"num_heads": N}),
    "B computed at run time": Case(
        "MatMulNBits",
        [normal(3, 16), ids(6, 1, 8, below=256).astype(np.uint8), normal(6)],
        {"K": 16, "N": 6, "block_size": 16},
    ),
    "12 numbers for 5 heads": Case("MultiHeadAttention", [X, X, X], {"num_heads": 5}),
    "not in opset 1 of com.microsoft": Case("BeamSearch", [X]),
}


@pytest.mark.parametrize("says", REFUSED)
def test_what_is_not_supported_is_an_error_that_says_so(says: str) -> None:
    with pytest.raises(StepwellError, match=says):
        REFUSED[says].ours()
