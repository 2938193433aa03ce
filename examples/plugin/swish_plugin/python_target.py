"""The target `python`: the whole way down to scalar loops over buffers, printed as Python source.

    stepwell-translate model.onnx --to python

Slow, and readable to everybody: what a kernel does can be followed with a debugger.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from stepwell.context import Context
from stepwell.manifest import manifest_of, pack_weights
from stepwell.target import Artifact, Phases, Translation
from stepwell.targets.graph_phases import GRAPH_PHASES
from xdsl.dialects.builtin import ModuleOp

from .emitter import print_python


@dataclass(frozen=True)
class PythonOptions:
    """The options of one compilation: a part of the cache's key. Python runs one thread, whatever is asked for."""

    threads: int = 1


@dataclass(frozen=True)
class PythonTarget:
    name: str = "python"
    loader: str = "swish_plugin.loader:PythonProgram"
    options: type[Any] = PythonOptions

    def pipeline(self, options: PythonOptions) -> Phases:
        graph, (kernels, to_kernels) = GRAPH_PHASES
        return (
            graph,
            (kernels, f"form-swish,lower-swish,{to_kernels}"),
            ("tensor", "graph-to-linalg,fuse-elementwise"),
            ("buffers", "bufferize,schedule-kernels{vector-width=1}"),
            ("loops", "apply-schedule"),
            ("program", "plan-memory"),
        )

    def emit(self, ctx: Context, module: ModuleOp, options: PythonOptions) -> Artifact:
        files = {"model.py": print_python(module).encode()}
        return Artifact(manifest_of(module), files, pack_weights(ctx, module))


def source(ctx: Context, module: ModuleOp, options: PythonOptions, name: str) -> dict[str, bytes]:
    return {f"{name}.py": print_python(module).encode()}


TARGET = PythonTarget()
SOURCE = Translation("python", "program", source)
