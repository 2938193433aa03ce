"""Boxes of elements: what of a tensor is written, and what is left.

    whole = ((0, 4), (0, 6)),  hole = ((1, 3), (2, 5))

    around(whole, [hole])      . . . . . .      ((0, 1), (0, 6)), ((3, 4), (0, 6)),
                               . . x x x .      ((1, 3), (0, 2)), ((1, 3), (5, 6))
                               . . x x x .
                               . . . . . .

A tensor may be put together from thousands of parts. They are gone through along the axis on which they begin at most
places, and each meets only those that reach as far there: one after the other in a concatenation, a row in a grid.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

Box = tuple[tuple[int, int], ...]
"""(first, behind the last) of each dimension."""


def disjoint(a: Box, b: Box) -> bool:
    return any(first >= behind or other >= end for (first, end), (other, behind) in zip(a, b, strict=True))


def overlapping(boxes: Sequence[Box]) -> set[int]:
    """Which of the boxes have elements in common with another, by number."""
    if not boxes or not boxes[0]:
        return set(range(len(boxes))) if len(boxes) > 1 else set()  # of rank 0: one element
    axis = _longest_axis(boxes)
    found, reaching = set[int](), list[int]()
    for n in sorted(range(len(boxes)), key=lambda n: boxes[n][axis]):
        reaching = [m for m in reaching if boxes[m][axis][1] > boxes[n][axis][0]]
        met = [m for m in reaching if not disjoint(boxes[m], boxes[n])]
        found.update((n, *met) if met else ())
        reaching.append(n)
    return found


def around(whole: Box, holes: Sequence[Box]) -> list[Box]:
    """Boxes that cover what of `whole` is in none of the holes, each element once; whole rows where that can be."""
    if not whole:
        return [] if holes else [whole]
    axis = _longest_axis(holes)
    done, boxes = list[Box](), [whole]
    for hole in sorted(holes, key=lambda hole: hole[axis][0]):
        done += [box for box in boxes if box[axis][1] <= hole[axis][0]]  # no later hole begins before it ends
        boxes = [part for box in boxes if box[axis][1] > hole[axis][0] for part in _without(box, hole)]
    return done + boxes


def _longest_axis(boxes: Sequence[Box]) -> int:
    """The dimension in which the boxes begin at most places."""
    places = [len({first for first, _ in dim}) for dim in zip(*boxes, strict=True)]
    return places.index(max(places)) if places else 0


def _without(box: Box, hole: Box) -> Iterator[Box]:
    if disjoint(box, hole):
        yield box
        return
    for d, ((first, end), (start, behind)) in enumerate(zip(box, hole, strict=True)):
        if first < start:
            yield (*box[:d], (first, start), *box[d + 1 :])
        if behind < end:
            yield (*box[:d], (behind, end), *box[d + 1 :])
        box = (*box[:d], (max(first, start), min(end, behind)), *box[d + 1 :])
