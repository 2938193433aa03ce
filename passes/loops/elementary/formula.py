"""Write formulas as Python expressions that become ops: on scalars, or on vectors, lane by lane.

    t = fma(x, LOG2_E, SHIFT)               %t = math.fma %x, %c, %shift : vector<16xf32>
    n = t - SHIFT                     =>    %n = arith.subf %t, %shift : vector<16xf32>
    s = floats(bits(t) << 23)               %b = arith.bitcast %t : vector<16xf32> to vector<16xi32>
                                            ...

A Python number beside a value is a constant of the value's type; each stands once, at the head of the function.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from stepwell.dialects.arith import CmpfOp, CmpiOp, SelectOp, in_vector_form
from stepwell.dialects.lanes import element, is_integer, like, vector_type, width
from xdsl.dialects import arith, math, scf, vector
from xdsl.dialects.builtin import (
    DenseIntOrFPElementsAttr,
    FloatAttr,
    IndexType,
    IntegerAttr,
    IntegerType,
    f32,
    f64,
    i1,
    i32,
)
from xdsl.dialects.vector import CombiningKindAttr, CombiningKindFlag
from xdsl.ir import Attribute, Block, Operation, Region, SSAValue

SHIFT = 1.5 * 2**23


@dataclass
class Place:
    """Where ops go: before `anchor`; constants to the head of `entry`. `made` are the ops, in order."""

    entry: Block
    ordered: bool = True
    """Whether sums are computed as they are written, so that a large addend rounds to a whole number."""
    library: bool = True
    """Whether there is a C library to call, where an argument is beyond what a formula holds for."""
    anchor: Operation = field(init=False)
    last_constant: Operation | None = None
    constants: dict[tuple[Attribute, str], Value] = field(default_factory=dict[tuple[Attribute, str], "Value"])
    made: list[Operation] = field(default_factory=list[Operation])

    def emit(self, op: Operation) -> Value:
        block = self.anchor.parent
        assert block is not None
        block.insert_op_before(op, self.anchor)
        self.made.append(op)
        return Value(op.results[0], self)

    def constant(self, number: float, type: Attribute) -> Value:
        exact = str(number) if isinstance(number, int) else number.hex()  # 0.0 == -0.0, but not as text
        key = (type, exact)
        if (known := self.constants.get(key)) is not None:
            return known
        op = arith.ConstantOp(constant_attr(number, type))
        if self.last_constant is not None:
            self.entry.insert_op_after(op, self.last_constant)
        elif (first := self.entry.first_op) is not None:
            self.entry.insert_op_before(op, first)
        self.last_constant = op
        self.made.append(op)
        self.constants[key] = made = Value(op.result, self)
        return made


def constant_attr(number: float, type: Any) -> FloatAttr | IntegerAttr[Any] | DenseIntOrFPElementsAttr:
    if isinstance(type, IndexType):
        return IntegerAttr(int(number), type)
    number = int(number) if is_integer(element(type)) else number
    if vector_type(type) is not None:
        return DenseIntOrFPElementsAttr.from_list(type, [number])
    return IntegerAttr(int(number), type) if is_integer(type) else FloatAttr(number, type)


Number: TypeAlias = "Value | float"


@dataclass(frozen=True)
class Value:
    """An SSA value of floats or of integers, with the operators of its kind."""

    ssa: SSAValue
    place: Place

    @property
    def type(self) -> Attribute:
        return self.ssa.type

    def like(self, number: Number) -> SSAValue:
        """`number` as an SSA value of this type."""
        return number.ssa if isinstance(number, Value) else self.place.constant(number, self.type).ssa

    def _op(self, floats: Any, integers: Any, other: Number) -> Value:
        make = integers if is_integer(element(self.type)) else floats
        return self.place.emit(make(self.ssa, self.like(other)))

    def __add__(self, other: Number) -> Value:
        return self._op(arith.AddfOp, arith.AddiOp, other)

    def __sub__(self, other: Number) -> Value:
        return self._op(arith.SubfOp, arith.SubiOp, other)

    def __rsub__(self, other: float) -> Value:
        return self.place.constant(other, self.type) - self

    def __mul__(self, other: Number) -> Value:
        return self._op(arith.MulfOp, arith.MuliOp, other)

    def __truediv__(self, other: Number) -> Value:
        return self._op(arith.DivfOp, None, other)

    def __neg__(self) -> Value:
        return self.place.emit(arith.NegfOp(self.ssa))

    def __and__(self, other: Number) -> Value:
        return self._op(None, arith.AndIOp, other)

    def __or__(self, other: Number) -> Value:
        return self._op(None, arith.OrIOp, other)

    def __xor__(self, other: Number) -> Value:
        return self._op(None, arith.XOrIOp, other)

    def __lshift__(self, other: Number) -> Value:
        return self._op(None, arith.ShLIOp, other)

    def __rshift__(self, other: Number) -> Value:
        """Keeps the sign."""
        return self._op(None, arith.ShRSIOp, other)

    def compare(self, predicate: str, other: Number) -> Value:
        """arith.cmpf: `olt`, `oeq`, ... are false for a NaN, `ult`, `uno`, ... are true."""
        return self.place.emit(CmpfOp(self.ssa, self.like(other), predicate))

    def equals(self, other: Number) -> Value:
        """arith.cmpi of integers."""
        return self.order("eq", other)

    def order(self, predicate: str, other: Number) -> Value:
        """arith.cmpi: `slt`, `sge`, ... of integers with a sign, `ult`, ... without."""
        return self.place.emit(CmpiOp(self.ssa, self.like(other), predicate))

    def shifted(self, by: Number) -> Value:
        """To the right, zeros coming in."""
        return self._op(None, arith.ShRUIOp, by)

    def modulo(self, other: Number) -> Value:
        """The rest of a division of integers without a sign."""
        return self._op(None, arith.RemUIOp, other)

    def cast(self, op: type[Operation], to: Attribute) -> Value:
        """A cast op, to elements of type `to`."""
        make: Any = in_vector_form(op)
        return self.place.emit(make.create(operands=[self.ssa], result_types=[like(self.type, to)]))


def fma(a: Value, b: Number, c: Number) -> Value:
    """a * b + c, rounded once."""
    return a.place.emit(math.FmaOp(a.ssa, a.like(b), a.like(c)))


def hexes(text: str) -> tuple[float, ...]:
    """Coefficients, written as C writes floats exactly."""
    return tuple(map(float.fromhex, text.split()))


def horner(x: Value, coefficients: Sequence[float]) -> Value:
    """The polynomial c[0] + c[1] x + c[2] x**2 + ..."""
    total = x.place.constant(coefficients[-1], x.type)
    for c in reversed(coefficients[:-1]):
        total = fma(total, x, c)
    return total


def select(condition: Value, yes: Number, no: Value) -> Value:
    return condition.place.emit(SelectOp(condition.ssa, no.like(yes), no.ssa))


def at_least(x: Value, low: float) -> Value:
    """max(x, low); a NaN stays. One instruction on x86, where arith.maximumf is four."""
    return select(x.compare("olt", low), low, x)


def at_most(x: Value, high: float) -> Value:
    return select(x.compare("ogt", high), high, x)


def absolute(x: Value) -> Value:
    return x.place.emit(math.AbsFOp(x.ssa))


def with_sign_of(x: Value, sign: Value) -> Value:
    return x.place.emit(math.CopySignOp(x.ssa, sign.ssa))


def bits(x: Value) -> Value:
    """The encoding of floats, as integers of as many bits."""
    return x.cast(arith.BitcastOp, IntegerType(width(x.type)))


def floats(x: Value) -> Value:
    """The floats that integers encode."""
    return x.cast(arith.BitcastOp, f32 if width(x.type) == f32.bitwidth else f64)


def nearest(x: Value, factor: float, bias: int) -> tuple[Value, Value]:
    """n = round(x * factor), of f32, and an integer that ends in the bits of n + bias.

    n comes from adding 1.5 * 2**23, whose last bit is worth 1: the sum's low bits are n, and what it has more than the
    addend is n as a float [Hecker 1996].
    """
    if not x.place.ordered:
        n = x.place.emit(math.RoundEvenOp((x * factor).ssa))
        return n, n.cast(arith.FPToSIOp, i32) + bias
    t = fma(x, factor, SHIFT + bias)
    return t - (SHIFT + bias), bits(t)


def pinned(x: Value, lost: int = 1) -> Value:
    """x, but for its last bits: a number of which a compiler does not know how it was computed. Those of shaders may
    make n (b + c) of n b + n c, where b and c are the parts of one number."""
    return floats(bits(x) & (-1 << lost))


def floor(x: Value) -> Value:
    return x.place.emit(math.FloorOp(x.ssa))


def square_root(x: Value) -> Value:
    return x.place.emit(math.SqrtOp(x.ssa))


def where(condition: Value, rare: Callable[[], Sequence[Value]], usual: Sequence[Value]) -> list[Value]:
    """`rare()` where the condition holds, `usual` elsewhere. An `scf.if`: where it holds in no lane, what `rare` makes
    costs nothing."""
    place, some = condition.place, condition
    if vector_type(condition.type) is not None:
        kind = {"kind": CombiningKindAttr(CombiningKindFlag.OR)}
        some = place.emit(vector.ReductionOp.create(operands=[condition.ssa], result_types=[i1], properties=kind))
    end = scf.YieldOp(*(value.ssa for value in usual))
    otherwise = scf.YieldOp(*(value.ssa for value in usual))
    op = scf.IfOp(some.ssa, [value.type for value in usual], Region(Block([end])), Region(Block([otherwise])))
    place.emit(op)
    place.anchor, back = end, place.anchor
    for n, (value, old) in enumerate(zip(rare(), usual, strict=True)):
        end.operands[n] = select(condition, value, old).ssa if some is not condition else value.ssa
    place.anchor = back
    return [Value(result, place) for result in op.results]
