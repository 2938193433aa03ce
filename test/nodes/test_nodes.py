"""The mainstream ONNX node tests on both targets: each passes, or is refused in words and stands in `refused.toml`.

Mainstream: the operators of ai.onnx up to opset 22 on ordinary numbers and bools; `mainstream.txt` has their names,
the onnx package the cases. A wrong answer, a traceback or a crash fails whatever the list says, and so does a case that
stands in the list and passes: the list says what is, not what was. (Two cases expect rounding errors: `noise`.)
"""

from __future__ import annotations

from collections.abc import Callable
from fnmatch import fnmatch

import pytest
from node_lists import NAMES, NOISE, REFUSED, TARGETS, reason
from onnx_nodes import Verdict, node_tests
from requirements import require, require_compiler


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("target", TARGETS)
def test_node(target: str, name: str, verdicts: Callable[[str, str], Verdict]) -> None:
    require(name in node_tests(), f"a newer onnx package, with {name}")
    if target == "c":
        require_compiler()
    got, why = verdicts(target, name), reason(target, name)
    if name in NOISE:
        assert got.kind == "wrong", f"refused.toml says '{NOISE[name]}', but the case is {got.kind}: {got.said}"
    elif why is None:
        assert got.kind == "passed", f"{got.kind}: {got.said}"
    else:
        assert got.kind == "refused", f"refused.toml says '{why}', but the case is {got.kind}: {got.said}"


def test_the_list_names_cases() -> None:
    """No pattern is left of a case that has another name by now; none excuses a target that does not exist."""
    for entry in REFUSED:
        assert entry["why"] and set(entry.get("targets", TARGETS)) <= set(TARGETS)
        for pattern in entry["cases"]:
            assert any(fnmatch(name, pattern) for name in NAMES), pattern


def test_noise_names_cases() -> None:
    assert set(NOISE) <= set(NAMES)


def test_names_are_distinct() -> None:
    assert len(NAMES) == len(set(NAMES)) == 1071
