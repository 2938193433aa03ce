"""Each supported ONNX op, over its opsets and attributes, against ONNX's own reference evaluator.

A case is a node with inputs; inputs named in `constants` become initializers. Each runs twice: with static shapes, and
with symbolic dims that are bound only after the step down.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator
from reference import evaluate
from stepwell.context import Context
from stepwell.diagnostics import StepwellError
from stepwell.dialects.onnx.importer import import_onnx
from stepwell.pass_manager import parse_passes, run_passes
from stepwell.passes.graph.bind_shapes import BindShapes

RANDOM = np.random.default_rng(7)


def normal(*shape: int) -> np.ndarray:
    return RANDOM.standard_normal(shape).astype(np.float32)


def positive(*shape: int) -> np.ndarray:
    return np.abs(normal(*shape)) + np.float32(0.5)


def integers(*numbers: int) -> np.ndarray:
    return np.array(numbers, np.int64)


@dataclass
class Case:
    op: str
    opset: int
    inputs: Sequence[np.ndarray | None]
    attributes: Mapping[str, Any] = field(default_factory=dict)
    constants: Sequence[int] = ()
    """The inputs that are initializers."""
    outputs: int = 1
    dynamic: bool = True
    """Whether symbolic dims that are bound later are supported too."""
    runtime: bool = False
    """Whether ONNX Runtime judges, since the reference evaluator lacks this version of the op or departs from it."""

    def __str__(self) -> str:
        said = "-".join(f"{k}={v}" for k, v in self.attributes.items() if not isinstance(v, TensorProto))
        shapes = "-".join("x".join(map(str, a.shape)) if a is not None else "none" for a in self.inputs)
        return f"{self.op}-{self.opset}-{said}-{shapes}".replace(" ", "")

    def feeds(self) -> dict[str, np.ndarray]:
        numbered = enumerate(self.inputs)
        return {f"x{i}": np.asarray(a) for i, a in numbered if a is not None and i not in self.constants}

    def model(self, *, symbolic: bool) -> onnx.ModelProto:
        names = [f"x{i}" if a is not None else "" for i, a in enumerate(self.inputs)]
        node = helper.make_node(self.op, names, [f"y{i}" for i in range(self.outputs)], **self.attributes)
        kinds = {name: helper.np_dtype_to_tensor_dtype(array.dtype) for name, array in self.feeds().items()}
        inputs = [
            helper.make_tensor_value_info(
                name, kinds[name], [f"{name}_{i}" if symbolic else dim for i, dim in enumerate(array.shape)]
            )
            for name, array in self.feeds().items()
        ]
        outputs = [onnx.ValueInfoProto(name=name) for name in node.output]
        initializers = [numpy_helper.from_array(self.inputs[i], f"x{i}") for i in self.constants]
        graph = helper.make_graph([node], "case", inputs, outputs, initializers)
        opsets = [helper.make_opsetid("", self.opset)]
        return helper.make_model(graph, opset_imports=opsets, ir_version=10)

    def expected(self) -> list[np.ndarray]:
        if self.runtime:
            onnxruntime = pytest.importorskip("onnxruntime")
            return onnxruntime.InferenceSession(self.model(symbolic=False).SerializeToString()).run(None, self.feeds())
        return ReferenceEvaluator(self.model(symbolic=False)).run(None, self.feeds())

    def ours(self, *, symbolic: bool) -> list[np.ndarray]:
        ctx = Context()
        module = import_onnx(ctx, self.model(symbolic=symbolic))
        run_passes(ctx, module, parse_passes("onnx-to-graph"), verify_each=True)
        if symbolic:
            run_passes(ctx, module, [BindShapes.of({name: a.shape for name, a in self.feeds().items()})])
        run_passes(ctx, module, parse_passes("infer-shapes,fold-constants,canonicalize"), verify_each=True)
        assert "?" not in str(module), module
        return list(evaluate(ctx, module, self.feeds()).values())


def by_runtime(*cases: Case) -> list[Case]:
    return [replace(case, runtime=True) for case in cases]


X = normal(2, 3, 4, 5)
IMAGE = normal(2, 3, 9, 8)
SIGNAL = normal(2, 3, 11)
VOLUME = normal(1, 2, 5, 6, 7)


def elementwise() -> list[Case]:
    unit = np.tanh(normal(3, 4)) * np.float32(0.9)
    cases = [
        Case(op, opset, [normal(3, 4)])
        for op in ("Abs", "Neg", "Exp", "Floor", "Ceil", "Relu", "Sigmoid", "Tanh", "Sin", "Cos", "Erf", "Sign")
        for opset in (13, 22)
    ]
    cases += [Case(op, 13, [normal(3, 4)]) for op in ("Tan", "Sinh", "Cosh", "Asinh", "Atan", "Softplus", "Softsign")]
    cases += [Case(op, 13, [unit]) for op in ("Asin", "Acos", "Atanh")]
    cases += [Case(op, 13, [positive(3, 4)]) for op in ("Log", "Sqrt", "Reciprocal")]
    cases += [Case("Acosh", 13, [positive(3, 4) + 1]), Case("Round", 13, [np.float32([0.5, 1.5, -2.5, 2.4])])]
    cases += [Case("Not", 13, [np.array([True, False])])]
    odd = np.float32([np.nan, np.inf, -np.inf, 1])
    cases += [Case("IsNaN", 13, [odd]), Case("IsInf", 13, [odd])]
    cases += [Case("IsInf", 13, [odd], {"detect_negative": 0}), Case("IsInf", 13, [odd], {"detect_positive": 0})]
    for op in ("Add", "Sub", "Mul", "Div"):
        cases += [Case(op, opset, [X, normal(4, 1)]) for opset in (7, 13, 14)]
    cases += [Case("Div", 14, [integers(7, -7, 9), integers(2, 2, -4)]), Case("Sub", 14, [normal(), normal(3)])]
    cases += [Case(op, 13, [normal(3, 4), normal(4), normal(3, 1)]) for op in ("Max", "Min", "Sum", "Mean")]
    cases += [Case("Max", 13, [normal(3)]), Case("Mean", 8, [normal(3), normal(3)])]
    cases += [Case("Pow", 13, [positive(3), normal(3)]), Case("Pow", 13, [normal(3), integers(2, 3, 0)])]
    cases += [Case("Pow", 13, [integers(2, 3, 4), np.float32([2, 2, 0.5])])]
    cases += [Case("Mod", 13, [integers(7, -7, 7), integers(3, 3, -3)])]
    cases += [Case("Mod", 13, [normal(5), positive(5)], {"fmod": 1})]
    flags = [np.array([[True], [False]]), np.array([True, False, True])]
    cases += [Case(op, 13, flags) for op in ("And", "Or", "Xor")]
    numbers = [np.float32([[1], [2]]), np.float32([1, 2, 3])]
    cases += [Case(op, 16, numbers) for op in ("Equal", "Less", "Greater", "LessOrEqual", "GreaterOrEqual")]
    cases += [Case("Where", 16, [np.array([[True], [False]]), normal(2, 3), normal(3)])]
    cases += [Case("Cast", 13, [normal(4) * 3], {"to": t}) for t in (6, 7, 9, 10, 11)]
    cases += [Case("Cast", 13, [np.array([0, 1, 255], np.uint8)], {"to": 1})]
    cases += [Case("CastLike", 19, [normal(3), integers(1)])]
    x = normal(3, 4) * 3
    cases += [Case("Clip", 7, [x], {"min": -1.0, "max": 2.0}), Case("Clip", 7, [x], {"max": 1.0})]
    low, high = np.float32(-1), np.float32(2)
    for opset in (11, 13):
        cases += [Case("Clip", opset, [x, low, high], constants=(1, 2)), Case("Clip", opset, [x, None, high])]
        cases += [Case("Clip", opset, [x, low], constants=(1,)), Case("Clip", opset, [x])]
    cases += [Case("Clip", 13, [integers(1, 5, 9), np.int64(2), np.int64(7)], constants=(1, 2))]
    bits = [RANDOM.integers(0, 200, (2, 3)).astype(np.uint8), np.array([0, 3, 7], np.uint8)]
    cases += [Case(f"Bitwise{op}", 18, bits) for op in ("And", "Or", "Xor")] + [Case("BitwiseNot", 18, bits[:1])]
    cases += [Case("BitShift", 11, bits, {"direction": way}) for way in ("LEFT", "RIGHT")]
    return cases


def activations() -> list[Case]:
    x = normal(2, 3, 4) * 3
    cases = [Case("LeakyRelu", 16, [x], {"alpha": 0.2}), Case("LeakyRelu", 6 + 1, [x])]
    cases += [Case("PRelu", 16, [x, normal(3, 1)]), Case("PRelu", 7, [x, normal(1)])]
    cases += [Case("HardSigmoid", 13, [x]), Case("HardSigmoid", 13, [x], {"alpha": 0.1, "beta": 0.6})]
    cases += [Case("HardSwish", 14, [x]), Case("Elu", 13, [x], {"alpha": 0.7}), Case("Selu", 13, [x])]
    cases += [Case("Celu", 12, [x], {"alpha": 1.3}), Case("ThresholdedRelu", 13, [x], {"alpha": 0.8})]
    cases += [Case("Shrink", 13, [x], {"lambd": 1.0, "bias": 0.3}), Case("Mish", 18, [x])]
    cases += [Case("Swish", 24, [x], {"alpha": 0.7})]
    cases += [Case("Gelu", 20, [x]), Case("Gelu", 20, [x], {"approximate": "tanh"})]
    return cases


def convolutions() -> list[Case]:
    w = normal(4, 3, 3, 3)
    cases = [Case("Conv", opset, [IMAGE, w, normal(4)], constants=(1, 2)) for opset in (7, 11, 22)]
    cases += [Case("Conv", 11, [IMAGE, w], {"pads": [1, 2, 0, 1], "strides": [2, 1]}, constants=(1,))]
    cases += [Case("Conv", 11, [IMAGE, w], {"dilations": [2, 2], "pads": [2, 2, 2, 2]}, dynamic=False)]
    cases += [Case("Conv", 11, [IMAGE, normal(6, 1, 3, 2)], {"group": 3}, constants=(1,))]
    for mode in ("SAME_UPPER", "SAME_LOWER", "VALID"):
        cases += [Case("Conv", 11, [IMAGE, w], {"auto_pad": mode, "strides": [2, 2]}, constants=(1,))]
        cases += [Case("Conv", 11, [IMAGE, normal(4, 3, 2, 4)], {"auto_pad": mode}, constants=(1,))]
    cases += [Case("Conv", 11, [SIGNAL, normal(4, 3, 3)], {"strides": [2], "pads": [1, 1]}, constants=(1,))]
    cases += [Case("Conv", 11, [VOLUME, normal(3, 2, 2, 3, 2)], {"strides": [2, 1, 2]}, constants=(1,))]
    w = normal(3, 4, 3, 3)
    t = "ConvTranspose"
    cases += [Case(t, 11, [IMAGE, w, normal(4)], {"strides": [2, 2]}, constants=(1, 2))]
    cases += [Case(t, 11, [IMAGE, w], {"strides": [2, 2], "pads": [1, 0, 1, 1], "output_padding": [1, 1]}, (1,))]
    cases += by_runtime(Case(t, 11, [IMAGE, normal(3, 2, 3, 2)], {"group": 3, "dilations": [2, 1]}, constants=(1,)))
    for mode in ("SAME_UPPER", "SAME_LOWER", "VALID"):
        cases += [Case(t, 11, [IMAGE, w], {"auto_pad": mode, "strides": [2, 2]}, constants=(1,))]
    out = {"strides": [2, 2], "output_shape": [18, 17]}
    cases += by_runtime(Case(t, 11, [IMAGE, w], out, constants=(1,), dynamic=False))
    more = {"strides": [3, 2], "output_shape": [10, 8]}  # of 9 and 7: what is missing is added at the end
    cases += [Case(t, 11, [normal(1, 1, 3, 3), normal(1, 2, 3, 3)], more, constants=(1,), dynamic=False)]
    cases += [Case(t, 11, [SIGNAL, normal(3, 2, 4)], {"strides": [3]}, constants=(1,))]
    return cases


def pools() -> list[Case]:
    cases: list[Case] = []
    kernel = {"kernel_shape": [3, 2]}
    for op in ("MaxPool", "AveragePool"):
        cases += [Case(op, 11, [IMAGE], {**kernel, "strides": [2, 2]}), Case(op, 22, [IMAGE], kernel)]
        cases += [Case(op, 11, [IMAGE], {**kernel, "strides": [2, 3], "ceil_mode": 1, "pads": [1, 0, 1, 1]})]
        cases += [Case(op, 11, [SIGNAL], {"kernel_shape": [3], "strides": [2]})]
        cases += [Case(op, 11, [VOLUME], {"kernel_shape": [2, 3, 2], "strides": [2, 1, 2]})]
        cases += [Case(op, 11, [IMAGE], {**kernel, "auto_pad": "VALID", "strides": [2, 2]})]
    for mode in ("SAME_UPPER", "SAME_LOWER"):
        for size in (2, 3):
            same = {"kernel_shape": [size, size], "strides": [2, 2], "auto_pad": mode}
            cases += by_runtime(Case("MaxPool", 11, [IMAGE], same))
            # where the first window begins must not depend on a dim that is not known yet
            dynamic = (size, mode) in ((2, "SAME_UPPER"), (3, "SAME_LOWER"))
            cases += by_runtime(Case("AveragePool", 11, [IMAGE], same, dynamic=dynamic))
    cases += [Case("MaxPool", 12, [IMAGE], {**kernel, "dilations": [2, 2]})]
    cases += [
        Case("MaxPool", 12, [np.arange(48, dtype=np.uint8).reshape(1, 1, 6, 8)], {**kernel, "pads": [1, 1, 1, 1]})
    ]
    cases += [
        Case("AveragePool", 11, [IMAGE], {**kernel, "pads": [1, 1, 1, 1], "count_include_pad": c}) for c in (0, 1)
    ]
    cases += [Case(op, 13, [IMAGE]) for op in ("GlobalAveragePool", "GlobalMaxPool")]
    cases += [Case("LpPool", 18, [IMAGE], {**kernel, "p": 3}), Case("GlobalAveragePool", 13, [SIGNAL])]
    return cases


def normalizations() -> list[Case]:
    four = [normal(3), normal(3), normal(3), positive(3)]
    cases = [Case("BatchNormalization", opset, [X, *four], constants=(1, 2, 3, 4)) for opset in (14, 15)]
    cases += by_runtime(Case("BatchNormalization", 9, [X, *four], constants=(1, 2, 3, 4)))
    cases += [Case("BatchNormalization", 15, [X, *four], {"epsilon": 1e-2})]
    cases += [Case("BatchNormalization", 15, [normal(2, 3), *four], constants=(1, 2, 3, 4))]
    training = {"training_mode": 1, "momentum": 0.8}
    cases += [Case("BatchNormalization", 15, [X, *four], training, outputs=3)]
    cases += [Case("InstanceNormalization", 6 + 1, [X, normal(3), normal(3)])]
    cases += [Case("LayerNormalization", 17, [X, normal(5), normal(5)], outputs=3)]
    cases += [Case("LayerNormalization", 17, [X, normal(4, 5)], {"axis": 2})]
    groups = {18: 2, 21: 6}  # how many scales there are: of the groups, then of the channels
    cases += [
        Case("GroupNormalization", opset, [normal(2, 6, 3, 3), normal(n), normal(n)], {"num_groups": 2}, dynamic=False)
        for opset, n in groups.items()
    ]
    cases += by_runtime(*(Case("LpNormalization", 13, [X], {"axis": 1, "p": p}) for p in (1, 2)))
    cases += [Case("MeanVarianceNormalization", 13, [X])]
    cases += [Case("RMSNormalization", 23, [X, normal(4, 5)], {"axis": 2})]
    cases += by_runtime(Case("LRN", 13, [normal(2, 7, 3, 3)], {"size": 3, "alpha": 0.2}, dynamic=False))
    cases += [Case(op, 13, [X], {"axis": a}) for op in ("Softmax", "LogSoftmax") for a in (-1, 1)]
    cases += by_runtime(*(Case(op, 11, [X], {"axis": a}) for op in ("Softmax", "LogSoftmax") for a in (1, 2, 3)))
    return cases


def products() -> list[Case]:
    a, b = normal(3, 4), normal(4, 5)
    cases = [Case("MatMul", 13, [a, b]), Case("MatMul", 13, [normal(2, 3, 4), b]), Case("MatMul", 13, [normal(4), b])]
    cases += [Case("MatMul", 13, [a, normal(4)]), Case("MatMul", 13, [normal(4), normal(4)])]
    cases += [Case("MatMul", 13, [normal(2, 1, 3, 4), normal(6, 4, 2)])]
    for opset in (7, 11, 13):
        cases += [Case("Gemm", opset, [a, b, normal(5)])]
    cases += [
        Case("Gemm", 13, [a.T.copy(), b.T.copy(), normal(3, 1)], {"transA": 1, "transB": 1, "alpha": 0.5, "beta": 2.0})
    ]
    cases += [Case("Gemm", 11, [a, b])]
    return cases


def quantized() -> list[Case]:
    """A result may be one off where ONNX Runtime or the reference computes scales in another order: none here is."""
    x, scale, zero = normal(3, 4), np.float32(0.02), np.uint8(117)
    cases = [Case("QuantizeLinear", 13, [x, scale, zero]), Case("QuantizeLinear", 13, [x, scale])]
    cases += [Case("QuantizeLinear", 10, [x * 100, scale, np.int8(-3)])]
    scales, zeros = positive(4) / 50, np.array([-3, 0, 5, 100], np.int8)
    cases += [
        Case("QuantizeLinear", 13, [x, scales, zeros]),
        Case("QuantizeLinear", 13, [x.T.copy(), scales, zeros], {"axis": 0}),
    ]
    blocks, block = positive(3, 2) / 50, {"axis": 1, "block_size": 2}
    cases += [Case("QuantizeLinear", 21, [x, blocks, np.zeros((3, 2), np.int16)], block, dynamic=False)]
    cases += [Case("QuantizeLinear", 21, [x, scale], {"output_dtype": TensorProto.INT8})]
    bytes_, signed = (
        RANDOM.integers(0, 256, (3, 4)).astype(np.uint8),
        RANDOM.integers(-128, 128, (4, 5)).astype(np.int8),
    )
    cases += [
        Case("DequantizeLinear", 19, [bytes_, scale, zero]),
        *by_runtime(Case("DequantizeLinear", 10, [bytes_, scale])),
    ]
    cases += [Case("DequantizeLinear", 19, [bytes_, scales, zeros.astype(np.uint8)])]
    cases += [Case("DequantizeLinear", 21, [bytes_, blocks, np.zeros((3, 2), np.uint8)], block, dynamic=False)]
    cases += [Case("DequantizeLinear", 19, [RANDOM.integers(-9, 9, (3, 4)).astype(np.int32), scale])]
    cases += [Case("DynamicQuantizeLinear", 11, [normal(3, 4)], outputs=3)]
    cases += [Case("DynamicQuantizeLinear", 11, [positive(5)], outputs=3)]
    cases += [Case("MatMulInteger", 10, [bytes_, signed]), Case("MatMulInteger", 10, [bytes_, signed, zero])]
    columns = np.array([1, -2, 3, 0, 5], np.int8)
    cases += by_runtime(Case("MatMulInteger", 10, [bytes_, signed, zero, columns]))
    many = RANDOM.integers(0, 256, (2, 3, 4)).astype(np.uint8)
    cases += [Case("MatMulInteger", 10, [many, signed, zero, np.int8(4)], constants=(1, 3))]
    image = RANDOM.integers(0, 256, (1, 3, 6, 5)).astype(np.uint8)
    weight = RANDOM.integers(0, 256, (4, 3, 3, 3)).astype(np.uint8)
    pads = {"pads": [1, 1, 0, 2], "strides": [2, 1]}
    cases += by_runtime(Case("ConvInteger", 10, [image, weight, zero], pads, constants=(1,)))
    cases += by_runtime(Case("ConvInteger", 10, [image, weight], constants=(1,)))
    of_weight = np.array([1, 2, 3, 250], np.uint8)
    one = [np.float32(0.05), np.uint8(7)]
    cases += [Case("QLinearMatMul", 10, [bytes_, scale, zero, signed, scales[:1].reshape(()), np.int8(3), *one])]
    conv = [
        image,
        scale,
        zero,
        weight,
        positive(4) / 90,
        of_weight,
        *one,
        RANDOM.integers(-999, 999, 4).astype(np.int32),
    ]
    cases += by_runtime(Case("QLinearConv", 10, conv, pads, constants=(3, 4, 5)))
    return cases


def reductions() -> list[Case]:
    cases: list[Case] = []
    names = ("Sum", "Mean", "Max", "Min", "Prod", "L1", "L2", "LogSumExp", "SumSquare")
    for op in [f"Reduce{name}" for name in names]:
        axes_input = 13 if op == "ReduceSum" else 18
        cases += [Case(op, axes_input - 2, [X], {"axes": [1, -1]}), Case(op, axes_input - 2, [X], {"keepdims": 0})]
        cases += [Case(op, 18, [X, integers(-2)], {"keepdims": k}, constants=(1,)) for k in (0, 1)]
        cases += [Case(op, 18, [X])]
    cases += [Case("ReduceSum", 18, [X], {"noop_with_empty_axes": 1})]
    cases += [Case("ReduceLogSum", 18, [positive(3, 4), integers(1)], constants=(1,))]
    for op in ("ArgMax", "ArgMin"):
        cases += [Case(op, 13, [X], {"axis": -1}), Case(op, 13, [np.float32([[1, 3, 3, 1]])], {"axis": 1})]
        cases += [Case(op, 13, [np.float32([[1, 3, 3, 1]])], {"axis": 1, "select_last_index": 1, "keepdims": 0})]
    return cases


def movements() -> list[Case]:
    cases = [
        Case("Reshape", 13, [X, integers(0, -1, 5)], constants=(1,)),
        Case("Reshape", 5 + 2, [X, integers(6, 20)], constants=(1,)),
    ]
    cases += [Case("Reshape", 14, [normal(0, 3), integers(3, 0)], {"allowzero": 1}, constants=(1,))]
    cases += [Case("Flatten", 13, [X], {"axis": axis}) for axis in (0, 1, 2, 4, -1)]
    one = normal(1, 3, 1, 2)
    cases += [Case("Squeeze", 11, [one], {"axes": [0, -2]}), Case("Squeeze", 13, [one, integers(2)], constants=(1,))]
    cases += [Case("Squeeze", 13, [one], dynamic=False)]
    cases += [Case("Unsqueeze", 11, [X], {"axes": [0, 5]}), Case("Unsqueeze", 13, [X, integers(-1, 1)], constants=(1,))]
    cases += [Case("Transpose", 13, [X]), Case("Transpose", 13, [X], {"perm": [0, 2, 3, 1]})]
    cases += [Case("Concat", 13, [X, X, normal(2, 1, 4, 5)], {"axis": 1}), Case("Concat", 13, [X], {"axis": -1})]
    cases += [Case("Split", 11, [X], {"axis": 2}, outputs=2, dynamic=False)]
    cases += [Case("Split", 11, [X], {"axis": 3, "split": [1, 4]}, outputs=2)]
    cases += [Case("Split", 13, [X, integers(3, 1)], {"axis": 2}, constants=(1,), outputs=2)]
    cases += [Case("Split", 18, [X], {"axis": 3, "num_outputs": 2}, outputs=2, dynamic=False)]
    cases += [Case("Slice", 9, [X], {"starts": [1, -2], "ends": [2, 9], "axes": [0, 3]})]
    far = -(2**31)
    for bounds in [
        (integers(1, 0), integers(3, -1), integers(1, 3)),
        (integers(-1, 3), integers(far, 0), integers(-1, 2), integers(-1, -2)),
        (integers(0), integers(2**63 - 1), integers(2), integers(3)),
    ]:
        cases += [Case("Slice", 13, [X, *bounds], constants=range(1, len(bounds) + 1))]
    cases += [Case("Gather", 13, [X, np.array([[0, -1], [1, 0]])], {"axis": 1}, constants=(1,))]
    cases += [Case("Gather", 13, [X, integers(2, 0, -1)], {"axis": 2})]
    cases += [Case("Pad", 10, [X], {"pads": [0, 0, 1, 2, 0, 1, 0, 1], "value": 1.5})]
    cases += [Case("Pad", 10, [X], {"pads": [0, 0, 1, 2, 0, 0, 2, 1], "mode": mode}) for mode in ("reflect", "edge")]
    cases += by_runtime(Case("Pad", 13, [X, integers(0, 1, -1, 0, 0, 0, 2, -2), np.float32(3)], constants=(1, 2)))
    cases += [Case("Pad", 18, [X, integers(1, 2, 0, 1), None, integers(1, -1)], constants=(1, 3))]
    cases += [Case("Expand", 13, [normal(3, 1), integers(2, 1, 4)], constants=(1,))]
    cases += [Case("Tile", 13, [normal(2, 3), integers(2, 3)], constants=(1,), dynamic=False)]
    depth = normal(1, 8, 2, 3)
    cases += [
        Case("DepthToSpace", 13, [depth], {"blocksize": 2, "mode": mode}, dynamic=False) for mode in ("DCR", "CRD")
    ]
    cases += [Case("SpaceToDepth", 13, [normal(1, 2, 4, 6)], {"blocksize": 2}, dynamic=False)]
    cases += [Case("Identity", 16, [X]), Case("Dropout", 10, [X]), Case("Dropout", 13, [X], outputs=2)]
    cases += [Case("Trilu", 14, [normal(4, 5)], {"upper": u}, dynamic=False) for u in (0, 1)]
    cases += [Case("Trilu", 14, [normal(4, 5), np.int64(k)], constants=(1,), dynamic=False) for k in (-1, 1)]
    hot = [np.array([[1, -1], [0, 2]]), np.int64(3), np.float32([-1, 5])]
    cases += [Case("OneHot", 11, hot, {"axis": axis}, constants=(1,)) for axis in (-1, 0, 1)]
    return cases


def constants() -> list[Case]:
    cases = [Case("Shape", 13, [X]), Case("Shape", 15, [X], {"start": 1, "end": -1}), Case("Size", 13, [X])]
    value = numpy_helper.from_array(np.float32([2.5]))
    cases += [Case("ConstantOfShape", 9, [integers(2, 3)], {"value": value}, constants=(0,), dynamic=False)]
    cases += [Case("ConstantOfShape", 9, [integers(2, 3)], constants=(0,), dynamic=False)]
    cases += [Case("Range", 11, [np.int64(2), np.int64(11), np.int64(3)], constants=(0, 1, 2), dynamic=False)]
    cases += [
        Case("Range", 11, [np.float32(2), np.float32(0.5), np.float32(-0.25)], constants=(0, 1, 2), dynamic=False)
    ]
    cases += [Case("EyeLike", 9, [normal(3, 4)], {"k": 1}, dynamic=False)]
    cases += [Case("Constant", 13, [], {"value": numpy_helper.from_array(normal(40))}, dynamic=False)]
    cases += [Case("Constant", 13, [], {"value_floats": [1.0, 2.0]}, dynamic=False)]
    cases += [Case("Constant", 13, [], {"value_int": 3}, dynamic=False)]
    return cases


def resizes() -> list[Case]:
    x = normal(1, 2, 4, 5)
    up, down = np.float32([1, 1, 2, 3]), np.float32([1, 1, 0.6, 0.8])
    sizes = integers(1, 2, 7, 3)
    cases = by_runtime(*(Case("Resize", 10, [x, up], {"mode": mode}, constants=(1,)) for mode in ("nearest", "linear")))
    cases += by_runtime(
        *(Case("Upsample", 9, [x, up], {"mode": mode}, constants=(1,)) for mode in ("nearest", "linear"))
    )
    cases += by_runtime(Case("Upsample", 7, [x], {"scales": [1.0, 1.0, 2.0, 3.0]}))
    for coordinate in ("half_pixel", "pytorch_half_pixel", "align_corners", "asymmetric"):
        for mode in ("nearest", "linear", "cubic"):
            how = {"coordinate_transformation_mode": coordinate, "mode": mode}
            by_scales = [Case("Resize", 13, [x, None, scales], how, constants=(2,)) for scales in (up, down)]
            cases += by_runtime(*by_scales) if coordinate == "align_corners" else by_scales
            cases += [Case("Resize", 13, [x, None, None, sizes], how, constants=(3,))]
    how = {"coordinate_transformation_mode": "tf_half_pixel_for_nn", "nearest_mode": "floor"}
    cases += by_runtime(Case("Resize", 11, [x, np.float32([]), up], how, constants=(1, 2)))
    for nearest in ("floor", "ceil", "round_prefer_ceil"):
        cases += [Case("Resize", 13, [x, None, down], {"nearest_mode": nearest}, constants=(2,))]
    how = {"coordinate_transformation_mode": "half_pixel_symmetric", "mode": "linear"}
    cases += [Case("Resize", 19, [x, None, down], how, constants=(2,))]
    cases += [
        Case("Resize", 18, [x, None, None, integers(7, 3)], {"axes": [2, 3], "mode": "linear"}, (3,), dynamic=False)
    ]
    cases += [Case("Resize", 13, [x, None, up], {"mode": "cubic", "exclude_outside": 1, "cubic_coeff_a": -0.5}, (2,))]
    for mode in ("linear", "cubic"):
        for outside in (0, 1):
            how = {"mode": mode, "antialias": 1, "exclude_outside": outside}
            cases += [Case("Resize", 19, [x, None, scales], how, constants=(2,)) for scales in (up, down)]
            cases += [Case("Resize", 18, [normal(1, 2, 11, 17), None, None, sizes], how, constants=(3,))]
    for roi in ([0, 0, 0.2, 0.1, 1, 1, 0.7, 0.9], [0, 0, -0.3, 0.5, 1, 1, 0.5, 1.4], [0, 0, 0.9, 0, 1, 1, 0.1, 1]):
        for mode in ("nearest", "linear", "cubic"):
            how = {"coordinate_transformation_mode": "tf_crop_and_resize", "mode": mode, "extrapolation_value": 9.0}
            cases += [Case("Resize", 13, [x, np.float32(roi), None, sizes], how, constants=(1, 3), dynamic=False)]
            cases += [Case("Resize", 13, [x, np.float32(roi), up], how, constants=(1, 2), dynamic=False)]
    how = {"coordinate_transformation_mode": "tf_crop_and_resize", "axes": [3, 2], "mode": "linear"}
    roi, few = np.float32([0.1, 0.3, 0.8, 0.6]), integers(1, 3)
    cases += [Case("Resize", 18, [x, roi, None, few], how, constants=(1, 3), dynamic=False)]
    for policy in ("not_larger", "not_smaller"):
        how = {"keep_aspect_ratio_policy": policy, "mode": "linear", "axes": [2, 3]}
        cases += by_runtime(Case("Resize", 18, [x, None, None, integers(7, 6)], how, constants=(3,), dynamic=False))
    return cases


def losses() -> list[Case]:
    cases: list[Case] = []
    target, many = RANDOM.integers(0, 4, (3,)), RANDOM.integers(0, 4, (3, 2, 5)).astype(np.int32)
    for op in ("NegativeLogLikelihoodLoss", "SoftmaxCrossEntropyLoss"):
        for kind in ("none", "sum", "mean"):
            how = {"reduction": kind}
            cases += [Case(op, 13, [normal(3, 4), target], how, dynamic=False)]
            cases += [Case(op, 13, [normal(3, 4, 2, 5), many, positive(4)], {**how, "ignore_index": 2}, dynamic=False)]
            cases += [Case(op, 13, [normal(3, 4), target], {**how, "ignore_index": int(target[0])}, dynamic=False)]
    cases += [Case("SoftmaxCrossEntropyLoss", 12, [normal(3, 4, 2, 5), many], outputs=2, dynamic=False)]
    return cases


FAMILIES = (
    elementwise,
    activations,
    convolutions,
    pools,
    normalizations,
    losses,
    products,
    quantized,
    reductions,
    movements,
    constants,
    resizes,
)
CASES = [case for family in FAMILIES for case in family()]


@pytest.mark.parametrize("op", ["Add", "Less"])
def test_broadcasts_at_an_axis_before_opset_7(op: str) -> None:
    """`axis` says where the second operand's dims stand. ONNX's evaluator knows no opset so old."""
    a, b = normal(2, 3, 4), normal(3)
    case = Case(op, 6, [a, b], {"broadcast": 1, "axis": 1})
    want = {"Add": np.add, "Less": np.less}[op](a, b[:, None])
    for symbolic in (False, True):
        np.testing.assert_array_equal(case.ours(symbolic=symbolic)[0], want)


@pytest.mark.parametrize("case", CASES, ids=str)
@pytest.mark.parametrize("symbolic", [False, True], ids=["static", "symbolic"])
def test_agrees_with_onnx(case: Case, symbolic: bool) -> None:
    if symbolic and not case.feeds():
        pytest.skip("has no inputs")
    if symbolic and not case.dynamic:
        with pytest.raises(StepwellError, match=case.op):
            case.ours(symbolic=True)
        return
    with np.errstate(all="ignore"):
        wanted, got = case.expected(), case.ours(symbolic=symbolic)
    for want, have in zip(wanted, got, strict=True):
        want = np.asarray(want)
        assert (have.dtype, have.shape) == (want.dtype, want.shape)
        np.testing.assert_allclose(have, want, rtol=1e-4, atol=1e-5)
