"""Kernels for NVIDIA's GPUs without a GPU: what the driver would compile is compiled for the CPU, and run through the
runtime's own calls of a driver that stands in, block by block, each thread of a block a fiber (`grid.cpp`)."""

from __future__ import annotations

import ctypes
import math
import re
import subprocess
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import real_models
import stepwell
from emulated import FLAGS, SUPPORT, compiler
from onnx import parser
from stepwell.context import Context
from stepwell.diagnostics import StepwellError
from stepwell.driver import Way, find_target, read_module
from stepwell.pass_manager import parse_passes, run_passes
from stepwell.passes.graph.bind_shapes import BindShapes
from stepwell.runtime.cuda import CUDAProgram, Driver
from stepwell.runtime.device import DeviceError
from stepwell.runtime.native import link
from stepwell.target import Artifact
from stepwell.targets.cpu.hardware import host
from stepwell.targets.cuda.ptx import llvm_ir, ptx
from stepwell.targets.native.emitter import Emitter
from stepwell.text import parse_module

DIGITS = Path(__file__).parents[3] / "examples" / "digits" / "digits.onnx"
REGISTERS = [f"{name}.{d}" for name in ("tid", "ctaid") for d in "xyz"]


def artifact(source: Any, shapes: str = "") -> tuple[Artifact, str]:
    """What the target makes of a model, and the LLVM IR of its kernels."""
    ctx = Context()
    module = read_module(ctx, source)
    if shapes:
        BindShapes(shapes).apply(ctx, module)
    way = Way(find_target("cuda"))
    way.lower(ctx, module)
    return way.target.emit(ctx, module, way.options), llvm_ir(module, "sm_80")


@cache
def grid() -> ctypes.CDLL:
    """What runs threads."""
    with tempfile.TemporaryDirectory(prefix="stepwell-grid-") as folder:
        library = str(Path(folder, "grid.so"))
        source = str(Path(__file__).with_name("grid.cpp"))
        subprocess.run([compiler(), *FLAGS, f"-I{SUPPORT}", source, "-o", library], check=True)
        return ctypes.CDLL(library)


def for_cpu(text: str) -> str:
    """The IR with one memory, in which a thread looks up its numbers, and waits, in `grid`."""
    text = re.sub(r" addrspace\([13]\)", "", text)
    text = text.replace("ptx_kernel ", "").replace('"target-cpu"="sm_80"', "")
    text = re.sub(r' "nvvm\.reqntid"="[0-9,]*"', "", text)
    addresses = (ctypes.c_int64 * len(REGISTERS)).in_dll(grid(), "stand_in_registers")
    for name, address in zip(REGISTERS, addresses, strict=True):
        number = f"load volatile i32, ptr inttoptr (i64 {address} to ptr)"
        text = text.replace(f"call i32 @llvm.nvvm.read.ptx.sreg.{name}()", number)
    text = COPY.sub(lambda m: f"call void {there('copy')}({m[2]}, i32 {m[1]}, i32 {m[3] or m[1]})", text)
    for name, call in CALLS.items():
        text = text.replace(f"call void @llvm.nvvm.{call}(", f"call void {there(name)}(")
    return text


CALLS = {"barrier": "barrier.cta.sync.aligned.all", "group": "cp.async.commit.group", "wait": "cp.async.wait.group"}
COPY = re.compile(
    r"call void @llvm\.nvvm\.cp\.async\.c[ag]\.shared\.global\.(\d+)(?:\.s)?\((ptr \S+, ptr [^,)\s]+)(?:, i32 (\S+))?\)"
)


def there(name: str) -> str:
    """A function of `grid`, which takes the place of an intrinsic."""
    return f"inttoptr (i64 {ctypes.cast(grid()[f'stand_in_{name}'], ctypes.c_void_p).value} to ptr)"


