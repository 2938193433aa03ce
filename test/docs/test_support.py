"""What docs/onnx-support.md says compiles, does: some of its models are compiled again."""

from __future__ import annotations

import json
import runpy
from pathlib import Path

from operator_types import DTYPES, TARGETS, measure, trials
from stepwell.dialects.onnx.schemas import newest_opset
from stepwell.passes.onnx_to_graph.conversion import CONVERSIONS

DOCS = Path(__file__).resolve().parents[2] / "docs"
MEASURED = json.loads((DOCS / "onnx-support.json").read_text())
MAKE = runpy.run_path(str(DOCS / "make_support.py"))  # which registers the conversions, too
EACH = 173
"""Of so many models, one; a prime, so that types and versions change from one to the next."""


def test_a_sample_is_as_it_was_measured() -> None:
    sample = list(trials(sorted(CONVERSIONS)))[::EACH]
    assert len(sample) >= 20
    different = []
    for trial in sample:
        rows = MEASURED["operators"][trial.name][str(trial.since)][trial.variable]
        for target, (compiles, words) in measure(trial).items():
            if compiles != (DTYPES[trial.dtype] in MAKE["long"](rows[target])):
                what = f"{trial.name}-{trial.since} {trial.variable} = {trial.dtype} ({target})"
                different.append(f"{what}: {words or 'compiles'}")
    assert not different, "run docs/make_support.py --measure:\n" + "\n".join(different)


def test_each_conversion_is_measured_in_each_version() -> None:
    measured = {(name, int(since)) for name, versions in MEASURED["operators"].items() for since in versions}
    tried = {(trial.name, trial.since) for trial in trials(CONVERSIONS)}
    assert tried == measured and MEASURED["opset"] == newest_opset(), "run docs/make_support.py --measure"
    assert not set(CONVERSIONS) - {name for name, _ in measured}, "give a model of it in test/support/operator_texts.py"
    assert {target for versions in MEASURED["operators"].values() for types in versions.values()
            for targets in types.values() for target in targets} == set(TARGETS)  # fmt: skip
