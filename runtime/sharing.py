"""Large weights that several programs of this process read: kept once, by what they hold.

    block, shared = share(weights, 4096)     # the program's own first 4096 bytes; the rest, perhaps another program's

A model is compiled anew for each length of a sequence, and its weights are the same each time. What programs have in
common lives as long as one of them does.
"""

from __future__ import annotations

import threading
import weakref
from typing import Any

import numpy as np
import numpy.typing as npt

from .memory import aligned_bytes

Array = npt.NDArray[Any]

SAMPLES = 256
"""Places at which two blocks are compared before all is."""
STEP = 1 << 20
"""Bytes that are compared at once."""

_held: dict[tuple[int, bytes], list[weakref.ref[Array]]] = {}
_lock = threading.Lock()


def share(weights: Array, boundary: int | None) -> tuple[Array, Array | None]:
    """(a program's own block, the block of large weights). Without a boundary all is its own. The first eight bytes of
    the program's own block tell it how far away the other is."""
    own = aligned_bytes(weights.size if boundary is None else boundary)
    own[:] = weights[: own.size]
    if boundary is None:
        return own, None
    shared = held(weights[boundary:])
    own[:8].view(np.int64)[0] = shared.ctypes.data - own.ctypes.data
    return own, shared


def held(data: Array) -> Array:
    """The block that holds the same bytes as `data`, and is kept as long as who asked for it lives."""
    key = data.size, data[:: max(1, data.size // SAMPLES)].tobytes()
    with _lock:
        alive = [ref for ref in _held.get(key, ()) if ref() is not None]
        for ref in alive:
            if (block := ref()) is not None and same(block, data):
                return block
        block = aligned_bytes(data.size)
        block[:] = data
        _held[key] = [*alive, weakref.ref(block)]
        for other in [other for other, refs in _held.items() if all(ref() is None for ref in refs)]:
            del _held[other]
        return block


def same(a: Array, b: Array) -> bool:
    return all(np.array_equal(a[at : at + STEP], b[at : at + STEP]) for at in range(0, a.size, STEP))
