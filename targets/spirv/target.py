"""The way down to SPIR-V: that of every device, and one pass more."""

from __future__ import annotations

from dataclasses import dataclass

from stepwell.context import Context
from stepwell.dialects.spirv import SPIRVModuleOp
from stepwell.levels import set_level
from stepwell.manifest import pack_weights
from stepwell.target import Artifact, Phases, Translation
from stepwell.targets.cpu import load_schedules
from stepwell.targets.gpu.device import device
from stepwell.targets.gpu.host import host_program
from stepwell.targets.gpu.target import DeviceOptions, device_phases
from stepwell.text import print_module
from xdsl.dialects.builtin import ModuleOp

from .binary import binary

DEVICE = device("vulkan")


@dataclass(frozen=True)
class SPIRVTarget:
    name: str = "spirv"
    loader: str = "stepwell.runtime.vulkan:VulkanProgram"
    options: type[DeviceOptions] = DeviceOptions

    def pipeline(self, options: DeviceOptions) -> Phases:
        *above, (level, passes) = device_phases(DEVICE, load_schedules(options.schedule))
        return (*above, (level, f"{passes},gpu-to-spirv"))

    def emit(self, ctx: Context, module: ModuleOp, options: DeviceOptions) -> Artifact:
        manifest = host_program(module, DEVICE) | {"language": "SPIR-V"}
        return Artifact(manifest, binaries(module), pack_weights(ctx, module))


def modules_of(module: ModuleOp) -> dict[str, SPIRVModuleOp]:
    ops = [op for op in module.body.block.ops if isinstance(op, SPIRVModuleOp)]
    return {op.sym_name.data: op for op in ops}


def binaries(module: ModuleOp) -> dict[str, bytes]:
    """A file for each kernel."""
    return {f"{name}.spv": binary(op) for name, op in modules_of(module).items()}


def write_binaries(ctx: Context, module: ModuleOp, options: DeviceOptions, name: str) -> dict[str, bytes]:
    return {f"{name}.{file}": content for file, content in binaries(module).items()}


def write_text(ctx: Context, module: ModuleOp, options: DeviceOptions, name: str) -> dict[str, bytes]:
    kernels = ModuleOp([op.clone() for op in modules_of(module).values()])
    set_level(kernels, "device")
    return {f"{name}.spirv.mlir": print_module(kernels).encode()}


TARGET = SPIRVTarget()
BINARY = Translation("spirv", "device", write_binaries)
ASSEMBLY = Translation("spirv", "device", write_text)
