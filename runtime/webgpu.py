"""Runs a model that was compiled to WGSL, on the GPU that WebGPU gives through the library wgpu.

    program = WebGPUProgram(manifest, {"kernel_conv_0.wgsl": source, ...}, weights)
    outputs = program.run({"input": array})

The rest is `DeviceProgram`'s.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np

from .device import Array, DeviceError, Slots
from .device_program import ASKED, DeviceProgram
from .refusal import refused
from .steps import Launch, Step, launches_of

FEATURES = {"float16": "shader-f16"}
"""What an adapter must have for kernels that store numbers of a dtype."""


def request_device(limits: Mapping[str, int], requires: Sequence[str] = ()) -> Any:
    """A device with at least these limits, that has these dtypes. Raises `DeviceError` where there is none."""
    try:
        import wgpu
    except ImportError:
        raise DeviceError("the library wgpu is not installed", fix="pip install wgpu") from None
    install = "install a Vulkan, Metal or DirectX 12 driver"
    try:
        adapter = wgpu.gpu.request_adapter_sync(power_preference="high-performance")
        if adapter is None:
            raise DeviceError("no WebGPU device: there is no adapter", install)
        for limit, bytes in limits.items():
            if bytes > (most := adapter.limits[limit]):
                said = f"the model asks for {bytes:,} bytes, {adapter.info['device']} has a {limit} of {most:,}"
                raise DeviceError(said, "take smaller inputs, or another target")
        features = [needed(adapter.features, adapter.info["device"], dtype) for dtype in requires]
        asked: dict[str, int | None] = dict(limits)
        return adapter.request_device_sync(required_features=features, required_limits=asked)
    except DeviceError:
        raise
    except Exception as error:
        raise DeviceError(f"no WebGPU device: {error}", fix=install) from None


def padded(size: int) -> int:
    """Bytes of a buffer, or of a part of one, that holds `size`: WebGPU counts in words."""
    return max(-(-size // 4) * 4, 4)


def whole_words(data: Array) -> Array:
    return np.pad(data.reshape(-1).view(np.uint8), (0, -data.nbytes % 4)) if data.nbytes % 4 else data


def needed(features: Collection[str], name: str, dtype: str) -> Any:
    """The feature that a dtype asks for. Raises `DeviceError` where the adapter `name` has it not."""
    feature = FEATURES[dtype]
    if feature not in features:
        raise DeviceError(
            f"the model has tensors of {dtype}, which {name} has not (WebGPU's feature {feature})",
            fix="use float32 in the model, or another device",
        )
    return feature


class Work:
    """Launches on their way to the device, written down until they are handed over together."""

    def __init__(self, device: Any):
        import wgpu

        self._device = device
        self._written: tuple[Any, Any] | None = None  # an encoder and its pass
        usage = wgpu.BufferUsage.UNIFORM | wgpu.BufferUsage.COPY_DST
        self.numbers = device.create_buffer(size=Slots.COUNT * Slots.BYTES, usage=usage)
        self._slots = Slots(lambda at, data: device.queue.write_buffer(self.numbers, at, data), self.submit)

    def launch(self, pipeline: Any, group: Any, blocks: Sequence[int], numbers: Sequence[int]) -> None:
        places = [self._slots.place(numbers)] if numbers else []
        if self._written is None:
            encoder = self._device.create_command_encoder()
            self._written = encoder, encoder.begin_compute_pass()
        work = self._written[1]
        work.set_pipeline(pipeline)
        work.set_bind_group(0, group, places)
        work.dispatch_workgroups(*blocks)

    def submit(self) -> None:
        if self._written is not None:
            encoder, work = self._written
            self._written = None
            work.end()
            self._device.queue.submit([encoder.finish()])


class WebGPUProgram(DeviceProgram):
    def _open(self, manifest: Mapping[str, Any], files: Mapping[str, bytes]) -> None:
        largest = max(map(ASKED["bytes of a buffer"], launches_of(manifest["launches"])), default=0)
        whole = max(largest, int(manifest["arena_size"]), int(manifest["weights_size"]))
        self._device = request_device(
            {"max-buffer-size": max(whole, 256 << 20), "max-storage-buffer-binding-size": max(largest, 128 << 20)},
            manifest.get("requires", ()),
        )
        import wgpu

        self.FAULTS = (wgpu.GPUError,)

    def _buffer(self, size: int) -> Any:
        import wgpu

        usage = wgpu.BufferUsage.STORAGE | wgpu.BufferUsage.COPY_SRC | wgpu.BufferUsage.COPY_DST
        return self._device.create_buffer(size=padded(size), usage=usage)

    def _load(self, files: Mapping[str, bytes], launches: Sequence[Step]) -> None:
        self._work = Work(self._device)
        kinds = {launch["kernel"]: (len(launch["buffers"]), len(launch["numbers"])) for launch in launches}
        self._pipelines = {
            kernel: self._pipeline(name, code, *kinds[kernel])
            for name, code in files.items()
            if (kernel := name.rpartition(".")[0]) in kinds
        }

    def _pipeline(self, name: str, code: bytes, buffers: int, numbers: int) -> tuple[Any, Any]:
        """A kernel, and the layout of what it is handed: buffers, then the numbers, which stand at a place of a buffer
        that each launch says."""
        import wgpu

        visible = wgpu.ShaderStage.COMPUTE
        entries: list[Any] = [
            {"binding": n, "visibility": visible, "buffer": {"type": "storage"}} for n in range(buffers)
        ]
        if numbers:
            place = {"type": "uniform", "has_dynamic_offset": True}
            entries.append({"binding": buffers, "visibility": visible, "buffer": place})
        try:
            module = self._device.create_shader_module(code=code.decode(), label=name)
            handed = self._device.create_bind_group_layout(entries=entries)
            layout = self._device.create_pipeline_layout(bind_group_layouts=[handed])
            compute = {"module": module, "entry_point": "main"}
            return self._device.create_compute_pipeline(layout=layout, compute=compute), handed
        except wgpu.GPUError as error:
            raise refused(name, code.decode(), str(error), self._kernels) from None

    def _bound(self, launch: Step) -> Launch:
        parts = [(self._buffers[b["of"]], b["offset"], padded(b["bytes"])) for b in launch["buffers"]]
        if launch["numbers"]:
            parts.append((self._work.numbers, 0, -(-len(launch["numbers"]) * 4 // 16) * 16))
        pipeline, layout = self._pipelines[launch["kernel"]]
        group = self._device.create_bind_group(
            layout=layout,
            entries=[
                {"binding": place, "resource": {"buffer": buffer, "offset": offset, "size": size}}
                for place, (buffer, offset, size) in enumerate(parts)
            ],
        )
        work, blocks = self._work, launch["blocks"]
        return lambda numbers: work.launch(pipeline, group, blocks, numbers)

    def _write(self, name: str, data: Array) -> None:
        self._device.queue.write_buffer(self._buffers[name], 0, whole_words(data))

    def _wait(self) -> None:
        self._read("arena", 0, 4)  # wgpu 0.32 can wait for nothing else

    def _read(self, name: str, at: int, size: int) -> Any:
        """What a number is read from starts at a word."""
        self._work.submit()
        return self._device.queue.read_buffer(self._buffers[name], at, padded(size))[:size]
