"""Buffer types, and reshapes and slices of buffers: each is a memref type that says where its elements lie.

tensor<4x8xf32>                                           memref<4x8xf32>
tensor.extract_slice %x[1, 0] [2, 8] [1, 1]               memref<2x8xf32, strided<[8, 1], offset: 8>>
tensor.expand_shape of that, [[0, 1], [2]] to 1x2x8       memref<1x2x8xf32, strided<[16, 8, 1], offset: 8>>
tensor.collapse_shape of %x[0, 0] [4, 4] [1, 1], [[0, 1]] no such type: rows are not adjacent, it must be copied
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, cast

from xdsl.dialects import memref, tensor
from xdsl.dialects.builtin import (
    DYNAMIC_INDEX,
    ArrayAttr,
    DenseArrayBase,
    IntegerAttr,
    IntegerType,
    MemRefType,
    NoneAttr,
    ShapedType,
    StridedLayoutAttr,
    TensorType,
    i64,
)
from xdsl.ir import Attribute, Operation, SSAValue

Buffer = MemRefType[Attribute]
Groups = tuple[tuple[int, ...], ...]
"""Of a reshape: for each dimension of the smaller shape, the dimensions of the larger that it stands for."""


@lru_cache(maxsize=4096)
def buffer_type(kind: TensorType[Attribute]) -> Buffer:
    """The contiguous buffer of a tensor; unsigned elements become signless."""
    element = kind.get_element_type()
    if isinstance(element, IntegerType):
        element = cast(Attribute, IntegerType(cast(Any, element).width.data))
    return MemRefType(element, kind.get_shape())


def tensor_type(value: SSAValue) -> TensorType[Attribute] | None:
    """None where `value` is no tensor."""
    kind = value.type
    return cast(TensorType[Attribute], kind) if isinstance(kind, TensorType) else None


def buffer_for(value: SSAValue) -> Buffer:
    """The type of the contiguous buffer of a tensor value."""
    kind = tensor_type(value)
    assert kind is not None
    return buffer_type(kind)


def shape_of(value: SSAValue) -> tuple[int, ...]:
    kind = value.type
    assert isinstance(kind, ShapedType)
    return kind.get_shape()


def type_of(buffer: SSAValue) -> Buffer:
    kind = buffer.type
    assert isinstance(kind, MemRefType)
    return cast(Buffer, kind)


def strides_of(kind: Buffer) -> tuple[int, ...]:
    strides = kind.get_strides()
    assert strides is not None and all(s is not None for s in strides)
    return cast(tuple[int, ...], tuple(strides))


def with_layout(kind: Buffer, shape: Sequence[int], strides: Sequence[int]) -> Buffer:
    """`kind` with another shape at the same offset; no layout is written where it is the contiguous one."""
    offset = kind.get_offset()
    if isinstance(kind.layout, NoneAttr):
        return MemRefType(kind.element_type, shape)
    return MemRefType(kind.element_type, shape, StridedLayoutAttr(list(strides), offset))


def movable(kind: Buffer) -> Buffer:
    """`kind` wherever it starts: with a layout, the offset is not said."""
    if isinstance(kind.layout, NoneAttr):
        return kind
    return MemRefType(kind.element_type, kind.get_shape(), StridedLayoutAttr(list(strides_of(kind)), None))


def groups_of(op: Operation) -> Groups:
    """The reassociation of an expand_shape or collapse_shape."""
    outer = cast(ArrayAttr[ArrayAttr[IntegerAttr]], op.properties["reassociation"])
    return tuple(tuple(index.value.data for index in group) for group in outer)


def _reassociation(groups: Groups) -> ArrayAttr[ArrayAttr[IntegerAttr]]:
    return ArrayAttr([ArrayAttr([IntegerAttr(index, i64) for index in group]) for group in groups])


def expanded_type(kind: Buffer, groups: Groups, shape: Sequence[int]) -> Buffer:
    """Splitting a dimension is always a view: the last part keeps the stride, each before it steps over the next."""
    strides = [1] * len(shape)
    for stride, group in zip(strides_of(kind), groups, strict=True):
        for dim in reversed(group):
            strides[dim] = stride
            stride *= shape[dim]
    return with_layout(kind, shape, strides)


def collapsed_type(kind: Buffer, groups: Groups) -> Buffer | None:
    """The type with each group as one dimension; None where a group's elements do not follow each other."""
    shape, strides = kind.get_shape(), strides_of(kind)
    new_shape: list[int] = []
    new_strides: list[int] = []
    for group in groups:
        size, stride = 1, 1
        for dim in reversed(group):
            if shape[dim] == 1:
                continue
            if size == 1:
                stride = strides[dim]
            elif strides[dim] != stride * size:
                return None
            size *= shape[dim]
        if size == 1 and group:
            stride = strides[group[0]]
        new_shape.append(size)
        new_strides.append(stride)
    return with_layout(kind, new_shape, new_strides)


