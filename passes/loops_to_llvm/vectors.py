"""vector: one-dimensional vectors are LLVM's; masks say which lanes of a tail take part.

    %m = vector.create_mask %n : vector<16xi1>
    %v = vector.maskedload %b[%i], %m, %zero : memref<?xf32>, vector<16xi1>, vector<16xf32> into vector<16xf32>
  becomes
    %0 = llvm.call_intrinsic "llvm.smin"(%n, %c16) : (i64, i64) -> i64            // so that it fits i32 lanes
    %1 = llvm.trunc %0 : i64 to i32
    %m = llvm.icmp "slt" dense<[0, 1, ...]>, splat(%1) : vector<16xi32>
    %v = llvm.intr.masked.load %address, %m, %zero {alignment = 4 : i32} : ...

Only a horizontal reduction of floats may be reassociated (a tree over its lanes); nothing else is.
"""

from __future__ import annotations

from collections.abc import Sequence

from stepwell.diagnostics import StepwellError
from stepwell.dialects.lanes import element, is_integer, lanes, memref_type
from stepwell.dialects.llvm import ExtractElementOp, MaskedLoadOp, MaskedStoreOp
from xdsl.dialects import llvm, vector
from xdsl.dialects.builtin import (
    DYNAMIC_INDEX,
    AffineMapAttr,
    DenseArrayBase,
    FloatAttr,
    IntegerAttr,
    VectorType,
    i1,
    i32,
    i64,
)
from xdsl.dialects.utils import FastMathFlag
from xdsl.ir import Attribute, Operation, SSAValue

from .arithmetic import compare
from .lowering import Lowering, elements, lowers
from .memory import element_address, element_bytes, load, static_strides, store, to_bool, to_bytes

MASK_ALIGNMENTS = {n: IntegerAttr(n, 32) for n in (1, 2, 4, 8)}
REASSOCIATE = {"fastmathFlags": llvm.FastMathAttr((FastMathFlag.REASSOC, FastMathFlag.ALLOW_CONTRACT))}


def lane_count(type: Attribute) -> int:
    shape = lanes(type)
    assert shape is not None
    return shape[0]


def check_contiguous(memref: SSAValue) -> None:
    """A vector of memory is consecutive elements of the last dimension."""
    type = memref_type(memref)
    strides = static_strides(type)
    if strides and strides[-1] != 1:
        raise StepwellError(f"{type}: a vector cannot be read from a last dimension of stride {strides[-1]}")


@lowers("vector.load")
def lower_load(low: Lowering, op: Operation) -> None:
    memref, *indices = op.operands
    check_contiguous(memref)
    type = op.results[0].type
    low[op.results[0]] = load(low, element_address(low, memref, indices), type, element(type), said_alignment(op))


@lowers("vector.store")
def lower_store(low: Lowering, op: Operation) -> None:
    value, memref, *indices = op.operands
    check_contiguous(memref)
    store(low, low[value], element_address(low, memref, indices), element(value.type), said_alignment(op))


def said_alignment(op: Operation) -> Attribute | None:
    """Bytes at a multiple of which a vector lies, where the op says so."""
    return op.attributes.get("alignment")


def masked_load(low: Lowering, pointer: SSAValue, mask: SSAValue, otherwise: SSAValue, kind: Attribute) -> SSAValue:
    boolean = kind == i1
    passed = to_bytes(low, otherwise) if boolean else otherwise
    properties = {"alignment": MASK_ALIGNMENTS[element_bytes(kind)]}
    value = low.emit(MaskedLoadOp, [pointer, mask, passed], passed.type, properties)
    return to_bool(low, value, otherwise.type) if boolean else value


def masked_store(low: Lowering, value: SSAValue, pointer: SSAValue, mask: SSAValue, kind: Attribute) -> None:
    stored = to_bytes(low, value) if kind == i1 else value
    properties = {"alignment": MASK_ALIGNMENTS[element_bytes(kind)]}
    low.append(MaskedStoreOp.create(operands=(stored, pointer, mask), properties=properties))


@lowers("vector.maskedload")
def lower_masked_load(low: Lowering, op: Operation) -> None:
    assert isinstance(op, vector.MaskedLoadOp)
    check_contiguous(op.base)
    pointer = element_address(low, op.base, op.indices)
    low[op.result] = masked_load(low, pointer, low[op.mask], low[op.pass_thru], element(op.result.type))


