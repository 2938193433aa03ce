"""Modules of SPIR-V: the Khronos validator takes the words, upstream MLIR reads them and the text."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from golden import run_stage
from requirements import require
from upstream import complaints, find_mlir_opt, needs_mlir_opt

DIGITS = Path(__file__).parents[3] / "examples" / "digits" / "digits.onnx"


def translated(folder: Path, to: str) -> list[Path]:
    command = ["stepwell-translate", "--to", to, str(DIGITS), "--shape", "image=2x1x8x8", "-o", str(folder / "d.x")]
    code, _, said = run_stage(command, "")
    assert code == 0, said
    files = sorted(folder.iterdir())
    assert files
    return files


def test_the_validator_takes_every_kernel(tmp_path: Path) -> None:
    require(shutil.which("spirv-val") is not None, "spirv-val")
    for file in translated(tmp_path, "spirv"):
        done = subprocess.run(["spirv-val", "--target-env", "vulkan1.1", file], capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr


@needs_mlir_opt
def test_upstream_reads_words_and_text(tmp_path: Path) -> None:
    tool = find_mlir_opt()
    assert tool is not None
    (tmp_path / "words").mkdir()
    (tmp_path / "text").mkdir()
    for file in translated(tmp_path / "words", "spirv"):
        command = [str(tool.with_name("mlir-translate")), "--deserialize-spirv", str(file)]
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 0 and "spirv.func @main" in done.stdout, done.stderr
    (text,) = translated(tmp_path / "text", "spirv-asm")
    assert complaints(text.read_text()) == ""
