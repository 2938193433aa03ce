"""math: LLVM's intrinsics where it has them, the C library's functions where it has not.

    %e = math.exp %x : vector<16xf32>      %r = math.erf %y : f32
  becomes
    %e = llvm.call_intrinsic "llvm.exp"(%x) : (vector<16xf32>) -> vector<16xf32>
    %r = llvm.call @erff(%y) : (f32) -> f32

A vector goes through a libm function lane by lane. Half floats go through single precision.
"""

from __future__ import annotations

from stepwell.diagnostics import StepwellError
from stepwell.dialects.lanes import vector_type
from xdsl.dialects import llvm
from xdsl.dialects.builtin import BFloat16Type, Float16Type, Float32Type, Float64Type, f32, i1
from xdsl.ir import Operation, SSAValue

from .lowering import CONTRACT, Lowering, lowers

INTRINSICS = {
    "math.absf": "llvm.fabs",
    "math.acos": "llvm.acos",
    "math.asin": "llvm.asin",
    "math.atan": "llvm.atan",
    "math.atan2": "llvm.atan2",
    "math.ceil": "llvm.ceil",
    "math.copysign": "llvm.copysign",
    "math.cos": "llvm.cos",
    "math.cosh": "llvm.cosh",
    "math.exp": "llvm.exp",
    "math.exp2": "llvm.exp2",
    "math.floor": "llvm.floor",
    "math.fma": "llvm.fma",
    "math.fpowi": "llvm.powi",
    "math.log": "llvm.log",
    "math.log10": "llvm.log10",
    "math.log2": "llvm.log2",
    "math.powf": "llvm.pow",
    "math.round": "llvm.round",
    "math.roundeven": "llvm.roundeven",
    "math.sin": "llvm.sin",
    "math.sinh": "llvm.sinh",
    "math.sqrt": "llvm.sqrt",
    "math.tan": "llvm.tan",
    "math.tanh": "llvm.tanh",
    "math.trunc": "llvm.trunc",
    "math.ctpop": "llvm.ctpop",
}
FLAGGED = {"math.absi": "llvm.abs", "math.ctlz": "llvm.ctlz", "math.cttz": "llvm.cttz"}
"""These take a flag: is INT_MIN (or zero) poison? It is not."""

LIBM = {
    "math.acosh": "acosh",
    "math.asinh": "asinh",
    "math.atanh": "atanh",
    "math.cbrt": "cbrt",
    "math.erf": "erf",
    "math.erfc": "erfc",
    "math.expm1": "expm1",
    "math.log1p": "log1p",
}


@lowers(*INTRINSICS)
def lower_to_intrinsic(low: Lowering, op: Operation) -> None:
    low[op.results[0]] = low.call_intrinsic(INTRINSICS[op.name], low.all(op.operands), low.type(op.results[0].type))


@lowers(*FLAGGED)
def lower_flagged(low: Lowering, op: Operation) -> None:
    (value,) = low.all(op.operands)
    low[op.results[0]] = low.call_intrinsic(FLAGGED[op.name], [value, low.constant(0, i1)], value.type)


@lowers("math.rsqrt")
def lower_rsqrt(low: Lowering, op: Operation) -> None:
    (value,) = low.all(op.operands)
    root = low.call_intrinsic("llvm.sqrt", [value], value.type)
    low[op.results[0]] = low.emit(llvm.FDivOp, [low.constant(1.0, value.type), root], value.type, CONTRACT)


@lowers(*LIBM)
def lower_to_libm(low: Lowering, op: Operation) -> None:
    (value,) = low.all(op.operands)
    low[op.results[0]] = lane_by_lane(low, LIBM[op.name], value)


def lane_by_lane(low: Lowering, name: str, value: SSAValue) -> SSAValue:
    from stepwell.dialects.llvm import ExtractElementOp

    type = vector_type(value.type)
    if type is None:
        return scalar_call(low, name, value)
    result = low.poison(type)
    for lane in range(type.get_shape()[0]):
        index = low.constant(lane)
        element = low.emit(ExtractElementOp, [value, index], type.element_type)
        result = low.emit(llvm.InsertElementOp, [result, scalar_call(low, name, element), index], type)
    return result


def scalar_call(low: Lowering, name: str, value: SSAValue) -> SSAValue:
    type = value.type
    if isinstance(type, Float16Type | BFloat16Type):
        wide = scalar_call(low, name, low.emit(llvm.FPExtOp, [value], f32))
        return low.emit(llvm.FPTruncOp, [wide], type)
    if not isinstance(type, Float32Type | Float64Type):
        raise StepwellError(f"libm has no {name} of {type}")
    function = name + "f" if isinstance(type, Float32Type) else name
    low.declare(function, [type], type)
    return low.append(llvm.CallOp(function, value, return_type=type)).results[0]
