"""Write functions of f32 as polynomials, which run in lanes: no call of the C library is left in a loop of vectors.

    %y = math.exp %x : vector<16xf32>
  becomes
    %t = math.fma %x, %log2_e, %shift : vector<16xf32>            // x bounded, n = round(x / ln 2)
    %n = arith.subf %t, %shift : vector<16xf32>
    ...                                                           // r = x - n ln 2, and a polynomial of r
    %y = arith.mulf %p, %scale : vector<16xf32>                   // times 2**n

The formulas are in `elementary/`. Their largest errors over all 2**32 floats, in units in the last place of the exact
result (`test/bench/math_functions.py --errors` looks at each; powf: at millions of pairs):

    exp    1.02    log    0.94    sin, cos   1.57
    exp2   0.88    log2   1.73    tanh       2.50
    expm1  1.47    log10  2.11    erf        1.73
    powf   0.51    log1p  1.55    1 / (1 + exp(-x))  2.6, where that is no denormal

Scalars get the same formulas as vectors, so that a result does not depend on where a tail begins. Special values are
as C has them: infinities, NaN, zeros and their signs, denormals. Elements of 16 bits go through f32; f64 is left to
the C library, as is every function that the table does not have.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from stepwell.context import Context
from stepwell.dialects.lanes import element
from stepwell.locations import stamp
from stepwell.pass_manager import FunctionPass
from xdsl.dialects import arith
from xdsl.dialects.builtin import BFloat16Type, Float16Type, Float32Type, f32
from xdsl.dialects.func import FuncOp
from xdsl.ir import Attribute, Operation

from .elementary.circular import cos, sin
from .elementary.exponentials import erf, exp, exp2, expm1, tanh
from .elementary.formula import Place, Value
from .elementary.logarithms import log, log1p, log2, log10
from .elementary.powers import pow

NARROW = Float32Type | Float16Type | BFloat16Type

FORMULAS: dict[str, Callable[..., Value]] = {
    "math.cos": cos,
    "math.erf": erf,
    "math.exp": exp,
    "math.exp2": exp2,
    "math.expm1": expm1,
    "math.log": log,
    "math.log10": log10,
    "math.log1p": log1p,
    "math.log2": log2,
    "math.powf": pow,
    "math.sin": sin,
    "math.tanh": tanh,
}


@dataclass(frozen=True)
class ExpandMath(FunctionPass):
    """`ordered`: sums are computed as they are written; compilers of shaders may do otherwise. `double`: formulas may
    compute in f64, as that of powf does."""

    name = "expand-math"

    ordered: bool = True
    double: bool = True

    def apply_to(self, ctx: Context, func: FuncOp) -> None:
        place = Place(func.body.blocks[0], self.ordered)
        for op in list(func.walk()):
            if op.name == "math.powf" and not self.double:
                continue
            if op.name in FORMULAS and isinstance(element(op.results[0].type), NARROW):
                place.anchor, place.made = op, []
                expand(op, place)
                stamp(place.made, op.location)


def expand(op: Operation, place: Place) -> None:
    """Put the formula of `op` in its place."""
    kind: Attribute = element(op.results[0].type)
    args = [Value(operand, place) for operand in op.operands]
    if isinstance(kind, Float32Type):
        result = FORMULAS[op.name](*args)
    else:
        result = FORMULAS[op.name](*(arg.cast(arith.ExtFOp, f32) for arg in args)).cast(arith.TruncFOp, kind)
    result.ssa.name_hint = op.results[0].name_hint
    op.results[0].replace_all_uses_with(result.ssa)
    op.detach()
    op.erase()
