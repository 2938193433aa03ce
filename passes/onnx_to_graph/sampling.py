"""Read a tensor at places between its elements: what GridSample, RoiAlign and DeformConv have in common.

Along each dim a place has a few *taps*, elements around it with a weight each. The value is the sum over all ways to
take one tap a dim, of the weights' product times the element there:

    %low = graph.floor %y                                     // taps %low and %low + 1; weights 1 - t and t = %y - %low
    %place = clamp(%low, 0, height - 1) * width + ...          // integers, never outside
    %corner = graph.gather_elements %x, %place {axis = 2}
    %sum = graph.add ..., (graph.mul %corner, %weight)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import product

from stepwell.dialects import graph
from xdsl.dialects.builtin import i32, i64
from xdsl.ir import SSAValue

from .emitter import Emitter

Pick = Callable[[SSAValue], SSAValue]
"""The elements at places, which are counted through all dims that are sampled."""

KEYS = -0.75
"""The parameter of Keys' cubic convolution, as PyTorch and ONNX have it."""


@dataclass(frozen=True)
class Tap:
    """An element beside a place: where along its dim (a whole number in a float, maybe outside), and how much of it."""

    place: SSAValue
    weight: SSAValue | None = None


def pixels_of(emit: Emitter, pixels: SSAValue) -> Pick:
    """Elements of `pixels` [N, C, all dims as one] at places [N, 1, P]."""
    return lambda index: emit(graph.GatherElementsOp(pixels, index, axis=2))


def linear_taps(emit: Emitter, place: SSAValue) -> list[Tap]:
    low = emit(graph.FloorOp(place))
    t = emit.sub(place, low)
    return [Tap(low, emit.sub(1.0, t)), Tap(emit.add(low, 1.0), t)]


def cubic_taps(emit: Emitter, place: SSAValue) -> list[Tap]:
    """Keys' cubic convolution (1981): elements at distances 1 + t, t, 1 - t and 2 - t."""
    low = emit(graph.FloorOp(place))
    t = emit.sub(place, low)
    rest = emit.sub(1.0, t)

    def inner(d: SSAValue) -> SSAValue:
        bend = emit.sub(emit.mul(d, KEYS + 2), KEYS + 3)
        return emit.add(emit.mul(emit.mul(bend, d), d), 1.0)

    def outer(d: SSAValue) -> SSAValue:
        """Of 1 + d."""
        d = emit.add(d, 1.0)
        bend = emit.add(emit.mul(emit.sub(emit.mul(d, KEYS), 5 * KEYS), d), 8 * KEYS)
        return emit.sub(emit.mul(bend, d), 4 * KEYS)

    weights = (outer(t), inner(t), inner(rest), outer(rest))
    return [Tap(emit.add(low, float(number - 1)), weight) for number, weight in enumerate(weights)]


def interpolated(
    emit: Emitter, pick: Pick, dims: Sequence[int], taps: Sequence[Sequence[Tap]], *, zeros: bool, kind: str = "add"
) -> SSAValue:
    """The values at the places that `taps`, of each of `dims`, lie around. Outside is 0 (`zeros`), or the nearest.

    `kind`: `max` takes the greatest weighted element in the place of their sum."""
    index_type = i32 if reduce(int.__mul__, dims, 1) < 1 << 31 else i64
    placed: list[list[tuple[SSAValue, SSAValue | None, SSAValue | None]]] = []
    for own, size in zip(taps, dims, strict=True):
        row: list[tuple[SSAValue, SSAValue | None, SSAValue | None]] = []
        for tap in own:
            inside = (
                both(emit, emit.compare("ge", tap.place, 0), emit.compare("lt", tap.place, size)) if zeros else None
            )
            row.append((emit.cast(emit.clamp(tap.place, 0, size - 1), index_type), tap.weight, inside))
        placed.append(row)
    total: SSAValue | None = None
    for corner in product(*placed):
        index, weight, inside = corner[0]
        for (more, factor, on), size in zip(corner[1:], dims[1:], strict=True):
            index = emit.add(emit.mul(index, size), more)
            weight = factor if weight is None or factor is None else emit.mul(weight, factor)
            inside = on if inside is None or on is None else both(emit, inside, on)
        value = pick(index)
        value = value if inside is None else emit.select(inside, value, 0)
        value = value if weight is None else emit.mul(value, weight)
        if total is None:
            total = value
        else:
            total = emit.add(total, value) if kind == "add" else emit.maximum(total, value)
    assert total is not None
    return total


def both(emit: Emitter, a: SSAValue, b: SSAValue) -> SSAValue:
    return emit(graph.AndOp(a, b))
