"""Whatever file the tool is given: a clear error or a right result, in 5 s and 1 GB; no traceback, no crash.

The cases are written by code: `hostile_files.py` (bytes), `hostile_graphs.py` (models that mean nothing, or too
much), `hostile_shapes.py` (models that ask for the impossible), `hostile_spirv.py` (.spv files). Files that end while
they are imported stand in `test/dialects/onnx/test_hostile.py`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator

import pytest
from hostile import MEMORY, RIGHT, SECONDS, Outcome, cases
from workers import Died, Workers

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="limits are set and measured through /proc")


@pytest.fixture(scope="module")
def outcome(request: pytest.FixtureRequest) -> Iterator[Callable[[str], Outcome | Died]]:
    names = [
        item.callspec.params["name"] for item in request.session.items if "outcome" in getattr(item, "fixturenames", ())
    ]
    known: dict[str, Outcome | Died] = {}
    answers = Workers("hostile:attempt", seconds=12 * SECONDS).run(names)

    def of(name: str) -> Outcome | Died:
        while name not in known:
            done, answer = next(answers)
            known[done] = answer
        return known[name]

    yield of
    answers.close()


@pytest.mark.parametrize("name", cases())
def test_hostile(name: str, outcome: Callable[[str], Outcome | Died]) -> None:
    got = outcome(name)
    assert isinstance(got, Outcome), f"took more than {SECONDS} s, or crashed: {got.how}"
    assert "Traceback" not in got.said and "internal error" not in got.said, got.said
    assert got.seconds <= SECONDS and got.memory <= MEMORY, got
    if cases()[name].says is RIGHT:
        assert got.code == 0, got.said
        return
    assert got.code in (1, 2), got
    assert got.said.lower().startswith(("error: ", "usage: ")) and cases()[name].says in got.said, got.said
    assert len(got.said) < 8000


def test_there_are_enough() -> None:
    assert len(cases()) >= 100
