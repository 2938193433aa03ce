"""Running passes: nests, hooks, failures and what they leave behind."""

from __future__ import annotations

from pathlib import Path

import pytest
from sample_passes import sample_passes
from stepwell.context import Context
from stepwell.diagnostics import InternalError, StepwellError
from stepwell.instrumentation import BaseHook, DumpDir, PassStatistics, PrintIR, Timing
from stepwell.pass_manager import PassRun, parse_passes, run_passes
from stepwell.reproducer import ReproducingManager, pipeline_of_reproducer
from stepwell.text import parse_module, print_module, read_module
from stepwell.tools import opt
from xdsl.dialects.builtin import IntegerAttr, ModuleOp

TEXT = """\
func.func @first(%x: i32) -> i32 {
  %a = arith.constant 1 : i32
  %y = arith.muli %x, %a : i32
  func.return %y : i32
}
func.func @second(%x: i32) -> i32 {
  func.return %x : i32
}
func.func private @declared(i32) -> i32
"""


@pytest.fixture(autouse=True)
def with_sample_passes():
    with sample_passes():
        yield


@pytest.fixture
def ctx() -> Context:
    return Context()


@pytest.fixture
def module(ctx: Context) -> ModuleOp:
    return parse_module(ctx, TEXT, "f.mlir")


def ran(module: ModuleOp) -> list[int]:
    found = [op.attributes.get("ran") for op in module.body.ops]
    return [attribute.value.data if isinstance(attribute, IntegerAttr) else 0 for attribute in found]


@pytest.mark.parametrize("pipeline", ["mark-function", "func.func(mark-function)"])
def test_a_function_pass_runs_on_every_function_with_a_body(ctx: Context, module: ModuleOp, pipeline: str):
    run_passes(ctx, module, parse_passes(pipeline))
    assert ran(module) == [1, 1, 0]


class Diary(BaseHook):
    def __init__(self, name: str, entries: list[str]):
        self.name, self.entries = name, entries

    def before_pass(self, run: PassRun) -> None:
        self.entries.append(f"{self.name} before {'/'.join((*run.path, run.name))}")

    def after_pass(self, run: PassRun) -> None:
        self.entries.append(f"{self.name} after {run.name}")

    def pass_failed(self, run: PassRun, error: StepwellError) -> None:
        self.entries.append(f"{self.name} failed {run.name}: {error.what}")


def test_hooks_stand_around_a_pass_like_brackets(ctx: Context, module: ModuleOp):
    entries: list[str] = []
    run_passes(ctx, module, parse_passes("mark"), hooks=[Diary("a", entries), Diary("b", entries)])
    assert entries == ["a before mark", "b before mark", "b after mark", "a after mark"]


def test_hooks_hear_of_a_failure(ctx: Context, module: ModuleOp):
    entries: list[str] = []
    with pytest.raises(StepwellError):
        run_passes(ctx, module, parse_passes("func.func(cse),refuse,mark"), hooks=[Diary("a", entries)])
    assert entries[-2:] == ["a before refuse", "a failed refuse: multiplication is not supported"]
    assert entries[0] == "a before func.func/cse"


def test_a_refusal_names_the_pass_and_shows_the_line(ctx: Context, module: ModuleOp):
    with pytest.raises(StepwellError) as raised:
        run_passes(ctx, module, parse_passes("refuse"))
    assert str(raised.value).splitlines() == [
        "error: multiplication is not supported",
        "  at f.mlir:3:8",
        "      %y = arith.muli %x, %a : i32",
        "           ^",
        "  in pass 'refuse'",
        "  fix: add instead",
    ]


def test_a_python_exception_is_an_internal_error(ctx: Context, module: ModuleOp):
    with pytest.raises(InternalError, match="internal error: KeyError: 'conv1'") as raised:
        run_passes(ctx, module, parse_passes("crash"))
    assert raised.value.in_pass == "crash"
    assert isinstance(raised.value.__cause__, KeyError)


def test_verify_each_finds_the_pass_that_broke_the_module(ctx: Context, module: ModuleOp):
    with pytest.raises(StepwellError, match="uses %a where it does not exist yet") as raised:
        run_passes(ctx, module, parse_passes("mark,break-ir,mark"), verify_each=True)
    assert raised.value.in_pass == "break-ir"