@lowers("vector.maskedstore")
def lower_masked_store(low: Lowering, op: Operation) -> None:
    assert isinstance(op, vector.MaskedStoreOp)
    check_contiguous(op.base)
    pointer = element_address(low, op.base, op.indices)
    masked_store(low, low[op.value_to_store], pointer, low[op.mask], element(op.value_to_store.type))


@lowers("vector.create_mask")
def lower_create_mask(low: Lowering, op: Operation) -> None:
    (count,) = op.operands
    type = low.type(op.results[0].type)
    width = lane_count(type)
    if (known := low.integer(count)) is not None:
        bits = elements(type, [int(lane < known) for lane in range(width)])
        low[op.results[0]] = low.attribute_constant(bits, type)
        return
    low[op.results[0]] = first_lanes(low, low[count], width)


def first_lanes(low: Lowering, count: SSAValue, width: int) -> SSAValue:
    """The mask of lanes 0 to count - 1; none when count is negative."""
    numbers_type = VectorType(i32, [width])
    capped = low.call_intrinsic("llvm.smin", [count, low.constant(width)], i64)
    floor = low.call_intrinsic("llvm.smax", [capped, low.constant(0)], i64)
    limit = splat(low, low.emit(llvm.TruncOp, [floor], i32), numbers_type)
    numbers = low.attribute_constant(elements(numbers_type, range(width)), numbers_type)
    return compare(low, llvm.ICmpPredicateFlag.SLT, numbers, limit)


@lowers("vector.broadcast")
def lower_broadcast(low: Lowering, op: Operation) -> None:
    (source,) = op.operands
    value, type = low[source], low.type(op.results[0].type)
    if (shape := lanes(source.type)) is not None:
        if shape == lanes(type):
            low[op.results[0]] = value
            return
        value = low.emit(ExtractElementOp, [value, low.constant(0)], element(source.type))
    low[op.results[0]] = splat(low, value, type)


def splat(low: Lowering, value: SSAValue, type: Attribute) -> SSAValue:
    made = value.owner
    if isinstance(made, llvm.ConstantOp) and isinstance(made.value, IntegerAttr | FloatAttr):
        return low.constant(made.value.value.data, type)
    poison = low.poison(type)
    first = low.emit(llvm.InsertElementOp, [poison, value, low.constant(0)], type)
    zeros = DenseArrayBase.from_list(i32, [0] * lane_count(type))
    return low.emit(llvm.ShuffleVectorOp, [first, poison], type, {"mask": zeros})


@lowers("vector.fma")
def lower_fma(low: Lowering, op: Operation) -> None:
    low[op.results[0]] = low.emit(llvm.FMAOp, low.all(op.operands), low.type(op.results[0].type))


def position(low: Lowering, static: Sequence[int], dynamic: Sequence[SSAValue]) -> SSAValue:
    """The one lane that a vector.extract or vector.insert names."""
    if len(static) > 1:
        raise StepwellError("vectors of more than one dimension are not supported")
    if not static:
        return low.constant(0)
    return low[dynamic[0]] if static[0] == DYNAMIC_INDEX else low.constant(static[0])


@lowers("vector.extract")
def lower_extract(low: Lowering, op: Operation) -> None:
    assert isinstance(op, vector.ExtractOp)
    lane = position(low, op.static_position.get_values(), op.dynamic_position)
    low[op.result] = low.emit(ExtractElementOp, [low[op.vector], lane], low.type(op.result.type))


@lowers("vector.insert")
def lower_insert(low: Lowering, op: Operation) -> None:
    assert isinstance(op, vector.InsertOp)
    lane = position(low, op.static_position.get_values(), op.dynamic_position)
    low[op.result] = low.emit(llvm.InsertElementOp, [low[op.dest], low[op.source], lane], low.type(op.result.type))


@lowers("vector.shuffle")
def lower_shuffle(low: Lowering, op: Operation) -> None:
    assert isinstance(op, vector.ShuffleOp)
    mask = DenseArrayBase.from_list(i32, list(op.mask.get_values()))
    low[op.result] = low.emit(llvm.ShuffleVectorOp, [low[op.v1], low[op.v2]], low.type(op.result.type), {"mask": mask})


