"""Ops that find places by indices which are values, and ops whose result one element after the other decides.

%a = graph.gather_elements %x, %i {axis = 0} : (tensor<4x8xf32>, tensor<2x8xi64>) -> tensor<2x8xf32>
%b = graph.scatter add %x, %i, %u {axis = 0} : (tensor<4x8xf32>, tensor<9x1xi64>, tensor<9x8xf32>) -> tensor<4x8xf32>
%c = graph.cumulate sum %x {axis = 1} : tensor<4x8xf32>
%d = graph.top_k %x {k = 3} : (tensor<4x8xf32>) -> tensor<4x3xi64>
%e = graph.suppress %boxes, %may, %t {limit = 3} : (tensor<9x4xf32>, tensor<9xi1>, tensor<f32>) -> tensor<9xi1>

An index from -size to -1 counts from the end. One that is still outside is an error where it is a constant; at run time
the nearest element is taken: nothing outside of a tensor is ever read or written.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from xdsl.ir import Operation, SSAValue
from xdsl.utils.exceptions import VerifyException

from .base import Array, GraphOp
from .constant import constant_owner, inline_array
from .fields import Operand, flag, integer, word
from .types import (
    BOOL,
    I64,
    Shape,
    Tensor,
    Value,
    broadcast,
    element_type_of,
    is_bool,
    is_float,
    is_integer,
    known,
    rank_of,
    same_dim,
    say,
    shape_of,
    tensor,
    type_of,
)


def verify_indices(indices: Value, size: int) -> None:
    """Indices into a dim of `size` are integers, and those that are constants lie in it."""
    if not is_integer(element_type_of(indices)):
        raise VerifyException(f"indices are of {element_type_of(indices)}; they must be integers")
    if not known(size):
        return
    if size == 0 and 0 not in shape_of(indices):
        raise VerifyException("there is no element to index: the dim has size 0")
    owner = constant_owner(indices)
    array = None if owner is None else inline_array(owner)
    if array is not None and array.size and not (-size <= array.min() and array.max() < size):
        outside = array.min() if array.min() < -size else array.max()
        raise VerifyException(f"index {outside} is outside a dim of size {size}")


def verify_axis(axis: int, value: Value) -> None:
    if not 0 <= axis < rank_of(value):
        raise VerifyException(f"axis {axis} is outside a tensor of rank {rank_of(value)}")


class GatherElementsOp(GraphOp):
    """Element `indices[p]` along `axis` of x, elsewhere at the same place p: numpy's take_along_axis.

    Along the other dims x and indices broadcast with each other.
    """

    name = "graph.gather_elements"
    x = Operand()
    indices = Operand()
    axis = integer()

    def infer_type(self) -> Tensor:
        x, indices = list(shape_of(self.x)), shape_of(self.indices)
        x[self.axis] = indices[self.axis]
        pairs = zip(x, indices, strict=True)
        shape = (a if axis == self.axis else broadcast((a,), (b,))[0] for axis, (a, b) in enumerate(pairs))
        return tensor(shape, element_type_of(self.x))

    def verify_op(self) -> None:
        verify_axis(self.axis, self.x)
        if rank_of(self.x) != rank_of(self.indices):
            raise VerifyException(f"x has rank {rank_of(self.x)}, but indices have rank {rank_of(self.indices)}")
        verify_indices(self.indices, shape_of(self.x)[self.axis])

    def fold(self, *arrays: Array) -> Array:
        x, indices = arrays
        return np.take_along_axis(x, indices.astype(np.int64), axis=self.axis)


SCATTER: dict[str, Callable[[Array, Any, Array], None]] = {
    "none": lambda y, places, updates: y.__setitem__(places, updates),
    "add": lambda y, places, updates: np.add.at(y, places, updates),
    "mul": lambda y, places, updates: np.multiply.at(y, places, updates),
    "min": lambda y, places, updates: np.minimum.at(y, places, updates),
    "max": lambda y, places, updates: np.maximum.at(y, places, updates),
}


class ScatterOp(GraphOp):
    """x with each element of `updates` put in (`none`), added, multiplied, ... at its own place, but along `axis` at
    its index. Where several meet, they come in the order of `updates`.

    Indices broadcast to the shape of updates, which beside `axis` are no larger than x.
    """

    name = "graph.scatter"
    reduction = word(*SCATTER, leading=True)
    x = Operand()
    indices = Operand()
    updates = Operand()
    axis = integer()

    def __init__(self, reduction: str, *operands: SSAValue | Operation, **keywords: Any):
        super().__init__(*operands, reduction=reduction, **keywords)

    def infer_type(self) -> Tensor:
        return type_of(self.x)

    def verify_op(self) -> None:
        verify_axis(self.axis, self.x)
        x, indices, updates = (shape_of(value) for value in (self.x, self.indices, self.updates))
        if not len(x) == len(indices) == len(updates):
            raise VerifyException(f"x, indices and updates have ranks {len(x)}, {len(indices)} and {len(updates)}")
        if element_type_of(self.x) != element_type_of(self.updates):
            raise VerifyException(f"x is a {self.x.type}, but updates are a {self.updates.type}")
        if is_bool(element_type_of(self.x)) and self.reduction in ("add", "mul"):
            raise VerifyException(f"there is no '{self.reduction}' of {element_type_of(self.x)}")
        for axis, (dim, index, update) in enumerate(zip(x, indices, updates, strict=True)):
            if index != 1 and not same_dim(index, update):
                raise VerifyException(f"indices {say(indices)} do not broadcast to updates {say(updates)}")
            if axis != self.axis and known(dim, update) and update > dim:
                raise VerifyException(f"updates {say(updates)} reach beyond {say(x)} in dim {axis}")
        if 0 not in updates:
            verify_indices(self.indices, x[self.axis])

    def fold(self, *arrays: Array) -> Array:
        x, indices, updates = arrays
        places: list[Array] = list(np.indices(updates.shape, sparse=True))
        places[self.axis] = np.broadcast_to(indices, updates.shape).astype(np.int64)
        result = x.copy()
        SCATTER[self.reduction](result, tuple(places), updates)
        return result


CUMULATE: dict[str, tuple[Callable[..., Array], int]] = {"sum": (np.cumsum, 0), "prod": (np.cumprod, 1)}
"""How, and what there is before the first element."""


class CumulateOp(GraphOp):
    """The sum (product) of all elements along `axis` up to and with each, or up to it (`exclusive`); from the end
    backwards with `reverse`."""

    name = "graph.cumulate"
    kind = word(*CUMULATE, leading=True)
    x = Operand()
    axis = integer()
    exclusive = flag()
    reverse = flag()

    def __init__(self, kind: str, x: SSAValue | Operation, **keywords: Any):
        super().__init__(x, kind=kind, **keywords)

    def infer_type(self) -> Tensor:
        return type_of(self.x)

    def verify_op(self) -> None:
        verify_axis(self.axis, self.x)
        if not is_float(element_type_of(self.x)) and not is_integer(element_type_of(self.x)):
            raise VerifyException(f"takes floats and integers, but is given {element_type_of(self.x)}")

    def fold(self, *arrays: Array) -> Array:
        (x,) = arrays
        function, neutral = CUMULATE[self.kind]
        turned = np.flip(x, self.axis) if self.reverse else x
        total = function(turned, axis=self.axis, dtype=x.dtype)
        if self.exclusive:
            first = np.full_like(np.take(total, [], axis=self.axis), neutral, shape=_first(x.shape, self.axis))
            total = np.concatenate([first, total], axis=self.axis)
            total = np.take(total, range(x.shape[self.axis]), axis=self.axis)
        return np.flip(total, self.axis) if self.reverse else total


def _first(shape: Shape, axis: int) -> Shape:
    return tuple(1 if n == axis else dim for n, dim in enumerate(shape))


class TopKOp(GraphOp):
    """Where the `k` largest (or `smallest`) elements along the last dim stand, the first of them first.

    Of equal elements the one with the lower index comes first. A NaN counts as infinity.
    """

    name = "graph.top_k"
    x = Operand()
    k = integer()
    smallest = flag()

    def infer_type(self) -> Tensor:
        return tensor((*shape_of(self.x)[:-1], self.k), I64)

    def verify_op(self) -> None:
        if rank_of(self.x) == 0:
            raise VerifyException("takes a tensor of rank 1 or more")
        last = shape_of(self.x)[-1]
        if self.k < 0 or (known(last) and self.k > last):
            raise VerifyException(f"there are no {self.k} largest of {last} elements")

    def fold(self, *arrays: Array) -> Array:
        (x,) = arrays
        keys = np.where(np.isnan(x), np.inf, x).astype(x.dtype) if x.dtype.kind == "f" else x
        if self.smallest:
            order = np.argsort(keys, axis=-1, kind="stable")
        else:  # backwards, so that a stable sort that is turned round has the first of equals first
            order = x.shape[-1] - 1 - np.flip(np.argsort(np.flip(keys, -1), axis=-1, kind="stable"), -1)
        return order[..., : self.k].astype(np.int64)


class SuppressOp(GraphOp):
    """Which boxes stay when those that overlap a better one go: non-maximum suppression, greedy.

    boxes: [..., n, 4], best first, each y1, x1, y2, x2 with y1 <= y2 and x1 <= x2; candidates: [..., n] of i1, the
    boxes that may stay; threshold: a scalar. A candidate stays unless the area that it shares with a box that stays,
    divided by the area that both cover, exceeds the threshold; and at most `limit` of n stay.
    """

    name = "graph.suppress"
    boxes = Operand()
    candidates = Operand()
    threshold = Operand()
    limit = integer()

    def infer_type(self) -> Tensor:
        return type_of(self.candidates)

    def verify_op(self) -> None:
        boxes, candidates = type_of(self.boxes), type_of(self.candidates)
        if not is_float(boxes.element_type) or self.threshold.type != tensor((), boxes.element_type):
            raise VerifyException(f"boxes are {boxes} and the threshold {self.threshold.type}; floats of one type fit")
        fits = candidates.element_type == BOOL and (*candidates.get_shape(), 4) == boxes.get_shape()
        if not fits or candidates.get_num_dims() == 0:
            raise VerifyException(f"for candidates {candidates} boxes have that shape and a last dim of 4: {boxes}")
        if self.limit < 0:
            raise VerifyException(f"limit {self.limit} is negative")


INDEXING_OPS: list[type[GraphOp]] = [GatherElementsOp, ScatterOp, CumulateOp, TopKOp, SuppressOp]
