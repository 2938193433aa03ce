"""Random small models, compiled and run, give what ONNX says; at every level, what is printed reads back the same."""

from __future__ import annotations

import numpy as np
import pytest
import stepwell
from hypothesis import HealthCheck, Phase, given, settings
from random_graphs import Drawn, graph_of, graphs
from requirements import needs_compiler
from stepwell.context import Context
from stepwell.dialects.onnx.importer import import_onnx
from stepwell.driver import Way, find_target
from stepwell.levels import ORDER, level_of
from stepwell.text import parse_module, print_module

TOLERANCE = 1e-4
"""Of an output's largest number."""

QUICK = settings(
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate, Phase.shrink],
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(autouse=True)
def no_cache(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("STEPWELL_CACHE", "off")


def check(graph: Drawn, target: str, verify_each: bool = False):
    outputs = stepwell.compile(graph.model, target, threads=1, verify_each=verify_each).run(graph.feeds)
    assert list(outputs) == list(graph.expected)
    for name, want in graph.expected.items():
        have = outputs[name]
        assert (have.dtype, have.shape) == (want.dtype, want.shape), name
        if want.dtype.kind == "f":
            error, size = np.abs(have - want).max(initial=0), np.abs(want).max(initial=0)
            assert error <= TOLERANCE * size, f"{name}: off by {error:.2e} of {size:.2e}"
        else:
            np.testing.assert_array_equal(have, want, err_msg=name)


@given(graphs())
@settings(QUICK, max_examples=100)
def test_native_gives_what_onnx_says(graph: Drawn):
    check(graph, "native")


@given(graphs(symbolic=True))
@settings(QUICK, max_examples=40)
def test_symbolic_dims_give_the_same_or_are_refused(graph: Drawn):
    try:
        check(graph, "native")
    except stepwell.StepwellError as refused:
        assert refused.fix, "a refusal says what to do"


@needs_compiler
@given(graphs())
@settings(QUICK, max_examples=12)
def test_c_gives_what_onnx_says(graph: Drawn):
    check(graph, "c")


@given(graphs())
@settings(QUICK, max_examples=20)
def test_parse_of_print_is_the_same_at_every_level(graph: Drawn):
    check_text(graph)


def check_text(graph: Drawn):
    ctx = Context()
    module = import_onnx(ctx, graph.model)
    way = Way(find_target("native"), verify_each=True)
    for level in ORDER:
        way.lower(ctx, module, to=level)
        assert level_of(module) == level
        text = print_module(module)
        again = parse_module(Context(weights=ctx.weights), text, "again.mlir")
        assert print_module(again) == text
        assert again.is_structurally_equivalent(module), level


FOUND = {
    "kernels of different shapes that are one kernel once their loops are flat": """
        random (double[4,17,5] x0) => (double[4,17,5] v1, double[1,4,17,5] v2)
        <int64[4] c0 = {1, 4, 17, 5}>
        { v0 = Reshape(x0, c0)  v1 = Sigmoid(x0)  v2 = Sigmoid(v0) }""",
    "llvm.trunc reads back with flags that it was not made with": """
        random (float x0) => (uint8 v0) { v0 = Cast<to: int = 2>(x0) }""",
    "a declared function of the C library reads back with an unnamed_addr": """
        random (float[3] x0) => (float[3] v0) { v0 = Erf(x0) }""",
}
"""Bugs that the properties found, as they were shrunk."""


@pytest.mark.parametrize("target", ["native", pytest.param("c", marks=needs_compiler)])
@pytest.mark.parametrize("text", FOUND.values(), ids=list(FOUND))
def test_stays_fixed(text: str, target: str):
    check(graph_of(text), target)
    check_text(graph_of(text))