def test_a_reproducer_holds_the_module_before_the_pass_and_the_rest_of_the_pipeline(
    ctx: Context, module: ModuleOp, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    steps = parse_passes("func.func(mark-function),mark{times=2},refuse,mark{times=3}")
    with pytest.raises(StepwellError) as raised:
        ReproducingManager(ctx, module, tmp_path).run(steps)
    path = tmp_path / "refuse.mlir"
    assert raised.value.reproducer == str(path)
    assert f"stepwell-opt --run-reproducer {path}" in str(raised.value)
    text = path.read_text()
    assert pipeline_of_reproducer(text, "x") == "refuse,mark{times=3}"
    before = read_module(Context(), path)
    assert ran(before) == [1, 1, 0] and "mark{times=2}" in text

    assert opt.main(["--run-reproducer", str(path), "--reproducer-dir", str(tmp_path / "again")]) == 1
    said = capsys.readouterr().err
    assert "error: multiplication is not supported" in said and "f.mlir:3:8" in said
    assert (tmp_path / "again" / "refuse.mlir").read_text() == text


def test_a_file_without_a_pipeline_is_no_reproducer(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    file = tmp_path / "f.mlir"
    file.write_text(TEXT)
    assert opt.main(["--run-reproducer", str(file)]) == 1
    assert "is no reproducer" in capsys.readouterr().err


def test_timing_is_a_tree_with_a_total(ctx: Context, module: ModuleOp):
    timing = Timing()
    run_passes(ctx, module, parse_passes("func.func(mark-function,cse),mark"), hooks=[timing])
    names = [line.split(" %  ", 1)[-1] for line in timing.report().splitlines()]
    assert names[1:] == ["func.func", "  mark-function (2 times)", "  cse (2 times)", "mark", "total"]
    nest = timing.root.inner["func.func"]
    assert nest.seconds == pytest.approx(sum(node.seconds for node in nest.inner.values()))
    assert timing.root.seconds == pytest.approx(sum(node.seconds for node in timing.root.inner.values()))


def test_dumps_are_numbered_and_read_back(ctx: Context, module: ModuleOp, tmp_path: Path):
    run_passes(ctx, module, parse_passes("mark,func.func(cse)"), hooks=[DumpDir(tmp_path)])
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "00-input.mlir",
        "01-mark.mlir",
        "02-cse.mlir",
        "03-cse.mlir",
    ]
    last = read_module(Context(), tmp_path / "03-cse.mlir")
    assert print_module(last, locations=True) == print_module(module, locations=True)


def test_printing_before_after_and_what_changed(ctx: Context, module: ModuleOp, capsys: pytest.CaptureFixture[str]):
    run_passes(ctx, module, parse_passes("mark,cse"), hooks=[PrintIR(before=["cse"], after=["mark"], changes=True)])
    said = capsys.readouterr().err
    assert said.count("// -----// IR") == 2
    assert "IR after mark //" in said and "IR before cse //" in said
    assert '+builtin.module attributes {mark = "mark"} {' in said
    assert "// cse: no change" in said


def test_statistics_count_patterns_by_pass(ctx: Context, module: ModuleOp):
    statistics = PassStatistics()
    run_passes(ctx, module, parse_passes("canonicalize,mark"), hooks=[statistics])
    assert statistics.counts["canonicalize"]["Fold"] == 1
    assert statistics.report().splitlines()[-1] == "mark: none"


def test_rewriting_without_end_is_reported(ctx: Context, module: ModuleOp):
    with pytest.raises(StepwellError, match="does not come to an end") as raised:
        run_passes(ctx, module, parse_passes("spin"))
    assert "MulToAdd" in raised.value.what and "AddToMul" in raised.value.what
    assert raised.value.in_pass == "spin"


@pytest.mark.parametrize(("pipeline", "written"), [("refuse", []), ("crash", ["crash.mlir"])])
def test_a_compilation_keeps_only_what_is_our_fault(
    ctx: Context, module: ModuleOp, tmp_path: Path, pipeline: str, written: list[str]
):
    with pytest.raises(StepwellError):
        ReproducingManager(ctx, module, tmp_path, only_faults=True).run(parse_passes(pipeline))
    assert [path.name for path in tmp_path.iterdir()] == written
