"""arith: most ops have a twin in llvm; tables say which. The rest is put together here.

    %r = arith.maximumf %a, %b : vector<16xf32>
  becomes
    %r = llvm.call_intrinsic "llvm.maximum"(%a, %b) : (vector<16xf32>, vector<16xf32>) -> vector<16xf32>

Floating point ops may be contracted (a multiplication and an addition to one fma), never reassociated.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from stepwell.diagnostics import StepwellError
from stepwell.dialects.lanes import lanes, like, width
from stepwell.dialects.llvm import FCmpOp, FPToSIOp, FPToUIOp, SelectOp, UIToFPOp
from xdsl.dialects import llvm
from xdsl.dialects.builtin import (
    DenseIntOrFPElementsAttr,
    FloatAttr,
    IntegerAttr,
    IntegerType,
    i1,
)
from xdsl.ir import Operation, SSAValue
from xdsl.irdl import IRDLOperation

from .lowering import CONTRACT, Lowering, elements, lowers

SAME_INT: dict[str, type[IRDLOperation]] = {
    "arith.divui": llvm.UDivOp,
    "arith.divsi": llvm.SDivOp,
    "arith.remui": llvm.URemOp,
    "arith.remsi": llvm.SRemOp,
    "arith.andi": llvm.AndOp,
    "arith.ori": llvm.OrOp,
    "arith.xori": llvm.XOrOp,
    "arith.shrui": llvm.LShrOp,
    "arith.shrsi": llvm.AShrOp,
}
WRAPPING: dict[str, type[IRDLOperation]] = {
    "arith.addi": llvm.AddOp,
    "arith.subi": llvm.SubOp,
    "arith.muli": llvm.MulOp,
    "arith.shli": llvm.ShlOp,
}
SAME_FLOAT: dict[str, type[IRDLOperation]] = {
    "arith.addf": llvm.FAddOp,
    "arith.subf": llvm.FSubOp,
    "arith.mulf": llvm.FMulOp,
    "arith.divf": llvm.FDivOp,
    "arith.remf": llvm.FRemOp,
    "arith.negf": llvm.FNegOp,
}
INTRINSIC = {
    "arith.minsi": "llvm.smin",
    "arith.maxsi": "llvm.smax",
    "arith.minui": "llvm.umin",
    "arith.maxui": "llvm.umax",
    "arith.minimumf": "llvm.minimum",
    "arith.maximumf": "llvm.maximum",
    "arith.minnumf": "llvm.minnum",
    "arith.maxnumf": "llvm.maxnum",
}
CASTS: dict[str, type[IRDLOperation]] = {
    "arith.extf": llvm.FPExtOp,
    "arith.truncf": llvm.FPTruncOp,
    "arith.sitofp": llvm.SIToFPOp,
    "arith.uitofp": UIToFPOp,
    "arith.fptosi": FPToSIOp,
    "arith.fptoui": FPToUIOp,
    "arith.trunci": llvm.TruncOp,
    "arith.extsi": llvm.SExtOp,
    "arith.extui": llvm.ZExtOp,
    "arith.bitcast": llvm.BitcastOp,
    "vector.bitcast": llvm.BitcastOp,
}
PREDICATES = {flag: {"predicate": IntegerAttr(flag.to_int(), 64)} for flag in llvm.ICmpPredicateFlag}


def compare(low: Lowering, predicate: llvm.ICmpPredicateFlag, lhs: SSAValue, rhs: SSAValue) -> SSAValue:
    return low.emit(llvm.ICmpOp, [lhs, rhs], like(lhs.type, i1), PREDICATES[predicate])


@lowers(*SAME_INT)
def lower_int(low: Lowering, op: Operation) -> None:
    low[op.results[0]] = low.emit(SAME_INT[op.name], low.all(op.operands), low.type(op.results[0].type))


@lowers(*WRAPPING)
def lower_wrapping(low: Lowering, op: Operation) -> None:
    flags = {"overflowFlags": IntegerAttr(overflow_bits(op), 32)}
    low[op.results[0]] = low.emit(WRAPPING[op.name], low.all(op.operands), low.type(op.results[0].type), flags)


def overflow_bits(op: Operation) -> int:
    """nsw and nuw of an arith op as llvm's bits 1 and 2."""
    from xdsl.dialects.arith import IntegerOverflowAttr, IntegerOverflowFlag

    flags = op.properties.get("overflowFlags")
    if not isinstance(flags, IntegerOverflowAttr):
        return 0
    return (IntegerOverflowFlag.NSW in flags.data) + 2 * (IntegerOverflowFlag.NUW in flags.data)


@lowers(*SAME_FLOAT)
def lower_float(low: Lowering, op: Operation) -> None:
    low[op.results[0]] = low.emit(SAME_FLOAT[op.name], low.all(op.operands), low.type(op.results[0].type), CONTRACT)


@lowers(*INTRINSIC)
def lower_to_intrinsic(low: Lowering, op: Operation) -> None:
    low[op.results[0]] = low.call_intrinsic(INTRINSIC[op.name], low.all(op.operands), low.type(op.results[0].type))


@lowers(*CASTS)
def lower_cast(low: Lowering, op: Operation) -> None:
    (value,), type = low.all(op.operands), low.type(op.results[0].type)
    low[op.results[0]] = value if value.type == type else low.emit(CASTS[op.name], [value], type)


