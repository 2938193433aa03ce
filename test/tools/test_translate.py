"""`stepwell-translate`: where it writes, and what its help says there is."""

from __future__ import annotations

from pathlib import Path

import pytest
from stepwell.registry import TRANSLATIONS
from stepwell.tools import translate

DIGITS = Path(__file__).parent.parent.parent / "examples" / "digits" / "digits.onnx"
SAID = [str(DIGITS), "--shape", "image=1x1x8x8", "--to"]


def test_help_names_every_level_and_every_source() -> None:
    said = translate.arguments().epilog or ""
    words = said.replace(",", " ").replace(".", " ").split()
    assert {*translate.levels(), *TRANSLATIONS} <= set(words)


def test_one_file_is_written_where_it_is_asked_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert translate.main([*SAID, "wgsl", "-o", str(tmp_path / "kernels.txt")]) == 0
    assert [path.name for path in tmp_path.iterdir()] == ["kernels.txt"]
    assert "@compute" in (tmp_path / "kernels.txt").read_text()
    assert not capsys.readouterr().err


def test_several_files_keep_their_names_and_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert translate.main([*SAID, "spirv", "-o", str(tmp_path / "digits.spv")]) == 0
    made = sorted(path.name for path in tmp_path.iterdir())
    assert len(made) > 1 and all(name.startswith("digits.") and name.endswith(".spv") for name in made)
    said = capsys.readouterr().err
    assert all(name in said for name in made) and str(tmp_path) in said
