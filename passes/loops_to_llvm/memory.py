"""memref ops: bare pointers, and addresses by `getelementptr` on the element type.

    %v = memref.load %m[%i, %c3] : memref<8x16xf32>
  becomes
    %0 = llvm.mul %i, %c16 overflow<nsw> : i64
    %1 = llvm.getelementptr inbounds %m[%0] : (!llvm.ptr, i64) -> !llvm.ptr, f32
    %2 = llvm.getelementptr inbounds %1[3] : (!llvm.ptr) -> !llvm.ptr, f32
    %v = llvm.load %2 {alignment = 4 : i64} : !llvm.ptr -> f32

The part of an address that varies is computed once in a loop body, and constant offsets come last, so unrolled code
shares it. A memref<..xi1> holds bytes: loads compare with zero, stores widen. A pointer always points to the memref's
first element: a layout's own offset was added by whoever made the memref.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from math import prod

from stepwell.diagnostics import StepwellError
from stepwell.dialects.lanes import like, memref_type
from xdsl.dialects import llvm
from xdsl.dialects.builtin import (
    DYNAMIC_INDEX,
    DenseArrayBase,
    FixedBitwidthType,
    IntegerAttr,
    MemRefType,
    UnitAttr,
    i1,
    i8,
    i32,
    i64,
)
from xdsl.dialects.memref import CopyOp, ReinterpretCastOp, SubviewOp
from xdsl.ir import Attribute, Block, Operation, SSAValue

from .lowering import NSW, Lowering, in_memory, lowers

DYNAMIC_ONE = DenseArrayBase.from_list(i32, [llvm.GEP_USE_SSA_VAL])
NO_WRAP = IntegerAttr(0, 32)
UNORDERED = IntegerAttr(0, 64)
ALIGNMENTS = {n: IntegerAttr(n, 64) for n in (1, 2, 4, 8)}


def static_strides(type: MemRefType[Attribute]) -> Sequence[int]:
    strides = type.get_strides()
    if strides is None or any(stride is None for stride in strides):
        raise StepwellError(f"{type}: strides must be static", fix="bind the shapes first")
    return strides  # pyright: ignore[reportReturnType]


def element_bytes(element: Attribute) -> int:
    stored = in_memory(element)
    if not isinstance(stored, FixedBitwidthType):
        raise StepwellError(f"{element} cannot stand in memory")
    return -(-stored.bitwidth // 8)


@lru_cache(4096)
def gep_indices(index: int) -> Attribute:
    return DenseArrayBase.from_list(i32, [index])


def gep(low: Lowering, pointer: SSAValue, element: Attribute, index: SSAValue | int) -> SSAValue:
    """`pointer + index` in elements, within the same object."""
    if isinstance(index, int):
        if index == 0:
            return pointer
        if abs(index) >= 1 << 31:  # a constant of a getelementptr has 32 bits
            index = low.constant(index)
    return low.emit(
        llvm.GEPOp,
        [pointer] if isinstance(index, int) else [pointer, index],
        pointer.type,
        {
            "elem_type": element,
            "rawConstantIndices": gep_indices(index) if isinstance(index, int) else DYNAMIC_ONE,
            "inbounds": UnitAttr(),
            "noWrapFlags": NO_WRAP,
        },
    )


def scaled(low: Lowering, index: SSAValue, stride: int) -> SSAValue:
    if stride == 1:
        return index
    return low.remember((index, stride), lambda: low.emit(llvm.MulOp, [index, low.constant(stride)], i64, NSW))


def address(
    low: Lowering, pointer: SSAValue, element: Attribute, indices: Sequence[SSAValue], strides: Sequence[int]
) -> SSAValue:
    """The address of one element. `indices` are values of the source."""
    constant = 0
    varying: list[tuple[SSAValue, int]] = []
    for index, stride in zip(indices, strides, strict=True):
        known = low.integer(index)
        if known is not None:
            constant += known * stride
        elif stride:
            varying.append((low[index], stride))
    stored = in_memory(element)
    if varying:
        pointer = low.remember((pointer, *varying), lambda: offset_by(low, pointer, stored, varying))
    if constant:
        base = pointer
        pointer = low.remember((base, constant, id(stored)), lambda: gep(low, base, stored, constant))
    return pointer


def offset_by(low: Lowering, pointer: SSAValue, stored: Attribute, terms: Sequence[tuple[SSAValue, int]]) -> SSAValue:
    total: SSAValue | None = None
    for n, (index, stride) in enumerate(terms):
        term = scaled(low, index, stride)
        if total is None:
            total = term
            continue
        before = total
        key = ("sum", *terms[: n + 1])
        total = low.remember(key, lambda before=before, term=term: low.emit(llvm.AddOp, [before, term], i64, NSW))
    assert total is not None
    return gep(low, pointer, stored, total)


def element_address(low: Lowering, memref: SSAValue, indices: Sequence[SSAValue]) -> SSAValue:
    type = memref_type(memref)
    return address(low, low[memref], type.element_type, indices, static_strides(type))


def load(
    low: Lowering, pointer: SSAValue, type: Attribute, element: Attribute, alignment: Attribute | None = None
) -> SSAValue:
    """A scalar or a vector of `element`s from memory; booleans come as bytes. `alignment`: else an element's."""
    type = low.type(type)
    read = like(type, i8) if element == i1 else type
    properties = {
        "ordering": UNORDERED,
        "alignment": ALIGNMENTS[element_bytes(element)] if alignment is None else alignment,
    }
    value = low.emit(llvm.LoadOp, [pointer], read, properties)
    return to_bool(low, value, type) if element == i1 else value


