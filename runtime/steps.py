"""Runs the program of the host, as a manifest has it: launches, and control flow around them.

    steps = Steps(manifest["launches"], bind)       # bind(launch): a function of the launch's numbers
    steps.run(inputs, read)                         # read(part, n, dtype): its number n, once all launches are done

    {"kernel": "scale", "numbers": [4, "v0"], ...}
    {"for": "v0", "from": 0, "to": "v7", "step": 1, "do": [...]}
    {"if": "v1", "then": [...], "else": [...]}
    {"while": "v2", "test": [...], "do": [...]}     # the test gives v2
    {"read": "v3", "at": 3, "dtype": "int64", "buffer": {"of": "arena", "offset": 4096, "bytes": 64}}
    {"let": "v4", "be": "addi", "of": ["v3", 4], "bits": 64}
    {"set": {"v5": "v4", "v6": "v3"}}               # all at once

A number is known, or called by its name. Numbers are whole, with a sign, and as wide as `bits` says; of 1 bit: 0 or 1.
Launches that no `read` comes between can be handed to the device together; what is read of an input needs no device.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from .device import Array, DeviceError

Step = Mapping[str, Any]
Launch = Callable[[Sequence[int]], None]
Read = Callable[[Step, int, "np.dtype[Any]"], int]
"""A number from the device: of which part of a buffer, which of its numbers, of which type."""

LIMITS = np.iinfo(np.int32)


def divided(a: int, b: int) -> int:
    """Towards 0."""
    return abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)


OPERATIONS: dict[str, Callable[..., int]] = {
    "addi": lambda a, b: a + b,
    "subi": lambda a, b: a - b,
    "muli": lambda a, b: a * b,
    "divsi": divided,
    "remsi": lambda a, b: a - b * divided(a, b),
    "floordivsi": lambda a, b: a // b,
    "maxsi": max,
    "minsi": min,
    "andi": lambda a, b: a & b,
    "ori": lambda a, b: a | b,
    "xori": lambda a, b: a ^ b,
    "select": lambda c, a, b: a if c else b,
    "index_cast": lambda a: a,
    "extsi": lambda a: a,
    "trunci": lambda a: a,
    "eq": lambda a, b: a == b,
    "ne": lambda a, b: a != b,
    "slt": lambda a, b: a < b,
    "sle": lambda a, b: a <= b,
    "sgt": lambda a, b: a > b,
    "sge": lambda a, b: a >= b,
}
UNSIGNED: dict[str, Callable[..., int]] = {
    "extui": lambda a: a,
    "ult": lambda a, b: a < b,
    "ule": lambda a, b: a <= b,
    "ugt": lambda a, b: a > b,
    "uge": lambda a, b: a >= b,
}
"""Of operands that `bits` wide have no sign."""


def wrapped(number: int, bits: int) -> int:
    """What `bits` bits keep of a number."""
    number &= (1 << bits) - 1
    return number - (1 << bits) if bits > 1 and number >> (bits - 1) else number


def computed(step: Step, numbers: Sequence[int]) -> int:
    word, bits = step["be"], step["bits"]
    if word in UNSIGNED:
        return int(UNSIGNED[word](*(number & ((1 << bits) - 1) for number in numbers)))
    return wrapped(int(OPERATIONS[word](*numbers)), bits)


def launches_of(steps: Sequence[Step]) -> Iterator[Step]:
    """The launches among steps, those in loops and branches too."""
    for step in steps:
        if "kernel" in step:
            yield step
        for inner in ("test", "do", "then", "else"):
            yield from launches_of(step.get(inner, ()))


class Steps:
    """A program of the host; its launches bound to what runs them."""

    def __init__(self, steps: Sequence[Step], bind: Callable[[Step], Launch]):
        self._steps = steps
        self._launches = {id(step): bind(step) for step in launches_of(steps)}

    def run(self, inputs: Sequence[Array], read: Read) -> None:
        """`inputs`: as the device has them, in order."""
        self._run(self._steps, {}, inputs, read)

    def _run(self, steps: Sequence[Step], known: dict[str, int], inputs: Sequence[Array], read: Read) -> None:
        def number(given: int | str) -> int:
            return known[given] if isinstance(given, str) else given

        def run(steps: Sequence[Step]) -> None:
            self._run(steps, known, inputs, read)

        for step in steps:
            match step:
                case {"kernel": kernel, "numbers": given}:
                    numbers = [number(n) for n in given]
                    if any(not LIMITS.min <= n <= LIMITS.max for n in numbers):
                        raise DeviceError(f"kernel {kernel} is handed the numbers {numbers}, which do not fit 32 bits")
                    self._launches[id(step)](numbers)
                case {"for": name, "from": first, "to": end, "step": by, "do": body}:
                    for known[name] in range(number(first), number(end), number(by)):
                        run(body)
                case {"if": condition, "then": then, "else": otherwise}:
                    run(then if number(condition) else otherwise)
                case {"while": condition, "test": test, "do": body}:
                    run(test)
                    while number(condition):
                        run(body)
                        run(test)
                case {"read": name, "at": at, "dtype": dtype, "buffer": part}:
                    side, _, n = part["of"].partition(" ")
                    if side == "input":
                        known[name] = int(inputs[int(n)].reshape(-1)[number(at)])
                    else:
                        known[name] = read(part, number(at), np.dtype(dtype))
                case {"let": name, "of": given}:
                    known[name] = computed(step, [number(n) for n in given])
                case {"set": new}:
                    known |= {name: number(n) for name, n in new.items()}
                case _:
                    raise DeviceError(f"the program of the host has a step that is not known: {sorted(step)}")
