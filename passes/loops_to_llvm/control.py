"""scf, cf and func: structured loops become blocks.

    %r = scf.for %i = %c0 to %c8 step %c1 iter_args(%s = %init) -> (f32) { ... scf.yield %t : f32 }
  becomes
      llvm.br ^loop(%c0, %init : i64, f32)
    ^loop(%i: i64, %s: f32):
      ...
      %next = llvm.add %i, %c1 overflow<nsw> : i64
      %again = llvm.icmp "slt" %next, %c8 : i64
      llvm.cond_br %again, ^loop(%next, %t : i64, f32), ^after
    ^after:                                                            // %r is %t

The test stands at the end, as LLVM's loop passes want it; a loop that may not run at all is guarded by one before it.
"""

from __future__ import annotations

from collections.abc import Sequence

from stepwell.diagnostics import StepwellError
from xdsl.dialects import cf, func, llvm, scf
from xdsl.dialects.builtin import IntegerAttr, i1
from xdsl.ir import Block, Operation, SSAValue

from .lowering import NSW, Lowering, lowers

LESS = {"predicate": IntegerAttr(llvm.ICmpPredicateFlag.SLT.to_int(), 64)}


def bind(low: Lowering, results: Sequence[SSAValue], values: Sequence[SSAValue]) -> None:
    for result, value in zip(results, values, strict=True):
        low[result] = value


@lowers("scf.for")
def lower_for(low: Lowering, op: Operation) -> None:
    assert isinstance(op, scf.ForOp)
    first, end = low.integer(op.lb), low.integer(op.ub)
    certain = None if first is None or end is None else first < end
    inits = low.all(op.iter_args)
    if certain is False:
        bind(low, op.results, inits)
        return
    lower, upper, step = low[op.lb], low[op.ub], low[op.step]
    body = op.body.block
    loop = Block(arg_types=[low.type(arg.type) for arg in body.args])
    after = Block(arg_types=[] if certain else [init.type for init in inits])
    bind(low, body.args, loop.args)
    if certain:
        low.jump(loop, [lower, *inits])
    else:
        runs = low.emit(llvm.ICmpOp, [lower, upper], i1, LESS)
        low.branch(runs, loop, [lower, *inits], after, inits)
    low.start(loop)
    yielded = low.body(body)
    low.location = op.location
    following = low.emit(llvm.AddOp, [loop.args[0], step], lower.type, NSW)
    again = low.emit(llvm.ICmpOp, [following, upper], i1, LESS)
    low.branch(again, loop, [following, *yielded], after, () if certain else yielded)
    low.start(after)
    bind(low, op.results, yielded if certain else after.args)


@lowers("scf.if")
def lower_if(low: Lowering, op: Operation) -> None:
    assert isinstance(op, scf.IfOp)
    yes, after = Block(), Block(arg_types=[low.type(result.type) for result in op.results])
    otherwise = Block() if op.false_region.blocks else after
    low.branch(low[op.cond], yes, (), otherwise)
    for block, region in ((yes, op.true_region), (otherwise, op.false_region)):
        if block is after:
            continue
        low.start(block)
        low.jump(after, low.body(region.block))
    low.start(after)
    bind(low, op.results, after.args)


@lowers("scf.while")
def lower_while(low: Lowering, op: Operation) -> None:
    """before: (args) -> condition, values; after: (values) -> the next args; the results are the last values."""
    assert isinstance(op, scf.WhileOp)
    before, body = op.before_region.block, op.after_region.block
    test = Block(arg_types=[low.type(arg.type) for arg in before.args])
    work, after = Block(), Block()
    low.jump(test, low.all(op.operands))
    low.start(test)
    bind(low, before.args, test.args)
    condition, *values = low.body(before)
    low.branch(condition, work, (), after)
    low.start(work)
    bind(low, body.args, values)
    low.jump(test, low.body(body))
    low.start(after)
    bind(low, op.results, values)


@lowers("scf.execute_region")
def lower_execute_region(low: Lowering, op: Operation) -> None:
    (region,) = op.regions
    if len(region.blocks) != 1:
        raise StepwellError("scf.execute_region of several blocks is not supported")
    bind(low, op.results, low.body(region.block))


@lowers("cf.br")
def lower_br(low: Lowering, op: Operation) -> None:
    assert isinstance(op, cf.BranchOp)
    low.jump(low.blocks[op.successor], low.all(op.arguments))


@lowers("cf.cond_br")
def lower_cond_br(low: Lowering, op: Operation) -> None:
    assert isinstance(op, cf.ConditionalBranchOp)
    low.branch(
        low[op.cond],
        low.blocks[op.then_block],
        low.all(op.then_arguments),
        low.blocks[op.else_block],
        low.all(op.else_arguments),
    )


@lowers("func.call")
def lower_call(low: Lowering, op: Operation) -> None:
    assert isinstance(op, func.CallOp)
    if len(op.results) > 1:
        raise StepwellError("a call of several results is not supported", fix="pass memrefs to write them to")
    result = low.type(op.results[0].type) if op.results else None
    call = low.append(llvm.CallOp(op.callee, *low.all(op.arguments), return_type=result))
    bind(low, op.results, call.results)


@lowers("func.return")
def lower_return(low: Lowering, op: Operation) -> None:
    if len(op.operands) > 1:
        raise StepwellError("a function of several results is not supported", fix="pass memrefs to write them to")
    low.append(llvm.ReturnOp(*low.all(op.operands)))
