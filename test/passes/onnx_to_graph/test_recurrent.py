"""RNN, GRU and LSTM over their attributes and optional inputs, against ONNX Runtime.

ONNX's own reference evaluator knows neither sequence_lens nor most of the attributes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnx
import pytest
import stepwell
from onnx import TensorProto, helper, numpy_helper
from reference import evaluate
from requirements import require_target
from stepwell.context import Context
from stepwell.diagnostics import StepwellError
from stepwell.dialects.onnx.importer import import_onnx
from stepwell.pass_manager import parse_passes, run_passes

GATES = {"RNN": 1, "GRU": 3, "LSTM": 4}
FUNCTIONS = {"RNN": 1, "GRU": 2, "LSTM": 3}
STEPS, BATCH, INPUTS, HIDDEN = 4, 3, 5, 6


@dataclass
class Case:
    op: str
    attributes: dict[str, Any] = field(default_factory=dict)
    given: tuple[str, ...] = ("B",)
    """The optional inputs, of B, lengths, h, c, P."""
    lengths: tuple[int, ...] = (4, 2, 1)
    steps: int = STEPS
    outputs: tuple[bool, ...] = (True, True, True)
    weights_are_inputs: bool = False

    def __str__(self) -> str:
        said = "-".join(f"{name}={value}" for name, value in self.attributes.items())
        return f"{self.op}-{said}-{'+'.join(self.given)}-{self.steps}".replace(" ", "")

    @property
    def directions(self) -> int:
        return 2 if self.attributes.get("direction") == "bidirectional" else 1

    def arrays(self) -> dict[str, np.ndarray]:
        random = np.random.default_rng(3)

        def normal(*shape: int) -> np.ndarray:
            return (random.standard_normal(shape) * 0.5).astype(np.float32)

        gates, count, first = GATES[self.op], self.directions, self.attributes.get("layout", 0)
        state = (BATCH, count, HIDDEN) if first else (count, BATCH, HIDDEN)
        every = {
            "X": normal(*((BATCH, self.steps) if first else (self.steps, BATCH)), INPUTS),
            "W": normal(count, gates * HIDDEN, INPUTS),
            "R": normal(count, gates * HIDDEN, HIDDEN),
            "B": normal(count, 2 * gates * HIDDEN),
            "lengths": np.array(self.lengths, np.int32),
            "h": normal(*state),
            "c": normal(*state),
            "P": normal(count, 3 * HIDDEN),
        }
        return {name: array for name, array in every.items() if name in ("X", "W", "R", *self.given)}

    def model(self) -> onnx.ModelProto:
        arrays = self.arrays()
        names = ["X", "W", "R", "B", "lengths", "h", *(["c", "P"] if self.op == "LSTM" else [])]
        outputs = ["Y", "Y_h", "Y_c"][: 3 if self.op == "LSTM" else 2]
        wanted = [name if used else "" for name, used in zip(outputs, self.outputs, strict=False)]
        node = helper.make_node(
            self.op, [name if name in arrays else "" for name in names], wanted, hidden_size=HIDDEN, **self.attributes
        )
        stored = () if self.weights_are_inputs else ("W", "R", "B", "P")
        inputs = [
            helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(array.dtype), array.shape)
            for name, array in arrays.items()
            if name not in stored
        ]
        results = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in wanted if name]
        weights = [numpy_helper.from_array(array, name) for name, array in arrays.items() if name in stored]
        graph = helper.make_graph([node], "case", inputs, results, weights)
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 14)], ir_version=8)

    def feeds(self) -> dict[str, np.ndarray]:
        names = {value.name for value in self.model().graph.input}
        return {name: array for name, array in self.arrays().items() if name in names}

    def expected(self) -> dict[str, np.ndarray]:
        """By ONNX Runtime, which does not implement layout = 1: there the same case of layout 0, turned."""
        onnxruntime = pytest.importorskip("onnxruntime")
        model, feeds = self.model(), self.feeds()
        if first := self.attributes.get("layout"):
            attributes = {name: value for name, value in self.attributes.items() if name != "layout"}
            model = Case(self.op, attributes, self.given, self.lengths, self.steps, self.outputs).model()
            feeds = {name: array.swapaxes(0, 1) if name in "Xhc" else array for name, array in feeds.items()}
        session = onnxruntime.InferenceSession(model.SerializeToString())
        outputs = dict(zip([value.name for value in model.graph.output], session.run(None, feeds), strict=True))
        if not first:
            return outputs
        turn = {"Y": (2, 0, 1, 3), "Y_h": (1, 0, 2), "Y_c": (1, 0, 2)}
        return {name: array.transpose(turn[name]) for name, array in outputs.items()}


DIRECTIONS = ("forward", "reverse", "bidirectional")
EVERYTHING = {"RNN": ("B", "h"), "GRU": ("B", "h"), "LSTM": ("B", "h", "c", "P")}

ACTIVATIONS: list[tuple[str, dict[str, Any]]] = [
    ("Relu", {}),
    ("Tanh", {}),
    ("Sigmoid", {}),
    ("Softsign", {}),
    ("Softplus", {}),
    ("LeakyRelu", {"activation_alpha": [0.3]}),
    ("ThresholdedRelu", {"activation_alpha": [0.1]}),
    ("Elu", {"activation_alpha": [0.7]}),
    ("Affine", {"activation_alpha": [0.5], "activation_beta": [0.2]}),
    ("ScaledTanh", {"activation_alpha": [0.5], "activation_beta": [0.6]}),
    ("HardSigmoid", {"activation_alpha": [0.3], "activation_beta": [0.4]}),
]


def cases() -> list[Case]:
    made: list[Case] = []
    for op in GATES:
        for direction in DIRECTIONS:
            way = {"direction": direction}
            made += [Case(op, way), Case(op, way, EVERYTHING[op]), Case(op, way, ("lengths", *EVERYTHING[op]))]
            made += [Case(op, {**way, "layout": 1}, EVERYTHING[op]), Case(op, way, (), steps=1)]
            made += [Case(op, {**way, "clip": 0.3}, EVERYTHING[op])]
            made += [Case(op, way, ("B", "lengths"), (2, 3, 2)), Case(op, way, ("B", "lengths"), (1, 1, 1), steps=1)]
        made += [Case(op, {}, ("B",), outputs=(True, False)), Case(op, {}, ("B",), outputs=(False, True))]
        made += [Case(op, {"direction": "bidirectional"}, EVERYTHING[op], weights_are_inputs=True)]
        made += [Case(op, {"activations": ["Relu", "Tanh", "Softsign"][: FUNCTIONS[op]]})]
    for name, numbers in ACTIVATIONS:
        made += [Case("RNN", {"activations": [name], **numbers})]
        made += [Case("LSTM", {"activations": ["Sigmoid", name, "Tanh"], **numbers})]
    several = {"activation_alpha": [0.3, 0.2, 0.7], "activation_beta": [0.4, 0.6]}
    names = ["HardSigmoid", "Tanh", "LeakyRelu", "Sigmoid", "Affine", "Elu"]
    made += [Case("LSTM", {"direction": "bidirectional", "activations": names, **several}, EVERYTHING["LSTM"])]
    for direction in DIRECTIONS:
        for given in ((), ("B",), ("B", "h", "lengths")):
            made += [Case("GRU", {"direction": direction, "linear_before_reset": 1}, given)]
    made += [Case("GRU", {"linear_before_reset": 1, "clip": 0.2})]
    made += [Case("LSTM", {"input_forget": 1}, EVERYTHING["LSTM"]), Case("LSTM", {"clip": 0.2}, ("B", "h", "c"))]
    return made


def check(got: dict[str, np.ndarray], want: dict[str, np.ndarray]) -> None:
    assert got.keys() == want.keys()
    for name, expected in want.items():
        assert (got[name].dtype, got[name].shape) == (expected.dtype, expected.shape), name
        np.testing.assert_allclose(got[name], expected, rtol=1e-4, atol=2e-6, err_msg=name)


@pytest.mark.parametrize("case", cases(), ids=str)
def test_agrees_with_onnx_runtime(case: Case) -> None:
    """At the graph level, in numpy."""
    ctx = Context()
    module = import_onnx(ctx, case.model())
    run_passes(ctx, module, parse_passes("onnx-to-graph,infer-shapes"), verify_each=True)
    check(evaluate(ctx, module, case.feeds()), case.expected())


@pytest.mark.parametrize("op", GATES)
def test_without_steps(op: str) -> None:
    """The state stays what it was, and there is nothing to hand out."""
    case = Case(op, {}, EVERYTHING[op], steps=0)
    ctx = Context()
    module = import_onnx(ctx, case.model())
    run_passes(ctx, module, parse_passes("onnx-to-graph,infer-shapes"), verify_each=True)
    got = evaluate(ctx, module, case.feeds())
    assert got["Y"].shape == (0, 1, BATCH, HIDDEN)
    np.testing.assert_array_equal(got["Y_h"], case.arrays()["h"])


@pytest.mark.parametrize(
    ("attributes", "said"),
    [
        ({"direction": "sideways"}, "direction 'sideways' does not exist"),
        ({"activations": ["Step"]}, "activation 'Step' is not supported"),
    ],
)
def test_refused(attributes: dict[str, Any], said: str) -> None:
    ctx = Context()
    module = import_onnx(ctx, Case("RNN", attributes).model())
    with pytest.raises(StepwellError, match=said):
        run_passes(ctx, module, parse_passes("onnx-to-graph"))


@pytest.mark.parametrize("target", ["native", "c", "opencl"])
@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("op", GATES)
def test_compiled(op: str, direction: str, target: str) -> None:
    require_target(target)
    case = Case(op, {"direction": direction}, ("lengths", *EVERYTHING[op]))
    check(stepwell.compile(case.model(), target=target).run(case.feeds()), case.expected())
