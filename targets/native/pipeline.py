"""The native target's whole way down: from a framework's graph to object code for a processor.

Each phase ends at a level of the stair, and its text can be dumped there, read back and continued.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from stepwell.context import Context
from stepwell.manifest import manifest_of, pack_weights
from stepwell.passes.llvm.add_entry import NAME as ENTRY
from stepwell.target import Artifact, Phases, Translation
from stepwell.targets.cpu import load_schedules, strategy_options
from stepwell.targets.cpu.hardware import Hardware, host, processor
from stepwell.targets.graph_phases import graph_phases
from xdsl.dialects.builtin import ModuleOp

from .emitter import Emitter, compile_functions
from .llvm_ir import print_llvm_ir, uses_tiles
from .team import team

SHARED = 1 << 16
"""Bytes from which on a weight stands where the programs of a model can share it: what depends on its shapes, tables of
positions say, has less."""


@dataclass(frozen=True)
class NativeOptions:
    """The options of one compilation, and with the version the key under which kernels are cached."""

    threads: int = 1
    hardware: Hardware = field(default_factory=host)
    precision: str = "f32"
    schedule: str | None = None


def native_options(
    threads: int = 1, cpu: str | None = None, precision: str = "f32", schedule: str | None = None
) -> NativeOptions:
    """`cpu`: which processor to make code for, by LLVM's name; None: the host's. `precision`: what products multiply,
    f32 or bf16. `schedule`: a file of schedules, for some kernels, that take the place of the strategy's."""
    return NativeOptions(threads, processor(cpu), precision, schedule)


@dataclass(frozen=True)
class NativeTarget:
    name: str = "native"
    loader: str = "stepwell.runtime.native:NativeProgram"
    options: Callable[..., NativeOptions] = native_options

    def pipeline(self, options: NativeOptions) -> Phases:
        hardware = options.hardware
        winograd = f"winograd{{vector-width={hardware.lanes()} fmas-per-cycle={hardware.fma_ports}}}"
        strips = f"cut-strips{{cache={hardware.l2.size // 2}}}"
        schedule = f"schedule-kernels{{{strategy_options(hardware)}}}"
        blocks = f"schedule-blocks{{l1={hardware.l1.size} l2={hardware.l2.size // 2}}}"
        distribute = f",distribute-threads{{threads={options.threads}}}" if options.threads > 1 else ""
        return (
            *graph_phases(options.precision, f"{winograd},grow-in-place", strips),
            ("tensor", "graph-to-linalg,fuse-elementwise"),
            ("buffers", f"bufferize,{load_schedules(options.schedule)}{blocks},apply-blocks,{schedule}"),
            ("loops", "pack-operands,apply-schedule,expand-math"),
            ("program", f"plan-memory{{threads={options.threads} shared={SHARED}}}{distribute}"),
            ("llvm", "loops-to-llvm,name-kernels,share-weights,add-entry"),
        )

    def emit(self, ctx: Context, module: ModuleOp, options: NativeOptions) -> Artifact:
        """An object file for each kernel, @main and the entry; where threads share it, one more for their team."""
        objects = compile_functions(module, options.hardware, ctx.cache)
        files = {f"{name}.o": code for name, code in objects.items()}
        manifest = manifest_of(module) | {
            "entry": ENTRY,
            "architecture": options.hardware.architecture,
            "features": options.hardware.required(),
        }
        if uses_tiles(module):  # which the system lends to who asks
            manifest["amx"] = True
        if manifest["threads"] > 1:
            files["stepwell_team.o"] = Emitter(options.hardware).object_code(team(options.hardware.triple))
        return Artifact(manifest, files, pack_weights(ctx, module))


TARGET = NativeTarget()


def llvm_ir(ctx: Context, module: ModuleOp, options: NativeOptions, name: str) -> dict[str, bytes]:
    text = print_llvm_ir(module, attributes=Emitter(options.hardware).attributes())
    return {f"{name}.ll": text.encode()}


def assembly(ctx: Context, module: ModuleOp, options: NativeOptions, name: str) -> dict[str, bytes]:
    emitter = Emitter(options.hardware)
    text = print_llvm_ir(module, attributes=emitter.attributes())
    return {f"{name}.s": emitter.assembly(text).encode()}


LLVM_IR = Translation("native", "llvm", llvm_ir)
ASSEMBLY = Translation("native", "llvm", assembly)
