"""Parts of tensors at places that are only known when the program runs.

%y = graph.slice_at %x, %i, %zero {sizes = [1, 4]} : (tensor<9x4xf32>, tensor<i64>, tensor<i64>) -> tensor<1x4xf32>
%z = graph.update_at %x, %y, %i, %zero
    : (tensor<9x4xf32>, tensor<1x4xf32>, tensor<i64>, tensor<i64>) -> tensor<9x4xf32>

One scalar a dim says where the part begins. An index that would reach outside is clamped, so that the whole part lies
within x: the rule of StableHLO's dynamic_slice and dynamic_update_slice. So nothing is ever read or written outside.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from xdsl.utils.exceptions import VerifyException

from .base import Array, GraphOp
from .fields import Operand, Operands, ints
from .types import I64, Shape, Tensor, Value, element_type_of, known, say, shape_of, tensor, type_of

SCALAR = tensor((), I64)


def clamped(start: int, dim: int, size: int) -> int:
    """Where a part of `size` begins that is asked for at `start` of `dim`."""
    return min(max(start, 0), dim - size)


class PlaceOp(GraphOp):
    """An op on the part of `x` that begins at `starts`."""

    x = Operand()

    @property
    def starts(self) -> tuple[Value, ...]:
        """Where the part begins, a scalar a dim: the last operands."""
        return cast("tuple[Value, ...]", tuple(self.operands[len(self.operands) - self.count_starts() :]))

    def count_starts(self) -> int:
        return len(self.operands) - 1

    @property
    def part(self) -> Shape:
        """The part's shape."""
        raise NotImplementedError

    def verify_op(self) -> None:
        shape, part = shape_of(self.x), self.part
        if not len(self.starts) == len(part) == len(shape):
            raise VerifyException(
                f"x has {len(shape)} dims, but the part has {len(part)} and {len(self.starts)} scalars say where it is"
            )
        for start in self.starts:
            if start.type != SCALAR:
                raise VerifyException(f"a part begins where {SCALAR}s say, but one is a {start.type}")
        if any(known(size, dim) and size > dim for size, dim in zip(part, shape, strict=True)):
            raise VerifyException(f"a part of {say(part)} does not fit into {say(shape)}")

    def place(self, starts: Sequence[Array]) -> tuple[slice, ...]:
        """The part as numpy says it."""
        found = zip((int(start) for start in starts), shape_of(self.x), self.part, strict=True)
        return tuple(slice(at := clamped(start, dim, size), at + size) for start, dim, size in found)


class SliceAtOp(PlaceOp):
    """The part of x of `sizes` that begins at `starts`."""

    name = "graph.slice_at"
    offsets = Operands()
    sizes = ints()

    @property
    def part(self) -> Shape:
        return self.sizes

    def infer_type(self) -> Tensor:
        return tensor(self.sizes, element_type_of(self.x))

    def fold(self, *arrays: Array) -> Array:
        return arrays[0][self.place(arrays[1:])]


class UpdateAtOp(PlaceOp):
    """x with `part` in the place that begins at `starts`."""

    name = "graph.update_at"
    update = Operand()
    offsets = Operands()

    def count_starts(self) -> int:
        return len(self.operands) - 2

    @property
    def part(self) -> Shape:
        return shape_of(self.update)

    def infer_type(self) -> Tensor:
        return type_of(self.x)

    def verify_op(self) -> None:
        if element_type_of(self.update) != element_type_of(self.x):
            raise VerifyException(f"x is a {self.x.type}, but the part is a {self.update.type}")
        super().verify_op()

    def fold(self, *arrays: Array) -> Array:
        result = arrays[0].copy()
        result[self.place(arrays[2:])] = arrays[1]
        return result


PLACE_OPS: list[type[GraphOp]] = [SliceAtOp, UpdateAtOp]
