"""Convolution and transposed convolution, of 1 to 3 spatial dims, in either layout, with groups.

    %y = graph.conv %x, %w {layout = nhwc, ...} : (tensor<1x8x8x3xf32>, tensor<3x3x3x16xf32>) -> tensor<1x6x6x16xf32>
  becomes, over a tensor filled with 0,
    linalg.generic {indexing_maps = [(n, oh, ow, f, kh, kw, c) -> (n, oh + kh, ow + kw, c),
                                     (n, oh, ow, f, kh, kw, c) -> (kh, kw, c, f),
                                     (n, oh, ow, f, kh, kw, c) -> (n, oh, ow, f)], ...}

Windows of size 1 have no loop. With groups the channels split into (group, channel of the group); where each group has
one channel on both sides (depthwise) only the group's loop stays, and nothing is reduced but the window. A transposed
convolution is a convolution of the input with zeros put between its elements, by the weight turned round. The bias is a
generic of its own, so that it merges with what follows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from xdsl.ir import Attribute, SSAValue
from xdsl.ir.affine import AffineExpr

from stepwell.dialects import graph

from .lowering import Body, Loops, Lowering, Rules, element_of, loops_over, shape_of, signless
from .matmul import contract
from .views import crop, pad, reshape


@dataclass(frozen=True)
class Channels:
    """How the axes of a convolution's tensors are named: `gc` and `gf` are the input's and output's channels.

    They are one loop, `c` or `f`, without groups; the group's loop `g` where groups have one channel; else two loops.
    """

    groups: int
    inner: int
    outer: int

    def loops(self, axis: str) -> tuple[str, ...]:
        if axis not in ("gc", "gf", "c", "f"):
            return (axis,)
        if self.groups == 1:
            return (axis[-1],)
        if self.inner == self.outer == 1:
            return ("g",) if axis[0] == "g" else ("one",)
        return ("g", axis[-1]) if axis[0] == "g" else (axis,)

    def named(self, axes: Sequence[str]) -> list[str]:
        return [name for axis in axes for name in self.loops(axis)]

    def split(self, at: Lowering, x: SSAValue, axes: Sequence[str]) -> SSAValue:
        """`x` with its merged channel axis, if it has one, split into group and channel."""
        sizes = {"c": self.inner, "f": self.outer}
        shape: list[int] = []
        for axis, size in zip(axes, shape_of(x), strict=True):
            names = self.loops(axis)
            shape += [size] if len(names) == 1 else [self.groups, sizes[names[1]]]
        return reshape(at, x, shape)


def axes_of(layout: str, spatial: Sequence[str], channel: str) -> list[str]:
    """The axes of an image: n, channel, spatial... or n, spatial..., channel."""
    return ["n", channel, *spatial] if layout == "nchw" else ["n", *spatial, channel]


def convolve(
    at: Lowering,
    x: SSAValue,
    w: SSAValue,
    weight_axes: Sequence[str],
    channels: Channels,
    layout: str,
    output: Sequence[int],
    strides: Sequence[int],
    dilations: Sequence[int],
    *,
    flip: bool = False,
    element: Attribute,
) -> SSAValue:
    """The convolution of a padded `x`; `flip` turns the weight's windows round."""
    rank = len(strides)
    os, ks = [f"o{i}" for i in range(rank)], [f"k{i}" for i in range(rank)]
    x_axes = axes_of(layout, [f"x{i}" for i in range(rank)], "gc")
    y_axes = axes_of(layout, os, "gf")
    y_shape = dict(zip(y_axes, output, strict=True))
    w_shape = dict(zip(weight_axes, shape_of(w), strict=True))
    sizes = {"g": channels.groups, "c": channels.inner, "f": channels.outer, "one": 1, **y_shape, **w_shape}
    parallel = {name: sizes[name] for name in channels.named(y_axes)}
    inner = {name: sizes[name] for name in channels.loops("c")}
    window = {name: sizes[name] for name in ks}
    loops = Loops(parallel, inner | window if layout == "nchw" else window | inner)
    reads: dict[str, AffineExpr] = {name: loops[name] for name in parallel | window | inner}
    weighs = dict(reads)
    for i in range(rank):
        reads[f"x{i}"] = reads[os[i]] * strides[i] + reads[ks[i]] * dilations[i]
        if flip and sizes[ks[i]] > 1:
            weighs[ks[i]] = reads[ks[i]] * -1 + (sizes[ks[i]] - 1)
    y = contract(
        at,
        loops,
        (channels.split(at, x, x_axes), loops.map(*(reads[name] for name in channels.named(x_axes)))),
        (channels.split(at, w, weight_axes), loops.map(*(weighs[name] for name in channels.named(weight_axes)))),
        element,
    )
    return reshape(at, y, output)


