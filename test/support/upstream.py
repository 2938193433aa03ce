"""Upstream MLIR as a second opinion: what we print at the levels that upstream knows must parse and verify there.

`mlir-opt` comes with the optional wheels `stepwell[mlir]`. Where they are absent, the tests that need it are skipped by
name; nothing is looked for on the PATH, so that the version is always the one that pyproject.toml names.
"""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import pytest

SCHEDULE = re.compile(r"^( *)schedule\.kernel .*?^\1}\n", re.MULTILINE | re.DOTALL)
"""A dialect of ours, which stands beside upstream's at level buffers: taken out before upstream reads the rest."""


@cache
def find_mlir_opt() -> Path | None:
    """mlir-opt of the installed wheel, `site-packages/mlir/bin/mlir-opt`; None where the wheel is not installed."""
    spec = importlib.util.find_spec("mlir")
    folders = spec.submodule_search_locations if spec is not None else None
    for folder in folders or ():
        if (tool := Path(folder, "bin", "mlir-opt")).is_file():
            return tool
    return None


needs_mlir_opt = pytest.mark.skipif(
    find_mlir_opt() is None and not os.environ.get("STEPWELL_REQUIRE_ALL"),
    reason="upstream mlir-opt is absent: stepwell[mlir]",
)


def complaints(text: str, options: Sequence[str] = ()) -> str:
    """What upstream's mlir-opt says against `text`; empty when it parses and verifies."""
    tool = find_mlir_opt()
    assert tool is not None, "mark the test with needs_mlir_opt"
    command = [str(tool), "--allow-unregistered-dialect", *options, "-", "-o", "/dev/null"]
    result = subprocess.run(command, input=text, capture_output=True, text=True, timeout=120)
    return "" if result.returncode == 0 else result.stderr or f"exit code {result.returncode}"


def golden_outputs(path: Path) -> list[str]:
    """What the stepwell-opt commands of a golden file's RUN lines print (the commands that end well)."""
    import golden

    texts: list[str] = []
    for line in golden.run_lines(path):
        words = golden.words_of(line, path, path.with_suffix(".tmp"))
        first = golden.parted(words, "|")[0]
        if first[0] != "stepwell-opt" or "2ERR1" in first or "--verify-diagnostics" in first:
            continue
        code, text, said = golden.run_stage(first, "")
        assert code == 0, said
        texts.append(SCHEDULE.sub("", text))
    return texts
