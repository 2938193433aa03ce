"""What can go wrong between a program and its device: each failure is made to happen, and must say what to do."""

from __future__ import annotations

import os
import subprocess
import sys
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import stepwell
from onnx import parser
from requirements import require_device
from stepwell.context import Context
from stepwell.diagnostics import StepwellError
from stepwell.driver import Way, find_target, read_module
from stepwell.registry import load
from stepwell.runtime.device import DeviceError
from stepwell.runtime.opencl import check_types
from stepwell.runtime.refusal import refused
from stepwell.target import Artifact

TEXT = (
    "(float[8,64] x, float[64] y) => (float[8,64] z) "
    "{ [first] a = Add(x, y) [second] b = Exp(a) [third] z = Softmax(b) }"
)
MODEL = parser.parse_model(f'<ir_version: 8, opset_import: ["" : 18]> agraph {TEXT}').SerializeToString()
FEEDS = {"x": np.zeros((8, 64), np.float32), "y": np.zeros(64, np.float32)}
SOURCES = ("wgsl", "opencl", "glsl", "webgl")
DEVICES = (*SOURCES, "spirv")


def made(target: str) -> tuple[Any, Artifact]:
    """The loader of a target, and what the target makes of the model."""
    ctx = Context()
    module = read_module(ctx, MODEL)
    way = Way(find_target(target))
    way.lower(ctx, module)
    return load(way.target.loader), way.target.emit(ctx, module, way.options)


def broken(files: dict[str, bytes], node: str) -> tuple[dict[str, bytes], int]:
    """The files with an unknown name in the first line that came from `node`, and that line's number."""
    for name, code in files.items():
        lines = code.decode().split("\n")
        for n, line in enumerate(lines):
            if line.strip() == f"// node '{node}'":
                lines[n + 1] = lines[n + 1].replace(" = ", " = oops + ", 1)
                assert "oops" in lines[n + 1]
                return files | {name: "\n".join(lines).encode()}, n + 2
    raise AssertionError(f"nothing is said to come from {node}")


@pytest.mark.parametrize("node", ["second", "third"])
@pytest.mark.parametrize("target", SOURCES)
def test_a_refused_kernel_is_told_with_its_line_and_the_node_it_came_from(target: str, node: str) -> None:
    require_device(target)
    loader, artifact = made(target)
    files, line = broken(artifact.files, node)
    with pytest.raises(DeviceError, match=rf"(?s)refused .*oops.*in line {line}, of node '{node}':.*oops") as raised:
        loader(artifact.manifest, files, artifact.weights)
    assert raised.value.fix is not None and "report it" in raised.value.fix


def test_a_refused_module_of_words_is_told_with_the_nodes_it_was_made_of() -> None:
    """A module of SPIR-V has no lines."""
    require_device("spirv")
    loader, artifact = made("spirv")
    name, code = next(iter(artifact.files.items()))
    words = np.frombuffer(code, np.uint32).copy()
    words[5:] = 0  # behind the header no instruction is left
    with pytest.raises(DeviceError, match=r"refused kernel_\w+\.spv, of node 'first' and node 'second' and"):
        loader(artifact.manifest, artifact.files | {name: words.tobytes()}, artifact.weights)


DRIVERS = {
    "NVIDIA's GLSL": (
        "k.comp",
        "0(3) : error C1503: undefined variable 'oops'",
        "error C1503: undefined variable 'oops'",
    ),
    "clang": ("kernels.cl", "<kernel>:3:9: error: use of undeclared identifier 'oops'", "use of undeclared identifier"),
    "ptxas": ("kernels.ptx", "ptxas application ptx input, line 3; error   : Unknown symbol 'oops'", "Unknown symbol"),
}


