"""Runs a model that was compiled to PTX on a GPU of NVIDIA, by the CUDA driver's own library: no toolkit is needed.

    program = CUDAProgram(manifest, {"kernels.ptx": text}, weights)
    outputs = program.run({"input": array})

The rest is `DeviceProgram`'s.
"""

from __future__ import annotations

import ctypes
import sys
import weakref
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import numpy as np

from .device import Array, DeviceError
from .device_program import DeviceProgram
from .refusal import refused
from .steps import Launch, Step

LIBRARY = "nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1"
DRIVER = "install NVIDIA's driver; a model can be compiled without one: stepwell-translate MODEL --to ptx"
LOG_BUFFER, LOG_SIZE = 5, 6
"""CU_JIT_ERROR_LOG_BUFFER and its size in bytes."""
MAJOR, MINOR = 75, 76
"""CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR and _MINOR."""

POINTER, SIZE = ctypes.c_void_p, ctypes.c_size_t
Address = ctypes.c_uint64
SIGNATURES: dict[str, tuple[Any, ...]] = {
    "cuInit": (ctypes.c_uint,),
    "cuDeviceGet": (POINTER, ctypes.c_int),
    "cuDeviceGetName": (ctypes.c_char_p, ctypes.c_int, ctypes.c_int),
    "cuDeviceGetAttribute": (POINTER, ctypes.c_int, ctypes.c_int),
    "cuDevicePrimaryCtxRetain": (POINTER, ctypes.c_int),
    "cuCtxPushCurrent_v2": (POINTER,),
    "cuCtxPopCurrent_v2": (POINTER,),
    "cuModuleLoadDataEx": (POINTER, POINTER, ctypes.c_uint, POINTER, POINTER),
    "cuModuleUnload": (POINTER,),
    "cuModuleGetFunction": (POINTER, POINTER, ctypes.c_char_p),
    "cuMemAlloc_v2": (POINTER, SIZE),
    "cuMemFree_v2": (Address,),
    "cuMemcpyHtoD_v2": (Address, POINTER, SIZE),
    "cuMemcpyDtoH_v2": (POINTER, Address, SIZE),
    "cuLaunchKernel": (POINTER, *[ctypes.c_uint] * 7, POINTER, POINTER, POINTER),
}


class Failed(Exception):
    """What the driver gave an error for."""


class Driver:
    """The driver's functions; a code that says something went wrong is raised as `Failed`."""

    def __init__(self, name: str | None = None):
        name = name or LIBRARY
        try:
            self._library = ctypes.CDLL(name)
        except OSError as error:
            raise DeviceError(f"no CUDA driver: {error}", fix=DRIVER) from None
        for function, types in SIGNATURES.items():
            getattr(self._library, function).argtypes = types

    def __call__(self, name: str, *args: Any) -> None:
        if (code := getattr(self._library, name)(*args)) != 0:
            raise Failed(f"{name} failed: {self.describe(code)}")

    def describe(self, code: int) -> str:
        text = ctypes.c_char_p()
        self._library.cuGetErrorString(code, ctypes.byref(text))
        return text.value.decode() if text.value else f"error {code} of the CUDA driver"


class Context:
    """The context of the first GPU: `with context:` makes it the thread's. Raises `DeviceError` where there is none."""

    def __init__(self, driver: Driver):
        self._driver = driver
        self._device = device = ctypes.c_int()
        self._handle = POINTER()
        try:
            driver("cuInit", 0)
            driver("cuDeviceGet", ctypes.byref(device), 0)
            driver("cuDevicePrimaryCtxRetain", ctypes.byref(self._handle), device)
        except Failed as error:
            raise DeviceError(f"no CUDA device: {error}", fix=DRIVER) from None

    def check(self, architecture: str) -> None:
        """Raise `DeviceError` where the GPU is older than the one that kernels were made for, `sm_80`."""
        capability = 0
        for part in (MAJOR, MINOR):
            number = ctypes.c_int()
            self._driver("cuDeviceGetAttribute", ctypes.byref(number), part, self._device)
            capability = capability * 10 + number.value
        if capability < int(architecture.removeprefix("sm_")):
            name = ctypes.create_string_buffer(256)
            self._driver("cuDeviceGetName", name, len(name), self._device)
            fix = "take another target: wgsl, spirv or opencl"
            said = f"the kernels are for {architecture} or later, {name.value.decode()} is sm_{capability}"
            raise DeviceError(said, fix)

    def __enter__(self) -> None:
        self._driver("cuCtxPushCurrent_v2", self._handle)

    def __exit__(self, *error: object) -> None:
        self._driver("cuCtxPopCurrent_v2", ctypes.byref(POINTER()))


