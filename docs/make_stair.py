"""Write docs/stair.md: one small model, as it stands at every step of the stair.

python docs/make_stair.py            write the page
python docs/make_stair.py --check    exit 1 when the page is not what the compiler prints today
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from onnx import ModelProto, TensorProto, helper, numpy_helper
from stepwell.context import Context
from stepwell.dialects.onnx.importer import import_onnx
from stepwell.pass_manager import parse_passes, run_passes
from stepwell.registry import REGISTRY
from stepwell.text import print_module

PAGE = Path(__file__).with_name("stair.md")
LANES = 4  # as on a processor with 128-bit vectors: short enough to read

INTRODUCTION = """# The stair, one model all the way down

<!-- written by docs/make_stair.py: edit there -->

The model: `y = relu(x · W + b)`, exported to ONNX as `MatMul`, `Add`, `Relu`. `x` is [2, 3], `W` is [3, 8].

Every block below is what `stepwell-translate model.onnx --to LEVEL` prints: text that `stepwell-opt` reads back,
verifies and continues from. A weight is a reference (`dense_resource<W>`); its data travel beside the text.
"""

# (title, what happens on the way there, passes)
STEPS = (
    ("Step 0: `onnx`, the framework's graph", "Read faithfully: one node, one op, checked against ONNX's schemas.", ""),
    (
        "Step 1: `graph`, framework-neutral",
        "Opset differences are gone; shapes are inferred, constants folded, batch norms and layouts settled.",
        "onnx-to-graph,bind-shapes,infer-shapes,fold-constants,canonicalize,fold-batch-norm,merge-products,"
        "channels-last,fold-constants,canonicalize,cse",
    ),
    (
        "Step 1, its end: `kernels`",
        "`fuse` gathers ops that should touch memory once, `outline-kernels` makes each group a function, "
        "`dedupe-kernels` keeps one of those that are equal. @main is left with calls, constants and views.",
        "fuse,outline-kernels,dedupe-kernels",
    ),
    (
        "Step 2: `linalg` on tensors",
        "Each kernel says what it computes as loops over index spaces, still without memory or order.",
        "graph-to-linalg,fuse-elementwise",
    ),
    (
        "Step 2, its end: buffers and a schedule",
        "`bufferize` gives every tensor a buffer, results by destination; `schedule-kernels` writes down how the loops "
        "of each kernel shall run. [schedule.md](schedule.md) tells how to read, edit and hand back a schedule.",
        f"bufferize,schedule-kernels{{vector-width={LANES}}}",
    ),
    (
        "Step 3: loops",
        "`apply-schedule` obeys: vectors, a tile in registers, the elementwise tail applied before the store.",
        "apply-schedule",
    ),
    (
        "Step 4: the program",
        "`plan-memory` puts all intermediate buffers into one arena and all weights into one block, at offsets.",
        "plan-memory",
    ),
    (
        "Step 5: `llvm`",
        "One combined lowering; from here our printer writes LLVM IR, and LLVM object code. "
        "(The C target leaves the stair at step 4, with scalar loops.)",
        "loops-to-llvm",
    ),
)


def model() -> ModelProto:
    rng = np.random.default_rng(0)
    weights = [
        numpy_helper.from_array(rng.integers(-4, 5, (3, 8)).astype(np.float32) / 4, "W"),
        numpy_helper.from_array(rng.integers(-4, 5, 8).astype(np.float32) / 4, "b"),
    ]
    nodes = [
        helper.make_node("MatMul", ["x", "W"], ["product"], name="dense"),
        helper.make_node("Add", ["product", "b"], ["sum"], name="bias"),
        helper.make_node("Relu", ["sum"], ["y"], name="relu"),
    ]
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, [2, 3])
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, [2, 8])
    graph = helper.make_graph(nodes, "dense", [x], [y], weights)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def page() -> str:
    ctx = Context()
    module = import_onnx(ctx, model())
    parts = [INTRODUCTION]
    for title, words, passes in STEPS:
        if passes:
            run_passes(ctx, module, parse_passes(passes), verify_each=True)
        command = f"`{passes}`\n\n" if passes else ""
        parts.append(f"## {title}\n\n{words}\n\n{command}```mlir\n{print_module(module)}```\n")
        if title.startswith("Step 4"):
            parts.append(f"### The same step as C99\n\n```c\n{as_c()}```\n")
    return "\n".join(parts)


def as_c() -> str:
    ctx = Context()
    module = import_onnx(ctx, model())
    target, translation = REGISTRY.load_target("c"), REGISTRY.load_translation("c")
    options = target.options()
    text = ",".join(passes for _, passes in target.pipeline(options))
    run_passes(ctx, module, parse_passes(text))
    return next(iter(translation.write(ctx, module, options, "model").values())).decode()


def main() -> int:
    text = page()
    if "--check" in sys.argv:
        fresh = PAGE.exists() and PAGE.read_text() == text
        print("docs/stair.md is up to date" if fresh else "docs/stair.md is old: run python docs/make_stair.py")
        return 0 if fresh else 1
    PAGE.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
