"""Memory for weights and activations: aligned, in huge pages where the system has them, refused where it cannot be had.

numpy asks the kernel for huge pages (madvise) for arrays of 4 MB and more: a page of 2 MB has one entry in the
processor's tables where there would be 512, and weights that are streamed miss them less.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
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


def check_out(outputs: Sequence[Mapping[str, Any]], out: Mapping[str, npt.NDArray[Any]]) -> None:
    """Raise `ValueError` where a caller's array for an output of a manifest is not of its shape."""
    for spec in outputs:
        name, shape = spec["name"], list(spec["shape"])
        if name not in out:
            continue
        if "sizes" in spec:
            raise ValueError(f"out['{name}'] cannot be had: the size of that output is known when it is made")
        if list(out[name].shape) != shape:
            raise ValueError(f"out['{name}'] has shape {list(out[name].shape)}, but the output has {shape}")


def apart(array: npt.NDArray[Any], out: Mapping[str, npt.NDArray[Any]] | None) -> npt.NDArray[Any]:
    """An input's array, or a copy of it where outputs are written to its memory."""
    shared = out and any(np.may_share_memory(array, other) for other in out.values())
    return array.copy() if shared else array


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
