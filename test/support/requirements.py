"""What a test needs that a machine may lack: skipped by name there, failed where everything must be (CI)."""

from __future__ import annotations

import functools
import os
import shutil
import tempfile

import pytest


def require(condition: bool, what: str) -> None:
    """Skip the test where `what` is missing; with STEPWELL_REQUIRE_ALL, fail it."""
    if condition:
        return
    if os.environ.get("STEPWELL_REQUIRE_ALL"):
        pytest.fail(f"{what} is missing, and STEPWELL_REQUIRE_ALL is set")
    pytest.skip(f"{what} is missing")


def require_compiler() -> None:
    require(any(shutil.which(name) is not None for name in ("cc", "gcc", "clang")), "a C compiler")


needs_compiler = pytest.mark.skipif(
    not os.environ.get("STEPWELL_REQUIRE_ALL") and shutil.which("cc") is None, reason="there is no C compiler"
)


def require_webgpu() -> None:
    """A device that WebGPU finds; Mesa's lavapipe, which computes on the CPU, is one."""
    require(_has_webgpu(), "a WebGPU device (the library wgpu, and a Vulkan driver)")


@functools.cache
def _has_webgpu() -> bool:
    os.environ.setdefault("XDG_RUNTIME_DIR", tempfile.gettempdir())  # Mesa complains without
    try:
        import wgpu

        return wgpu.gpu.request_adapter_sync() is not None
    except Exception:
        return False