def expand(buffer: SSAValue, groups: Groups, shape: Sequence[int]) -> memref.ExpandShapeOp:
    return memref.ExpandShapeOp.build(
        operands=[buffer, []],
        result_types=[expanded_type(type_of(buffer), groups, shape)],
        properties={
            "reassociation": _reassociation(groups),
            "static_output_shape": DenseArrayBase.from_list(i64, list(shape)),
        },
    )


def collapse(buffer: SSAValue, groups: Groups) -> memref.CollapseShapeOp | None:
    """None where it would have to be a copy."""
    kind = collapsed_type(type_of(buffer), groups)
    if kind is None:
        return None
    return memref.CollapseShapeOp.build(
        operands=[buffer], result_types=[kind], properties={"reassociation": _reassociation(groups)}
    )


def is_static_slice(op: Operation) -> bool:
    """Whether it is known where a slice begins."""
    return DYNAMIC_INDEX not in slice_of(op)[0]


def slice_of(op: Operation) -> tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]:
    """Offsets, sizes and strides of an extract_slice or insert_slice; an offset may be `DYNAMIC_INDEX`."""
    names = ("static_offsets", "static_sizes", "static_strides")
    arrays = [cast(DenseArrayBase[IntegerType], op.properties[name]) for name in names]
    offsets, sizes, strides = (tuple(int(v) for v in array.get_values()) for array in arrays)
    return offsets, sizes, strides


def subview(
    buffer: SSAValue, op: tensor.ExtractSliceOp | tensor.InsertSliceOp, shape: Sequence[int]
) -> memref.SubviewOp:
    """The slice that `op` names, as a view. `shape` may lack some of the slice's dimensions of size 1."""
    kind = type_of(buffer)
    offsets, sizes, strides = slice_of(op)
    source_strides = strides_of(kind)
    kept: list[int] = []
    for size, step, stride in zip(sizes, strides, source_strides, strict=True):
        if len(kept) < len(shape) and shape[len(kept)] == size:
            kept.append(step * stride)
    assert len(kept) == len(shape)
    result = MemRefType(kind.element_type, shape, StridedLayoutAttr(kept, _moved(kind, offsets)))
    return memref.SubviewOp(buffer, list(op.offsets), [], [], offsets, sizes, strides, result)


def box_view(buffer: SSAValue, box: Sequence[tuple[int, int]]) -> memref.SubviewOp:
    """The elements from the first to before the last index of each dimension."""
    kind = type_of(buffer)
    offsets, sizes = [first for first, _ in box], [last - first for first, last in box]
    result = MemRefType(kind.element_type, sizes, StridedLayoutAttr(list(strides_of(kind)), _moved(kind, offsets)))
    return memref.SubviewOp(buffer, [], [], [], offsets, sizes, [1] * len(box), result)


def _moved(kind: Buffer, offsets: Sequence[int]) -> int | None:
    """The offset of what starts at these indices; None where one of them, or that of `kind`, is not known."""
    start = kind.get_offset()
    if start is None or DYNAMIC_INDEX in offsets:
        return None
    return start + sum(offset * stride for offset, stride in zip(offsets, strides_of(kind), strict=True))
