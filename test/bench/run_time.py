"""How long the real models take, beside ONNX Runtime, on their recorded inputs.

    python test/bench/run_time.py [--models mobilenet_v2_imagenet,...] [--threads 1,2] [--rounds 30] [--target native]

Both in one process and taken in turns after a warm-up; medians, and their ratio (below 1: we are faster). The outputs
are held against those recorded. Exits with 1 where a model takes more than --limit times as long as there.
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

PAUSE = 0.06
"""Seconds between turns: the threads of the one who ran last spin on for a while, on the next one's cores."""


def medians(name: str, target: str, threads: int, rounds: int) -> tuple[float, float]:
    """Seconds of one inference: ours, ONNX Runtime's."""
    path = real_models.fetch(name)
    feeds, want = real_models.recorded(name)
    program = stepwell.compile(path, target=target, threads=threads)
    real_models.assert_agrees(program.run(feeds), want, real_models.accuracy(name))
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
    large = [name for name in real_models.LARGE if (real_models.FETCHED / f"{name}.onnx").exists()]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", default=",".join([*real_models.SUPPORTED, *large]))
    parser.add_argument("--threads", default="1")
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--target", default="native")
    parser.add_argument("--limit", type=float, default=3.0)
    args = parser.parse_args()
    worst = 0.0
    for threads in map(int, args.threads.split(",")):
        print(f"{args.target}, {threads} thread(s), medians of {args.rounds}")
        print(f"{'model':40s} {'stepwell':>10s} {'ORT':>10s}  ratio")
        ratios: dict[str, float] = {}
        for name in args.models.split(","):
            ours, theirs = medians(name, args.target, threads, args.rounds)
            ratios[name] = ours / theirs
            print(f"{name:40s} {ours * 1e3:7.3f} ms {theirs * 1e3:7.3f} ms  {ratios[name]:5.2f}", flush=True)
        slowest = max(ratios, key=ratios.__getitem__)
        print(f"{'geometric mean':40s} {'':23s}  {statistics.geometric_mean(ratios.values()):5.2f}")
        print(f"{'worst: ' + slowest:40s} {'':23s}  {ratios[slowest]:5.2f}")
        worst = max(worst, ratios[slowest])
    sys.exit(worst > args.limit)


if __name__ == "__main__":
    main()
