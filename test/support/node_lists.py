"""The mainstream ONNX node tests by name, and what is known of them on native and C: `test/nodes/refused.toml`."""

from __future__ import annotations

import tomllib
from fnmatch import fnmatch
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "nodes"
NAMES = (FOLDER / "mainstream.txt").read_text().split()
TARGETS = ("native", "c")
LISTS = tomllib.loads((FOLDER / "refused.toml").read_text())
REFUSED = LISTS["refused"]
NOISE = {name: entry["why"] for entry in LISTS["noise"] for name in entry["cases"]}
"""Cases that no correct answer passes, since the numbers that they expect are rounding errors."""


def reason(target: str, name: str) -> str | None:
    """Why a case is known to be refused."""
    for entry in REFUSED:
        if target in entry.get("targets", TARGETS) and any(fnmatch(name, pattern) for pattern in entry["cases"]):
            return entry["why"]
    return None
