"""Write nests that share their blocks: loops over blocks, and in them what the threads do of one after the other."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack

from xdsl.dialects.builtin import StringAttr
from xdsl.ir import Operation, SSAValue

from .block_emit import BlockEmitter, erased
from .block_mma import MmaEmitter
from .block_parts import Part
from .block_places import plus
from .block_plan import BlockPlan
from .blocks_together import in_block_memory
from .builder import Function, NestBuilder
from .emit import BLOCK, PARALLEL
from .lanes import Place
from .nests import Nest


def emit_blocks(members: Sequence[tuple[Nest, BlockPlan]], function: Function, anchor: Operation) -> list[Operation]:
    """Write nests that share their blocks before `anchor`; the new ops of that block come back."""
    b = NestBuilder(function, anchor)
    with ExitStack() as stack:
        indices: list[SSAValue] = []
        for part in members[0][1].blocks or (Part(0, 1, 1),):
            loop = stack.enter_context(b.loop(0, part.step * part.count, part.step))
            loop.op.attributes[PARALLEL] = StringAttr(BLOCK)
            indices.append(loop.index)
        for nest, plan in in_block_memory(members, b):
            point: dict[int, Place] = {}
            for part, index in zip(plan.blocks, indices, strict=False):
                if part.count > 1:
                    point[part.dim] = plus(point, part.dim, index)
            emitter = BlockEmitter if plan.fragments is None else MmaEmitter
            emitter(nest, plan, b).emit(point)
            b.forget()
    return [op for op in b.outermost if not erased(op)]
