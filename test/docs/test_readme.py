"""What the README says is true: its commands run, its Python runs, what it links to is there."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from requirements import require_compiler, require_device

ROOT = Path(__file__).resolve().parent.parent.parent
README = (ROOT / "README.md").read_text()
TOOLS = {
    "stepwell": "stepwell.tools.main",
    "stepwell-opt": "stepwell.tools.opt",
    "stepwell-translate": "stepwell.tools.translate",
}


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


def commands() -> list[str]:
    """The commands, without what follows a #; `make demo` and `make test` are what runs this."""
    lines = [line.split("#")[0].strip() for block in blocks("sh") for line in block.splitlines()]
    return [line for line in lines if line and not line.startswith("make ")]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A place to run in: what the commands read, and nothing that they could spoil."""
    for name in ("examples", "test", "docs"):
        (tmp_path / name).symlink_to(ROOT / name)
    np.savez(tmp_path / "in.npz", image=np.zeros((3, 1, 8, 8), np.float32))
    return tmp_path


@pytest.mark.parametrize("command", commands())
def test_command(command: str, folder: Path) -> None:
    tool, *words = command.split()
    if "--target c" in command:
        require_compiler()
    if "--target wgsl" in command:
        require_device("wgsl")
    done = subprocess.run([sys.executable, "-m", TOOLS[tool], *words], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    for option in ("-o", "--output", "--dump-dir"):
        if option in words:
            assert (folder / words[words.index(option) + 1]).exists()


@pytest.mark.parametrize("code", blocks("python"))
def test_python(code: str, folder: Path) -> None:
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, env=os.environ)
    assert done.returncode == 0, done.stderr
    assert "(1, 10)" in done.stdout


def test_links_lead_somewhere() -> None:
    links = re.findall(r"\]\(([^)#]+)\)", README)
    assert links
    for link in links:
        assert link.startswith("https://") or (ROOT / link).exists(), link
