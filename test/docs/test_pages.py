"""The pages that a program writes show what the compiler prints today, and what was measured last."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from stepwell.dialects.graph import types
from stepwell.dialects.onnx import model, tensors

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.mark.parametrize("page", ["stair", "convolution", "performance", "support"])
def test_the_page_is_up_to_date(page: str) -> None:
    command = [sys.executable, ROOT / "docs" / f"make_{page}.py", "--check"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, f"the page is old: run docs/make_{page}.py\n{done.stdout}{done.stderr}"


def test_the_limits_that_are_stated_are_the_code_s() -> None:
    page = (ROOT / "docs" / "onnx-support.md").read_text()
    limits = {
        "dims of a tensor": (types.MOST_DIMS, "32"),
        "bytes of a tensor": (types.MOST_BYTES, "2^46"),
        "makes by itself": (types.MOST_MADE, "2^28"),
        "made dense": (tensors.MOST_DENSE, "2^28"),
        "external data": (model.MOST_BYTES, "2^31 - 1"),
        "inside of graphs": (model.MOST_NESTING, "40"),
    }
    for words, (number, said) in limits.items():
        base, _, rest = said.partition("^")
        power, _, less = rest.partition(" - ")
        assert number == (int(base) ** int(power) - int(less or 0) if rest else int(base))
        assert f"{words} | {said} |" in page
