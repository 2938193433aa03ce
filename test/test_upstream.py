"""What the golden files of the levels that upstream knows print, upstream's mlir-opt reads and verifies."""

from __future__ import annotations

from pathlib import Path

import pytest
from upstream import complaints, golden_outputs, needs_mlir_opt

HERE = Path(__file__).parent

PASSES = (
    "graph_to_linalg",
    "linalg",
    "linalg_to_loops",
    "loops",
    "loops_to_gpu",
    "gpu_to_llvm",
    "loops_to_llvm",
    "llvm",
)
"""Their passes print levels tensor, loops, program and llvm."""

DIALECTS = ("amx", "arith", "gpu", "memref", "nvgpu", "tensor", "llvm")
"""Upstream's own: parts of them, and those in which we put something right."""

FOLDERS = (*(f"passes/{name}" for name in PASSES), *(f"dialects/{name}" for name in DIALECTS))
OURS = ("dot_bytes.mlir",)
"""With ops that upstream lacks: its x86vector multiplies no bytes of AVX512-VNNI, one factor of which has no sign."""

GOLDEN = [path for folder in FOLDERS for path in sorted((HERE / folder).glob("*.mlir")) if path.name not in OURS]


@needs_mlir_opt
@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: str(path.relative_to(HERE)))
def test_upstream_reads_what_golden_files_print(path: Path):
    for text in golden_outputs(path):
        assert complaints(text, ["--split-input-file"]) == ""


@needs_mlir_opt
def test_upstream_would_complain():
    assert "expects different type" in complaints(
        "func.func @f(%x: f32, %y: f64) { %z = arith.addf %x, %y : f32 func.return }"
    )
