"""Structured control flow: regions of blocks whose last one is where they are left.

spirv.mlir.loop {                       spirv.mlir.selection {
  spirv.Branch ^header                    spirv.BranchConditional %c, ^then, ^merge
^header:                                ^then:
  spirv.BranchConditional %c,             ...
      ^body, ^merge                       spirv.Branch ^merge
^body:                                  ^merge:
  ...                                     spirv.mlir.merge
  spirv.Branch ^next                    }
^next:
  spirv.Branch ^header
^merge:
  spirv.mlir.merge
}
"""

from __future__ import annotations

from xdsl.dialects.builtin import i1
from xdsl.ir import Block, Region, SSAValue
from xdsl.irdl import IRDLOperation, irdl_op_definition, operand_def, region_def, successor_def, traits_def
from xdsl.traits import IsTerminator
from xdsl.utils.exceptions import VerifyException


@irdl_op_definition
class BranchOp(IRDLOperation):
    name = "spirv.Branch"
    target = successor_def()
    assembly_format = "$target attr-dict"
    traits = traits_def(IsTerminator())

    def __init__(self, target: Block):
        super().__init__(successors=[target])


@irdl_op_definition
class BranchConditionalOp(IRDLOperation):
    name = "spirv.BranchConditional"
    condition = operand_def(i1)
    true_target = successor_def()
    false_target = successor_def()
    assembly_format = "$condition `,` $true_target `,` $false_target attr-dict"
    traits = traits_def(IsTerminator())

    def __init__(self, condition: SSAValue, true: Block, false: Block):
        super().__init__(operands=[condition], successors=[true, false])


@irdl_op_definition
class MergeOp(IRDLOperation):
    """Where a loop or a selection is left."""

    name = "spirv.mlir.merge"
    assembly_format = "attr-dict"
    traits = traits_def(IsTerminator())


@irdl_op_definition
class ReturnOp(IRDLOperation):
    name = "spirv.Return"
    assembly_format = "attr-dict"
    traits = traits_def(IsTerminator())


@irdl_op_definition
class LoopOp(IRDLOperation):
    """Blocks: entry, header, the body's, the one that goes on (`Branch ^header`), merge."""

    name = "spirv.mlir.loop"
    body = region_def()
    assembly_format = "$body attr-dict"

    def __init__(self, blocks: list[Block]):
        super().__init__(regions=[Region(blocks)])

    def verify_(self) -> None:
        blocks = self.body.blocks
        if len(blocks) < 4 or not isinstance(blocks[-1].last_op, MergeOp):
            raise VerifyException("a loop has an entry, a header, a block that goes on, and ends with a merge")
        entry, back = blocks[0].last_op, blocks[-2].last_op
        if not (isinstance(entry, BranchOp) and entry.target is blocks[1]):
            raise VerifyException("the entry of a loop goes to its header, the second block")
        if not (isinstance(back, BranchOp) and back.target is blocks[1]):
            raise VerifyException("the last block before the merge goes back to the header")


@irdl_op_definition
class SelectionOp(IRDLOperation):
    """Blocks: the one that decides, what it decides between, merge."""

    name = "spirv.mlir.selection"
    body = region_def()
    assembly_format = "$body attr-dict"

    def __init__(self, blocks: list[Block]):
        super().__init__(regions=[Region(blocks)])

    def verify_(self) -> None:
        blocks = self.body.blocks
        if not isinstance(blocks[-1].last_op, MergeOp) or not isinstance(blocks[0].last_op, BranchConditionalOp):
            raise VerifyException("a selection starts with a conditional branch and ends with a merge")
