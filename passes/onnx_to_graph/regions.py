"""RoiAlign: each region of interest at one size, as a mean (or maximum) of samples within each of its bins.

How many samples a bin has may depend on the region's size, so they are taken in a loop, one sample of all bins of all
regions a step. The picture has its channels last in it, so that a sample is a row:

  %pixels = graph.transpose %x as [N * H * W, C]
  %sum = graph.loop %i to %samples iter(%so_far = 0) {
    %corner = graph.gather %pixels, %place {axis = 0}        // [regions, height, width, C], at four places
    ...
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

import numpy as np
from stepwell.dialects import graph
from stepwell.dialects.graph.types import element_type_of
from xdsl.dialects.builtin import AnyFloat, f32, i64
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
    pixels = node.reshape(node.transpose(x, [0, 2, 3, 1]), [batch * dims[0] * dims[1], channels])
    first = node.mul(node.clamp(node.cast(node[2], i64), 0, batch - 1), dims[0] * dims[1])
    first = node.reshape(first, [regions, 1, 1])

    def sample(inside: Node, step: SSAValue, carried: list[SSAValue]) -> list[SSAValue]:
        down = inside.div(step, across)
        numbers = (down, inside.sub(step, inside.mul(down, across)))
        rows, columns = (a.sampled(inside, number, size) for a, number, size in zip(axes, numbers, dims, strict=True))
        exists, within = both(inside, rows.exists, columns.exists), both(inside, rows.within, columns.within)

        def pick(index: SSAValue) -> SSAValue:
            places = inside.reshape(inside.cast(index, i64), [regions, *bins])
            return inside(graph.GatherOp(pixels, inside.add(places, first), axis=0))

        kind = "add" if mode == "avg" else "max"
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
