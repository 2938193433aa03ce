"""What must hold of every module between two passes: each op's own rules, and that a value is made before it is used.

xDSL checks the first and says the whole module when it fails; it does not check the second. Here each broken rule is
one `StepwellError` with the op's location.

A value may be used by an op when the op that makes it stands

    before it in the same block,
    in a block that every way to this one goes through (a dominator),
    or so with respect to an op that holds it, unless that op is isolated from above.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from xdsl.dialects.builtin import ModuleOp
from xdsl.dialects.func import CallOp, FuncOp
from xdsl.ir import Block, BlockArgument, Operation, OpResult, Region, SSAValue
from xdsl.traits import IsolatedFromAbove, NoTerminator
from xdsl.utils.exceptions import DiagnosticException

from .diagnostics import StepwellError, one_line
from .locations import describe

MOST_ERRORS = 20
"""After so many, the rest are more of the same."""


def verify_module(module: ModuleOp, sources: Mapping[str, str] | None = None) -> None:
    """Raise the first error of `module`, if it has one."""
    for error in find_errors(module):
        if sources is not None:
            error.show_source(sources)
        raise error


def find_errors(module: ModuleOp) -> Iterator[StepwellError]:
    """Every broken rule of `module`, outermost op first; values are looked at only where the ops themselves hold."""
    count = 0
    for error in op_errors(module):
        yield error
        count += 1
        if count == MOST_ERRORS:
            return
    if count == 0:
        yield from region_errors(module, set())


def refuse_recursion(module: ModuleOp) -> None:
    """Raises where a function calls itself, be it through others. MLIR allows it; a program of ours would not end."""
    functions = {op.sym_name.data: op for op in module.body.block.ops if isinstance(op, FuncOp)}
    calls = {
        name: {call.callee.string_value(): call for call in function.walk() if isinstance(call, CallOp)}
        for name, function in functions.items()
    }
    while leaves := [name for name, called in calls.items() if not called.keys() & calls.keys()]:
        for name in leaves:
            del calls[name]
    for name, called in list(calls.items())[:1]:
        call = next(op for callee, op in called.items() if callee in calls)
        raise StepwellError(f"@{name} calls itself, which would never end", where=call)


def op_errors(root: Operation) -> Iterator[StepwellError]:
    for op in root.walk():
        try:
            op.verify(verify_nested_ops=False)
        except StepwellError as error:
            if error.where is None:
                error.where = op
            yield error
        except (DiagnosticException, ValueError) as error:
            yield StepwellError(f"{op.name}: {one_line(innermost(error))}", where=op)
        for region in op.regions:
            first = region.first_block
            empty = first is not None and first is region.last_block and first.first_op is None
            if empty and not op.has_trait(NoTerminator, value_if_unregistered=True):
                yield StepwellError(f"{op.name}: its block is empty, but must end with a terminator", where=op)


def innermost(error: BaseException) -> BaseException:
    """xDSL wraps an op's own words in a print of the op; the words are at the bottom of the chain."""
    while error.__cause__ is not None:
        error = error.__cause__
    return error


def region_errors(op: Operation, visible: set[SSAValue]) -> Iterator[StepwellError]:
    """Uses inside `op` of values that are not `visible` there; `visible` comes back as it was."""
    if op.has_trait(IsolatedFromAbove, value_if_unregistered=False):
        visible = set()
    for region in op.regions:
        if region.first_block is region.last_block:
            if (block := region.first_block) is not None:
                yield from block_errors(block, visible, ())
            continue
        for block, before in dominators(region).items():
            yield from block_errors(block, visible, before)


def block_errors(block: Block, visible: set[SSAValue], before: tuple[Block, ...]) -> Iterator[StepwellError]:
    """Errors of one block, into which the values of the blocks `before` it can be seen."""
    inherited = (value for other in before for value in values_of(other))
    added = [value for value in (*inherited, *block.args) if value not in visible]
    visible.update(added)
    for op in block.ops:
        for number, operand in enumerate(op.operands):
            if operand not in visible:
                yield not_visible(op, number, operand)
        if op.regions:
            yield from region_errors(op, visible)
        visible.update(op.results)
        added.extend(op.results)
    visible.difference_update(added)


def values_of(block: Block) -> Iterator[SSAValue]:
    yield from block.args
    for op in block.ops:
        yield from op.results


def not_visible(op: Operation, number: int, operand: SSAValue) -> StepwellError:
    name = f"%{operand.name_hint}" if operand.name_hint else f"operand {number}"
    if isinstance(operand, OpResult):
        made = describe(operand.op.location)
        by = f", which {operand.op.name} makes" + (f" at {made}" if made is not None else "")
    elif isinstance(operand, BlockArgument):
        by = ", an argument of a block that does not enclose it"
    else:
        by = ""
    return StepwellError(
        f"{op.name} uses {name} where it does not exist yet or cannot be seen{by}",
        where=op,
        fix="a value must be made before its use, in the same block or in one around it",
    )


def dominators(region: Region) -> dict[Block, tuple[Block, ...]]:
    """For every block that can be reached: the blocks that every way to it goes through, itself left out.

    Cooper, Harvey, Kennedy: A Simple, Fast Dominance Algorithm, 2001.
    """
    order = reverse_post_order(region)
    number = {block: n for n, block in enumerate(order)}
    predecessors: dict[Block, list[Block]] = {block: [] for block in order}
    for block in order:
        for successor in successors(block):
            predecessors[successor].append(block)
    immediate: dict[Block, Block] = {order[0]: order[0]}
    changed = True
    while changed:
        changed = False
        for block in order[1:]:
            known = [p for p in predecessors[block] if p in immediate]
            best = known[0]
            for other in known[1:]:
                while best is not other:
                    while number[other] > number[best]:
                        other = immediate[other]
                    while number[best] > number[other]:
                        best = immediate[best]
            if immediate.get(block) is not best:
                immediate[block] = best
                changed = True
    above: dict[Block, tuple[Block, ...]] = {order[0]: ()}
    for block in order[1:]:
        above[block] = (*above[immediate[block]], immediate[block])
    return above


def successors(block: Block) -> tuple[Block, ...]:
    return () if (last := block.last_op) is None else tuple(last.successors)


def reverse_post_order(region: Region) -> list[Block]:
    first = region.first_block
    assert first is not None
    done: list[Block] = []
    seen = {first}
    stack = [(first, iter(successors(first)))]
    while stack:
        block, rest = stack[-1]
        for successor in rest:
            if successor not in seen:
                seen.add(successor)
                stack.append((successor, iter(successors(successor))))
                break
        else:
            done.append(block)
            stack.pop()
    done.reverse()
    return done
