"""The speed of single kernels as apply-schedule makes them, beside the processor's own limit in the same run.

    python test/bench/kernels.py [--only conv] [--options "unroll=8 vectors=2"] [--rounds 30]

Each kernel is a convolution or matrix product with bias and relu6 on one thread, channels last. The limit is a loop of
independent vector FMAs. Times are the minimum of the rounds, taken in turns with the probe of the limit.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))

from jit import jit
from stepwell.context import Context
from stepwell.pass_manager import parse_passes, run_passes
from stepwell.runtime.native import aligned_bytes
from stepwell.targets.cpu import strategy_options
from stepwell.targets.cpu.hardware import host
from stepwell.text import parse_module

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Kernel:
    """A sum of products over loops that are written as letters: `x` and `w` are indexed by affine expressions."""

    name: str
    extents: dict[str, int]
    result: str
    x: tuple[str, ...]
    w: str
    x_shape: Shape

    @property
    def flops(self) -> float:
        return 2.0 * float(np.prod([float(n) for n in self.extents.values()]))

    def shape(self, loops: str) -> Shape:
        return tuple(self.extents[loop] for loop in loops)

    def text(self) -> str:
        dims = ", ".join(self.extents)
        kinds = ", ".join('"parallel"' if d in self.result else '"reduction"' for d in self.extents)
        x, w, out = memref(self.x_shape), memref(self.shape(self.w)), memref(self.shape(self.result))
        bias = memref((self.extents[self.result[-1]],))
        place = f"affine_map<({', '.join(self.result)}) -> ({', '.join(self.result)})>"
        last = f"affine_map<({', '.join(self.result)}) -> ({self.result[-1]})>"
        parallel = ", ".join('"parallel"' for _ in self.result)
        return f"""
func.func @kernel(%x: {x}, %w: {w}, %bias: {bias}, %out: {out}) {{
  %zero = arith.constant 0.0 : f32
  %six = arith.constant 6.0 : f32
  linalg.fill ins(%zero : f32) outs(%out : {out})
  linalg.generic {{indexing_maps = [affine_map<({dims}) -> ({", ".join(self.x)})>,
      affine_map<({dims}) -> ({", ".join(self.w)})>, affine_map<({dims}) -> ({", ".join(self.result)})>],
      iterator_types = [{kinds}]}} ins(%x, %w : {x}, {w}) outs(%out : {out}) {{
  ^bb0(%a: f32, %b: f32, %acc: f32):
    %p = arith.mulf %a, %b : f32
    %s = arith.addf %acc, %p : f32
    linalg.yield %s : f32
  }}
  linalg.generic {{indexing_maps = [{place}, {last}, {place}], iterator_types = [{parallel}]}}
      ins(%out, %bias : {out}, {bias}) outs(%out : {out}) {{
  ^bb0(%a: f32, %b: f32, %o: f32):
    %s = arith.addf %a, %b : f32
    %m = arith.maximumf %s, %zero : f32
    %r = arith.minimumf %m, %six : f32
    linalg.yield %r : f32
  }}
  func.return
}}
"""


def memref(shape: Shape) -> str:
    return f"memref<{'x'.join(map(str, shape))}xf32>"


def conv(size: int, c: int, f: int, k: int, stride: int = 1) -> Kernel:
    """A `k` by `k` convolution to `size` by `size` pixels of `f` channels; the input is padded already."""
    inputs = (size - 1) * stride + k
    extents = {"h": size, "w": size, "f": f, "p": k, "q": k, "c": c}
    x = (f"h * {stride} + p", f"w * {stride} + q", "c")
    return Kernel(f"conv {k}x{k}/{stride} {size}² {c}→{f}", extents, "hwf", x, "pqcf", (inputs, inputs, c))


def depthwise(size: int, c: int, k: int, stride: int = 1) -> Kernel:
    inputs = (size - 1) * stride + k
    extents = {"h": size, "w": size, "c": c, "p": k, "q": k}
    x = (f"h * {stride} + p", f"w * {stride} + q", "c")
    return Kernel(f"depthwise {k}x{k}/{stride} {size}² {c}", extents, "hwc", x, "pqc", (inputs, inputs, c))


def matmul(m: int, n: int, k: int) -> Kernel:
    return Kernel(f"matmul {m}x{n}x{k}", {"m": m, "n": n, "k": k}, "mn", ("m", "k"), "kn", (m, k))


KERNELS = (
    conv(56, 24, 144, 1),
    conv(14, 384, 96, 1),
    conv(7, 320, 1280, 1),
    conv(112, 3, 32, 3, 2),
    conv(56, 64, 64, 3),
    conv(14, 256, 256, 3),
    depthwise(56, 144, 3),
    depthwise(28, 192, 3, 2),
    depthwise(7, 960, 3),
    matmul(512, 512, 512),
    matmul(128, 768, 3072),
    matmul(1, 1000, 1280),
)

PROBE_STEPS, PROBE_ACCUMULATORS = 200_000, 12


def probe(lanes: int) -> tuple[Callable[[], None], float]:
    """A loop of independent vector FMAs, and its floating-point operations."""
    kind = f"vector<{lanes}xf32>"
    accs = [f"%a{n}" for n in range(PROBE_ACCUMULATORS)]
    lines = "\n".join(f"    %n{n} = vector.fma %s0, %s0, {a} : {kind}" for n, a in enumerate(accs))
    kinds = ", ".join(kind for _ in accs)
    size = lanes * len(accs)
    places = [f"  %c{n} = arith.constant {n * lanes} : index" for n in range(len(accs))]
    loads = [f"  %s{n} = vector.load %x[%c{n}] : memref<{size}xf32>, {kind}" for n in range(len(accs))]
    stores = [f"  vector.store %r{n}, %x[%c{n}] : memref<{size}xf32>, {kind}" for n in range(len(accs))]
    start = "\n".join((*places, *loads))
    end = "\n".join(stores)
    text = f"""
