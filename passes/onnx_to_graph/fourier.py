"""Discrete Fourier transforms as products with constant matrices, long ones in steps of shorter ones.

  "onnx.DFT"(%x) {axis = 1} : tensor<4x8x1xf32>
becomes, with cos(2 pi j k / 8) and -sin(2 pi j k / 8) side by side in each row of a matrix,
  graph.reshape (graph.matmul (graph.reshape %x to 4x8), dense<8x16>) to 4x8x2

A transform of n = a * b elements is b of a elements, a multiplication by roots of unity, and a of b elements (Cooley
and Tukey 1965), so that its work is that of n * (a + b) products instead of n * n. One whose length has a large prime
factor is a circular convolution, which two transforms of a convenient length compute (Bluestein 1970).

Inside, a complex vector is a row of real parts and then one of imaginary parts, [planes, n]: then each of these steps
is a product, whatever the number of planes. A real signal has one plane.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isqrt, prod
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from stepwell.dialects import graph
from stepwell.dialects.graph.types import dtype_of, element_type_of, rank_of
from xdsl.dialects.builtin import AnyFloat, f32
from xdsl.ir import SSAValue

from .conversion import Node, converts
from .emitter import Array, Emitter, shape

Complex: TypeAlias = npt.NDArray[np.complex128]

DIRECT = 512
"""The longest transform that is one product: up to here one large product is as fast as several small ones."""

STEP = 128
"""The longest one within a longer one."""


@converts("DFT", since=17)
def dft_along_attribute(node: Node) -> SSAValue:
    """real and complex, inverse, onesided, any length"""
    return dft_along(node, node.axis(node[0], 1))


@converts("DFT", since=20)
def dft(node: Node) -> SSAValue:
    """real and complex, inverse, onesided, any length"""
    axis = -2 if node.get(2) is None else node.needed_integers(2, "axis")[0]
    return dft_along(node, node.from_front(axis, rank_of(node[0])))


def dft_along(node: Node, axis: int) -> SSAValue:
    x, given = node[0], node.static(node[0])
    inverse, onesided = bool(node.integer("inverse", 0)), bool(node.integer("onesided", 0))
    if axis == len(given) - 1:
        raise node.unsupported(f"axis {axis} holds the real and imaginary parts", "give the axis of the signal")
    n = 2 * (given[axis] - 1) if inverse and onesided else given[axis]
    if node.get(1) is not None:
        n = node.needed_integers(1, "dft_length")[0]
    if n < 1:
        raise node.unsupported(f"a transform of {n} elements is none", "export with dft_length of 1 or more")
    order = [*(d for d in range(len(given)) if d not in (axis, len(given) - 1)), axis, len(given) - 1]
    y = transform(node, node.transpose(x, order), Kind(n, inverse, onesided))
    return node.transpose(y, [order.index(d) for d in range(len(given))])


@converts("STFT", since=17)
def stft(node: Node) -> SSAValue:
    """a window of any kind; real and complex signals"""
    x, window = node[0], node.get(2)
    length = signal_length(node)
    numbers = {1: "frame_step"} if node.get(3) is None else {1: "frame_step", 3: "frame_length"}
    step, *frame = (int(number) for number in node.needed_scalars(numbers))
    n = frame[0] if frame else length if window is None else node.static(window)[0]
    if step < 1 or not 1 <= n <= length:
        raise node.unsupported(
            f"frames of {n} elements every {step} elements of {length} are none",
            "export with a step of 1 or more, and frames that are not longer than the signal",
        )
    if window is not None and node.static(window) != (n,):
        raise node.unsupported(f"a window of {node.static(window)} elements for frames of {n}", "give them one length")
    starts = np.arange(0, length - n + 1, step)
    places = node.constant(starts[:, None] + np.arange(n), "frames")
    frames = node(graph.GatherOp(x, places, axis=1))
    known = None if window is None else node.known(window)
    if window is not None and known is None:
        frames = node.mul(frames, node.reshape(window, [n, 1]))
    return transform(node, frames, Kind(n, onesided=bool(node.integer("onesided", 1))), known)


def signal_length(node: Node) -> int:
    dims = node.static(node[0])
    if len(dims) != 3 or dims[2] not in (1, 2):
        raise node.unsupported(f"the signal has dims {list(dims)}", "it must be [batch, length, 1 or 2]")
    return dims[1]


@dataclass(frozen=True)
class Kind:
    """A transform of `n` elements, as ONNX names its variants; `onesided` from or to a real signal."""

    n: int
    inverse: bool = False
    onesided: bool = False

    @property
    def to_real(self) -> bool:
        return self.inverse and self.onesided

    @property
    def read(self) -> int:
        """How many elements it reads at most."""
        return self.n // 2 + 1 if self.to_real else self.n

    @property
    def written(self) -> int:
        return self.n // 2 + 1 if self.onesided and not self.inverse else self.n

    @property
    def sign(self) -> int:
        return 1 if self.inverse else -1


def transform(node: Node, x: SSAValue, kind: Kind, window: Array | None = None) -> SSAValue:
    """x [..., m, 1 or 2] transformed along its dim of m elements, of which the missing ones are 0."""
    *outer, m, planes = node.static(x)
    if planes not in (1, 2):
        raise node.unsupported(f"the last dim is {planes}", "it must be 1 (real) or 2 (real and imaginary)")
    own = element_type_of(x)
    assert isinstance(own, AnyFloat)
    x = node.cast(x, f32) if own.bitwidth < 32 else x
    if m > kind.read:
        x, m = node.slice(x, len(outer), 0, kind.read), kind.read
    rows = node.reshape(x, [prod(outer), m, planes])
    if kind.n <= DIRECT:
        matrix = (
            matrix_of(kind, m, planes) if window is None else matrix_of(kind, m, planes) * window[:m, None, None, None]
        )
        parts = matrix.shape[-1]
        y = product(node, node.reshape(rows, [prod(outer), m * planes]), matrix.reshape(m * planes, -1))
    else:
        if window is not None:
            rows = node.mul(rows, constant_like(node, window.reshape(-1, 1), rows))
        whole = in_steps(node, rows, kind)
        parts = 1 if kind.to_real else 2
        y = node.transpose(node.slice(node.slice(whole, 1, 0, parts), 2, 0, kind.written), [0, 2, 1])
    return node.cast(node.reshape(y, [*outer, kind.written, parts]), own)


def roots(n: int, powers: Array, sign: int) -> Complex:
    """exp(sign * 2 pi i * power / n), of integers of which the remainder counts: so angles are exact."""
    return np.exp(sign * 2j * np.pi * (powers % n) / n)


def matrix_of(kind: Kind, m: int, planes: int) -> Array:
    """[m, planes, written, parts]: what part of element j goes into each part of element k."""
    j, k = np.arange(m)[:, None], np.arange(kind.written)
    factors = roots(kind.n, j * k, kind.sign) / (kind.n if kind.inverse else 1)
    if kind.to_real:  # all but the first and the middle element stand for their conjugates too
        factors = factors * np.where((j == 0) | (2 * j == kind.n), 1, 2)
    of_real = np.stack([factors.real, factors.imag], axis=-1)
    of_imaginary = np.stack([-factors.imag, factors.real], axis=-1)
    matrix = np.stack([of_real, of_imaginary][:planes], axis=1)
    return matrix[..., :1] if kind.to_real else matrix


def constant_like(emit: Emitter, array: Array, x: SSAValue) -> SSAValue:
    return emit.constant(array.astype(dtype_of(element_type_of(x))), "roots")


def product(emit: Emitter, x: SSAValue, matrix: Array) -> SSAValue:
    return emit(graph.MatmulOp(x, constant_like(emit, matrix, x)))


def in_steps(node: Node, x: SSAValue, kind: Kind) -> SSAValue:
    """x [rows, m, planes] as [rows, 2, n]."""
    rows, m, planes = node.static(x)
    y = node.transpose(x, [0, 2, 1]) if planes > 1 else node.reshape(x, [rows, 1, m])
    if m < kind.read:
        y = node(graph.PadOp(y, low=(0, 0, 0), high=(0, 0, kind.read - m)))
    if kind.to_real:
        y = mirrored(node, y, kind.n)
    y = steps(node, y, kind.n, kind.sign)
    return node.mul(y, 1 / kind.n) if kind.inverse else y


def mirrored(emit: Emitter, x: SSAValue, n: int) -> SSAValue:
    """The n elements of a transform of real numbers, x[n - k] = conjugate of x[k], of its first n / 2 + 1."""
    rows, planes, half = (size or 0 for size in shape(x))
    count = n - half
    turned = emit(graph.SliceOp(x, starts=(0, 0, n - half), sizes=(rows, planes, count), steps=(1, 1, -1)))
    if planes == 2:
        turned = emit.mul(turned, constant_like(emit, np.array([[1.0], [-1.0]]), x))
    return emit(graph.ConcatOp(x, turned, axis=2))


def steps(emit: Emitter, x: SSAValue, n: int, sign: int) -> SSAValue:
    """x [rows, planes, n] transformed, as [rows, 2, n]; nothing is scaled."""
    rows, planes = (size or 0 for size in shape(x)[:2])
    if n <= STEP:
        matrix = matrix_of(Kind(n, sign > 0), n, planes) * (n if sign > 0 else 1)
        matrix = matrix.transpose(1, 0, 3, 2).reshape(planes * n, 2 * n)
        return emit.reshape(product(emit, emit.reshape(x, [rows, planes * n]), matrix), [rows, 2, n])
    a = next(a for a in range(isqrt(n), 0, -1) if n % a == 0)
    if a == 1:
        return by_convolution(emit, x, n, sign)
    b = n // a
    apart = emit.transpose(emit.reshape(x, [rows, planes, a, b]), [0, 3, 1, 2])
    y = emit.reshape(steps(emit, emit.reshape(apart, [rows * b, planes, a]), a, sign), [rows, b, 2, a])
    twiddles = roots(n, np.arange(b)[:, None] * np.arange(a), sign)
    y = emit.transpose(turned_by(emit, y, twiddles[:, None]), [0, 3, 2, 1])
    y = emit.reshape(steps(emit, emit.reshape(y, [rows * a, 2, b]), b, sign), [rows, a, 2, b])
    return emit.reshape(emit.transpose(y, [0, 2, 3, 1]), [rows, 2, n])


def turned_by(emit: Emitter, x: SSAValue, factors: Complex) -> SSAValue:
    """x [..., 2, k] times complex `factors` [..., 1, k]: x * real + (x, planes swapped) * (-imaginary, imaginary)."""
    dims = [size or 0 for size in shape(x)]
    rank = len(dims)
    starts, step = [0] * rank, [1] * rank
    starts[-2], step[-2] = 1, -1
    swapped = emit(graph.SliceOp(x, starts=starts, sizes=dims, steps=step))
    crossed = np.concatenate([-factors.imag, factors.imag], axis=-2)
    straight = emit.mul(x, constant_like(emit, factors.real, x))
    return emit.add(straight, emit.mul(swapped, constant_like(emit, crossed, x)))


def by_convolution(emit: Emitter, x: SSAValue, n: int, sign: int) -> SSAValue:
    """Since jk = (j^2 + k^2 - (k - j)^2) / 2, the transform of any length is a convolution with a chirp c, conj(c[k])
    there meaning exp(sign * pi i k^2 / n): conj(c[k]) * sum of (x[j] * conj(c[j])) * c[k - j] (Bluestein 1970)."""
    planes = shape(x)[1]
    length = 1 << (2 * n - 2).bit_length()
    chirp = roots(2 * n, np.arange(n) ** 2, sign)
    if planes == 1:
        x = emit(graph.PadOp(x, low=(0, 0, 0), high=(0, 1, 0)))
    weighted = turned_by(emit, x, chirp[None])
    padded = emit(graph.PadOp(weighted, low=(0, 0, 0), high=(0, 0, length - n)))
    kernel = np.zeros(length, np.complex128)
    kernel[:n] = chirp.conj()
    kernel[length - n + 1 :] = chirp.conj()[:0:-1]
    spectrum = turned_by(emit, steps(emit, padded, length, -1), np.fft.fft(kernel)[None] / length)
    return turned_by(emit, emit.slice(steps(emit, spectrum, length, 1), 2, 0, n), chirp[None])
