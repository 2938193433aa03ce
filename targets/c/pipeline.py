"""The C target's whole way down: from a framework's graph to C99 that any C compiler takes.

The same way as the native target's to level program, but with scalar loops: the C compiler vectorizes them itself.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from stepwell.context import Context
from stepwell.manifest import pack_weights
from stepwell.target import Artifact, Phases, Translation
from stepwell.targets.cpu import load_schedules
from stepwell.targets.graph_phases import GRAPH_PHASES
from xdsl.dialects.builtin import ModuleOp

from .header import prefix_for
from .main_program import main_source
from .program import Program


@dataclass(frozen=True)
class COptions:
    """`embed_weights`: as arrays in model.c, instead of a file beside it. `with_main`: a main around the model, too."""

    threads: int = 1
    schedule: str | None = None
    embed_weights: bool = False
    with_main: bool = False


@dataclass(frozen=True)
class CTarget:
    name: str = "c"
    loader: str = "stepwell.runtime.c:CProgram"
    options: Callable[..., COptions] = COptions

    def pipeline(self, options: COptions) -> Phases:
        return (
            *GRAPH_PHASES,
            ("tensor", "graph-to-linalg,fuse-elementwise"),
            ("buffers", f"bufferize,{load_schedules(options.schedule)}schedule-kernels{{vector-width=1}}"),
            ("loops", "apply-schedule"),
            ("program", "plan-memory"),
        )

    def emit(self, ctx: Context, module: ModuleOp, options: COptions) -> Artifact:
        program = Program(ctx, module, embed_weights=options.embed_weights)
        files = {"model.c": program.source().encode(), "model.h": program.header.text().encode()}
        return Artifact(program.manifest(), files, b"" if options.embed_weights else pack_weights(ctx, module))


TARGET = CTarget()


def c_source(ctx: Context, module: ModuleOp, options: COptions, name: str) -> dict[str, bytes]:
    """The source, its header and its weights, all called after `name`."""
    prefix = prefix_for(name)
    program = Program(ctx, module, prefix, options.embed_weights)
    files = {f"{prefix}.c": program.source().encode(), f"{prefix}.h": program.header.text().encode()}
    if not options.embed_weights:
        files[f"{prefix}.weights.bin"] = bytes(pack_weights(ctx, module))
    if options.with_main:
        files[f"{prefix}_main.c"] = main_source(program.header).encode()
    return files


C_SOURCE = Translation("c", "program", c_source)
