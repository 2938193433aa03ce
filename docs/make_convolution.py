"""Write docs/convolution.md: one convolution from the graph through its schedule to the assembly, and how fast it is.

python docs/make_convolution.py             write the page
python docs/make_convolution.py --measure   measure the kernel on this machine first (docs/convolution.json)
python docs/make_convolution.py --check     exit 1 when the page is not what the compiler prints today
"""

from __future__ import annotations

import json
import re
import sys
import time
from pathlib import Path

import numpy as np
from onnx import ModelProto, TensorProto, helper, numpy_helper
from stepwell.context import Context
from stepwell.dialects.onnx.importer import import_onnx
from stepwell.driver import Way, find_target
from stepwell.targets.cpu.hardware import host
from stepwell.targets.native.emitter import Emitter
from stepwell.targets.native.llvm_ir import print_llvm_ir
from stepwell.text import parse_module, print_module
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Operation

HERE = Path(__file__).parent
PAGE, MEASURED = HERE / "convolution.md", HERE / "convolution.json"
sys.path[:0] = [str(HERE.parent / "test" / "support"), str(HERE.parent / "test" / "bench")]

CPU = "znver4"
SIZE, CHANNELS, FILTERS, TAPS, STRIDE = 56, 128, 128, 3, 2
KERNEL = "kernel_conv_0"
WIDEST = 150
"""Characters of a line that are shown."""

INTRODUCTION = f"""# One convolution, from the graph to the processor

<!-- written by docs/make_convolution.py: edit there -->

The third stage of a ResNet-50 begins with this convolution: {TAPS}x{TAPS}, stride {STRIDE}, {CHANNELS} channels to
{FILTERS}, on a map of {SIZE}x{SIZE}, with a bias and a ReLU. It is compiled for `{CPU}` (AMD Zen 4: 32 vector
registers of 16 floats, one 512-bit multiply-add a cycle). Its stride rules out Winograd's algorithm, so all of its
{SIZE // STRIDE}·{SIZE // STRIDE}·{FILTERS}·{TAPS}·{TAPS}·{CHANNELS} multiply-adds have to be done.

What each block shows, `stepwell-translate conv.onnx --cpu {CPU} --to LEVEL` prints; long ones are cut at `...`.
"""

GRAPH = """## What: `graph`

Channels are last by now, and so are the filter's: [row, column, channel in, channel out]. The fusion became one kernel.
"""

TENSOR = """## What, as loops over index spaces: `linalg`

A sum of products over a window; the bias and the ReLU are one more op. Nothing says yet in what order, or where.
"""

SCHEDULE = """## How: its schedule

`schedule-kernels` writes it from the processor's description. Ops 0 to 2 of the kernel (start at zero, sum, bias and
ReLU) share one nest of loops. The filters are in lanes. A tile of some columns of the output by some vectors of filters
stays in registers while rows, columns and channels of the window pass by: each vector of weights that is loaded is used
for every column, each pixel for every vector. The weights are packed, while compiling, in the order in which they are
read. `targets/cpu/` has the rule, [schedule.md](schedule.md) how to print, edit and hand back a schedule.
"""

LOOPS = """## Loops over vectors: `scf`, `vector`, `memref`

`apply-schedule` obeys. This is the innermost loop, over the channels of one pixel of the window: the accumulators are
carried from step to step. Only behind the loops do bias and ReLU follow, on the registers, before the one store.
"""

ASSEMBLY = """## The processor's instructions

LLVM keeps the accumulators in registers (`zmm`) and reads each pixel inside the multiply-add or by one broadcast.
The same loop, as `stepwell-translate --to asm` prints it:
"""


def model() -> ModelProto:
    rng = np.random.default_rng(0)
    weights = [
        numpy_helper.from_array(rng.standard_normal((FILTERS, CHANNELS, TAPS, TAPS)).astype(np.float32), "w"),
        numpy_helper.from_array(rng.standard_normal(FILTERS).astype(np.float32), "b"),
    ]
    nodes = [
        helper.make_node("Conv", ["x", "w", "b"], ["c"], name="conv", strides=[STRIDE] * 2, pads=[TAPS // 2] * 4),
        helper.make_node("Relu", ["c"], ["y"], name="relu"),
    ]
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, CHANNELS, SIZE, SIZE])
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, FILTERS, SIZE // STRIDE, SIZE // STRIDE])
    graph = helper.make_graph(nodes, "conv", [x], [y], weights)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def at_level(level: str, cpu: str | None = CPU) -> tuple[Context, ModuleOp, Way]:
    """The model taken down to a level, for a processor."""
    way = Way(find_target("native"), settings=(("cpu", cpu),))
    ctx = Context()
    module = import_onnx(ctx, model())
    way.lower(ctx, module, to=level)
    return ctx, module, way


def kernel_of(module: ModuleOp, kind: str) -> Operation:
    """The op of this kind that is the convolution's kernel, or its schedule."""
    for op in module.body.block.ops:
        name = op.properties.get("sym_name") or op.properties.get("kernel")
        if op.name == kind and name is not None and KERNEL in str(name):
            return op
    raise LookupError(f"no {kind} @{KERNEL}")


