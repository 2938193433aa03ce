"""Arithmetic on intervals of integers: between which numbers the result of an op of arith lies.

    RULES["arith.muli"]((-2, 3), (0, 7))      # (-14, 21)

A result is what the op gives on integers of any size; who asks sees whether it fits the type.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import product

Range = tuple[int, int]
"""The least and the largest number."""
Rule = Callable[[Range, Range], Range]

INT32: Range = (-(1 << 31), (1 << 31) - 1)
ANYTHING: Range = (-(1 << 63), (1 << 64) - 1)
"""All that 64 bits hold, with a sign or without."""


def hull(a: Range | None, b: Range) -> Range:
    """The least interval that holds both; None holds nothing."""
    return b if a is None else (min(a[0], b[0]), max(a[1], b[1]))


def within(a: Range, limits: Range) -> bool:
    return limits[0] <= a[0] and a[1] <= limits[1]


def times(steps: int, a: Range) -> Range:
    """The sum of as many numbers of `a`, or of fewer."""
    return steps * min(a[0], 0), steps * max(a[1], 0)


def corners(compute: Callable[[int, int], int]) -> Rule:
    """The interval of a function that has its extremes at the ends of its arguments' intervals."""

    def rule(a: Range, b: Range) -> Range:
        found = [compute(x, y) for x, y in product(a, b)]
        return min(found), max(found)

    return rule


def truncated(x: int, y: int) -> int:
    """x / y, rounded towards zero."""
    return abs(x) // abs(y) * (1 if (x < 0) == (y < 0) else -1)


def quotient(a: Range, b: Range) -> Range:
    """Nothing is divided by 0; 1 and -1 leave the largest."""
    if b[0] <= 0 <= b[1]:
        size = max(map(abs, a))
        return -size, size
    return corners(truncated)(a, b)


def floored(a: Range, b: Range) -> Range:
    low, high = quotient(a, b)
    return low - 1, high


def remainder(a: Range, b: Range) -> Range:
    """It has the sign of the dividend, and is smaller than the divisor."""
    size = max(max(map(abs, b)) - 1, 0)
    return max(min(a[0], 0), -size), min(max(a[1], 0), size)


def bitwise(a: Range, b: Range) -> Range:
    """Bit by bit: a result takes no more bits than the numbers."""
    size = max(max(n, ~n) for n in (*a, *b)).bit_length()
    return (0 if min(a[0], b[0]) >= 0 else -(1 << size)), (1 << size) - 1


def masked(a: Range, b: Range) -> Range:
    """Both bits: no more than either, where that has no sign."""
    limits = [high for low, high in (a, b) if low >= 0]
    return (0, min(limits)) if limits else bitwise(a, b)


def unsigned(rule: Rule) -> Rule:
    """Numbers of 0 and more are the same without a sign."""
    return lambda a, b: rule(a, b) if min(a[0], b[0]) >= 0 else ANYTHING


LARGER, SMALLER = corners(max), corners(min)
RULES: Mapping[str, Rule] = {
    "arith.addi": lambda a, b: (a[0] + b[0], a[1] + b[1]),
    "arith.subi": lambda a, b: (a[0] - b[1], a[1] - b[0]),
    "arith.muli": corners(lambda x, y: x * y),
    "arith.divsi": quotient,
    "arith.floordivsi": floored,
    "arith.remsi": remainder,
    "arith.maxsi": LARGER,
    "arith.minsi": SMALLER,
    "arith.divui": unsigned(quotient),
    "arith.remui": unsigned(remainder),
    "arith.maxui": unsigned(LARGER),
    "arith.minui": unsigned(SMALLER),
    "arith.andi": masked,
    "arith.ori": bitwise,
    "arith.xori": bitwise,
}
