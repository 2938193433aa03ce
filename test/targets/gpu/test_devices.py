"""Kernels run by WebGPU, OpenCL, OpenGL, CUDA: numbers against ONNX Runtime's and numpy's; what lacks is said."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
import real_models
import stepwell
from onnx import TensorProto, helper, parser
from requirements import require_device
from stepwell.diagnostics import StepwellError
from ulps import errors

DIGITS = Path(__file__).parents[3] / "examples" / "digits" / "digits.onnx"
TOLERANCE = 1e-5


DEVICES = ("wgsl", "spirv", "opencl", "glsl", "webgl", "cuda")
on_devices = pytest.mark.parametrize("target", DEVICES)
on_computers = pytest.mark.parametrize("target", [target for target in DEVICES if target != "webgl"])
"""Fragment shaders have no control flow of the host, and refuse it by name."""


def compiled(text: str, target: str = "wgsl") -> stepwell.Program:
    model = parser.parse_model(f'<ir_version: 8, opset_import: ["" : 18]> agraph {text}')
    return stepwell.compile(model.SerializeToString(), target=target)


@on_devices
def test_digits_agree_with_the_native_target(target: str) -> None:
    require_device(target)
    feeds = {"image": np.random.default_rng(0).random((3, 1, 8, 8), np.float32)}
    want = stepwell.compile(DIGITS).run(feeds)["logits"]
    got = stepwell.compile(DIGITS, target=target).run(feeds)["logits"]
    np.testing.assert_allclose(got, want, rtol=TOLERANCE, atol=TOLERANCE)


MODELS = (
    *("mobilenet_v2_imagenet", "mtcnn_pnet", "mtcnn_rnet", "mtcnn_onet", "esrgan_slim_x2", "mediapipe_selfie_seg"),
    "all_minilm_l6_v2_fp32",
    "silero_vad_16k_sequence",  # a recurrence: the host counts its steps
)
REFUSED_BY_WEBGL = {
    "all_minilm_l6_v2_fp32": "takes a buffer of 46881792 bytes; webgl has 16777216",
}


@on_devices
@pytest.mark.parametrize("name", MODELS)
def test_real_models_agree_with_onnx_runtime(name: str, target: str) -> None:
    require_device(target)
    if (name, target) == ("mediapipe_selfie_seg", "glsl"):
        pytest.skip("llvmpipe takes a minute to compile it")
    if (name, target) == ("esrgan_slim_x2", "webgl"):
        pytest.skip("llvmpipe takes half a minute to draw it")
    if target == "webgl" and name in REFUSED_BY_WEBGL:
        with pytest.raises(StepwellError, match=REFUSED_BY_WEBGL[name]):
            stepwell.compile(real_models.fetch(name), target=target).run(real_models.recorded(name)[0])
        return
    feeds, want = real_models.recorded(name)
    if (name, target) == ("mobilenet_v2_imagenet", "webgl"):  # four images take textures of more than 2048 by 2048
        feeds, want = ({key: array[:1] for key, array in arrays.items()} for arrays in (feeds, want))
    real_models.assert_agrees(stepwell.compile(real_models.fetch(name), target=target).run(feeds), want)


FUNCTIONS = {
    "Exp": np.exp,
    "Tanh": np.tanh,
    "Log": np.log,
    "Sqrt": np.sqrt,
    "Sin": np.sin,
    "Cos": np.cos,
    "Round": np.round,
    "Floor": np.floor,
    "Neg": np.negative,
}


@on_devices
@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_agree_with_numpy(name: str, target: str) -> None:
    require_device(target)
    x = np.concatenate([np.linspace(0.01, 20, 1000), np.array([0.5, 1.5, 2.5])]).astype(np.float32)
    got = compiled(f"(float[1003] x) => (float[1003] y) {{ y = {name}(x) }}", target).run({"x": x})["y"]
    np.testing.assert_allclose(got, FUNCTIONS[name](x.astype(np.float64)), rtol=1e-5, atol=1e-5)


WHERE = {
    "Acos": (np.arccos, -1, 1),
    "Acosh": (np.arccosh, 1, 20),
    "Asin": (np.arcsin, -1, 1),
    "Asinh": (np.arcsinh, -20, 20),
    "Atan": (np.arctan, -20, 20),
    "Atanh": (np.arctanh, -1, 1),
    "Cosh": (np.cosh, -80, 80),
    "Sinh": (np.sinh, -80, 80),
    "Tan": (np.tan, -20, 20),
}


@on_devices
@pytest.mark.parametrize("name", WHERE)
def test_functions_are_better_than_those_of_the_language(name: str, target: str) -> None:
    """Its own may be off by 2e-4, or where terms cancel by all."""
    require_device(target)
    function, low, high = WHERE[name]
    x = np.concatenate([np.linspace(low, high, 1000), np.linspace(max(low, -1) / 99, 0.01, 24)]).astype(np.float32)
    got = compiled(f"(float[1024] x) => (float[1024] y) {{ y = {name}(x) }}", target).run({"x": x})["y"]
    with np.errstate(all="ignore"):
        assert errors(got, function(x.astype(np.float64))).max() <= 8


@on_devices
def test_powers_have_the_cases_of_c(target: str) -> None:
    require_device(target)
    x = np.array([-2, -2, 0, 0, 0, 3, -1, -8], np.float32)
    y = np.array([3, 2, 0, 2, -1, 0.5, 0, 1], np.float32)
    got = compiled("(float[8] x, float[8] y) => (float[8] z) { z = Pow(x, y) }", target).run({"x": x, "y": y})["z"]
    np.testing.assert_allclose(got, [-8, 4, 1, 0, np.inf, np.sqrt(3), 1, -8], rtol=1e-6)


@on_devices
@pytest.mark.parametrize("low, high", [(0.0, 3e38), (0.7, 0.72), (0.999, 1.001)])
def test_powers_are_near_the_exact_ones(low: float, high: float, target: str) -> None:
    """A compiler that takes (x + y) - x for y would make hundreds of units of four."""
    require_device(target)
    rng = np.random.default_rng(0)
    x = rng.uniform(low, high, 1 << 16).astype(np.float32)
    x[x == 1] = 2
    y = (rng.uniform(-125, 127, x.size) / np.log2(x.astype(np.float64))).astype(np.float32)
    got = compiled("(float[65536] x, float[65536] y) => (float[65536] z) { z = Pow(x, y) }", target)
    found = errors(got.run({"x": x, "y": y})["z"], np.power(x.astype(np.float64), y))
    assert found.max() <= 4.5, (x[found.argmax()], y[found.argmax()])


@on_devices
def test_powers_of_special_values(target: str) -> None:
    """Without denormals, which a device may take for 0."""
    require_device(target)
    numbers = np.array([0, 1, 2, 3, 0.5, 2.5, 1e10, 3.4e38, 33554432, 1 + 2**-23, 1 - 2**-24, np.inf, np.nan])
    numbers = np.concatenate([numbers, -numbers]).astype(np.float32)
    x, y = (a.ravel() for a in np.meshgrid(numbers, numbers))
    got = compiled(f"(float[{x.size}] x, float[{x.size}] y) => (float[{x.size}] z) {{ z = Pow(x, y) }}", target)
    z = got.run({"x": x, "y": y})["z"]
    with np.errstate(all="ignore"):
        want = np.power(x.astype(np.float64), y)
    normal = (want == 0) | ~(abs(want) < 2.0**-126)
    assert errors(z, want)[normal].max() <= 4.5
    assert ((np.signbit(z) == np.signbit(want)) | np.isnan(want)).all()


@on_devices
def test_a_nan_wins_a_maximum_and_what_is_infinite_stays(target: str) -> None:
    require_device(target)
    x = np.array([[np.nan, 1], [-np.inf, -5], [np.inf, 2]], np.float32)
    got = compiled(
        "(float[3,2] x) => (float[3] y) { a = Constant<value_ints = [1]>() y = ReduceMax<keepdims = 0>(x, a) }",
        target,
    )
    np.testing.assert_array_equal(got.run({"x": x})["y"], np.array([np.nan, -5, np.inf], np.float32))


@on_devices
def test_int64_inputs_and_bool_outputs_cross_over(target: str) -> None:
    require_device(target)
    program = compiled(
        "(float[4] x, int64[3] i) => (float[3] y, bool[3] b) { y = Gather(x, i) b = Less(i, i) }", target
    )
    x = np.arange(4, dtype=np.float32)
    out = program.run({"x": x, "i": np.array([3, -1, 0])})
    np.testing.assert_array_equal(out["y"], x[[3, -1, 0]])
    assert out["b"].dtype == bool and not out["b"].any()


@on_computers
def test_outputs_are_cut_to_the_size_that_the_data_decide(target: str) -> None:
    require_device(target)
    x = np.array([0, 3, 0, 5, 7], np.float32)
    program = compiled("(float[5] x) => (int64[1,n] y) { y = NonZero(x) }", target)
    np.testing.assert_array_equal(program.run({"x": x})["y"], [[1, 3, 4]])


@on_devices
def test_a_second_size_is_compiled_at_its_first_run(target: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """And a third, of another batch; each size once."""
    require_device(target)
    monkeypatch.setenv("STEPWELL_CACHE", "off")
    program = compiled("(float[batch,length,3] x) => (float[batch,length,3] y) { y = Softmax<axis = 1>(x) }", target)
    made: list[object] = []
    specialize = program.specialize
    program.specialize = lambda shapes, values: made.append(shapes) or specialize(shapes, values)
    for batch, length in ((1, 4), (1, 7), (2, 7), (1, 4), (1, 7)):
        x = np.random.default_rng(length).normal(size=(batch, length, 3)).astype(np.float32)
        e = np.exp(x - x.max(axis=1, keepdims=True))
        np.testing.assert_allclose(program.run({"x": x})["y"], e / e.sum(axis=1, keepdims=True), rtol=1e-5)
    assert made == [((1, 4, 3),), ((1, 7, 3),), ((2, 7, 3),)]


GROWING = """(float[3] x, int64 n) => (float[m,3] y) {
  go = Constant<value = bool {1}>()
  last, y = Loop(n, go, x) <body = step (int64 i, bool more, float[3] a) => (bool on, float[3] b, float[3] row) {
    on = Identity(more) b = Add(a, a) row = Exp(b)
  }>
}"""


@on_computers
def test_a_loop_grows_its_output(target: str) -> None:
    require_device(target)
    program = compiled(GROWING, target)
    x = np.array([0.1, -0.2, 0.3], np.float32)
    for n in (3, 1, 5):
        got = program.run({"x": x, "n": np.array(n, np.int64)})["y"]
        np.testing.assert_allclose(got, np.exp([x * 2.0 ** (k + 1) for k in range(n)]), rtol=1e-5)


def test_numbers_that_do_not_fit_are_refused() -> None:
    require_device("wgsl")
    program = compiled("(float[4] x, int64[1] i) => (float[1] y) { y = Gather(x, i) }")
    with pytest.raises(StepwellError, match="does not fit"):
        program.run({"x": np.zeros(4, np.float32), "i": np.array([1 << 40])})


def test_types_that_the_device_lacks_are_refused_when_compiling() -> None:
    with pytest.raises(StepwellError, match="tensors of f64, which webgpu has not"):
        compiled("(double[4] x) => (double[4] y) { y = Add(x, x) }")
    with pytest.raises(StepwellError, match=r"arith\.addi on i64"):
        compiled("(int64[4] x) => (int64[4] y) { y = Add(x, x) }")


@on_devices
def test_what_takes_more_buffers_than_a_kernel_may_is_several_kernels(target: str) -> None:
    require_device(target)
    names = [f"x{n}" for n in range(12)]
    floats = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [4]) for name in (*names, "y")]
    graph = helper.make_graph([helper.make_node("Sum", names, ["y"])], "g", floats[:-1], floats[-1:])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)])
    onnx.checker.check_model(model)
    feeds = {name: np.full(4, 1 << n, np.float32) for n, name in enumerate(names)}
    got = stepwell.compile(model.SerializeToString(), target=target).run(feeds)["y"]
    np.testing.assert_array_equal(got, np.full(4, (1 << 12) - 1, np.float32))


@on_devices
@pytest.mark.parametrize("name", ["target", "exp", "fabs", "select", "kernel", "main"])
def test_names_of_a_model_hide_nothing_of_the_language(name: str, target: str) -> None:
    """The input of a kernel has the name of a reserved word, or of a function that it calls."""
    require_device(target)
    x = np.array([-1, 2], np.float32)
    program = compiled(f"(float[2] {name}) => (float[2] y) {{ a = Abs({name}) b = Neg(a) y = Exp(b) }}", target)
    np.testing.assert_allclose(program.run({name: x})["y"], np.exp(-np.abs(x)), rtol=1e-5)
