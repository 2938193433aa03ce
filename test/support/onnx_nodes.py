"""ONNX's own tests of its operators, one node or a few each: run as strictly as they are meant.

A case passes where every output has the case's dtype and shape and lies within the case's own tolerance; integers and
bools must be equal. Cases that are random by nature (`RANDOM`) have no numbers to be equal to: what must hold of them
is said there.
"""

from __future__ import annotations

import functools
import os
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatch
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True)
class Case:
    """A test as it travels to a worker: the model, the inputs and outputs of each of its data sets, by name."""

    name: str
    target: str
    model: bytes
    data: tuple[tuple[dict[str, Array], dict[str, Array]], ...]
    rtol: float
    atol: float


@dataclass(frozen=True)
class Verdict:
    """`kind`: passed, refused (a clear error), wrong (numbers, dtype or shape), or broken (anything else)."""

    kind: str
    said: str = ""


@functools.cache
def node_tests() -> dict[str, Any]:
    """All node tests of the onnx package that is installed, by name. Takes some seconds: each computes its numbers."""
    from onnx.backend.test.case.node import collect_testcases

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return {case.name: case for case in collect_testcases(None)}


def case(name: str, target: str) -> Case:
    test = node_tests()[name]
    graph = test.model.graph
    data = tuple(
        (
            {info.name: np.asarray(array) for info, array in zip(graph.input, inputs, strict=False)},
            {info.name: np.asarray(array) for info, array in zip(graph.output, outputs, strict=True)},
        )
        for inputs, outputs in test.data_sets
    )
    return Case(name, target, test.model.SerializeToString(), data, test.rtol, test.atol)


def verdict(case: Case) -> Verdict:
    """Compile, run and judge one case, in this process, which is a worker's."""
    os.environ["STEPWELL_CACHE"] = "off"
    import stepwell
    from stepwell.diagnostics import InternalError, StepwellError

    check = next((check for pattern, check in RANDOM.items() if fnmatch(case.name, pattern)), None)
    try:
        program = stepwell.compile(case.model, case.target, threads=1)
        for feeds, want in case.data:
            have = program.run(feeds)
            for name, array in want.items():
                if difference := differs(have[name], array, case, numbers=check is None):
                    return Verdict("wrong", f"{name}: {difference}")
            if check is not None and (fault := check(list(feeds.values()), list(have.values()))) is not None:
                return Verdict("wrong", fault)
    except InternalError as error:
        return Verdict("broken", str(error))
    except StepwellError as error:
        # what a driver refuses has been compiled: kernels that are wrong
        return Verdict("broken" if isinstance(error.__cause__, RuntimeError) else "refused", str(error))
    except Exception as error:
        return Verdict("broken", f"{type(error).__name__}: {error}")
    return Verdict("passed")


def differs(have: Array, want: Array, case: Case, numbers: bool = True) -> str | None:
    """In what way `have` isn't the case's output `want`."""
    if (have.dtype, have.shape) != (want.dtype, want.shape):
        return f"is {have.dtype}{list(have.shape)}, must be {want.dtype}{list(want.shape)}"
    if not numbers:
        return None
    try:
        if want.dtype.kind == "f":
            wide = (have.astype(np.float64), want.astype(np.float64))
            np.testing.assert_allclose(*wide, rtol=case.rtol, atol=case.atol, equal_nan=True)
        else:
            np.testing.assert_array_equal(have, want)
    except AssertionError as error:
        return " ".join(str(error).split())
    return None


def is_bernoulli(inputs: list[Array], outputs: list[Array]) -> str | None:
    """Only zeros and ones; one for sure where the probability is 1, zero where it is 0."""
    (p,), (y,) = inputs, outputs
    good = np.isin(y, (0, 1)).all() and (y[p == 1] == 1).all() and (y[p == 0] == 0).all()
    return None if good else "not zeros and ones"


def is_dropped(inputs: list[Array], outputs: list[Array]) -> str | None:
    """Each element is zero or x / (1 - ratio), as the mask says; about `ratio` of them are zero."""
    x, ratio = inputs[0], float(inputs[1]) if len(inputs) > 1 else 0.5
    y = outputs[0]
    mask = outputs[1] if len(outputs) > 1 else y != 0
    if not np.allclose(y, np.where(mask, x / (1 - ratio), 0), rtol=1e-6):
        return "neither zero nor x / (1 - ratio)"
    spread = 5 * np.sqrt(ratio * (1 - ratio) / x.size)
    return None if abs((~mask).mean() - ratio) <= spread else f"{(~mask).mean():.2f} are dropped, not {ratio}"


RANDOM: dict[str, Callable[[list[Array], list[Array]], str | None]] = {
    "test_bernoulli*": is_bernoulli,
    "test_training_dropout*": is_dropped,
}
"""What must hold of the outputs of cases whose numbers are drawn: ONNX names a distribution, not a generator."""
