"""What the scalar body of a linalg op computes: which lanes it can run in, and how its results are combined."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from xdsl.dialects import arith, memref
from xdsl.dialects.builtin import AnyFloat, FixedBitwidthType, FloatAttr, IntegerAttr, IntegerType, i1
from xdsl.dialects.linalg import ops as linalg
from xdsl.dialects.vector import CombiningKindFlag
from xdsl.ir import Attribute, Operation, SSAValue
from xdsl.irdl import IRDLOperation

from .access import Stage, layout_of
from .builder import NestBuilder

DIVISIONS = (
    arith.DivSIOp,
    arith.DivUIOp,
    arith.RemSIOp,
    arith.RemUIOp,
    arith.FloorDivSIOp,
    arith.CeilDivSIOp,
    arith.CeilDivUIOp,
)


def is_body_op(op: Operation) -> bool:
    """Ops that mean the same lane by lane."""
    return op.name.startswith(("arith.", "math.")) and len(op.results) == 1 and not op.regions


def is_safe_number(divisor: SSAValue) -> bool:
    """Whether every integer can be divided by it: a constant but 0, and -1, by which the lowest has no quotient."""
    op = divisor.owner
    if not isinstance(op, arith.ConstantOp) or not isinstance(op.value, IntegerAttr):
        return False
    return op.value.value.data not in (0, -1)


class Form(IntEnum):
    """What a value is over the lanes: the same in all, its base plus the lane's number, or anything."""

    UNIFORM = 0
    RAMP = 1
    VECTOR = 2


def body_fits(stage: Stage, dim: int) -> bool:
    """Whether the body can run in lanes along `dim`.

    Every memref.load of it must then read one element or neighbouring elements. An integer division runs in lanes
    where its divisor is a constant: it is a multiplication then. By anything else no machine divides in lanes, and a
    lane that is masked off must not divide by zero.
    """
    if stage.body is None:
        return True
    if any(isinstance(op, DIVISIONS) and not is_safe_number(op.operands[1]) for op in stage.body.ops):
        return False
    if not any(isinstance(op, memref.LoadOp | linalg.IndexOp) for op in stage.body.ops):
        return True
    forms: dict[SSAValue, Form] = {}
    for arg, access in zip(stage.body.args, (*stage.inputs, *stage.outputs), strict=True):
        forms[arg] = Form.VECTOR if access.at.strides[dim] else Form.UNIFORM
    for op in stage.body.ops:
        of = [forms.get(v, Form.UNIFORM) for v in op.operands]
        if isinstance(op, memref.LoadOp):
            form = _load_form(op, of[1:])
            if form is None:
                return False
        elif isinstance(op, linalg.IndexOp):
            stride = stage.indices[op.dim.value.data].strides[dim]
            if stride not in (0, 1):
                return False
            form = Form.RAMP if stride else Form.UNIFORM
        else:
            form = ramp_form(op, of)
        forms.update((result, form) for result in op.results)
    return True


def ramp_form(op: Operation, of: list[Form]) -> Form:
    """The form of an op's result: a ramp stays one when a uniform value is added to or taken from it."""
    if Form.RAMP in of and (
        (isinstance(op, arith.AddiOp) and Form.UNIFORM in of)
        or (isinstance(op, arith.SubiOp) and of[1] is Form.UNIFORM)
        or isinstance(op, arith.IndexCastOp)
    ):
        return Form.RAMP
    return Form.VECTOR if any(of) else Form.UNIFORM


def _load_form(op: memref.LoadOp, indices: list[Form]) -> Form | None:
    if not any(indices):
        return Form.UNIFORM
    strides = layout_of(op.memref, op)[1]
    moving = [(f, s) for f, s in zip(indices, strides, strict=True) if f is not Form.UNIFORM]
    return Form.VECTOR if moving == [(Form.RAMP, 1)] and op.res.type != i1 else None


@dataclass(frozen=True)
class Combiner:
    """An associative op of two values: `op`, its name as a vector.reduction, and its neutral element."""

    op: type[IRDLOperation]
    kind: CombiningKindFlag
    neutral: float | int | str

    def combine(self, builder: NestBuilder, a: SSAValue, b: SSAValue) -> SSAValue:
        return builder.pure(self.op, (a, b), a.type)

    def neutral_attr(self, kind: Attribute) -> IntegerAttr[IntegerType] | FloatAttr:
        if isinstance(kind, AnyFloat):
            return FloatAttr(float(self.neutral), kind)
        bits = kind.bitwidth if isinstance(kind, FixedBitwidthType) else 64
        named = {"lowest": -(1 << (bits - 1)), "highest": (1 << (bits - 1)) - 1}
        return IntegerAttr(named[self.neutral] if isinstance(self.neutral, str) else int(self.neutral), bits)


COMBINERS = (
    Combiner(arith.AddfOp, CombiningKindFlag.ADD, 0.0),
    Combiner(arith.MulfOp, CombiningKindFlag.MUL, 1.0),
    Combiner(arith.MaximumfOp, CombiningKindFlag.MAXIMUMF, float("-inf")),
    Combiner(arith.MinimumfOp, CombiningKindFlag.MINIMUMF, float("inf")),
    Combiner(arith.AddiOp, CombiningKindFlag.ADD, 0),
    Combiner(arith.MuliOp, CombiningKindFlag.MUL, 1),
    Combiner(arith.MaxSIOp, CombiningKindFlag.MAXSI, "lowest"),
    Combiner(arith.MinSIOp, CombiningKindFlag.MINSI, "highest"),
    Combiner(arith.MaxUIOp, CombiningKindFlag.MAXUI, 0),
    Combiner(arith.MinUIOp, CombiningKindFlag.MINUI, -1),
    Combiner(arith.AndIOp, CombiningKindFlag.AND, -1),
    Combiner(arith.OrIOp, CombiningKindFlag.OR, 0),
    Combiner(arith.XOrIOp, CombiningKindFlag.XOR, 0),
)


def zero_of(element: Attribute) -> IntegerAttr[IntegerType] | FloatAttr:
    """Zero of a float or an integer."""
    if isinstance(element, AnyFloat):
        return FloatAttr(0.0, element)
    return IntegerAttr(0, element.bitwidth if isinstance(element, FixedBitwidthType) else 64)


def combiner_of(stage: Stage, output: int) -> Combiner | None:
    """How the body folds a new value into output `output`: `yield op(old, value)`, the old value used nowhere else."""
    if stage.body is None:
        return None
    old = stage.body.args[len(stage.inputs) + output]
    last = stage.body.last_op
    assert last is not None
    result = last.operands[output].owner
    uses = tuple(old.uses)
    if not isinstance(result, Operation) or len(uses) != 1 or uses[0].operation is not result:
        return None
    return next((c for c in COMBINERS if isinstance(result, c.op)), None)
