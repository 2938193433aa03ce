"""Memory for weights and activations: aligned, in huge pages where the system has them, refused where it cannot be had.

numpy asks the kernel for huge pages (madvise) for arrays of 4 MB and more: a page of 2 MB has one entry in the
processor's tables where there would be 512, and weights that are streamed miss them less.
"""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import numpy.typing as npt

LINE = 64
"""Buffers start on a cache line, which is also the widest vector."""


class MemoryShortage(RuntimeError):
    """This machine has less memory than a program needs."""

    fix = "bind smaller shapes, or run it on a machine that has more"


def aligned_bytes(size: int) -> npt.NDArray[Any]:
    """`size` bytes that start on a cache line. Raises `MemoryShortage` where there are not so many."""
    have = physical_memory()
    if have is not None and size > have:
        raise MemoryShortage(f"the program needs {said(size)} in one piece; this machine has {said(have)} of memory")
    try:
        raw = np.empty(size + LINE, np.uint8)
    except MemoryError:
        raise MemoryShortage(f"the program needs {said(size)} in one piece, which the system does not give") from None
    start = -raw.ctypes.data % LINE
    return raw[start : start + size]


def physical_memory() -> int | None:
    """Bytes; None where the system does not say. More than that can be asked for, but not be written to."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return None


def said(size: int) -> str:
    for unit, name in ((1 << 40, "TiB"), (1 << 30, "GiB"), (1 << 20, "MiB")):
        if size >= unit:
            return f"{size / unit:.1f} {name}"
    return f"{size} bytes"
