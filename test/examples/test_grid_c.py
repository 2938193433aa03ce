"""The target `grid-c` of examples/plugin: a language of kernels that is a few lines runs models, and says what goes
wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import stepwell
from onnx import parser
from random_graphs import graph as drawn
from requirements import needs_compiler
from stepwell.context import Context
from stepwell.diagnostics import StepwellError
from stepwell.driver import Way, find_target, read_module
from stepwell.pass_manager import parse_passes, run_passes
from stepwell.registry import REGISTRY, load
from stepwell.runtime.device import DeviceError
from stepwell.text import parse_module

DIGITS = Path(__file__).resolve().parents[2] / "examples" / "digits" / "digits.onnx"
SCORES = """
<ir_version: 8, opset_import: ["" : 18]>
scores (float[4, 8] x, float[8] w) => (float[4] y) { [scores] s = MatMul(x, w)  [halves] y = Relu(s) }
"""


def lowered(source: Any) -> tuple[Context, Any, Way]:
    ctx = Context()
    module = read_module(ctx, source)
    way = Way(find_target("grid-c"))
    way.lower(ctx, module)
    return ctx, module, way


def test_the_source_is_a_kernel_of_a_loop_over_threads() -> None:
    ctx, module, way = lowered(parser.parse_model(SCORES).SerializeToString())
    files = REGISTRY.load_translation("grid-c").write(ctx, module, way.options, "scores")
    assert list(files) == ["scores.c"]
    kernel = files["scores.c"].decode()
    kernel = kernel[kernel.index("// kernel_matmul_0: node 'scores'") :]
    assert kernel.startswith(
        "// kernel_matmul_0: node 'scores'\n"
        "void kernel_matmul_0(\n    float *x,\n    float *arg1,\n    float *out_1,\n    const int threads)\n"
        "{\n  for (int thread = 0; thread < threads; thread++) {\n"
    )
    assert "acc = acc + x[at + j] * arg1[j];" in kernel


@needs_compiler
def test_digits_agree_with_the_native_target() -> None:
    feeds = {"image": np.random.default_rng(0).random((3, 1, 8, 8), np.float32)}
    got, want = (stepwell.compile(DIGITS, target).run(feeds)["logits"] for target in ("grid-c", "native"))
    np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-5)


@needs_compiler
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("seed", range(12))
def test_random_models_give_what_onnx_says(seed: int) -> None:
    graph = drawn(seed)
    outputs = stepwell.compile(graph.model, "grid-c").run(graph.feeds)
    for name, want in graph.expected.items():
        assert (outputs[name].dtype, outputs[name].shape) == (want.dtype, want.shape)
        np.testing.assert_allclose(outputs[name], want, rtol=1e-4, atol=1e-4 * float(np.abs(want).max(initial=0)))


@needs_compiler
def test_a_line_that_the_compiler_refuses_is_told_with_its_node() -> None:
    ctx, module, way = lowered(parser.parse_model(SCORES).SerializeToString())
    made = way.target.emit(ctx, module, way.options)
    code = made.files["kernels.c"].replace(b"acc = acc +", b"acc = oops +")
    line = code[: code.index(b"oops")].count(b"\n") + 1
    with pytest.raises(DeviceError, match=rf"refused kernels\.c: .*oops.*\n  in line {line}, of node 'scores'"):
        load(way.target.loader)(made.manifest, {"kernels.c": code}, made.weights)


def test_limits_are_those_of_the_plug_in_s_device() -> None:
    listed = ", ".join(f"%x{n}: memref<4xf32>" for n in range(65))
    handed = ", ".join(f"%x{n} : memref<4xf32>" for n in range(65))
    text = f"""builtin.module attributes {{gpu.container_module}} {{
      gpu.module @kernels {{ gpu.func @many({listed}) kernel {{ gpu.return }} }}
      func.func @main({listed}) {{
        %c1 = arith.constant 1 : index
        gpu.launch_func @kernels::@many blocks in (%c1, %c1, %c1) threads in (%c1, %c1, %c1) args({handed})
        func.return
      }}
    }}"""
    ctx = Context()
    module = parse_module(ctx, text)
    with pytest.raises(StepwellError, match="@many takes 65 buffers; grid has 64"):
        run_passes(ctx, module, parse_passes("check-limits{device=grid}"))
    with pytest.raises(StepwellError, match="there is no device 'gird'") as raised:
        run_passes(ctx, module, parse_passes("check-limits{device=gird}"))
    assert "grid" in str(raised.value.fix)
