"""Nests that a block runs one after the other: when that is the same, and what of their buffers is the block's own.

    schedule.together %i, %k                        // %i of a nest that sums rows, %k of one that divides by the sums

Each block must find what an earlier nest wrote written by itself: of a buffer that two of the nests touch and one
writes, block n touches a part that no other block does, the same part in all of them. A sum of its rows, which only
these nests touch, is one number of a block then, and stays in its memory.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from stepwell.diagnostics import StepwellError
from stepwell.dialects.schedule import TogetherOp
from xdsl.ir import Attribute, Operation, SSAValue

from .access import Access, Stage
from .block_copies import shared
from .block_plan import BlockPlan
from .builder import NestBuilder
from .nests import Nest, is_private

Member = tuple[Nest, BlockPlan]


@dataclass(frozen=True)
class Own:
    """The part of a buffer that a block touches: `size` elements from `step * number of the block + start` on."""

    step: int
    start: int
    size: int
    element: Attribute


def why_not_together(members: Sequence[Member]) -> str | None:
    """Why a block cannot run these nests one after the other; None where it can."""
    for _, plan in members:
        if len(plan.blocks) != 1 or plan.blocks[0].count != members[0][1].blocks[0].count:
            return "each of the nests has one loop that is bound to block, of as many iterations as the others"
        if plan.width != members[0][1].width:
            return "a block has one number of threads for all of its nests"
    for base in touched(members):
        if own_part(base, members) is None:
            return "a block would touch what another one writes"
    return None


def touched(members: Sequence[Member]) -> list[SSAValue]:
    """The buffers that several of the nests touch, and one of them writes."""
    written = {base for nest, _ in members for base in nest.writes}
    return [b for b in written if sum(b in nest.reads | nest.writes for nest, _ in members) > 1]


def own_part(base: SSAValue, members: Sequence[Member]) -> Own | None:
    """What each block touches of `base`; None where blocks meet there."""
    parts: list[tuple[int, int, int, Attribute]] = []
    for nest, plan in members:
        if base in {b for stage in nest.stages for b in stage.gathers()}:
            return None
        block = plan.blocks[0]
        for access in accesses(nest):
            at = access.at
            if access.base is not base:
                continue
            inner = [
                s * (e - 1)
                for d, (s, e) in enumerate(zip(at.strides, nest.main.extents, strict=True))
                if d != block.dim
            ]
            if at.terms or at.panels or min(inner, default=0) < 0 or at.strides[block.dim] < 0:
                return None
            reach = sum(inner) + at.strides[block.dim] * (block.step - 1)
            parts.append((at.strides[block.dim] * block.step, at.offset, at.offset + reach + 1, access.element))
    step = parts[0][0]
    if any(s != step for s, _, _, _ in parts) or step == 0:
        return None
    start = min(first for _, first, _, _ in parts) // step * step
    end = max(last for _, _, last, _ in parts)
    return Own(step, start, end - start, parts[0][3]) if end - start <= step else None


def accesses(nest: Nest) -> Iterator[Access]:
    for stage in nest.stages:
        yield from (*stage.inputs, *stage.outputs)


def own_buffers(members: Sequence[Member]) -> dict[SSAValue, Own]:
    """Those of the buffers that only these nests touch, several of them."""
    ops: set[Operation] = {stage.op for nest, _ in members for stage in nest.stages}
    found = {b: own_part(b, members) for b in touched(members) if is_private(b, ops)}
    return {base: part for base, part in found.items() if part is not None}


def own_elements(members: Sequence[Member]) -> int:
    """Elements of a block's memory that nests which run together take: what they hand on, and parts of reductions."""
    parts = sum(plan.width * len(nest.main.outputs) for nest, plan in members if plan.split)
    return parts + sum(part.size for part in own_buffers(members).values())


def in_block_memory(members: Sequence[Member], b: NestBuilder) -> list[Member]:
    """The nests, with what they hand on in memory of the block."""
    if len(members) == 1:
        return list(members)
    parts = own_buffers(members)
    buffers = {base: shared(b, p.element, p.size, base.name_hint or "own") for base, p in parts.items()}

    def moved(access: Access, plan: BlockPlan) -> Access:
        if access.base not in buffers:
            return access
        strides = tuple(0 if d == plan.blocks[0].dim else s for d, s in enumerate(access.at.strides))
        at = replace(access.at, strides=strides, offset=access.at.offset - parts[access.base].start)
        return replace(access, base=buffers[access.base], at=at)

    def stage_of(stage: Stage, plan: BlockPlan) -> Stage:
        inputs, outputs = (tuple(moved(a, plan) for a in of) for of in (stage.inputs, stage.outputs))
        return replace(stage, inputs=inputs, outputs=outputs)

    return [(nest.over([stage_of(stage, plan) for stage in nest.stages]), plan) for nest, plan in members]


def check_together(members: Sequence[Member], said: TogetherOp) -> None:
    if any(plan.blocks and plan.blocks[0].step != 1 for _, plan in members):
        raise StepwellError("schedule.together: a block has one iteration of each loop", said)
    if (reason := why_not_together(members)) is not None:
        raise StepwellError(f"schedule.together: {reason}", said)
