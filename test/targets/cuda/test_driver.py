"""What the runtime calls of CUDA's driver, in a library of the same functions that needs no GPU."""

from __future__ import annotations

import ctypes
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import stepwell
from onnx import parser
from requirements import has_device, needs_compiler
from stepwell.context import Context
from stepwell.driver import Way, find_target, read_module
from stepwell.runtime.cuda import CUDAProgram
from stepwell.runtime.device import DeviceError

SOURCE = Path(__file__).with_name("stand_in.c")
FAILED = 218
NEGATE = '<ir_version: 8, opset_import: ["" : 18]> agraph (float[300] x) => (float[300] y) { [minus] y = Neg(x) }'


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ctypes.CDLL:
    path = tmp_path / "libcuda.so"
    compiler = os.environ.get("CC") or shutil.which("cc") or "cc"
    subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", path, SOURCE], check=True)
    monkeypatch.setattr("stepwell.runtime.cuda.LIBRARY", str(path))
    return ctypes.CDLL(str(path))


def negate() -> stepwell.Program:
    return stepwell.compile(parser.parse_model(NEGATE).SerializeToString(), target="cuda")


@needs_compiler
def test_a_model_runs_by_calls_of_the_driver(library: ctypes.CDLL) -> None:
    program = negate()
    for seed in range(2):
        x = np.random.default_rng(seed).random(300, np.float32)
        np.testing.assert_array_equal(program.run({"x": x})["y"], -x)
    assert library.stand_in_depth() == 0  # no context stays with the thread


@needs_compiler
def test_what_the_driver_says_of_a_kernel_is_told(library: ctypes.CDLL) -> None:
    library.stand_in_fails(FAILED)
    with pytest.raises(
        Exception, match=r"(?s)refused kernels\.ptx: Unknown symbol.*of node 'minus':.*a PTX JIT compilation failed"
    ) as raised:
        negate()
    assert isinstance(raised.value, DeviceError | stepwell.StepwellError)
    assert library.stand_in_depth() == 0


def refusal(error: pytest.ExceptionInfo[Exception]) -> str:
    """What went wrong, and what to do; ours."""
    assert isinstance(error.value, DeviceError | stepwell.StepwellError)
    return f"{error.value} fix: {error.value.fix}"


@needs_compiler
def test_too_little_memory_is_told(library: ctypes.CDLL) -> None:
    library.stand_in_is_full(2)  # CUDA_ERROR_OUT_OF_MEMORY
    with pytest.raises(Exception, match="out of memory") as raised:
        negate()
    assert "has not the memory for loading the model, of 2,400 bytes" in refusal(raised)
    assert library.stand_in_depth() == 0


@needs_compiler
@pytest.mark.parametrize(
    ("code", "said"),
    [(719, "the device was lost while {}"), (700, "a kernel broke the device's rules while {}")],
    ids=["launch failed", "illegal address"],
)
@pytest.mark.parametrize("alone", [False, True], ids=["together", "one by one"])
def test_a_kernel_that_breaks_the_device_is_told(
    code: int, said: str, alone: bool, library: ctypes.CDLL, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What goes wrong in a kernel is told by what comes later; one by one it is known of which kernel."""
    monkeypatch.setenv("STEPWELL_ONE_BY_ONE", "1" if alone else "0")
    program = negate()
    library.stand_in_breaks(code)
    with pytest.raises(Exception, match="failed") as raised:
        program.run({"x": np.ones(300, np.float32)})
    doing = r"running kernel_\w+ \(node 'minus'\)" if alone else "running the model"
    assert re.search(said.format(doing), refusal(raised)) and "STEPWELL_ONE_BY_ONE=1" in refusal(raised)
    assert library.stand_in_depth() == 0


@needs_compiler
def test_a_gpu_that_is_too_old_is_told(library: ctypes.CDLL) -> None:
    library.stand_in_is_of(75)
    with pytest.raises(Exception, match="the kernels are for sm_80 or later, Some GPU is sm_75") as raised:
        negate()
    assert "take another target" in refusal(raised)


def test_a_machine_without_a_driver_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stepwell.runtime.cuda.LIBRARY", "libno_such_driver.so")
    with pytest.raises(Exception, match=r"no CUDA driver: .*libno_such_driver") as raised:
        negate()
    assert "install NVIDIA's driver" in refusal(raised)


@needs_compiler
def test_runs_are_repeated_without_copies(library: ctypes.CDLL) -> None:
    ctx = Context()
    module = read_module(ctx, parser.parse_model(NEGATE).SerializeToString())
    way = Way(find_target("cuda"))
    way.lower(ctx, module)
    made = way.target.emit(ctx, module, way.options)
    program = CUDAProgram(made.manifest, made.files, made.weights)
    assert program.repeat({"x": np.ones(300, np.float32)}, 3) > 0
    assert library.stand_in_launches() == 3 and library.stand_in_depth() == 0


BENCH = Path(__file__).parents[2] / "bench"


@pytest.mark.parametrize("arguments", [["gpu_gemm.py"], ["gpu_models.py", "."]], ids=["gemm", "models"])
def test_benchmarks_say_that_there_is_no_gpu(arguments: list[str]) -> None:
    if has_device("cuda"):
        pytest.skip("there is a GPU of NVIDIA's")
    done = subprocess.run([sys.executable, BENCH / arguments[0], *arguments[1:]], capture_output=True, text=True)
    assert done.returncode == 1 and done.stdout == ""
    assert re.fullmatch(r"this benchmark needs a GPU of NVIDIA's, and its driver: .*\n", done.stderr)


@needs_compiler
def test_benchmarks_say_what_is_not_installed(library: ctypes.CDLL, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is a GPU: the driver that stands in."""
    monkeypatch.syspath_prepend(str(BENCH))
    import gpu

    gpu.require_gpu()
    with pytest.raises(SystemExit, match="compares with no_such_library, which is not installed"):
        gpu.require("no_such_library")


def test_contenders_take_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(BENCH))
    import gpu

    seen: list[str] = []

    def timed(name: str, seconds: float) -> gpu.Timed:
        def call(times: int) -> float:
            seen.append(name)
            return seconds + 0.001 * (len(seen) % 3)

        return call

    medians = gpu.in_turns({"a": timed("a", 1), "b": timed("b", 2)}, 5, 0.1)
    assert "".join(seen) == "aabb" + "ab" * 5
    assert 1 <= medians["a"] < 1.01 and 2 <= medians["b"] < 2.01
