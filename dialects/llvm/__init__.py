"""The `llvm` dialect with upstream's syntax: xDSL's, with what it lacks or holds too narrowly put right.

xDSL's `llvm.select` and `llvm.fcmp` know no vectors, its `llvm.intr.masked.store` no integers, and several ops that
every kernel needs are missing. Ours take their place in our contexts under the same names:

    %m = llvm.fcmp "olt" %a, %b : vector<16xf32>
    %s = llvm.select %m, %a, %b : vector<16xi1>, vector<16xf32>
    %e = llvm.extractelement %s[%i : i64] : vector<16xf32>
    %n = llvm.fptosi %s : vector<16xf32> to vector<16xi32>            also llvm.fptoui, llvm.uitofp
    %l = llvm.intr.masked.load %p, %m, %s {alignment = 4 : i32} : (!llvm.ptr, ...) -> vector<16xf32>
    llvm.intr.masked.store %l, %p, %m {alignment = 4 : i32} : vector<16xf32>, vector<16xi1> into !llvm.ptr
    %u = llvm.mlir.poison : vector<16xf32>
    !llvm.x86_amx                                                        the type of AMX's tiles
"""

from xdsl.dialects import llvm as xdsl_llvm
from xdsl.ir import Dialect
from xdsl.traits import IsolatedFromAbove

from .ops import (
    ExtractElementOp,
    FCmpOp,
    FPToSIOp,
    FPToUIOp,
    MaskedLoadOp,
    MaskedStoreOp,
    PoisonOp,
    SelectOp,
    UIToFPOp,
    X86AMXType,
)

OURS = (
    ExtractElementOp,
    FCmpOp,
    FPToSIOp,
    FPToUIOp,
    MaskedLoadOp,
    MaskedStoreOp,
    PoisonOp,
    SelectOp,
    UIToFPOp,
)
xdsl_llvm.FuncOp.traits.add_trait(IsolatedFromAbove())  # as upstream's: names are a function's own
_names = {op.name for op in OURS}

LLVM = Dialect(
    "llvm",
    [*(op for op in xdsl_llvm.LLVM.operations if op.name not in _names), *OURS],
    [*xdsl_llvm.LLVM.attributes, X86AMXType],
)

__all__ = [
    "LLVM",
    "OURS",
    "ExtractElementOp",
    "FCmpOp",
    "FPToSIOp",
    "FPToUIOp",
    "MaskedLoadOp",
    "MaskedStoreOp",
    "PoisonOp",
    "SelectOp",
    "UIToFPOp",
    "X86AMXType",
]
