"""A schedule can be printed, edited by hand and handed back; another schedule, the same result."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
import stepwell
from requirements import require_compiler
from stepwell.diagnostics import StepwellError
from stepwell.tools import main, translate

MODEL = Path(__file__).resolve().parents[2] / "examples" / "digits" / "digits.onnx"
IMAGE = np.random.default_rng(0).standard_normal((1, 1, 8, 8)).astype(np.float32)


def printed(to: str, target: str, folder: Path, *more: str) -> str:
    """The model as text: its schedules, or its loops."""
    path = folder / f"{to}.mlir"
    said = ["--to", to, "--target", target, "--shape", "image=1x1x8x8", "-o", str(path), *more]
    assert translate.main([str(MODEL), *said]) == 0
    return path.read_text()


def logits(target: str, schedule: Path | None) -> np.ndarray:
    return stepwell.compile(MODEL, target, threads=1, schedule=schedule).run({"image": IMAGE})["logits"]


def test_an_edited_schedule_changes_the_loops_and_not_the_result(tmp_path: Path):
    before, loops = printed("schedule", "native", tmp_path), printed("loops", "native", tmp_path)
    found = re.search(r"schedule.kernel @(\w+) \{\n.* = (schedule.nest \[0, 1, 2\] : 8, 8, 8, 3, 3)\n", before)
    assert found is not None
    mine = tmp_path / "mine.mlir"
    mine.write_text(f"""
      // Three columns at a time, in halves of the channels.
      schedule.kernel @{found.group(1)} {{
        %row, %column, %channel, %kh, %kw = {found.group(2)}
        %few, %three = schedule.tile %column by 3
        %half, %lane = schedule.tile %channel by 4
        schedule.reorder %half, %row, %few, %kh, %kw, %three, %lane
        schedule.parallel %half
        schedule.unroll %three, %kw
        schedule.vectorize %lane by 4
      }}
    """)
    assert printed("loops", "native", tmp_path, "--schedule", str(mine)) != loops
    np.testing.assert_allclose(logits("native", mine), logits("native", None), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("target", ["native", "c"])
def test_a_schedule_handed_back_as_it_was_changes_nothing(target: str, tmp_path: Path):
    if target == "c":
        require_compiler()
    loops = printed("loops", target, tmp_path)
    printed("schedule", target, tmp_path)
    given = tmp_path / "schedule.mlir"
    again = printed("loops", target, tmp_path, "--schedule", str(given))
    assert re.sub(r"loc\(.*?\)$", "", again, flags=re.M) == re.sub(r"loc\(.*?\)$", "", loops, flags=re.M)
    np.testing.assert_array_equal(logits(target, given), logits(target, None))


def test_the_cache_knows_what_is_in_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("STEPWELL_CACHE", str(tmp_path / "cache"))
    good, mine = printed("schedule", "native", tmp_path), tmp_path / "mine.mlir"
    mine.write_text(good)
    logits("native", mine)
    mine.write_text(good.replace("schedule.nest [0, 1, 2] : 10, 256", "schedule.nest [0, 1, 2] : 10, 255"))
    with pytest.raises(StepwellError, match="the loops have other extents"):
        logits("native", mine)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("schedule.kernel @kernel_conv_7 {\n}\n", "the model has no kernel @kernel_conv_7"),
        ("schedule.kernel @kernel_matmul_0 {\n}\n" * 2, "@kernel_matmul_0 has two schedules"),
        (
            "schedule.kernel @kernel_matmul_0 {\n  %i = schedule.nest [0] : 10\n}\n",
            "linalg op 1 .* is in no schedule.nest",
        ),
        ("builtin.module {\n}\n", "there is no schedule.kernel in this file"),
        (
            "schedule.kernel @k {\n  %i = schedule.nest [0] : 4\n  schedule.vectorize %i by 3\n}",
            "a power of two, not 3",
        ),
        ("schedule.kernel {", "expect symbol name"),
    ],
)
def test_a_file_that_does_not_fit_is_refused(text: str, message: str, tmp_path: Path):
    path = tmp_path / "mine.mlir"
    path.write_text(text)
    with pytest.raises(StepwellError, match=message) as raised:
        logits("native", path)
    assert "mine.mlir" in str(raised.value)


def test_a_file_that_is_not_there_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    said = ["run", str(MODEL), "--shape", "image=1x1x8x8", "--schedule", str(tmp_path / "none.mlir")]
    assert main.main(said) == 1
    assert "there is no such file" in capsys.readouterr().err
