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


DRIVERS = {
    "wgsl": "a WebGPU device (the library wgpu, and a Vulkan driver)",
    "spirv": "a Vulkan device (the library vulkan, and a driver such as lavapipe)",
    "opencl": "an OpenCL device (the library pyopencl, and a driver such as PoCL)",
    "cuda": "a GPU of NVIDIA, and its driver",
    "glsl": "OpenGL 4.3 without a window (the library moderngl, and a driver with EGL)",
    "webgl": "OpenGL 4.3 without a window (the library moderngl, and a driver with EGL)",
}


def require_device(target: str) -> None:
    """A device for kernels of `target`; one that computes on the CPU will do: lavapipe, PoCL, llvmpipe."""
    if target == "cuda" and not has_device(target):
        pytest.skip("no GPU of NVIDIA's, which no machine can install")  # not even where all else must be
    require(has_device(target), DRIVERS[target])


def require_target(target: str) -> None:
    """What programs of `target` need to run here."""
    if target == "c":
        require_compiler()
    elif target in DRIVERS:
        require_device(target)


@functools.cache
def has_device(target: str) -> bool:
    """Whether kernels of `target` can be run here."""
    os.environ.setdefault("XDG_RUNTIME_DIR", tempfile.gettempdir())  # Mesa complains without
    try:
        if target == "spirv":
            from stepwell.runtime.vulkan_device import open_device

            return open_device() is not None
        if target == "wgsl":
            import wgpu

            return wgpu.gpu.request_adapter_sync() is not None
        if target == "opencl":
            import pyopencl

            return any(platform.get_devices() for platform in pyopencl.get_platforms())
        if target == "cuda":
            from stepwell.runtime.cuda import Context, Driver

            Context(Driver())
            return True
        import moderngl

        moderngl.create_standalone_context(backend="egl", require=430).release()
    except Exception:
        return False
    return True
