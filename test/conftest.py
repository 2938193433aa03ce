"""Golden tests: every .mlir file with RUN lines is a test, run in process by `golden.py`.

The same files run under real `lit`: `lit test` (test/lit.cfg.py).
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from golden import run_line, run_lines


class GoldenFile(pytest.File):
    """A file is one test: its RUN lines share `%t`, and a later one may read what an earlier one wrote."""

    def collect(self):
        yield GoldenTest.from_parent(self, name=self.path.stem)


class GoldenTest(pytest.Item):
    def runtest(self):
        with tempfile.TemporaryDirectory(prefix="stepwell-golden-") as folder:
            for line in run_lines(self.path):
                run_line(line, self.path, Path(folder, "t"))

    def repr_failure(self, excinfo):
        return str(excinfo.value) if isinstance(excinfo.value, AssertionError) else super().repr_failure(excinfo)

    def reportinfo(self):
        return self.path, 0, str(self.path.name)


def pytest_collect_file(file_path: Path, parent):
    if file_path.suffix == ".mlir" and run_lines(file_path):
        return GoldenFile.from_parent(parent, path=file_path)
    return None
