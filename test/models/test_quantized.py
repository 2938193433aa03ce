"""Models as ONNX Runtime's quantizer writes them, in both forms, agree with ONNX Runtime as its own levels do."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import real_models
import stepwell

DIGITS = Path(__file__).parents[2] / "examples" / "digits" / "digits.onnx"


class Feeds:
    """Inputs to find the ranges of activations with: ONNX Runtime asks for one after the other."""

    def __init__(self, name: str, arrays: list[np.ndarray]) -> None:
        self.feeds = iter([{name: array} for array in arrays])

    def get_next(self) -> dict[str, np.ndarray] | None:
        return next(self.feeds, None)


def quantized(source: Path, folder: Path, name: str, shape: tuple[int, ...], form: str, signed: bool) -> Path:
    """`source` in 8 bits: in the QDQ or the QOperator form; activations without a sign and one scale a weight, or
    activations with a sign and one scale a channel."""
    quantization = pytest.importorskip("onnxruntime.quantization")
    prepared, made = folder / "prepared.onnx", folder / "quantized.onnx"
    quantization.shape_inference.quant_pre_process(source, prepared, skip_symbolic_shape=True)
    random = np.random.default_rng(0)
    kinds = quantization.QuantType
    quantization.quantize_static(
        prepared,
        made,
        Feeds(name, [random.standard_normal(shape).astype(np.float32) for _ in range(4)]),
        quant_format=quantization.QuantFormat[form],
        activation_type=kinds.QInt8 if signed else kinds.QUInt8,
        weight_type=kinds.QInt8,
        per_channel=signed,
    )
    return made


def levels(model: Path, feeds: dict[str, np.ndarray]) -> list[np.ndarray]:
    """What ONNX Runtime gives as the model stands, with its extended optimizations, and with all."""
    onnxruntime = pytest.importorskip("onnxruntime")
    kinds = onnxruntime.GraphOptimizationLevel
    results: list[np.ndarray] = []
    for level in (kinds.ORT_DISABLE_ALL, kinds.ORT_ENABLE_EXTENDED, kinds.ORT_ENABLE_ALL):
        options = onnxruntime.SessionOptions()
        options.graph_optimization_level = level
        results.append(onnxruntime.InferenceSession(str(model), options).run(None, feeds)[0])
    return results


@pytest.mark.parametrize("signed", [False, True], ids=["unsigned", "by-channel"])
@pytest.mark.parametrize("form", ["QDQ", "QOperator"])
def test_digits(tmp_path: Path, form: str, signed: bool) -> None:
    """A small network: what quantization leaves of its numbers is the same to the last bit."""
    model = quantized(DIGITS, tmp_path, "image", (1, 1, 8, 8), form, signed)
    for seed in range(3):
        image = np.random.default_rng(seed).random((1, 1, 8, 8), np.float32)
        got = stepwell.compile(model).run({"image": image})["logits"]
        assert any(np.array_equal(got, level) for level in levels(model, {"image": image}))


@pytest.mark.parametrize(("form", "signed"), [("QDQ", True), ("QOperator", False)])
def test_mobilenet(tmp_path: Path, form: str, signed: bool) -> None:
    """52 convolutions: where a number falls between two, roundings differ, by as much as between two levels of ONNX
    Runtime (0.033 and 0.037 of the largest output), and never for the class that is found."""
    source = real_models.fetch("mobilenet_v2_imagenet")
    model = quantized(Path(source), tmp_path, "input", (1, 3, 224, 224), form, signed)
    image = np.random.default_rng(1).standard_normal((1, 3, 224, 224)).astype(np.float32)
    (got,) = stepwell.compile(model).run({"input": image}).values()
    wanted = levels(model, {"input": image})
    largest = np.abs(wanted[-1]).max()
    assert min(np.abs(got - want).max() for want in wanted) <= 0.037 * largest
    assert got.argmax() == wanted[-1].argmax()
