"""CUDA C++ on the CPU: `emulated.py` with a header that stands in for CUDA's, and inline assembly turned into calls.

  asm volatile("ldmatrix... {%0}, [%1];" : "=r"(found) : "r"(at) : "memory");
is, for a C++ compiler,
  ptx::run("ldmatrix... {%0}, [%1];", {ptx::write(found), ptx::read(at)});
"""

from __future__ import annotations

import re
from pathlib import Path

from emulated import Dialect

STATEMENT = re.compile(r"asm(?: volatile)?\(\s*(\"[^\"]*\")\s*:(.*?):(.*?)(?::\s*\"memory\"\s*)?\);", re.DOTALL)
OPERAND = re.compile(r"\"([=+]?)\w\"\(")


def operands(text: str) -> list[str]:
    """`"=r"(a.x), "r"(f(b))` as what the emulation reads and writes."""
    found: list[str] = []
    while (match := OPERAND.search(text)) is not None:
        depth, end = 1, match.end()
        while depth:
            depth += {"(": 1, ")": -1}.get(text[end], 0)
            end += 1
        found.append(f"ptx::{'write' if match[1] else 'read'}({text[match.end() : end - 1]})")
        text = text[end:]
    return found


def without_assembly(source: str) -> str:
    source = source.replace(" ::: ", " : : : ")
    return STATEMENT.sub(lambda m: f"ptx::run({m[1]}, {{{', '.join(operands(m[2]) + operands(m[3]))}}});", source)


CUDA = Dialect(
    Path(__file__).parent.parent / "targets" / "cuda" / "shim",
    r'extern "C" __global__ void __launch_bounds__\(\d+\)',
    '#include "cuda_threads.h"',
    without_assembly,
)
