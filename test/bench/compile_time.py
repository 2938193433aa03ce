"""How long a model takes to compile, cold and warm, the compiler's peak memory, and its time beside ONNX Runtime's.

    python test/bench/compile_time.py MODEL.onnx [--shape input=1x3x224x224] [--rounds 30]

Cold: a fresh process and an empty cache. Warm: a fresh process and the cache that the cold one left. Both count from
before `import stepwell` until the program is ready to run. Run times: one thread each, in one process, taken in turns.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np


def feeds_for(program, shapes: dict[str, tuple[int, ...]]) -> dict[str, np.ndarray]:
    """Random inputs of the shapes that the model states, symbolic dims from `shapes`, else 1."""
    rng = np.random.default_rng(0)
    feeds = {}
    for spec in program.inputs:
        shape = shapes.get(spec.name, tuple(d if isinstance(d, int) else 1 for d in spec.dims))
        feeds[spec.name] = rng.random(shape).astype(spec.dtype)
    return feeds


def compile_once(path: str, shapes: dict[str, tuple[int, ...]]) -> None:
    """The child's part: compile, print seconds and peak memory."""
    start = time.perf_counter()
    import stepwell

    program = stepwell.compile(path, threads=1)
    feeds = feeds_for(program, shapes)
    program.load(tuple(feeds[spec.name].shape for spec in program.inputs))
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": seconds, "peak_mb": peak}))


def child(path: str, shape: list[str], cache: str) -> dict[str, float]:
    command = [sys.executable, __file__, path, "--child", *(f"--shape={s}" for s in shape)]
    out = subprocess.run(command, env={**os.environ, "STEPWELL_CACHE": cache}, check=True, stdout=subprocess.PIPE)
    return json.loads(out.stdout)


def run_times(path: str, shapes: dict[str, tuple[int, ...]], rounds: int) -> tuple[float, float]:
    """Median seconds of one inference, ours and ONNX Runtime's, one thread each, taken in turns."""
    import onnxruntime
    import stepwell

    program = stepwell.compile(path, threads=1)
    feeds = feeds_for(program, shapes)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    runners = (lambda: program.run(feeds), lambda: session.run(None, feeds))
    times: tuple[list[float], list[float]] = ([], [])
    for i in range(rounds + 3):
        for runner, taken in zip(runners, times, strict=True):
            start = time.perf_counter()
            runner()
            if i >= 3:  # warm-up
                taken.append(time.perf_counter() - start)
    return statistics.median(times[0]), statistics.median(times[1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("--shape", action="append", default=[], help="input=1x3x224x224")
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    shapes = {k: tuple(map(int, v.split("x"))) for k, v in (s.split("=") for s in args.shape)}
    if args.child:
        compile_once(args.model, shapes)
        return
    with tempfile.TemporaryDirectory() as cache:
        cold, warm = child(args.model, args.shape, cache), child(args.model, args.shape, cache)
    ours, theirs = run_times(args.model, shapes, args.rounds)
    print(f"{Path(args.model).stem}")
    print(f"  compile, cold  {cold['seconds']:8.2f} s    peak {cold['peak_mb']:.0f} MB")
    print(f"  compile, warm  {warm['seconds']:8.2f} s    peak {warm['peak_mb']:.0f} MB")
    print(f"  run, stepwell  {ours * 1e3:8.2f} ms")
    print(f"  run, ORT       {theirs * 1e3:8.2f} ms   ratio {ours / theirs:.2f}")


if __name__ == "__main__":
    main()
