"""Whether the targets give what ONNX says, and all the same."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from .builder import Array

TOLERANCE = 1e-4
"""Of an output's largest number."""

NOISE = 1e-6
"""Where all that is left of numbers around 1 is what rounding left, x - x say, there is nothing to compare."""

DEVICES = ("wgsl", "spirv", "opencl", "glsl", "webgl")
"""Targets that may lack a type or an op: what they refuse by name, before anything runs, is no fault."""

WAYS = (("native", 1), ("native", 2), ("c", 1), *((device, 1) for device in DEVICES))
"""Targets and threads."""


def ways_of(targets: str) -> tuple[tuple[str, int], ...]:
    """The ways through these targets, named with commas between. Raises `ValueError` for one that is not known."""
    named, known = targets.split(","), dict.fromkeys(target for target, _ in WAYS)
    if unknown := [name for name in named if name not in known]:
        raise ValueError(f"graphs do not run on '{unknown[0]}': there are {', '.join(known)}")
    return tuple(way for way in WAYS if way[0] in named)


@dataclass(frozen=True)
class Task:
    """A graph on its way to a worker."""

    seed: int
    model: bytes
    feeds: dict[str, Array]
    expected: dict[str, Array]
    ways: tuple[tuple[str, int], ...] = WAYS


@dataclass(frozen=True)
class Verdict:
    """The first thing that is wrong with what we make of a graph, None where all is well; by target, why it was
    refused."""

    fault: str | None = None
    refused: Mapping[str, str] = field(default_factory=dict)


def verdict_of(task: Task) -> Verdict:
    os.environ["STEPWELL_CACHE"] = "off"
    refused: dict[str, str] = {}
    for target, threads in task.ways:
        try:
            said = compared(task, target, threads)
        except Refused as why:
            refused[target] = str(why)
            continue
        if said is not None:
            return Verdict(f"{target}{f', {threads} threads' if threads > 1 else ''}: {said}", refused)
    return Verdict(None, refused)


class Refused(Exception):
    """A device cannot have this graph, and said so."""


def compared(task: Task, target: str, threads: int) -> str | None:
    """What is wrong with a target's outputs. Raises `Refused`."""
    import stepwell
    from stepwell.diagnostics import InternalError, StepwellError

    try:
        outputs = stepwell.compile(task.model, target, threads=threads).run(task.feeds)
    except Exception as error:
        by_name = isinstance(error, StepwellError) and not isinstance(error, InternalError)
        loaded = error.__cause__ is not None  # a kernel was made, and the driver did not take it
        if target in DEVICES and by_name and not loaded:
            raise Refused(error.what) from None
        return f"{type(error).__name__}: {error}"
    if list(outputs) != list(task.expected):
        return f"outputs {list(outputs)}, must be {list(task.expected)}"
    for name, want in task.expected.items():
        if (difference := differs(outputs[name], want)) is not None:
            return f"{name} {difference}"
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
