"""Tiny models of the operators of which ONNX's node tests have none with that node alone: mostly ONNX Runtime's own.

A row names the inputs, as the schema does, with a shape or a value each, and the attributes. What has one type
variable gets one type: float32 where the schema allows it, else the first that it does.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from onnx import TensorProto, helper
from stepwell.dialects.onnx.schemas import CONTRIB_DOMAIN, DEFAULT_DOMAIN, Formal, newest_opset, schema

Shape = tuple[int, ...]
Inputs = Mapping[str, "Shape | Sequence[float]"]

BYTES = {"A": (2, 3), "A_scale": (), "A_zero_point": (), "B": (2, 3), "B_scale": (), "B_zero_point": ()}
BYTES_OUT = {"C_scale": (), "C_zero_point": ()}
WINDOW = {"kernel_shape": [2, 2]}
NORMS = {"input": (1, 2, 4), "skip": (1, 2, 4), "gamma": (4,)}
QKV = {"query": (1, 3, 4), "key": (1, 3, 4), "value": (1, 3, 4)}
GATES = {"X": (2, 1, 3), "W": (1, 3, 8), "R": (1, 2, 8)}
PRODUCT = {"A": (2, 3), "B": (3, 4)}


def unary(x: str, y: str, zero: str) -> dict[str, Shape]:
    """The operands of a quantized operator of one tensor; `zero`: how its first zero point is called."""
    return {"X": (1, 2, 4, 4), f"{x}_scale": (), zero: (), f"{y}_scale": (), f"{y}_zero_point": ()}


MODELS: Mapping[str, tuple[Inputs, Mapping[str, Any]]] = {
    "GlobalLpPool": ({"X": (1, 2, 4, 4)}, {}),
    "MaxRoiPool": ({"X": (1, 2, 4, 4), "rois": (1, 5)}, {"pooled_shape": [2, 2]}),
    "Multinomial": ({"input": (1, 3)}, {"sample_size": 4}),
    "RandomNormal": ({}, {"shape": [2, 3]}),
    "RandomNormalLike": ({"input": (2, 3)}, {}),
    "RandomUniform": ({}, {"shape": [2, 3]}),
    "RandomUniformLike": ({"input": (2, 3)}, {}),
    "SimplifiedLayerNormalization": ({"X": (2, 4), "scale": (4,)}, {}),
    "com.microsoft.Attention": ({"input": (1, 3, 4), "weights": (4, 12), "bias": (12,)}, {"num_heads": 2}),
    "com.microsoft.BiasGelu": ({"A": (2, 4), "B": (4,)}, {}),
    "com.microsoft.CDist": ({"A": (2, 3), "B": (4, 3)}, {}),
    "com.microsoft.DequantizeLinear": ({"x": (2, 3), "x_scale": (), "x_zero_point": ()}, {}),
    "com.microsoft.DynamicQuantizeLSTM": (
        GATES | {"W_scale": (1,), "W_zero_point": (1,), "R_scale": (1,), "R_zero_point": (1,)},
        {"hidden_size": 2},
    ),
    "com.microsoft.DynamicQuantizeMatMul": (PRODUCT | {"b_scale": (), "b_zero_point": ()}, {}),
    "com.microsoft.EmbedLayerNormalization": (
        {"input_ids": (1, 3), "segment_ids": (1, 3), "word_embedding": (5, 4), "position_embedding": (5, 4)}
        | {"segment_embedding": (2, 4), "gamma": (4,), "beta": (4,), "mask": (1, 3)},
        {},
    ),
    "com.microsoft.ExpandDims": ({"X": (2, 3), "axis": [1]}, {}),
    "com.microsoft.FastGelu": ({"X": (2, 4), "bias": (4,)}, {}),
    "com.microsoft.FusedConv": ({"X": (1, 2, 4, 4), "W": (3, 2, 3, 3), "B": (3,)}, {"activation": "Relu"}),
    "com.microsoft.FusedGemm": (PRODUCT | {"C": (4,)}, {"activation": "Relu"}),
    "com.microsoft.FusedMatMul": (PRODUCT, {}),
    "com.microsoft.GatherND": ({"data": (2, 3), "indices": [1, 2]}, {}),
    "com.microsoft.Gelu": ({"X": (2, 4)}, {}),
    "com.microsoft.GroupQueryAttention": (
        QKV | {"seqlens_k": (1,), "total_sequence_length": [3]},
        {"num_heads": 2, "kv_num_heads": 2},
    ),
    "com.microsoft.MatMulIntegerToFloat": (PRODUCT | {"a_scale": (), "b_scale": ()}, {}),
    "com.microsoft.MatMulNBits": (
        {"A": (2, 32), "B": (3, 1, 16), "scales": (3,)},
        {"K": 32, "N": 3, "bits": 4, "block_size": 32},
    ),
    "com.microsoft.MultiHeadAttention": (QKV, {"num_heads": 2}),
    "com.microsoft.Pad": ({"data": (2, 3), "pads": [0, 1, 0, 1]}, {}),
    "com.microsoft.QAttention": (
        {"input": (1, 3, 4), "weight": (4, 12), "bias": (12,), "input_scale": (), "weight_scale": ()},
        {"num_heads": 2},
    ),
    "com.microsoft.QGemm": (
        {"A": (2, 3), "a_scale": (), "a_zero_point": (), "B": (3, 4), "b_scale": (), "b_zero_point": (), "C": (4,)}
        | {"y_scale": (), "y_zero_point": ()},
        {},
    ),
    "com.microsoft.QLinearAdd": (BYTES | BYTES_OUT, {}),
    "com.microsoft.QLinearAveragePool": (unary("x", "y", "x_zero_point"), WINDOW),
    "com.microsoft.QLinearConv": (
        {"x": (1, 2, 4, 4), "x_scale": (), "x_zero_point": (), "w": (3, 2, 3, 3), "w_scale": (), "w_zero_point": ()}
        | {"y_scale": (), "y_zero_point": (), "B": (3,)},
        {},
    ),
    "com.microsoft.QLinearGlobalAveragePool": (unary("x", "y", "x_zero_point"), {}),
    "com.microsoft.QLinearLeakyRelu": (unary("X", "Y", "X_zero_point"), {}),
    "com.microsoft.QLinearMul": (BYTES | BYTES_OUT, {}),
    "com.microsoft.QLinearSigmoid": (unary("X", "Y", "X_zero_point"), {}),
    "com.microsoft.QLinearSoftmax": (unary("X", "y", "x_zero_point"), {"opset": 13}),
    "com.microsoft.QLinearWhere": (
        {"condition": (2, 3), "X": (2, 3), "x_scale": (), "x_zero_point": (), "Y": (2, 3), "y_scale": ()}
        | {"y_zero_point": (), "z_scale": (), "z_zero_point": ()},
        {},
    ),
    "com.microsoft.QuantizeLinear": ({"x": (2, 3), "y_scale": (), "y_zero_point": ()}, {}),
    "com.microsoft.QuickGelu": ({"X": (2, 4)}, {}),
    "com.microsoft.Range": ({"start": [0], "limit": [4], "delta": [1]}, {}),
    "com.microsoft.RotaryEmbedding": (
        {"input": (1, 3, 4), "position_ids": (1,), "cos_cache": (5, 2), "sin_cache": (5, 2)},
        {},
    ),
    "com.microsoft.SkipLayerNormalization": (NORMS, {}),
    "com.microsoft.SkipSimplifiedLayerNormalization": (NORMS, {}),
    "com.microsoft.TransposeMatMul": (PRODUCT, {}),
    "com.microsoft.Trilu": ({"X": (2, 3)}, {}),
}
"""Inputs by name: a tuple is a shape, a list the values of a vector or, where it has one, of a scalar."""


@dataclass(frozen=True)
class Made:
    """What a node test is to who asks for its model and its inputs."""

    model: Any
    data_sets: Sequence[tuple[Sequence[Any], Sequence[Any]]]


def domain_of(name: str) -> tuple[str, str]:
    """(domain, operator) of a name of the support table."""
    domain, _, op = name.rpartition(".")
    return domain or DEFAULT_DOMAIN, op


def number(formal: Formal) -> int:
    """The element type that a value gets."""
    allowed = {kind.removeprefix("tensor(").removesuffix(")") for kind in formal.allowed}
    wanted = ("float", "uint8", "int32", "int64", "bool")
    return getattr(TensorProto, next(name for name in (*wanted, *sorted(allowed)) if name in allowed).upper())


def made() -> Iterator[tuple[str, Made]]:
    for name, (inputs, attributes) in MODELS.items():
        domain, op = domain_of(name)
        known = schema(domain, op, newest_opset(domain))
        assert known is not None, name
        declared = {formal.name: formal for formal in known.inputs}
        assert set(inputs) <= set(declared), name
        types = {name: number(declared[name]) for name in inputs}
        arrays = {}
        for given, content in inputs.items():
            array = np.ones(content) if isinstance(content, tuple) else np.array(content)
            array = array.reshape(()) if array.size == 1 and not isinstance(content, tuple) else array
            arrays[given] = array.astype(helper.tensor_dtype_to_np_dtype(types[given]))
        last = max((index for index, formal in enumerate(known.inputs) if formal.name in inputs), default=-1)
        names = [formal.name if formal.name in inputs else "" for formal in known.inputs[: last + 1]]
        out = known.outputs[0]
        node = helper.make_node(op, names, ["out"], domain="" if domain == DEFAULT_DOMAIN else domain, **attributes)
        opsets = {"": newest_opset()} | ({domain: 1} if domain == CONTRIB_DOMAIN else {})
        graph = helper.make_graph(
            [node],
            "one",
            [helper.make_tensor_value_info(given, types[given], array.shape) for given, array in arrays.items()],
            [helper.make_tensor_value_info("out", number(out), None)],
        )
        opset_imports = [helper.make_opsetid(*entry) for entry in opsets.items()]
        yield (
            name,
            Made(helper.make_model(graph, opset_imports=opset_imports, ir_version=10), [([*arrays.values()], [])]),
        )
