"""The native target's whole way down: from a framework's graph to object code for this machine's processor.

Each phase ends at a level of the stair, and its text can be dumped there, read back and continued.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from stepwell.context import Context
from stepwell.manifest import manifest_of, pack_weights
from stepwell.target import Artifact, Phases
from xdsl.dialects.builtin import ModuleOp

from .emitter import Emitter, compile_functions
from .hardware import Hardware, host
from .llvm_ir import print_llvm_ir

# The graph level, in the order in which a model passes through.
NORMALIZE = "onnx-to-graph,bind-shapes,infer-shapes,fold-constants,canonicalize"
OPTIMIZE = "fold-batch-norm,channels-last,canonicalize,cse"
KERNELS = "fuse,outline-kernels,dedupe-kernels"


@dataclass(frozen=True)
class NativeOptions:
    """The options of one compilation, and with the version the key under which kernels are cached."""

    threads: int = 1
    hardware: Hardware = field(default_factory=host)


@dataclass(frozen=True)
class NativeTarget:
    name: str = "native"
    loader: str = "stepwell.runtime.native:NativeProgram"
    options: type[Any] = NativeOptions

    def pipeline(self, options: NativeOptions) -> Phases:
        return (
            ("graph", ",".join((NORMALIZE, OPTIMIZE, KERNELS))),
            ("tensor", "graph-to-linalg,fuse-elementwise"),
            ("loops", f"bufferize,linalg-to-loops{{vector-width={options.hardware.lanes()}}}"),
            ("program", "plan-memory"),
            ("llvm", "loops-to-llvm"),
        )

    def emit(self, ctx: Context, module: ModuleOp, options: NativeOptions) -> Artifact:
        """An object file for each kernel and one for @main."""
        objects = compile_functions(module, options.hardware)
        return self.artifact(ctx, module, objects)

    def artifact(self, ctx: Context, module: ModuleOp, objects: dict[str, bytes]) -> Artifact:
        """What `emit` gives, from objects that were compiled now or came from a cache."""
        files = {f"{name}.o": code for name, code in objects.items()}
        return Artifact(manifest_of(module), files, pack_weights(ctx, module))

    def llvm_ir(self, module: ModuleOp, options: NativeOptions) -> str:
        return print_llvm_ir(module, attributes=Emitter(options.hardware).attributes())

    def assembly(self, module: ModuleOp, options: NativeOptions) -> str:
        return Emitter(options.hardware).assembly(self.llvm_ir(module, options))


TARGET = NativeTarget()
