"""Runs a model that was compiled to WGSL or SPIR-V, on the GPU that WebGPU gives through the library wgpu.

    program = WebGPUProgram(manifest, {"kernel_conv_0.wgsl": source, ...}, weights)
    outputs = program.run({"input": array})

The manifest is the program of the host: `launches`, each a kernel, how many blocks of threads, which parts of which
buffers, and numbers. Weights are uploaded once. Shapes and dtypes of the feeds are trusted: who calls has checked.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

import numpy as np

from .device import Array, DeviceError, bytes_of, handed_back, stored
from .sizes import cut

SLOT = 256
"""Bytes at multiples of which the numbers of a launch may start."""


def request_device(limits: Mapping[str, int]) -> Any:
    """A device with at least these limits. Raises `DeviceError` where there is none."""
    try:
        import wgpu
    except ImportError:
        raise DeviceError("the library wgpu is not installed", fix="pip install wgpu") from None
    try:
        adapter = wgpu.gpu.request_adapter_sync(power_preference="high-performance")
        asked: dict[str, int | None] = dict(limits)
        return adapter.request_device_sync(required_limits=asked)
    except Exception as error:
        raise DeviceError(f"no WebGPU device: {error}", fix="install a Vulkan, Metal or DirectX 12 driver") from None


class WebGPUProgram:
    """A model for fixed shapes. Several threads may call `run`: one after the other has the device."""

    def __init__(
        self,
        manifest: Mapping[str, Any],
        files: Mapping[str, bytes],
        weights: bytes | bytearray | memoryview | Array,
        threads: int = 1,
    ):
        self._inputs, self._outputs = manifest["inputs"], manifest["outputs"]
        largest = max([buffer["bytes"] for launch in manifest["launches"] for buffer in launch["buffers"]], default=0)
        whole = max(largest, int(manifest["arena_size"]), int(manifest["weights_size"]))
        self._device = request_device(
            {"max-buffer-size": max(whole, 256 << 20), "max-storage-buffer-binding-size": max(largest, 128 << 20)}
        )
        self._lock = threading.Lock()
        self._buffers: dict[str, Any] = {
            "arena": self._buffer(int(manifest["arena_size"])),
            "weights": self._buffer(int(manifest["weights_size"]), np.frombuffer(weights, np.uint8)),
        }
        for n, spec in enumerate(self._inputs):
            self._buffers[f"input {n}"] = self._buffer(bytes_of(spec))
        for n, spec in enumerate(self._outputs):
            self._buffers[f"output {n}"] = self._buffer(bytes_of(spec))
        self._pipelines = {name.rpartition(".")[0]: self._pipeline(name, code) for name, code in files.items()}
        self._launches = self._bound(manifest["launches"])

    def _buffer(self, size: int, data: Array | None = None) -> Any:
        import wgpu

        usage = wgpu.BufferUsage.STORAGE | wgpu.BufferUsage.COPY_SRC | wgpu.BufferUsage.COPY_DST
        made = self._device.create_buffer(size=max(-(-size // 4) * 4, 4), usage=usage)
        if data is not None and data.size:
            self._device.queue.write_buffer(made, 0, np.ascontiguousarray(data))
        return made

    def _pipeline(self, name: str, code: bytes) -> Any:
        import wgpu

        try:
            module = self._device.create_shader_module(
                code=bytes(code) if name.endswith(".spv") else code.decode(), label=name
            )
            return self._device.create_compute_pipeline(
                layout="auto", compute={"module": module, "entry_point": "main"}
            )
        except wgpu.GPUError as error:
            raise DeviceError(f"the device refused {name}: {error}") from None

    def _bound(self, launches: list[dict[str, Any]]) -> list[tuple[Any, Any, list[int]]]:
        """(pipeline, bind group, blocks) of each launch."""
        import wgpu

        numbers = np.zeros((max(len(launches), 1), SLOT // 4), np.int32)
        for n, launch in enumerate(launches):
            numbers[n, : len(launch["numbers"])] = launch["numbers"]
        usage = wgpu.BufferUsage.UNIFORM | wgpu.BufferUsage.COPY_DST
        params = self._device.create_buffer_with_data(data=numbers, usage=usage)
        bound: list[tuple[Any, Any, list[int]]] = []
        for n, launch in enumerate(launches):
            parts = [(self._buffers[b["of"]], b["offset"], max(b["bytes"], 4)) for b in launch["buffers"]]
            if launch["numbers"]:
                parts.append((params, n * SLOT, -(-len(launch["numbers"]) * 4 // 16) * 16))
            entries = [
                {"binding": place, "resource": {"buffer": buffer, "offset": offset, "size": size}}
                for place, (buffer, offset, size) in enumerate(parts)
            ]
            pipeline = self._pipelines[launch["kernel"]]
            group = self._device.create_bind_group(layout=pipeline.get_bind_group_layout(0), entries=entries)
            bound.append((pipeline, group, launch["blocks"]))
        return bound

    def run(self, feeds: Mapping[str, Array]) -> dict[str, Array]:
        """The outputs by name, each a new array. `feeds` holds an array for every input."""
        with self._lock:
            for n, spec in enumerate(self._inputs):
                data = stored(feeds[spec["name"]], spec)
                if data.nbytes:
                    self._device.queue.write_buffer(self._buffers[f"input {n}"], 0, data)
            encoder = self._device.create_command_encoder()
            work = encoder.begin_compute_pass()
            for pipeline, group, blocks in self._launches:
                work.set_pipeline(pipeline)
                work.set_bind_group(0, group)
                work.dispatch_workgroups(*blocks)
            work.end()
            self._device.queue.submit([encoder.finish()])
            return cut(self._outputs, {spec["name"]: self._read(n, spec) for n, spec in enumerate(self._outputs)})

    def _read(self, n: int, spec: Mapping[str, Any]) -> Array:
        size = bytes_of(spec)
        data = self._device.queue.read_buffer(self._buffers[f"output {n}"], 0, -(-size // 4) * 4) if size else b""
        return handed_back(data, spec)
