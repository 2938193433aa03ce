"""Windows and mel filters: tables that follow from a few numbers, so they are constants.

  "onnx.HannWindow"(dense<4>)
becomes
  graph.constant dense<[0.0, 0.5, 1.0, 0.5]> : tensor<4xf32>

The numbers may be inputs of the model: then the program is made for their values (`mark-value-inputs`).
"""

from __future__ import annotations

from functools import partial

import numpy as np
from stepwell.dialects.graph.types import dtype_of
from stepwell.dialects.onnx.types import ELEMENT_TYPES
from xdsl.ir import SSAValue

from .conversion import Node, converts
from .emitter import Array

WINDOWS: dict[str, tuple[float, ...]] = {
    "HannWindow": (0.5, -0.5),
    "HammingWindow": (25 / 46, -21 / 46),
    "BlackmanWindow": (0.42, -0.5, 0.08),
}
"""w[n] = sum over i of coefficient[i] * cos(2 pi i n / N): the generalized cosine windows."""

LONGEST = 1 << 28
"""Elements that a table may have."""


def table(node: Node, array: Array) -> SSAValue:
    return node.constant(array.astype(dtype_of(ELEMENT_TYPES[node.integer("output_datatype", 1)])), "window")


def window(coefficients: tuple[float, ...], node: Node) -> SSAValue:
    size = node.needed_integers(0, "size")[0]
    if not 0 <= size <= LONGEST:
        raise node.unsupported(f"a window of {size} elements cannot be made", f"0 to {LONGEST} can")
    period = size if node.integer("periodic", 1) else size - 1
    turns = 2 * np.pi * np.arange(size) / max(period, 1)
    return table(node, np.sum([c * np.cos(i * turns) for i, c in enumerate(coefficients)], axis=0))


for _name, _coefficients in WINDOWS.items():
    converts(_name, since=17)(partial(window, _coefficients))


@converts("MelWeightMatrix", since=17)
def mel_weight_matrix(node: Node) -> SSAValue:
    """[dft_length / 2 + 1, num_mel_bins]: triangles that are evenly spaced in mel(f) = 2595 * log10(1 + f / 700)"""
    names = ("num_mel_bins", "dft_length", "sample_rate", "lower_edge_hertz", "upper_edge_hertz")
    given = node.needed_scalars(dict(enumerate(names)))
    bins, length, rate, lower, upper = given
    rows, columns = int(length) // 2 + 1, int(bins)
    if not (bins > 0 and length > 0 and rate > 0 and 0 <= lower < upper and rows * columns <= LONGEST):
        said = ", ".join(f"{name} {number:g}" for name, number in zip(names, given, strict=True))
        raise node.unsupported(
            f"there are no mel filters for {said}", "positive counts and 0 <= lower < upper are needed"
        )
    low, high = (2595 * np.log10(1 + hertz / 700) for hertz in (lower, upper))
    mels = low + np.arange(columns + 2) * (high - low) / (columns + 2)  # the step is ONNX's own
    edges = ((length + 1) * 700 * (10 ** (mels / 2595) - 1) // rate).astype(np.int64)
    left, center, right = edges[:-2], edges[1:-1], edges[2:]
    if right.max(initial=0) > rows:
        raise node.unsupported(
            f"upper_edge_hertz {upper:g} lies beyond the spectrum", "half the sample rate is its end"
        )
    row = np.arange(rows)[:, None]
    rising = (row - left) / np.maximum(center - left, 1)
    falling = (right - row) / np.maximum(right - center, 1)
    weights = np.where((row >= left) & (row < center), rising, 0)
    weights = np.where(row == center, 1, weights)
    return table(node, np.where((row > center) & (row < right), falling, weights))
