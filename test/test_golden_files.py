"""Every pass and every dialect of ours is held by golden files, and they stand where one looks for them."""

from __future__ import annotations

from pathlib import Path

import pytest
from stepwell.registry import DIALECTS, PASSES

HERE = Path(__file__).resolve().parent
OURS = "stepwell."


@pytest.mark.parametrize("name", [name for name, path in PASSES.items() if path.startswith(OURS)])
def test_pass(name: str) -> None:
    module = PASSES[name].partition(":")[0].removeprefix("stepwell.")
    file = HERE / Path(*module.split(".")).with_suffix(".mlir")
    text = file.read_text()
    runs = [line for line in text.splitlines() if line.startswith("// RUN: ")]
    assert any("stepwell-opt" in run and name in run and "filecheck" in run for run in runs)


@pytest.mark.parametrize("name", [name for name, path in DIALECTS.items() if path.startswith(OURS)])
@pytest.mark.parametrize("file", ["ops", "invalid"])
def test_dialect(name: str, file: str) -> None:
    text = (HERE / "dialects" / name / f"{file}.mlir").read_text()
    assert any(line.startswith("// RUN: ") and "stepwell-opt" in line for line in text.splitlines())
