"""Resize and Upsample: factors or sizes known by now become attributes of `graph.resize`.

  "onnx.Resize"(%x, %none, dense<[1.0, 1.0, 2.0, 2.0]>) {mode = "nearest", nearest_mode = "floor",
                                                        coordinate_transformation_mode = "asymmetric"}
becomes
  graph.resize %x {mode = nearest, coordinate = asymmetric, nearest_mode = floor, scales = [1.0, 1.0, 2.0, 2.0]}
"""

from __future__ import annotations

from collections.abc import Sequence
from math import floor
from typing import Any

import numpy as np
from stepwell.dialects import graph
from stepwell.dialects.graph.types import element_type_of, rank_of
from xdsl.dialects.builtin import TensorType
from xdsl.ir import SSAValue

from .conversion import Node, converts
from .emitter import shape, static_shape

SIMPLE = {"coordinate": "asymmetric", "nearest_mode": "floor"}
"""How Upsample and Resize-10 count: the only way there was before opset 11."""

CROP = "tf_crop_and_resize"

COORDINATES = (
    "half_pixel",
    "half_pixel_symmetric",
    "pytorch_half_pixel",
    "align_corners",
    "asymmetric",
    CROP,
)


@converts("Upsample", since=7)
def upsample_attribute(node: Node) -> SSAValue:
    return by_scales(node, [float(scale) for scale in node.attribute("scales")], mode=mode_of(node), **SIMPLE)


@converts("Upsample", since=9)
@converts("Resize", since=10)
def upsample(node: Node) -> SSAValue:
    """asymmetric coordinates, rounded down"""
    scales = [float(scale) for scale in node.needed(1, "scales")]
    return by_scales(node, scales, mode=mode_of(node), **SIMPLE)


def mode_of(node: Node) -> str:
    mode = node.text("mode", "nearest")
    mode = "linear" if mode == "bilinear" else mode
    if mode not in ("nearest", "linear", "cubic"):
        raise node.unsupported(f"mode '{mode}' is not supported; nearest, linear and cubic are", "export with these")
    return mode


@converts("Resize", since=11)
def resize(node: Node) -> SSAValue:
    """nearest, linear, cubic; all coordinate modes; antialias; sizes and scales handed in as well"""
    attributes = attributes_of(node)
    if attributes["coordinate"] == CROP:
        return cropped(node, attributes)
    x, axes = node[0], axes_of(node)
    if given(node, 2):
        scales = [1.0] * rank_of(x)
        for axis, scale in zip(axes, node.needed(2, "scales"), strict=True):
            scales[axis] = float(scale)
        return by_scales(node, scales, **attributes)
    policy = node.text("keep_aspect_ratio_policy", "stretch")
    dims = [shape(x)[axis] for axis in axes]
    if (node.known(node[3]) is None or None in dims) and policy == "stretch" and axes == list(range(rank_of(x))):
        return node(graph.DynamicResizeOp(x, node[3], **attributes))
    after = node.needed_integers(3, "sizes")
    before = [node.static(x)[axis] for axis in axes]
    if policy == "stretch":
        scales = [new / old if old else 1.0 for new, old in zip(after, before, strict=True)]
    else:
        after, scales = aspect_kept(policy, before, after)
    return by_sizes(node, axes, after, scales, **attributes)


