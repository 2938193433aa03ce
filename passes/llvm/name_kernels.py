"""Name every kernel after what it computes, so that its object code can be shared by programs that know it not.

    llvm.func internal @kernel_relu_0(...)            llvm.func internal @kernel_relu_5f0c...(...)
    llvm.func @main(...) {                     ->     llvm.func @main(...) {
      llvm.call @kernel_relu_0(...)                     llvm.call @kernel_relu_5f0c...(...)

The hash is the structural one: ops, types, attributes and dataflow of the lowered kernel. Kernels that were of
different shapes may be the same once their loops are flat; one of them stays.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from stepwell.context import Context
from stepwell.hashing import structural_hash
from stepwell.locations import fuse
from stepwell.pass_manager import ModulePass
from xdsl.dialects import llvm
from xdsl.dialects.builtin import ModuleOp, StringAttr, SymbolRefAttr

KERNEL = "stepwell.kernel"


@dataclass(frozen=True)
class NameKernels(ModulePass):
    name = "name-kernels"

    def apply(self, ctx: Context, module: ModuleOp) -> None:
        names: dict[str, str] = {}
        kept: dict[str, llvm.FuncOp] = {}
        for op in module.body.block.ops:
            if isinstance(op, llvm.FuncOp) and KERNEL in op.attributes and op.body.blocks:
                old = op.sym_name.data
                kind = re.sub(r"_[0-9a-f]*$", "", old)
                names[old] = f"{kind}_{structural_hash(op)[:16]}"
                first = kept.setdefault(names[old], op)
                if first is op:
                    op.properties["sym_name"] = StringAttr(names[old])
                else:
                    first.location = fuse([first.location, op.location])
                    op.detach()
                    op.erase()
        for op in module.walk():
            if isinstance(op, llvm.CallOp) and op.callee is not None:
                callee = op.callee.string_value()
                if callee in names:
                    op.properties["callee"] = SymbolRefAttr(names[callee])
