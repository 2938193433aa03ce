"""docs/stair.md shows what the compiler prints today."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent


def test_the_page_is_up_to_date() -> None:
    done = subprocess.run([sys.executable, ROOT / "docs" / "make_stair.py", "--check"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
