"""The Python API: what may be compiled, what `run` takes and gives, and that calls do not disturb each other."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import onnx
import pytest
import stepwell
from onnx.reference import ReferenceEvaluator
from requirements import require_compiler
from stepwell.diagnostics import StepwellError

DIGITS = Path(__file__).resolve().parent.parent.parent / "examples" / "digits" / "digits.onnx"
TARGETS = ["native", "c"]


@pytest.fixture(params=TARGETS)
def target(request: pytest.FixtureRequest) -> str:
    if request.param == "c":
        require_compiler()
    return request.param


def images(count: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).random((count, 1, 8, 8), np.float32)


def expected(x: np.ndarray) -> np.ndarray:
    return ReferenceEvaluator(str(DIGITS)).run(None, {"image": x})[0]


@pytest.mark.parametrize("source", [str(DIGITS), DIGITS, DIGITS.read_bytes(), onnx.load(DIGITS)], ids=type)
def test_sources(source: object, target: str) -> None:
    program = stepwell.compile(source, target=target)
    x = images(2)
    np.testing.assert_allclose(program.run({"image": x})["logits"], expected(x), rtol=1e-5, atol=1e-5)


def test_a_program_says_what_it_takes_and_gives() -> None:
    program = stepwell.compile(DIGITS)
    assert [(s.name, s.dtype, s.dims) for s in program.inputs] == [("image", "float32", ("batch", 1, 8, 8))]
    assert [(s.name, s.dtype, s.dims) for s in program.outputs] == [("logits", "float32", ("batch", 10))]


def test_each_shape_is_compiled_once(target: str, monkeypatch: pytest.MonkeyPatch) -> None:
    program = stepwell.compile(DIGITS, target=target)
    made: list[object] = []
    specialize = program.specialize
    monkeypatch.setattr(program, "specialize", lambda shapes, values: made.append(shapes) or specialize(shapes, values))
    for count in (1, 3, 1, 3, 2):
        x = images(count, seed=count)
        np.testing.assert_allclose(program.run({"image": x})["logits"], expected(x), rtol=1e-5, atol=1e-5)
    assert made == [((1, 1, 8, 8),), ((3, 1, 8, 8),), ((2, 1, 8, 8),)]


def test_outputs_are_the_callers_own(target: str) -> None:
    program = stepwell.compile(DIGITS, target=target)
    first = program.run({"image": images(2, 1)})["logits"]
    kept = first.copy()
    program.run({"image": images(2, 2)})
    assert (first == kept).all()


def test_inputs_may_be_views(target: str) -> None:
    program = stepwell.compile(DIGITS, target=target)
    x = images(4)
    strided, reversed_ = x[::2], x[:, :, :, ::-1]
    for view in (strided, reversed_, np.asfortranarray(x)):
        np.testing.assert_allclose(program.run({"image": view})["logits"], expected(view.copy()), rtol=1e-5, atol=1e-5)


def test_threads_may_call_one_program(target: str) -> None:
    program = stepwell.compile(DIGITS, target=target)
    inputs = [images(1 + n % 3, seed=n) for n in range(12)]
    want = [program.run({"image": x})["logits"] for x in inputs]
    got: list[np.ndarray | None] = [None] * len(inputs)

    def call(n: int) -> None:
        for _ in range(20):
            got[n] = program.run({"image": inputs[n]})["logits"]

    callers = [threading.Thread(target=call, args=(n,)) for n in range(len(inputs))]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    for mine, theirs in zip(got, want, strict=True):
        assert mine is not None and mine.tobytes() == theirs.tobytes()


@pytest.mark.parametrize(
    ("feeds", "words"),
    [
        ({}, "missing"),
        ({"image": [[[[0.0] * 8] * 8]]}, "not a numpy array"),
        ({"image": images(1).astype(">f4")}, "byte order"),
        ({"image": images(1).astype("f2")}, "float16"),
        ({"image": images(1)[..., :7]}, "7"),
    ],
)
def test_wrong_inputs_are_named(feeds: dict[str, np.ndarray], words: str) -> None:
    program = stepwell.compile(DIGITS)
    with pytest.raises(stepwell.InputError, match=words) as raised:
        program.run(feeds)
    assert "'image'" in str(raised.value)


def test_inputs_that_share_a_symbol_must_agree() -> None:
    def info(name: str, *dims: int | str) -> onnx.ValueInfoProto:
        return onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, dims)

    add = onnx.helper.make_node("Add", ["a", "b"], ["y"])
    graph = onnx.helper.make_graph([add], "g", [info("a", "n", 2), info("b", "n", 2)], [info("y", "n", 2)])
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=8)
    program = stepwell.compile(model)
    two, three = np.ones((2, 2), np.float32), np.ones((3, 2), np.float32)
    assert program.run({"a": two, "b": two})["y"].tolist() == [[2, 2], [2, 2]]
    with pytest.raises(stepwell.InputError, match="'n' is 2 in input 'a' and 3 in input 'b'"):
        program.run({"a": two, "b": three})


def test_bf16_rounds_what_products_multiply_and_f32_nothing() -> None:
    x = images(64)
    want = expected(x)
    exact, rounded = (stepwell.compile(DIGITS, precision=p).run({"image": x})["logits"] for p in ("f32", "bf16"))
    np.testing.assert_allclose(exact, want, rtol=1e-5, atol=1e-5)
    error = np.abs(rounded - want).max() / np.abs(want).max()
    assert 1e-5 < error < 2e-2
    assert (rounded.argmax(axis=1) == want.argmax(axis=1)).mean() > 0.95


def test_precisions_that_cannot_be_had() -> None:
    with pytest.raises(StepwellError, match="there is no precision 'f16'"):
        stepwell.compile(DIGITS, precision="f16").run({"image": images(1)})
    with pytest.raises(StepwellError, match="target 'c' has no option 'precision'"):
        stepwell.compile(DIGITS, "c", precision="bf16").run({"image": images(1)})
