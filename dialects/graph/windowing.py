"""Convolutions and pools in numpy, channels first: for folding, and as what tests hold the compiled kernels against."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import numpy as np

from .numeric import Array
from .types import Shape


def pad(x: Array, low: Shape, high: Shape, value: float | int) -> Array:
    """x with `value` around its spatial dims; negative pads take away."""
    grown = np.pad(
        x,
        [(0, 0), (0, 0), *((max(a, 0), max(b, 0)) for a, b in zip(low, high, strict=True))],
        constant_values=x.dtype.type(value),
    )
    sizes = grown.shape[2:]
    cuts = (slice(max(-a, 0), size - max(-b, 0)) for a, b, size in zip(low, high, sizes, strict=True))
    return grown[(slice(None), slice(None), *cuts)]


def windows(x: Array, kernel: Shape, strides: Shape, dilations: Shape, sizes: Shape) -> Array:
    """A view [N, C, output position..., tap...] of padded x [N, C, spatial...]; x must reach as far as the taps do."""
    reach = [dilation * (taps - 1) + 1 for taps, dilation in zip(kernel, dilations, strict=True)]
    axes = tuple(range(2, x.ndim))
    view = np.lib.stride_tricks.sliding_window_view(x, reach, axis=axes)
    positions = (slice(None, (size - 1) * stride + 1, stride) for size, stride in zip(sizes, strides, strict=True))
    taps = (slice(None, None, dilation) for dilation in dilations)
    return view[(slice(None), slice(None), *positions, *taps)]


def convolve(patches: Array, w: Array, groups: int) -> Array:
    """[N, C, positions..., taps...] by [O, C/groups, taps...] to [N, O, positions...]."""
    rank = w.ndim - 2
    parts: list[Array] = []
    for x, weight in zip(np.split(patches, groups, axis=1), np.split(w, groups, axis=0), strict=True):
        taps = range(2 + rank, 2 + 2 * rank)
        parts.append(np.tensordot(x, weight, axes=((1, *taps), (1, *range(2, 2 + rank)))))
    return np.moveaxis(np.concatenate(parts, axis=-1), -1, 1)


def convolve_transposed(
    x: Array, w: Array, groups: int, strides: Shape, dilations: Shape, full: Sequence[int]
) -> Array:
    """[N, I, spatial...] by [I, O/groups, taps...] to [N, O, full...], each x adding a weighted window."""
    out_group = w.shape[1]
    out = np.zeros((x.shape[0], out_group * groups, *full), x.dtype)
    per_group = x.shape[1] // groups
    for group, tap in product(range(groups), np.ndindex(*w.shape[2:])):
        channels = slice(group * per_group, (group + 1) * per_group)
        places = (
            slice(t * dilation, t * dilation + (size - 1) * stride + 1, stride)
            for t, dilation, size, stride in zip(tap, dilations, x.shape[2:], strides, strict=True)
        )
        added = np.tensordot(x[:, channels], w[(channels, slice(None), *tap)], axes=((1,), (0,)))
        out[(slice(None), slice(group * out_group, (group + 1) * out_group), *places)] += np.moveaxis(added, -1, 1)
    return out
