"""Runs a model that was compiled to SPIR-V, on a GPU that has Vulkan, through the library vulkan.

    program = VulkanProgram(manifest, {"kernel_conv_0.spv": words, ...}, weights)
    outputs = program.run({"input": array})

The manifest is the program of the host: `launches`, each a kernel, how many blocks of threads, which parts of which
buffers, and numbers, which are push constants. Weights are uploaded once; inputs and outputs go through memory that
both sides see. Shapes and dtypes of the feeds are trusted: who calls has checked.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from .device import Array, DeviceError, bytes_of, handed_back, stored
from .sizes import cut
from .steps import Launch, Step, Steps, launches_of
from .vulkan_device import NUMBERS_BYTES, Buffer, Device, Pipeline, open_device

CHUNK = 64 << 20
"""Bytes of weights that are uploaded at once."""
ALIGNED = 256
NUMBER = "number"
"""The place where a number that is read back crosses over."""


class Work:
    """Commands on their way to the device, written down until they are handed over together."""

    def __init__(self, device: Device, held: Held):
        self._device = device
        self._buffer, self._done = held.commands(), held.fence()
        self._open = False

    @property
    def commands(self) -> Any:
        if not self._open:
            vk = self._device.vk
            vk.vkBeginCommandBuffer(self._buffer, vk.VkCommandBufferBeginInfo())
            self._open = True
        return self._buffer

    def launch(self, pipeline: Pipeline, group: Any, blocks: Sequence[int], numbers: Sequence[int]) -> None:
        """A kernel, behind what those before it wrote."""
        vk, commands = self._device.vk, self.commands
        point = vk.VK_PIPELINE_BIND_POINT_COMPUTE
        wait(self._device, commands)
        vk.vkCmdBindPipeline(commands, point, pipeline.handle)
        vk.vkCmdBindDescriptorSets(commands, point, pipeline.layout, 0, 1, [group], 0, None)
        if numbers:
            data = vk.ffi.from_buffer(np.array(numbers, np.int32).tobytes())
            stage = vk.VK_SHADER_STAGE_COMPUTE_BIT
            vk.vkCmdPushConstants(commands, pipeline.layout, stage, 0, 4 * len(numbers), data)
        vk.vkCmdDispatch(commands, *blocks)

    def copy(self, source: Buffer, start: int, target: Buffer, place: int, size: int) -> None:
        if size:
            region = self._device.vk.VkBufferCopy(srcOffset=start, dstOffset=place, size=size)
            self._device.vk.vkCmdCopyBuffer(self.commands, source.handle, target.handle, 1, [region])

    def submit(self) -> None:
        """Run what is written down, or once more what was."""
        if self._open:
            wait(self._device, self._buffer)
            self._device.vk.vkEndCommandBuffer(self._buffer)
            self._open = False
        self._device.submit(self._buffer, self._done)


class VulkanProgram:
    """A model for fixed shapes. Several threads may call `run`: one after the other has the program."""

    def __init__(
        self,
        manifest: Mapping[str, Any],
        files: Mapping[str, bytes],
        weights: bytes | bytearray | memoryview | Array,
        threads: int = 1,
    ):
        self._device = device = open_device()
        self._lock = threading.Lock()
        self._inputs, self._outputs = manifest["inputs"], manifest["outputs"]
        launches = list(launches_of(manifest["launches"]))
        check_limits(device, launches)
        kernels = {name.rpartition(".")[0]: bytes(code) for name, code in files.items()}
        made_of: Mapping[str, str] = manifest.get("kernels", {})
        said = {name: f"{name} ({made_of[name]})" if name in made_of else name for name in kernels}
        for name, code in kernels.items():
            device.check(said[name], code)
        held = Held(device)
        weakref.finalize(self, held.free)
        sizes = {"arena": int(manifest["arena_size"]), "weights": int(manifest["weights_size"])}
        crossing = {f"input {n}": bytes_of(spec) for n, spec in enumerate(self._inputs)}
        crossing |= {f"output {n}": bytes_of(spec) for n, spec in enumerate(self._outputs)}
        self._buffers = {name: held.buffer(size) for name, size in (sizes | crossing).items()}
        self._places: dict[str, int] = {NUMBER: 0}
        end = ALIGNED
        for name, size in crossing.items():
            self._places[name] = end
            end += -(-size // ALIGNED) * ALIGNED
        self._crossing = held.buffer(end, host=True)
        self._seen = np.frombuffer(self._crossing.mapped, np.uint8)
        takes = {launch["kernel"]: len(launch["buffers"]) for launch in launches}
        self._pipelines = {name: held.pipeline(said[name], kernels[name], count) for name, count in takes.items()}
        self._work = Work(device, held)
        self._upload(held, np.frombuffer(weights, np.uint8)[: sizes["weights"]])
        sets = iter(held.descriptors([self._parts(launch) for launch in launches]))
        self._steps = Steps(manifest["launches"], lambda launch: self._bound(launch, next(sets)))
        self._straight = len(launches) == len(manifest["launches"])
        self._written = False

    def _parts(self, launch: Step) -> list[tuple[Buffer, int, int]]:
        return [(self._buffers[part["of"]], part["offset"], max(part["bytes"], 4)) for part in launch["buffers"]]

    def _bound(self, launch: Step, group: Any) -> Launch:
        work, pipeline, blocks = self._work, self._pipelines[launch["kernel"]], launch["blocks"]
        return lambda numbers: work.launch(pipeline, group, blocks, numbers)

    def _upload(self, held: Held, data: Array) -> None:
        """The weights, by way of memory that the host sees."""
        if not data.size:
            return
        step = held.buffer(min(CHUNK, data.size), host=True)
        seen = np.frombuffer(step.mapped, np.uint8)
        for start in range(0, data.size, CHUNK):
            part = data[start : start + CHUNK]
            seen[: part.size] = part
            self._work.copy(step, 0, self._buffers["weights"], start, part.size)
            self._work.submit()
        del seen
        held.give_back(step)

    def run(self, feeds: Mapping[str, Array]) -> dict[str, Array]:
        """The outputs by name, each a new array. `feeds` holds an array for every input."""
        with self._lock:
            data = [stored(feeds[spec["name"]], spec) for spec in self._inputs]
            for n, array in enumerate(data):
                place = self._places[f"input {n}"]
                self._seen[place : place + array.nbytes] = array.reshape(-1).view(np.uint8)
            if not self._written:
                self._write(data)
            self._work.submit()
            return cut(self._outputs, {spec["name"]: self._read(n, spec) for n, spec in enumerate(self._outputs)})

    def _write(self, data: Sequence[Array]) -> None:
        """Write down all that a run does; without control flow, that is the same for every run."""
        for n, spec in enumerate(self._inputs):
            name = f"input {n}"
            self._work.copy(self._crossing, self._places[name], self._buffers[name], 0, bytes_of(spec))
        self._steps.run(data, self._number)
        wait(self._device, self._work.commands)
        for n, spec in enumerate(self._outputs):
            name = f"output {n}"
            self._work.copy(self._buffers[name], 0, self._crossing, self._places[name], bytes_of(spec))
        self._written = self._straight

    def _number(self, buffer: str, at: int, kind: np.dtype[Any]) -> int:
        wait(self._device, self._work.commands)
        self._work.copy(self._buffers[buffer], at, self._crossing, self._places[NUMBER], kind.itemsize)
        self._work.submit()
        return int(np.frombuffer(self._seen, kind, 1, self._places[NUMBER])[0])

    def _read(self, n: int, spec: Mapping[str, Any]) -> Array:
        place = self._places[f"output {n}"]
        return handed_back(self._seen[place : place + bytes_of(spec)].tobytes(), spec)


def wait(device: Device, commands: Any) -> None:
    """What follows sees all that was written before."""
    vk = device.vk
    writes = vk.VK_ACCESS_SHADER_WRITE_BIT | vk.VK_ACCESS_TRANSFER_WRITE_BIT
    reads = vk.VK_ACCESS_SHADER_READ_BIT | vk.VK_ACCESS_TRANSFER_READ_BIT | vk.VK_ACCESS_HOST_READ_BIT
    before = vk.VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT | vk.VK_PIPELINE_STAGE_TRANSFER_BIT
    after = before | vk.VK_PIPELINE_STAGE_HOST_BIT
    barrier = vk.VkMemoryBarrier(srcAccessMask=writes, dstAccessMask=reads | writes)
    vk.vkCmdPipelineBarrier(commands, before, after, 0, 1, [barrier], 0, None, 0, None)


def check_limits(device: Device, launches: Sequence[Step]) -> None:
    """Raise `DeviceError` for a launch that asks for more than the device has."""
    limits = device.limits
    most = limits.maxPerStageDescriptorStorageBuffers
    for launch in launches:
        threads = 1
        for size in launch["threads"]:
            threads *= size
        largest = max([part["bytes"] for part in launch["buffers"]], default=0)
        for asked, has, what in (
            (len(launch["buffers"]), most, "buffers"),
            (largest, limits.maxStorageBufferRange, "bytes of a buffer"),
            (threads, limits.maxComputeWorkGroupInvocations, "threads of a block"),
            (max(launch["blocks"]), min(limits.maxComputeWorkGroupCount), "blocks along a dimension"),
            (4 * len(launch["numbers"]), NUMBERS_BYTES, "bytes of numbers"),
        ):
            if asked > has:
                raise DeviceError(f"{launch['kernel']} asks for {asked} {what}; {device.name} has {has}")


class Held:
    """What a program holds on a device, given back with the program."""

    def __init__(self, device: Device):
        self._device = device
        self._buffers: list[Buffer] = []
        self._pipelines: list[Pipeline] = []
        self._fences: list[Any] = []
        self._pools: list[Any] = []
        vk = device.vk
        self._commands = vk.vkCreateCommandPool(
            device.handle,
            vk.VkCommandPoolCreateInfo(
                queueFamilyIndex=device.family, flags=vk.VK_COMMAND_POOL_CREATE_RESET_COMMAND_BUFFER_BIT
            ),
            None,
        )

    def buffer(self, size: int, *, host: bool = False) -> Buffer:
        self._buffers.append(self._device.buffer(size, host=host))
        return self._buffers[-1]

    def give_back(self, buffer: Buffer) -> None:
        self._buffers.remove(buffer)
        self._device.free([buffer])

    def pipeline(self, name: str, code: bytes, buffers: int) -> Pipeline:
        self._pipelines.append(self._device.pipeline(name, code, buffers))
        return self._pipelines[-1]

    def fence(self) -> Any:
        vk = self._device.vk
        self._fences.append(vk.vkCreateFence(self._device.handle, vk.VkFenceCreateInfo(), None))
        return self._fences[-1]

    def commands(self) -> Any:
        vk = self._device.vk
        asked = vk.VkCommandBufferAllocateInfo(
            commandPool=self._commands, level=vk.VK_COMMAND_BUFFER_LEVEL_PRIMARY, commandBufferCount=1
        )
        return vk.vkAllocateCommandBuffers(self._device.handle, asked)[0]

    def descriptors(self, launches: list[list[tuple[Buffer, int, int]]]) -> list[Any]:
        """A set for each launch, of (buffer, offset, bytes) each."""
        vk, device = self._device.vk, self._device
        if not launches:
            return []
        kind = vk.VK_DESCRIPTOR_TYPE_STORAGE_BUFFER
        count = max(sum(map(len, launches)), 1)
        size = vk.VkDescriptorPoolSize(type=kind, descriptorCount=count)
        pool = vk.vkCreateDescriptorPool(
            device.handle, vk.VkDescriptorPoolCreateInfo(maxSets=len(launches), pPoolSizes=[size]), None
        )
        self._pools.append(pool)
        layouts = [device.layouts(len(parts))[0] for parts in launches]
        asked = vk.VkDescriptorSetAllocateInfo(descriptorPool=pool, pSetLayouts=layouts)
        sets = list(vk.vkAllocateDescriptorSets(device.handle, asked))
        writes = [
            vk.VkWriteDescriptorSet(
                dstSet=group,
                dstBinding=n,
                descriptorCount=1,
                descriptorType=kind,
                pBufferInfo=[vk.VkDescriptorBufferInfo(buffer=buffer.handle, offset=offset, range=length)],
            )
            for group, parts in zip(sets, launches, strict=True)
            for n, (buffer, offset, length) in enumerate(parts)
        ]
        vk.vkUpdateDescriptorSets(device.handle, len(writes), writes, 0, None)
        return sets

    def free(self) -> None:
        vk, handle = self._device.vk, self._device.handle
        for pool in self._pools:
            vk.vkDestroyDescriptorPool(handle, pool, None)
        for pipeline in self._pipelines:
            vk.vkDestroyPipeline(handle, pipeline.handle, None)
        for fence in self._fences:
            vk.vkDestroyFence(handle, fence, None)
        vk.vkDestroyCommandPool(handle, self._commands, None)
        self._device.free(self._buffers)
