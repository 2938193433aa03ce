"""Models after ONNX Runtime's own optimizers, which put operators of their own in the place of ONNX's."""

from __future__ import annotations

import contextlib
import io
from collections import Counter
from collections.abc import Collection
from pathlib import Path

import onnx
import onnxruntime
import pytest
import real_models
import stepwell
from requirements import require

EXTENDED = {
    "all_minilm_l6_v2_fp32": {"FusedMatMul", "BiasGelu"},
    "ppocrv4_rec": {"FusedConv", "QuickGelu", "FusedMatMul"},
}
"""What ONNX Runtime's session writes, of the domain com.microsoft."""

TRANSFORMERS = {"Attention", "BiasGelu", "EmbedLayerNormalization", "SkipLayerNormalization"}
"""What its tool for transformers makes of MiniLM."""


def assert_agrees(name: str, path: Path, holds: Collection[str]) -> None:
    """The model at `path`, which `name` has become, has these operators, and gives what was recorded."""
    counts = Counter(node.op_type for node in onnx.load(path).graph.node if node.domain == "com.microsoft")
    assert set(holds) <= set(counts), counts
    feeds, want = real_models.recorded(name)
    real_models.assert_agrees(stepwell.compile(path).run(feeds), want)


@pytest.mark.parametrize("name", EXTENDED)
def test_what_a_session_writes(name: str, tmp_path: Path) -> None:
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
    options.optimized_model_filepath = str(tmp_path / "optimized.onnx")
    onnxruntime.InferenceSession(real_models.fetch(name), options, providers=["CPUExecutionProvider"])
    assert_agrees(name, tmp_path / "optimized.onnx", EXTENDED[name])


def test_what_the_tool_for_transformers_writes(tmp_path: Path) -> None:
    try:
        import sympy  # noqa: F401  # it does without it only where nothing is to be done
        from onnxruntime.transformers.optimizer import optimize_model
    except ImportError:
        require(False, "sympy, which ONNX Runtime's optimizer of transformers needs,")
    name = "all_minilm_l6_v2_fp32"
    with contextlib.redirect_stdout(io.StringIO()):
        fused = optimize_model(str(real_models.fetch(name)), "bert", num_heads=12, hidden_size=384, opt_level=0)
    fused.save_model_to_file(str(tmp_path / "fused.onnx"))
    assert_agrees(name, tmp_path / "fused.onnx", TRANSFORMERS)
