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

For GPUs (`double=false`), f32 has formulas of more functions, and none that computes in f64:

    acos   1.3     acosh  1.9     tan    3.5
    asin   2.5     asinh  1.8     cosh   2.2
    atan   2.1     atanh  2.0     sinh   2.2     powf   4.0

Scalars get the same formulas as vectors, so that a result does not depend on where a tail begins. Special values are
as C has them: infinities, NaN, zeros and their signs, denormals. Elements of 16 bits go through f32; f64 is left to
the C library, as is every function that the table does not have.

Where there is no such library (`library=false`: a GPU of NVIDIA's), there are formulas of f64, too; the errors that
tests found in samples of every exponent stand in `test/passes/loops/test_expand_math.py`. Functions of f32 without a
formula of their own are computed by those and rounded once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from stepwell.context import Context
from stepwell.dialects.lanes import element, vector_type
from stepwell.locations import stamp
from stepwell.pass_manager import FunctionPass
from xdsl.dialects import arith
from xdsl.dialects.builtin import BFloat16Type, Float16Type, Float32Type, Float64Type, f32, f64
from xdsl.dialects.func import FuncOp
from xdsl.ir import Attribute, Operation

from .elementary import double_circular as circular
from .elementary import double_errors as errors
from .elementary import double_exponentials as exponentials
from .elementary import double_inverse as inverse
from .elementary import double_logarithms as logarithms
from .elementary import double_powers as powers
from .elementary import double_remainder as remainder
from .elementary import single_hyperbolic, single_inverse, single_powers
from .elementary.circular import cos, sin
from .elementary.exponentials import erf, exp, exp2, expm1, tanh
from .elementary.formula import Place, Value
from .elementary.logarithms import log, log1p, log2, log10
from .elementary.powers import pow

NARROW = Float32Type | Float16Type | BFloat16Type
Formula = tuple[Callable[..., Value], Float32Type | Float64Type]

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

SINGLE: dict[str, Callable[..., Value]] = {
    "math.acos": single_inverse.acos,
    "math.acosh": single_hyperbolic.acosh,
    "math.asin": single_inverse.asin,
    "math.asinh": single_hyperbolic.asinh,
    "math.atan": single_inverse.atan,
    "math.atanh": single_hyperbolic.atanh,
    "math.cosh": single_hyperbolic.cosh,
    "math.powf": single_powers.pow,
    "math.sinh": single_hyperbolic.sinh,
    "math.tan": single_hyperbolic.tan,
}
"""Where f64 is slow or missing, and what a language has of these is far off."""

ALL_SINGLE = FORMULAS | SINGLE

DOUBLE: dict[str, Callable[..., Value]] = {
    "arith.remf": remainder.fmod,
    "math.acos": inverse.acos,
    "math.acosh": logarithms.acosh,
    "math.asin": inverse.asin,
    "math.asinh": logarithms.asinh,
    "math.atan": inverse.atan,
    "math.atanh": logarithms.atanh,
    "math.cos": circular.cos,
    "math.cosh": exponentials.cosh,
    "math.erf": errors.erf,
    "math.exp": exponentials.exp,
    "math.expm1": exponentials.expm1,
    "math.log": logarithms.log,
    "math.log1p": logarithms.log1p,
    "math.powf": powers.pow,
    "math.sin": circular.sin,
    "math.sinh": exponentials.sinh,
    "math.tan": circular.tan,
    "math.tanh": exponentials.tanh,
}
SCALAR = frozenset({"arith.remf"})
"""A loop that runs as often as the numbers say."""


@dataclass(frozen=True)
class ExpandMath(FunctionPass):
    """`ordered`: sums are computed as they are written; compilers of shaders may do otherwise. `double`: f64 is as good
    as f32, so that powf is computed in it. `library`: what has no formula of f32 stays, a call of the C library."""

    name = "expand-math"

    ordered: bool = True
    double: bool = True
    library: bool = True

    def apply_to(self, ctx: Context, func: FuncOp) -> None:
        place = Place(func.body.blocks[0], self.ordered, self.library)
        for op in list(func.walk()):
            if (formula := self.formula_of(op)) is not None:
                place.anchor, place.made = op, []
                expand(op, place, formula)
                stamp(place.made, op.location)

    def formula_of(self, op: Operation) -> Formula | None:
        """The formula of an op's function, and the type that it computes."""
        if op.name not in FORMULAS and op.name not in DOUBLE:
            return None
        kind = element(op.results[0].type)
        of_single = FORMULAS if self.double else ALL_SINGLE
        if op.name in of_single and isinstance(kind, NARROW):
            return of_single[op.name], f32
        if self.library or op.name not in DOUBLE or not isinstance(kind, NARROW | Float64Type):
            return None
        return None if op.name in SCALAR and vector_type(op.results[0].type) is not None else (DOUBLE[op.name], f64)


def expand(op: Operation, place: Place, formula: Formula) -> None:
    """Put the formula of `op` in its place."""
    kind: Attribute = element(op.results[0].type)
    function, computed = formula
    args = [Value(operand, place) for operand in op.operands]
    if kind == computed:
        result = function(*args)
    else:
        result = function(*(arg.cast(arith.ExtFOp, computed) for arg in args)).cast(arith.TruncFOp, kind)
    result.ssa.name_hint = op.results[0].name_hint
    op.results[0].replace_all_uses_with(result.ssa)
    op.detach()
    op.erase()
