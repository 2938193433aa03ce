"""Plug-ins: found when a name is not ours, unable to take our names, harmless when broken."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Callable

import pytest
from stepwell import registry
from stepwell.context import Context
from stepwell.diagnostics import StepwellError
from stepwell.registry import Registry, load
from stepwell.text import parse_module
from xdsl.ir import Dialect
from xdsl.irdl import IRDLOperation, irdl_op_definition


@irdl_op_definition
class HelloOp(IRDLOperation):
    name = "stranger.hello"


DIALECT = Dialect("stranger", [HelloOp])


def good(added: Registry) -> None:
    added.passes["strangers-pass"] = "somewhere.passes:StrangersPass"
    added.dialects["stranger"] = "somewhere:DIALECT"


def greedy(added: Registry) -> None:
    added.passes["canonicalize"] = "elsewhere:Canonicalize"


def broken(added: Registry) -> None:
    raise RuntimeError("no luck")


class FakeEntryPoint:
    def __init__(self, name: str, function: Callable[[Registry], None]):
        self.name, self.function = name, function

    def load(self) -> Callable[[Registry], None]:
        return self.function


@pytest.fixture
def scans(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Three plug-ins are installed; the list fills with the groups that were asked for."""
    asked: list[str] = []

    def entry_points(group: str) -> list[FakeEntryPoint]:
        asked.append(group)
        return [FakeEntryPoint("good", good), FakeEntryPoint("greedy", greedy), FakeEntryPoint("broken", broken)]

    monkeypatch.setattr(importlib.metadata, "entry_points", entry_points)
    return asked


def test_our_own_names_need_no_scan(scans: list[str]):
    fresh = Registry()
    assert fresh.find("passes", "canonicalize") == registry.PASSES["canonicalize"]
    assert scans == []


def test_a_name_that_is_not_ours_is_looked_for_once(scans: list[str]):
    fresh = Registry()
    assert fresh.find("passes", "strangers-pass") == "somewhere.passes:StrangersPass"
    assert fresh.find("passes", "nobodys-pass") is None
    assert "strangers-pass" in fresh.names("passes")
    assert scans == ["stepwell.plugins"]


def test_a_plug_in_takes_no_name_of_ours_and_a_broken_one_is_told_of(scans: list[str]):
    fresh = Registry()
    fresh.scan()
    assert fresh.passes["canonicalize"] == registry.PASSES["canonicalize"]
    assert fresh.plugin_errors == [
        "plug-in 'broken' cannot be loaded: RuntimeError: no luck",
        "plug-in 'greedy' names 'canonicalize', which is taken (passes)",
    ]


def test_text_may_use_a_plug_in_s_dialect(scans: list[str], monkeypatch: pytest.MonkeyPatch):
    fresh = Registry()
    monkeypatch.setattr("stepwell.context.REGISTRY", fresh)
    rows = {"somewhere:DIALECT": DIALECT}
    monkeypatch.setattr("stepwell.registry.load", lambda path: rows.get(path) or load(path))
    ctx = Context()
    assert "stranger" not in ctx.registered_dialect_names
    module = parse_module(ctx, '"stranger.hello"() : () -> ()')
    assert isinstance(module.body.block.first_op, HelloOp)
    with pytest.raises(StepwellError, match="there is no dialect 'nobody'"):
        parse_module(ctx, '"nobody.hello"() : () -> ()')


@pytest.mark.parametrize("path", ["stepwell.nothing:X", "stepwell.text:nothing"])
def test_a_row_that_leads_nowhere_is_said(path: str):
    with pytest.raises(StepwellError, match=f"cannot load {path}"):
        load(path)
