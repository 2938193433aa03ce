"""Name every kernel after what it computes, so that its object code can be shared by programs that know it not.

    llvm.func internal @kernel_relu_0(...)            llvm.func internal @kernel_relu_5f0c...(...)
    llvm.func @main(...) {                     ->     llvm.func @main(...) {
      llvm.call @kernel_relu_0(...)                     llvm.call @kernel_relu_5f0c...(...)

The hash is the structural one: ops, types, attributes and dataflow of the lowered kernel.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from stepwell.context import Context
from stepwell.hashing import structural_hash
from stepwell.pass_manager import ModulePass
from xdsl.dialects import llvm
from xdsl.dialects.builtin import ModuleOp, StringAttr, SymbolRefAttr

KERNEL = "stepwell.kernel"


@dataclass(frozen=True)
class NameKernels(ModulePass):
    name = "name-kernels"

    def apply(self, ctx: Context, module: ModuleOp) -> None:
        names: dict[str, str] = {}
        for op in module.body.block.ops:
            if isinstance(op, llvm.FuncOp) and KERNEL in op.attributes and op.body.blocks:
                old = op.sym_name.data
                kind = re.sub(r"_[0-9a-f]*$", "", old)
                names[old] = f"{kind}_{structural_hash(op)[:16]}"
                op.properties["sym_name"] = StringAttr(names[old])
        for op in module.walk():
            if isinstance(op, llvm.CallOp) and op.callee is not None:
                callee = op.callee.string_value()
                if callee in names:
                    op.properties["callee"] = SymbolRefAttr(names[callee])
