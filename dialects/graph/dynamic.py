"""Forms whose shape is a value: they become the static ones as soon as that value is a constant.

    %s = graph.shape_of %x : (tensor<?x8xf32>) -> tensor<2xi64>
    %y = graph.dynamic_reshape %x, %s : (tensor<?x8xf32>, tensor<2xi64>) -> tensor<?x?xf32>

Each says by `static_form()` what it is once enough is known; `canonicalize` and `infer-shapes` ask. What its operands
tell about the result before that, `infer_type` says dim by dim.
"""

from __future__ import annotations

from math import floor

import numpy as np
from xdsl.utils.exceptions import VerifyException

from .base import Array, GraphOp
from .constant import constant_owner, inline_array, inline_constant
from .fields import Operand, OptionalOperand, flag, integer, number, word
from .movement import BroadcastToOp, PadOp, ReshapeOp, ResizeOp, SliceOp
from .types import (
    DYNAMIC,
    I64,
    Shape,
    Tensor,
    Value,
    broadcast,
    check_made,
    count,
    element_type_of,
    is_float,
    is_integer,
    is_static,
    known,
    rank_of,
    say,
    shape_of,
    tensor,
)


def unknown(rank: int) -> Shape:
    """A shape of which only the rank is known."""
    return (DYNAMIC,) * rank


def listed(value: Value) -> list[int] | None:
    """The numbers of a constant list."""
    owner = constant_owner(value)
    array = None if owner is None else inline_array(owner)
    return None if array is None else [int(item) for item in array.reshape(-1)]


class DynamicOp(GraphOp):
    """An op whose result's shape follows from the value of an operand, or whose value is a shape."""

    def static_form(self) -> list[GraphOp] | None:
        """Ops without dynamic shapes that do the same, the last of which gives the result; None if not yet known."""
        raise NotImplementedError(f"{self.name}.static_form")

    def verify_list(self, value: Value, what: str) -> None:
        if rank_of(value) != 1 or not is_integer(element_type_of(value)):
            raise VerifyException(f"{what} must be a list (rank 1) of integers, but is {value.type}")

    def _static_shape(self) -> Shape | None:
        shape = self.infer_type().get_shape()
        return shape if known(*shape) else None


class ShapeOfOp(DynamicOp):
    """The sizes of x's dims as a list of i64."""

    name = "graph.shape_of"
    x = Operand()

    def infer_type(self) -> Tensor:
        return tensor((rank_of(self.x),), I64)

    def fold(self, *arrays: Array) -> Array:
        return np.array(arrays[0].shape, dtype=np.int64)

    def static_form(self) -> list[GraphOp] | None:
        if not is_static(self.x):
            return None
        return [inline_constant(np.array(shape_of(self.x), dtype=np.int64))]


class ShapedOp(DynamicOp):
    """An op whose second operand lists the result's shape."""

    x = Operand()
    shape = Operand()

    def infer_type(self) -> Tensor:
        return tensor(self._infer_shape(), element_type_of(self.x))

    def _infer_shape(self) -> Shape:
        if (wanted := listed(self.shape)) is not None:
            return self.shape_from(wanted)
        length = shape_of(self.shape)[0]
        if known(length):
            return unknown(self.rank_from(length))
        if self.results:
            return unknown(self.result_type.get_num_dims())
        raise VerifyException("the rank of the result is unknown: the length of the shape operand is")

    def rank_from(self, length: int) -> int:
        return length

    def shape_from(self, wanted: list[int]) -> Shape:
        raise NotImplementedError

    def verify_op(self) -> None:
        self.verify_list(self.shape, "the shape")


class DynamicReshapeOp(ShapedOp):
    """x under the shape that an operand lists: -1 is what is left, 0 the dim of x (with `allow_zero` a real 0)."""

    name = "graph.dynamic_reshape"
    allow_zero = flag()

    def shape_from(self, wanted: list[int]) -> Shape:
        x = shape_of(self.x)
        if wanted.count(-1) > 1 or any(dim < -1 for dim in wanted):
            raise VerifyException(f"shape {wanted} is none: at most one dim may be -1, and none less")
        if not self.allow_zero and any(dim == 0 and axis >= len(x) for axis, dim in enumerate(wanted)):
            raise VerifyException(f"shape {wanted} keeps (0) a dim that x ({say(x)}) has not")
        shape = [x[axis] if dim == 0 and not self.allow_zero else dim for axis, dim in enumerate(wanted)]
        if -1 not in shape:
            return tuple(shape)
        rest = [dim for dim in shape if dim != -1]
        left = DYNAMIC
        if known(*x, *rest):
            per, total = count(tuple(rest)), count(x)
            if per == 0 or total % per:
                raise VerifyException(f"{say(x)} has {total} elements, which shape {wanted} cannot hold")
            left = total // per
        return tuple(left if dim == -1 else dim for dim in shape)

    def static_form(self) -> list[GraphOp] | None:
        shape = self._static_shape()
        return None if shape is None or not is_static(self.x) else [ReshapeOp(self.x, shape=shape)]