@pytest.mark.parametrize("driver", DRIVERS)
def test_lines_are_found_in_what_other_drivers_say(driver: str) -> None:
    """As recorded of them."""
    name, said, what = DRIVERS[driver]
    source = (
        ".visible .entry k(\n// node 'n'\n  x = oops;\n" if name != "kernels.ptx" else "\n.visible .entry k(\n oops"
    )
    error = refused(name, source, said, {"k": "node 'n'"})
    assert f"{what}" in str(error).split("\n")[0] and "in line 3, of node 'n':" in str(error)


@pytest.mark.parametrize("target", ["wgsl", "opencl", "glsl", "spirv"])
def test_a_model_that_a_device_has_no_memory_for_is_told_so(target: str) -> None:
    require_device(target)
    loader, artifact = made(target)
    with pytest.raises(DeviceError, match=r"17,179,8\d\d,\d\d\d bytes") as raised:
        loader(artifact.manifest | {"arena_size": 1 << 34}, artifact.files, artifact.weights)
    assert raised.value.fix is not None and "smaller inputs" in raised.value.fix


def asking(artifact: Artifact, **more: Any) -> dict[str, Any]:
    """The manifest, with launches that ask for more."""
    return artifact.manifest | {"launches": [step | more for step in artifact.manifest["launches"]]}


TOO_MUCH = {
    "threads of a block": {"threads": [1 << 20, 1, 1]},
    "blocks along a dimension": {"blocks": [1 << 40, 1, 1]},
    "bytes of a buffer": {"buffers": [{"of": "arena", "offset": 0, "bytes": 1 << 50, "dtype": "float32"}]},
    "buffers": {"buffers": [{"of": "arena", "offset": 0, "bytes": 4, "dtype": "float32"}] * (1 << 20)},
}
LIMITS = {
    "spirv": list(TOO_MUCH),
    "glsl": list(TOO_MUCH),
    "opencl": ["threads of a block", "bytes of a buffer"],
    "webgl": ["bytes of a buffer", "buffers"],
}


@pytest.mark.parametrize(("target", "what"), [(target, what) for target, whats in LIMITS.items() for what in whats])
def test_a_launch_that_asks_for_more_than_this_device_has_is_told_before_it_is_loaded(target: str, what: str) -> None:
    """As where a device has less than those of its kind promise."""
    require_device(target)
    loader, artifact = made(target)
    asked = rf"kernel_\w+ \(node 'first' and .*\) asks for [\d,]+ {what}; .* has [\d,]+"
    with pytest.raises(DeviceError, match=asked):
        loader(asking(artifact, **TOO_MUCH[what]), artifact.files, artifact.weights)


