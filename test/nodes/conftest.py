"""The node tests' results: taken from workers as they come, counted, and summed up at the end of the session."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from onnx_nodes import Verdict, case, node_tests
from workers import Died, Workers

VERDICTS = pytest.StashKey[dict[tuple[str, str], Verdict]]()
NAMES = pytest.StashKey[int]()


@pytest.fixture(scope="session")
def verdicts(request: pytest.FixtureRequest) -> Iterator[Any]:
    """A function of (target, name): what became of a case. All cases of this session run, in the order of its tests."""
    wanted = [item.callspec.params for item in request.session.items if "verdicts" in getattr(item, "fixturenames", ())]
    pairs = [(params["target"], params["name"]) for params in wanted]
    known: dict[tuple[str, str], Verdict] = request.config.stash.setdefault(VERDICTS, {})
    tests = node_tests()
    answers = Workers("onnx_nodes:verdict").run(case(name, target) for target, name in pairs if name in tests)

    def verdict(target: str, name: str) -> Verdict:
        while (target, name) not in known:
            done, answer = next(answers)
            known[done.target, done.name] = Verdict("broken", answer.how) if isinstance(answer, Died) else answer
        return known[target, name]

    yield verdict
    answers.close()


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """`N of 1071 ONNX node tests pass (native), M (c)`, and what does not, by target."""
    known = config.stash.get(VERDICTS, {})
    if not known:
        return
    targets = sorted({target for target, _ in known}, reverse=True)
    of = {target: {name: v for (t, name), v in sorted(known.items()) if t == target} for target in targets}
    passed = {target: sum(v.kind == "passed" for v in of[target].values()) for target in targets}
    total = max(map(len, of.values()))
    first, *rest = targets
    others = "".join(f", {passed[target]} ({target})" for target in rest)
    terminalreporter.section("ONNX node tests")
    for target in targets:
        for name, v in of[target].items():
            if v.kind != "passed":
                said = " ".join(v.said.removeprefix("error: ").split())
                terminalreporter.line(f"{target:7}{v.kind:8} {name}: {said[:110]}")
    terminalreporter.line(f"{passed[first]} of {total} ONNX node tests pass ({first}){others}")