def to_bool(low: Lowering, value: SSAValue, type: Attribute) -> SSAValue:
    not_equal = {"predicate": IntegerAttr(llvm.ICmpPredicateFlag.NE.to_int(), 64)}
    return low.emit(llvm.ICmpOp, [value, low.constant(0, value.type)], type, not_equal)


def to_bytes(low: Lowering, value: SSAValue) -> SSAValue:
    return low.emit(llvm.ZExtOp, [value], like(value.type, i8))


def store(
    low: Lowering, value: SSAValue, pointer: SSAValue, element: Attribute, alignment: Attribute | None = None
) -> None:
    if element == i1:
        value = to_bytes(low, value)
    low.append(
        llvm.StoreOp.create(
            operands=(value, pointer),
            properties={
                "ordering": UNORDERED,
                "alignment": ALIGNMENTS[element_bytes(element)] if alignment is None else alignment,
            },
        )
    )


@lowers("memref.load")
def lower_load(low: Lowering, op: Operation) -> None:
    memref, *indices = op.operands
    result = op.results[0]
    low[result] = load(low, element_address(low, memref, indices), result.type, result.type)


@lowers("memref.store")
def lower_store(low: Lowering, op: Operation) -> None:
    value, memref, *indices = op.operands
    store(low, low[value], element_address(low, memref, indices), value.type)


@lowers("memref.view")
def lower_view(low: Lowering, op: Operation) -> None:
    """`memref.view %bytes[%offset][]`: a byte offset, then a memref of another element type."""
    source, offset, *sizes = op.operands
    if sizes:
        raise StepwellError("memref.view with dynamic sizes is not supported")
    low[op.results[0]] = address(low, low[source], i8, [offset], [1])


@lowers("memref.subview")
def lower_subview(low: Lowering, op: Operation) -> None:
    assert isinstance(op, SubviewOp)
    source = memref_type(op.source)
    strides = static_strides(source)
    static_strides(memref_type(op.result))
    dynamic = iter(op.offsets)
    offsets: list[SSAValue] = []
    offset_strides: list[int] = []
    constant = 0
    for offset, stride in zip(op.static_offsets.get_values(), strides, strict=True):
        if offset == DYNAMIC_INDEX:
            offsets.append(next(dynamic))
            offset_strides.append(stride)
        else:
            constant += int(offset) * stride
    element = source.element_type
    pointer = address(low, low[op.source], element, offsets, offset_strides)
    low[op.result] = gep(low, pointer, in_memory(element), constant)


@lowers("memref.collapse_shape", "memref.expand_shape", "memref.cast", "memref.assume_alignment")
def lower_same_pointer(low: Lowering, op: Operation) -> None:
    low[op.results[0]] = low[op.operands[0]]


