"""The target `grid-c`: kernels for a device that the world does not have, in a language of the C family.

    void scale(
        float *x,
        float *out,
        const int threads)
    {
      for (int thread = 0; thread < threads; thread++) {
        const float v = x[thread] * 0.5f;
        out[thread] = v;
      }
    }

Grid C is C99. What a GPU has thousands of threads for, a kernel does in a loop: threads share nothing, and none waits
for another. A real one differs in the description of the device, in these tables, and in the loader.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from stepwell.targets.c.language import C99
from stepwell.targets.gpu.device import DOUBLE, SHORT, DeviceDescription
from stepwell.targets.gpu.target import SourceTarget
from stepwell.targets.source.c_kernel import CKernelLanguage
from stepwell.targets.source.kernel import Kernel

DEVICE = DeviceDescription(
    "grid",
    block=1,
    threads=1,
    blocks=(1 << 31) - 1,
    buffers=64,
    buffer_bytes=1 << 30,
    workgroup_bytes=0,
    alignment=64,
    types=DOUBLE,
    kept=SHORT,
)


@dataclass
class GridC(CKernelLanguage, C99):
    NAME: ClassVar = "Grid C"
    KEYWORDS: ClassVar = CKernelLanguage.KEYWORDS | C99.KEYWORDS | {"threads"}
    IDS: ClassVar = {"gpu.global_id": "thread"}
    KERNEL: ClassVar = "void"
    BUFFER: ClassVar = "{kind} *{name}"

    def head(self) -> list[str]:
        return ["#include <math.h>", "#include <stdint.h>", ""]

    def text(self, kernel: Kernel) -> str:
        listed = ",\n".join(f"    {parameter}" for parameter in (*self.parameters(kernel), "const int threads"))
        own = [f"    {kind} {name}[{count}];" for kind, name, count in kernel.own]
        loop = [
            "  for (int thread = 0; thread < threads; thread++) {",
            *own,
            *(f"  {line}" for line in kernel.lines),
            "  }",
        ]
        return "\n".join([kernel.comment, f"{self.KERNEL} {kernel.name}(\n{listed})", "{", *loop, "}", ""])


TARGET = SourceTarget("grid-c", GridC, "c", "grid", "swish_plugin.grid_c_loader:GridProgram")
SOURCE = TARGET.translation()
