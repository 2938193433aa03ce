"""How far a function of f32 is from the exact one, in units in the last place of the exact result.

compute = kernel("exp", lanes=16)     # a loop over arrays of f32, expanded by expand-math
exact = kernel("exp", kind="f64")     # the C library's f64 function: its error is some 2**-29 of such a unit
errors(compute(x), exact(x))
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from jit import jit
from stepwell.context import Context
from stepwell.pass_manager import parse_passes, run_passes
from stepwell.text import parse_module

COUNT = 1 << 14
"""Elements that a kernel computes in one call."""
PAIRS = ("math.powf", "arith.remf")
"""Functions of two numbers."""

BOUNDS = {
    "math.cos": 1.6,
    "math.erf": 1.8,
    "math.exp": 1.1,
    "math.exp2": 1.1,
    "math.expm1": 1.5,
    "math.log": 1.0,
    "math.log10": 2.2,
    "math.log1p": 1.6,
    "math.log2": 1.8,
    "math.powf": 0.6,
    "math.sin": 1.6,
    "math.tanh": 2.6,
}
"""No error is larger: what the docstring of `expand_math.py` has measured, and a little."""


@cache
def loop(op: str, kind: str = "f32", lanes: int = 0, *, expand: bool | str = True) -> Callable[..., None]:
    """`op` over arrays of COUNT elements, the last of them for the results. `expand`: the options of expand-math."""
    inputs = "xy" if op in PAIRS else "x"
    wide = f"vector<{lanes}x{kind}>" if lanes else kind
    load, store = ("vector.load", "vector.store") if lanes else ("memref.load", "memref.store")
    of, at = f"memref<{COUNT}x{kind}>", f", {wide}" if lanes else ""
    loads = "\n    ".join(f"%{n} = {load} %{n}s[%i] : {of}{at}" for n in inputs)
    text = f"""
func.func @f({", ".join(f"%{n}s: {of}" for n in (*inputs, "r"))}) {{
  %c0 = arith.constant 0 : index
  %n = arith.constant {COUNT} : index
  %s = arith.constant {lanes or 1} : index
  scf.for %i = %c0 to %n step %s {{
    {loads}
    %r = {op} {", ".join(f"%{n}" for n in inputs)} : {wide}
    {store} %r, %rs[%i] : {of}{at}
  }}
  func.return
}}"""
    module = parse_module(Context(), text)
    if expand:
        options = expand if isinstance(expand, str) else ""
        run_passes(Context(), module, parse_passes(f"expand-math{{{options}}}"), verify_each=True)
    return jit(module)


def kernel(op: str, kind: str = "f32", lanes: int = 0, *, expand: bool | str = True) -> Callable[..., Any]:
    """`op` of arrays, whose elements are a multiple of COUNT."""
    function, dtype = (
        loop(op, kind, lanes, expand=expand),
        {"f16": np.float16, "f32": np.float32, "f64": np.float64}[kind],
    )

    def call(*arrays: Any) -> Any:
        parts = [np.ascontiguousarray(a, dtype).reshape(-1, COUNT) for a in arrays]
        result = np.empty_like(parts[0])
        for row, *of in zip(result, *parts, strict=True):
            function(*of, row)
        return result.reshape(-1)

    return call


def errors(got: Any, exact: Any) -> Any:
    """Of each element; infinite where one is a NaN and the other is not. Infinity is 2**128: what overflows
    should round to it."""
    got, exact = (np.clip(np.asarray(a, np.float64), -(2.0**128), 2.0**128) for a in (got, exact))
    exponents = np.maximum(np.frexp(exact)[1] - 1, -126)
    size = np.abs(got - exact) / np.ldexp(1.0, np.minimum(exponents, 127) - 23)
    return np.where(np.isnan(got) | np.isnan(exact), np.where(np.isnan(got) & np.isnan(exact), 0.0, np.inf), size)


def all_floats(first: int, count: int) -> Any:
    return np.arange(first, first + count, dtype=np.uint32).view(np.float32)


def sample(per_exponent: int) -> Any:
    """Floats of every sign and exponent, denormals, infinities and NaNs included: `per_exponent` of each, evenly
    spread, with both ends."""
    mantissas = np.linspace(0, 2**23 - 1, per_exponent).astype(np.uint32)
    tops = np.arange(512, dtype=np.uint32) << 23
    return (tops[:, None] | mantissas).reshape(-1).view(np.float32)
