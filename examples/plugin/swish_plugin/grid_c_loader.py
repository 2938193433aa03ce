"""Runs what the target `grid-c` printed, compiled by the C compiler at hand: a device in the process's own memory."""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from stepwell.runtime.device import Array, DeviceError
from stepwell.runtime.device_program import DeviceProgram
from stepwell.runtime.refusal import refused
from stepwell.runtime.steps import Launch, Step

FLAGS = ("-std=c99", "-O1", "-ffp-contract=off", "-shared", "-fPIC")


class GridProgram(DeviceProgram):
    def _open(self, manifest: Mapping[str, Any], files: Mapping[str, bytes]) -> None:
        compiler = os.environ.get("CC") or shutil.which("cc")
        if compiler is None:
            raise DeviceError("there is no C compiler", fix="install one, or set CC")
        self._compiler = compiler

    def _buffer(self, size: int) -> Array:
        return np.zeros(max(size, 4), np.uint8)

    def _load(self, files: Mapping[str, bytes], launches: Sequence[Step]) -> None:
        with tempfile.TemporaryDirectory() as folder:
            for name, code in files.items():
                (Path(folder) / name).write_bytes(code)
                command = (self._compiler, *FLAGS, "-o", "kernels.so", name, "-lm")
                done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
                if done.returncode != 0:
                    raise refused(name, code.decode(), done.stderr, self._kernels)
                self._library = ctypes.CDLL(str(Path(folder) / "kernels.so"))

    def _bound(self, launch: Step) -> Launch:
        kernel = getattr(self._library, launch["kernel"])
        buffers = [ctypes.c_void_p(self._buffers[b["of"]].ctypes.data + b["offset"]) for b in launch["buffers"]]
        threads = prod(launch["blocks"]) * prod(launch["threads"])
        return lambda numbers: kernel(*buffers, *map(ctypes.c_int, numbers), ctypes.c_int(threads))

    def _write(self, name: str, data: Array) -> None:
        self._buffers[name][: data.nbytes] = data.reshape(-1).view(np.uint8)

    def _read(self, name: str, at: int, size: int) -> bytes:
        return self._buffers[name][at : at + size].tobytes()

    def _wait(self) -> None:
        """A call comes back when it is done."""