@lowers("memref.reinterpret_cast")
def lower_reinterpret_cast(low: Lowering, op: Operation) -> None:
    assert isinstance(op, ReinterpretCastOp)
    source = memref_type(op.source)
    if source.get_offset() != 0:
        raise StepwellError("memref.reinterpret_cast of a memref that has an offset of its own is not supported")
    (offset,) = op.static_offsets.get_values()
    indices = list(op.offsets)
    element = source.element_type
    pointer = address(low, low[op.source], element, indices, [1] * len(indices))
    low[op.result] = pointer if indices else gep(low, pointer, in_memory(element), int(offset))


@lowers("memref.extract_strided_metadata")
def lower_metadata(low: Lowering, op: Operation) -> None:
    """A pointer points to the first element already: from there the offset is 0."""
    source, (base, offset, *numbers) = memref_type(op.operands[0]), op.results
    low[base] = low[op.operands[0]]
    for value, number in zip((offset, *numbers), (0, *source.get_shape(), *static_strides(source)), strict=True):
        if value.first_use is not None:
            low[value] = low.constant(number)


@lowers("memref.dim")
def lower_dim(low: Lowering, op: Operation) -> None:
    source, which = op.operands
    dim = low.integer(which)
    shape = memref_type(source).get_shape()
    if dim is None or shape[dim] == DYNAMIC_INDEX:
        raise StepwellError(
            "memref.dim of a dimension that is not static is not supported", fix="bind the shapes first"
        )
    low[op.results[0]] = low.constant(shape[dim])


@lowers("memref.alloca")
def lower_alloca(low: Lowering, op: Operation) -> None:
    """A small static buffer on the stack: at the function's head, so that a loop does not grow the stack."""
    type = memref_type(op.results[0])
    if op.operands:
        raise StepwellError("memref.alloca with dynamic sizes is not supported")
    count = low.constant(prod(type.get_shape()))
    made = llvm.AllocaOp(count, in_memory(type.element_type), alignment=64)
    made.location = low.location
    low.head.append(made)
    low[op.results[0]] = made.res


@lowers("memref.copy")
def lower_copy(low: Lowering, op: Operation) -> None:
    """A contiguous copy is one memcpy; any other a nest of loops down to its contiguous rows."""
    assert isinstance(op, CopyOp)
    source, target = memref_type(op.source), memref_type(op.destination)
    shape = source.get_shape()
    size = element_bytes(source.element_type)
    stored = in_memory(source.element_type)
    strides = static_strides(source), static_strides(target)
    run, rank = 1, len(shape)  # the trailing dims that both hold without gaps are one run
    while rank and strides[0][rank - 1] == strides[1][rank - 1] == run:
        rank -= 1
        run *= shape[rank]

    def copy(dim: int, source: SSAValue, target: SSAValue) -> None:
        if dim == rank:
            length = low.constant(run * size)
            low.intrinsic("llvm.memcpy", [target, source, length, low.constant(0, i1)], None)
            return
        counted_loop(
            low,
            shape[dim],
            lambda iv: copy(
                dim + 1,
                gep(low, source, stored, scaled(low, iv, strides[0][dim])),
                gep(low, target, stored, scaled(low, iv, strides[1][dim])),
            ),
        )

    if prod(shape):
        copy(0, low[op.source], low[op.destination])


def counted_loop(low: Lowering, count: int, body: Callable[[SSAValue], None]) -> None:
    """`for iv in range(count): body(iv)`, for a static count of one or more."""
    loop, after = Block(arg_types=[i64]), Block()
    low.jump(loop, [low.constant(0)])
    low.start(loop)
    low.scopes.append({})
    iv = loop.args[0]
    body(iv)
    low.scopes.pop()
    following = low.emit(llvm.AddOp, [iv, low.constant(1)], i64, NSW)
    less = {"predicate": IntegerAttr(llvm.ICmpPredicateFlag.SLT.to_int(), 64)}
    again = low.emit(llvm.ICmpOp, [following, low.constant(count)], i1, less)
    low.branch(again, loop, [following], after)
    low.start(after)


UNPLANNED = "run plan-memory before loops-to-llvm"


@lowers("memref.alloc", "memref.dealloc")
def refuse_alloc(low: Lowering, op: Operation) -> None:
    raise StepwellError(f"{op.name}: a program allocates nothing while it runs", where=op, fix=UNPLANNED)


@lowers("memref.get_global", "memref.global")
def refuse_global(low: Lowering, op: Operation) -> None:
    raise StepwellError(f"{op.name}: weights come as an argument, not as globals", where=op, fix=UNPLANNED)
