"""What the runtime calls of CUDA's driver, in a library of the same functions that needs no GPU."""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
import stepwell
from onnx import parser
from requirements import needs_compiler
from stepwell.runtime.device import DeviceError

SOURCE = Path(__file__).with_name("stand_in.c")
FAILED = 218
NEGATE = '<ir_version: 8, opset_import: ["" : 18]> agraph (float[300] x) => (float[300] y) { y = Neg(x) }'


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
        Exception, match=r"refused kernels\.ptx: .*a PTX JIT compilation failed\n?.*line 3; error"
    ) as raised:
        negate()
    assert isinstance(raised.value, DeviceError | stepwell.StepwellError)
    assert library.stand_in_depth() == 0
