"""Runs a model that was compiled to OpenCL C, through the library pyopencl.

    program = OpenCLProgram(manifest, {"kernels.cl": source}, weights)
    outputs = program.run({"input": array})

The manifest is the program of the host: `launches`, each a kernel, how many blocks of threads, which parts of which
buffers, and numbers, with control flow around them, see `steps.py`. Weights are uploaded once. Shapes and dtypes of the
feeds are trusted: who calls has checked.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from .device import Array, DeviceError, bytes_of, handed_back, stored
from .sizes import cut
from .steps import Launch, Step, Steps

FLAGS = ["-cl-std=CL1.2"]


@functools.cache
def request_context() -> Any:
    """The context of the first device of OpenCL, one for all programs of a process: a driver loads its library of
    functions once for each context, which takes PoCL half a second. Raises `DeviceError` where there is none."""
    try:
        import pyopencl as cl
    except ImportError:
        raise DeviceError("the library pyopencl is not installed", fix="pip install pyopencl") from None
    try:
        devices = [device for platform in cl.get_platforms() for device in platform.get_devices()]
    except cl.Error as error:
        raise DeviceError(f"no OpenCL device: {error}", fix="install a driver; PoCL is one for CPUs") from None
    if not devices:
        raise DeviceError("no OpenCL device", fix="install a driver; PoCL is one for CPUs")
    return cl.Context(devices[:1])


def check_types(device: Any, requires: Sequence[str]) -> None:
    """Raise `DeviceError` where the device lacks one of these dtypes."""
    if "float64" in requires and not device.double_fp_config:
        raise DeviceError(
            f"the model has numbers of float64, which {device.name} has not", fix="use float32, or another device"
        )


class OpenCLProgram:
    """A model for fixed shapes. Several threads may call `run`: one after the other has the device."""

    def __init__(
        self,
        manifest: Mapping[str, Any],
        files: Mapping[str, bytes],
        weights: bytes | bytearray | memoryview | Array,
        threads: int = 1,
    ):
        import pyopencl as cl

        self._cl, self._context = cl, request_context()
        check_types(self._context.devices[0], manifest.get("requires", ()))
        self._queue = cl.CommandQueue(self._context)
        self._lock = threading.Lock()
        self._inputs, self._outputs = manifest["inputs"], manifest["outputs"]
        sizes = {"arena": int(manifest["arena_size"]), "weights": int(manifest["weights_size"])}
        sizes |= {f"input {n}": bytes_of(spec) for n, spec in enumerate(self._inputs)}
        sizes |= {f"output {n}": bytes_of(spec) for n, spec in enumerate(self._outputs)}
        self._buffers = {name: self._buffer(size) for name, size in sizes.items()}
        if sizes["weights"]:
            cl.enqueue_copy(self._queue, self._buffers["weights"], np.frombuffer(weights, np.uint8))
        program = self._build("kernels.cl", files["kernels.cl"]) if files else None
        self._steps = Steps(manifest["launches"], lambda launch: self._bound(program, launch))

    def _buffer(self, size: int) -> Any:
        return self._cl.Buffer(self._context, self._cl.mem_flags.READ_WRITE, max(size, 4))

    def _build(self, name: str, code: bytes) -> Any:
        try:
            return self._cl.Program(self._context, code.decode()).build(FLAGS)
        except self._cl.Error as error:
            raise DeviceError(f"the device refused {name}: {error}") from None

    def _bound(self, program: Any, launch: Step) -> Launch:
        cl, queue = self._cl, self._queue
        kernel = cl.Kernel(program, launch["kernel"])
        for n, part in enumerate(launch["buffers"]):
            whole = self._buffers[part["of"]]
            kernel.set_arg(n, whole.get_sub_region(part["offset"], max(part["bytes"], 4)))
        block = tuple(launch["threads"])
        grid = tuple(b * t for b, t in zip(launch["blocks"], block, strict=True))
        first = len(launch["buffers"])

        def run(numbers: Sequence[int]) -> None:
            for n, number in enumerate(numbers, first):
                kernel.set_arg(n, np.int32(number))
            cl.enqueue_nd_range_kernel(queue, kernel, grid, block)

        return run

    def run(self, feeds: Mapping[str, Array]) -> dict[str, Array]:
        """The outputs by name, each a new array. `feeds` holds an array for every input."""
        with self._lock:
            data = [stored(feeds[spec["name"]], spec) for spec in self._inputs]
            for n, array in enumerate(data):
                if array.nbytes:
                    self._cl.enqueue_copy(self._queue, self._buffers[f"input {n}"], array)
            self._steps.run(data, self._number)
            return cut(self._outputs, {spec["name"]: self._read(n, spec) for n, spec in enumerate(self._outputs)})

    def _number(self, buffer: str, at: int, kind: np.dtype[Any]) -> int:
        number = np.empty(1, kind)
        self._cl.enqueue_copy(self._queue, number, self._buffers[buffer], src_offset=at)
        return int(number[0])

    def _read(self, n: int, spec: Mapping[str, Any]) -> Array:
        data = np.empty(bytes_of(spec), np.uint8)
        if data.nbytes:
            self._cl.enqueue_copy(self._queue, data, self._buffers[f"output {n}"])
        return handed_back(data, spec)
