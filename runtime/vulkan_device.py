"""A device of Vulkan, through the library vulkan: what it has, buffers on it, pipelines of SPIR-V, work in its queue.

    device = open_device()
    buffer = device.buffer(1 << 20)
    pipeline = device.pipeline(words, buffers=2)

Everything here asks for Vulkan 1.1, which takes SPIR-V 1.3. What of SPIR-V beyond `Shader` a kernel uses, it declares
as capabilities; a device that lacks one of them says so before anything runs (`Device.check`).
"""

from __future__ import annotations

import functools
import struct
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from .device import DeviceError

INSTALL = "install a Vulkan driver; Mesa's lavapipe is one for CPUs"
NUMBERS_BYTES = 128
"""Of push constants: what every device has (Vulkan 1.1, table 53, maxPushConstantsSize)."""

CAPABILITIES = {
    9: ("Float16", "computes with float16", "shaderFloat16"),
    10: ("Float64", "computes with float64", "shaderFloat64"),
    11: ("Int64", "computes with int64", "shaderInt64"),
    22: ("Int16", "computes with int16", "shaderInt16"),
    39: ("Int8", "computes with int8", "shaderInt8"),
    61: ("GroupNonUniform", "asks for its subgroup", "BASIC"),
    62: ("GroupNonUniformVote", "votes in its subgroup", "VOTE"),
    63: ("GroupNonUniformArithmetic", "reduces in its subgroup", "ARITHMETIC"),
    64: ("GroupNonUniformBallot", "takes ballots in its subgroup", "BALLOT"),
    65: ("GroupNonUniformShuffle", "shuffles in its subgroup", "SHUFFLE"),
    66: ("GroupNonUniformShuffleRelative", "shuffles in its subgroup", "SHUFFLE_RELATIVE"),
    4433: ("StorageBuffer16BitAccess", "keeps numbers of 16 bits in buffers", "storageBuffer16BitAccess"),
    4448: ("StorageBuffer8BitAccess", "keeps numbers of 8 bits, or bools, in buffers", "storageBuffer8BitAccess"),
}
"""Number in SPIR-V → (name, what a kernel does that declares it, the device's feature)."""
SUBGROUPS = tuple(feature for _, _, feature in CAPABILITIES.values() if feature.isupper())
ALWAYS = 1
"""The capability Shader."""
CAPABILITY = 17
"""OpCapability."""


def library() -> Any:
    try:
        import vulkan
    except ImportError:
        raise DeviceError("the library vulkan is not installed", fix="pip install vulkan") from None
    except OSError as error:
        raise DeviceError(f"no Vulkan device: {error}", fix=INSTALL) from None
    return vulkan


def capabilities(code: bytes) -> Iterator[int]:
    """What a module of SPIR-V declares that it uses: the first instructions, behind five words."""
    at = 5 * 4
    while at < len(code):
        head, operand = struct.unpack_from("<II", code, at)
        if head & 0xFFFF != CAPABILITY:
            return
        yield operand
        at += (head >> 16) * 4


@dataclass(frozen=True)
class Buffer:
    """`mapped`: its bytes, where the host sees them."""

    handle: Any
    memory: Any
    size: int
    mapped: Any = None


@dataclass(frozen=True)
class Pipeline:
    """`shape`: how many buffers its kernel takes."""

    handle: Any
    layout: Any
    shape: int


@functools.cache
def _instance() -> Any:
    vk = library()
    about = vk.VkApplicationInfo(pApplicationName="stepwell", apiVersion=vk.VK_MAKE_VERSION(1, 1, 0))
    try:
        return vk.vkCreateInstance(vk.VkInstanceCreateInfo(pApplicationInfo=about), None)
    except vk.VkError as error:
        raise DeviceError(f"no Vulkan device: {error!r}", fix=INSTALL) from None


_opened: list[Device] = []
_opening = threading.Lock()


def open_device() -> Device:
    """The device of this process, opened where none is, or where the last one was lost. Raises `DeviceError` where
    there is none."""
    with _opening:
        if not _opened or _opened[-1].lost:
            _opened[:] = [Device()]
        return _opened[-1]


