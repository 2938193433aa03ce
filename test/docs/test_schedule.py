"""What docs/schedule.md says is true: its schedules fit the kernel that it shows or are refused as it says."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from stepwell.context import Context
from stepwell.diagnostics import StepwellError
from stepwell.pass_manager import parse_passes, run_passes
from stepwell.text import parse_module
from stepwell.verification import verify_module

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "schedule.md").read_text()
KERNEL, *SCHEDULES = re.findall(r"^```mlir\n(.*?)^```", PAGE, re.M | re.S)
TOOLS = {"stepwell": "stepwell.tools.main", "stepwell-translate": "stepwell.tools.translate"}


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_schedule(schedule: str):
    module = parse_module(Context(), schedule + KERNEL)
    verify_module(module)
    refused = re.search(r"// error: (.*)", schedule)
    if refused is None:
        run_passes(Context(), module, parse_passes("apply-schedule"), verify_each=True)
        assert not [op.name for op in module.walk() if op.name.startswith(("linalg.", "schedule."))]
        return
    with pytest.raises(StepwellError, match=re.escape(refused.group(1))):
        run_passes(Context(), module, parse_passes("apply-schedule"))


def test_commands(tmp_path: Path):
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    (commands,) = re.findall(r"^```sh\n(.*?)^```", PAGE, re.M | re.S)
    for line in commands.splitlines():
        tool, *words = line.split()
        done = subprocess.run([sys.executable, "-m", TOOLS[tool], *words], cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
