"""Outputs whose size the data decide: cut to what counts.

A program writes such an output into an array of the largest size that it can have, and how many elements of a dim count
into another output, a number. The manifest says of the first: "sizes": [-1, 3], for each dim the number of the output
that holds how many of it count, or -1 where all do; of the other: "hidden": true.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


def has_sizes(outputs: Sequence[Mapping[str, Any]]) -> bool:
    """Whether the data decide the size of one of a manifest's outputs."""
    return any("sizes" in spec for spec in outputs)


def cut(outputs: Sequence[Mapping[str, Any]], arrays: Mapping[str, Array]) -> dict[str, Array]:
    """What the user gets: the part of each array that counts, a new array, and none that is hidden."""
    names = [spec["name"] for spec in outputs]
    given: dict[str, Array] = {}
    for spec in outputs:
        if spec.get("hidden", False):
            continue
        array = arrays[spec["name"]]
        if "sizes" in spec:
            ends = [None if n < 0 else int(arrays[names[n]][()]) for n in spec["sizes"]]
            array = np.ascontiguousarray(array[tuple(slice(end) for end in ends)])
        given[spec["name"]] = array
    return given