def text_of(op: Operation) -> list[str]:
    return print_module(ModuleOp([op.clone()])).splitlines()[1:-1]


def block(lines: list[str], first: int = 60, last: int = 0) -> str:
    """Lines as a block, dedented; of a long one the first and the last."""
    indent = min((len(line) - len(line.lstrip()) for line in lines if line.strip()), default=0)
    lines = [
        line[indent:] if len(line) < WIDEST + indent else line[indent : WIDEST + indent] + " ..." for line in lines
    ]
    if len(lines) > first + last + 1:
        lines = [*lines[:first], "...", *(lines[-last:] if last else [])]
    return "```mlir\n" + "\n".join(lines) + "\n```\n"


def innermost_loop(lines: list[str]) -> list[str]:
    """The loop that holds most multiply-adds and no other loop."""
    best: list[str] = []
    for start, line in enumerate(lines):
        if "scf.for" not in line:
            continue
        depth = len(line) - len(line.lstrip())
        end = next(n for n in range(start + 1, len(lines)) if lines[n].startswith(" " * depth + "}"))
        body = lines[start : end + 1]
        count = sum("vector.fma" in part for part in body)
        if sum("scf.for" in part for part in body) == 1 and count > sum("vector.fma" in part for part in best):
            best = body
    return best


def hottest_block(assembly: str) -> list[str]:
    """The basic block with the most multiply-adds, without comments and directives."""
    blocks = re.split(r"^(?=\.LBB|\w+:)", assembly, flags=re.MULTILINE)
    hottest = max(blocks, key=lambda part: part.count("vfmadd"))
    lines = [line.split("#")[0].rstrip().expandtabs(4) for line in hottest.splitlines()]
    return [line for line in lines if line.strip() and not line.strip().startswith(".p2align")]


def assembly_of_kernel() -> str:
    _, module, way = at_level("llvm")
    emitter = Emitter(way.options.hardware)
    return emitter.assembly(print_llvm_ir(module, attributes=emitter.attributes()))


def page() -> str:
    parts = [INTRODUCTION]
    parts += [GRAPH, block(text_of(kernel_of(at_level("kernels")[1], "func.func")))]
    parts += [TENSOR, block(text_of(kernel_of(at_level("tensor")[1], "func.func")))]
    parts += [SCHEDULE, block(text_of(kernel_of(at_level("buffers")[1], "schedule.kernel")))]
    parts += [LOOPS, block(innermost_loop(text_of(kernel_of(at_level("loops")[1], "func.func"))), 26, 8)]
    parts += [ASSEMBLY, block(hottest_block(assembly_of_kernel()), 40, 6).replace("```mlir", "```asm")]
    if MEASURED.exists():
        parts.append(measured(json.loads(MEASURED.read_text())))
    return "\n".join(parts)


def measured(said: dict[str, float | str]) -> str:
    speed, limit = float(said["gflops"]), float(said["limit_gflops"])
    return f"""## How fast it is

On {said["machine"]}, one thread, the kernel alone takes {float(said["ms"]):.2f} ms: {speed:.0f} GFLOP/s,
**{speed / limit:.0%}** of the {limit:.0f} GFLOP/s that a loop of nothing but multiply-adds on registers reached in
turns with it (`python docs/make_convolution.py --measure`).
"""


def measure() -> None:
    """The kernel as this machine's strategy makes it, in turns with the probe of the limit; minima."""
    from jit import jit
    from kernels import probe, seconds
    from peers import processor

    _, module, _ = at_level("loops", cpu=None)
    text = "\n".join(text_of(kernel_of(module, "func.func"))).replace("func.func private", "func.func")
    alone = parse_module(Context(), text)
    function = next(op for op in alone.body.block.ops)
    types = function.properties["function_type"].inputs.data
    rng = np.random.default_rng(0)
    arrays = [rng.standard_normal(kind.get_shape()).astype(np.float32) for kind in types]
    run = jit(alone)
    limit, limit_flops = probe(host().lanes())
    limit()
    pairs = []
    for _ in range(50):
        pairs.append((min(seconds(lambda: run(*arrays)) for _ in range(5)), seconds(limit)))
        time.sleep(0.005)
    best, peak = min(pair[0] for pair in pairs), limit_flops / min(pair[1] for pair in pairs)
    flops = 2.0 * (SIZE // STRIDE) ** 2 * FILTERS * TAPS * TAPS * CHANNELS
    said = {"machine": processor(), "ms": best * 1e3, "gflops": flops / best / 1e9, "limit_gflops": peak / 1e9}
    MEASURED.write_text(json.dumps(said, indent=1) + "\n")


def main() -> int:
    if "--measure" in sys.argv:
        measure()
    text = page()
    if "--check" in sys.argv:
        fresh = PAGE.exists() and PAGE.read_text() == text
        print("docs/convolution.md is up to date" if fresh else "run python docs/make_convolution.py")
        return 0 if fresh else 1
    PAGE.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
