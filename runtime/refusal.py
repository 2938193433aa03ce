"""What a driver says of a kernel that it refuses, with the line that it means, and what the line was made of.

    error: the device refused kernels.cl: use of undeclared identifier 'y'
      in line 12, of node 'scores':  const float v = y[id] * 0.125f;

A comment above a line names the node it came from, or the kernel's nodes at its head; of what has no comments (PTX) the
manifest's `kernels` says what each was made of.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from .device import DeviceError

LINES = (
    re.compile(r"error: (?P<what>.*)\n.*wgsl:(?P<line>\d+):\d+"),  # naga
    re.compile(r"\b0:(?P<line>\d+)\(\d+\): *(?:error: *)?(?P<what>.*)"),  # Mesa
    re.compile(r"\b0\((?P<line>\d+)\) *: *(?P<what>.*)"),  # NVIDIA's compiler of GLSL
    re.compile(r":(?P<line>\d+):\d+: *(?:fatal )?error: *(?P<what>.*)"),  # clang, in most drivers of OpenCL
    re.compile(r"error: \S+?:(?P<line>\d+):\d+: *(?P<what>.*)"),  # PoCL
    re.compile(r"line (?P<line>\d+); (?:error *:? *)?(?P<what>.*)"),  # ptxas
)
"""How drivers say which line they mean."""
NODE = re.compile(r"^\s*// (node .*)$")
HEAD = re.compile(r"^// [\w.$-]+: (.*)$")
ENTRY = re.compile(r"\.entry\s+([\w$]+)")


def refused(name: str, source: str, said: str, kernels: Mapping[str, str]) -> DeviceError:
    """The error of a driver that `said` something about the file `name`. `kernels`: what each kernel was made of."""
    fix = "this is a fault of Stepwell's or of the driver: report it with the model, and try another target"
    made_of = kernels.get(name.rpartition(".")[0])
    lines = source.splitlines()
    for form in LINES:
        found = form.search(said)
        if found is not None and 0 < int(found["line"]) <= len(lines):
            number = int(found["line"])
            node = origin(lines, number, kernels) or made_of or "no node of the model"
            place = f"in line {number}, of {node}:  {lines[number - 1].strip()}"
            return DeviceError(f"the device refused {name}: {found['what'].strip()}\n  {place}\n{said.strip()}", fix)
    return DeviceError(f"the device refused {name}, of {made_of or 'the model'}: {said.strip()}", fix)


def origin(lines: list[str], number: int, kernels: Mapping[str, str]) -> str | None:
    """What of the model line `number` came from, counted from 1; None for what stands before any kernel."""
    for line in reversed(lines[:number]):
        if (found := NODE.match(line) or HEAD.match(line)) is not None:
            return found[1]
        if (found := ENTRY.search(line)) is not None:
            return kernels.get(found[1])
    return None
