"""The mainstream ONNX node tests on devices: each gives the right numbers, or is refused in words.

A wrong answer, a traceback, a crash or a kernel that the driver refuses fails. So does a rate below `LEAST` of the
tests that pass on native and use only types that the device has (`device_nodes.py`). The rates are printed at the end,
and why tests are refused.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from device_nodes import TESTED, is_asked
from node_lists import NAMES, NOISE
from onnx_nodes import Verdict, node_tests
from requirements import require, require_device

LEAST = 0.9


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("target", TESTED)
def test_node(target: str, name: str, verdicts: Callable[[str, str], Verdict]) -> None:
    require(name in node_tests(), f"a newer onnx package, with {name}")
    require_device(target)
    got = verdicts(target, name)
    assert got.kind in ("passed", "refused") or name in NOISE, f"{got.kind}: {got.said}"


@pytest.mark.parametrize("target", TESTED)
def test_rate(target: str, verdicts: Callable[[str, str], Verdict]) -> None:
    require_device(target)
    asked = [name for name in NAMES if is_asked(target, name)]
    passed = sum(verdicts(target, name).kind == "passed" for name in asked)
    assert passed >= LEAST * len(asked), f"{passed} of {len(asked)}"
