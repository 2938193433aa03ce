"""The OpenCL target's whole way down: from a framework's graph to kernels in OpenCL C and the program of their host."""

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

from .language import OpenCLC


@dataclass(frozen=True)
class OpenCLOptions:
    """`threads`: of the CPU; none of them computes here. `schedule`: a file of schedules for some kernels."""

    threads: int = 1
    schedule: str | None = None
    device: DeviceDescription = field(default_factory=lambda: device("opencl"))


@dataclass(frozen=True)
class OpenCLTarget:
    name: str = "opencl"
    loader: str = "stepwell.runtime.opencl:OpenCLProgram"
    options: Callable[..., OpenCLOptions] = OpenCLOptions

    def pipeline(self, options: OpenCLOptions) -> Phases:
        return device_phases(options.device, load_schedules(options.schedule))

    def emit(self, ctx: Context, module: ModuleOp, options: OpenCLOptions) -> Artifact:
        manifest = host_program(module, options.device)
        return Artifact(manifest, sources(module, OpenCLC, "cl"), pack_weights(ctx, module))


TARGET = OpenCLTarget()


def opencl_source(ctx: Context, module: ModuleOp, options: OpenCLOptions, name: str) -> dict[str, bytes]:
    return one_source(module, OpenCLC, f"{name}.cl")


OPENCL_SOURCE = Translation("opencl", "device", opencl_source)
