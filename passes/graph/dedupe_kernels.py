"""Keep one of each set of equal kernels, and let all calls go to it.

    %a = func.call @kernel_relu_0(%x) : ...            %a = func.call @kernel_relu_0(%x) : ...
    %b = func.call @kernel_relu_1(%a) : ...   becomes  %b = func.call @kernel_relu_0(%a) : ...

Kernels are equal if they have the same type, ops, attributes (constants among them) and the same wiring; names and
locations don't count. Those of the ones that go are fused into the location of the one that stays. A network repeats
itself, so that few kernels are left to lower: ResNet-50 has 50-odd convolutions, 20-odd of them different.
`--pass-statistics` says how many went and how many stay.
"""

from __future__ import annotations

from dataclasses import dataclass

from stepwell.context import Context
from stepwell.hashing import structural_hash
from stepwell.locations import fuse
from stepwell.pass_manager import ModulePass
from stepwell.rewriting import pattern_counts
from xdsl.dialects.builtin import ModuleOp, StringAttr, SymbolRefAttr
from xdsl.dialects.func import CallOp, FuncOp

from .outline_kernels import KERNEL


@dataclass(frozen=True)
class DedupeKernels(ModulePass):
    name = "dedupe-kernels"

    def apply(self, ctx: Context, module: ModuleOp) -> None:
        kernels = [op for op in module.body.ops if isinstance(op, FuncOp) and KERNEL in op.attributes]
        kept: dict[str, list[FuncOp]] = {}
        for kernel in kernels:
            kept.setdefault(structural_hash(kernel), []).append(kernel)
        renamed: dict[str, str] = {}
        for first, *others in kept.values():
            first.location = fuse([first.location, *(other.location for other in others)])
            for other in others:
                renamed[other.sym_name.data] = first.sym_name.data
                other.detach()
                other.erase()
        redirect_calls(module, renamed)
        if (counts := pattern_counts.get()) is not None:
            counts["kernels that equal an earlier one"] += len(renamed)
            counts["kernels that stay"] += len(kept)


def redirect_calls(module: ModuleOp, renamed: dict[str, str]) -> None:
    for op in module.walk():
        if isinstance(op, CallOp) and (name := renamed.get(op.callee.string_value())) is not None:
            op.callee = SymbolRefAttr(StringAttr(name))
