"""Resizing: each output element is a weighted sum of a few input elements a dim, which and how much worked out here.

ONNX says where in x an output element lies (`coordinate`), and the mode which elements around that place count (the
nearest; two; four). Since shapes are static that is a table of indices and weights a dim, made while compiling:

    nearest, twice the size:   out[2 * i + r] = x[i]                                       no table: (i, r) -> i
    linear, twice the size:    out[2 * i + r] = sum over k of w[r, k] * padded[i + k]      a table of 2 x 3 weights
    linear, 7 elements to 5:   out[o] = sum over k of w[o, k] * x[index[o, k]]             tables of 5 x 2

The first two are loops that any convolution has; only the third must look its indices up (`tensor.extract`).
The coordinates are computed in float32, as ONNX Runtime does: where a place falls between two elements decides.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import cast

import numpy as np
from stepwell.diagnostics import StepwellError
from stepwell.dialects import graph
from stepwell.weights import Array
from xdsl.dialects import arith
from xdsl.dialects.builtin import AnyFloat, IndexType
from xdsl.dialects.tensor import ExtractOp
from xdsl.ir import SSAValue
from xdsl.ir.affine import AffineExpr

from .elementwise import identity
from .lowering import Body, Loops, Lowering, Rules, Tensor, compute_type, element_of, shape_of, signless
from .views import edge_pad, reshape

f = np.float32


WHOLE = 1e-3
"""How far scale * size may be from the size it stands for: scales are rounded to float32."""


def half_pixel(o: Array, scale: np.float32, size: int, out: int) -> Array:
    return (o + f(0.5)) / scale - f(0.5)


def half_pixel_symmetric(o: Array, scale: np.float32, size: int, out: int) -> Array:
    """As half_pixel, but where scale * size is not whole the crop is shared by both ends."""
    adjustment = f(out) / (scale * f(size))
    return f(size) / f(2) * (f(1) - adjustment) + half_pixel(o, scale, size, out)


def pytorch_half_pixel(o: Array, scale: np.float32, size: int, out: int) -> Array:
    return half_pixel(o, scale, size, out) if out > 1 else np.zeros_like(o)


def align_corners(o: Array, scale: np.float32, size: int, out: int) -> Array:
    """The last of scale * size elements lies on the last of x, be that whole or, as in ONNX's own examples, not."""
    length = float(scale) * size
    last = f(out - 1) if abs(length - out) < WHOLE else f(length - 1)
    return o * f(size - 1) / last if out > 1 else np.zeros_like(o)


def asymmetric(o: Array, scale: np.float32, size: int, out: int) -> Array:
    return o / scale


def crop(o: Array, scale: np.float32, size: int, out: int, start: float, end: float) -> Array:
    """`out` places from `start` to `end`, of which 0 is the first element and 1 the last; one place lies between."""
    if out == 1:
        return np.full_like(o, (start + end) / 2 * (size - 1))
    return f(start * (size - 1)) + o * f((end - start) * (size - 1)) / f(out - 1)


COORDINATES: dict[str, Callable[[Array, np.float32, int, int], Array]] = {
    "half_pixel": half_pixel,
    "half_pixel_symmetric": half_pixel_symmetric,
    "pytorch_half_pixel": pytorch_half_pixel,
    "align_corners": align_corners,
    "asymmetric": asymmetric,
}

NEAREST: dict[str, Callable[[Array], Array]] = {
    "round_prefer_floor": lambda x: np.ceil(x - f(0.5)),
    "round_prefer_ceil": lambda x: np.floor(x + f(0.5)),
    "floor": np.floor,
    "ceil": np.ceil,
}


