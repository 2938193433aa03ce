"""What counts for the structural hash of a function, and what does not."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from stepwell.context import Context
from stepwell.hashing import package_digest, structural_hash
from stepwell.text import parse_module

BASE = """func.func private @f(%x: f32, %y: f32) -> f32 {
  %a = arith.addf %x, %y : f32
  %b = arith.mulf %a, %x : f32
  func.return %b : f32
}"""


def hash_of(text: str) -> str:
    return structural_hash(parse_module(Context(), text).body.block.first_op)


def test_names_do_not_count() -> None:
    renamed = BASE.replace("@f", "@g").replace("%a", "%sum").replace("%x", "%left")
    assert hash_of(renamed) == hash_of(BASE)
    assert hash_of("// moved down a line\n\n" + BASE) == hash_of(BASE)


def test_everything_else_counts() -> None:
    others = [
        BASE.replace("addf", "subf"),
        BASE.replace("f32", "f64"),
        BASE.replace("%x, %y :", "%y, %x :"),
        BASE.replace("%a, %x :", "%a, %y :"),
        BASE.replace("-> f32 {", "-> f32 attributes {note} {"),
        BASE.replace("private ", ""),
    ]
    assert len({hash_of(text) for text in [BASE, *others]}) == len(others) + 1


def test_the_salt_counts() -> None:
    op = parse_module(Context(), BASE).body.block.first_op
    assert op is not None
    assert structural_hash(op, salt="a") != structural_hash(op, salt="b")


def test_a_package_is_another_when_a_file_of_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An edited plug-in must not be given what its earlier self had put into the cache."""
    package = tmp_path / "plugged_in"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "target.py").write_text("A = 1\n")
    monkeypatch.syspath_prepend(tmp_path)
    __import__("plugged_in.target")
    first = package_digest("plugged_in.target")
    os.utime(package / "target.py", ns=(1, 1))
    package_digest.cache_clear()
    assert first and package_digest("plugged_in.target") != first
    assert package_digest("stepwell.targets.native") == ""
    for name in ("plugged_in.target", "plugged_in"):
        sys.modules.pop(name)