class DynamicBroadcastToOp(ShapedOp):
    """x broadcast with the shape that an operand lists (both ways, as ONNX Expand)."""

    name = "graph.dynamic_broadcast_to"

    def rank_from(self, length: int) -> int:
        return max(length, rank_of(self.x))

    def shape_from(self, wanted: list[int]) -> Shape:
        if any(dim < 0 for dim in wanted):
            raise VerifyException(f"shape {wanted} has a negative dim")
        return broadcast(shape_of(self.x), tuple(wanted))

    def static_form(self) -> list[GraphOp] | None:
        shape = self._static_shape()
        return None if shape is None or not is_static(self.x) else [BroadcastToOp(self.x, shape=shape)]


class DynamicSliceOp(DynamicOp):
    """ONNX Slice: along `axes`, from `starts` to before `ends`, `steps` apart.

    Negative starts, ends and axes count from the end; bounds beyond x are clamped to it.
    """

    name = "graph.dynamic_slice"
    x = Operand()
    starts = Operand()
    ends = Operand()
    axes = Operand()
    steps = Operand()

    def infer_type(self) -> Tensor:
        found = self._bounds()
        shape = unknown(rank_of(self.x)) if found is None else tuple(size for _, size, _ in found)
        return tensor(shape, element_type_of(self.x))

    def _bounds(self) -> list[tuple[int, int, int]] | None:
        """(first, size, step) of each dim of x; None where the bounds are no constants."""
        shape = shape_of(self.x)
        lists = [listed(value) for value in (self.starts, self.ends, self.axes, self.steps)]
        given = [item for item in lists if item is not None]
        if len(given) < 4:
            return None
        if len({len(item) for item in given}) > 1:
            raise VerifyException(f"starts, ends, axes and steps are {given}; they must have one length")
        starts, ends, axes, steps = given
        found = [(0, dim, 1) for dim in shape]
        for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
            if not -len(shape) <= axis < len(shape):
                raise VerifyException(f"axis {axis} is outside a tensor of rank {len(shape)}")
            if step == 0:
                raise VerifyException("a step is 0")
            found[axis] = self._bound(shape[axis], start, end, step)
        return found

    @staticmethod
    def _bound(dim: int, start: int, end: int, step: int) -> tuple[int, int, int]:
        if not known(dim):
            return (0, DYNAMIC, step)
        taken = range(dim)[slice(start, max(end, -dim - 1), step)]
        return (taken.start if len(taken) else 0, len(taken), step)

    def verify_op(self) -> None:
        for value, what in ((self.starts, "starts"), (self.ends, "ends"), (self.axes, "axes"), (self.steps, "steps")):
            self.verify_list(value, what)

    def static_form(self) -> list[GraphOp] | None:
        found = self._bounds()
        if found is None or not is_static(self.x):
            return None
        starts, sizes, steps = (tuple(item) for item in zip(*found, strict=True))
        return [SliceOp(self.x, starts=starts, sizes=sizes, steps=steps)]


class DynamicPadOp(DynamicOp):
    """ONNX Pad: `pads` lists what to add before each dim, then after each; negative ones take elements away.

    `value` is a tensor of one element, 0 if absent.
    """

    name = "graph.dynamic_pad"
    x = Operand()
    pads = Operand()
    value = OptionalOperand()
    mode = word("constant", "reflect", "edge", default="constant")

    def infer_type(self) -> Tensor:
        shape = unknown(rank_of(self.x))
        if (found := self._pads()) is not None:
            sides = zip(shape_of(self.x), *found, strict=True)
            shape = tuple(dim + low + high if known(dim) else DYNAMIC for dim, low, high in sides)
            if any(known(dim) and dim < 0 for dim in shape):
                raise VerifyException(f"pads {found} take away more than {say(shape_of(self.x))} has")
        return tensor(shape, element_type_of(self.x))

    def _pads(self) -> tuple[list[int], list[int]] | None:
        if (pads := listed(self.pads)) is None:
            return None
        rank = rank_of(self.x)
        if len(pads) != 2 * rank:
            raise VerifyException(f"pads has {len(pads)} numbers; a tensor of rank {rank} needs {2 * rank}")
        return pads[:rank], pads[rank:]

    def verify_op(self) -> None:
        self.verify_list(self.pads, "pads")

    def static_form(self) -> list[GraphOp] | None:
        found, value = self._pads(), self._value()
        if found is None or value is None or not is_static(self.x):
            return None
        low, high = found
        cut = [(max(-a, 0), max(-b, 0)) for a, b in zip(low, high, strict=True)]
        ops: list[GraphOp] = []
        x: Value = self.x
        if any(a or b for a, b in cut):
            sizes = tuple(dim - a - b for dim, (a, b) in zip(shape_of(x), cut, strict=True))
            if min(sizes) < 0:
                raise VerifyException(f"pads {low} and {high} take away more than {say(shape_of(x))} has")
            ops.append(SliceOp(x, starts=tuple(a for a, _ in cut), sizes=sizes))
            x = ops[-1].result
        grow_low, grow_high = (tuple(max(item, 0) for item in side) for side in found)
        return [*ops, PadOp(x, low=grow_low, high=grow_high, mode=self.mode, value=value)]

    def _value(self) -> float | None:
        if self.value is None or self.mode != "constant":
            return 0.0
        owner = constant_owner(self.value)
        array = None if owner is None else inline_array(owner)
        return None if array is None else float(array.reshape(-1)[0])