@lowers("arith.index_cast", "arith.index_castui")
def lower_index_cast(low: Lowering, op: Operation) -> None:
    (value,), type = low.all(op.operands), low.type(op.results[0].type)
    widths = width(value.type), width(type)
    widen = llvm.ZExtOp if op.name.endswith("ui") else llvm.SExtOp
    if widths[0] == widths[1]:
        low[op.results[0]] = value
    else:
        low[op.results[0]] = low.emit(widen if widths[0] < widths[1] else llvm.TruncOp, [value], type)


@lowers("arith.constant")
def lower_constant(low: Lowering, op: Operation) -> None:
    attr, type = op.properties["value"], low.type(op.results[0].type)
    if isinstance(attr, IntegerAttr):
        low[op.results[0]] = low.constant(attr.value.data, type)
    elif isinstance(attr, FloatAttr):
        low[op.results[0]] = low.constant(attr.value.data, type)
    elif isinstance(attr, DenseIntOrFPElementsAttr) and lanes(type) is not None:
        dense = cast(DenseIntOrFPElementsAttr[Any], attr)
        same = dense.get_type() == type  # else vector<nxindex>, vector<f32>
        low[op.results[0]] = low.attribute_constant(dense if same else elements(type, dense.get_values()), type)
    else:
        raise StepwellError(f"a constant of type {op.results[0].type} cannot be lowered", fix="make it a weight")


@lowers("arith.cmpi")
def lower_cmpi(low: Lowering, op: Operation) -> None:
    lhs, rhs = low.all(op.operands)
    predicate = op.properties["predicate"]
    assert isinstance(predicate, IntegerAttr)
    low[op.results[0]] = compare(low, llvm.ICmpPredicateFlag.from_int(predicate.value.data), lhs, rhs)


@lowers("arith.cmpf")
def lower_cmpf(low: Lowering, op: Operation) -> None:
    predicate = op.properties["predicate"]
    low[op.results[0]] = low.emit(FCmpOp, low.all(op.operands), low.type(op.results[0].type), {"predicate": predicate})


@lowers("arith.select")
def lower_select(low: Lowering, op: Operation) -> None:
    condition, yes, no = low.all(op.operands)
    low[op.results[0]] = low.emit(SelectOp, [condition, yes, no], yes.type)


@lowers("arith.floordivsi")
def lower_floordivsi(low: Lowering, op: Operation) -> None:
    """The quotient towards zero, less one where there is a remainder and the signs differ."""
    low[op.results[0]] = rounded_division(low, op, down=True)


@lowers("arith.ceildivsi")
def lower_ceildivsi(low: Lowering, op: Operation) -> None:
    """The quotient towards zero, and one more where there is a remainder and the signs agree."""
    low[op.results[0]] = rounded_division(low, op, down=False)


def rounded_division(low: Lowering, op: Operation, *, down: bool) -> SSAValue:
    lhs, rhs = low.all(op.operands)
    zero, one = low.constant(0, lhs.type), low.constant(1, lhs.type)
    quotient = low.emit(llvm.SDivOp, [lhs, rhs], lhs.type)
    remainder = low.emit(llvm.SRemOp, [lhs, rhs], lhs.type)
    inexact = compare(low, llvm.ICmpPredicateFlag.NE, remainder, zero)
    signs = low.emit(llvm.XOrOp, [lhs, rhs], lhs.type)
    which = llvm.ICmpPredicateFlag.SLT if down else llvm.ICmpPredicateFlag.SGE
    away = low.emit(llvm.AndOp, [inexact, compare(low, which, signs, zero)], inexact.type)
    moved = low.emit(llvm.SubOp if down else llvm.AddOp, [quotient, one], lhs.type)
    return low.emit(SelectOp, [away, moved, quotient], lhs.type)


@lowers("arith.ceildivui")
def lower_ceildivui(low: Lowering, op: Operation) -> None:
    lhs, rhs = low.all(op.operands)
    quotient = low.emit(llvm.UDivOp, [lhs, rhs], lhs.type)
    remainder = low.emit(llvm.URemOp, [lhs, rhs], lhs.type)
    inexact = compare(low, llvm.ICmpPredicateFlag.NE, remainder, low.constant(0, lhs.type))
    low[op.results[0]] = low.emit(llvm.AddOp, [quotient, low.emit(llvm.ZExtOp, [inexact], lhs.type)], lhs.type)


@lowers("arith.addui_extended")
def lower_addui_extended(low: Lowering, op: Operation) -> None:
    lhs, rhs = low.all(op.operands)
    total = low.emit(llvm.AddOp, [lhs, rhs], lhs.type)
    low[op.results[0]] = total
    low[op.results[1]] = compare(low, llvm.ICmpPredicateFlag.ULT, total, lhs)


WIDENED: Mapping[str, tuple[type[IRDLOperation], type[IRDLOperation]]] = {
    "arith.mulsi_extended": (llvm.SExtOp, llvm.AShrOp),
    "arith.mului_extended": (llvm.ZExtOp, llvm.LShrOp),
}


@lowers(*WIDENED)
def lower_mul_extended(low: Lowering, op: Operation) -> None:
    """Multiply at twice the width, and take the halves."""
    lhs, rhs = low.all(op.operands)
    extend, shift = WIDENED[op.name]
    bits = width(lhs.type)
    both = like(lhs.type, IntegerType(2 * bits))
    product = low.emit(llvm.MulOp, [low.emit(extend, [lhs], both), low.emit(extend, [rhs], both)], both)
    upper = low.emit(shift, [product, low.constant(bits, both)], both)
    low[op.results[0]] = low.emit(llvm.TruncOp, [product], lhs.type)
    low[op.results[1]] = low.emit(llvm.TruncOp, [upper], lhs.type)