class StandIn:
    """A driver whose memory is the process's, and whose GPU is the CPU."""

    def __init__(self, ir: str):
        kernels = re.findall(r"define ptx_kernel void @([-\w.$]+)\(", ir)
        emitter = Emitter(host())
        self._library = link([emitter.object_code(for_cpu(ir))], *kernels)
        self._kernels = kernels
        self._memory: dict[int, Any] = {}
        self.threads = 0

    def __call__(self, name: str, *args: Any) -> None:
        getattr(self, name.removesuffix("_v2"))(*args)

    def pass_by(self, *args: Any) -> None: ...

    cuInit = cuDeviceGet = cuDevicePrimaryCtxRetain = cuCtxPushCurrent = cuCtxPopCurrent = pass_by
    cuCtxSynchronize = cuModuleUnload = pass_by

    def cuDeviceGetAttribute(self, number: Any, attribute: int, device: Any) -> None:
        number._obj.value = {75: 9, 76: 0}[attribute]

    def cuModuleLoadDataEx(self, module: Any, code: bytes, *options: Any) -> None:
        assert code.endswith(b"\0")
        for kernel in self._kernels:
            assert f".visible .entry {kernel}(".encode() in code

    def cuMemAlloc(self, address: Any, size: int) -> None:
        block = np.full(size + 64, 0xA5, np.uint8)
        start = -(-block.ctypes.data // 64) * 64
        address._obj.value = start
        self._memory[start] = block

    def cuMemFree(self, address: int) -> None:
        del self._memory[address]

    def cuMemcpyHtoD(self, address: int, source: int, size: int) -> None:
        ctypes.memmove(address, source, size)

    def cuMemcpyDtoH(self, target: int, address: int, size: int) -> None:
        ctypes.memmove(target, address, size)

    def cuModuleGetFunction(self, function: Any, module: Any, name: bytes) -> None:
        function._obj.value = self._kernels.index(name.decode()) + 1

    def cuLaunchKernel(self, function: Any, *args: Any) -> None:
        sizes, (shared, stream, pointers, extra) = args[:6], args[6:]
        assert (shared, stream, extra) == (0, None, None)
        values = [ctypes.c_int64.from_address(pointer).value for pointer in pointers]
        places = [(ctypes.c_uint * 3)(*size) for size in (sizes[:3], sizes[3:])]
        kernel = ctypes.c_void_p(self._library[self._kernels[function.value - 1]])
        assert grid().stand_in_launch(kernel, (ctypes.c_int64 * 16)(*values), *places)
        self.threads += math.prod(sizes)


def run(monkeypatch: pytest.MonkeyPatch, source: Any, feeds: dict[str, Any], shapes: str = "") -> dict[str, Any]:
    made, ir = artifact(source, shapes)
    driver = StandIn(ir)
    monkeypatch.setattr("stepwell.runtime.cuda.Driver", lambda: driver)
    program = CUDAProgram(made.manifest, made.files, made.weights)
    program.run(feeds)
    got = program.run(feeds)
    del program
    assert driver.threads > 0 and not driver._memory
    return got


def model(text: str) -> bytes:
    return parser.parse_model(f'<ir_version: 8, opset_import: ["" : 18]> agraph {text}').SerializeToString()


def test_digits_agree_with_the_native_target(monkeypatch: pytest.MonkeyPatch) -> None:
    feeds = {"image": np.random.default_rng(0).random((3, 1, 8, 8), np.float32)}
    got = run(monkeypatch, DIGITS, feeds, "image=3x1x8x8")["logits"]
    np.testing.assert_allclose(got, stepwell.compile(DIGITS).run(feeds)["logits"], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", ["mtcnn_rnet", "all_minilm_l6_v2_fp32", "silero_vad_16k_sequence"])
def test_real_models_agree_with_onnx_runtime(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    feeds, want = real_models.recorded(name)
    shapes = ";".join(f"{name}={'x'.join(map(str, feed.shape))}" for name, feed in feeds.items())
    real_models.assert_agrees(run(monkeypatch, real_models.fetch(name), feeds, shapes), want)


def test_every_kind_of_number_crosses_over(monkeypatch: pytest.MonkeyPatch) -> None:
    source = model(
        """(double[5] d, int64[3] i, bool[3] b, int8[4] n) => (double[3] y, bool[3] c, int64[3] s, int8[4] m) {
             y = Gather(d, i) c = Not(b) s = Mul(i, i) m = Add(n, n) }"""
    )
    feeds = {
        "d": np.arange(5) / 3,
        "i": np.array([3, -1, 0]),
        "b": np.array([True, False, True]),
        "n": np.array([1, -2, 100, -128], np.int8),
    }
    got = run(monkeypatch, source, feeds)
    np.testing.assert_array_equal(got["y"], feeds["d"][feeds["i"]])
    np.testing.assert_array_equal(got["c"], ~feeds["b"])
    np.testing.assert_array_equal(got["s"], feeds["i"] ** 2)
    np.testing.assert_array_equal(got["m"], feeds["n"] + feeds["n"])


def test_unsigned_bytes_are_handed_over_by_their_bits(monkeypatch: pytest.MonkeyPatch) -> None:
    source = model("(uint8[3] x, uint8[3] y) => (uint8[3] z) { z = BitwiseAnd(x, y) }")
    x, y = np.array([255, 128, 7], np.uint8), np.array([129, 255, 2], np.uint8)
    np.testing.assert_array_equal(run(monkeypatch, source, {"x": x, "y": y})["z"], x & y)


def test_outputs_are_cut_to_the_size_that_the_data_decide(monkeypatch: pytest.MonkeyPatch) -> None:
    x = np.array([0, 3, 0, 5, 7], np.float32)
    got = run(monkeypatch, model("(float[5] x) => (int64[1,n] y) { y = NonZero(x) }"), {"x": x})
    assert list(got) == ["y"]
    np.testing.assert_array_equal(got["y"], [[1, 3, 4]])


def test_half_floats_are_numbers_of_the_device(monkeypatch: pytest.MonkeyPatch) -> None:
    x = np.linspace(-4, 4, 50, dtype=np.float16)
    got = run(monkeypatch, model("(float16[50] x) => (float16[50] y) { y = Tanh(x) }"), {"x": x})["y"]
    np.testing.assert_allclose(got, np.tanh(x.astype(np.float32)), rtol=1e-3)


def test_parts_of_one_buffer_are_handed_in_as_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    source = model("(float[4,6] x) => (float[4,2] a, float[4,4] b) { n = Constant<value = int64[2] {2,4}>() "
                   "p, q = Split<axis = 1>(x, n) a = Exp(p) b = Softmax(q) }")  # fmt: skip
    x = np.random.default_rng(1).random((4, 6), np.float32)
    got = run(monkeypatch, source, {"x": x})
    e = np.exp(x[:, 2:].astype(np.float64))
    np.testing.assert_allclose(got["a"], np.exp(x[:, :2]), rtol=1e-6)
    np.testing.assert_allclose(got["b"], e / e.sum(1, keepdims=True), rtol=1e-6)


KINDS = {"float": np.float32, "double": np.float64}
FUNCTIONS = {
    **{name: getattr(np, name.lower()) for name in ("Cos", "Cosh", "Exp", "Log", "Sin", "Sinh", "Tan", "Tanh")},
    **{name: getattr(np, f"arc{name[1:].lower()}") for name in ("Acos", "Acosh", "Asin", "Asinh", "Atan", "Atanh")},
    "Erf": np.vectorize(math.erf),
}


@pytest.mark.parametrize("kind", KINDS)
def test_functions_need_no_library(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """One model of all: where C has a number, we have it; nothing is called."""
    x = np.concatenate([np.linspace(-1.5, 1.5, 301), [0.0, 8.0, 30.0, 1e5, 1e15]]).astype(KINDS[kind])
    nodes = " ".join(f"y{n} = {name}(x)" for n, name in enumerate(FUNCTIONS))
    results = ", ".join(f"{kind}[{x.size}] y{n}" for n in range(len(FUNCTIONS)))
    source = model(f"({kind}[{x.size}] x) => ({results}) {{ {nodes} }}")
    _, ir = artifact(source)
    called = set(re.findall(r"call \S+ @([\w.]+)\(", ir))
    on_device = (
        "llvm.nvvm.",
        "llvm.fabs.",
        "llvm.fma.",
        "llvm.copysign.",
        "llvm.floor.",
        "llvm.roundeven.",
        "llvm.sqrt.",
    )
    assert called and not [name for name in called if not name.startswith(on_device)]
    got = run(monkeypatch, source, {"x": x})
    with np.errstate(all="ignore"):
        for n, (name, function) in enumerate(FUNCTIONS.items()):
            want = function(x.astype(np.longdouble)).astype(x.dtype)
            np.testing.assert_allclose(got[f"y{n}"], want, rtol=4 * np.finfo(x.dtype).eps, err_msg=name)


@pytest.mark.parametrize("kind", KINDS)
def test_powers_and_remainders_need_no_library(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    x, y = (rng.uniform(-9, 9, 200).astype(KINDS[kind]) for _ in range(2))
    x[:3], y[:3] = (1e30, -2.0, 0.0), (0.7, 3.0, -1.0)
    source = model(f"({kind}[200] x, {kind}[200] y) => ({kind}[200] p, {kind}[200] r) "
                   "{ p = Pow(x, y) r = Mod<fmod = 1>(x, y) }")  # fmt: skip
    got = run(monkeypatch, source, {"x": x, "y": y})
    with np.errstate(all="ignore"):
        np.testing.assert_allclose(got["p"], np.power(x, y), rtol=4 * np.finfo(x.dtype).eps)
        np.testing.assert_array_equal(got["r"], np.fmod(x, y))


def test_unknown_architectures_are_refused() -> None:
    with pytest.raises(StepwellError, match="makes no code for 'sm_75'"):
        stepwell.compile(DIGITS, target="cuda", cpu="sm_75")


def test_a_machine_without_a_driver_is_told_so() -> None:
    with pytest.raises(DeviceError, match="no CUDA driver") as raised:
        Driver("libno_such_driver.so.1")
    assert raised.value.fix is not None and "install NVIDIA's driver" in raised.value.fix


@pytest.mark.parametrize("architecture", ["sm_80", "sm_90", "sm_120"])
def test_shared_memory_and_barriers_reach_ptx(architecture: str) -> None:
    ctx = Context()
    module = parse_module(ctx, SHARED)
    run_passes(ctx, module, parse_passes("gpu-to-llvm"))
    text = ptx(llvm_ir(module, architecture), architecture)
    assert f".target {architecture}" in text
    for line in (".reqntid 64, 1, 1", ".shared .align 16 .b8 turn_shared_0[256]", "bar.sync", "sqrt.rn.f32"):
        assert line in text


SHARED = """
gpu.module @kernels {
  gpu.func @turn(%x: memref<64xf32>) workgroup(%t: memref<64xf32, #gpu.address_space<workgroup>>) kernel
      attributes {known_block_size = array<i32: 64, 1, 1>} {
    %c63 = arith.constant 63 : index
    %l = gpu.thread_id x
    %v = memref.load %x[%l] : memref<64xf32>
    memref.store %v, %t[%l] : memref<64xf32, #gpu.address_space<workgroup>>
    gpu.barrier
    %other = arith.subi %c63, %l : index
    %w = memref.load %t[%other] : memref<64xf32, #gpu.address_space<workgroup>>
    %r = math.sqrt %w : f32
    memref.store %r, %x[%l] : memref<64xf32>
    gpu.return
  }
}
"""


def test_four_neighbours_are_one_instruction() -> None:
    ctx = Context()
    module = parse_module(ctx, MOVED)
    run_passes(ctx, module, parse_passes("gpu-to-llvm"))
    text = ptx(llvm_ir(module, "sm_80"), "sm_80")
    assert re.search(r"ld\.global(\.nc)?\.v4\.", text) and "st.shared.v4." in text


MOVED = """
gpu.module @kernels {
  gpu.func @move(%x: memref<256xf32>, %y: memref<64xf32>)
      workgroup(%t: memref<256xf32, #gpu.address_space<workgroup>>) kernel
      attributes {known_block_size = array<i32: 64, 1, 1>} {
    %c4 = arith.constant 4 : index
    %l = gpu.thread_id x
    %at = arith.muli %l, %c4 : index
    %v = vector.load %x[%at] {alignment = 16 : i64} : memref<256xf32>, vector<4xf32>
    vector.store %v, %t[%at] {alignment = 16 : i64} : memref<256xf32, #gpu.address_space<workgroup>>, vector<4xf32>
    gpu.barrier
    %w = memref.load %t[%l] : memref<256xf32, #gpu.address_space<workgroup>>
    memref.store %w, %y[%l] : memref<64xf32>
    gpu.return
  }
}
"""
