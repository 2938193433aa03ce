"""Operators with a window: convolutions and pools, resizing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .builder import Again, Builder
from .table import draws


def window(b: Builder, sizes: Sequence[int], pads: bool = True) -> tuple[list[int], dict[str, Any]]:
    """(kernel, strides + dilations + padding) that fit an image of these sizes."""
    count = len(sizes)
    kernel = [b.integer(1, min(size, 3)) for size in sizes]
    attributes: dict[str, Any] = {"kernel_shape": kernel}
    if b.maybe():
        attributes["strides"] = b.integers(count, 1, 3)
    how = b.integer(0, 5) if pads else 0
    if how in (1, 2, 3):
        attributes["pads"] = [b.integer(0, k - 1) for k in [*kernel, *kernel]]
    elif how in (4, 5):
        attributes["auto_pad"] = b.one_of("SAME_UPPER", "SAME_LOWER", "VALID")
    return kernel, attributes


def dilated(b: Builder, sizes: Sequence[int], kernel: Sequence[int], attributes: dict[str, Any]) -> None:
    if b.maybe(3):
        attributes["dilations"] = [
            b.integer(1, 2) if (k - 1) * 2 < s else 1 for k, s in zip(kernel, sizes, strict=True)
        ]


@draws("Conv")
def convolution(b: Builder, op: str) -> None:
    x = b.image()
    channels, *sizes = b.values[x].shape[1:]
    kernel, attributes = window(b, sizes)
    dilated(b, sizes, kernel, attributes)
    groups = b.one_of(*(g for g in (1, 1, 2, 3, channels) if channels % g == 0))
    out = groups * b.one_of(1, 2, 5, 16)
    weight = b.fresh(b.numbers([out, channels // groups, *kernel]) / 2)
    bias = [b.constant(b.numbers([out]))] if b.maybe() else []
    b.node(op, x, weight, *bias, group=groups, **attributes)


@draws("ConvTranspose")
def transposed_convolution(b: Builder, op: str) -> None:
    x = b.image()
    channels, *sizes = b.values[x].shape[1:]
    kernel, attributes = window(b, sizes)
    strides = attributes.setdefault("strides", [1] * len(kernel))
    dilated(b, sizes, kernel, attributes)
    if "auto_pad" not in attributes and b.maybe():
        attributes["output_padding"] = [b.integer(0, stride - 1) for stride in strides]
    groups = b.one_of(*(g for g in (1, 1, 2, channels) if channels % g == 0))
    out = b.one_of(1, 2, 5)
    weight = b.constant(b.numbers([channels, out, *kernel]) / 2)
    bias = [b.constant(b.numbers([out * groups]))] if b.maybe() else []
    b.node(op, x, weight, *bias, group=groups, **attributes)


@draws("MaxPool", "AveragePool", "LpPool")
def pool(b: Builder, op: str) -> None:
    x = b.image()
    sizes = b.values[x].shape[2:]
    kernel, attributes = window(b, sizes)
    if "auto_pad" not in attributes:  # ONNX Runtime's SAME pads forget the dilations
        dilated(b, sizes, kernel, attributes)
        if op != "LpPool" and b.maybe(3):
            attributes["ceil_mode"] = 1
    if op == "AveragePool" and b.maybe():
        attributes["count_include_pad"] = 1
    if op == "LpPool":
        attributes.pop("auto_pad", None)  # ONNX Runtime forgets the strides
        attributes["p"] = b.one_of(1, 2, 3)
    b.node(op, x, keeps=op == "MaxPool", **attributes)


@draws("GlobalAveragePool", "GlobalMaxPool")
def global_pool(b: Builder, op: str) -> None:
    b.node(op, b.image())


@draws("LRN")
def local_response(b: Builder, op: str) -> None:
    b.node(op, b.image(4), size=b.one_of(1, 3, 5), alpha=0.5, beta=0.75, bias=b.one_of(1.0, 2.0))


@draws("Resize")
def resize(b: Builder, op: str) -> None:
    x = b.image(4)
    array = b.values[x]
    mode = b.one_of("nearest", "linear", "cubic") if array.ndim == 4 else b.one_of("nearest", "linear")
    how = {
        "mode": mode,
        "coordinate_transformation_mode": b.one_of("half_pixel", "asymmetric", "align_corners", "pytorch_half_pixel"),
    }
    if mode == "nearest":
        # whole factors: where a source lies halfway, float32's rounding of the scale would decide
        how |= {"coordinate_transformation_mode": "asymmetric", "nearest_mode": b.one_of("floor", "round_prefer_floor")}
        scales = [b.one_of(1.0, 2.0, 3.0) for _ in array.shape[2:]]
    else:
        scales = [b.one_of(1.0, 2.0, 1.5, 0.5) for _ in array.shape[2:]]
        if how["coordinate_transformation_mode"] == "align_corners" and any(
            (scale * dim) % 1 for scale, dim in zip(scales, array.shape[2:], strict=True)
        ):
            raise Again(op)  # ONNX Runtime rounds the length first, ONNX's own examples do not
    if mode == "nearest" or b.maybe():
        b.node(op, x, "", b.constant([1.0, 1.0, *scales], np.float32), **how)
    else:
        sizes = [b.integer(1, 2 * dim) for dim in array.shape[2:]]
        b.node(op, x, "", "", b.constant([*array.shape[:2], *sizes], np.int64), **how)


@draws("DepthToSpace", "SpaceToDepth")
def blocks_of_depth(b: Builder, op: str) -> None:
    block = b.one_of(1, 2, 3)
    deep = op == "DepthToSpace"

    def fits(array: Any) -> bool:
        if array.ndim != 4 or array.dtype != np.float32:
            return False
        return array.shape[1] % block**2 == 0 if deep else not any(dim % block for dim in array.shape[2:])

    def make() -> Any:
        return b.numbers([1, 2 * block**2, 2, 3] if deep else [1, 2, 2 * block, 3 * block])

    x = b.pick(fits, make)
    b.node(op, x, blocksize=block, keeps=True, **({"mode": b.one_of("DCR", "CRD")} if deep else {}))


@draws("BatchNormalization")
def batch_norm(b: Builder, op: str) -> None:
    x = b.tensor([np.float32], 2, 5)
    channels = b.values[x].shape[1]
    parameters = [b.constant(b.numbers([channels])) for _ in range(3)]
    b.node(op, x, *parameters, b.constant(np.abs(b.numbers([channels]))))


@draws("InstanceNormalization", "GroupNormalization")
def per_channel(b: Builder, op: str) -> None:
    x = b.image()
    channels = b.values[x].shape[1]
    parameters = [b.fresh(b.numbers([channels])) for _ in range(2)]
    groups = b.one_of(*(n for n in (1, 2, 3, channels) if channels % n == 0))
    steady(b, b.node(op, x, *parameters, **({} if op == "InstanceNormalization" else {"num_groups": groups})))


@draws("LayerNormalization", "RMSNormalization")
def per_row(b: Builder, op: str) -> None:
    x = b.tensor([np.float32], 1)
    shape = b.values[x].shape
    axis = b.integer(0, len(shape) - 1)
    scale = b.fresh(b.numbers(shape[axis:]))
    bias = [b.fresh(b.numbers(shape[axis:]))] if op == "LayerNormalization" and b.maybe() else []
    b.node(op, x, scale, *bias, axis=axis if b.maybe() else axis - len(shape), epsilon=1e-3)


@draws("MeanVarianceNormalization")
def mean_variance(b: Builder, op: str) -> None:
    x = b.image(4)
    if b.values[x].ndim != 4 or b.values[x].std(axis=(0, 2, 3)).min() < 0.1:
        raise Again(op)
    b.node(op, x, axes=b.one_of([0, 2, 3], [0, 1, 2, 3]))


@draws("LpNormalization")
def lp_norm(b: Builder, op: str) -> None:
    x = b.tensor(least=1)
    axis = b.integer(-b.values[x].ndim, b.values[x].ndim - 1)
    if np.abs(b.values[x]).max(axis=axis).min() < 0.1:
        raise Again(op)
    b.node(op, x, axis=axis, p=b.one_of(1, 2))


def steady(b: Builder, name: str) -> None:
    """A norm of values that are all alike is noise over epsilon: what is drawn must be larger than noise."""
    if np.abs(b.values[name]).max() < 1e-2:
        b.used.add(name)


@draws("GridSample")
def grid_sample(b: Builder, op: str) -> None:
    x = b.fresh(b.numbers([1, b.integer(1, 3), b.integer(2, 6), b.integer(2, 6)]))
    grid = b.fresh(b.random.uniform(-0.9, 0.9, [1, 2, 3, 2]).astype(np.float32))
    how = {"mode": b.one_of("linear", "cubic"), "padding_mode": b.one_of("zeros", "border", "reflection")}
    b.node(op, x, grid, align_corners=b.integer(0, 1), **how)


@draws("AffineGrid")
def affine_grid(b: Builder, op: str) -> None:
    theta = b.fresh(b.numbers([2, 2, 3]))
    b.node(op, theta, b.constant([2, 1, b.integer(2, 4), b.integer(2, 5)], np.int64), align_corners=b.integer(0, 1))


@draws("RoiAlign")
def roi_align(b: Builder, op: str) -> None:
    x = b.fresh(b.numbers([2, 2, 8, 8]))
    corners = np.sort(b.random.uniform(0, 7, [3, 2, 2]).astype(np.float32), axis=1).reshape(3, 4)
    batch = b.fresh(b.random.integers(0, 2, [3]).astype(np.int64))
    how = {"output_height": b.integer(1, 3), "output_width": b.integer(1, 3), "sampling_ratio": b.integer(1, 2)}
    b.node(op, x, b.fresh(corners), batch, mode="avg", **how)
