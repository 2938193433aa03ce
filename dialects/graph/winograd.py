"""3x3 convolutions by Winograd's minimal filtering: F(m x m, 3x3) takes (m + 2)^2 products for m^2 outputs a channel.

    %y = graph.winograd_conv %x, %u, %b {tile = 4, pads = [1, 1, 1, 1]}
        : (tensor<1x56x56x64xf32>, tensor<36x2x64x32xf32>, tensor<64xf32>) -> tensor<1x56x56x64xf32>

A tile of the output, m x m with m = `tile`, follows from a window of the input of n x n, n = m + 2:

    Y = A' [(G g G') * (B' d B)] A          (* element by element, ' transposed; summed over the input channels)

With 36 products for 16 outputs, F(4x4) does a quarter of the direct algorithm's 144; F(2x2) does 16 instead of 36.
`B'` and `A'` are cheap: additions and products by small numbers. `U = G g G'` is computed while compiling.

Lavin and Gray, "Fast algorithms for convolutional neural networks", arXiv 1509.09308, section 4.
"""

from __future__ import annotations

from typing import cast

import numpy as np
import numpy.typing as npt
from xdsl.utils.exceptions import VerifyException

from .base import Array, GraphOp, as_type
from .fields import Operand, OptionalOperand, integer, ints
from .types import Shape, Tensor, element_type_of, say, shape_of, tensor

Matrix = tuple[tuple[float, ...], ...]

WEIGHT: dict[int, Matrix] = {
    2: ((1, 0, 0), (1 / 2, 1 / 2, 1 / 2), (1 / 2, -1 / 2, 1 / 2), (0, 0, 1)),
    4: (
        (1 / 4, 0, 0),
        (-1 / 6, -1 / 6, -1 / 6),
        (-1 / 6, 1 / 6, -1 / 6),
        (1 / 24, 1 / 12, 1 / 6),
        (1 / 24, -1 / 12, 1 / 6),
        (0, 0, 1),
    ),
}
"""G by the tile's size: n x 3."""

INPUT: dict[int, Matrix] = {
    2: ((1, 0, -1, 0), (0, 1, 1, 0), (0, -1, 1, 0), (0, 1, 0, -1)),
    4: (
        (4, 0, -5, 0, 1, 0),
        (0, -4, -4, 1, 1, 0),
        (0, 4, -4, -1, 1, 0),
        (0, -2, -1, 2, 1, 0),
        (0, 2, -1, -2, 1, 0),
        (0, 4, 0, -5, 0, 1),
    ),
}
"""B' by the tile's size: n x n."""

OUTPUT: dict[int, Matrix] = {
    2: ((1, 1, 1, 0), (0, 1, -1, -1)),
    4: ((1, 1, 1, 1, 1, 0), (0, 1, -1, 2, -2, 0), (0, 1, 1, 4, 4, 0), (0, 1, -1, 8, -8, 1)),
}
"""A' by the tile's size: m x n."""


def transformed_weights(weight: Array, tile: int, panel: int) -> npt.NDArray[np.float64]:
    """U = G g G' for a weight [3, 3, C, F], in panels of output channels, the last one filled up with zeros:
    [n * n, ceil(F / panel), C, panel]."""
    g = np.array(WEIGHT[tile])
    taps, channels = g.shape[0] ** 2, weight.shape[2]
    weight = np.pad(weight.astype(np.float64), ((0, 0), (0, 0), (0, 0), (0, -weight.shape[3] % panel)))
    u = np.kron(g, g).astype(np.float64) @ weight.reshape(9, -1)
    return np.ascontiguousarray(u.reshape(taps, channels, -1, panel).swapaxes(1, 2))


