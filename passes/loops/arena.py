"""Give buffers offsets in one block of memory, so that no two that live at the same time overlap.

    time    0   1   2   3              offset 0       64      128
    a (64)  xxxxx                             [a      ][b      ]
    b (64)      xxxxx                         [c      ]
    c (64)          xxxxx              total 128; at most two live at once, so no plan can do with less

Greedy by size: the largest first, each at the lowest offset where it fits between those already placed whose lives
overlap its own (Pisarchyk and Lee, "Efficient memory management for deep neural net inference", arXiv 2001.03288,
section 5.2). On their networks it comes within a few percent of the lower bound.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

ALIGNMENT = 64
"""Bytes: a cache line, and the widest vector of AVX-512."""


@dataclass(frozen=True)
class Lifetime:
    """A buffer of `size` bytes that must keep its contents from step `first` to step `last`, both included."""

    size: int
    first: int
    last: int

    def overlaps(self, other: Lifetime) -> bool:
        return self.first <= other.last and other.first <= self.last


def align(size: int) -> int:
    return -(-size // ALIGNMENT) * ALIGNMENT


def place(buffers: Sequence[Lifetime]) -> tuple[list[int], int]:
    """(the offset of each buffer, the size of the whole)."""
    offsets = [0] * len(buffers)
    placed: list[int] = []
    for n in sorted(range(len(buffers)), key=lambda n: (-buffers[n].size, buffers[n].first)):
        offset = 0
        for other in placed:  # by offset
            if offset + align(buffers[n].size) <= offsets[other]:
                break
            if buffers[n].overlaps(buffers[other]):
                offset = max(offset, offsets[other] + align(buffers[other].size))
        offsets[n] = offset
        placed.append(n)
        placed.sort(key=offsets.__getitem__)
    return offsets, max((offset + align(b.size) for offset, b in zip(offsets, buffers, strict=True)), default=0)


def lower_bound(buffers: Sequence[Lifetime]) -> int:
    """The most bytes alive at any one step."""
    if not buffers:
        return 0
    change = [0] * (max(buffer.last for buffer in buffers) + 2)
    for buffer in buffers:
        change[buffer.first] += align(buffer.size)
        change[buffer.last + 1] -= align(buffer.size)
    return max(accumulate(change))
