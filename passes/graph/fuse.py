"""Group ops into kernels: `graph.fusion` ops, which read their inputs and write their result once.

    %c = graph.conv %x, %w : ...
    %s = graph.add %c, %r : tensor<1x8x4x4xf32>
    %y = graph.relu %s : tensor<1x8x4x4xf32>
  becomes
    %y = graph.fusion(%x_1 = %x, %w_1 = %w, %r_1 = %r) : ... -> tensor<1x8x4x4xf32> {
      %c = graph.conv %x_1, %w_1 : ...
      %s = graph.add %c, %r_1 : tensor<1x8x4x4xf32>
      %y_1 = graph.relu %s : tensor<1x8x4x4xf32>
      graph.yield %y_1 : tensor<1x8x4x4xf32>
    }

The walk goes backwards. An op whose users all stand in one group joins it if it fits; else it opens a group, of which
it is the only result. So an inner value never leaves its group, and no path that leaves a group (through its result)
can come back into it: that would be a cycle. `groups.py` says what fits: an anchor with its epilogue, what works by
rows (a layer norm, an attention), views.

Each region of control flow is walked for itself: no group reaches across its border.

A device may limit how many buffers a kernel takes: the inputs of a group and its result. A group that comes out with
more keeps the last of its ops, as many as will do, and the walk is done again for the others.

Constants of one element are cloned into the group; larger ones are inputs. What computes nothing stays outside: a
reshape or a slice is a view of what is there; a concatenation or a padding is a place into which the kernels before it
write (see `bufferize`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from stepwell.context import Context
from stepwell.diagnostics import NeedsRun
from stepwell.dialects.graph import ConstantOp, DynamicOp, FusionOp, GraphOp, YieldOp
from stepwell.dialects.graph.types import count, shape_of
from stepwell.locations import fuse as fuse_locations
from stepwell.pass_manager import FunctionPass
from xdsl.dialects.func import FuncOp
from xdsl.ir import Block, Operation, Region, SSAValue
from xdsl.transforms.dead_code_elimination import region_dce

from .groups import Group, stays_outside


@dataclass(frozen=True)
class Fuse(FunctionPass):
    """`max-ops`: how many ops a kernel may have. `panel`: how many bytes the right operand of a product that works by
    rows may have, half of a second-level cache or so. `buffers`: how many tensors it may read and write."""

    name = "fuse"

    max_ops: int = 32
    panel: int = 512 << 10
    buffers: int = 1 << 16

    def apply_to(self, ctx: Context, func: FuncOp) -> None:
        for block in blocks_of(func):
            for group in self.groups(ctx, block):
                make_fusion(group)
        region_dce(func.body)  # constants of which every user has a clone

    def groups(self, ctx: Context, block: Block) -> list[Group]:
        most: dict[Operation, int] = {}
        while True:
            groups = find_groups(ctx, block, self.max_ops, self.panel, most)
            large = [group for group in groups if len(group.ops) > 1 and buffers_of(group.ops) > self.buffers]
            if not large:
                return groups
            for group in large:
                counts = range(len(group.ops) - 1, 1, -1)
                most[group.ops[0]] = next((n for n in counts if buffers_of(group.ops[:n]) <= self.buffers), 1)


def blocks_of(func: FuncOp) -> list[Block]:
    """The blocks of a function and of the control flow in it, outer ones first."""
    return [block for op in func.walk() for region in op.regions for block in region.blocks]


def find_groups(ctx: Context, block: Block, max_ops: int, panel: int, most: Mapping[Operation, int]) -> list[Group]:
    """`most`: how many ops the group may have whose result is that of an op."""
    groups: list[Group] = []
    group_of: dict[Operation, Group] = {}
    for op in reversed(list(block.ops)):
        if isinstance(op, DynamicOp):
            ctx.report(
                NeedsRun(
                    f"{op.name}: the shape of its result depends on the values of the model's inputs",
                    where=op,
                    fix="export the model so that its shapes follow from the shapes of its inputs",
                )
            )
        if not isinstance(op, GraphOp) or stays_outside(op):
            continue
        group = common_group(op, group_of)
        if group is None or len(group.ops) >= most.get(group.ops[0], max_ops) or not group.takes(op):
            group = Group(shape_of(op.result), panel)
            groups.append(group)
        group.add(op)
        group_of[op] = group
    return groups


def common_group(op: Operation, group_of: dict[Operation, Group]) -> Group | None:
    """The group in which all users of `op` stand."""
    users = {use.operation for result in op.results for use in result.uses}
    groups = [group_of.get(user) for user in users]
    if not groups or any(group is not groups[0] for group in groups):
        return None
    return groups[0]


def make_fusion(group: Group) -> None:
    """Move the group's ops into a fusion at the place of its last op."""
    last, members = group.ops[0], list(reversed(group.ops))
    inside = set[Operation](members)
    outer = list(dict.fromkeys(inputs_of(members, inside)))
    body = Block(arg_types=[value.type for value in outer])
    inner: dict[SSAValue, SSAValue] = dict(zip(outer, body.args, strict=True))
    for value, argument in zip(outer, body.args, strict=True):
        argument.name_hint = value.name_hint
    clones: dict[Operation, ConstantOp] = {}
    users = list(last.result.uses)
    marker = last.next_op
    block = last.parent
    assert block is not None
    for op in members:
        for index, operand in enumerate(op.operands):
            if operand in inner:
                op.operands[index] = inner[operand]
            elif isinstance(owner := operand.owner, ConstantOp) and owner not in inside:
                if owner not in clones:
                    clones[owner] = owner.clone()
                    clones[owner].location = owner.location
                    body.add_op(clones[owner])
                op.operands[index] = clones[owner].result
        op.detach()
        body.add_op(op)
    body.add_op(YieldOp(last.result))
    fusion = FusionOp(outer, Region(body))
    fusion.location = fuse_locations([op.location for op in members])
    fusion.results[0].name_hint = last.result.name_hint
    for use in users:
        use.operation.operands[use.index] = fusion.results[0]
    if marker is None:
        block.add_op(fusion)
    else:
        block.insert_op_before(fusion, marker)


def buffers_of(members: Sequence[GraphOp]) -> int:
    """How many tensors a kernel of these ops reads and writes."""
    return len(set(inputs_of(members, set(members)))) + 1


def inputs_of(members: Sequence[GraphOp], inside: AbstractSet[Operation]) -> Iterator[SSAValue]:
    """The values that the members read from outside, except the constants that are cloned."""
    for op in members:
        for operand in op.operands:
            owner = operand.owner
            if isinstance(owner, Operation) and owner in inside:
                continue
            if isinstance(owner, ConstantOp) and count(shape_of(operand)) == 1:
                continue
            yield operand
