"""ONNX's node tests on devices: which of them a device has the types for, what was refused and why, and a program that
runs some of them.

    python -m device_nodes spirv 'test_reduce_*'      # name, verdict and what was said, by tabs; the counts at the end

A test uses the types that a device has where each input, output and constant of the model has one of the dtypes that
`targets/gpu/device.py` lists: `types`, or `as_int32`, if its numbers fit that, in which they are handed over.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from fnmatch import fnmatch
from typing import Any

import numpy as np
from node_lists import NAMES, NOISE, reason
from onnx import numpy_helper
from onnx_nodes import Array, Verdict, case, node_tests
from stepwell.targets.gpu.device import DeviceDescription, device
from workers import Died, Workers

DEVICES = {"wgsl": "webgpu", "spirv": "vulkan", "opencl": "opencl", "glsl": "opengl"}
"""A target → the device of its kernels."""
TESTED = ("wgsl", "spirv", "opencl")
"""Those that run all tests each time."""


def arrays_of(name: str) -> Iterator[Array]:
    """All numbers of a test: what goes in, what must come out, constants."""
    test = node_tests()[name]
    for given in (array for data in test.data_sets for side in data for array in side):
        yield np.asarray(given)
    for node in test.model.graph.node:
        for attribute in node.attribute:
            if attribute.HasField("t"):
                yield numpy_helper.to_array(attribute.t)
    for tensor in test.model.graph.initializer:
        yield numpy_helper.to_array(tensor)


def has_types(described: DeviceDescription, name: str) -> bool:
    """Whether the test uses types of the device only."""
    return all(
        str(array.dtype) in described.types or (str(array.dtype) in described.as_int32 and fits(array))
        for array in arrays_of(name)
    )


def fits(array: Array) -> bool:
    limits = np.iinfo(np.int32)
    return not array.size or (limits.min <= array.min() and array.max() <= limits.max)


def is_asked(target: str, name: str) -> bool:
    """Whether a test passes on native and uses types of the target's device only."""
    native = reason("native", name) is None and name not in NOISE
    return native and name in node_tests() and has_types(device(DEVICES[target]), name)


def summary(target: str, verdicts: Mapping[str, Verdict]) -> list[str]:
    """Lines for a person: what was refused and why, and the rate."""
    lines = [
        f"{target:7}{len(names):4} refused: {why}: {', '.join(names[:4])}{', ...' if len(names) > 4 else ''}"
        for why, names in reasons(verdicts).items()
    ]
    asked = [name for name in verdicts if is_asked(target, name)]
    passed = sum(verdicts[name].kind == "passed" for name in asked)
    whole = sum(verdict.kind == "passed" for verdict in verdicts.values())
    return [
        *lines,
        f"{passed} of {len(asked)} ONNX node tests that native passes and {DEVICES[target]} has the types of pass "
        f"({target}): {passed / max(len(asked), 1):.1%}; {whole} of all {len(verdicts)}",
    ]


def reasons(verdicts: Mapping[str, Verdict]) -> dict[str, list[str]]:
    """Why tests were refused, and which: the reason of most tests first."""
    found: dict[str, list[str]] = defaultdict(list)
    for name, verdict in verdicts.items():
        if verdict.kind == "refused":
            found[said_of(verdict)].append(name)
    return dict(sorted(found.items(), key=lambda item: -len(item[1])))


def said_of(verdict: Verdict) -> str:
    """What was said, without what is of this case alone."""
    text = " ".join(verdict.said.removeprefix("error: ").split()).partition(" at node")[0]
    return re.sub(r"\b\d+ (?=buffers;|bytes;)", "N ", re.sub(r"@\w+", "@kernel", text))


def main(target: str, pattern: str = "*") -> None:
    os.environ.setdefault("XDG_RUNTIME_DIR", tempfile.gettempdir())  # Mesa complains without
    counts: Counter[str] = Counter()
    names = [name for name in NAMES if fnmatch(name, pattern)]
    answers: Iterator[tuple[Any, Any]] = Workers("onnx_nodes:verdict").run(case(name, target) for name in names)
    for done, answer in answers:
        verdict = Verdict("broken", answer.how) if isinstance(answer, Died) else answer
        counts[verdict.kind] += 1
        note = "" if is_asked(target, done.name) else "(not asked for: its types) "
        print(done.name, verdict.kind, note + " ".join(verdict.said.split()), sep="\t", flush=True)
    print(", ".join(f"{count} {kind}" for kind, count in counts.most_common()), file=sys.stderr)


if __name__ == "__main__":
    main(*sys.argv[1:])
