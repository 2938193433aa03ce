"""Random small models, compiled and run, give what ONNX says; at every level, what is printed reads back the same.

A short run of some seeds. The long one is a command, `PYTHONPATH=test/support python -m random_graphs --count 2000`,
with `--targets wgsl,opencl` on devices; what it found stands, as small as it could be made, in `random_graphs/`, and
stays fixed.
"""

from __future__ import annotations

from pathlib import Path

import pytest
import stepwell
from random_graphs import OPERATORS, WITHOUT, Drawn, graph, graph_of
from random_graphs.__main__ import task_of
from random_graphs.builder import Again, Builder
from random_graphs.check import DEVICES, Verdict, differs, verdict_of, ways_of
from random_graphs.reduce import reduced
from requirements import needs_compiler, require_target
from stepwell.context import Context
from stepwell.dialects.onnx.importer import import_onnx
from stepwell.driver import Way, find_target
from stepwell.levels import ORDER, level_of
from stepwell.passes.onnx_to_graph import onnx_to_graph
from stepwell.passes.onnx_to_graph.conversion import CONVERSIONS
from stepwell.text import parse_module, print_module

pytestmark = pytest.mark.filterwarnings("ignore")

FOUND = sorted((Path(__file__).parent / "random_graphs").glob("*.txt"))
"""Graphs that differed once, as they were reduced."""


def kept(path: Path) -> Drawn:
    return graph_of("\n".join(line for line in path.read_text().splitlines() if not line.startswith("#")))


@pytest.fixture(autouse=True)
def no_cache(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("STEPWELL_CACHE", "off")


def check(made: Drawn, target: str) -> Verdict:
    """Hold what a target gives against what ONNX says. The verdict says whether the target refused the graph."""
    said = verdict_of(task_of(made, 0, ways_of(target)))
    assert said.fault is None, said.fault
    return said


@pytest.mark.parametrize("seed", range(40))
def test_native_gives_what_onnx_says(seed: int):
    check(graph(seed), "native")


@needs_compiler
@pytest.mark.parametrize("seed", range(40, 52))
def test_c_gives_what_onnx_says(seed: int):
    check(graph(seed), "c")


@pytest.mark.parametrize("target", ["wgsl", "opencl"])
def test_devices_give_what_onnx_says_of_what_they_take(target: str):
    """A device may refuse a graph by name, float64 on wgsl say; some it must take."""
    require_target(target)
    taken = [seed for seed in range(300, 312) if not check(graph(seed), target).refused]
    assert len(taken) >= 3, taken


@pytest.mark.parametrize("seed", range(100, 130))
def test_symbolic_dims_give_the_same_or_are_refused(seed: int):
    made = graph(seed, symbolic=True)
    try:
        outputs = stepwell.compile(made.model, threads=1).run(made.feeds)
    except stepwell.StepwellError as refused:
        assert refused.fix, f"a refusal says what to do: {refused}"
        return
    assert not [said for name, want in made.expected.items() if (said := differs(outputs[name], want)) is not None]


@pytest.mark.parametrize("seed", range(200, 215))
def test_parse_of_print_is_the_same_at_every_level(seed: int):
    check_text(graph(seed))


def check_text(made: Drawn):
    ctx = Context()
    module = import_onnx(ctx, made.model)
    way = Way(find_target("native"), verify_each=True)
    for level in ORDER:
        way.lower(ctx, module, to=level)
        if level_of(module) != level:
            continue  # a level of another target's
        text = print_module(module)
        again = parse_module(Context(weights=ctx.weights), text, "again.mlir")
        assert print_module(again) == text
        assert again.is_structurally_equivalent(module), level


@pytest.mark.parametrize("target", ["native", "c", *DEVICES])
@pytest.mark.parametrize("path", FOUND, ids=[path.stem for path in FOUND])
def test_stays_fixed(path: Path, target: str):
    require_target(target)
    made = kept(path)
    if why := check(made, target).refused:
        pytest.skip(f"{target} refuses it: {why[target]}")


@pytest.mark.parametrize("path", FOUND, ids=[path.stem for path in FOUND])
def test_text_of_what_was_found_reads_back(path: Path):
    check_text(kept(path))


# -- the generator ----------------------------------------------------------------------------------------------------


def test_every_operator_is_drawn_or_said_why_not():
    assert onnx_to_graph.FAMILIES  # they have registered their conversions
    assert set(OPERATORS) | set(WITHOUT) == set(CONVERSIONS)
    assert not set(OPERATORS) & set(WITHOUT)


@pytest.mark.parametrize("op", OPERATORS)
def test_an_operator_can_be_drawn(op: str):
    """At least one time in sixteen, in a graph that is empty as yet."""
    for seed in range(16):
        try:
            OPERATORS[op](builder := Builder(seed), op)
        except Again:
            continue
        assert op.rpartition(".")[2] in {node.op_type for node in builder.nodes}
        return
    pytest.fail("it cannot be drawn")


def test_a_seed_is_a_graph():
    assert graph(7).model == graph(7).model != graph(8).model


def test_what_fails_is_made_small():
    """A fault of Softmax is cut down to the one Softmax, whatever stood around it."""
    seed = next(n for n in range(1000) if {"Softmax", "Conv"} <= {node.op_type for node in graph(n).model.graph.node})
    small = reduced(graph(seed), lambda made: any(node.op_type == "Softmax" for node in made.model.graph.node))
    assert [node.op_type for node in small.model.graph.node] == ["Softmax"]
    check(small, "native")
