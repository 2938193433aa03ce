"""What programs of kernels share: loading, inputs and outputs on a device, one run at a time, and what can go wrong.

    class OpenCLProgram(DeviceProgram):
        def _open(self, manifest, files): ...       # a device that has what the manifest asks for
        def _buffer(self, size): ...                # memory on it
        def _load(self, files, launches): ...       # kernels
        def _bound(self, launch): ...               # a function of the launch's numbers
        def _write(self, name, data): ...           # bytes into a buffer
        def _read(self, name, at, size): ...        # bytes of a buffer, once all launches are done
        def _wait(self): ...                        # until all launches are done

The manifest is the program of the host: `launches`, each a kernel, how many blocks of threads, which parts of which
buffers, and numbers, with control flow around them, see `steps.py`. Weights are uploaded once. Shapes and dtypes of the
feeds are trusted: who calls has checked.

Devices compute while the host goes on, and tell what went wrong later. With STEPWELL_ONE_BY_ONE=1 in the environment
each launch is waited for, and an error says which kernel it was, and of which nodes of the model.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from math import prod
from typing import Any

import numpy as np

from .device import Array, DeviceError, bytes_of, handed_back, stored
from .memory import check_out
from .sizes import cut
from .steps import Launch, Step, Steps, launches_of

ONE_BY_ONE = "STEPWELL_ONE_BY_ONE"
KINDS = (
    (
        (
            *("out of memory", "outofmemory", "out_of_memory", "memoryerror", "ofdevicememory", "ofhostmemory"),
            *("out_of_host_memory", "allocation_failure", "buffer_size"),
        ),
        "the device has not the memory for {}",
        "end what else uses the device, take smaller inputs, or another target",
    ),
    (
        ("lost", "not_available", "unavailable", "gl_unknown_error", "launch failure", "timed out"),
        "the device was lost while {}",
        "compile the model again in a new process; where it happens again a kernel may take the driver too long: "
        f"{ONE_BY_ONE}=1 tells which",
    ),
    (
        ("illegal memory access", "illegal address", "illegal instruction", "misaligned address"),
        "a kernel broke the device's rules while {}",
        f"this is a fault of Stepwell's: report it with the model; {ONE_BY_ONE}=1 tells which kernel",
    ),
    (
        ("",),
        "the device failed while {}",
        f"update its driver, or take another target; {ONE_BY_ONE}=1 tells which",
    ),
)
"""What drivers say, in small letters; what that means; what to do."""


class DeviceProgram:
    """A model for fixed shapes. Several threads may call `run`: one after the other has the device."""

    FAULTS: tuple[type[Exception], ...] = ()
    """What the device's library raises."""

    def __init__(
        self,
        manifest: Mapping[str, Any],
        files: Mapping[str, bytes],
        weights: bytes | bytearray | memoryview | Array,
        threads: int = 1,
    ):
        self._inputs, self._outputs = manifest["inputs"], manifest["outputs"]
        self._kernels: Mapping[str, str] = manifest.get("kernels", {})
        self._one_by_one = os.environ.get(ONE_BY_ONE, "0") != "0"
        self._lock = threading.Lock()
        self._buffers: dict[str, Any] = {}
        self._open(manifest, files)
        sizes = buffer_sizes(manifest)
        with self._faults(f"loading the model, of {sum(sizes.values()):,} bytes"):
            self._allocate(sizes)
            if sizes["weights"]:
                self._write("weights", np.frombuffer(weights, np.uint8)[: sizes["weights"]])
            self._load(files, list(launches_of(manifest["launches"])))
            self._steps = Steps(manifest["launches"], self._launched)

    # -- what a kind of device says ----------------------------------------------------------------------------------

    def _open(self, manifest: Mapping[str, Any], files: Mapping[str, bytes]) -> None:
        """Find a device. Raises `DeviceError` where there is none, or it lacks something."""
        raise NotImplementedError

    def _buffer(self, size: int) -> Any:
        """Memory of so many bytes, or a few more; of 4 at least."""
        raise NotImplementedError

    def _allocate(self, sizes: Mapping[str, int]) -> None:
        """Make the buffers, of so many bytes each."""
        for name, size in sizes.items():
            self._buffers[name] = self._buffer(size)

    def _load(self, files: Mapping[str, bytes], launches: Sequence[Step]) -> None:
        """Compile kernels. Raises `DeviceError` for one that the device refuses."""
        raise NotImplementedError

    def _bound(self, launch: Step) -> Launch:
        """What runs a launch with the numbers it is given."""
        raise NotImplementedError

    def _write(self, name: str, data: Array) -> None:
        """Put the bytes of `data` at the start of a buffer."""
        raise NotImplementedError

    def _read(self, name: str, at: int, size: int) -> Any:
        """Bytes of a buffer, when all launches are done."""
        raise NotImplementedError

    def _wait(self) -> None:
        """Go on when all launches are done."""
        raise NotImplementedError

    # -- what they have in common ------------------------------------------------------------------------------------

    def run(self, feeds: Mapping[str, Array], out: Mapping[str, Array] | None = None) -> dict[str, Array]:
        """The outputs by name, each a new array, or the one that `out` holds for it. `feeds` has one for every input.

        Raises `ValueError` where an array of `out` is of another shape than the output.
        """
        given = out or {}
        check_out(self._outputs, given)
        with self._lock, self._faults("running the model"):
            self._run(self._uploaded(feeds))
            made = {spec["name"]: self._output(n, spec) for n, spec in enumerate(self._outputs)}
        for name, array in given.items():
            np.copyto(array, made[name])
        return {name: given.get(name, array) for name, array in cut(self._outputs, made).items()}

    def repeat(self, feeds: Mapping[str, Array], times: int) -> float:
        """The seconds of one of `times` runs, one after the other, without the copies of inputs and outputs."""
        with self._lock, self._faults("running the model"):
            data = self._uploaded(feeds)
            self._wait()
            start = time.perf_counter()
            for _ in range(times):
                self._run(data)
            self._wait()
            return (time.perf_counter() - start) / times

    def _run(self, data: Sequence[Array]) -> None:
        """All launches, with the inputs as the device has them."""
        self._steps.run(data, self._number)

    def _launched(self, launch: Step) -> Launch:
        run = self._bound(launch)
        if not self._one_by_one:
            return run
        doing = f"running {described(launch['kernel'], self._kernels)}"

        def alone(numbers: Sequence[int]) -> None:
            with self._faults(doing):
                run(numbers)
                self._wait()

        return alone

    def _uploaded(self, feeds: Mapping[str, Array]) -> list[Array]:
        """The inputs as the device has them, put where kernels read them."""
        data = [stored(feeds[spec["name"]], spec) for spec in self._inputs]
        for n, array in enumerate(data):
            if array.nbytes:
                self._write(f"input {n}", array)
        return data

    def _number(self, part: Step, n: int, kind: np.dtype[Any]) -> int:
        at = part["offset"] + n * kind.itemsize
        return int(np.frombuffer(self._read(part["of"], at, kind.itemsize), kind)[0])

    def _output(self, n: int, spec: Mapping[str, Any]) -> Array:
        size = bytes_of(spec)
        return handed_back(self._read(f"output {n}", 0, size) if size else b"", spec)

    @contextmanager
    def _faults(self, doing: str) -> Generator[None]:
        """Turn what the library raises into what went wrong, and what to do."""
        try:
            yield
        except (*self.FAULTS, MemoryError) as error:
            raise fault(error, doing) from None

    def _check_launches(self, device: str, launches: Sequence[Step], most: Mapping[str, int]) -> None:
        """Raise `DeviceError` for a launch that asks for more than the device at hand has. `most`: of which of `ASKED`
        how many; the limits that every device of the kind has were checked when compiling."""
        for launch in launches:
            for what, count in most.items():
                if (asked := ASKED[what](launch)) > count:
                    name = described(launch["kernel"], self._kernels)
                    raise DeviceError(
                        f"{name} asks for {asked:,} {what}; {device} has {count:,}",
                        fix="take another device or target, or give its schedule smaller tiles",
                    )


