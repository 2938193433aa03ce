"""How much memory the activations of a model take: our arena beside what ONNX Runtime allocates for the same run.

    python test/bench/arena.py MODEL.onnx ... [--inputs DIR] [--threads 1]     # inputs: DIR/MODEL.npz or MODEL.in.npz

ONNX Runtime's figure comes from its own log (severity 0), in a process of its own. Its first run allocates tensor by
tensor from its arena, which is told to grow by what is asked for (arena_extend_strategy 1) and not to hold weights;
from the second run on, it allocates one block for all of them, laid out from what it saw (its memory pattern).
`first` is what the arena grew by in the first run, `pattern` the block of the second: the least that it works with, so
that is what ours is compared with. Both leave out the outputs. `bound` is the most bytes of ours alive at any one step,
with in-place and concatenation decided: no plan of offsets can do with less.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
from stepwell.context import Context
from stepwell.driver import Way, find_target, read_module
from stepwell.interface import interface_of
from stepwell.manifest import ARENA_SIZE
from stepwell.passes.loops.plan_memory import LOWER_BOUND
from xdsl.dialects import func

RUN_THEIRS = """
import sys, numpy as np, onnxruntime as ort
path, feeds = sys.argv[1], {name.removeprefix("in/"): array for name, array in np.load(sys.argv[2]).items()}
keys = ("max_mem", "arena_extend_strategy", "initial_chunk_size_bytes", "max_dead_bytes_per_chunk")
arena = ort.OrtArenaCfg(dict(zip(keys, (0, 1, -1, -1))))
info = ort.OrtMemoryInfo("Cpu", ort.OrtAllocatorType.ORT_ARENA_ALLOCATOR, 0, ort.OrtMemType.DEFAULT)
ort.set_default_logger_severity(0)
ort.create_and_register_allocator(info, arena)
options = ort.SessionOptions()
options.log_severity_level, options.intra_op_num_threads = 0, 1
options.add_session_config_entry("session.use_env_allocators", "1")
options.add_session_config_entry("session.use_device_allocator_for_initializers", "1")
session = ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])
for n in range(2):
    print(f"RUN {n}", file=sys.stderr, flush=True)
    session.run(None, {i.name: feeds[i.name] for i in session.get_inputs()})
"""
GREW = re.compile(r"Extended allocation by (\d+) bytes")


def theirs(model: Path, inputs: Path) -> tuple[int, int]:
    """(bytes that the first run's allocations took, bytes of the block of the second run)."""
    done = subprocess.run([sys.executable, "-c", RUN_THEIRS, model, inputs], capture_output=True, text=True)
    _, *runs = re.split(r"^RUN \d$", done.stderr, flags=re.MULTILINE)
    if len(runs) != 2:
        raise SystemExit(f"ONNX Runtime did not run {model}:\n{done.stderr[-2000:]}")
    first, second = (sum(map(int, GREW.findall(text))) for text in runs)
    return first, second


def ours(model: Path, inputs: Path, threads: int) -> tuple[int, int]:
    """(bytes of the arena, the most bytes alive at once)."""
    way, ctx = Way(find_target("native"), threads=threads), Context()
    module = read_module(ctx, str(model))
    way.lower(ctx, module, to="graph")
    interface = interface_of(module)
    if interface.static_shapes() is None:
        given = {name.removeprefix("in/"): array for name, array in np.load(inputs).items()}
        way.bind(ctx, module, interface, [given[i.name].shape for i in interface.inputs])
    way.lower(ctx, module, to="program")
    main = next(op for op in module.body.block.ops if isinstance(op, func.FuncOp) and op.sym_name.data == "main")
    return tuple(main.attributes[name].value.data for name in (ARENA_SIZE, LOWER_BOUND))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="+", type=Path)
    parser.add_argument("--inputs", type=Path, help="the folder of the inputs; that of the model otherwise")
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args()
    print(f"{'kB':32} {'ours':>9} {'bound':>9} {'first':>9} {'pattern':>9}  ours / pattern")
    for model in args.models:
        folder = args.inputs or model.parent
        inputs = next(p for n in (".npz", ".in.npz") if (p := folder / f"{model.stem}{n}").exists())
        arena, bound = ours(model, inputs, args.threads)
        first, pattern = theirs(model, inputs)
        sizes = " ".join(f"{size / 1024:9.0f}" for size in (arena, bound, first, pattern))
        print(f"{model.stem:32} {sizes}  {arena / pattern if pattern else float('nan'):6.2f}", flush=True)


if __name__ == "__main__":
    main()
