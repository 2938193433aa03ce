"""Runs a model that was compiled to C: builds it with the machine's C compiler, calls its one function.

    program = CProgram(manifest, {"model.c": source, "model.h": header}, weights)
    outputs = program.run({"input": array})

The manifest says what the function expects: {"entry": "model_run", "inputs": [{"name", "dtype", "shape"}], "outputs":
[...], "arena_size": bytes, "weights_size": bytes}. Shapes and dtypes of the feeds are trusted: who calls has checked.
Outputs whose size the data decide are cut to it, see `sizes.py`.
"""

from __future__ import annotations

import ctypes
import os
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from .memory import aligned_bytes, apart, check_out
from .sizes import cut, has_sizes

Array = npt.NDArray[Any]

COMPILERS = ("cc", "gcc", "clang")
FLAGS = ("-std=c99", "-O3", "-fno-math-errno", "-fno-trapping-math", "-fPIC", "-shared")
"""Neither flag changes a result: errno is not looked at, and no floating-point trap is set."""


class BuildError(RuntimeError):
    """No C compiler, or it refused the source; and what to do."""

    def __init__(self, what: str, fix: str | None = None):
        super().__init__(what)
        self.fix = fix


def find_compiler() -> list[str]:
    """The C compiler's command: what CC says, else the first of `COMPILERS` on the PATH."""
    if said := os.environ.get("CC"):
        return shlex.split(said)
    for name in COMPILERS:
        if shutil.which(name) is not None:
            return [name]
    raise BuildError(
        f"no C compiler: none of {', '.join(COMPILERS)} is on the PATH",
        fix="install one, or say CC=/path/to/cc; the native target needs none",
    )


def build(folder: Path, sources: Sequence[str], flags: Sequence[str] = FLAGS) -> Path:
    """Compile the C files of a folder to a shared library in it."""
    library = folder / "model.so"
    command = [*find_compiler(), *flags, *sources, "-o", library.name, "-lm"]
    for extra in (["-march=native"], []):  # not every compiler knows its own machine
        try:
            done = subprocess.run([*command, *extra], cwd=folder, capture_output=True, text=True)
        except OSError as error:
            raise BuildError(f"cannot start the C compiler: {error}", fix="say CC=/path/to/cc") from error
        if done.returncode == 0:
            return library
    raise BuildError(f"the C compiler refused the program: {shlex.join(command)}\n{done.stderr[-4000:]}")


class CProgram:
    """A model for fixed shapes. Several threads may call `run` at once: each takes an arena of its own."""

    def __init__(
        self,
        manifest: Mapping[str, Any],
        files: Mapping[str, bytes],
        weights: bytes | bytearray | memoryview | Array,
        threads: int = 1,
    ):
        self.threads = threads
        with tempfile.TemporaryDirectory(prefix="stepwell-c-") as name:
            folder = Path(name)
            for file, content in files.items():
                (folder / file).write_bytes(content)
            library = build(folder, [file for file in files if file.endswith(".c")])
            self._library = ctypes.CDLL(str(library))  # loaded: the file may go
        self._inputs = [(spec["name"], np.dtype(spec["dtype"])) for spec in manifest["inputs"]]
        self._outputs = [(spec["name"], tuple(spec["shape"]), np.dtype(spec["dtype"])) for spec in manifest["outputs"]]
        self._specs = manifest["outputs"]
        self._sized = has_sizes(self._specs)
        self._weights: list[Array] = []
        if not manifest.get("embedded_weights", False):
            data = np.frombuffer(weights, np.uint8)
            self._weights.append(aligned_bytes(data.size))
            self._weights[0][:] = data
        count = len(self._inputs) + len(self._outputs) + len(self._weights) + 1
        self._function = getattr(self._library, manifest["entry"])
        self._function.restype = None
        self._function.argtypes = [ctypes.c_void_p] * count
        self._arena_size = int(manifest["arena_size"])
        self._arenas = [aligned_bytes(self._arena_size)]

    def run(self, feeds: Mapping[str, Array], out: Mapping[str, Array] | None = None) -> dict[str, Array]:
        """The outputs by name, each a new array, or the one that `out` holds for it. `feeds` has one for every input.

        Raises `ValueError` where an array of `out` is of another shape than the output.
        """
        if out:
            check_out(self._specs, out)
        arrays = [apart(np.ascontiguousarray(feeds[name], dtype), out) for name, dtype in self._inputs]
        outputs = {name: np.empty(shape, dtype) for name, shape, dtype in self._outputs if name not in (out or {})}
        outputs = {name: outputs[name] if name in outputs else (out or {})[name] for name, _, _ in self._outputs}
        arena = self._take_arena()
        try:
            self._function(*(a.ctypes.data for a in (*arrays, *outputs.values(), *self._weights, arena)))
        finally:
            self._arenas.append(arena)
        return cut(self._specs, outputs) if self._sized else outputs

    def _take_arena(self) -> Array:
        try:
            return self._arenas.pop()  # one step under the interpreter's lock
        except IndexError:  # all are in use by other threads
            return aligned_bytes(self._arena_size)
