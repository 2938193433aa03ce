"""Compute 3x3 convolutions with fewer products, by Winograd's algorithm, where that takes less time.

    %y = graph.conv %x, %w, %b {pads = [1, 1, 1, 1], layout = nhwc}
        : (tensor<1x56x56x64xf32>, tensor<3x3x64x64xf32>, tensor<64xf32>) -> tensor<1x56x56x64xf32>
  becomes
    %u = graph.constant dense_resource<w> : tensor<36x2x64x32xf32>
    %y = graph.winograd_conv %x, %u, %b {tile = 4, pads = [1, 1, 1, 1]} : ...

It must be a convolution of f32, 3x3 windows in steps of 1, channels last, without groups, whose weight is a constant
and whose output channels fill vectors. The weights are transformed here, in float64, and rounded once.

Which way is the fastest is estimated in cycles of one core, with T tiles of n x n, and C and F in vectors of `lanes`:

    products     n^2 * T * C * (F / lanes) / fmas-per-cycle; n^2 = 9 and T = H * W for the direct convolution
    weights      4 * n^2 * C * F bytes / bytes-per-cycle: they are read once, and too many to be still in a cache
    transforms   6 * n^2 * T * (C / lanes + F / lanes): a load, a store and some additions for each vector of V and M

    time = max(products, weights) + transforms

So tiles of 4x4 win where there are many of them, and tiles of 2x2 where few use the weights: 4x4 has four times as many
as before. Max |error| of a layer of 64 to 512 channels, of max |output|, on random data: 4e-7 to 8e-7 with 2x2, 5e-6 to
1.1e-5 with 4x4 (direct: 8e-7 to 2.3e-6); of the whole of resnet18 8e-7, of resnet50-v2 1.2e-6.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

import numpy as np
from stepwell.context import Context
from stepwell.diagnostics import StepwellError
from stepwell.dialects.graph import ConvOp, WinogradConvOp, constant, constant_array, transformed_weights
from stepwell.dialects.graph.types import element_type_of, is_static, shape_of
from stepwell.dialects.graph.winograd import INPUT
from stepwell.locations import stamp
from stepwell.pass_manager import FunctionPass
from xdsl.dialects.builtin import f32
from xdsl.dialects.func import FuncOp

TRANSFORM = 6
"""Cycles of both transforms for a vector of V or M: measured, 4 to 8 with AVX-512 on Zen 4."""

WORTH = 0.9
"""The share of the direct convolution's time that Winograd may take: below it, it pays for its rounding."""

PANEL = 2
"""Vectors of output channels in a panel of weights: with 14 rows of tiles they make a register tile of 28."""


@dataclass(frozen=True)
class Winograd(FunctionPass):
    """`vector-width`: lanes of f32 in a register. `fmas-per-cycle`: vectors. `bytes-per-cycle`: what a core reads from
    memory. `tile`: 2 or 4 to use tiles of that size wherever they are possible, whatever the estimate says."""

    name = "winograd"

    vector_width: int = 16
    fmas_per_cycle: int = 1
    bytes_per_cycle: int = 8
    tile: int = 0

    def apply_to(self, ctx: Context, func: FuncOp) -> None:
        if self.tile and self.tile not in INPUT:
            raise StepwellError(f"winograd: tile={self.tile}, but it may be {', '.join(map(str, INPUT))} or 0")
        for op in list(func.walk()):
            if isinstance(op, ConvOp) and (panel := self.panel(op)) and (tile := self.tile or self.choose(op)):
                rewrite(ctx, op, tile, panel)

    def panel(self, op: ConvOp) -> int:
        """How many output channels go into a panel; 0 where the convolution is not of Winograd's kind.

        Two vectors, or one where two would leave more of the last panel empty.
        """
        plain = op.layout == "nhwc" and op.groups == 1 and op.kernel == (3, 3) and op.strides == op.dilations == (1, 1)
        if not plain or element_type_of(op.x) != f32 or min(op.pads) < 0 or not is_static(op.result):
            return 0
        vectors = ceil(op.out_channels / self.vector_width)
        return 0 if op.out_channels < self.vector_width else self.vector_width * (1 if vectors % PANEL else PANEL)

    def choose(self, op: ConvOp) -> int:
        """The size of the tiles that take the least time; 0 for the direct convolution."""
        batch, height, width, _ = shape_of(op.result)
        times = {0: self.cycles(op, 9, batch * height * width, 0) * WORTH}
        for tile in INPUT:
            tiles = batch * ceil(height / tile) * ceil(width / tile)
            times[tile] = self.cycles(op, (tile + 2) ** 2, tiles, TRANSFORM)
        return min(times, key=times.__getitem__)

    def cycles(self, op: ConvOp, taps: int, tiles: int, transform: float) -> float:
        inner, outer = op.weight_channels
        vectors = ceil(inner / self.vector_width) + ceil(outer / self.vector_width)
        products = taps * tiles * inner * ceil(outer / self.vector_width) / self.fmas_per_cycle
        weights = 4 * taps * inner * outer / self.bytes_per_cycle
        return max(products, weights) + transform * taps * tiles * vectors


def rewrite(ctx: Context, op: ConvOp, tile: int, panel: int) -> None:
    if (weight := constant_array(ctx, op.w)) is None:
        return
    u = constant(ctx, transformed_weights(weight, tile, panel).astype(np.float32), op.w.name_hint or "winograd")
    u.result.name_hint = op.w.name_hint
    bias = () if op.bias is None else (op.bias,)
    filters = op.out_channels
    new = WinogradConvOp(op.x, u, *bias, result_type=op.result.type, tile=tile, pads=op.pads, filters=filters)
    new.result.name_hint = op.result.name_hint
    stamp((u, new), op.location)
    block = op.parent
    assert block is not None
    block.insert_ops_before([u, new], op)
    op.result.replace_all_uses_with(new.result)
    block.erase_op(op)
