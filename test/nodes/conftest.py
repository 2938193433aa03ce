"""The node tests' results: taken from workers as they come, counted, and summed up at the end of the session."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from device_nodes import summary
from node_lists import NAMES, TARGETS
from onnx_nodes import Verdict, case, node_tests
from requirements import has_device
from workers import Died, Workers

VERDICTS = pytest.StashKey[dict[tuple[str, str], Verdict]]()


@pytest.fixture(scope="session")
def verdicts(request: pytest.FixtureRequest) -> Iterator[Any]:
    """A function of (target, name): what became of a case. All cases of this session run, in the order of its tests."""
    items = [item for item in request.session.items if "verdicts" in getattr(item, "fixturenames", ())]
    pairs = dict.fromkeys(pair for item in items for pair in pairs_of(item.callspec.params))
    known: dict[tuple[str, str], Verdict] = request.config.stash.setdefault(VERDICTS, {})
    tests = node_tests()
    answers = Workers("onnx_nodes:verdict").run(
        case(name, target) for target, name in pairs if name in tests and (target in TARGETS or has_device(target))
    )

    def verdict(target: str, name: str) -> Verdict:
        while (target, name) not in known:
            done, answer = next(answers)
            known[done.target, done.name] = Verdict("broken", answer.how) if isinstance(answer, Died) else answer
        return known[target, name]

    yield verdict
    answers.close()


def pairs_of(params: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """The cases that a test needs: one, or all of a target."""
    for name in [params["name"]] if "name" in params else NAMES:
        yield params["target"], name


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """How many pass on each target, and what does not."""
    known = config.stash.get(VERDICTS, {})
    if not known:
        return
    of: dict[str, dict[str, Verdict]] = {}
    for (target, name), v in sorted(known.items()):
        of.setdefault(target, {})[name] = v
    terminalreporter.section("ONNX node tests")
    for target, verdicts in of.items():
        for name, v in verdicts.items():
            if v.kind not in ("passed", "refused") or (v.kind == "refused" and target in TARGETS):
                said = " ".join(v.said.removeprefix("error: ").split())
                terminalreporter.line(f"{target:7}{v.kind:8} {name}: {said[:110]}")
    for target, verdicts in of.items():
        passed = sum(v.kind == "passed" for v in verdicts.values())
        whole = [f"{passed} of {len(verdicts)} ONNX node tests pass ({target})"]
        for line in whole if target in TARGETS else summary(target, verdicts):
            terminalreporter.line(line)
