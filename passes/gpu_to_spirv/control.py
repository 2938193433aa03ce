"""Loops and branches: what they carry and what they give are variables of the thread, set in their blocks.

  %sum = scf.for %i = %c0 to %n step %c1 iter_args(%acc = %zero) -> (f32) { ... scf.yield %next : f32 }
becomes
  spirv.Store "Function" %i_variable, %c0 : i32
  spirv.Store "Function" %acc_variable, %zero : f32
  spirv.mlir.loop {
    spirv.Branch ^header
  ^header:
    %i = spirv.Load "Function" %i_variable : i32
    %goes_on = spirv.SLessThan %i, %n : i32
    spirv.BranchConditional %goes_on, ^body, ^merge
  ^body:
    %acc = spirv.Load "Function" %acc_variable : f32
    ...
    spirv.Store "Function" %acc_variable, %next : f32
    spirv.Branch ^next
  ^next:
    ...
    spirv.Branch ^header
  ^merge:
    spirv.mlir.merge
  }
  %sum = spirv.Load "Function" %acc_variable : f32
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from stepwell.dialects import spirv
from xdsl.dialects import scf
from xdsl.ir import Attribute, Block, Operation, SSAValue

from .writer import Writer, type_of


class Body(Protocol):
    """Who writes the ops of a block; a terminator that hands values on is left to who writes the block."""

    to: Writer
    values: dict[SSAValue, SSAValue]

    def write(self, block: Block) -> None: ...


def start(body: Body, values: Sequence[SSAValue]) -> list[SSAValue]:
    """A variable for each value, set to it."""
    made = [body.to.variable(body.values[value].type) for value in values]
    assign(body, made, values)
    return made


def assign(body: Body, variables: Sequence[SSAValue], values: Sequence[SSAValue]) -> None:
    for variable, value in zip(variables, values, strict=True):
        body.to.store(variable, body.values[value])


def read(body: Body, values: Sequence[SSAValue], variables: Sequence[SSAValue]) -> None:
    """Give `values` what stands in the variables."""
    for value, variable in zip(values, variables, strict=True):
        body.values[value] = body.to.load(variable)


def handed_on(block: Block) -> list[SSAValue]:
    last = block.last_op
    return list(last.operands) if isinstance(last, (scf.YieldOp, scf.ConditionOp)) else []


def in_block(body: Body, block: Block, write: Callable[[], None]) -> None:
    outside, body.to.block = body.to.block, block
    write()
    body.to.block = outside


def variables_for(body: Body, kinds: Sequence[Attribute], where: Operation) -> list[SSAValue]:
    return [body.to.variable(type_of(kind, where)) for kind in kinds]


def write_for(body: Body, op: scf.ForOp) -> None:
    to, inner, location = body.to, op.body.block, op.location
    upper, step = body.values[op.ub], body.values[op.step]
    counter, *carried = start(body, [op.lb, *op.iter_args])
    header, stays, following, merge = Block(), Block(), Block(), Block()
    number: list[SSAValue] = []

    def write_header() -> None:
        number.append(to.load(counter))
        goes_on = to.make("SLessThan", number[0], upper)
        to.add(spirv.BranchConditionalOp(goes_on, stays, merge))

    def write_body() -> None:
        body.values[inner.args[0]] = number[0]
        read(body, inner.args[1:], carried)
        body.write(inner)
        to.location = location
        assign(body, carried, handed_on(inner))
        to.add(spirv.BranchOp(following))

    def write_following() -> None:
        to.store(counter, to.make("IAdd", number[0], step))
        to.add(spirv.BranchOp(header))

    in_block(body, header, write_header)
    in_block(body, stays, write_body)
    in_block(body, following, write_following)
    loop(body, [header, stays, following, merge])
    read(body, op.results, carried)


def write_while(body: Body, op: scf.WhileOp) -> None:
    """What decides stands in a block behind the header: it may hold loops of its own."""
    to, before, after, location = body.to, op.before_region.block, op.after_region.block, op.location
    carried = start(body, op.arguments)
    last = variables_for(body, [result.type for result in op.results], op)
    header, decides, stays, following, merge = Block(), Block(), Block(), Block(), Block()

    def write_decision() -> None:
        read(body, before.args, carried)
        body.write(before)
        to.location = location
        condition, *passed = handed_on(before)
        assign(body, last, passed)
        to.add(spirv.BranchConditionalOp(body.values[condition], stays, merge))

    def write_body() -> None:
        read(body, after.args, last)
        body.write(after)
        to.location = location
        assign(body, carried, handed_on(after))
        to.add(spirv.BranchOp(following))

    in_block(body, header, lambda: branch(body, decides))
    in_block(body, decides, write_decision)
    in_block(body, stays, write_body)
    in_block(body, following, lambda: branch(body, header))
    loop(body, [header, decides, stays, following, merge])
    read(body, op.results, last)


def loop(body: Body, blocks: list[Block]) -> None:
    """A loop of these blocks, the header first and the merge last."""
    entry = Block()
    in_block(body, entry, lambda: branch(body, blocks[0]))
    in_block(body, blocks[-1], lambda: leave(body))
    body.to.add(spirv.LoopOp([entry, *blocks]))


def branch(body: Body, target: Block) -> None:
    body.to.add(spirv.BranchOp(target))


def leave(body: Body) -> None:
    body.to.add(spirv.MergeOp())


def write_if(body: Body, op: scf.IfOp) -> None:
    to, location, condition = body.to, op.location, body.values[op.cond]
    results = variables_for(body, [result.type for result in op.results], op)
    entry, merge = Block(), Block()
    branches: list[Block] = []
    for region in (op.true_region, op.false_region):
        if region.blocks:
            branches.append(Block())

            def write_branch(inner: Block = region.block) -> None:
                body.write(inner)
                to.location = location
                assign(body, results, handed_on(inner))
                to.add(spirv.BranchOp(merge))

            in_block(body, branches[-1], write_branch)
    otherwise = branches[1] if len(branches) > 1 else merge
    in_block(body, entry, lambda: decide(body, condition, branches[0], otherwise))
    in_block(body, merge, lambda: leave(body))
    to.add(spirv.SelectionOp([entry, *branches, merge]))
    read(body, op.results, results)


def decide(body: Body, condition: SSAValue, true: Block, false: Block) -> None:
    body.to.add(spirv.BranchConditionalOp(condition, true, false))
