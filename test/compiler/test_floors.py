"""The floors of the house: which folder may import which, also inside functions, and never under its bare name."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MAY_IMPORT = {
    "compiler": {"compiler"},
    "dialects": {"dialects", "compiler"},
    "passes": {"passes", "dialects", "compiler"},
    "targets": {"targets", "passes", "dialects", "compiler"},
    "runtime": {"runtime"},
    "tools": {"tools", "compiler", "runtime"},
}
FLOORS = set(MAY_IMPORT)


def imports(file: Path, floor: str) -> Iterator[tuple[int, str]]:
    """(line, absolute module name) of every import statement of a file, wherever it stands."""
    package = ["stepwell", *([] if floor == "compiler" else [floor]), *file.relative_to(ROOT / floor).parts[:-1]]
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            yield from ((node.lineno, f"{module}.{alias.name}") for alias in node.names)


def floor_of(module: str) -> str | None:
    """The folder of ours that a module name leads to."""
    parts = module.split(".")
    if parts[0] != "stepwell":
        return None
    return parts[1] if len(parts) > 1 and parts[1] in FLOORS else "compiler"


def wrong_imports(floor: str) -> list[str]:
    wrong: list[str] = []
    for file in sorted((ROOT / floor).rglob("*.py")):
        for line, module in imports(file, floor):
            place = f"{file.relative_to(ROOT)}:{line}: {module}"
            if module.split(".")[0] in FLOORS:
                wrong.append(f"{place} (a folder's bare name: write stepwell....)")
            elif (target := floor_of(module)) is not None and target not in MAY_IMPORT[floor]:
                wrong.append(f"{place} ({floor} stands below {target})")
    return wrong


@pytest.mark.parametrize("floor", sorted(MAY_IMPORT))
def test_a_floor_stands_only_on_those_below(floor: str):
    assert wrong_imports(floor) == []


def test_relative_imports_are_resolved():
    file = ROOT / "compiler" / "text.py"
    assert any(module.startswith("stepwell.context") for _, module in imports(file, "compiler"))


def test_a_wrong_import_is_seen(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setattr(f"{__name__}.ROOT", tmp_path)
    (tmp_path / "compiler").mkdir()
    (tmp_path / "compiler" / "bad.py").write_text(
        "def f():\n    from .passes.graph import fuse\n    import dialects.graph\n"
    )
    first, second = wrong_imports("compiler")
    assert "bad.py:2" in first and "compiler stands below passes" in first
    assert "bad.py:3" in second and "bare name" in second
