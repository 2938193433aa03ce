"""How much arithmetic an op is: what `stepwell check` counts, and what a dialect's ops say of themselves.

A multiply-accumulate (MAC) is one multiplication whose product is added to a sum, the unit of convolutions and matrix
products; it is two FLOPs. Other arithmetic on an element is one FLOP, be it an addition or an exponential.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable


@dataclass(frozen=True)
class Work:
    macs: int = 0
    others: int = 0
    """FLOPs that are no part of a MAC."""

    @property
    def flops(self) -> int:
        return 2 * self.macs + self.others

    def __add__(self, more: Work) -> Work:
        return Work(self.macs + more.macs, self.others + more.others)

    def times(self, count: int) -> Work:
        return Work(self.macs * count, self.others * count)


@runtime_checkable
class Counted(Protocol):
    """An op that knows how much work it is, once its shapes are static."""

    def work(self) -> Work: ...


@runtime_checkable
class Repeated(Protocol):
    """An op that runs what it holds several times. `trip_count`: how many, None where that is known only when run."""

    @property
    def trip_count(self) -> int | None: ...
