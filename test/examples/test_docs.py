"""What the how-to pages quote is what the example says, what they name exists, and the commands they give work."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from golden import run_line

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "docs" / f"{name}.md" for name in ("dialect", "pass", "target", "device-target")]
SOURCES = {path: path.read_text() for path in sorted((ROOT / "examples/plugin/swish_plugin").glob("*.py"))}
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(page: Path, language: str) -> list[str]:
    return [text for said, text in BLOCK.findall(page.read_text()) if said == language]


def quoted(text: str) -> bool:
    """Whether whole lines of one of the example's files read so."""
    return any(f"\n{text}" in f"\n{source}" for source in SOURCES.values())


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_python_is_quoted_word_for_word(page: Path):
    python = blocks(page, "python")
    assert python
    assert [text for text in python if not quoted(text)] == []


def test_a_stale_quotation_is_seen():
    source = next(iter(SOURCES.values()))
    assert quoted(source)
    assert not quoted(source.replace("registry", "register", 1))
    assert not quoted("registry.dialects\n")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_files_that_a_page_names_exist(page: Path):
    text = re.sub(r"<\w+>\S*", "", page.read_text())
    named = re.findall(r"\b(?:compiler|dialects|passes|targets|examples|test|docs)/[\w/]+\.(?:py|mlir|md|onnx)\b", text)
    assert named
    assert [name for name in named if not (ROOT / name).exists()] == []


COMMANDS = [line for page in PAGES for text in blocks(page, "sh") for line in text.splitlines()]


@pytest.mark.parametrize("line", [line for line in COMMANDS if not line.startswith(("pip ", "stepwell run "))])
def test_commands_work(line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(ROOT)
    run_line(line, ROOT / "docs", tmp_path / "t")