@dataclass(frozen=True)
class Taps:
    """What each of `out` elements along one dim is made of: `index` and `weight`, both [out, taps].

    An index outside of the dim means the element at that edge.
    """

    size: int
    index: Array
    weight: Array

    @property
    def out(self) -> int:
        return len(self.index)

    @property
    def clamped(self) -> Array:
        return np.clip(self.index, 0, self.size - 1)

    @property
    def picks(self) -> bool:
        """Each output element is one input element."""
        return self.index.shape[1] == 1

    @property
    def is_identity(self) -> bool:
        return self.out == self.size and bool(
            ((self.weight == 0) | ((self.weight == 1) & (self.clamped == np.arange(self.out)[:, None]))).all()
        )

    def repeats(self) -> int | None:
        """r, where output element o is input element o // r."""
        if not self.picks or self.out % self.size:
            return None
        r = self.out // self.size
        return r if np.array_equal(self.clamped[:, 0], np.arange(self.out) // r) else None

    def strided(self) -> tuple[int, int] | None:
        """(step, start), where output element o is input element o * step + start."""
        places = self.clamped[:, 0]
        step = int(places[1] - places[0]) if self.out > 1 else 0
        if not self.picks or not np.array_equal(places, np.arange(self.out) * step + places[0]):
            return None
        if step == 1 and places[0] == 0:  # a loop alone must run through the whole dim
            return None
        return step, int(places[0])

    def periodic(self) -> tuple[int, int, Array] | None:
        """(low, high, weights[r, k]), where output element i * r + j is the sum of weights[j, k] * x[i - low + k]."""
        if self.out % self.size or self.size == self.out:
            return None
        r = self.out // self.size
        own = self.index - np.arange(self.out)[:, None] // r
        low, high = max(0, -int(own.min())), max(0, int(own.max()))
        table = np.zeros((self.out, low + high + 1), self.weight.dtype)
        for tap in range(self.index.shape[1]):
            np.add.at(table, (np.arange(self.out), own[:, tap] + low), self.weight[:, tap])
        phases = table.reshape(self.size, r, -1)
        same = np.allclose(phases, phases[:1], rtol=0, atol=1e-5)  # float32 coordinates of large images differ a little
        return (low, high, phases[0]) if same and low + high < 2 * r + 4 else None


def taps_of(op: graph.ResizeOp, axis: int) -> Taps:
    """The table of one dim."""
    size, out, scale = shape_of(op.x)[axis], shape_of(op.result)[axis], f(op.scales[axis])
    if op.coordinate == "tf_crop_and_resize":
        coordinate = partial(crop, start=op.starts[axis], end=op.ends[axis])
    else:
        coordinate = COORDINATES[op.coordinate]
    places = coordinate(np.arange(out, dtype=f), scale, size, out)
    if op.mode == "nearest":
        index = NEAREST[op.nearest_mode](places).astype(np.int64)[:, None]
        return Taps(size, index, np.ones(index.shape, f))
    below = np.floor(places)
    t = (places - below).astype(f)
    reach = 1 if op.mode == "linear" else 2
    if op.antialias and scale < 1:
        near = np.arange(np.floor(-reach / scale) + 1, 1 - np.floor(-reach / scale), dtype=f)
        weight = curve(op, np.abs(near - t[:, None]) * scale)
        weight /= weight.sum(axis=1, keepdims=True)
    else:
        near = np.arange(1 - reach, 1 + reach, dtype=f)
        weight = curve(op, np.abs(near - t[:, None]))
    index = (below[:, None] + near).astype(np.int64)
    if op.exclude_outside:
        weight = np.where((index < 0) | (index >= size), f(0), weight)
        weight /= weight.sum(axis=1, keepdims=True)
    return Taps(size, index, weight.astype(f))


def curve(op: graph.ResizeOp, d: Array) -> Array:
    """The weight of an element at distance `d`: a triangle, or Keys' cubic convolution (1981)."""
    if op.mode == "linear":
        return np.maximum(1 - d, f(0))
    a = f(op.cubic_coeff_a)
    inner = ((a + 2) * d - (a + 3)) * d * d + 1
    outer = ((a * d - 5 * a) * d + 8 * a) * d - 4 * a
    return np.where(d <= 1, inner, np.where(d < 2, outer, f(0)))


def pick(at: Lowering, x: SSAValue, taps: Sequence[Taps]) -> SSAValue:
    """All dims that only pick elements, in one generic; repeated dims are two loops whose output is then merged."""
    parallel: dict[str, int] = {}
    for i, dim in enumerate(taps):
        repeats = dim.repeats()
        if repeats is None or repeats == 1:
            parallel[f"d{i}"] = dim.out
        else:
            parallel |= {f"d{i}": dim.size, f"r{i}": repeats}
    loops = Loops(parallel)
    element = cast(Tensor, x.type).element_type
    places: list[AffineExpr] = []
    lookups: dict[int, SSAValue] = {}
    for i, dim in enumerate(taps):
        if dim.repeats() is not None:
            places.append(loops[f"d{i}"])
        elif (strided := dim.strided()) is not None:
            places.append(loops[f"d{i}"] * strided[0] + strided[1])
        else:
            lookups[i] = at.table(dim.clamped[:, 0], "resize_index")
    if not lookups:
        y = at.generic(loops, [(x, loops.map(*places))], element, identity)
        return reshape(at, y, [dim.out for dim in taps])
    names = list(parallel)

    def body(b: Body, *found: SSAValue) -> SSAValue:
        tables = dict(zip(lookups, found, strict=True))
        where: list[SSAValue] = []
        for i, dim in enumerate(taps):
            if i in tables:
                where.append(b.emit(arith.IndexCastOp(tables[i], IndexType())))
                continue
            place = b.index(names.index(f"d{i}"))
            if dim.repeats() is None and (strided := dim.strided()) is not None:
                place = b.add(b.mul(place, b.position(strided[0])), b.position(strided[1]))
            where.append(place)
        return b.emit(ExtractOp(x, where, element))

    y = at.generic(loops, [(table, loops.map(f"d{i}")) for i, table in lookups.items()], element, body)
    return reshape(at, y, [dim.out for dim in taps])


def interpolate(at: Lowering, x: SSAValue, axis: int, taps: Taps) -> SSAValue:
    """Weighted sums along one dim of a float tensor; the others stay."""
    if (periodic := taps.periodic()) is not None:
        return interpolate_phases(at, x, axis, taps, *periodic)
    shape = shape_of(x)
    element = cast(Tensor, x.type).element_type
    loops = Loops(
        {f"d{i}": taps.out if i == axis else size for i, size in enumerate(shape)}, {"k": taps.index.shape[1]}
    )
    index, weight = at.table(taps.clamped, "resize_index"), at.table(weights_for(element, taps.weight), "resize_weight")

    def body(b: Body, place: SSAValue, weight: SSAValue, so_far: SSAValue) -> SSAValue:
        along = b.emit(arith.IndexCastOp(place, IndexType()))
        where = [along if i == axis else b.index(i) for i in range(len(shape))]
        return b.add(so_far, b.mul(weight, b.emit(ExtractOp(x, where, element))))

    table = loops.map(f"d{axis}", "k")
    return at.generic(loops, [(index, table), (weight, table)], element, body, init=0)


def interpolate_phases(
    at: Lowering, x: SSAValue, axis: int, taps: Taps, low: int, high: int, weights: Array
) -> SSAValue:
    """A whole number of output elements an input element: the same few weights for each of them."""
    shape = shape_of(x)
    element = cast(Tensor, x.type).element_type
    parallel: dict[str, int] = {}
    for i, size in enumerate(shape):
        parallel |= {f"d{i}": size, "r": len(weights)} if i == axis else {f"d{i}": size}
    loops = Loops(parallel, {"k": weights.shape[1]})
    padded = edge_pad(at, x, axis, low, high)
    reads = [loops[f"d{i}"] + loops["k"] if i == axis else loops[f"d{i}"] for i in range(len(shape))]
    inputs = [
        (padded, loops.map(*reads)),
        (at.table(weights_for(element, weights), "resize_weight"), loops.map("r", "k")),
    ]

    def body(b: Body, value: SSAValue, weight: SSAValue, *so_far: SSAValue) -> SSAValue:
        product = b.mul(value, weight)
        return b.add(so_far[0], product) if so_far else product

    y = at.generic(loops, inputs, element, body, init=0)
    return reshape(at, y, [taps.out if i == axis else size for i, size in enumerate(shape)])


def weights_for(element: object, weights: Array) -> Array:
    return weights.astype(np.float64) if isinstance(element, AnyFloat) and element.bitwidth == 64 else weights


def lower_resize(op: graph.ResizeOp, at: Lowering) -> SSAValue:
    taps = [taps_of(op, axis) for axis in range(len(shape_of(op.x)))]
    element = signless(element_of(op.x))
    if all(dim.picks or dim.is_identity for dim in taps):
        return pick(at, at[op.x], [identity_taps(dim) if dim.is_identity else dim for dim in taps])
    if not isinstance(element, AnyFloat):
        raise StepwellError(f"{op.name} {op.mode} of {element} elements is not supported", op, fix="cast to f32 first")
    y = at.converted(at[op.x], compute_type(element))
    for axis, dim in enumerate(taps):
        if not dim.is_identity:
            y = interpolate(at, y, axis, dim)
    return at.converted(y, element)


def identity_taps(dim: Taps) -> Taps:
    return Taps(dim.size, np.arange(dim.size)[:, None], np.ones((dim.size, 1), f))


def populate_resize(rules: Rules) -> None:
    rules["graph.resize"] = lower_resize
