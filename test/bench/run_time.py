"""How long the real models take, beside ONNX Runtime, on their recorded inputs.

    python test/bench/run_time.py [--models mobilenet_v2_imagenet,...] [--threads 1] [--rounds 30] [--target native]

Both in one process and taken in turns after a warm-up; medians, and their ratio (below 1: we are faster).
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))

import onnxruntime
import real_models
import stepwell

PAUSE = 0.02
"""Seconds between turns: the threads of the one who ran last spin on for a while, on the next one's cores."""


def medians(name: str, target: str, threads: int, rounds: int) -> tuple[float, float]:
    """Seconds of one inference: ours, ONNX Runtime's."""
    path = real_models.fetch(name)
    feeds, want = real_models.recorded(name)
    program = stepwell.compile(path, target=target, threads=threads)
    real_models.assert_agrees(program.run(feeds), want)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    runners = (lambda: program.run(feeds), lambda: session.run(None, feeds))
    times: tuple[list[float], list[float]] = ([], [])
    for turn in range(rounds + 3):
        for runner, taken in zip(runners, times, strict=True):
            time.sleep(PAUSE)
            start = time.perf_counter()
            runner()
            if turn >= 3:
                taken.append(time.perf_counter() - start)
    return statistics.median(times[0]), statistics.median(times[1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", default=",".join(real_models.SUPPORTED))
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--target", default="native")
    args = parser.parse_args()
    print(f"{args.target}, {args.threads} thread(s), medians of {args.rounds}")
    print(f"{'model':40s} {'stepwell':>10s} {'ORT':>10s}  ratio")
    ratios: list[float] = []
    for name in args.models.split(","):
        ours, theirs = medians(name, args.target, args.threads, args.rounds)
        ratios.append(ours / theirs)
        print(f"{name:40s} {ours * 1e3:7.2f} ms {theirs * 1e3:7.2f} ms  {ratios[-1]:5.2f}", flush=True)
    print(f"{'geometric mean':40s} {'':23s}  {statistics.geometric_mean(ratios):5.2f}")


if __name__ == "__main__":
    main()
