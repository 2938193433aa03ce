"""GridSample and AffineGrid: images at places that are computed.

  "onnx.GridSample"(%x, %grid) {mode = "linear"} : (tensor<1x3x8x8xf32>, tensor<1x4x4x2xf32>)
becomes, with 16 places a picture of which each has four elements around it,
  %i = graph.slice %grid {...}, then ((%i + 1) * 8 - 1) / 2, floor, clamp ...
  %corner = graph.gather_elements %pixels, %place {axis = 2}
    : (tensor<1x3x64xf32>, tensor<1x1x16xi32>) -> tensor<1x3x16xf32>
  graph.add ..., (graph.mul (graph.select %inside, %corner, 0), %weight)
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod

import numpy as np
from stepwell.dialects import graph
from stepwell.dialects.graph.types import dtype_of, element_type_of, is_float, rank_of
from xdsl.dialects.builtin import f32, f64
from xdsl.ir import SSAValue

from .conversion import Node, converts
from .emitter import Emitter
from .sampling import Tap, cubic_taps, interpolated, linear_taps, pixels_of

MODES = {"bilinear": "linear", "bicubic": "cubic"}
"""What opset 16 calls them."""

AROUND: dict[str, Callable[[Emitter, SSAValue], list[Tap]]] = {
    "nearest": lambda _, at: [Tap(at)],
    "linear": linear_taps,
    "cubic": cubic_taps,
}


@converts("GridSample", since=16)
def grid_sample(node: Node) -> SSAValue:
    """all modes, paddings and ranks"""
    x, grid = node[0], node[1]
    (batch, channels, *dims), places = node.static(x), node.static(grid)
    mode, padding = node.text("mode", "linear"), node.text("padding_mode", "zeros")
    mode, align = MODES.get(mode, mode), bool(node.integer("align_corners", 0))
    if len(places) != len(dims) + 2 or places[0] != batch or places[-1] != len(dims):
        raise node.unsupported(
            f"a grid {list(places)} does not fit x, {[batch, channels, *dims]}",
            "it must be [batch, ..., dims of x but two]",
        )
    if mode not in AROUND or padding not in ("zeros", "border", "reflection"):
        raise node.unsupported(f"mode '{mode}' with padding '{padding}' does not exist", "export the model again")
    own = element_type_of(x)
    if not is_float(own) and mode != "nearest":
        raise node.unsupported(f"mode '{mode}' of {own} is not supported; nearest is", "cast to float32 before")
    work = f64 if f64 in (own, element_type_of(grid)) else f32
    taps: list[list[Tap]] = []
    for axis, size in enumerate(dims):
        part = node.cast(node.slice(grid, len(dims) + 1, len(dims) - 1 - axis, 1), work)
        at = denormalized(node, node.reshape(part, [batch, 1, prod(places[1:-1])]), size, align)
        if mode != "cubic":  # PyTorch, as ONNX Runtime, moves only the taps of these inside
            at = node(graph.RoundOp(at)) if mode == "nearest" else at
            at = padded(node, at, size, align, padding)
        found = AROUND[mode](node, at)
        taps.append([Tap(padded(node, tap.place, size, align, padding, whole=True), tap.weight) for tap in found])
    pixels = node.reshape(node.cast(x, work) if mode != "nearest" else x, [batch, channels, prod(dims)])
    y = interpolated(node, pixels_of(node, pixels), dims, taps, zeros=padding == "zeros")
    return node.reshape(node.cast(y, own), [batch, channels, *places[1:-1]])


def denormalized(node: Node, at: SSAValue, size: int, align: bool) -> SSAValue:
    """Places of a grid from -1 to 1 as places among `size` elements; -1 is the first element, or its outer edge."""
    if align:
        return node.mul(node.add(at, 1.0), (size - 1) / 2)
    return node.mul(node.sub(node.mul(node.add(at, 1.0), size), 1.0), 0.5)


def padded(node: Node, at: SSAValue, size: int, align: bool, padding: str, *, whole: bool = False) -> SSAValue:
    """Places moved into the picture. `whole`: they are whole numbers, which what comes next clamps by itself."""
    if padding == "reflection":
        low, high = (0.0, size - 1.0) if align else (-0.5, size - 0.5)
        return reflected(node, at, low, high)
    return node.clamp(at, 0, size - 1) if padding == "border" and not whole else at


def reflected(node: Node, at: SSAValue, low: float, high: float) -> SSAValue:
    """Places mirrored at both ends as often as it takes."""
    span = high - low
    if span == 0:
        return node.clamp(at, low, high)
    distance = node.abs(node.sub(at, low))
    turns = node(graph.FloorOp(node.div(distance, span)))
    rest = node.sub(distance, node.mul(turns, span))
    odd = node.sub(turns, node.mul(node(graph.FloorOp(node.mul(turns, 0.5))), 2.0))
    return node.select(node.compare("eq", odd, 0.0), node.add(rest, low), node.sub(high, rest))


@converts("AffineGrid", since=20)
def affine_grid(node: Node) -> SSAValue:
    """2-D and 3-D: a product with the constant grid of the untransformed picture"""
    theta, size = node[0], node.needed_integers(1, "size")
    batch, rows, columns = node.static(theta) if rank_of(theta) == 3 else (0, 0, 0)
    dims = size[2:]
    if len(size) not in (4, 5) or (batch, rows, columns) != (size[0], len(dims), len(dims) + 1):
        raise node.unsupported(
            f"theta {list(node.static(theta))} does not fit size {size}", "it must be [N, 2, 3], or [N, 3, 4]"
        )
    align = node.integer("align_corners", 0)
    axes = [np.linspace(-1, 1, n) if align else (2 * np.arange(n) + 1) / n - 1 for n in dims]
    places = [place.reshape(-1) for place in np.meshgrid(*axes, indexing="ij")]
    plain = np.stack([*reversed(places), np.ones(prod(dims))])
    dtype = dtype_of(element_type_of(theta))
    moved = node(graph.MatmulOp(theta, node.constant(plain.astype(dtype), "grid")))
    return node.reshape(node.transpose(moved, [0, 2, 1]), [batch, *dims, len(dims)])
