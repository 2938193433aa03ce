"""Which boxes overlap, and what they leave of the whole: held to counting elements."""

from __future__ import annotations

import numpy as np
import pytest
from stepwell.passes.linalg_to_loops.boxes import Box, around, overlapping


def counted(whole: Box, boxes: list[Box]) -> np.ndarray:
    """How many of the boxes each element of the whole is in."""
    counts = np.zeros([end for _, end in whole], int)
    for box in boxes:
        counts[tuple(slice(*dim) for dim in box)] += 1
    return counts


def drawn(rng: np.random.Generator, whole: Box, count: int) -> list[Box]:
    """So many boxes that are not empty."""
    boxes = list[Box]()
    for _ in range(count):
        firsts = [int(rng.integers(end)) for _, end in whole]
        boxes.append(tuple((f, int(rng.integers(f, end)) + 1) for f, (_, end) in zip(firsts, whole, strict=True)))
    return boxes


@pytest.mark.parametrize("seed", range(60))
def test_against_counting(seed: int) -> None:
    rng = np.random.default_rng(seed)
    whole = tuple((0, int(rng.integers(1, 9))) for _ in range(seed % 4))
    boxes = drawn(rng, whole, seed % 7)
    counts = counted(whole, boxes)
    crowded = {n for n, box in enumerate(boxes) if counts[tuple(slice(*dim) for dim in box)].max() > 1}
    assert overlapping(boxes) == crowded
    np.testing.assert_array_equal(counted(whole, around(whole, boxes)), counts == 0)


def test_thousands_in_a_row_leave_one_box_behind_each() -> None:
    holes = [((0, 3), (5 * n, 5 * n + 4)) for n in range(2000)]
    assert not overlapping(holes)
    assert sorted(around(((0, 3), (0, 10_000)), holes)) == [((0, 3), (5 * n + 4, 5 * n + 5)) for n in range(2000)]
