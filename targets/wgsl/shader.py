"""A kernel as a WGSL module of its own.

    // kernel_relu_0: node 'relu1'
    struct Params {
      out_start: i32,
    }
    @group(0) @binding(0) var<storage, read_write> x: array<f32>;     // memref<40xf32>
    @group(0) @binding(1) var<storage, read_write> out: array<f32>;
    @group(0) @binding(2) var<uniform> params: Params;

    @compute @workgroup_size(64, 1, 1)
    fn main(@builtin(global_invocation_id) global_id: vec3<u32>) {
      ...
    }

Buffers are bound in the order of the kernel's arguments, numbers follow together. All buffers are bound for reading and
writing: parts of one arena could not be bound in two ways at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from stepwell.targets.source.expressions import Expr
from stepwell.targets.source.kernel import Kernel

from .language import WGSL

BUILTINS = {
    "gpu.global_id": ("global_id", "global_invocation_id"),
    "gpu.thread_id": ("thread_id", "local_invocation_id"),
    "gpu.block_id": ("block_id", "workgroup_id"),
    "gpu.grid_dim": ("grid_dim", "num_workgroups"),
}
"""An id's op → what it is called, and WGSL's built-in value."""


@dataclass
class Shader(WGSL):
    IDS: ClassVar = {op: f"i32({name}.{{d}})" for op, (name, _) in BUILTINS.items()}
    BARRIER: ClassVar = "workgroupBarrier();"
    KEYWORDS: ClassVar = WGSL.KEYWORDS | {name for name, _ in BUILTINS.values()} | {"params", "Params"}

    def barrier(self) -> str:
        """A barrier is of one kind of memory (W3C, WGSL, section 17.11)."""
        return f"storageBarrier(); {self.BARRIER}" if self.hands_on else self.BARRIER

    def number(self, name: str) -> Expr:
        return Expr(f"params.{name}")

    def text(self, kernel: Kernel) -> str:
        lines = [kernel.comment, *(["enable f16;"] if "f16" in self.types else [])]
        if kernel.numbers:
            lines += ["struct Params {", *(f"  {name}: {kind}," for kind, name in kernel.numbers), "}"]
        for n, (kind, name) in enumerate(kernel.buffers):
            lines.append(f"@group(0) @binding({n}) var<storage, read_write> {name}: array<{kind}>;")
        lines += [f"var<workgroup> {name}: array<{kind}, {count}>;" for kind, name, count in kernel.shared]
        if kernel.numbers:
            lines.append(f"@group(0) @binding({len(kernel.buffers)}) var<uniform> params: Params;")
        asked = [BUILTINS[op] for op in sorted(self.asked)]
        takes = ", ".join(f"@builtin({value}) {name}: vec3<u32>" for name, value in asked)
        return "\n".join(
            [
                *lines,
                "",
                *self.used.values(),
                f"@compute @workgroup_size({', '.join(map(str, kernel.block))})",
                f"fn main({takes}) {{",
                *(f"  var {name}: array<{kind}, {count}>;" for kind, name, count in kernel.own),
                *kernel.lines,
                "}",
                "",
            ]
        )
