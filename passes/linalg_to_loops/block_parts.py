"""What the loops of a nest become on a GPU: parts."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Part:
    """One of the loops that loop `dim` of a nest became: `count` iterations, each `step` of that loop's apart."""

    dim: int
    step: int
    count: int

    @property
    def reach(self) -> int:
        """How far the last iteration is from the first."""
        return self.step * (self.count - 1)
