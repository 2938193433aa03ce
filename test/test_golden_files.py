"""Every pass and every dialect of ours is held by golden files, and they stand where one looks for them."""

from __future__ import annotations

from pathlib import Path

import pytest
from stepwell.registry import DIALECTS, PASSES

HERE = Path(__file__).resolve().parent
OURS = "stepwell."


@pytest.mark.parametrize("name", [name for name, path in PASSES.items() if path.startswith(OURS)])
def test_pass(name: str) -> None:
    module = PASSES[name].partition(":")[0].removeprefix("stepwell.passes.")
    file = HERE / "passes" / Path(*module.split(".")).with_suffix(".mlir")
    text = file.read_text()
    assert "// RUN: stepwell-opt" in text and name in text and "// CHECK" in text


@pytest.mark.parametrize("name", [name for name, path in DIALECTS.items() if path.startswith(OURS)])
@pytest.mark.parametrize("file", ["ops", "invalid"])
def test_dialect(name: str, file: str) -> None:
    assert "// RUN: stepwell-opt" in (HERE / "dialects" / name / f"{file}.mlir").read_text()
