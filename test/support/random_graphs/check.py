"""Whether the targets give what ONNX says, and all the same."""

from __future__ import annotations

import os
from dataclasses import dataclass

import numpy as np

from .builder import Array

TOLERANCE = 1e-4
"""Of an output's largest number."""

NOISE = 1e-6
"""Where all that is left of numbers around 1 is what rounding left, x - x say, there is nothing to compare."""

WAYS = (("native", 1), ("native", 2), ("c", 1))
"""Targets and threads."""


@dataclass(frozen=True)
class Task:
    """A graph on its way to a worker."""

    seed: int
    model: bytes
    feeds: dict[str, Array]
    expected: dict[str, Array]
    ways: tuple[tuple[str, int], ...] = WAYS


def fault_of(task: Task) -> str | None:
    """The first thing that is wrong with what we make of a graph; None where all is well."""
    os.environ["STEPWELL_CACHE"] = "off"
    import stepwell

    for target, threads in task.ways:
        try:
            outputs = stepwell.compile(task.model, target, threads=threads).run(task.feeds)
        except Exception as error:
            return f"{target}: {type(error).__name__}: {error}"
        if list(outputs) != list(task.expected):
            return f"{target}: outputs {list(outputs)}, must be {list(task.expected)}"
        for name, want in task.expected.items():
            if (difference := differs(outputs[name], want)) is not None:
                return f"{target}, {threads} threads: {name} {difference}"
    return None


def differs(have: Array, want: Array) -> str | None:
    if (have.dtype, have.shape) != (want.dtype, want.shape):
        return f"is {have.dtype}{list(have.shape)}, must be {want.dtype}{list(want.shape)}"
    if want.dtype.kind != "f":
        return None if np.array_equal(have, want) else f"is {short(have)}, must be {short(want)}"
    error, size = np.abs(have - want).max(initial=0), np.abs(want).max(initial=0)
    return None if error <= TOLERANCE * size + NOISE else f"is off by {error:.2e} of {size:.2e}"


def short(array: Array) -> str:
    return np.array2string(array, threshold=12, edgeitems=4).replace("\n", "")
