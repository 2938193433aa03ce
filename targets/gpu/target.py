"""A target whose kernels are source text in one language: the whole way down, on one page.

TARGET = SourceTarget("opencl", OpenCLC, "cl", "opencl", "stepwell.runtime.opencl:OpenCLProgram")
SOURCE = TARGET.translation()
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from stepwell.context import Context
from stepwell.dialects import gpu
from stepwell.manifest import pack_weights
from stepwell.target import Artifact, Phases, Translation
from stepwell.targets.cpu import load_schedules
from stepwell.targets.graph_phases import graph_phases
from stepwell.targets.source.kernel import KernelLanguage, kernel_files
from xdsl.dialects.builtin import ModuleOp

from .device import DeviceDescription, device
from .host import host_program


@dataclass(frozen=True)
class DeviceOptions:
    """`schedule`: a file of schedules for some kernels."""

    schedule: str | None = None

    @property
    def rounding(self) -> str:
        """What products multiply, where a target has a choice."""
        return "f32"


PAGE = ("index.html", "stepwell.js", "steps.js", "webgpu.js", "webgl.js")
"""The files of runtime/web: one runtime loads packages of all targets of the web."""


@dataclass(frozen=True)
class SourceTarget:
    """`suffix`: of the files of kernels. `device`: the name of the description that kernels are made for. `page`: the
    files of runtime/web that run it in a page. `more`: passes that follow those of all devices, ",gpu-to-fragments".
    """

    name: str
    language: type[KernelLanguage]
    suffix: str
    device: str
    loader: str = "stepwell.runtime.device:SourceOnly"
    options: Callable[..., DeviceOptions] = DeviceOptions
    page: tuple[str, ...] = ()
    more: str = ""

    def pipeline(self, options: DeviceOptions) -> Phases:
        schedules = load_schedules(options.schedule)
        *above, (level, passes) = device_phases(device(self.device), schedules, options.rounding)
        return (*above, (level, passes + self.more))

    def emit(self, ctx: Context, module: ModuleOp, options: DeviceOptions) -> Artifact:
        manifest = host_program(module, device(self.device)) | {"language": self.language.NAME}
        files = {f"{name}.{self.suffix}": text.encode() for name, text in self.texts(module).items()}
        return Artifact(manifest, files, pack_weights(ctx, module))

    def texts(self, module: ModuleOp) -> dict[str, str]:
        """The source files by name, without a suffix."""
        modules = [op for op in module.body.block.ops if isinstance(op, gpu.GPUModuleOp)]
        return {name: text for op in modules for name, text in kernel_files(op, self.language).items()}

    def translation(self) -> Translation:
        """All kernels in one file, for a person to read."""

        def write(ctx: Context, module: ModuleOp, options: DeviceOptions, name: str) -> dict[str, bytes]:
            return {f"{name}.{self.suffix}": "\n".join(self.texts(module).values()).encode()}

        return Translation(self.name, "device", write)


def device_phases(described: DeviceDescription, schedules: str = "", precision: str = "f32") -> Phases:
    """The way from a framework's graph to kernels of a device. `schedules`: the start of a pipeline text that loads
    some from a file. `precision`: what products multiply: f32, or on a device with tensor cores bf16 or tf32."""
    formulas = "ordered=false double=false"  # f64 is slow where there is any
    if not described.library:
        formulas += " library=false"
    kept = f",store-floats{{{described.kept}}}" if described.kept else ""
    single = ",widen-integers,narrow-types" if described.as_int32 else ""
    sizes = f"threads={described.room.busy} registers={described.room.registers} block={described.threads} "
    sizes += f"workgroup={described.workgroup_bytes}"
    sizes += " element=4" if described.as_int32 else ""
    sizes += f" vector={described.vector_bits // 8}" if described.vector_bits else ""
    sizes += f" stages={described.stages}" if described.stages else ""
    if described.mma:
        sizes += f" mma={','.join((*described.mma, *(['tf32'] if precision == 'tf32' else [])))}"
    alone = described.threads == 1  # fragments: each launch draws all of one buffer
    merged = "" if alone else f",merge-grids{{buffers={described.buffers}}}"
    grid = f"block={described.block} blocks={described.blocks}"
    return (
        *graph_phases("f32" if precision == "tf32" else precision, fuse=f"fuse{{buffers={described.buffers}}}"),
        ("tensor", "graph-to-linalg,fuse-elementwise"),
        ("buffers", f"bufferize,check-types{{device={described.name}}},{schedules}schedule-gpu{{{sizes}}}"),
        ("loops", f"apply-schedule,expand-math{{{formulas}}}{kept}{single}{merged}"),
        ("program", f"plan-memory{{alignment={described.alignment} inplace=false}}"),
        ("device", f"loops-to-gpu{{{grid}}},check-limits{{device={described.name}}}"),
    )