class Device:
    """The fastest kind of device that computes. `lock`: held by who submits work."""

    def __init__(self) -> None:
        self.vk = vk = library()
        order = (
            vk.VK_PHYSICAL_DEVICE_TYPE_DISCRETE_GPU,
            vk.VK_PHYSICAL_DEVICE_TYPE_INTEGRATED_GPU,
            vk.VK_PHYSICAL_DEVICE_TYPE_VIRTUAL_GPU,
            vk.VK_PHYSICAL_DEVICE_TYPE_CPU,
            vk.VK_PHYSICAL_DEVICE_TYPE_OTHER,
        )
        try:
            found = [(device, vk.vkGetPhysicalDeviceProperties(device)) for device in self._devices()]
        except vk.VkError as error:
            raise DeviceError(f"no Vulkan device: {error!r}", fix=INSTALL) from None
        new = [(device, about) for device, about in found if about.apiVersion >= vk.VK_MAKE_VERSION(1, 1, 0)]
        if not new:
            old = ", ".join(about.deviceName for _, about in found)
            raise DeviceError(f"no device of Vulkan 1.1 ({old or 'none at all'})", fix=INSTALL)
        self.physical, about = min(new, key=lambda pair: order.index(pair[1].deviceType))
        self._about = about  # owns the limits
        self.name, self.limits = about.deviceName, about.limits
        self.lost = False
        self.lock = threading.Lock()
        self._layouts: dict[int, tuple[Any, Any]] = {}
        self._memories = vk.vkGetPhysicalDeviceMemoryProperties(self.physical)
        families = vk.vkGetPhysicalDeviceQueueFamilyProperties(self.physical)
        self.family = next(n for n, family in enumerate(families) if family.queueFlags & vk.VK_QUEUE_COMPUTE_BIT)
        self.features, chain = self._ask()
        known = {extension.extensionName for extension in vk.vkEnumerateDeviceExtensionProperties(self.physical, None)}
        queue = vk.VkDeviceQueueCreateInfo(queueFamilyIndex=self.family, pQueuePriorities=[1.0])
        wanted = ("VK_KHR_8bit_storage", "VK_KHR_shader_float16_int8")
        create = vk.VkDeviceCreateInfo(
            pNext=chain, pQueueCreateInfos=[queue], ppEnabledExtensionNames=[name for name in wanted if name in known]
        )
        try:
            self.handle = vk.vkCreateDevice(self.physical, create, None)
        except vk.VkError as error:
            raise DeviceError(f"no Vulkan device: {self.name} says {error!r}", fix=INSTALL) from None
        self.queue = vk.vkGetDeviceQueue(self.handle, self.family, 0)

    def _devices(self) -> list[Any]:
        return list(self.vk.vkEnumeratePhysicalDevices(_instance()))

    def _ask(self) -> tuple[set[str], Any]:
        """The features that the device has, and the chain of structures that asks for all of them."""
        vk, new = self.vk, self.vk.ffi.new
        sizes = new(
            "VkPhysicalDeviceShaderFloat16Int8Features*",
            {"sType": vk.VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SHADER_FLOAT16_INT8_FEATURES},
        )
        bits8 = new(
            "VkPhysicalDevice8BitStorageFeatures*",
            {"sType": vk.VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_8BIT_STORAGE_FEATURES, "pNext": sizes},
        )
        bits16 = new(
            "VkPhysicalDevice16BitStorageFeatures*",
            {"sType": vk.VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_16BIT_STORAGE_FEATURES, "pNext": bits8},
        )
        asked = new(
            "VkPhysicalDeviceFeatures2*",
            {"sType": vk.VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2, "pNext": bits16},
        )
        vk.vkGetPhysicalDeviceFeatures2(self.physical, asked)
        said = (sizes, bits8, bits16, asked.features)
        names = [feature for _, _, feature in CAPABILITIES.values() if feature not in SUBGROUPS]
        features = {name for name in names for part in said if getattr(part, name, 0)}
        groups = new(
            "VkPhysicalDeviceSubgroupProperties*",
            {"sType": vk.VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SUBGROUP_PROPERTIES},
        )
        about = new(
            "VkPhysicalDeviceProperties2*",
            {"sType": vk.VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2, "pNext": groups},
        )
        vk.vkGetPhysicalDeviceProperties2(self.physical, about)
        if groups.supportedStages & vk.VK_SHADER_STAGE_COMPUTE_BIT:
            offered = groups.supportedOperations
            features |= {name for name in SUBGROUPS if offered & getattr(vk, f"VK_SUBGROUP_FEATURE_{name}_BIT")}
        self._kept = (sizes, bits8, bits16)  # the chain points to them
        return features, asked

    def check(self, name: str, code: bytes) -> None:
        """Raise `DeviceError` for a kernel that declares what the device lacks."""
        for number in capabilities(code):
            capability, does, feature = CAPABILITIES.get(number, (f"number {number}", "uses more than it may", ""))
            if number != ALWAYS and feature not in self.features:
                raise DeviceError(
                    f"{name} {does} (SPIR-V's capability {capability}), which {self.name} lacks",
                    fix="use float32 and int32 in the model, or another device",
                )

    # -- memory ------------------------------------------------------------------------------------------------------

    def buffer(self, size: int, *, host: bool = False) -> Buffer:
        """Memory of the device; `host`: that the host sees."""
        vk = self.vk
        usage = vk.VK_BUFFER_USAGE_TRANSFER_SRC_BIT | vk.VK_BUFFER_USAGE_TRANSFER_DST_BIT
        if not host:
            usage |= vk.VK_BUFFER_USAGE_STORAGE_BUFFER_BIT
        size = max(-(-size // 4) * 4, 4)
        seen = vk.VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT | vk.VK_MEMORY_PROPERTY_HOST_COHERENT_BIT
        handle = None
        try:
            create = vk.VkBufferCreateInfo(size=size, usage=usage, sharingMode=vk.VK_SHARING_MODE_EXCLUSIVE)
            handle = vk.vkCreateBuffer(self.handle, create, None)
            needs = vk.vkGetBufferMemoryRequirements(self.handle, handle)
            kind = self._memory(needs.memoryTypeBits, seen if host else vk.VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT)
            memory = vk.vkAllocateMemory(
                self.handle, vk.VkMemoryAllocateInfo(allocationSize=needs.size, memoryTypeIndex=kind), None
            )
            vk.vkBindBufferMemory(self.handle, handle, memory, 0)
            mapped = vk.vkMapMemory(self.handle, memory, 0, size, 0) if host else None
        except vk.VkError:
            if handle is not None:
                vk.vkDestroyBuffer(self.handle, handle, None)
            raise
        return Buffer(handle, memory, size, mapped)

    def _memory(self, allowed: int, wanted: int) -> int:
        """The first kind of memory that has what is wanted; any, where none has."""
        kinds = [n for n in range(self._memories.memoryTypeCount) if allowed >> n & 1]
        flags = self._memories.memoryTypes
        return next((n for n in kinds if flags[n].propertyFlags & wanted == wanted), kinds[0])

    def free(self, buffers: Iterable[Buffer]) -> None:
        for buffer in buffers:
            self.vk.vkDestroyBuffer(self.handle, buffer.handle, None)
            self.vk.vkFreeMemory(self.handle, buffer.memory, None)

    # -- kernels -----------------------------------------------------------------------------------------------------

    def layouts(self, buffers: int) -> tuple[Any, Any]:
        """Of the descriptors, and of the pipeline, for kernels that take so many buffers."""
        if buffers not in self._layouts:
            vk = self.vk
            bindings = [
                vk.VkDescriptorSetLayoutBinding(
                    binding=n,
                    descriptorType=vk.VK_DESCRIPTOR_TYPE_STORAGE_BUFFER,
                    descriptorCount=1,
                    stageFlags=vk.VK_SHADER_STAGE_COMPUTE_BIT,
                )
                for n in range(buffers)
            ]
            inner = vk.vkCreateDescriptorSetLayout(
                self.handle, vk.VkDescriptorSetLayoutCreateInfo(pBindings=bindings), None
            )
            numbers = vk.VkPushConstantRange(stageFlags=vk.VK_SHADER_STAGE_COMPUTE_BIT, offset=0, size=NUMBERS_BYTES)
            outer = vk.vkCreatePipelineLayout(
                self.handle,
                vk.VkPipelineLayoutCreateInfo(pSetLayouts=[inner], pPushConstantRanges=[numbers]),
                None,
            )
            self._layouts[buffers] = inner, outer
        return self._layouts[buffers]

    def pipeline(self, code: bytes, buffers: int) -> Pipeline:
        """A kernel, compiled by the driver. Raises `VkError` where that refuses it."""
        vk = self.vk
        _, layout = self.layouts(buffers)
        module = None
        try:
            module = vk.vkCreateShaderModule(
                self.handle, vk.VkShaderModuleCreateInfo(codeSize=len(code), pCode=code), None
            )
            stage = vk.VkPipelineShaderStageCreateInfo(
                stage=vk.VK_SHADER_STAGE_COMPUTE_BIT, module=module, pName="main"
            )
            create = vk.VkComputePipelineCreateInfo(stage=stage, layout=layout)
            (made,) = vk.vkCreateComputePipelines(self.handle, vk.VK_NULL_HANDLE, 1, [create], None)
        finally:
            if module is not None:
                vk.vkDestroyShaderModule(self.handle, module, None)
        return Pipeline(made, layout, buffers)

    # -- work --------------------------------------------------------------------------------------------------------

    def submit(self, commands: Any, done: Any) -> None:
        """Run commands, and wait for them. `done`: a fence. Raises `VkError`."""
        vk = self.vk
        try:
            with self.lock:
                vk.vkQueueSubmit(self.queue, 1, [vk.VkSubmitInfo(pCommandBuffers=[commands])], done)
            vk.vkWaitForFences(self.handle, 1, [done], vk.VK_TRUE, (1 << 64) - 1)
            vk.vkResetFences(self.handle, 1, [done])
        except vk.VkErrorDeviceLost:
            self.lost = True
            raise