ASKED = {
    "buffers": lambda launch: len(launch["buffers"]),
    "bytes of a buffer": lambda launch: max([part["bytes"] for part in launch["buffers"]], default=0),
    "threads of a block": lambda launch: prod(launch["threads"]),
    "blocks along a dimension": lambda launch: max(launch["blocks"]),
    "bytes of numbers": lambda launch: 4 * len(launch["numbers"]),
}
"""What a launch asks of a device."""


def buffer_sizes(manifest: Mapping[str, Any]) -> dict[str, int]:
    """Bytes of each buffer by its name in the manifest."""
    sizes = {"arena": int(manifest["arena_size"]), "weights": int(manifest["weights_size"])}
    sizes |= {f"input {n}": bytes_of(spec) for n, spec in enumerate(manifest["inputs"])}
    return sizes | {f"output {n}": bytes_of(spec) for n, spec in enumerate(manifest["outputs"])}


def described(kernel: str, kernels: Mapping[str, str]) -> str:
    """A kernel, and what it was made of where that is known."""
    return f"{kernel} ({kernels[kernel]})" if kernel in kernels else kernel


def fault(error: Exception, doing: str) -> DeviceError:
    said = f"{type(error).__name__} {error}".lower()
    what, fix = next((what, fix) for words, what, fix in KINDS if any(word in said for word in words))
    return DeviceError(f"{what.format(doing)}: {str(error) or type(error).__name__}", fix)
