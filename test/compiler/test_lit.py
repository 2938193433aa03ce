"""Real `lit` runs the same files; the runner in this process knows what lit knows, and starts none."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest
from golden import run_line, run_lines, words_of

TEST = Path(__file__).resolve().parents[1]
SAMPLE = TEST / "passes" / "common" / "canonicalize.mlir"


@pytest.mark.skipif(importlib.util.find_spec("lit") is None, reason="lit is not installed")
def test_lit_runs_golden_files(tmp_path: Path):
    files = [TEST / "compiler" / "errors.mlir", TEST / "compiler" / "watching.mlir", SAMPLE]
    lit = "import sys; from lit.main import main; main()"
    environment = {
        **os.environ,
        "STEPWELL_LIT_OUTPUT": str(tmp_path),
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
    }
    result = subprocess.run(
        [sys.executable, "-c", lit, "-v", "-j1", *map(str, files)],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert "Passed: 3" in result.stdout


def test_the_runner_starts_no_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Which is what makes a file cost milliseconds."""
    monkeypatch.setattr("subprocess.Popen", lambda *_, **__: pytest.fail("started a process"))
    for line in run_lines(SAMPLE):
        run_line(line, SAMPLE, tmp_path / "t")


def test_words_of_a_line():
    line = "not tool %s -p 'a|b{c=1 d=2}' 2>&1 | filecheck %s > %t.x && cat %t"
    words = words_of(line, Path("/f.mlir"), Path("/tmp/t"))
    first = ["not", "tool", "/f.mlir", "-p", "a|b{c=1 d=2}", "2ERR1", "|", "filecheck", "/f.mlir", ">", "/tmp/t.x"]
    assert words == [*first, "&&", "cat", "/tmp/t"]


def test_lines_that_go_on(tmp_path: Path):
    file = tmp_path / "f.mlir"
    file.write_text("// RUN: stepwell-opt %s \\\n// RUN:   -p cse | filecheck %s\n// RUN: cat %s\n")
    assert run_lines(file) == ["stepwell-opt %s -p cse | filecheck %s", "cat %s"]


@pytest.mark.parametrize(
    "line",
    [
        "stepwell-opt %s -p no-such-pass | filecheck %s",
        "not stepwell-opt %s",
        "stepwell-opt %s | filecheck %s --check-prefix=NOTHERE",
        "stepwell-opt %s > %t && cat %t.nothing",
    ],
)
def test_a_line_that_fails_fails(line: str, tmp_path: Path):
    with pytest.raises(AssertionError, match="gave exit code"):
        run_line(line, SAMPLE, tmp_path / "t")
