"""Broken and malicious inputs to the tools, and what a run of one of them costs.

A case is a function that writes its files into a folder and gives the arguments of `stepwell`:

    @case("npz-truncated", says="cannot be read")
    def _(folder: Path) -> list[str]: ...

`says`: a part of the error, which is the first line's; or RIGHT, where the model is odd but means something: it
runs. `attempt` runs a case in a worker process, held to `SECONDS` of processor time and `MEMORY` bytes.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import io
import os
import re
import resource
import signal
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

SECONDS = 5.0
"""Of processor time, in all threads: what a machine that is busy with other things does not lengthen."""

MEMORY = 1 << 30
"""Bytes, beyond what the process had when it began."""

RIGHT = "runs"

SOURCES = ("hostile_files", "hostile_graphs", "hostile_shapes", "hostile_spirv")
"""Modules that register cases."""


@dataclass(frozen=True)
class Case:
    write: Callable[[Path], list[str]]
    says: str


CASES: dict[str, Case] = {}


def case(name: str, says: str) -> Callable[[Callable[[Path], list[str]]], Callable[[Path], list[str]]]:
    def register(write: Callable[[Path], list[str]]) -> Callable[[Path], list[str]]:
        assert name not in CASES, name
        CASES[name] = Case(write, says)
        return write

    return register


@functools.cache
def cases() -> dict[str, Case]:
    for source in SOURCES:
        importlib.import_module(source)
    return CASES


@dataclass(frozen=True)
class Outcome:
    """How a run ended. `said`: standard error. `seconds`: of processor time. `memory`: bytes at most."""

    name: str
    code: int
    said: str
    seconds: float
    memory: int


def attempt(name: str) -> Outcome:
    """Write the files of a case, run the tool on them within the limits, in this process, which is a worker's."""
    warm()
    from stepwell.tools import main

    with tempfile.TemporaryDirectory(prefix="stepwell-hostile-") as folder, contextlib.chdir(folder):
        arguments = cases()[name].write(Path(folder))
        outer, inner = io.StringIO(), io.StringIO()
        with limits() as spent, contextlib.redirect_stderr(inner), contextlib.redirect_stdout(outer):
            code = main.main(arguments)
        return Outcome(name, code, inner.getvalue(), *spent())


@functools.cache
def warm() -> None:
    """Load what every run needs, so that a limit is not used up by imports."""
    os.environ["STEPWELL_CACHE"] = "off"
    from stepwell.tools import main

    digits = Path(__file__).parent.parent.parent / "examples" / "digits" / "digits.onnx"
    with contextlib.redirect_stdout(io.StringIO()):
        assert main.main(["run", str(digits), "--shape", "image=1x1x8x8"]) == 0


@contextlib.contextmanager
def limits():
    """What is done inside may take `SECONDS` and `MEMORY`; too long ends the process. Gives what was spent."""
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
    before, start = size("VmRSS"), time.process_time()
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (size("VmSize") + MEMORY, hard))
    signal.setitimer(signal.ITIMER_PROF, SECONDS)  # SIGPROF ends a process that does not expect it
    try:
        yield lambda: (time.process_time() - start, size("VmHWM") - before)
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def size(what: str) -> int:
    """A row of /proc/self/status, in bytes."""
    found = re.search(rf"^{what}:\s+(\d+) kB", Path("/proc/self/status").read_text(), re.MULTILINE)
    assert found is not None
    return int(found[1]) << 10
