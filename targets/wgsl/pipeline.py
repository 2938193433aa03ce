"""The WGSL target's whole way down: from a framework's graph to compute shaders and the program of their host."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from stepwell.context import Context
from stepwell.manifest import pack_weights
from stepwell.target import Artifact, Phases, Translation
from stepwell.targets.cpu import load_schedules
from stepwell.targets.gpu.device import DeviceDescription, device
from stepwell.targets.gpu.host import host_program
from stepwell.targets.gpu.phases import device_phases
from stepwell.targets.gpu.sources import one_source, sources
from xdsl.dialects.builtin import ModuleOp

from .shader import Shader


@dataclass(frozen=True)
class WGSLOptions:
    """`threads`: of the CPU; none of them computes here. `schedule`: a file of schedules for some kernels."""

    threads: int = 1
    schedule: str | None = None
    device: DeviceDescription = field(default_factory=lambda: device("webgpu"))


@dataclass(frozen=True)
class WGSLTarget:
    name: str = "wgsl"
    loader: str = "stepwell.runtime.webgpu:WebGPUProgram"
    options: Callable[..., WGSLOptions] = WGSLOptions

    def pipeline(self, options: WGSLOptions) -> Phases:
        return device_phases(options.device, load_schedules(options.schedule))

    def emit(self, ctx: Context, module: ModuleOp, options: WGSLOptions) -> Artifact:
        manifest = host_program(module, options.device)
        return Artifact(manifest, sources(module, Shader, "wgsl"), pack_weights(ctx, module))


TARGET = WGSLTarget()


def wgsl_source(ctx: Context, module: ModuleOp, options: WGSLOptions, name: str) -> dict[str, bytes]:
    """All kernels one after the other: each is a module of its own."""
    return one_source(module, Shader, f"{name}.wgsl")


WGSL_SOURCE = Translation("wgsl", "device", wgsl_source)
