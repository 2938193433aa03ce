"""Runs a model that was compiled to PTX on a GPU of NVIDIA, by the CUDA driver's own library: no toolkit is needed.

    program = CUDAProgram(manifest, {"kernels.ptx": text}, weights)
    outputs = program.run({"input": array})

The manifest is the program of the host: `launches`, each a kernel, how many blocks of threads, which parts of which
buffers, and numbers, with control flow around them, see `steps.py`; `parameters`, the types of each kernel's arguments.
Weights are uploaded once. Shapes and dtypes of the feeds are trusted: who calls has checked. (CUDA Driver API:
`cuModuleLoadDataEx`, `cuLaunchKernel`.)
"""

from __future__ import annotations

import ctypes
import sys
import threading
import time
import weakref
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from .device import Array, DeviceError, bytes_of, handed_back, stored
from .sizes import cut
from .steps import Launch, Step, Steps

LIBRARY = "nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1"
DRIVER = "install NVIDIA's driver; a model can be compiled without one: stepwell-translate MODEL --to ptx"
LOG_BUFFER, LOG_SIZE = 5, 6
"""CU_JIT_ERROR_LOG_BUFFER and its size in bytes."""

POINTER, SIZE = ctypes.c_void_p, ctypes.c_size_t
Address = ctypes.c_uint64
SIGNATURES: dict[str, tuple[Any, ...]] = {
    "cuInit": (ctypes.c_uint,),
    "cuDeviceGet": (POINTER, ctypes.c_int),
    "cuDevicePrimaryCtxRetain": (POINTER, ctypes.c_int),
    "cuCtxPushCurrent_v2": (POINTER,),
    "cuCtxPopCurrent_v2": (POINTER,),
    "cuCtxSynchronize": (),
    "cuModuleLoadDataEx": (POINTER, POINTER, ctypes.c_uint, POINTER, POINTER),
    "cuModuleUnload": (POINTER,),
    "cuModuleGetFunction": (POINTER, POINTER, ctypes.c_char_p),
    "cuMemAlloc_v2": (POINTER, SIZE),
    "cuMemFree_v2": (Address,),
    "cuMemcpyHtoD_v2": (Address, POINTER, SIZE),
    "cuMemcpyDtoH_v2": (POINTER, Address, SIZE),
    "cuLaunchKernel": (POINTER, *[ctypes.c_uint] * 7, POINTER, POINTER, POINTER),
}


class Driver:
    """The driver's functions; a code that says something went wrong becomes a `DeviceError`."""

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
            raise DeviceError(f"{name} failed: {self.describe(code)}")

    def describe(self, code: int) -> str:
        text = ctypes.c_char_p()
        self._library.cuGetErrorString(code, ctypes.byref(text))
        return text.value.decode() if text.value else f"error {code} of the CUDA driver"


class Context:
    """The context of the first GPU: `with context:` makes it the thread's. Raises `DeviceError` where there is none."""

    def __init__(self, driver: Driver):
        self._driver = driver
        device = ctypes.c_int()
        self._handle = POINTER()
        try:
            driver("cuInit", 0)
            driver("cuDeviceGet", ctypes.byref(device), 0)
            driver("cuDevicePrimaryCtxRetain", ctypes.byref(self._handle), device)
        except DeviceError as error:
            raise DeviceError(f"no CUDA device: {error}", fix=DRIVER) from None

    def __enter__(self) -> None:
        self._driver("cuCtxPushCurrent_v2", self._handle)

    def __exit__(self, *error: object) -> None:
        self._driver("cuCtxPopCurrent_v2", ctypes.byref(POINTER()))


