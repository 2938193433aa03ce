"""Runs a model that was compiled to SPIR-V, on a GPU that has Vulkan, through the library vulkan.

    program = VulkanProgram(manifest, {"kernel_conv_0.spv": words, ...}, weights)
    outputs = program.run({"input": array})

The rest is `DeviceProgram`'s. A launch's numbers are push constants; inputs and outputs go through memory that both
sides see.
"""

from __future__ import annotations

import weakref
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from .device import Array, bytes_of
from .device_program import DeviceProgram, buffer_sizes, described
from .refusal import refused
from .steps import Launch, Step, launches_of
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
        self.open = False

    @property
    def commands(self) -> Any:
        if not self.open:
            vk = self._device.vk
            vk.vkBeginCommandBuffer(self._buffer, vk.VkCommandBufferBeginInfo())
            self.open = True
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
        if self.open:
            wait(self._device, self._buffer)
            self._device.vk.vkEndCommandBuffer(self._buffer)
            self.open = False
        self._device.submit(self._buffer, self._done)


class VulkanProgram(DeviceProgram):
    def _open(self, manifest: Mapping[str, Any], files: Mapping[str, bytes]) -> None:
        self._device = device = open_device()
        self.FAULTS = (device.vk.VkError,)
        launches = list(launches_of(manifest["launches"]))
        limits = device.limits
        most = {
            "buffers": limits.maxPerStageDescriptorStorageBuffers,
            "bytes of a buffer": limits.maxStorageBufferRange,
            "threads of a block": limits.maxComputeWorkGroupInvocations,
            "blocks along a dimension": min(limits.maxComputeWorkGroupCount),
            "bytes of numbers": NUMBERS_BYTES,
        }
        self._check_launches(device.name, launches, most)
        for name, code in files.items():
            device.check(described(name.rpartition(".")[0], self._kernels), code)
        self._held = Held(device)
        weakref.finalize(self, self._held.free)
        self._places = {NUMBER: 0}
        self._end = ALIGNED
        for name, size in buffer_sizes(manifest).items():
            if name not in ("arena", "weights"):
                self._places[name] = self._end
                self._end += -(-size // ALIGNED) * ALIGNED
        self._work = Work(device, self._held)
        straight = all("kernel" in step for step in manifest["launches"])
        self._straight = straight and not self._one_by_one
        self._written = False

    def _buffer(self, size: int) -> Buffer:
        return self._held.buffer(size)

    def _load(self, files: Mapping[str, bytes], launches: Sequence[Step]) -> None:
        self._crossing = self._held.buffer(self._end, host=True)
        self._seen = np.frombuffer(self._crossing.mapped, np.uint8)
        takes = {launch["kernel"]: len(launch["buffers"]) for launch in launches}
        codes = {name.rpartition(".")[0]: bytes(code) for name, code in files.items()}
        self._pipelines = {name: self._pipeline(name, codes[name], count) for name, count in takes.items()}
        self._sets = iter(self._held.descriptors([self._parts(launch) for launch in launches]))

    def _pipeline(self, name: str, code: bytes, buffers: int) -> Pipeline:
        try:
            return self._held.pipeline(code, buffers)
        except self._device.vk.VkError as error:
            raise refused(f"{name}.spv", "", repr(error), self._kernels) from None

    def _parts(self, launch: Step) -> list[tuple[Buffer, int, int]]:
        return [(self._buffers[part["of"]], part["offset"], max(part["bytes"], 4)) for part in launch["buffers"]]

    def _bound(self, launch: Step) -> Launch:
        work, pipeline, blocks = self._work, self._pipelines[launch["kernel"]], launch["blocks"]
        group = next(self._sets)
        return lambda numbers: work.launch(pipeline, group, blocks, numbers)

    def _write(self, name: str, data: Array) -> None:
        data = data.reshape(-1).view(np.uint8)
        if name in self._places:
            self._seen[self._places[name] :][: data.size] = data
        else:
            self._upload(self._buffers[name], data)

    def _upload(self, buffer: Buffer, data: Array) -> None:
        """What the host has no memory in common for, by way of some that is given back."""
        step = self._held.buffer(min(CHUNK, data.size), host=True)
        seen = np.frombuffer(step.mapped, np.uint8)
        for start in range(0, data.size, CHUNK):
            part = data[start : start + CHUNK]
            seen[: part.size] = part
            self._work.copy(step, 0, buffer, start, part.size)
            self._work.submit()
        del seen
        self._held.give_back(step)

    def _run(self, data: Sequence[Array]) -> None:
        """What is written down once serves every run, without control flow."""
        if not self._written:
            self._cross("input", self._inputs)
            super()._run(data)
            wait(self._device, self._work.commands)
            self._cross("output", self._outputs)
            self._written = self._straight
        self._work.submit()

    def _cross(self, side: str, specs: Sequence[Mapping[str, Any]]) -> None:
        """Copy what goes in from, or what comes out to, memory that both sides see."""
        for n, spec in enumerate(specs):
            name = f"{side} {n}"
            there, here = (self._crossing, self._places[name]), (self._buffers[name], 0)
            (source, start), (target, place) = (there, here) if side == "input" else (here, there)
            self._work.copy(source, start, target, place, bytes_of(spec))

    def _number(self, part: Step, n: int, kind: np.dtype[Any]) -> int:
        wait(self._device, self._work.commands)
        at = part["offset"] + n * kind.itemsize
        self._work.copy(self._buffers[part["of"]], at, self._crossing, self._places[NUMBER], kind.itemsize)
        self._work.submit()
        return int(np.frombuffer(self._seen, kind, 1, self._places[NUMBER])[0])

    def _read(self, name: str, at: int, size: int) -> Any:
        """Of an output, when it has crossed."""
        return self._seen[self._places[name] + at :][:size].tobytes()

    def _wait(self) -> None:
        if self._work.open:
            self._work.submit()


def wait(device: Device, commands: Any) -> None:
    """What follows sees all that was written before."""
    vk = device.vk
    writes = vk.VK_ACCESS_SHADER_WRITE_BIT | vk.VK_ACCESS_TRANSFER_WRITE_BIT
    reads = vk.VK_ACCESS_SHADER_READ_BIT | vk.VK_ACCESS_TRANSFER_READ_BIT | vk.VK_ACCESS_HOST_READ_BIT
    before = vk.VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT | vk.VK_PIPELINE_STAGE_TRANSFER_BIT
    after = before | vk.VK_PIPELINE_STAGE_HOST_BIT
    barrier = vk.VkMemoryBarrier(srcAccessMask=writes, dstAccessMask=reads | writes)
    vk.vkCmdPipelineBarrier(commands, before, after, 0, 1, [barrier], 0, None, 0, None)


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

    def pipeline(self, code: bytes, buffers: int) -> Pipeline:
        self._pipelines.append(self._device.pipeline(code, buffers))
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
