"""RoiAlign and MaxRoiPool: each region of interest at one size, of samples, or of all elements, in each of its bins.

How many samples a bin has may depend on the region's size, so they are taken in a loop, one sample of all bins of all
regions a step; so are the elements of a bin. The picture has its channels last in it, so that a sample is a row:

  %pixels = graph.transpose %x as [N * H * W, C]
  %sum = graph.loop %i to %samples iter(%so_far = 0) {
    %corner = graph.gather %pixels, %place {axis = 0}        // [regions, height, width, C], at four places
    ...
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from math import inf

import numpy as np
from stepwell.dialects import graph
from stepwell.dialects.graph.types import element_type_of
from xdsl.dialects.builtin import AnyFloat, f32, i32, i64
from xdsl.ir import SSAValue

from .conversion import Node, converts
from .emitter import static_shape
from .sampling import Tap, both, interpolated, linear_taps
from .steps import steps


@converts("RoiAlign", since=10)
def roi_align(node: Node) -> SSAValue:
    """avg and max, both coordinate modes, a fixed number of samples or one that follows from each region"""
    own = element_type_of(node[0])
    assert isinstance(own, AnyFloat)
    work = f32 if own.bitwidth < 32 else own
    x, rois = node.cast(node[0], work), node.cast(node[1], work)
    (batch, channels, *dims), (regions, numbers) = node.static(x), node.static(rois)
    mode, ratio = node.text("mode", "avg"), node.integer("sampling_ratio", 0)
    bins = [node.integer("output_height", 1), node.integer("output_width", 1)]
    if len(dims) != 2 or numbers != 4 or mode not in ("avg", "max") or 0 in (batch, *dims):
        raise node.unsupported(
            f"mode '{mode}' of x {[batch, channels, *dims]} and regions {[regions, numbers]} is not supported",
            "x must be [N, C, H, W], regions [R, 4] and mode avg or max",
        )
    half = node.text("coordinate_transformation_mode", "output_half_pixel") == "half_pixel"
    scaled = node.sub(node.mul(rois, node.real("spatial_scale", 1.0)), 0.5 if half else 0.0)
    axes = [Axis.of(node, scaled, axis, bins[axis], half, ratio) for axis in range(2)]
    if ratio > 0:
        count: int | SSAValue = ratio * ratio
        across = node.constant(np.array(ratio, np.int64))
    else:
        most = [node.cast(node.reduce("max", node.reshape(a.samples, [regions]), [0], False), i64) for a in axes]
        count, across = node.mul(most[0], most[1]), node.maximum(most[1], 1)
    pixels = Pixels.of(node, x, node[2], bins)

    def sample(inside: Node, step: SSAValue, carried: list[SSAValue]) -> list[SSAValue]:
        down = inside.div(step, across)
        numbers = (down, inside.sub(step, inside.mul(down, across)))
        rows, columns = (a.sampled(inside, number, size) for a, number, size in zip(axes, numbers, dims, strict=True))
        exists, within = both(inside, rows.exists, columns.exists), both(inside, rows.within, columns.within)
        kind = "add" if mode == "avg" else "max"
        pick = partial(pixels.at, inside)
        value = interpolated(inside, pick, dims, (rows.taps, columns.taps), zeros=False, kind=kind)
        value = inside.select(within, value, 0.0)
        together = inside.add(carried[0], value) if mode == "avg" else inside.maximum(carried[0], value)
        return [inside.select(exists, together, carried[0])]

    start = node.broadcast_to(
        node.scalar(0 if mode == "avg" else -inf, work), node.integers([regions, *bins, channels])
    )
    (total,) = steps(node, count, [start], sample)
    samples = node.mul(axes[0].samples, axes[1].samples)
    if mode == "avg":
        y = node.div(total, node.maximum(samples, 1.0))
    else:
        y = node.select(node.compare("gt", samples, 0), total, 0.0)
    return node.cast(node.transpose(y, [0, 3, 1, 2]), own)


@dataclass(frozen=True)
class Pixels:
    """A picture as rows of all channels [N * H * W, C], and of each region where its image begins [R, 1, 1]."""

    rows: SSAValue
    first: SSAValue
    bins: list[int]

    @classmethod
    def of(cls, node: Node, x: SSAValue, image: SSAValue, bins: list[int]) -> Pixels:
        """`image`: the number of each region's image [R]."""
        batch, channels, height, width = node.static(x)
        rows = node.reshape(node.transpose(x, [0, 2, 3, 1]), [batch * height * width, channels])
        first = node.mul(node.clamp(node.cast(image, i64), 0, batch - 1), height * width)
        return cls(rows, node.reshape(first, [node.static(image)[0], 1, 1]), bins)

    def at(self, node: Node, index: SSAValue) -> SSAValue:
        """A pixel of each bin of each region [R, height, width, C]."""
        places = node.reshape(node.cast(index, i64), [node.static(self.first)[0], *self.bins])
        return node(graph.GatherOp(self.rows, node.add(places, self.first), axis=0))


