"""What loaders of programs for devices share: what can go wrong, and numbers as the device keeps them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from .dtypes import numpy_dtype

Array = npt.NDArray[Any]


class DeviceError(RuntimeError):
    """There is no device, it lacks something, it was lost, or it refused a kernel; and what to do."""

    def __init__(self, what: str, fix: str | None = None):
        super().__init__(what)
        self.fix = fix


def bytes_of(spec: Mapping[str, Any]) -> int:
    """Bytes of an input or output on the device."""
    return int(np.prod(spec["shape"])) * numpy_dtype(spec["stored"]).itemsize


def stored(array: Array, spec: Mapping[str, Any]) -> Array:
    """An input as the device keeps it. Raises `DeviceError` for numbers that do not fit."""
    kind = numpy_dtype(spec["stored"])
    array = np.ascontiguousarray(array)
    if array.dtype == kind:
        return array
    if array.dtype.itemsize == kind.itemsize:
        return array.view(kind)  # the same bits: the device has no type with that sign, or for such floats
    if array.dtype.kind in "iu" and array.size:
        limits = np.iinfo(kind)
        if array.min() < limits.min or array.max() > limits.max:
            raise DeviceError(
                f"input '{spec['name']}': the device keeps {array.dtype} as {kind}, and a number does not fit"
            )
    return array.astype(kind)


def handed_back(data: Any, spec: Mapping[str, Any]) -> Array:
    """An output as the model has it, of the bytes that the device kept."""
    shape, kind = tuple(spec["shape"]), numpy_dtype(spec["dtype"])
    array = np.frombuffer(data, numpy_dtype(spec["stored"]), int(np.prod(shape))).reshape(shape)
    return array.view(kind).copy() if array.itemsize == kind.itemsize else array.astype(kind)


class Slots:
    """Places for the numbers of launches, in a buffer of `COUNT` times `BYTES` bytes that a kernel reads them from.

    The same numbers have one place. When all places are taken `full` is called: behind it they may be overwritten.
    """

    BYTES = 256
    """At multiples of so many bytes such numbers may start (WebGPU, `minUniformBufferOffsetAlignment`)."""
    COUNT = 1024

    def __init__(self, write: Callable[[int, Array], None], full: Callable[[], None] = lambda: None):
        """`write(offset, data)` puts bytes into the buffer."""
        self._write, self._full = write, full
        self._places: dict[tuple[int, ...], int] = {}

    def place(self, numbers: Sequence[int]) -> int:
        """Where in the buffer these numbers stand, in bytes."""
        key = tuple(numbers)
        if key not in self._places:
            if len(self._places) == self.COUNT:
                self._full()
                self._places.clear()
            self._places[key] = len(self._places) * self.BYTES
            data = np.zeros(-(-max(len(key), 1) * 4 // 16) * 4, np.int32)
            data[: len(key)] = key
            self._write(self._places[key], data)
        return self._places[key]


class SourceOnly:
    """In place of a loader, where kernels can only be had as source text."""

    def __init__(self, manifest: Mapping[str, Any], *rest: Any, **options: Any):
        raise DeviceError(
            f"kernels in {manifest['language']} are not run from here",
            fix=f"take their source: stepwell-translate MODEL --to {manifest['language'].lower()}",
        )
