"""Tensors seen under another shape, and padded ones.

    graph.reshape %x : tensor<2x3x4xf32> -> tensor<6x2x2xf32>
  becomes, where no dims can simply be merged or split,
    %flat = tensor.collapse_shape %x [[0, 1, 2]] : tensor<2x3x4xf32> into tensor<24xf32>
    %y = tensor.expand_shape %flat [[0, 1, 2]] output_shape [6, 2, 2] : tensor<24xf32> into tensor<6x2x2xf32>

A padded tensor is a filled one with the tensor put into it (`tensor.insert_slice`), with gaps where it is dilated.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import cast

from stepwell.dialects.tensor import ExpandShapeOp
from xdsl.dialects import tensor
from xdsl.dialects.builtin import ArrayAttr, IntegerAttr, TensorType, i64
from xdsl.ir import SSAValue

from .lowering import Lowering, Number, Tensor, scalar_attribute

Groups = list[list[int]]


def reassociation(small: Sequence[int], big: Sequence[int]) -> Groups | None:
    """Which dims of `big` each dim of `small` is the product of, in order; None where there is no such grouping."""
    if not small:
        return [] if all(dim == 1 for dim in big) else None
    if 0 in big:
        return None
    groups: Groups = []
    position = 0
    for dim in small:
        group, size = [position], big[position] if position < len(big) else 0
        position += 1
        while size < dim and position < len(big):
            size *= big[position]
            group.append(position)
            position += 1
        if size != dim:
            return None
        groups.append(group)
    if any(dim != 1 for dim in big[position:]):
        return None
    groups[-1] += range(position, len(big))
    return groups


def _attribute(groups: Groups) -> ArrayAttr[ArrayAttr[IntegerAttr]]:
    return ArrayAttr([ArrayAttr([IntegerAttr(dim, i64) for dim in group]) for group in groups])


def _collapse(at: Lowering, x: SSAValue, shape: Sequence[int], groups: Groups) -> SSAValue:
    result = TensorType(cast(Tensor, x.type).element_type, shape)
    op = tensor.CollapseShapeOp(operands=[x], result_types=[result], properties={"reassociation": _attribute(groups)})
    return at.emit(op)


def _expand(at: Lowering, x: SSAValue, shape: Sequence[int], groups: Groups) -> SSAValue:
    result = TensorType(cast(Tensor, x.type).element_type, shape)
    return at.emit(ExpandShapeOp(x, (), _attribute(groups), list(shape), result))


def reshape(at: Lowering, x: SSAValue, shape: Sequence[int]) -> SSAValue:
    """The elements of `x` in their order under another shape: at most a collapse to one dim and an expansion."""
    have, want = cast(Tensor, x.type).get_shape(), tuple(shape)
    if have == want:
        return x
    if 0 in want:
        return at.empty(want, cast(Tensor, x.type).element_type)  # no elements, so no order that a view could keep
    if len(want) < len(have) and (groups := reassociation(want, have)) is not None:
        return _collapse(at, x, want, groups)
    if len(have) < len(want) and (groups := reassociation(have, want)) is not None:
        return _expand(at, x, want, groups)
    flat = (prod(have),)
    if len(have) > 1:
        x = _collapse(at, x, flat, [list(range(len(have)))])
    return reshape(at, x, want) if len(want) != 1 else x


def insert(
    at: Lowering,
    x: SSAValue,
    into: SSAValue,
    offsets: Sequence[int],
    steps: Sequence[int] | None = None,
    sizes: Sequence[int] | None = None,
) -> SSAValue:
    """`into` with `x` in the place of a slice of it. `sizes` has dims of size 1 that `x` lacks."""
    sizes = cast(Tensor, x.type).get_shape() if sizes is None else sizes
    return at.emit(tensor.InsertSliceOp.from_static_parameters(x, into, list(offsets), list(sizes), steps))


def pad(
    at: Lowering,
    x: SSAValue,
    low: Sequence[int],
    high: Sequence[int],
    number: Number,
    steps: Sequence[int] | None = None,
) -> SSAValue:
    """`x` with `low` and `high` elements of `number` around it and `step - 1` between its elements, a dim each."""
    kind = cast(Tensor, x.type)
    steps = [1] * len(low) if steps is None else list(steps)
    if not any(low) and not any(high) and all(step == 1 for step in steps):
        return x
    dims = zip(kind.get_shape(), low, high, steps, strict=True)
    shape = [before + (size - 1) * step + 1 + after for size, before, after, step in dims]
    return insert(at, x, at.fill(shape, scalar_attribute(number, kind.element_type)), low, steps)


def extract(
    at: Lowering, x: SSAValue, offsets: Sequence[int], sizes: Sequence[int], steps: Sequence[int] | None = None
) -> SSAValue:
    """A part of `x`: `sizes` elements from `offsets` on, `steps` apart, a dim each."""
    if tuple(sizes) == cast(Tensor, x.type).get_shape():
        return x
    return at.emit(tensor.ExtractSliceOp.from_static_parameters(x, list(offsets), list(sizes), steps))


def crop(at: Lowering, x: SSAValue, low: Sequence[int], high: Sequence[int]) -> SSAValue:
    """`x` without its first `low` and last `high` elements, a dim each."""
    shape = cast(Tensor, x.type).get_shape()
    sizes = [size - before - after for size, before, after in zip(shape, low, high, strict=True)]
    return extract(at, x, low, sizes)


def edge_pad(at: Lowering, x: SSAValue, axis: int, low: int, high: int) -> SSAValue:
    """`x` with its first element along `axis` repeated `low` times before it, and its last `high` times after it."""
    if not low and not high:
        return x
    kind = cast(Tensor, x.type)
    shape = list(kind.get_shape())
    size = shape[axis]

    def along(number: int) -> list[int]:
        return [number if i == axis else 0 for i in range(len(shape))]

    border = [1 if i == axis else dim for i, dim in enumerate(shape)]
    y = at.empty([dim + low + high if i == axis else dim for i, dim in enumerate(shape)], kind.element_type)
    y = insert(at, x, y, along(low))
    for source, places in ((0, range(low)), (size - 1, range(low + size, low + size + high))):
        if places:
            edge = extract(at, x, along(source), border)
            for place in places:
                y = insert(at, edge, y, along(place))
    return y
