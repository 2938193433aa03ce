"""Pipelines as text: what is written, what is built, and what is said when it is wrong."""

from __future__ import annotations

import pytest
from sample_passes import Mark, MarkFunction, sample_passes
from stepwell.diagnostics import StepwellError
from stepwell.pass_manager import Nest, cut_after, parse_passes, pass_names, pipeline_text
from stepwell.registry import REGISTRY


@pytest.fixture(autouse=True)
def with_sample_passes():
    with sample_passes():
        yield


def test_options_have_the_types_of_their_fields():
    (item,) = parse_passes('mark{text="two words, {}" times=3 share=2 loudly sizes=4,8 how=slow limit=7}')
    assert item == Mark("two words, {}", 3, 2.0, True, (4, 8), "slow", 7)
    assert isinstance(item.share, float)


def test_no_options_means_defaults():
    assert parse_passes("mark, mark{}") == (Mark(), Mark())
    assert parse_passes("") == () == parse_passes("  ")


def test_a_nest_holds_passes_that_work_on_one_function():
    (nest,) = parse_passes("func.func(mark-function,cse)")
    assert isinstance(nest, Nest) and nest.anchor == "func.func"
    assert list(pass_names([nest])) == ["mark-function", "cse"]
    assert parse_passes("builtin.module(mark)") == (Mark(),)


def test_printing_a_pipeline_gives_the_text_that_builds_it():
    text = 'func.func(mark-function,canonicalize),mark{text="a \\"b\\"" share=0.25 sizes=1,2 limit=3},cse'
    steps = parse_passes(text)
    assert pipeline_text(steps) == text
    assert parse_passes(pipeline_text(steps)) == steps


@pytest.mark.parametrize(
    ("text", "what", "fix"),
    [
        ("canonicalise", "there is no pass 'canonicalise'", "did you mean 'canonicalize'?"),
        ("mark{tims=3}", "pass 'mark' has no option 'tims'", "did you mean 'times'?"),
        ("mark{times=many}", "option 'times' is an integer, not many", None),
        ("mark{times=true}", "option 'times' is an integer, not true", None),
        ("mark{times}", "option 'times' is an integer, not nothing", None),
        ("mark{loudly=3}", "option 'loudly' is true or false, not 3", None),
        ("mark{how=now}", "option 'how' is one of 'fast', 'slow', not now", None),
        ("mark{sizes=1,x}", "option 'sizes' is a list of which each is an integer, not 1,x", None),
        ("mark{limit=1,2}", "option 'limit' is an integer or nothing, not 1,2", None),
        ("needs", "pass 'needs' needs option 'size'", "needs{size=an integer}"),
        ("mark{times=1 times=2}", "option 'times' is given twice", None),
        ("mark,", "the name of a pass is expected", None),
        ("mark mark", "a comma is expected between two passes", None),
        ("mark{times=", "a value is expected", None),
        ("mark{times=3", "the name of an option, or '}', is expected", None),
        ("func.func(mark-function", "')' is expected", None),
        ("mark;cse", "';' has no meaning in a pipeline", None),
        ("func.func(mark)", "pass 'mark' works on a whole module: it cannot run inside func.func(...)", None),
    ],
)
def test_what_is_wrong_is_said_with_a_caret(text: str, what: str, fix: str | None):
    with pytest.raises(StepwellError) as raised:
        parse_passes(text)
    assert what in raised.value.what
    assert raised.value.source is not None and "^" in raised.value.source
    if fix is not None:
        assert raised.value.fix is not None and fix in raised.value.fix


def test_a_row_of_the_registry_names_a_pipeline(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(REGISTRY.pipelines, "tidy", f"{__name__}:TIDY")
    monkeypatch.setattr("stepwell.registry.Registry.load", staticmethod(lambda path: "func.func(mark-function),mark"))
    assert parse_passes("tidy,mark{times=2}") == (Nest("func.func", (MarkFunction(),)), Mark(), Mark(times=2))
    monkeypatch.setattr("stepwell.registry.Registry.load", staticmethod(lambda path: "mark,tidy"))
    with pytest.raises(StepwellError, match="contains itself: tidy -> tidy"):
        parse_passes("tidy")


class TwoPhases:
    """A target whose way down has two levels, the first in two phases."""

    options = dict

    def pipeline(self, options: dict[str, str]) -> tuple[tuple[str, str], ...]:
        return (("graph", "mark{times=1}"), ("graph", "mark{times=2}"), ("tensor", "mark{times=3}"))


@pytest.mark.parametrize(
    ("name", "times"),
    [("toy", [1, 2, 3]), ("toy-to-graph", [1, 2]), ("toy-to-tensor", [1, 2, 3]), ("toy-from-graph", [3])],
)
def test_a_target_is_a_pipeline_and_so_are_its_parts(monkeypatch: pytest.MonkeyPatch, name: str, times: list[int]):
    monkeypatch.setitem(REGISTRY.targets, "toy", "somewhere:TOY")
    monkeypatch.setattr("stepwell.registry.Registry.load_target", lambda self, name: TwoPhases())
    assert [item.times for item in parse_passes(name)] == times  # pyright: ignore[reportAttributeAccessIssue]
    with pytest.raises(StepwellError, match="the way down of 'toy' has no level 'loops'"):
        parse_passes("toy-to-loops")


def test_cutting_after_a_pass_keeps_the_first_of_that_name():
    steps = parse_passes("mark{times=1},func.func(cse,mark-function,dce),mark{times=2}")
    assert pipeline_text(cut_after(steps, "mark")) == pipeline_text(parse_passes("mark{times=1}"))
    assert pipeline_text(cut_after(steps, "mark-function")) == "mark,func.func(cse,mark-function)"
    with pytest.raises(StepwellError, match="no pass 'mrk' to stop after"):
        cut_after(steps, "mrk")
