"""Matrix products by PTX beside cuBLAS, in turns in one run. Not measured yet: no GPU was to be had.

    python test/bench/gpu_gemm.py [--sizes 1024,2048,4096,8192] [--precisions f32,tf32,bf16] [--rounds 9]

Each product is a model of one MatMul of two inputs that goes the cuda target's whole way down; cuBLAS is reached
through torch. Inputs and results stay on the device. bf16: inputs and results are of bf16, sums of f32, in both. tf32:
of factors of f32, 10 bits are multiplied, in both. A result that is wrong is not timed. Medians of the rounds; `share`:
how much of cuBLAS's speed ours has.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

import numpy as np
from gpu import compiled, in_turns, require, require_gpu, waiting
from onnx import TensorProto, helper
from stepwell.diagnostics import StepwellError

AGREES = {"f32": 1e-5, "tf32": 2e-3, "bf16": 1e-2}
"""Largest |difference| to sums in f64 of the factors as given, over the largest |result|."""
CHECKED = 64
"""Rows of the result that are checked."""


def model(size: int, precision: str) -> bytes:
    """x w of [size, size] each."""
    kind = TensorProto.BFLOAT16 if precision == "bf16" else TensorProto.FLOAT
    x, w, y = (helper.make_tensor_value_info(name, kind, [size, size]) for name in "xwy")
    graph = helper.make_graph([helper.make_node("MatMul", ["x", "w"], ["y"])], "gemm", [x, w], [y])
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    return made.SerializeToString()


def ours(size: int, precision: str, feeds: dict[str, Any]) -> tuple[Callable[[int], float], Any]:
    """A timed call, and the result."""
    settings = {"precision": precision} if precision == "tf32" else {}
    program = compiled(model(size, precision), **settings)
    result = program.run(feeds)["y"]
    return lambda times: program.repeat(feeds, times), result


def difference(result: Any, feeds: dict[str, Any]) -> float:
    """The largest |difference| in some rows, over the largest |result|."""
    x, w = (np.asarray(feeds[name], np.float64) for name in "xw")
    rows = np.linspace(0, len(x) - 1, min(CHECKED, len(x))).astype(int)
    want = x[rows] @ w
    return float(np.abs(np.asarray(result[rows], np.float64) - want).max() / np.abs(want).max())


def row(torch: Any, size: int, precision: str, args: argparse.Namespace) -> str:
    import ml_dtypes

    rng = np.random.default_rng(0)
    kind = ml_dtypes.bfloat16 if precision == "bf16" else np.float32
    feeds = {name: rng.standard_normal((size, size), np.float32).astype(kind) for name in "xw"}
    head = f"{size:6} {precision:5}"
    try:
        call, result = ours(size, precision, feeds)
    except StepwellError as error:
        return f"{head} refused: {error}"
    if not (found := difference(result, feeds)) <= AGREES[precision]:
        return f"{head} wrong: the difference is {found:.1g} of the largest result"
    torch.backends.cuda.matmul.allow_tf32 = precision == "tf32"
    x, w = (torch.from_numpy(np.asarray(feeds[name], np.float32)).cuda() for name in "xw")
    x, w = (x.bfloat16(), w.bfloat16()) if precision == "bf16" else (x, w)
    out = torch.empty_like(x)
    theirs = waiting(lambda: torch.matmul(x, w, out=out), torch.cuda.synchronize)
    medians = in_turns({"stepwell": call, "cuBLAS": theirs}, args.rounds, args.seconds)
    rates = {name: 2 * size**3 / seconds / 1e12 for name, seconds in medians.items()}
    share = rates["stepwell"] / rates["cuBLAS"]
    return f"{head} {rates['stepwell']:10.2f} {rates['cuBLAS']:10.2f} {share:8.1%}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", default="1024,2048,4096,8192")
    parser.add_argument("--precisions", default="f32,tf32,bf16")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--seconds", type=float, default=0.1, help="of a turn")
    args = parser.parse_args()
    require_gpu()
    torch = require("torch")
    torch.set_grad_enabled(False)
    print(
        f"{torch.cuda.get_device_name()}, torch {torch.__version__}\n"
        "  size of    stepwell     cuBLAS    share (TFLOP/s)"
    )
    for precision in args.precisions.split(","):
        for size in map(int, args.sizes.split(",")):
            print(row(torch, size, precision, args), flush=True)


if __name__ == "__main__":
    main()
