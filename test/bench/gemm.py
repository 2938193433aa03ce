"""Matrix products beside MKL and OpenBLAS, and the shares of the processor's limits, on one thread.

    python test/bench/gemm.py [--only bert] [--mkl PYTHON] [--openblas PYTHON] [--rounds 7] [--json FILE]

Each product is a model of one `MatMul` that goes the native target's whole way down: `w` is a constant (a weight),
`x` an input; of the squares there is also one with two inputs. The libraries are reached through worker processes,
each in the Python that is named: MKL through its torch, OpenBLAS through its numpy. One whose Python lacks it is
absent, and the table says so. All take turns in every round; figures are medians of the rounds.

`of peak`: beside a loop of FMAs in registers. Products of few rows read each weight once: those take turns on copies
of the weights that no cache holds together, and `of peak` stands beside a loop that only reads memory.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

FEW_ROWS = 4
"""Up to here a product is bound by reading its weights."""
COLD_BYTES = 192 << 20
"""Several times the last-level cache."""
TURN = 0.02
"""Seconds that each takes in a round."""


@dataclass(frozen=True)
class Product:
    """`batch` times [m, k] by [k, n]; `constant`: the second one is a weight."""

    group: str
    m: int
    n: int
    k: int
    batch: int = 1
    constant: bool = True

    @property
    def name(self) -> str:
        batch = f"{self.batch}x" if self.batch > 1 else ""
        return f"{self.group} {batch}{self.m}x{self.k}x{self.n}{'' if self.constant else ' two inputs'}"

    @property
    def flops(self) -> float:
        return 2.0 * self.batch * self.m * self.n * self.k

    @property
    def copies(self) -> int:
        """How many weights the calls take turns on."""
        return max(1, COLD_BYTES // (4 * self.k * self.n)) if self.m <= FEW_ROWS else 1

    def shapes(self) -> tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]:
        lead = (self.batch,) if self.batch > 1 else ()
        return (*lead, self.m, self.k), (*lead, self.k, self.n), (*lead, self.m, self.n)

    def arrays(self) -> tuple[np.ndarray, np.ndarray]:
        rng = np.random.default_rng(0)
        x, w, _ = self.shapes()
        return rng.standard_normal(x).astype(np.float32), rng.standard_normal(w).astype(np.float32)


def pointwise(pixels: int, channels: int, features: int) -> Product:
    return Product("resnet50", pixels * pixels, features, channels)


PRODUCTS = (
    *(Product("square", n, n, n) for n in (256, 512, 1024, 2048)),
    *(Product("square", n, n, n, constant=False) for n in (256, 512, 1024, 2048)),
    *(Product("bert", 128, n, k) for k, n in ((768, 768), (768, 3072), (3072, 768))),
    *(Product("bert", 128, n, k, 12, constant=False) for k, n in ((64, 128), (128, 64))),
    *(pointwise(56, c, f) for c, f in ((64, 64), (64, 256), (256, 64), (256, 128))),
    *(pointwise(28, c, f) for c, f in ((128, 512), (512, 128), (512, 256))),
    *(pointwise(14, c, f) for c, f in ((256, 1024), (1024, 256), (1024, 512))),
    *(pointwise(7, c, f) for c, f in ((512, 2048), (2048, 512))),
    *(Product("gpt2", 1, n, k) for k, n in ((768, 768), (768, 2304), (768, 3072), (3072, 768), (768, 50257))),
    Product("head", 1, 1000, 1280),
)


def time_calls(calls: list[Callable[[], Any]], repeat: int) -> float:
    """Seconds of one call, of `repeat` that take turns on `calls`."""
    start = time.perf_counter()
    for n in range(repeat):
        calls[n % len(calls)]()
    return (time.perf_counter() - start) / repeat


# The worker's side: one library, products by their index on standard input, seconds on standard output.


def library_calls(library: str, product: Product) -> list[Callable[[], Any]]:
    x, w = product.arrays()
    block = np.empty((product.copies, *w.shape), np.float32)  # one block, as a model's weights are
    block[:] = w
    weights = list(block)
    out = np.empty(product.shapes()[2], np.float32)
    if library == "openblas":
        return [lambda w=w: np.matmul(x, w, out=out) for w in weights]
    import torch

    x, out = torch.from_numpy(x), torch.from_numpy(out)
    return [lambda w=w: torch.matmul(x, w, out=out) for w in map(torch.from_numpy, weights)]


def find_library(library: str) -> str:
    """The library's own description of itself. Raises where this Python does not have it."""
    if library == "openblas":
        blas: Any = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
        if "openblas" not in blas["name"]:
            raise ImportError(f"numpy stands on {blas['name']}")
        return f"{blas['name']} {blas['version']}, numpy {np.__version__}"
    import torch

    torch.set_num_threads(1)
    lines = [line for line in torch.__config__.show().splitlines() if "Math Kernel Library" in line]
    if not lines:
        raise ImportError("torch is built without MKL")
    return f"{lines[0].strip(' -').split('-Product')[0]}, torch {torch.__version__}"


