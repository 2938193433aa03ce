"""Floats of 16 and 64 bits on devices, with and without a type for them, against numpy and the native target."""

from __future__ import annotations

from typing import Any

import ml_dtypes
import numpy as np
import pytest
import stepwell
from onnx import parser
from requirements import require_device
from stepwell.diagnostics import StepwellError
from stepwell.runtime.device import DeviceError
from stepwell.runtime.webgpu import needed

DEVICES = ("wgsl", "spirv", "opencl", "glsl")
on_devices = pytest.mark.parametrize("target", DEVICES)
NUMPY: dict[str, Any] = {"float16": np.float16, "bfloat16": ml_dtypes.bfloat16, "double": np.float64}
shorts = pytest.mark.parametrize("kind", ["float16", "bfloat16"])


def model(text: str) -> bytes:
    text = f'<ir_version: 10, opset_import: ["" : 22]> agraph {text}'
    return parser.parse_model(text).SerializeToString()


def between(kind: str) -> Any:
    """The numbers of a type, as f32; the middles between neighbours; and what lies just beside a middle."""
    numbers = (
        np.arange(0, 0x7C01 if kind == "float16" else 0x7F81, dtype=np.uint16).view(NUMPY[kind]).astype(np.float64)
    )
    if kind == "bfloat16":
        numbers = numbers[numbers > 1e-37]  # a device may take denormals of f32 for 0
    finite = numbers[:-1]
    middles = ((finite[1:] + finite[:-1]) / 2).astype(np.float32)
    positive = np.concatenate(
        [
            numbers.astype(np.float32),
            middles,
            np.nextafter(middles, np.float32(0)),
            np.nextafter(middles, np.float32(np.inf)),
        ]
    )
    return np.concatenate([positive, -positive, np.array([np.nan], np.float32)])


@on_devices
@shorts
def test_every_number_is_rounded_as_numpy_does(kind: str, target: str) -> None:
    require_device(target)
    x = between(kind)
    number = {"float16": 10, "bfloat16": 16}[kind]
    text = "(float[N] x) => (KIND[N] y, float[N] z) { y = Cast<to=NUMBER>(x) z = Cast<to=1>(y) }"
    text = text.replace("NUMBER", str(number)).replace("N]", f"{x.size}]").replace("KIND", kind)
    got = stepwell.compile(model(text), target=target).run({"x": x})
    with np.errstate(over="ignore"):
        want = x.astype(NUMPY[kind])
    np.testing.assert_array_equal(got["y"].astype(np.float32), want.astype(np.float32))
    np.testing.assert_array_equal(got["z"], want.astype(np.float32))


MODELS = {
    "sums": "({T}[50] x, {T}[50] y) => ({T}[50] z) { a = Add(x, y) b = Mul(a, y) z = Tanh(b) }",
    "an odd number": "({T}[7] x, {T}[7] y) => ({T}[7] z) { z = Max(x, y) }",
    "a product": "({T}[8,640] x, {T}[640,16] y) => ({T}[8,16] z) { z = MatMul(x, y) }",
    "a pool": "({T}[1,4,7,7] x) => ({T}[1,4,3,3] z) { z = MaxPool<kernel_shape = [3,3], strides = [2,2]>(x) }",
    "the largest": "({T}[3,70] x) => ({T}[3,70] z) { z = Hardmax(x) }",
    "softmax": "({T}[8,64] x) => ({T}[8,64] z) { z = Softmax(x) }",
    "weights": "({T}[4] x) => ({T}[4] z) { w = Constant<value = float[4] {1.5, -2, 0.1, 65000}>() "
    "c = CastLike(w, x) z = Mul(x, c) }",
    "places": "({T}[5] x, int64[3] i) => ({T}[3] z) { z = Gather(x, i) }",
}


@on_devices
@shorts
@pytest.mark.parametrize("name", MODELS)
def test_models_agree_with_the_native_target(name: str, kind: str, target: str) -> None:
    """A product adds up in f32 on both: 640 terms in f16 would be 2e-2 off."""
    require_device(target)
    source = model(MODELS[name].replace("{T}", kind))
    program = stepwell.compile(source, target=target)
    random = np.random.default_rng(0)
    feeds = {
        spec.name: np.array([3, -1, 0])
        if spec.dtype == "int64"
        else random.random([int(dim) for dim in spec.dims]).astype(NUMPY[kind])
        for spec in program.inputs
    }
    got, want = program.run(feeds)["z"], stepwell.compile(source).run(feeds)["z"]
    assert got.dtype == NUMPY[kind]
    unit = {"float16": 2**-10, "bfloat16": 2**-7}[kind]
    np.testing.assert_allclose(got.astype(np.float32), want.astype(np.float32), rtol=unit)


def test_products_of_halves_are_those_of_numpy() -> None:
    require_device("wgsl")
    random = np.random.default_rng(1)
    x, y = (random.standard_normal(size).astype(np.float16) for size in ((8, 640), (640, 16)))
    got = stepwell.compile(model(MODELS["a product"].replace("{T}", "float16")), target="wgsl").run({"x": x, "y": y})
    np.testing.assert_allclose(got["z"], x.astype(np.float64) @ y.astype(np.float64), rtol=2**-10, atol=1e-3)


def test_doubles_run_where_the_device_has_them() -> None:
    require_device("opencl")
    x = np.linspace(-3, 3, 50)
    got = stepwell.compile(model("(double[50] x) => (double[50] y) { a = Exp(x) y = Add(a, x) }"), target="opencl")
    np.testing.assert_allclose(got.run({"x": x})["y"], np.exp(x) + x, rtol=1e-15)


@pytest.mark.parametrize(
    ("target", "device"),
    [("wgsl", "webgpu"), ("glsl", "opengl"), ("webgl", "webgl"), ("msl", "metal")],
)
def test_doubles_are_refused_by_name_where_it_has_none(target: str, device: str) -> None:
    with pytest.raises(StepwellError, match=rf"(?s)tensors of f64, which {device} has not.*node 'total'"):
        stepwell.compile(model("(double[4] x) => (double[4] y) { [total] y = Add(x, x) }"), target=target)


def test_an_adapter_without_a_type_is_told_before_anything_runs() -> None:
    with pytest.raises(DeviceError, match=r"tensors of float16, which Some GPU has not .*shader-f16") as raised:
        needed({"subgroup"}, "Some GPU", "float16")
    assert raised.value.fix is not None and "float32" in raised.value.fix
