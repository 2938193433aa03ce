"""Which operators are drawn, by which function, and which are not, and why."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from .builder import Builder

Draw: TypeAlias = Callable[[Builder, str], object]
"""Draws operands and attributes for the operator of that name and adds the node. May raise `Again`."""

OPERATORS: dict[str, Draw] = {}

WEIGHTS = {"Conv": 5, "ConvTranspose": 2, "MaxPool": 2, "AveragePool": 2, "MatMul": 3, "Gemm": 2, "Add": 2, "Mul": 2,
           "Transpose": 3, "Reshape": 2, "Concat": 2, "Slice": 2, "Relu": 2, "Sigmoid": 2, "Softmax": 2}  # fmt: skip
"""Operators that are drawn more often than others, as they are used more often."""

WITHOUT = {
    "Scatter": "is ScatterElements since opset 11",
    "SimplifiedLayerNormalization": "is RMSNormalization under the name that ONNX Runtime's exporters gave it",
    "Upsample": "is Resize since opset 10",
    **dict.fromkeys(
        (
            *("com.microsoft.Attention", "com.microsoft.EmbedLayerNormalization", "com.microsoft.GroupQueryAttention"),
            *("com.microsoft.MultiHeadAttention", "com.microsoft.RotaryEmbedding", "com.microsoft.MatMulNBits"),
            *("com.microsoft.FusedConv", "com.microsoft.FusedGemm", "com.microsoft.TransposeMatMul"),
            *("com.microsoft.Pad", "com.microsoft.DynamicQuantizeLSTM", "com.microsoft.DynamicQuantizeMatMul"),
            *("com.microsoft.QuantizeLinear", "com.microsoft.DequantizeLinear", "com.microsoft.MatMulIntegerToFloat"),
            *("com.microsoft.QGemm", "com.microsoft.QLinearConv", "com.microsoft.QLinearConcat"),
            *("com.microsoft.QLinearAdd", "com.microsoft.QLinearMul", "com.microsoft.QLinearWhere"),
            *("com.microsoft.QLinearSoftmax", "com.microsoft.QLinearSigmoid", "com.microsoft.QLinearLeakyRelu"),
            *("com.microsoft.QLinearAveragePool", "com.microsoft.QLinearGlobalAveragePool"),
            *("com.microsoft.QAttention", "com.microsoft.GatherND", "MaxRoiPool"),
        ),
        "has tests of its own beside ONNX Runtime, with the operands that belong together",
    ),
    **dict.fromkeys(
        ("Bernoulli", "Multinomial", "RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike"),
        "gives random numbers, of which ONNX names the distribution only",
    ),
    **dict.fromkeys(
        ("Attention", "DeformConv", "RotaryEmbedding", "SwiGLU", "TensorScatter", "ai.onnx.ml.ArrayFeatureExtractor"),
        "has its node tests",
    ),
    "GlobalLpPool": "no reference has it: neither ONNX's evaluator nor ONNX Runtime",
}
"""Operators that are supported and not drawn."""


def draws(*names: str) -> Callable[[Draw], Draw]:
    def register(draw: Draw) -> Draw:
        for name in names:
            assert name not in OPERATORS, name
            OPERATORS[name] = draw
        return draw

    return register