def serve(library: str) -> None:
    try:
        print(json.dumps(find_library(library)), flush=True)
    except Exception as error:
        print(json.dumps({"absent": str(error)}), flush=True)
        return
    current, calls = -1, []
    for line in sys.stdin:
        index, repeat = json.loads(line)
        if index != current:
            current, calls = index, library_calls(library, PRODUCTS[index])
            time_calls(calls, 2)
        print(json.dumps(time_calls(calls, repeat)), flush=True)


class Worker:
    """A library in a process of its own. `said`: how it describes itself, or why it is absent."""

    def __init__(self, library: str, python: str):
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        environment.pop("PYTHONPATH", None)
        self.process = subprocess.Popen(
            [python, __file__, "--serve", library],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        said = self._answer()
        self.present = isinstance(said, str)
        self.said = said if self.present else f"absent: {said['absent']} ({python})"

    def _answer(self) -> Any:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        return json.loads(line) if line else {"absent": "its Python ended"}

    def seconds(self, index: int, repeat: int) -> float:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps([index, repeat]) + "\n")
        self.process.stdin.flush()
        return self._answer()

    def end(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait()


# Our side.


def model_of(product: Product, w: np.ndarray) -> Any:
    from onnx import TensorProto, helper, numpy_helper

    shapes = dict(zip("xwy", product.shapes(), strict=True))
    info = {name: helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in shapes.items()}
    inputs = ["x"] if product.constant else ["x", "w"]
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["x", "w"], ["y"])],
        "product",
        [info[name] for name in inputs],
        [info["y"]],
        [numpy_helper.from_array(w, "w")] if product.constant else [],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])


def our_calls(product: Product) -> list[Callable[[], Any]]:
    """Calls of the compiled program, which takes buffers: no allocation is timed."""
    from jit import jit
    from stepwell.context import Context
    from stepwell.driver import Way, find_target, read_module
    from stepwell.manifest import manifest_of, pack_weights
    from stepwell.runtime.memory import aligned_bytes

    x, w = product.arrays()
    ctx = Context()
    module = read_module(ctx, model_of(product, w).SerializeToString())
    Way(find_target("native")).lower(ctx, module, to="program")
    arena = aligned_bytes(manifest_of(module)["arena_size"])
    packed = np.frombuffer(pack_weights(ctx, module), np.uint8)
    block = aligned_bytes(packed.size * product.copies).reshape(product.copies, packed.size)
    block[:] = packed
    weights = list(block)
    main = jit(module, "main")
    out = np.empty(product.shapes()[2], np.float32)
    given = (x,) if product.constant else (x, w)
    main(*given, out, weights[0], arena)
    np.testing.assert_allclose(out, np.matmul(x, w), rtol=1e-3, atol=1e-3 * product.k**0.5)
    return [lambda block=block: main(*given, out, block, arena) for block in weights]


