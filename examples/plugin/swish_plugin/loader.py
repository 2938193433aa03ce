"""Runs what the target `python` printed. Like every loader it imports nothing of the compiler."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


def buffer_of(array: Array) -> memoryview:
    """The elements in a row; unsigned integers by their bits, as signed ones."""
    signed = array.view(f"i{array.itemsize}") if array.dtype.kind == "u" else array
    return memoryview(signed.reshape(-1))


class PythonProgram:
    """A model for fixed shapes; shapes and dtypes of the feeds have been checked by who calls."""

    def __init__(
        self,
        manifest: Mapping[str, Any],
        files: Mapping[str, bytes],
        weights: bytes | bytearray | memoryview,
        threads: int = 1,
    ):
        self._manifest = manifest
        self._weights = memoryview(weights)
        self._module: dict[str, Any] = {}
        exec(compile(files["model.py"], "model.py", "exec"), self._module)

    def run(self, feeds: Mapping[str, Array]) -> dict[str, Array]:
        inputs = [np.ascontiguousarray(feeds[spec["name"]], spec["dtype"]) for spec in self._manifest["inputs"]]
        outputs = {spec["name"]: np.zeros(spec["shape"], spec["dtype"]) for spec in self._manifest["outputs"]}
        arena = memoryview(bytearray(self._manifest["arena_size"]))
        buffers = map(buffer_of, (*inputs, *outputs.values()))
        with np.errstate(all="ignore"):  # as everywhere: 1 / 0 is an infinity
            self._module[self._manifest["entry"]](*buffers, self._weights, arena)
        return outputs