REDUCTIONS = {
    "and": "llvm.vector.reduce.and",
    "or": "llvm.vector.reduce.or",
    "xor": "llvm.vector.reduce.xor",
    "minsi": "llvm.vector.reduce.smin",
    "maxsi": "llvm.vector.reduce.smax",
    "minui": "llvm.vector.reduce.umin",
    "maxui": "llvm.vector.reduce.umax",
    "minimumf": "llvm.vector.reduce.fminimum",
    "maximumf": "llvm.vector.reduce.fmaximum",
    "minnumf": "llvm.vector.reduce.fmin",
    "maxnumf": "llvm.vector.reduce.fmax",
}
COMBINE = {
    "and": llvm.AndOp,
    "or": llvm.OrOp,
    "xor": llvm.XOrOp,
    "minsi": "llvm.smin",
    "maxsi": "llvm.smax",
    "minui": "llvm.umin",
    "maxui": "llvm.umax",
    "minimumf": "llvm.minimum",
    "maximumf": "llvm.maximum",
    "minnumf": "llvm.minnum",
    "maxnumf": "llvm.maxnum",
}


@lowers("vector.reduction")
def lower_reduction(low: Lowering, op: Operation) -> None:
    assert isinstance(op, vector.ReductionOp)
    kind, value, type = str(op.kind.data), low[op.vector], low.type(op.dest.type)
    start = low[op.acc] if op.acc is not None else None
    if kind in ("add", "mul"):
        low[op.dest] = sum_of_lanes(low, kind, value, start, type)
        return
    total = low.call_intrinsic(REDUCTIONS[kind], [value], type)
    if start is not None:
        combine = COMBINE[kind]
        if isinstance(combine, str):
            total = low.call_intrinsic(combine, [start, total], type)
        else:
            total = low.emit(combine, [start, total], type)
    low[op.dest] = total


def sum_of_lanes(low: Lowering, kind: str, value: SSAValue, start: SSAValue | None, type: Attribute) -> SSAValue:
    """The sum, or product, of all lanes and of `start`."""
    if is_integer(type):
        total = low.call_intrinsic(f"llvm.vector.reduce.{kind}", [value], type)
        join = llvm.AddOp if kind == "add" else llvm.MulOp
        return total if start is None else low.emit(join, [start, total], type)
    if start is None:
        start = low.constant(-0.0 if kind == "add" else 1.0, type)  # -0.0 + x is x for x = -0.0 too
    return low.call_intrinsic(f"llvm.vector.reduce.f{kind}", [start, value], type, REASSOCIATE)


@lowers("vector.transfer_read")
def lower_transfer_read(low: Lowering, op: Operation) -> None:
    """One-dimensional along the last dimension: a load, masked where it may reach over the edge."""
    assert isinstance(op, vector.TransferReadOp)
    check_contiguous(op.source)
    type = op.result.type
    pointer = element_address(low, op.source, op.indices)
    mask = transfer_mask(low, op, op.source, op.indices, type)
    if mask is None:
        low[op.result] = load(low, pointer, type, element(type))
        return
    padding = splat(low, low[op.padding], low.type(type))
    low[op.result] = masked_load(low, pointer, mask, padding, element(type))


@lowers("vector.transfer_write")
def lower_transfer_write(low: Lowering, op: Operation) -> None:
    assert isinstance(op, vector.TransferWriteOp)
    check_contiguous(op.source)
    type = op.vector.type
    pointer = element_address(low, op.source, op.indices)
    mask = transfer_mask(low, op, op.source, op.indices, type)
    if mask is None:
        store(low, low[op.vector], pointer, element(type))
    else:
        masked_store(low, low[op.vector], pointer, mask, element(type))


def transfer_mask(
    low: Lowering,
    op: vector.TransferReadOp | vector.TransferWriteOp,
    memref: SSAValue,
    indices: Sequence[SSAValue],
    type: Attribute,
) -> SSAValue | None:
    """None when the transfer is known to be in bounds."""
    map = op.properties.get("permutation_map")
    if isinstance(map, AffineMapAttr) and not map.data.is_minor_identity():
        raise StepwellError(f"{op.name} with a permutation is not supported")
    if op.mask is not None:
        raise StepwellError(f"{op.name} with a mask is not supported", fix="use vector.maskedload or maskedstore")
    in_bounds = op.in_bounds.data
    if len(in_bounds) and bool(in_bounds[0].value.data):
        return None
    left = low.emit(llvm.SubOp, [low.constant(memref_type(memref).get_shape()[-1]), low[indices[-1]]], i64)
    return first_lanes(low, left, lane_count(type))
