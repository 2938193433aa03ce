"""Runs a model that was compiled to OpenCL C, through the library pyopencl.

    program = OpenCLProgram(manifest, {"kernels.cl": source}, weights)
    outputs = program.run({"input": array})

The rest is `DeviceProgram`'s.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from .device import Array, DeviceError
from .device_program import DeviceProgram
from .refusal import refused
from .steps import Launch, Step, launches_of

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


class OpenCLProgram(DeviceProgram):
    def _open(self, manifest: Mapping[str, Any], files: Mapping[str, bytes]) -> None:
        self._context = request_context()
        import pyopencl as cl

        self._cl, self.FAULTS = cl, (cl.Error,)
        (device,) = self._context.devices
        check_types(device, manifest.get("requires", ()))
        most = {"bytes of a buffer": device.max_mem_alloc_size, "threads of a block": device.max_work_group_size}
        self._check_launches(device.name, list(launches_of(manifest["launches"])), most)
        self._queue = cl.CommandQueue(self._context)

    def _buffer(self, size: int) -> Any:
        return self._cl.Buffer(self._context, self._cl.mem_flags.READ_WRITE, max(size, 4))

    def _load(self, files: Mapping[str, bytes], launches: Sequence[Step]) -> None:
        self._program = self._build("kernels.cl", files["kernels.cl"]) if files else None

    def _wait(self) -> None:
        self._queue.finish()

    def _build(self, name: str, code: bytes) -> Any:
        try:
            return self._cl.Program(self._context, code.decode()).build(FLAGS)
        except self._cl.Error as error:
            raise refused(name, code.decode(), str(error), self._kernels) from None

    def _bound(self, launch: Step) -> Launch:
        cl, queue = self._cl, self._queue
        kernel = cl.Kernel(self._program, launch["kernel"])
        (device,) = self._context.devices
        threads = kernel.get_work_group_info(cl.kernel_work_group_info.WORK_GROUP_SIZE, device)
        self._check_launches(f"{device.name}, of this kernel,", [launch], {"threads of a block": threads})
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

    def _write(self, name: str, data: Array) -> None:
        self._cl.enqueue_copy(self._queue, self._buffers[name], data)

    def _read(self, name: str, at: int, size: int) -> Any:
        data = np.empty(size, np.uint8)
        self._cl.enqueue_copy(self._queue, data, self._buffers[name], src_offset=at)
        return data
