"""Functions of f32 as expand-math writes them: nanoseconds an element beside the C library, and the largest errors.

    python test/bench/math_functions.py                        # 16384 elements in lanes, one thread
    python test/bench/math_functions.py --errors [--only exp]  # over all 2**32 floats, in minutes a function

The errors are in units in the last place of the exact result, which is the C library's in f64.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))

from stepwell.targets.cpu.hardware import host
from ulps import BOUNDS, COUNT, all_floats, errors, kernel, loop

BEYOND = {"math.sin": 2.0**16, "math.cos": 2.0**16}
"""Larger arguments are the C library's."""


def seconds(call: Callable[[], object]) -> float:
    """The minimum of 20 rounds of some 2 ms."""
    repeat = 1
    while (taken := once(call, repeat)) < 2e-3:
        repeat *= 2
    return min(taken, *(once(call, repeat) for _ in range(20))) / repeat


def once(call: Callable[[], object], repeat: int) -> float:
    start = time.perf_counter()
    for _ in range(repeat):
        call()
    return time.perf_counter() - start


def arguments(op: str) -> tuple[Any, ...]:
    rng = np.random.default_rng(0)
    x = rng.uniform(0.1, 8, COUNT) if "log" in op or "pow" in op else rng.uniform(-8, 8, COUNT)
    return (x, rng.uniform(-3, 3, COUNT)) if op == "math.powf" else (x,)


def speed(op: str) -> str:
    args = [a.astype(np.float32) for a in arguments(op)]
    result = np.empty(COUNT, np.float32)
    loops = [loop(op, lanes=host().lanes(), expand=expand) for expand in (True, False)]
    times = [seconds(lambda f=f: f(*args, result)) / COUNT * 1e9 for f in loops]
    return f"{op:12} {times[0]:8.2f} ns {times[1]:8.2f} ns"


def largest_error(op: str) -> str:
    ours, exact = kernel(op, lanes=host().lanes()), kernel(op, "f64")
    worst, at, step = 0.0, 0.0, 1 << 20
    for first in range(0, 1 << 32, step):
        x = all_floats(first, step)
        if not (np.abs(x[0]) < BEYOND.get(op, np.inf)) and (first & 0x7F800000) != 0x7F800000:
            continue
        found = errors(ours(x), exact(x))
        if found[n := int(found.argmax())] > worst:
            worst, at = float(found[n]), float(x[n])
    return f"{op:12} {worst:8.3f} at {at!r}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="functions whose name holds this")
    parser.add_argument("--errors", action="store_true", help="measure the errors, not the speed")
    args = parser.parse_args()
    np.seterr(all="ignore")
    chosen = [op for op in BOUNDS if args.only in op and not (args.errors and op == "math.powf")]
    print(f"{'':12} {'largest error' if args.errors else ' expanded   C library'}")
    for op in chosen:
        print(largest_error(op) if args.errors else speed(op), flush=True)


if __name__ == "__main__":
    main()
