"""What the benchmarks of a GPU share: a GPU and libraries or a clear word, and contenders that take turns.

    require("torch")                                  # ends the program, and says what to install
    medians = in_turns({"stepwell": call, "cuBLAS": other}, rounds=9, seconds=0.1)

A call is `call(times)`: so many runs, one after the other, and then a wait for the device; it gives the seconds of one.
"""

from __future__ import annotations

import importlib
import importlib.util
import statistics
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any

from stepwell.context import Context
from stepwell.driver import Way, find_target, read_module
from stepwell.runtime import cuda
from stepwell.runtime.cuda import CUDAProgram
from stepwell.runtime.device import DeviceError

Timed = Callable[[int], float]


def require_gpu() -> None:
    """End the program where no GPU of NVIDIA's can be reached."""
    try:
        cuda.Context(cuda.Driver())
    except DeviceError as error:
        sys.exit(f"this benchmark needs a GPU of NVIDIA's, and its driver: {error}")


def require(library: str) -> Any:
    """A library. Ends the program where it is missing, or has no GPU to run on."""
    if importlib.util.find_spec(library) is None:
        sys.exit(f"this benchmark compares with {library}, which is not installed: pip install {library}")
    found = importlib.import_module(library)
    if library == "torch" and not found.cuda.is_available():
        sys.exit("torch is installed, but sees no GPU: install its build for CUDA")
    if library == "jax" and found.default_backend() != "gpu":
        sys.exit("jax is installed, but sees no GPU: pip install 'jax[cuda13]'")
    return found


def compiled(source: Any, **settings: str) -> CUDAProgram:
    """A model of static shapes, on the GPU."""
    ctx = Context()
    module = read_module(ctx, source)
    way = Way(find_target("cuda"), settings=tuple(settings.items()))
    way.lower(ctx, module)
    made = way.target.emit(ctx, module, way.options)
    return CUDAProgram(made.manifest, made.files, made.weights)


def waiting(call: Callable[[], Any], wait: Callable[[], Any]) -> Timed:
    def timed(times: int) -> float:
        wait()
        start = time.perf_counter()
        for _ in range(times):
            call()
        wait()
        return (time.perf_counter() - start) / times

    return timed


def in_turns(contenders: Mapping[str, Timed], rounds: int, seconds: float) -> dict[str, float]:
    """Seconds of one run of each: the median of `rounds`, in each of which all have a turn of about `seconds`."""
    times: dict[str, int] = {}
    for name, call in contenders.items():
        call(2)  # what is compiled or chosen at the first run
        times[name] = max(1, min(10_000, int(seconds / max(call(3), 1e-9))))
    found: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, call in contenders.items():
            found[name].append(call(times[name]))
    return {name: statistics.median(of) for name, of in found.items()}