func.func @probe(%x: memref<{size}xf32>) {{
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %steps = arith.constant {PROBE_STEPS} : index
{start}
  {", ".join(f"%r{n}" for n in range(len(accs)))} = scf.for %i = %zero to %steps step %one
      iter_args({", ".join(f"{a} = %s{n}" for n, a in enumerate(accs))}) -> ({kinds}) {{
{lines}
    scf.yield {", ".join(f"%n{n}" for n in range(len(accs)))} : {kinds}
  }}
{end}
  func.return
}}
"""
    function, x = jit(text), np.linspace(0, 1e-3, lanes * PROBE_ACCUMULATORS, dtype=np.float32)
    return lambda: function(x), 2.0 * lanes * PROBE_ACCUMULATORS * PROBE_STEPS


def seconds(call: Callable[[], None]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def aligned(array: np.ndarray) -> np.ndarray:
    """A copy that starts at a cache line, as the buffers of a program do: vectors then do not straddle lines."""
    room = aligned_bytes(array.nbytes)[: array.nbytes].view(array.dtype).reshape(array.shape)
    room[...] = array
    return room


def prepare(kernel: Kernel, options: str) -> tuple[Callable[[], None], int, float]:
    """The compiled kernel on random data, how many ops its loops have, and the seconds of the pass."""
    rng = np.random.default_rng(0)
    shapes = (kernel.x_shape, kernel.shape(kernel.w), (kernel.extents[kernel.result[-1]],), kernel.shape(kernel.result))
    arrays = [aligned(rng.standard_normal(shape).astype(np.float32)) for shape in shapes]
    module = parse_module(Context(), kernel.text())
    start = time.perf_counter()
    run_passes(Context(), module, parse_passes(f"schedule-kernels{{{options}}},pack-operands,apply-schedule"))
    taken = time.perf_counter() - start
    count = sum(1 for _ in module.walk())
    function = jit(module)
    return lambda: function(*arrays), count, taken


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="kernels whose name holds this")
    parser.add_argument("--options", default="", help="more options of schedule-kernels")
    parser.add_argument("--rounds", type=int, default=30)
    args = parser.parse_args()
    lanes = host().lanes()
    limit, limit_flops = probe(lanes)
    limit()
    print(f"{'kernel':28} {'ms':>8} {'GFLOP/s':>8} {'of limit':>8} {'ops':>5} {'pass ms':>8}")
    for kernel in KERNELS:
        if args.only not in kernel.name:
            continue
        run, ops, taken = prepare(kernel, f"{strategy_options(host())} {args.options}")
        repeat = max(1, int(2e-3 / seconds(run)))

        def rounds(run: Callable[[], None] = run, repeat: int = repeat) -> None:
            for _ in range(repeat):
                run()

        pairs = [(seconds(rounds) / repeat, seconds(limit)) for _ in range(args.rounds)]
        best, peak = min(p[0] for p in pairs), limit_flops / min(p[1] for p in pairs)
        speed = kernel.flops / best
        share = f"{speed / peak:8.0%}"
        print(f"{kernel.name:28} {best * 1e3:8.3f} {speed / 1e9:8.1f} {share} {ops:5} {taken * 1e3:8.1f}")


if __name__ == "__main__":
    main()
