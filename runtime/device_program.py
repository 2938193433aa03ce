"""What programs of kernels share: inputs and outputs on a device, one run at a time, and what can go wrong in it.

    class OpenCLProgram(DeviceProgram):
        def _write(self, name, data): ...           # bytes into a buffer
        def _read(self, name, at, size): ...        # bytes of a buffer, once all launches are done
        def _bound(self, launch): ...               # a function of the launch's numbers

The manifest is the program of the host: `launches`, each a kernel, how many blocks of threads, which parts of which
buffers, and numbers, with control flow around them, see `steps.py`. Weights are uploaded once. Shapes and dtypes of the
feeds are trusted: who calls has checked.
"""

from __future__ import annotations

import threading
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np

from .device import Array, DeviceError, bytes_of, handed_back, stored
from .sizes import cut
from .steps import Launch, Step, Steps

FULL = ("out of memory", "outofmemory", "out_of_memory", "allocation_failure", "out_of_host_memory", "buffer_size")
LOST = ("lost", "not_available", "contextlost")
"""What drivers say, in small letters."""


class DeviceProgram:
    """A model for fixed shapes. Several threads may call `run`: one after the other has the device."""

    FAULTS: tuple[type[Exception], ...] = ()
    """What the device's library raises."""

    def __init__(self, manifest: Mapping[str, Any]):
        self._inputs, self._outputs = manifest["inputs"], manifest["outputs"]
        self._kernels: Mapping[str, str] = manifest.get("kernels", {})
        self._lock = threading.Lock()
        self._steps: Steps

    def _bound(self, launch: Step) -> Launch:
        """What runs a launch with the numbers it is given."""
        raise NotImplementedError

    def _write(self, name: str, data: Array) -> None:
        """Put the bytes of `data` at the start of a buffer."""
        raise NotImplementedError

    def _read(self, name: str, at: int, size: int) -> Any:
        """Bytes of a buffer, when all launches are done."""
        raise NotImplementedError

    def run(self, feeds: Mapping[str, Array]) -> dict[str, Array]:
        """The outputs by name, each a new array. `feeds` holds an array for every input."""
        with self._lock:
            with self._faults("running the model"):
                self._steps.run(self._uploaded(feeds), self._number)
                made = {spec["name"]: self._output(n, spec) for n, spec in enumerate(self._outputs)}
        return cut(self._outputs, made)

    def _uploaded(self, feeds: Mapping[str, Array]) -> list[Array]:
        """The inputs as the device has them, put where kernels read them."""
        data = [stored(feeds[spec["name"]], spec) for spec in self._inputs]
        for n, array in enumerate(data):
            if array.nbytes:
                self._write(f"input {n}", array)
        return data

    def _number(self, buffer: str, at: int, kind: np.dtype[Any]) -> int:
        return int(np.frombuffer(self._read(buffer, at, kind.itemsize), kind)[0])

    def _output(self, n: int, spec: Mapping[str, Any]) -> Array:
        size = bytes_of(spec)
        return handed_back(self._read(f"output {n}", 0, size) if size else b"", spec)

    @contextmanager
    def _faults(self, doing: str) -> Generator[None]:
        """Turn what the library raises into what went wrong, and what to do."""
        try:
            yield
        except self.FAULTS as error:
            raise fault(error, doing) from None


def buffer_sizes(manifest: Mapping[str, Any]) -> dict[str, int]:
    """Bytes of each buffer by its name in the manifest."""
    sizes = {"arena": int(manifest["arena_size"]), "weights": int(manifest["weights_size"])}
    sizes |= {f"input {n}": bytes_of(spec) for n, spec in enumerate(manifest["inputs"])}
    return sizes | {f"output {n}": bytes_of(spec) for n, spec in enumerate(manifest["outputs"])}


def fault(error: Exception, doing: str) -> DeviceError:
    said = f"{type(error).__name__} {error}".lower()
    if any(word in said for word in FULL) or isinstance(error, MemoryError):
        fix = "end what else uses the device, take smaller inputs, or another target"
        return DeviceError(f"the device has not the memory for {doing}: {error}", fix)
    if any(word in said for word in LOST):
        fix = "compile the model again in a new process; where it happens again, a kernel may take the driver too long"
        return DeviceError(f"the device was lost while {doing}: {error}", fix)
    return DeviceError(f"the device failed while {doing}: {error}", "update its driver, or take another target")
