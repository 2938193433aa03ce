"""Convolution and transposed convolution, of 1 to 3 spatial dims, in either layout, with groups.

    %y = graph.conv %x, %w {layout = nhwc, ...} : (tensor<1x8x8x3xf32>, tensor<3x3x3x16xf32>) -> tensor<1x6x6x16xf32>
  becomes, over a tensor filled with 0,
    linalg.generic {indexing_maps = [(n, oh, ow, f, kh, kw, c) -> (n, oh + kh, ow + kw, c),
                                     (n, oh, ow, f, kh, kw, c) -> (kh, kw, c, f),
                                     (n, oh, ow, f, kh, kw, c) -> (n, oh, ow, f)], ...}

Windows of size 1 have no loop. With groups the channels split into (group, channel of the group); where each group has
one channel on both sides (depthwise) only the group's loop stays, and nothing is reduced but the window. A transposed
convolution is a convolution of the input with zeros put between its elements, whose windows run backwards. The bias is
a generic of its own, so that it merges with what follows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from stepwell.dialects import graph
from xdsl.ir import Attribute, SSAValue
from xdsl.ir.affine import AffineExpr

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
    op: graph.ConvolutionOp,
    x: SSAValue,
    weight_axes: Sequence[str],
    channels: Channels,
    strides: Sequence[int],
    *,
    flip: bool = False,
) -> SSAValue:
    """The convolution of `x`, already padded, by the weight of `op`; `flip` runs through x's windows backwards."""
    rank, w, output = op.spatial_rank, at[op.w], shape_of(op.result)
    os, ks = [f"o{i}" for i in range(rank)], [f"k{i}" for i in range(rank)]
    x_axes, y_axes = axes_of(op.layout, [f"x{i}" for i in range(rank)], "gc"), axes_of(op.layout, os, "gf")
    sizes = dict(zip([*y_axes, *weight_axes], [*output, *shape_of(w)], strict=True))
    sizes |= {"g": channels.groups, "c": channels.inner, "f": channels.outer, "one": 1}
    window = {name: sizes[name] for name in ks}
    inner = {name: sizes[name] for name in channels.loops("c")}
    parallel = {name: sizes[name] for name in channels.named(y_axes)}
    loops = Loops(parallel, inner | window if op.layout == "nchw" else window | inner)
    exprs: dict[str, AffineExpr] = {name: loops[name] for name in parallel | window | inner}
    for i, (o, k) in enumerate(zip(os, ks, strict=True)):
        tap = exprs[k] * -1 + (sizes[k] - 1) if flip and sizes[k] > 1 else exprs[k]
        exprs[f"x{i}"] = exprs[o] * strides[i] + tap * op.dilations[i]
    reads = loops.map(*(exprs[name] for name in channels.named(x_axes)))
    weighs = loops.map(*(exprs[name] for name in channels.named(weight_axes)))
    factors = element_of(op.x), element_of(op.w)
    operands = (channels.split(at, x, x_axes), reads), (channels.split(at, w, weight_axes), weighs)
    return reshape(at, contract(at, loops, *operands, factors, element_of(op.result)), output)


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


def spatial_of(op: graph.WindowOp, value: SSAValue) -> Sequence[int]:
    """The sizes of the spatial dims of an image in the layout of `op`."""
    return shape_of(value)[2:] if op.layout == "nchw" else shape_of(value)[1:-1]


def lower_conv(op: graph.ConvOp, at: Lowering) -> SSAValue:
    ks = [f"k{i}" for i in range(op.spatial_rank)]
    inner, outer = (shape_of(op.w)[i] for i in ((1, 0) if op.layout == "nchw" else (-2, -1)))
    y = convolve(
        at,
        op,
        pad(at, at[op.x], spatial_pads(op.layout, op.low), spatial_pads(op.layout, op.high), 0),
        ["gf", "c", *ks] if op.layout == "nchw" else [*ks, "c", "gf"],
        Channels(op.groups, inner, outer // op.groups),
        op.strides,
    )
    return finish(at, y, op.bias, op.layout, signless(element_of(op.result)))


def lower_conv_transpose(op: graph.ConvTransposeOp, at: Lowering) -> SSAValue:
    ks = [f"k{i}" for i in range(op.spatial_rank)]
    inner, outer = op.weight_channels
    output = spatial_of(op, op.result)
    low: list[int] = []
    high: list[int] = []
    for i, size in enumerate(op.spatial):
        reach = (op.kernel[i] - 1) * op.dilations[i]  # how far beyond its own place an element of x is felt
        low.append(reach - op.low[i])
        high.append(output[i] + reach - low[i] - (size - 1) * op.strides[i] - 1)
    steps = [max(step, 1) for step in spatial_pads(op.layout, op.strides)]
    before, after = spatial_pads(op.layout, low), spatial_pads(op.layout, high)
    x = pad(at, at[op.x], [max(n, 0) for n in before], [max(n, 0) for n in after], 0, steps)
    x = crop(at, x, [max(-n, 0) for n in before], [max(-n, 0) for n in after])
    y = convolve(
        at,
        op,
        x,
        ["gc", "f", *ks] if op.layout == "nchw" else [*ks, "gc", "f"],
        Channels(op.groups, inner // op.groups, outer),
        [1] * op.spatial_rank,
        flip=True,
    )
    return finish(at, y, op.bias, op.layout, signless(element_of(op.result)))


def populate_convolution(rules: Rules) -> None:
    rules["graph.conv"] = lower_conv
    rules["graph.conv_transpose"] = lower_conv_transpose
