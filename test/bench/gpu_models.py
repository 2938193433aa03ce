"""Whole models by PTX beside torch eager, torch.compile and JAX, in turns in one run. Not measured: no GPU was at hand.

    python test/bench/peers.py DIR --install          # makes the models in DIR, as for the benchmarks of a CPU
    python test/bench/gpu_models.py DIR [--models mobilenetv2,resnet50v2,bert_base] [--rounds 9]

The others run the same graph, by the evaluator `../shared/bench/onnx_interp.py` over their operators; inputs stay on
the device, which is waited for behind each turn. Each result is held against ONNX Runtime's, and one that differs is
not timed. JAX and torch must be installed for CUDA; with --peers one can be left out.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")  # the others need memory, too

from gpu import compiled, in_turns, require, require_gpu, waiting
from peers import AGREES, SHARED

PEERS = ("torch", "compile", "jax")
Contender = tuple[Callable[[int], float], dict[str, Any]]


def ours(path: Path, feeds: dict[str, Any]) -> Contender:
    program = compiled(path)
    return lambda times: program.repeat(feeds, times), program.run(feeds)


def by_torch(path: Path, feeds: dict[str, Any], names: list[str], *, compiled: bool) -> Contender:
    torch = require("torch")
    from onnx_interp import Interp

    torch.set_grad_enabled(False)
    module = Interp(str(path), "torch").as_module().eval().cuda()
    if compiled:
        module = torch.compile(module, fullgraph=True, dynamic=False)
    args = [torch.from_numpy(feed).cuda() for feed in feeds.values()]
    results = [result.cpu().numpy() for result in module(*args)]
    return waiting(lambda: module(*args), torch.cuda.synchronize), dict(zip(names, results, strict=True))


def by_jax(path: Path, feeds: dict[str, Any], names: list[str]) -> Contender:
    jax = require("jax")
    from onnx_interp import Interp

    net = Interp(str(path), "jax")
    weights = {name: jax.device_put(value) for name, value in net.params.items()}
    args = [jax.device_put(feed) for feed in feeds.values()]
    call = jax.jit(lambda given, *inputs: net.run(given, *inputs)).lower(weights, *args).compile()
    last = [call(weights, *args)]

    def run() -> None:
        last[0] = call(weights, *args)

    results = [np.asarray(result) for result in last[0]]
    return waiting(run, lambda: jax.block_until_ready(last[0])), dict(zip(names, results, strict=True))


def difference(got: dict[str, Any], want: dict[str, Any]) -> float:
    """The largest |difference|, over the largest |output|."""
    largest = max(float(np.abs(value).max()) for value in want.values())
    return max(float(np.abs(got[name] - value).max()) for name, value in want.items()) / (largest or 1.0)


def measured(folder: Path, name: str, args: argparse.Namespace) -> list[str]:
    """Lines of the table for one model."""
    path = folder / "models" / f"{name}.onnx"
    if not path.exists():
        sys.exit(f"{path} is missing: python test/bench/peers.py {folder} --install --models {name}")
    feeds, want = (dict(np.load(path.with_suffix(f".{kind}.npz"))) for kind in ("in", "ref"))
    makers = {
        "stepwell": lambda: ours(path, feeds),
        "torch": lambda: by_torch(path, feeds, list(want), compiled=False),
        "compile": lambda: by_torch(path, feeds, list(want), compiled=True),
        "jax": lambda: by_jax(path, feeds, list(want)),
    }
    calls: dict[str, Callable[[int], float]] = {}
    lines: list[str] = []
    for peer in ("stepwell", *args.peers.split(",")):
        try:
            call, got = makers[peer]()
        except Exception as error:
            lines.append(f"{name:14} {peer:9} failed: {str(error).splitlines()[0][:80]}")
            continue
        if not (found := difference(got, want)) <= AGREES:
            lines.append(f"{name:14} {peer:9} wrong: max |difference| is {found:.1g} of max |output|")
            continue
        calls[peer] = call
    medians = in_turns(calls, args.rounds, args.seconds)
    return [*lines, *(f"{name:14} {peer:9} {seconds * 1e3:9.3f} ms" for peer, seconds in medians.items())]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="where peers.py keeps the models")
    parser.add_argument("--models", default="mobilenetv2,resnet50v2,bert_base")
    parser.add_argument("--peers", default=",".join(PEERS))
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--seconds", type=float, default=0.2, help="of a turn")
    args = parser.parse_args()
    for peer in args.peers.split(","):
        if peer not in PEERS:
            sys.exit(f"there is no peer '{peer}': there are {', '.join(PEERS)}")
    require_gpu()
    for library in sorted({"torch" if peer == "compile" else peer for peer in args.peers.split(",")}):
        require(library)
    sys.path.insert(0, str(SHARED))
    for name in args.models.split(","):
        print("\n".join(measured(args.folder, name, args)), flush=True)


if __name__ == "__main__":
    main()
