"""MSL on the CPU: `emulated.py` with a header that stands in for Metal's.

What threads share is `static` to it, which is no part of a type: `*(threadgroup float4 *)&tile[i]` is
`*(float4 *)&tile[i]` for a C++ compiler.
"""

from __future__ import annotations

from pathlib import Path

from emulated import Dialect


def without_spaces(source: str) -> str:
    """The kernels with pointers that are cast to plain ones."""
    return source.replace("(threadgroup ", "(")


METAL = Dialect(
    Path(__file__).parent.parent / "targets" / "source" / "metal_shim", "kernel void", rewritten=without_spaces
)
