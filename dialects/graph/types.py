"""Types and shapes of the graph dialect: shapes as Python tuples, element types as numpy's.

Every value is a ranked builtin tensor. A dimension that is not known yet prints as `?` and is `DYNAMIC` in Python.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import prod
from typing import Any, cast

import numpy as np
from stepwell.diagnostics import StepwellError
from xdsl.dialects.builtin import (
    DYNAMIC_INDEX,
    BFloat16Type,
    Float16Type,
    Float32Type,
    Float64Type,
    IntegerType,
    Signedness,
    TensorType,
)
from xdsl.ir import Attribute, SSAValue
from xdsl.utils.exceptions import VerifyException

FLOATS = (Float16Type, Float32Type, Float64Type, BFloat16Type)

Tensor = TensorType[Attribute]
Value = SSAValue[Tensor]
Shape = tuple[int, ...]

DYNAMIC = DYNAMIC_INDEX
"""The dimension `?`."""

MOST_DIMS = 32
"""More than any operator takes, and half of numpy's own limit."""

MOST_BYTES = 1 << 46
"""A tensor may have as many: what a processor of today can address at all. What this machine can hold is looked at
where a program is loaded; compiling for another machine is no error."""

BOOL = IntegerType(1)
I64 = IntegerType(64)
MOST_MADE = 1 << 28
"""Bytes of what the compiler makes without being given as much: a range, a mask, a table of indices. A file of a
hundred bytes can ask for terabytes of these."""

_NUMPY: dict[Attribute, str] = {
    Float16Type(): "float16",
    Float32Type(): "float32",
    Float64Type(): "float64",
    IntegerType(1): "bool",
    **{IntegerType(bits): f"int{bits}" for bits in (8, 16, 32, 64)},
    **{IntegerType(bits, Signedness.UNSIGNED): f"uint{bits}" for bits in (8, 16, 32, 64)},
}
_UNSIGNED = {IntegerType(bits, Signedness.UNSIGNED) for bits in (8, 16, 32, 64)}
_BYTES = {IntegerType(8), IntegerType(8, Signedness.UNSIGNED)}
_ELEMENT = {np.dtype(name): element for element, name in _NUMPY.items()}


def dtype_of(element: Attribute) -> np.dtype[Any]:
    """numpy's dtype of an element type. Raises `StepwellError` where numpy has none."""
    if isinstance(element, BFloat16Type):
        import ml_dtypes  # comes with onnx

        return np.dtype(ml_dtypes.bfloat16)
    if element not in _NUMPY:
        raise StepwellError(f"element type {element} has no counterpart in numpy")
    return np.dtype(_NUMPY[element])


def element_of(dtype: np.dtype[Any]) -> Attribute:
    """The element type of a numpy dtype."""
    if dtype.name == "bfloat16":
        return BFloat16Type()
    if dtype not in _ELEMENT:
        raise StepwellError(f"numpy's {dtype} has no counterpart among the element types")
    return _ELEMENT[dtype]


def tensor(shape: Iterable[int], element: Attribute) -> Tensor:
    return TensorType(element, tuple(shape))


def type_of(value: SSAValue) -> Tensor:
    """The tensor type of a value. Raises `VerifyException` for anything else."""
    type: Attribute = value.type
    if not isinstance(type, TensorType):
        raise VerifyException(f"a value of type {type} where a ranked tensor is needed")
    return cast(Tensor, type)


def shape_of(value: SSAValue) -> Shape:
    return type_of(value).get_shape()


def rank_of(value: SSAValue) -> int:
    return len(shape_of(value))


def element_type_of(value: SSAValue) -> Attribute:
    return type_of(value).element_type


def is_static(value: SSAValue) -> bool:
    return DYNAMIC not in shape_of(value)


def is_float(element: Attribute) -> bool:
    return isinstance(element, FLOATS)


def sum_type(value: SSAValue, *, wide: bool) -> Attribute:
    """The element type of sums of products of `value`: its own, or, where they stay wide, f32 of floats of 16 bits and
    i32 of bytes."""
    element = element_type_of(value)
    if wide and isinstance(element, (Float16Type, BFloat16Type)):
        return Float32Type()
    return IntegerType(32) if wide and is_byte(element) else element


def can_multiply(a: SSAValue, b: SSAValue, *, wide: bool) -> bool:
    """Whether there are products of both: of one type, or of bytes of either sign whose sums are wide."""
    kinds = element_type_of(a), element_type_of(b)
    return kinds[0] == kinds[1] or (wide and all(map(is_byte, kinds)))


def is_bool(element: Attribute) -> bool:
    return element == BOOL


def is_integer(element: Attribute) -> bool:
    return isinstance(element, IntegerType) and element != BOOL


def is_byte(element: Attribute) -> bool:
    return element in _BYTES


def is_unsigned(element: Attribute) -> bool:
    return element in _UNSIGNED


def count(shape: Shape) -> int:
    """How many elements a static shape has."""
    return prod(shape)


def say(shape: Sequence[int]) -> str:
    """A shape for people: `2x?x8`, and `scalar` for rank 0."""
    return "x".join("?" if dim == DYNAMIC else str(dim) for dim in shape) or "scalar"


def check_size(type: Tensor) -> None:
    """Raises `VerifyException` for a type that no tensor can have: a negative dim, or more bytes than are addressed."""
    shape = type.get_shape()
    if len(shape) > MOST_DIMS:
        raise VerifyException(f"a tensor has {len(shape)} dims; at most {MOST_DIMS} are supported")
    if any(dim < 0 and dim != DYNAMIC for dim in shape):
        raise VerifyException(f"a tensor of {say(shape)} has a negative dim")
    size = prod(dim for dim in shape if dim != DYNAMIC) * dtype_of(type.element_type).itemsize
    if size > MOST_BYTES:
        raise VerifyException(f"a tensor of {say(shape)} has {size} bytes; at most {MOST_BYTES} can be addressed")


def check_made(count: float, what: str) -> None:
    """Raises `VerifyException` where the compiler would have to make a table of so many elements by itself."""
    if not count * 8 <= MOST_MADE:
        raise VerifyException(f"{what} has {count:.0f} elements; at most {MOST_MADE // 8} are made while compiling")


def known(*dims: int) -> bool:
    return DYNAMIC not in dims


def same_dim(a: int, b: int) -> bool:
    """Whether two dims can be equal (an unknown one can be anything)."""
    return a == b or not known(a, b)


def broadcast(*shapes: Shape) -> Shape:
    """numpy's broadcasting. A `?` against a dim > 1 gives that dim. Raises `VerifyException` where dims clash."""
    rank = max(len(shape) for shape in shapes)
    padded = [(1,) * (rank - len(shape)) + shape for shape in shapes]
    return tuple(_broadcast_dim(dims, shapes) for dims in zip(*padded, strict=True))


def _broadcast_dim(dims: tuple[int, ...], shapes: tuple[Shape, ...]) -> int:
    wide = {dim for dim in dims if dim != 1 and dim != DYNAMIC}
    if len(wide) > 1:
        raise VerifyException(f"shapes {', '.join(say(s) for s in shapes)} do not broadcast with each other")
    if wide:
        return wide.pop()
    return DYNAMIC if DYNAMIC in dims else 1


def normalize_axis(axis: int, rank: int) -> int:
    """An axis counted from 0; negative ones count from the end. Raises `VerifyException` outside the rank."""
    if not -rank <= axis < rank:
        raise VerifyException(f"axis {axis} is outside a tensor of rank {rank}")
    return axis % rank
