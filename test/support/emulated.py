"""Kernels in a language that grew out of C++, run on the CPU: compiled with a header that stands in for the language's
own, each thread of a block a fiber (`fibers.h`), launched as a package's manifest says.

    program = Emulated(artifact, METAL)
    program.run({"image": array})["logits"]
"""

from __future__ import annotations

import ctypes
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from requirements import require
from stepwell.context import Context
from stepwell.driver import Way, read_module
from stepwell.passes.graph.bind_shapes import BindShapes
from stepwell.runtime.device_program import DeviceProgram
from stepwell.runtime.steps import Launch, Step
from stepwell.target import Artifact
from stepwell.targets.gpu.target import SourceTarget

SUPPORT = Path(__file__).parent
UNWRITTEN = 0xA5
FLAGS = ("-x", "c++", "-std=c++17", "-O1", "-ffp-contract=off", "-shared", "-fPIC", "-Wno-attributes")


@dataclass(frozen=True)
class Dialect:
    """`includes`: the folder of headers that stand in. `kernel`: how a kernel starts, up to its name, as a regular
    expression. `prelude`: what is included where the kernels include nothing. `rewritten`: the kernels as a C++
    compiler takes them."""

    includes: Path
    kernel: str
    prelude: str = ""
    rewritten: Callable[[str], str] = str

    def launchers(self, source: str) -> str:
        """For each kernel a function that runs a grid of it: launch_NAME(arguments, blocks, threads)."""
        found = re.findall(rf"^{self.kernel}\s*(\w+)\((.*?)\)\s*\{{", source, re.MULTILINE | re.DOTALL)
        return "\n".join(launcher(name, parameters) for name, parameters in found)


def launcher(name: str, parameters: str) -> str:
    """A parameter that an attribute names, `uint3 id [[thread_position_in_grid]]`, is what is called so."""
    given: list[str] = []
    for parameter in filter(None, map(str.strip, parameters.split(",\n"))):
        attribute = re.search(r"\[\[(\w+)\]\]", parameter)
        given.append(attribute[1] if attribute else f"fibers::Argument{{arguments[{len(given)}]}}")
    return (
        f'extern "C" bool launch_{name}(void **arguments, const fibers::Place *blocks, const fibers::Place *threads)\n'
        f"{{\n  return fibers::run(*blocks, *threads, [&] {{ {name}({', '.join(given)}); }});\n}}\n"
    )


def compiler() -> str:
    found = os.environ.get("CXX") or next((c for c in ("g++", "clang++-19", "clang++") if shutil.which(c)), None)
    require(found is not None, "a C++ compiler")
    assert found is not None
    return found


def program(source: Any, feeds: Mapping[str, Any], target: SourceTarget, dialect: Dialect, **options: Any) -> Emulated:
    """A model for feeds of these shapes. `options`: the target's."""
    ctx = Context()
    module = read_module(ctx, source)
    BindShapes(";".join(f"{name}={'x'.join(map(str, feed.shape))}" for name, feed in feeds.items())).apply(ctx, module)
    way = Way(target, settings=tuple(options.items()))
    way.lower(ctx, module)
    return Emulated(target.emit(ctx, module, way.options), dialect)


class Emulated(DeviceProgram):
    """A program whose kernels are C++."""

    def __init__(self, artifact: Artifact, dialect: Dialect):
        self._dialect = dialect
        self.threads = 0
        """How many have run."""
        super().__init__(artifact.manifest, artifact.files, artifact.weights)

    def _open(self, manifest: Mapping[str, Any], files: Mapping[str, bytes]) -> None:
        self.source = "\n".join(text.decode() for text in files.values())

    def _buffer(self, size: int) -> Any:
        return np.full(max(size, 4), UNWRITTEN, np.uint8)

    def _load(self, files: Mapping[str, bytes], launches: Sequence[Step]) -> None:
        self._library = built(self.source, self._dialect)

    def _bound(self, launch: Step) -> Launch:
        places = [self._buffers[part["of"]].ctypes.data + part["offset"] for part in launch["buffers"]]

        def run(numbers: Sequence[int]) -> None:
            run_grid(self._library, launch["kernel"], launch["blocks"], launch["threads"], places, numbers)
            self.threads += prod(launch["blocks"]) * prod(launch["threads"])

        return run

    def _write(self, name: str, data: Any) -> None:
        self._buffers[name][: data.nbytes] = data.reshape(-1).view(np.uint8)

    def _read(self, name: str, at: int, size: int) -> bytes:
        return self._buffers[name][at : at + size].tobytes()

    def _wait(self) -> None: ...


def run_grid(
    library: ctypes.CDLL,
    kernel: str,
    blocks: Sequence[int],
    threads: Sequence[int],
    addresses: Sequence[int],
    numbers: Sequence[int] = (),
) -> None:
    """Run `kernel` for a grid of threads, handing it buffers by their `addresses`, and `numbers`."""
    values = [ctypes.c_int(number) for number in numbers]
    arguments = (ctypes.c_void_p * (len(addresses) + len(values)))(*addresses, *map(ctypes.addressof, values))
    function = getattr(library, f"launch_{kernel}")
    function.restype = ctypes.c_bool
    ended = function(arguments, (ctypes.c_uint * 3)(*blocks), (ctypes.c_uint * 3)(*threads))
    assert ended, f"threads of {kernel} wait for others that never come"


def built(source: str, dialect: Dialect) -> ctypes.CDLL:
    """The kernels of `source`, and a launcher of each, in a library."""
    with tempfile.TemporaryDirectory(prefix="stepwell-emulated-") as folder:
        source = dialect.rewritten(source)
        text, library = Path(folder, "kernels.cpp"), Path(folder, "kernels.so")
        text.write_text(f'#include "fibers.h"\n{dialect.prelude}\n{source}\n{dialect.launchers(source)}')
        command = [compiler(), *FLAGS, f"-I{SUPPORT}", f"-I{dialect.includes}", str(text), "-o", str(library)]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode != 0:
            pytest.fail(f"{compiler()} refused the kernels:\n{done.stderr[:3000]}")
        return ctypes.CDLL(str(library))
