"""What it costs to let threads run a program: to start and end a run, to wait at a barrier, beside busy neighbours.

    python test/bench/threads.py [--threads 2] [--runs 2000]

Microseconds, the median and the 99th percentile of the runs. The program copies 64 numbers, once or often, with a
barrier after each copy: what a barrier takes is the slope over their number, less what the copy takes on one thread.
Fork and join is what the run with one copy takes more than on one thread. `after a pause`: the threads have gone to
sleep. `two programs`: in turns. `two callers`: two threads of Python at once; each thread's time for one run.
`busy`: beside one process that computes, and beside one on each core.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np
from stepwell.cache import Cache
from stepwell.context import Context
from stepwell.driver import Way, find_target
from stepwell.pass_manager import parse_passes, run_passes
from stepwell.runtime.native import NativeProgram
from stepwell.targets.native import team
from stepwell.text import parse_module

MANY = 200
FEEDS = {"x": np.zeros(64, np.float32)}
NEIGHBOUR = "while True: sum(range(1000))"
HEAD = """
builtin.module attributes {stepwell.level = "program"} {
  func.func private @kernel_copy_0(%x: memref<64xf32>, %y: memref<64xf32>) attributes {stepwell.kernel} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c64 = arith.constant 64 : index
    scf.for %i = %c0 to %c64 step %c1 {
      %v = memref.load %x[%i] : memref<64xf32>
      memref.store %v, %y[%i] : memref<64xf32>
    } {stepwell.parallel}
    func.return
  }
  func.func @main(%x: memref<64xf32>, %y: memref<64xf32>, %weights: memref<0xi8>, %arena: memref<512xi8>)
      attributes {stepwell.signature = {inputs = [{name = "x", type = tensor<64xf32>}],
                                        outputs = [{name = "y", type = tensor<64xf32>}]},
                  stepwell.weights_layout = {}, stepwell.weights_size = 0 : i64,
                  stepwell.arena_size = 512 : i64, stepwell.arena_lower_bound = 512 : i64} {
    %c0 = arith.constant 0 : index
    %c256 = arith.constant 256 : index
    %a = memref.view %arena[%c0][] : memref<512xi8> to memref<64xf32>
    %b = memref.view %arena[%c256][] : memref<512xi8> to memref<64xf32>
"""


def program(copies: int, threads: int) -> NativeProgram:
    """x -> a -> b -> a -> ... -> y, each copy shared, however short."""
    buffers = ["%x", *("%a" if n % 2 else "%b" for n in range(1, copies)), "%y"]
    type = "(memref<64xf32>, memref<64xf32>) -> ()"
    calls = [f"func.call @kernel_copy_0({a}, {b}) : {type}" for a, b in pairwise(buffers)]
    ctx = Context(cache=Cache(None))
    module = parse_module(ctx, HEAD + "\n".join([*calls, "func.return }}"]))
    run_passes(ctx, module, parse_passes(f"distribute-threads{{threads={threads} min-work=0 min-spared=0}}"))
    way = Way(find_target("native"))
    way.lower(ctx, module)
    artifact = way.target.emit(ctx, module, way.options)
    return NativeProgram(artifact.manifest, artifact.files, artifact.weights)


def times(runs: int, *programs: NativeProgram, pause: float = 0) -> list[float]:
    """Microseconds of each run, of the programs in turn."""
    taken: list[float] = []
    for n in range(runs):
        if pause:
            time.sleep(pause)
        chosen = programs[n % len(programs)]
        start = time.perf_counter_ns()
        chosen.run(FEEDS)
        taken.append((time.perf_counter_ns() - start) / 1e3)
    return taken[runs // 10 :]


def at_once(jobs: Sequence[Callable[[], list[float]]]) -> list[float]:
    found: list[list[float]] = []
    threads = [threading.Thread(target=lambda job=job: found.append(job())) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [time for part in found for time in part]


def show(what: str, taken: list[float]) -> float:
    middle = float(np.median(taken))
    print(f"  {what:44s} {middle:9.2f} {float(np.percentile(taken, 99)):9.1f}", flush=True)
    return middle


def measure(threads: int, runs: int) -> None:
    one, many, other = program(1, threads), program(1 + MANY, threads), program(2, threads)
    alone, alone_many = program(1, 1), program(1 + MANY, 1)
    base = show("one thread, 1 copy", times(runs, alone))
    base_many = show(f"one thread, {1 + MANY} copies", times(runs // 4, alone_many))
    single = show(f"{threads} threads, 1 copy", times(runs, one))
    repeated = show(f"{threads} threads, {1 + MANY} copies", times(runs // 4, many))
    show(f"{threads} threads, 1 copy, after a pause", times(min(runs, 200), one, pause=0.002))
    show(f"{threads} threads, two programs", times(runs, one, other))
    show(f"{threads} threads, two callers", at_once([lambda: times(runs, one), lambda: times(runs, other)]))
    print(f"  {'fork and join':44s} {single - base:9.2f}")
    print(f"  {'a barrier':44s} {(repeated - single - (base_many - base)) / MANY:9.3f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--runs", type=int, default=2000)
    args = parser.parse_args()
    team.MOST_IDLE = 1 << 30  # so little work is faster alone, and the pool would see that
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    for busy in (0, 1, cores):
        print(f"{args.threads} threads, {cores} cores, {busy} busy neighbours{'µs: median':>21s} {'p99':>9s}")
        neighbours = [subprocess.Popen([sys.executable, "-c", NEIGHBOUR]) for _ in range(busy)]
        try:
            measure(args.threads, args.runs if not busy else args.runs // 10)
        finally:
            for neighbour in neighbours:
                neighbour.kill()
                neighbour.wait()


if __name__ == "__main__":
    main()