class Lost:
    """Drivers of the runtimes that lose their device while they run, as far as that can be had of a driver that works:
    what says that all went well says the contrary."""

    @staticmethod
    def wgsl(program: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        uploaded = program._uploaded

        def and_lost(feeds: Any) -> Any:
            data = uploaded(feeds)
            program._device.destroy()
            return data

        monkeypatch.setattr(program, "_uploaded", and_lost)

    @staticmethod
    def spirv(program: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        vk = program._device.vk

        def lost(*args: Any) -> None:
            raise vk.VkErrorDeviceLost()

        monkeypatch.setattr(vk, "vkQueueSubmit", lost)

    @staticmethod
    def opencl(program: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        import pyopencl as cl

        def lost(*args: Any, **options: Any) -> None:
            raise cl.LogicError(cl._cl._ErrorRecord("", -2, "clEnqueueNDRangeKernel"))  # CL_DEVICE_NOT_AVAILABLE

        monkeypatch.setattr(cl, "enqueue_nd_range_kernel", lost)

    @staticmethod
    def glsl(program: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        import moderngl

        monkeypatch.setattr(moderngl.Context, "error", "GL_UNKNOWN_ERROR")  # so it calls GL_CONTEXT_LOST

    webgl = glsl


@pytest.mark.parametrize("target", DEVICES)
def test_a_lost_device_is_told_with_what_to_do(target: str, monkeypatch: pytest.MonkeyPatch) -> None:
    require_device(target)
    loader, artifact = made(target)
    program = loader(artifact.manifest, artifact.files, artifact.weights)
    np.testing.assert_allclose(program.run(FEEDS)["z"], 1 / 64, rtol=1e-6)
    with monkeypatch.context() as broken:
        getattr(Lost, target)(program, broken)
        with pytest.raises(DeviceError, match="the device was lost while running the model") as raised:
            program.run(FEEDS)
        assert raised.value.fix is not None and "compile the model again" in raised.value.fix
    np.testing.assert_allclose(loader(artifact.manifest, artifact.files, artifact.weights).run(FEEDS)["z"], 1 / 64)


@pytest.mark.parametrize("target", DEVICES)
def test_one_by_one_the_kernel_is_named_that_the_device_was_lost_in(
    target: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    require_device(target)
    loader, artifact = made(target)
    monkeypatch.setenv("STEPWELL_ONE_BY_ONE", "1")
    program = loader(artifact.manifest, artifact.files, artifact.weights)
    np.testing.assert_allclose(program.run(FEEDS)["z"], 1 / 64, rtol=1e-6)
    with monkeypatch.context() as broken:
        getattr(Lost, target)(program, broken)
        with pytest.raises(DeviceError, match=r"lost while running kernel_\w+ \(node 'first' and node 'second'"):
            program.run(FEEDS)


def test_a_device_without_doubles_is_told_before_anything_runs() -> None:
    """As an OpenCL device of half the world's GPUs describes itself."""
    gpu = SimpleNamespace(name="Some GPU", double_fp_config=0)
    check_types(gpu, ["float16"])
    with pytest.raises(DeviceError, match="the model has numbers of float64, which Some GPU has not") as raised:
        check_types(gpu, ["float64"])
    assert raised.value.fix is not None and "float32" in raised.value.fix


NOWHERE = {
    name: "/nowhere.json" for name in ("VK_ICD_FILENAMES", "VK_DRIVER_FILES", "__EGL_VENDOR_LIBRARY_FILENAMES")
} | {"OCL_ICD_VENDORS": "/nowhere"}
NO_DEVICE = {
    "wgsl": ("no WebGPU device", "install a Vulkan, Metal or DirectX 12 driver"),
    "spirv": ("no Vulkan device", "install a Vulkan driver"),
    "opencl": ("no OpenCL device", "install a driver"),
    "glsl": ("no OpenGL 4.3 without a window", "install a driver with EGL"),
    "webgl": ("no OpenGL 4.3 without a window", "install a driver with EGL"),
}


@pytest.mark.parametrize("target", NO_DEVICE)
def test_a_machine_without_a_driver_is_told_what_to_install(target: str) -> None:
    require_device(target)
    code = f"import stepwell; stepwell.compile({MODEL!r}, target={target!r})"
    env = os.environ | NOWHERE
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=env)
    last = done.stderr[done.stderr.rindex("StepwellError") :]
    assert all(words in last for words in NO_DEVICE[target]), last


@pytest.mark.parametrize(
    ("target", "library"), [("wgsl", "wgpu"), ("spirv", "vulkan"), ("opencl", "pyopencl"), ("glsl", "moderngl")]
)
def test_a_library_that_is_missing_is_named(target: str, library: str) -> None:
    code = (
        f"import sys; sys.modules[{library!r}] = None; import stepwell; stepwell.compile({MODEL!r}, target={target!r})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert f"the library {library} is not installed" in done.stderr and f"pip install {library}" in done.stderr


def test_what_a_device_says_while_a_model_runs_is_an_error_of_ours() -> None:
    require_device("wgsl")
    text = (
        '<ir_version: 8, opset_import: ["" : 18]> agraph (float[4] x, int64[1] i) => (float[1] y) { y = Gather(x, i) }'
    )
    program = stepwell.compile(parser.parse_model(text).SerializeToString(), target="wgsl")
    with pytest.raises(StepwellError, match="does not fit"):
        program.run({"x": np.zeros(4, np.float32), "i": np.array([1 << 40])})
