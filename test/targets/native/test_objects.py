"""Objects for AArch64, linked with a C main by a cross compiler and run under an emulator; and for this machine."""

from __future__ import annotations

import platform
import shutil
import subprocess
from pathlib import Path

import numpy as np
import onnx
import pytest
import real_models
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator
from requirements import require_compiler
from stepwell.context import Context
from stepwell.diagnostics import StepwellError
from stepwell.driver import Way, find_target, read_module, settings
from stepwell.interface import interface_of
from stepwell.targets.native.objects import object_files

DIGITS = Path(__file__).resolve().parents[3] / "examples" / "digits" / "digits.onnx"
CROSS, EMULATOR, SYSROOT = "aarch64-linux-gnu-gcc", "qemu-aarch64", "/usr/aarch64-linux-gnu"
CPUS = ["cortex-a72", "neoverse-n1"]
Arrays = dict[str, np.ndarray]


def require_aarch64() -> None:
    """A machine of another architecture needs packages of its system, which not even CI can always get."""
    for tool, package in ((CROSS, "gcc-aarch64-linux-gnu"), (EMULATOR, "qemu-user")):
        if platform.machine() not in ("aarch64", "arm64") and shutil.which(tool) is None:
            pytest.skip(f"{tool} is missing (Debian's {package})")


def command_for(cpu: str | None) -> tuple[str, list[str]]:
    """The compiler, and what runs what it makes."""
    if cpu is None or platform.machine() in ("aarch64", "arm64"):
        return "cc", []
    return CROSS, [EMULATOR, "-L", SYSROOT]


def run_object(folder: Path, source: object, feeds: Arrays, cpu: str | None, **options: str) -> Arrays:
    """The outputs of a model that is compiled to an object, linked and run outside of this process."""
    ctx = Context()
    way = Way(find_target("native"), settings=settings(cpu=cpu, **options))
    module = read_module(ctx, source)
    way.lower(ctx, module, to="graph")
    interface = interface_of(module)
    if interface.static_shapes() is None:
        way.bind(ctx, module, interface, tuple(feeds[spec.name].shape for spec in interface.inputs))
    way.lower(ctx, module)
    outputs = interface_of(module).outputs
    for name, content in object_files(ctx, module, way.options, "model", with_main=True).items():
        (folder / name).write_bytes(content)
    compiler, runner = command_for(cpu)
    built = [compiler, "-std=c99", "-Wall", "-Werror", "model_main.c", "model.o", "-lm", "-o", "model"]
    done = subprocess.run(built, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    for n, spec in enumerate(interface.inputs):
        (folder / f"in{n}").write_bytes(np.ascontiguousarray(feeds[spec.name]).tobytes())
    files = [f"in{n}" for n in range(len(interface.inputs))] + [f"out{n}" for n in range(len(outputs))]
    done = subprocess.run([*runner, "./model", "model.weights.bin", *files], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return {spec.name: np.fromfile(folder / f"out{n}", spec.dtype).reshape(spec.dims) for n, spec in enumerate(outputs)}


def one_node(op: str, *shapes: tuple[int, ...], weights: tuple[np.ndarray, ...] = (), **attributes: object) -> bytes:
    """A model of one node, whose weights come behind its inputs."""
    names = [f"x{n}" for n in range(len(shapes))]
    constants = [onnx.numpy_helper.from_array(array, f"w{n}") for n, array in enumerate(weights)]
    node = helper.make_node(op, [*names, *(c.name for c in constants)], ["y"], **attributes)
    inputs = [helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in zip(names, shapes, strict=True)]
    outputs = [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)]
    graph = helper.make_graph([node], "one", inputs, outputs, constants)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)]).SerializeToString()


def random(*shape: int) -> np.ndarray:
    return np.random.default_rng(len(shape)).standard_normal(shape, np.float32)


KERNELS = {
    "matmul": one_node("MatMul", (7, 19), weights=(random(19, 21),)),
    "conv": one_node("Conv", (1, 5, 9, 11), weights=(random(13, 5, 3, 3), random(13)), pads=[1, 1, 1, 1]),
    "depthwise": one_node("Conv", (1, 6, 9, 9), weights=(random(6, 1, 3, 3),), group=6, strides=[2, 2]),
    "max_pool": one_node("MaxPool", (1, 3, 9, 9), kernel_shape=[3, 3], strides=[2, 2]),
    "softmax": one_node("Softmax", (5, 37), axis=-1),
    "tanh": one_node("Tanh", (3, 50)),
    "mean": one_node("ReduceMean", (6, 33), axes=[1]),
    "transpose": one_node("Transpose", (4, 5, 6), perm=[2, 0, 1]),
}


@pytest.mark.parametrize("name", KERNELS)
@pytest.mark.parametrize("cpu", CPUS)
def test_kernels_for_aarch64(tmp_path: Path, name: str, cpu: str) -> None:
    require_aarch64()
    reference = ReferenceEvaluator(onnx.load_from_string(KERNELS[name]))
    feeds = {value.name: random(*shape_of(value)) for value in reference.proto_.graph.input}
    want = reference.run(None, feeds)[0]
    got = run_object(tmp_path, KERNELS[name], feeds, cpu)["y"]
    np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-5)


def shape_of(value: onnx.ValueInfoProto) -> list[int]:
    return [dim.dim_value for dim in value.type.tensor_type.shape.dim]


@pytest.mark.parametrize("precision", ["f32", "bf16"])
@pytest.mark.parametrize("cpu", [None, *CPUS])
def test_digits(tmp_path: Path, cpu: str | None, precision: str) -> None:
    require_compiler() if cpu is None else require_aarch64()
    x = np.random.default_rng(0).random((3, 1, 8, 8), np.float32)
    want = ReferenceEvaluator(str(DIGITS)).run(None, {"image": x})[0]
    got = run_object(tmp_path, DIGITS, {"image": x}, cpu, precision=precision)["logits"]
    assert np.abs(got - want).max() <= (1e-5 if precision == "f32" else 1e-2) * np.abs(want).max()


def test_a_real_model_for_aarch64(tmp_path: Path) -> None:
    require_aarch64()
    feeds, want = real_models.recorded("mtcnn_rnet")
    real_models.assert_agrees(run_object(tmp_path, real_models.fetch("mtcnn_rnet"), feeds, "cortex-a72"), want)


def test_an_object_runs_on_its_callers_thread() -> None:
    from stepwell.targets.native.pipeline import native_options
    from xdsl.dialects.builtin import ModuleOp

    with pytest.raises(StepwellError, match="an object runs on the thread that calls it"):
        object_files(Context(), ModuleOp([]), native_options(threads=2), "model")