class CUDAProgram:
    """A model for fixed shapes. Several threads may call `run`: one after the other has the device."""

    def __init__(
        self,
        manifest: Mapping[str, Any],
        files: Mapping[str, bytes],
        weights: bytes | bytearray | memoryview | Array,
        threads: int = 1,
    ):
        self._driver = Driver()
        self._context = Context(self._driver)
        self._lock = threading.Lock()
        self._inputs, self._outputs = manifest["inputs"], manifest["outputs"]
        sizes = {"arena": int(manifest["arena_size"]), "weights": int(manifest["weights_size"])}
        sizes |= {f"input {n}": bytes_of(spec) for n, spec in enumerate(self._inputs)}
        sizes |= {f"output {n}": bytes_of(spec) for n, spec in enumerate(self._outputs)}
        self._buffers: dict[str, int] = {}
        self._module = POINTER()
        weakref.finalize(self, release, self._driver, self._context, self._buffers, self._module)
        with self._context:
            for name, size in sizes.items():
                self._buffers[name] = self._allocated(size)
            if sizes["weights"]:
                self._upload("weights", np.frombuffer(weights, np.uint8))
            if files:
                self._load("kernels.ptx", files["kernels.ptx"])
            parameters = manifest["parameters"]
            self._steps = Steps(manifest["launches"], lambda launch: self._bound(launch, parameters[launch["kernel"]]))

    def _allocated(self, size: int) -> int:
        address = Address()
        self._driver("cuMemAlloc_v2", ctypes.byref(address), max(size, 4))
        return address.value

    def _upload(self, name: str, data: Array) -> None:
        self._driver("cuMemcpyHtoD_v2", self._buffers[name], data.ctypes.data, data.nbytes)

    def _load(self, name: str, code: bytes) -> None:
        log = ctypes.create_string_buffer(1 << 14)
        options = (ctypes.c_int * 2)(LOG_BUFFER, LOG_SIZE)
        values = (POINTER * 2)(ctypes.addressof(log), len(log))
        try:
            self._driver("cuModuleLoadDataEx", ctypes.byref(self._module), code + b"\0", 2, options, values)
        except DeviceError as error:
            raise DeviceError(f"the device refused {name}: {error}\n{log.value.decode(errors='replace')}") from None

    def _bound(self, launch: Step, parameters: list[str]) -> Launch:
        kernel, driver = POINTER(), self._driver
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

    def run(self, feeds: Mapping[str, Array]) -> dict[str, Array]:
        """The outputs by name, each a new array. `feeds` holds an array for every input."""
        with self._lock, self._context:
            self._steps.run(self._uploaded(feeds), self._number)
            self._driver("cuCtxSynchronize")
            return cut(self._outputs, {spec["name"]: self._read(n, spec) for n, spec in enumerate(self._outputs)})

    def repeat(self, feeds: Mapping[str, Array], times: int) -> float:
        """The seconds of one of `times` runs, one after the other, without the copies of inputs and outputs."""
        with self._lock, self._context:
            data = self._uploaded(feeds)
            self._driver("cuCtxSynchronize")
            start = time.perf_counter()
            for _ in range(times):
                self._steps.run(data, self._number)
            self._driver("cuCtxSynchronize")
            return (time.perf_counter() - start) / times

    def _uploaded(self, feeds: Mapping[str, Array]) -> list[Array]:
        """The inputs as the device has them."""
        data = [stored(feeds[spec["name"]], spec) for spec in self._inputs]
        for n, array in enumerate(data):
            if array.nbytes:
                self._upload(f"input {n}", array)
        return data

    def _number(self, buffer: str, at: int, kind: np.dtype[Any]) -> int:
        number = np.empty(1, kind)
        self._driver("cuMemcpyDtoH_v2", number.ctypes.data, self._buffers[buffer] + at, number.nbytes)
        return int(number[0])

    def _read(self, n: int, spec: Mapping[str, Any]) -> Array:
        data = np.empty(bytes_of(spec), np.uint8)
        if data.nbytes:
            self._driver("cuMemcpyDtoH_v2", data.ctypes.data, self._buffers[f"output {n}"], data.nbytes)
        return handed_back(data, spec)


def release(driver: Driver, context: Context, buffers: dict[str, int], module: Any) -> None:
    """Give back what a program held on the device."""
    with context:
        for address in buffers.values():
            driver("cuMemFree_v2", address)
        if module:
            driver("cuModuleUnload", module)
