"""Permutations of dims: how operands, axes and shapes look on the other side of a transpose.

For `y = transpose(x, perm)` dim i of y is dim perm[i] of x. An op on y becomes an op on x followed by the transpose:
what the op says of dim i of y, it says of dim perm[i] of x.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from stepwell.dialects.graph.types import Shape

Perm = tuple[int, ...]
T = TypeVar("T")


def channels_last_perm(rank: int) -> Perm:
    """[N, C, spatial...] to [N, spatial..., C]."""
    return (0, *range(2, rank), 1)


def inverse(perm: Perm) -> Perm:
    return tuple(perm.index(axis) for axis in range(len(perm)))


def permuted(values: Sequence[T], perm: Perm) -> tuple[T, ...]:
    """One value a dim of x, as they stand on transpose(x, perm)."""
    return tuple(values[axis] for axis in perm)


def moves_only_ones(shape: Shape, perm: Perm) -> bool:
    """Whether transposing a tensor of `shape` leaves its elements where they are."""
    moved = [axis for axis in perm if shape[axis] != 1]
    return moved == sorted(moved)


def widened(perm: Perm, rank: int) -> Perm:
    """The permutation of the last dims of a tensor of a greater rank."""
    extra = rank - len(perm)
    return (*range(extra), *(extra + axis for axis in perm))