class CUDAProgram(DeviceProgram):
    FAULTS = (Failed,)

    def _open(self, manifest: Mapping[str, Any], files: Mapping[str, bytes]) -> None:
        self._driver = Driver()
        self._context = Context(self._driver)
        self._context.check(manifest.get("architecture", "sm_80"))
        self._parameters = manifest.get("parameters", {})
        self._module = POINTER()
        weakref.finalize(self, release, self._driver, self._context, self._buffers, self._module)

    def _buffer(self, size: int) -> int:
        address = Address()
        self._driver("cuMemAlloc_v2", ctypes.byref(address), max(size, 4))
        return address.value

    def _write(self, name: str, data: Array) -> None:
        self._driver("cuMemcpyHtoD_v2", self._buffers[name], data.ctypes.data, data.nbytes)

    def _wait(self) -> None:
        self._driver("cuCtxSynchronize")

    def _load(self, files: Mapping[str, bytes], launches: Sequence[Step]) -> None:
        for name, code in files.items():
            self._compile(name, code)

    def _compile(self, name: str, code: bytes) -> None:
        log = ctypes.create_string_buffer(1 << 14)
        options = (ctypes.c_int * 2)(LOG_BUFFER, LOG_SIZE)
        values = (POINTER * 2)(ctypes.addressof(log), len(log))
        try:
            self._driver("cuModuleLoadDataEx", ctypes.byref(self._module), code + b"\0", 2, options, values)
        except Failed as error:
            said = f"{error}\n{log.value.decode(errors='replace')}"
            raise refused(name, code.decode(), said, self._kernels) from None

    def _bound(self, launch: Step) -> Launch:
        kernel, driver, parameters = POINTER(), self._driver, self._parameters[launch["kernel"]]
        driver("cuModuleGetFunction", ctypes.byref(kernel), self._module, launch["kernel"].encode())
        buffers = iter([self._buffers[part["of"]] + part["offset"] for part in launch["buffers"]])
        values = [Address(next(buffers)) if kind == "pointer" else ctypes.c_int64() for kind in parameters]
        pointers = (POINTER * len(values))(*map(ctypes.addressof, values))
        size = (*launch["blocks"], *launch["threads"])

        def run(numbers: Sequence[int]) -> None:
            given = iter(numbers)
            for value, kind in zip(values, parameters, strict=True):  # at which `pointers` point
                if kind != "pointer":
                    value.value = next(given)
            driver("cuLaunchKernel", kernel, *size, 0, None, pointers, None)

        return run

    @contextmanager
    def _faults(self, doing: str) -> Generator[None]:
        with super()._faults(doing), self._context:
            yield

    def _read(self, name: str, at: int, size: int) -> Any:
        data = np.empty(size, np.uint8)
        self._driver("cuMemcpyDtoH_v2", data.ctypes.data, self._buffers[name] + at, size)
        return data


def release(driver: Driver, context: Context, buffers: dict[str, int], module: Any) -> None:
    """Give back what a program held on the device, if that is still there."""
    with suppress(Failed), context:
        for address in buffers.values():
            driver("cuMemFree_v2", address)
        if module:
            driver("cuModuleUnload", module)
