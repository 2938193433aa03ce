"""A decoder with a KV cache writes on, step by step, beside ONNX Runtime: the same tokens, and how long a step takes.

    python test/bench/generate.py smollm2_135m_kvcache_fp32.onnx [--prompt 504,3575,282,4649,314] [--tokens 12]

The model is made by shared/models/convert_smollm2.py, and is too large for the tests. The prompt is given as token
ids: these are "The capital of France is". Exits with 1 where a token differs, or logits by more than 2e-3 of their
largest.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import onnxruntime
import stepwell

Run = Callable[[Mapping[str, np.ndarray]], Mapping[str, np.ndarray]]

RELATIVE = 2e-3


def onnx_runtime(path: Path) -> Run:
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return lambda feeds: dict(zip(names, session.run(None, feeds), strict=True))


def shapes_of_caches(path: Path) -> dict[str, tuple[int, int, int, int]]:
    """The inputs that hold what came before, empty: one sequence, and nothing of it."""
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    caches = (spec for spec in session.get_inputs() if spec.name.startswith("past_"))
    return {spec.name: (1, spec.shape[1], 0, spec.shape[3]) for spec in caches}


def generate(run: Run, caches: Mapping[str, tuple[int, ...]], prompt: list[int], count: int) -> list[np.ndarray]:
    """The logits behind each token, of which the largest is the next one; prints how long each took."""
    past = {name: np.zeros(shape, np.float32) for name, shape in caches.items()}
    ids, found, spent = prompt, list[np.ndarray](), list[float]()
    for _ in range(count):
        start = time.perf_counter()
        outputs = run({"input_ids": np.array([ids], np.int64)} | past)
        spent.append(time.perf_counter() - start)
        found.append(outputs["logits"][0, -1])
        ids = [int(found[-1].argmax())]
        past = {name: outputs[name.replace("past_", "present_")] for name in past}
    print("  seconds a token:", " ".join(f"{seconds:.2f}" for seconds in spent), flush=True)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("--prompt", default="504,3575,282,4649,314")
    parser.add_argument("--tokens", type=int, default=12)
    args = parser.parse_args()
    prompt, caches = [int(token) for token in args.prompt.split(",")], shapes_of_caches(args.model)
    print("ONNX Runtime")
    want = generate(onnx_runtime(args.model), caches, prompt, args.tokens)
    print("stepwell")
    got = generate(stepwell.compile(args.model).run, caches, prompt, args.tokens)
    theirs, ours = ([int(logits.argmax()) for logits in each] for each in (want, got))
    worst = max(float(np.abs(g - w).max() / np.abs(w).max()) for g, w in zip(got, want, strict=True))
    print(f"tokens {theirs} and {ours}; logits differ by {worst:.1e} of the largest")
    sys.exit(ours != theirs or worst > RELATIVE)


if __name__ == "__main__":
    main()