@dataclass(frozen=True)
class Samples:
    """One sample of each bin along one axis: whether there is one, whether it lies in the picture, and its taps."""

    exists: SSAValue
    within: SSAValue
    taps: list[Tap]


@dataclass(frozen=True)
class Axis:
    """The bins along one axis: where each begins [R, bins (or 1), 1 (or bins), 1], how far apart and how many its
    samples are [R, 1, 1, 1]."""

    starts: SSAValue
    apart: SSAValue
    samples: SSAValue

    @classmethod
    def of(cls, node: Node, rois: SSAValue, axis: int, bins: int, half: bool, ratio: int) -> Axis:
        regions = (static_shape(rois) or (0,))[0]
        low, high = (node.reshape(node.slice(rois, 1, at, 1), [regions, 1, 1, 1]) for at in (1 - axis, 3 - axis))
        length = node.sub(high, low)
        length = length if half else node.maximum(length, 1.0)
        size = node.div(length, bins)
        if ratio > 0:
            samples = node(graph.BroadcastToOp(node.scalar(ratio, element_type_of(size)), result_type=size.type))
        else:
            samples = node.maximum(node(graph.CeilOp(size)), 0.0)
        numbers = np.arange(bins).reshape((-1, 1, 1) if axis == 0 else (1, -1, 1))
        each = node.cast(node.constant(numbers.astype(np.float64)), element_type_of(size))
        return cls(node.add(node.mul(size, each), low), node.div(size, node.maximum(samples, 1.0)), samples)

    def sampled(self, node: Node, number: SSAValue, size: int) -> Samples:
        """Sample `number` of each bin."""
        place = node.cast(number, element_type_of(self.starts))
        at = node.add(self.starts, node.mul(self.apart, node.add(place, 0.5)))
        within = both(node, node.compare("ge", at, -1.0), node.compare("le", at, size))
        taps = linear_taps(node, node.clamp(at, 0.0, size - 1))
        return Samples(node.compare("gt", self.samples, place), within, taps)