def read_probe(lanes: int) -> tuple[Callable[[], None], float]:
    """A loop that only reads memory, eight vectors at a time, and the bytes that it reads."""
    from jit import jit

    size, step = COLD_BYTES // 4, 8 * lanes
    kind, buffer = f"vector<{lanes}xf32>", f"memref<{size}xf32>"
    names = range(8)
    body = "\n".join(
        f"    %c{n} = arith.constant {n * lanes} : index\n    %i{n} = arith.addi %i, %c{n} : index\n"
        f"    %v{n} = vector.load %x[%i{n}] : {buffer}, {kind}\n    %s{n} = arith.addf %a{n}, %v{n} : {kind}"
        for n in names
    )
    stores = "\n".join(
        f"  %p{n} = arith.constant {n * lanes} : index\n  vector.store %r{n}, %y[%p{n}] : memref<{step}xf32>, {kind}"
        for n in names
    )
    function = jit(f"""
func.func @read(%x: {buffer}, %y: memref<{step}xf32>) {{
  %zero = arith.constant 0 : index
  %size = arith.constant {size} : index
  %step = arith.constant {step} : index
  %start = arith.constant dense<0.0> : {kind}
  {", ".join(f"%r{n}" for n in names)} = scf.for %i = %zero to %size step %step
      iter_args({", ".join(f"%a{n} = %start" for n in names)}) -> ({", ".join(kind for _ in names)}) {{
{body}
    scf.yield {", ".join(f"%s{n}" for n in names)} : {", ".join(kind for _ in names)}
  }}
{stores}
  func.return
}}
""")
    from stepwell.runtime.memory import aligned_bytes

    x, y = aligned_bytes(4 * size), np.empty(step, np.float32)
    x[:] = 0
    return lambda: function(x, y), 4.0 * size


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="products whose name holds this")
    parser.add_argument("--mkl", default=sys.executable, help="a Python whose torch is built with MKL")
    parser.add_argument("--openblas", default=sys.executable, help="a Python whose numpy stands on OpenBLAS")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    parser.add_argument("--serve", choices=("mkl", "openblas"), help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.serve:
        serve(args.serve)
        return
    sys.path[:0] = [str(Path(__file__).resolve().parent), str(Path(__file__).resolve().parent.parent / "support")]
    from kernels import probe
    from stepwell.targets.cpu.hardware import host

    workers = {"mkl": Worker("mkl", args.mkl), "openblas": Worker("openblas", args.openblas)}
    for library, worker in workers.items():
        print(f"{library}: {worker.said}")
    peers = {library: worker for library, worker in workers.items() if worker.present}
    limits = {"GFLOP/s": probe(host().lanes())}
    rows: list[dict[str, Any]] = []
    heads = "".join(f" {library:>8}" for library in peers)
    print(f"{'product m x k x n':32} {'us':>9} {'rate':>7}        {'of peak':>7} {'ours':>8}{heads} {'ratio':>6}")
    for index, product in enumerate(PRODUCTS):
        if args.only not in product.name:
            continue
        calls = our_calls(product)
        time_calls(calls, 2)
        repeat = max(len(calls), int(TURN / time_calls(calls, len(calls))), 1)
        few = product.m <= FEW_ROWS
        unit, work = ("GB/s", 4.0 * product.k * product.n) if few else ("GFLOP/s", product.flops)
        if unit not in limits:
            limits[unit] = read_probe(host().lanes())
        limit, limit_work = limits[unit]
        limit()
        taken: dict[str, list[float]] = {name: [] for name in ("limit", "stepwell", *peers)}
        for _ in range(args.rounds):
            taken["limit"].append(time_calls([limit], 1))
            taken["stepwell"].append(time_calls(calls, repeat))
            for library, worker in peers.items():
                taken[library].append(worker.seconds(index, repeat))
        medians = {name: statistics.median(times) for name, times in taken.items()}
        rate, peak = work / medians["stepwell"], limit_work / min(taken["limit"])
        others = {library: work / medians[library] / 1e9 for library in peers}
        ratio = rate / 1e9 / max(others.values()) if others else float("nan")
        cells = "".join(f" {value:8.1f}" for value in others.values())
        print(
            f"{product.name:32} {medians['stepwell'] * 1e6:9.1f} {rate / 1e9:7.1f} {unit:7} {rate / peak:6.0%} "
            f"{rate / 1e9:8.1f}{cells} {ratio:6.2f}",
            flush=True,
        )
        rows.append({"product": product.name, "unit": unit, "peak": peak / 1e9, "stepwell": rate / 1e9, **others})
    for worker in peers.values():
        worker.end()
    if args.json is not None:
        args.json.write_text(json.dumps(rows, indent=1))


if __name__ == "__main__":
    main()
