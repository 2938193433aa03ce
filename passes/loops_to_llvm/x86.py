"""x86vector: LLVM's intrinsics of the same instructions.

  %s = x86vector.avx512.dot %acc, %a, %b : vector<32xbf16> -> vector<16xf32>
becomes
  %s = llvm.call_intrinsic "llvm.x86.avx512bf16.dpbf16ps.512"(%acc, %a, %b) : ...
"""

from __future__ import annotations

from stepwell.dialects.lanes import lanes
from xdsl.ir import Operation

from .lowering import Lowering, lowers


@lowers("x86vector.avx512.dot")
def lower_dot(low: Lowering, op: Operation) -> None:
    kind = low.type(op.results[0].type)
    shape = lanes(kind)
    assert shape is not None
    name = f"llvm.x86.avx512bf16.dpbf16ps.{shape[0] * 32}"
    low[op.results[0]] = low.call_intrinsic(name, low.all(op.operands), kind)
