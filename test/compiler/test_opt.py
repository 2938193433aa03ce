"""stepwell-opt as a program: exit codes, lists, what goes where."""

from __future__ import annotations

from pathlib import Path

import pytest
from sample_passes import sample_passes
from stepwell.tools import opt

FINE = "func.func @f(%x: i32) -> i32 {\n  func.return %x : i32\n}\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "f.mlir"
    path.write_text(FINE)
    return path


def test_lists(capsys: pytest.CaptureFixture[str]):
    assert opt.main(["--list-passes"]) == 0
    passes = capsys.readouterr().out.split()
    assert {"canonicalize", "cse", "dce"} <= set(passes) and passes == sorted(passes)
    assert opt.main(["--show-dialects"]) == 0
    assert {"builtin", "graph", "onnx"} <= set(capsys.readouterr().out.split())


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ([], 0, ""),
        (["-p", "canonicalise"], 1, "did you mean 'canonicalize'?"),
        (["-p", "cse", "--stop-after", "csee"], 1, "no pass 'csee' to stop after"),
        (["-p", "cse", "--print-ir-after", "dce"], 1, "no pass 'dce' to print at"),
        (["--no-such-option"], 2, "unrecognized arguments"),
    ],
)
def test_exit_codes(file: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], code: int, said: str):
    try:
        got = opt.main([str(file), *arguments])
    except SystemExit as stop:  # argparse
        got = stop.code
    assert got == code
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"func.func @f( {", "f.mlir:1:15"),
        (b"\xff\xfe\x00", "is not text"),
        (b"func.func @f() -> i32 {\n  func.return\n}", "f.mlir:2:3"),
    ],
)
def test_bad_files(file: Path, capsys: pytest.CaptureFixture[str], content: bytes, said: str):
    file.write_bytes(content)
    assert opt.main([str(file)]) == 1
    shown = capsys.readouterr()
    assert shown.err.startswith("error: ") and said in shown.err
    assert shown.out == "" and "Traceback" not in shown.err


def test_a_missing_file_and_a_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert opt.main([str(tmp_path / "none.mlir")]) == 1
    assert "cannot read" in capsys.readouterr().err
    assert opt.main([str(tmp_path)]) == 1
    assert "Is a directory" in capsys.readouterr().err


def test_a_crash_shows_its_traceback_only_when_asked(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    with sample_passes():
        arguments = [str(file), "-p", "crash", "--reproducer-dir", str(tmp_path / "r")]
        assert opt.main(arguments) == 1
        said = capsys.readouterr().err
        assert "internal error: KeyError" in said and "in pass 'crash'" in said and "Traceback" not in said
        assert (tmp_path / "r" / "crash.mlir").exists()
        monkeypatch.setenv("STEPWELL_TRACEBACK", "1")
        assert opt.main(arguments) == 1
        assert "Traceback" in capsys.readouterr().err


def test_output_goes_to_a_file_that_reads_back(file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    target = tmp_path / "out.mlir"
    assert opt.main([str(file), "-o", str(target)]) == 0
    assert capsys.readouterr().out == ""
    assert f'loc("{file}":2:3)' in target.read_text()
    assert opt.main([str(target)]) == 0
    assert opt.main([str(file), "-o", str(tmp_path / "f.mlir" / "x.mlir")]) == 1
    assert "cannot write" in capsys.readouterr().err


def test_a_dump_folder_that_cannot_be_is_said(file: Path, capsys: pytest.CaptureFixture[str]):
    assert opt.main([str(file), "-p", "cse", "--dump-dir", str(file / "dumps")]) == 1
    assert "error: cannot dump into" in capsys.readouterr().err


def test_a_fault_outside_of_passes_is_no_traceback(
    file: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    def fail(*_: object, **__: object) -> str:
        raise ZeroDivisionError("oops")

    monkeypatch.setattr("stepwell.text.print_module", fail)
    assert opt.main([str(file)]) == 1
    said = capsys.readouterr().err
    assert "internal error: ZeroDivisionError: oops" in said and "Traceback" not in said