@converts("MaxRoiPool")
def max_roi_pool(node: Node) -> SSAValue:
    """a region's corners are rounded, half away from zero; a bin outside of the picture is 0"""
    own = element_type_of(node[0])
    assert isinstance(own, AnyFloat)
    x, rois = node[0], node.cast(node[1], f32 if own.bitwidth < 32 else own)
    (batch, channels, *dims), (regions, numbers) = node.static(x), node.static(rois)
    bins, scale = node.integers_of("pooled_shape"), node.real("spatial_scale", 1.0)
    if len(dims) != 2 or numbers != 5 or len(bins) != 2 or 0 in (batch, *dims) or min(bins) < 1:
        raise node.unsupported(
            f"a pool {bins} of x {[batch, channels, *dims]} and regions {[regions, numbers]} is not supported",
            "x must be [N, C, H, W], regions [R, 5] and the pool [height, width]",
        )
    rows, columns = (Span.of(node, rois, axis, bins[axis], dims[axis], scale) for axis in range(2))
    most, across = rows.most(node), node.maximum(columns.most(node), 1)
    pixels = Pixels.of(node, x, node.reshape(node.slice(rois, 1, 0, 1), [regions]), bins)

    def element(inside: Node, step: SSAValue, carried: list[SSAValue]) -> list[SSAValue]:
        down = inside.div(step, across)
        right = inside.sub(step, inside.mul(down, across))
        row, column = rows.at(inside, down), columns.at(inside, right)
        value = pixels.at(inside, inside.add(inside.mul(row, dims[1]), column))
        exists = both(inside, rows.has(inside, down), columns.has(inside, right))
        exists = inside.reshape(exists, [regions, *bins, 1])
        return [inside.select(exists, inside.maximum(carried[0], value), carried[0])]

    start = node.broadcast_to(node.scalar(-inf, own), node.integers([regions, *bins, channels]))
    (greatest,) = steps(node, node.mul(most, across), [start], element)
    some = both(node, node.compare("gt", rows.count, 0), node.compare("gt", columns.count, 0))
    y = node.select(node.reshape(some, [regions, *bins, 1]), greatest, 0.0)
    return node.transpose(y, [0, 3, 1, 2])


@dataclass(frozen=True)
class Span:
    """Which elements of the picture bins have along one axis: from which on, how many; [R, bins, 1] or [R, 1, bins]."""

    start: SSAValue
    count: SSAValue
    size: int
    """Of the picture."""

    @classmethod
    def of(cls, node: Node, rois: SSAValue, axis: int, bins: int, size: int, scale: float) -> Span:
        """Both corners belong to a region; its bins overlap where their number does not divide it (Girshick, Fast
        R-CNN, 2015, section 2.1, as Caffe and ONNX Runtime compute it)."""
        regions = node.static(rois)[0]
        corners = (node.reshape(node.slice(rois, 1, at, 1), [regions, 1, 1]) for at in (2 - axis, 4 - axis))
        low, high = (rounded(node, node.mul(corner, scale)) for corner in corners)
        own = node.div(node.maximum(node.add(node.sub(high, low), 1.0), 1.0), bins)
        shape = [1, bins, 1] if axis == 0 else [1, 1, bins]
        numbers = node.cast(node.constant(np.arange(float(bins)).reshape(shape)), element_type_of(own))
        start = node.add(node(graph.FloorOp(node.mul(own, numbers))), low)
        end = node.add(node(graph.CeilOp(node.mul(own, node.add(numbers, 1.0)))), low)
        first, behind = (node.clamp(node.cast(node.clamp(at, 0, size), i32), 0, size) for at in (start, end))
        return cls(node.cast(first, i64), node.maximum(node.sub(behind, first), 0), size)

    def most(self, node: Node) -> SSAValue:
        """The most elements that a bin has."""
        return node.cast(node.reduce("max", self.count, [0, 1, 2], keepdims=False), i64)

    def has(self, node: Node, number: SSAValue) -> SSAValue:
        """Whether each bin has an element `number`."""
        return node.compare("gt", node.cast(self.count, i64), number)

    def at(self, node: Node, number: SSAValue) -> SSAValue:
        """Where element `number` of each bin is; one of the picture where there is none."""
        return node.clamp(node.add(self.start, number), 0, self.size - 1)


def rounded(node: Node, x: SSAValue) -> SSAValue:
    """To the nearest, halves away from zero, as C's `round`."""
    size = node.abs(x)
    whole = node(graph.FloorOp(size))
    whole = node.add(whole, node.cast(node.compare("ge", node.sub(size, whole), 0.5), element_type_of(x)))
    return node.select(node.compare("lt", x, 0.0), node.neg(whole), whole)