def finish(at: Lowering, y: SSAValue, bias: SSAValue | None, layout: str, element: Attribute) -> SSAValue:
    """The bias, one number a channel, added; then the type in which the result is stored."""
    if bias is None:
        return at.converted(y, element)
    loops = loops_over(shape_of(y))
    channel = loops.map(list(loops.parallel)[1 if layout == "nchw" else -1])

    def add(b: Body, sum: SSAValue, addend: SSAValue) -> SSAValue:
        if addend.type != sum.type:
            addend = b.convert(addend, sum.type)
        return b.convert(b.add(sum, addend), element) if sum.type != element else b.add(sum, addend)

    return at.generic(loops, ((y, loops.output), (at[bias], channel)), element, add)


def spatial_pads(layout: str, pads: Sequence[int]) -> list[int]:
    """Pads of the spatial dims as pads of all dims."""
    return [0, 0, *pads] if layout == "nchw" else [0, *pads, 0]


def lower_conv(op: graph.ConvOp, at: Lowering) -> SSAValue:
    rank = len(op.strides)
    ks = [f"k{i}" for i in range(rank)]
    weight_axes = ["gf", "c", *ks] if op.layout == "nchw" else [*ks, "c", "gf"]
    shape = dict(zip(weight_axes, shape_of(op.w), strict=True))
    channels = Channels(op.groups, shape["c"], shape["gf"] // op.groups)
    low, high = (spatial_pads(op.layout, pads) for pads in (op.pads[:rank], op.pads[rank:]))
    y = convolve(
        at,
        pad(at, at[op.x], low, high, 0),
        at[op.w],
        weight_axes,
        channels,
        op.layout,
        shape_of(op.result),
        op.strides,
        op.dilations,
        element=element_of(op.result),
    )
    return finish(at, y, op.bias, op.layout, signless(element_of(op.x)))


def lower_conv_transpose(op: graph.ConvTransposeOp, at: Lowering) -> SSAValue:
    rank = len(op.strides)
    ks = [f"k{i}" for i in range(rank)]
    weight_axes = ["gc", "f", *ks] if op.layout == "nchw" else [*ks, "gc", "f"]
    shape = dict(zip(weight_axes, shape_of(op.w), strict=True))
    channels = Channels(op.groups, shape["gc"] // op.groups, shape["f"])
    spatial = slice(2, None) if op.layout == "nchw" else slice(1, -1)
    output, size = shape_of(op.result)[spatial], shape_of(op.x)[spatial]
    low: list[int] = []
    high: list[int] = []
    for i in range(rank):
        reach = (shape[ks[i]] - 1) * op.dilations[i]  # how far beyond its own place an element of x is felt
        dilated = (size[i] - 1) * op.strides[i] + 1
        low.append(reach - op.pads[i])
        high.append(output[i] + reach - low[i] - dilated)
    positive, negative = ([[max(sign * p, 0) for p in pads] for pads in (low, high)] for sign in (1, -1))
    steps = [step if step else 1 for step in spatial_pads(op.layout, op.strides)]
    x = pad(at, at[op.x], *(spatial_pads(op.layout, pads) for pads in positive), 0, steps)
    x = crop(at, x, *(spatial_pads(op.layout, pads) for pads in negative))
    y = convolve(
        at,
        x,
        at[op.w],
        weight_axes,
        channels,
        op.layout,
        shape_of(op.result),
        [1] * rank,
        op.dilations,
        flip=True,
        element=element_of(op.result),
    )
    return finish(at, y, op.bias, op.layout, signless(element_of(op.x)))


def populate_convolution(rules: Rules) -> None:
    rules["graph.conv"] = lower_conv
    rules["graph.conv_transpose"] = lower_conv_transpose

