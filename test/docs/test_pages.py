"""The pages that a program writes show what the compiler prints today, and what was measured last."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.mark.parametrize("page", ["stair", "convolution", "performance"])
def test_the_page_is_up_to_date(page: str) -> None:
    command = [sys.executable, ROOT / "docs" / f"make_{page}.py", "--check"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, f"docs/{page}.md is old: run docs/make_{page}.py\n{done.stdout}{done.stderr}"
