"""What docs/onnx-support.md says compiles, does: some of its models are compiled again."""

from __future__ import annotations

import json
from pathlib import Path

from operator_types import DTYPES, TARGETS, measure, trials
from stepwell.dialects.onnx.schemas import newest_opset
from stepwell.passes.onnx_to_graph.conversion import CONVERSIONS
from stepwell.registry import REGISTRY

MEASURED = json.loads((Path(__file__).resolve().parents[2] / "docs" / "onnx-support.json").read_text())
EACH = 149
"""Of so many models, one; a prime, so that types and targets change from one to the next."""


def test_a_sample_is_as_it_was_measured() -> None:
    REGISTRY.load_pass("onnx-to-graph")  # registers the conversions
    sample = list(trials(sorted(CONVERSIONS)))[::EACH]
    assert len(sample) >= 20 and {trial.target for trial in sample} == set(TARGETS)
    different = []
    for trial in sample:
        said = DTYPES[trial.dtype] in MEASURED["operators"][trial.name][trial.variable][trial.target]
        compiles, words = measure(trial)
        if compiles != said:
            different.append(f"{trial.name} {trial.variable} = {trial.dtype} ({trial.target}): {words or 'compiles'}")
    assert not different, "run docs/make_support.py --measure:\n" + "\n".join(different)


def test_each_conversion_is_measured_or_carries_no_tensors_of_its_own() -> None:
    REGISTRY.load_pass("onnx-to-graph")
    unmeasured = {name for name in CONVERSIONS if name not in MEASURED["operators"]}
    control = {"If", "Loop", "Scan", "ConcatFromSequence", "SplitToSequence", "Optional"}
    left = {name for name in unmeasured if name not in control and not name.startswith(("Sequence", "Optional"))}
    assert left <= UNMEASURED, "give a model of it in test/support/operator_models.py"
    assert MEASURED["opset"] == newest_opset(), "run docs/make_support.py --measure"


UNMEASURED = {"Scatter", "Upsample", "ai.onnx.ml.ArrayFeatureExtractor", "com.microsoft.QLinearConcat"}
"""Operators of which there is no model: two that newer opsets no longer have, and two without one yet."""