class DynamicResizeOp(DynamicOp):
    """ONNX Resize: the second operand lists the result's sizes (integers) or its scales (floats), one a dim."""

    name = "graph.dynamic_resize"
    x = Operand()
    target = Operand()
    mode = ResizeOp.mode.like()
    coordinate = ResizeOp.coordinate.like()
    nearest_mode = ResizeOp.nearest_mode.like()
    cubic_coeff_a = number(-0.75)
    exclude_outside = integer(0)
    antialias = flag()

    @property
    def by_scales(self) -> bool:
        return is_float(element_type_of(self.target))

    def _numbers(self) -> list[float] | None:
        owner = constant_owner(self.target)
        array = None if owner is None else inline_array(owner)
        if array is None:
            return None
        if len(array) != rank_of(self.x):
            raise VerifyException(f"sizes or scales {array.tolist()} need {rank_of(self.x)} numbers, one a dim of x")
        return [float(item) for item in array]

    def infer_type(self) -> Tensor:
        x = shape_of(self.x)
        numbers = self._numbers()
        if numbers is None:
            return tensor(unknown(len(x)), element_type_of(self.x))
        if not self.by_scales:
            return tensor((int(size) for size in numbers), element_type_of(self.x))
        pairs = zip(x, numbers, strict=True)
        return tensor((floor(dim * scale) if known(dim) else DYNAMIC for dim, scale in pairs), element_type_of(self.x))

    def verify_op(self) -> None:
        if rank_of(self.target) != 1:
            raise VerifyException(f"sizes or scales must be a list (rank 1), but are {self.target.type}")

    def static_form(self) -> list[GraphOp] | None:
        numbers, shape = self._numbers(), self._static_shape()
        if numbers is None or shape is None or not is_static(self.x):
            return None
        resized = ResizeOp(
            self.x,
            mode=self.mode,
            coordinate=self.coordinate,
            nearest_mode=self.nearest_mode,
            cubic_coeff_a=self.cubic_coeff_a,
            exclude_outside=self.exclude_outside,
            antialias=self.antialias,
            scales=tuple(numbers) if self.by_scales else None,
            result_type=tensor(shape, element_type_of(self.x)),
        )
        return [resized]


class DynamicRangeOp(DynamicOp):
    """The list `start`, `start + delta`, ..., as long as it is short of `limit`: ONNX Range, of three scalars."""

    name = "graph.dynamic_range"
    start = Operand()
    limit = Operand()
    delta = Operand()

    def infer_type(self) -> Tensor:
        array = self._array()
        return tensor((DYNAMIC,) if array is None else array.shape, element_type_of(self.start))

    def verify_op(self) -> None:
        if any(count(shape_of(value)) != 1 or value.type != self.start.type for value in self.operands):
            raise VerifyException("takes three scalars of one type")

    def static_form(self) -> list[GraphOp] | None:
        array = self._array()
        return None if array is None else [inline_constant(array)]

    def _array(self) -> Array | None:
        owners = [constant_owner(value) for value in self.operands]
        arrays = [None if owner is None else inline_array(owner) for owner in owners]
        known = [array.reshape(()) for array in arrays if array is not None]
        if len(known) < len(arrays):
            return None
        start, limit, delta = (array.item() for array in known)
        if delta == 0:
            raise VerifyException("does not end: delta is 0")
        check_made((limit - start) / delta, "the range")
        made: Array = np.arange(start, limit, delta, dtype=known[0].dtype)
        return made


DYNAMIC_OPS: list[type[DynamicOp]] = [
    ShapeOfOp,
    DynamicReshapeOp,
    DynamicBroadcastToOp,
    DynamicSliceOp,
    DynamicPadOp,
    DynamicResizeOp,
    DynamicRangeOp,
]
