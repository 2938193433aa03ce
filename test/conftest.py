"""Golden tests: every .mlir file with RUN lines is a test; its commands run in this process, one after the other.

    // RUN: stepwell-opt %s -p fold-batch-norm | filecheck %s

The same lines run under real `lit` (test/lit.cfg.py).
"""

from __future__ import annotations

import contextlib
import io
import shlex
from pathlib import Path

import pytest


def run_lines(path: Path) -> list[str]:
    lines = [line.split("RUN:", 1)[1].strip() for line in path.read_text().splitlines() if "RUN:" in line]
    return [line.replace("%s", str(path)) for line in lines]


def run_stage(words: list[str], text: str) -> tuple[int, str]:
    """One command of a RUN line: (exit code, what it printed)."""
    from filecheck.finput import FInput
    from filecheck.matcher import Matcher
    from filecheck.options import Options
    from filecheck.parser import Parser, pattern_for_opts

    if words[0] == "not":
        code, out = run_stage(words[1:], text)
        return int(code == 0), out
    merge = "2>&1" in words
    words = [w for w in words if w != "2>&1"]
    if words[0] == "filecheck":
        prefix = next((w.split("=", 1)[1] for w in words if w.startswith("--check-prefix=")), "CHECK")
        options = Options(match_filename=words[1], check_prefixes=[prefix])
        parser = Parser(options, io.StringIO(Path(words[1]).read_text()), *pattern_for_opts(options))
        said = io.StringIO()
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            code = Matcher(options, FInput("-", text), parser).run()
        return code, said.getvalue()
    import importlib
    import sys

    tool = importlib.import_module(
        {"stepwell-opt": "stepwell.tools.opt", "stepwell-translate": "stepwell.tools.translate"}[words[0]]
    )
    out, err = io.StringIO(), io.StringIO()
    stdin, sys.stdin = sys.stdin, io.StringIO(text)
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out if merge else err):
            try:
                code = tool.main(words[1:])
            except SystemExit as stop:
                code = int(stop.code or 0)
    finally:
        sys.stdin = stdin
    return code, out.getvalue() + (f"\n[stderr]\n{err.getvalue()}" if code and not merge else "")


class GoldenFile(pytest.File):
    def collect(self):
        for n, line in enumerate(run_lines(self.path)):
            yield GoldenTest.from_parent(self, name=f"run{n}", line=line)


class GoldenTest(pytest.Item):
    def __init__(self, *, line: str, **kwargs):
        super().__init__(**kwargs)
        self.line = line

    def runtest(self):
        text = ""
        for stage in self.line.split(" | "):
            code, text = run_stage(shlex.split(stage), text)
            if code:
                raise AssertionError(f"`{stage}` gave exit code {code}\n{text}")

    def repr_failure(self, excinfo):
        return str(excinfo.value) if isinstance(excinfo.value, AssertionError) else super().repr_failure(excinfo)

    def reportinfo(self):
        return self.path, 0, f"{self.path.name}: {self.line}"


def pytest_collect_file(file_path: Path, parent):
    if file_path.suffix == ".mlir" and run_lines(file_path):
        return GoldenFile.from_parent(parent, path=file_path)
    return None
