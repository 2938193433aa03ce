"""Find the large weights where the program is told that they are: several programs of a model then read one copy.

    llvm.func @main(%x: !llvm.ptr, %out: !llvm.ptr, %weights: !llvm.ptr, %arena: !llvm.ptr)
      attributes {stepwell.shared_weights = 128 : i64, ...} {
      %b = llvm.getelementptr inbounds %weights[64] : (!llvm.ptr) -> !llvm.ptr, i8
      %w = llvm.getelementptr inbounds %weights[4224] : (!llvm.ptr) -> !llvm.ptr, i8
  becomes
      %distance = llvm.load %weights : !llvm.ptr -> i64
      %shared = llvm.getelementptr %weights[%distance] : (!llvm.ptr, i64) -> !llvm.ptr, i8
      %b = llvm.getelementptr inbounds %weights[64] : (!llvm.ptr) -> !llvm.ptr, i8
      %w = llvm.getelementptr inbounds %shared[4096] : (!llvm.ptr) -> !llvm.ptr, i8

`plan-memory{shared=...}` has put small weights first and large ones from `stepwell.shared_weights` on, which number
also stands at the start of the packed weights: one block of them is right as it is. A loader that has the same large
weights in memory writes there how far away they are (`runtime/sharing.py`). The programs of a model for two lengths
differ in a few small constants; without this each would have all weights to itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from stepwell.context import Context
from stepwell.diagnostics import StepwellError
from stepwell.locations import stamp
from stepwell.manifest import SHARED_WEIGHTS, entry_of, manifest_of
from stepwell.pass_manager import ModulePass
from xdsl.dialects import llvm
from xdsl.dialects.builtin import IntegerAttr, IntegerType, ModuleOp, i8, i64
from xdsl.ir import Attribute, Operation, SSAValue

FAR = 1 << 31
"""A number in a getelementptr has 32 bits."""


@dataclass(frozen=True)
class ShareWeights(ModulePass):
    name = "share-weights"

    def apply(self, ctx: Context, module: ModuleOp) -> None:
        main = entry_of(module)
        behind = main.attributes.get(SHARED_WEIGHTS)
        if not isinstance(main, llvm.FuncOp) or not isinstance(behind, IntegerAttr):
            return
        boundary = cast("IntegerAttr[IntegerType]", behind).value.data
        manifest = manifest_of(module)
        weights = main.body.blocks[0].args[len(manifest["inputs"]) + len(manifest["outputs"])]
        places = {use.operation: offset_of(use.operation) for use in list(weights.uses)}
        distance = llvm.LoadOp(weights, i64)
        start = llvm.GEPOp(weights, [llvm.GEP_USE_SSA_VAL], i8, [distance.dereferenced_value])
        distance.dereferenced_value.name_hint, start.result.name_hint = "distance", "shared"
        stamp([distance, start], main.location)
        first = main.body.blocks[0].first_op
        assert first is not None
        main.body.blocks[0].insert_ops_before([distance, start], first)
        for op, offset in places.items():
            if offset >= boundary:
                replace(op, start.result, offset - boundary)


def offset_of(op: Operation) -> int:
    """How many bytes further an address is. Raises `StepwellError` where that is not known."""
    if isinstance(op, llvm.GEPOp) and op.elem_type == i8:
        given = [*op.rawConstantIndices.get_values()]
        if given != [llvm.GEP_USE_SSA_VAL]:
            return int(given[0])
        if isinstance(index := op.ssa_indices[0].owner, llvm.ConstantOp) and isinstance(index.value, IntegerAttr):
            return index.value.value.data  # too large for a number in the op itself
    raise StepwellError("share-weights: it is not known which weights this reads", where=op)


def replace(op: Operation, start: SSAValue[Attribute], offset: int) -> None:
    """Read `offset` bytes behind `start` instead."""
    made: list[Operation] = []
    if offset < FAR:
        new = llvm.GEPOp(start, [offset], i8, inbounds=True)
    else:
        made.append(number := llvm.ConstantOp(IntegerAttr(offset, i64), i64))
        new = llvm.GEPOp(start, [llvm.GEP_USE_SSA_VAL], i8, [number.result], inbounds=True)
    new.result.name_hint = op.results[0].name_hint
    stamp([*made, new], op.location)
    block = op.parent
    assert block is not None
    block.insert_ops_before([*made, new], op)
    op.results[0].replace_all_uses_with(new.result)
    block.erase_op(op)