def cropped(node: Node, attributes: dict[str, Any]) -> SSAValue:
    """A part of x, which `roi` tells, at another size; where it reaches beyond x, one value."""
    x, dims, axes = node[0], list(node.static(node[0])), axes_of(node)
    scaled = given(node, 2)
    roi, wanted = node.needed_all({1: "roi", **({2: "scales"} if scaled else {3: "sizes"})})
    if len(roi) != 2 * len(axes):
        raise node.unsupported(f"roi has {len(roi)} numbers for {len(axes)} axes", "a start and an end for each")
    starts, ends, scales, sizes = [0.0] * len(dims), [1.0] * len(dims), [1.0] * len(dims), list(dims)
    for place, axis in enumerate(axes):
        starts[axis], ends[axis] = float(roi[place]), float(roi[len(axes) + place])
        number = float(wanted[place])
        scales[axis] = number if scaled else number / max(dims[axis], 1)
        sizes[axis] = floor(dims[axis] * number) if scaled else int(number)
    result = TensorType(element_type_of(x), sizes)
    y = node(graph.ResizeOp(x, scales=scales, starts=starts, ends=ends, result_type=result, **attributes))
    inside = np.ones(sizes, bool)
    for axis, size in enumerate(sizes):
        middle = (starts[axis] + ends[axis]) / 2
        places = np.linspace(starts[axis], ends[axis], size) if size > 1 else np.full(size, middle)
        inside &= ((places >= 0) & (places <= 1)).reshape(-1, *[1] * (len(sizes) - axis - 1))
    return y if inside.all() else node.select(node.constant(inside), y, node.real("extrapolation_value", 0.0))


def given(node: Node, index: int) -> bool:
    """Whether scales (or sizes) are there: an empty tensor says no, as a missing one does."""
    value = node.get(index)
    return value is not None and shape(value) != (0,)


def attributes_of(node: Node) -> dict[str, Any]:
    coordinate = node.text("coordinate_transformation_mode", "half_pixel")
    rounding = node.text("nearest_mode", "round_prefer_floor")
    if coordinate == "tf_half_pixel_for_nn" and rounding == "floor":
        coordinate, rounding = "half_pixel", "round_prefer_ceil"  # floor(x) is x - 0.5 rounded, halves up
    if coordinate not in COORDINATES:
        raise node.unsupported(
            f"coordinate_transformation_mode '{coordinate}' is not supported", f"export with {', '.join(COORDINATES)}"
        )
    return {
        "mode": mode_of(node),
        "coordinate": coordinate,
        "nearest_mode": rounding,
        "cubic_coeff_a": node.real("cubic_coeff_a", -0.75),
        "exclude_outside": node.integer("exclude_outside", 0),
        "antialias": bool(node.integer("antialias", 0)),
    }


def axes_of(node: Node) -> list[int]:
    """The axes that scales and sizes speak of."""
    dims = rank_of(node[0])
    return [node.from_front(axis, dims) for axis in node.integers_of("axes", range(dims)) or range(dims)]


def aspect_kept(policy: str, dims: Sequence[int], sizes: Sequence[int]) -> tuple[list[int], list[float]]:
    """(sizes, scales) with one scale for all dims: the greatest that is not larger, or the least not smaller."""
    pick = min if policy == "not_larger" else max
    scale = pick(size / dim for size, dim in zip(sizes, dims, strict=True))
    return [floor(scale * dim + 0.5) for dim in dims], [scale] * len(dims)


def by_scales(node: Node, scales: list[float], **attributes: Any) -> SSAValue:
    x = node[0]
    dims = static_shape(x)
    if all(scale == 1.0 for scale in scales):
        return x
    if dims is None:
        return node(graph.DynamicResizeOp(x, node.constant(np.array(scales)), **attributes))
    sizes = [floor(dim * scale) for dim, scale in zip(dims, scales, strict=True)]
    result = TensorType(element_type_of(x), sizes)
    return node(graph.ResizeOp(x, scales=scales, result_type=result, **attributes))


def by_sizes(
    node: Node, axes: Sequence[int], sizes: Sequence[int], scales: Sequence[float], **attributes: Any
) -> SSAValue:
    x = node[0]
    dims = static_shape(x)
    if dims is None:
        raise node.open_dims("open dims besides the resized axes are not supported")
    whole, factors = list(dims), [1.0] * len(dims)
    for axis, size, scale in zip(axes, sizes, scales, strict=True):
        whole[axis], factors[axis] = size, scale
    if tuple(whole) == dims:
        return x
    result = TensorType(element_type_of(x), whole)
    return node(graph.ResizeOp(x, scales=tuple(factors), result_type=result, **attributes))