class WinogradConvOp(GraphOp):
    """A 3x3 convolution of stride 1, channels last, whose transformed weights are in panels of output channels.

    x [N, H, W, C], u [n * n, panels, C, panel], bias [F] -> [N, H + pads - 2, W + pads - 2, F]; F = `filters` fill the
    panels but for the end of the last one. Pads below 0 at the ends leave out rows and columns of x that are there for
    the last tiles only (see `slack`).
    """

    name = "graph.winograd_conv"
    x = Operand()
    u = Operand()
    bias = OptionalOperand()
    tile = integer()
    pads = ints((0, 0, 0, 0))
    filters = integer(lambda op: op.room)

    @property
    def room(self) -> int:
        """How many output channels the panels hold."""
        _, panels, _, panel = shape_of(self.u)
        return panels * panel

    @property
    def window(self) -> int:
        """n: the width of the input of one tile."""
        return self.tile + 2

    @property
    def tiles(self) -> tuple[int, int]:
        """How many tiles cover the output's height and width."""
        _, height, width, _ = self.result_type.get_shape()
        return -(-height // self.tile), -(-width // self.tile)

    @property
    def slack(self) -> Shape:
        """Rows and columns of padding after x that complete its windows: `pads`, and what whole tiles need beyond."""
        sizes = self.result_type.get_shape()[1:3]
        beyond = (count * self.tile - size for count, size in zip(self.tiles, sizes, strict=True))
        return tuple(pad + more for pad, more in zip(self.pads[2:], beyond, strict=True))

    def verify_op(self) -> None:
        x, u = shape_of(self.x), shape_of(self.u)
        if self.tile not in INPUT:
            raise VerifyException(f"tile may be {', '.join(map(str, INPUT))}, but is {self.tile}")
        if len(x) != 4 or len(u) != 4:
            raise VerifyException(f"x ({say(x)}) and u ({say(u)}) must have rank 4")
        if len(self.pads) != 4 or min(self.pads[:2]) < 0 or min(self.pads[2:]) <= -self.tile:
            raise VerifyException(
                f"pads must be four numbers of at least 0, or of more than -{self.tile} at the ends, "
                f"but is {list(self.pads)}"
            )
        if u[0] != self.window**2 or u[2] != x[3]:
            raise VerifyException(
                f"u is {say(u)}, but tile = {self.tile} and {x[3]} channels need {self.window**2}x?x{x[3]}x?"
            )
        if not self.room - u[3] < self.filters <= self.room:
            raise VerifyException(f"filters is {self.filters}, but u has {u[1]} panels of {u[3]}")
        if (bias := self.bias) is not None and shape_of(bias) != (self.filters,):
            raise VerifyException(f"the bias is {say(shape_of(bias))}; {self.filters} output channels need as many")

    def infer_type(self) -> Tensor:
        n, *sizes, _ = shape_of(self.x)
        spatial = [size + low + high - 2 for size, low, high in zip(sizes, self.pads, self.pads[2:], strict=False)]
        if min(spatial) < 0:
            raise VerifyException(f"windows of 3x3 do not fit into {say(sizes)} with pads = {list(self.pads)}")
        return tensor((n, *spatial, self.filters), element_type_of(self.x))

    def fold(self, *arrays: Array) -> Array:
        x, u, *bias = (array.astype(np.float64) for array in arrays)
        m, n, (rows, columns) = self.tile, self.window, self.tiles
        batch, height, width, filters = self.result_type.get_shape()
        room = self.room
        low, high = self.pads[:2], self.slack
        x = np.pad(x, ((0, 0), *zip(low, high, strict=True), (0, 0)))
        windows = np.lib.stride_tricks.sliding_window_view(x, (n, n), (1, 2))[:, ::m, ::m]  # N, rows, columns, C, n, n
        b, a = np.array(INPUT[m]), np.array(OUTPUT[m])
        v = np.einsum("ik,jl,nrsckl->ijnrsc", b, b, windows).reshape(n * n, -1, x.shape[3])
        products = v @ u.swapaxes(1, 2).reshape(n * n, x.shape[3], room)
        products = products.reshape(n, n, batch, rows, columns, room)
        tiles = np.einsum("ik,jl,klnrsf->nrisjf", a, a, products)
        y = cast(Array, tiles).reshape(batch, rows * m, columns * m, room)[:, :height, :width, :filters]
        return as_type(y + bias[0] if bias else y, self.result_type)


WINOGRAD_OPS = [WinogradConvOp]
