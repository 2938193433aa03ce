"""Copies that a schedule asks for and a language cannot make are refused by name."""

from __future__ import annotations

from pathlib import Path

import pytest
from stepwell.context import Context
from stepwell.diagnostics import StepwellError
from stepwell.driver import find_target
from stepwell.pass_manager import parse_passes, run_passes
from stepwell.text import parse_module

VECTORS = Path(__file__).with_name("vectors.mlir").read_text()
ASYNC = """
builtin.module attributes {stepwell.level = "device", gpu.container_module} {
gpu.module @kernels {
gpu.func @copy(%x: memref<64xf32>) workgroup(%t: memref<64xf32, #gpu.address_space<workgroup>>)
    kernel attributes {known_block_size = array<i32: 1, 1, 1>} {
  %c0 = arith.constant 0 : index
  %c = nvgpu.device_async_copy %x[%c0], %t[%c0], 1 : memref<64xf32> to memref<64xf32, #gpu.address_space<workgroup>>
  gpu.return
}
}
}
"""


@pytest.mark.parametrize("target", ["wgsl", "glsl"])
def test_buffers_that_are_arrays_of_scalars_are_read_one_by_one(target: str) -> None:
    language = {"wgsl": "WGSL", "glsl": "GLSL"}[target]
    with pytest.raises(StepwellError, match=rf"{language} has no vector\.broadcast") as raised:
        find_target(target).texts(parse_module(Context(), VECTORS))
    assert raised.value.fix is not None and "without `by`" in raised.value.fix


@pytest.mark.parametrize(("target", "language"), [("opencl", "OpenCL C"), ("hip", "HIP"), ("msl", "MSL")])
def test_copies_by_the_device_itself_are_cudas(target: str, language: str) -> None:
    with pytest.raises(StepwellError, match=rf"{language} has no nvgpu\.device_async_copy"):
        find_target(target).texts(parse_module(Context(), ASYNC))


@pytest.mark.parametrize("text", [VECTORS, ASYNC])
def test_spirv_has_neither(text: str) -> None:
    with pytest.raises(StepwellError, match=r"(vector\.broadcast|nvgpu\.device_async_copy)"):
        run_passes(Context(), parse_module(Context(), text), parse_passes("gpu-to-spirv"))
