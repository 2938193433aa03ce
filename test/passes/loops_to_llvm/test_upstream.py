"""What loops-to-llvm makes must parse and verify in upstream MLIR."""

from __future__ import annotations

from pathlib import Path

import pytest
import upstream

FILES = sorted(path for path in Path(__file__).parent.glob("*.mlir") if path.stem != "unsupported")
DIALECT = Path(__file__).parents[2] / "dialects" / "llvm" / "ops.mlir"


@upstream.needs_mlir_opt
@pytest.mark.parametrize("path", [*FILES, DIALECT], ids=lambda path: path.stem)
def test_upstream_accepts(path: Path) -> None:
    for text in upstream.golden_outputs(path):
        assert upstream.complaints(text) == ""
