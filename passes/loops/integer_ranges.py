"""Between which numbers the int64s of a program lie, whatever its inputs are: what `narrow-types` goes by.

    func.func @main(%i: memref<8xi64>, ...) {                  -2**31 .. 2**31 - 1: so are inputs handed over
      func.call @wrap(%i, %t)                                  %t holds 0 .. 6
    func.func @wrap(%i: memref<8xi64>, %out: memref<8xi64>) {
      %n = memref.load %i[%j] : memref<8xi64>                  -2**31 .. 2**31 - 1
      %end = arith.addi %n, %c3 : i64                          -2**31 + 3 .. 2, since it is only chosen below 0
      %low = arith.cmpi slt, %n, %c0 : i64
      %at = arith.select %low, %end, %n : i64
      %up = arith.maxsi %at, %c0 : i64                         0 .. 2**31 - 1
      %in = arith.minsi %up, %c2 : i64                         0 .. 2
      %to = arith.muli %in, %c3 : i64                          0 .. 6

The program is run on intervals (Cousot and Cousot, "Abstract interpretation", POPL 1977), @main first, each call of a
kernel for itself; a buffer has one interval. The first number that does not fit would be computed from numbers that do,
so each operand is taken for one that fits. What loops carry and buffers hold is computed again until nothing changes, a
few times, then what still does may be anything that fits; only a number that each step adds to grows by as much as all
steps can add.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import count
from typing import Any, cast

import numpy as np
from stepwell.context import Context
from stepwell.dialects.memref import GlobalOp
from stepwell.manifest import ENTRY
from xdsl.dialects import arith, func, memref, scf
from xdsl.dialects.builtin import (
    DenseIntOrFPElementsAttr,
    DenseResourceAttr,
    IntegerAttr,
    IntegerType,
    MemRefType,
    ModuleOp,
    i1,
    i64,
)
from xdsl.ir import Attribute, Block, Operation, SSAValue

from .integer_idioms import below_zero, counts_from_end, division_undone, kept_below
from .intervals import ANYTHING, INT32, RULES, Range, hull, times, within

ROUNDS = 4
"""How often a body is run before what still changes may be anything."""


def integer_ranges(ctx: Context, module: ModuleOp) -> Mapping[SSAValue, Range]:
    """The interval of each i64, over all calls of its kernel. Where it is wider than `INT32`, that much may be
    computed from operands that fit."""
    return Analysis(ctx, module).ranges


class Analysis:
    """`values`: the intervals of numbers, in the call that is run now; `roots`: of which buffer a memref is a view;
    `held`: the intervals of buffers of integers; `carried`: those of what the loops of this function carry.
    `hurried`: it has been run often enough; `pressed`: or one that calls it has."""

    def __init__(self, ctx: Context, module: ModuleOp):
        self.ctx = ctx
        self.ranges: dict[SSAValue, Range] = {}
        self.values: dict[SSAValue, Range] = {}
        self.roots: dict[SSAValue, SSAValue] = {}
        self.held: dict[SSAValue, Range] = {}
        self.carried: dict[SSAValue, Range] = {}
        self.changed: bool = False
        self.hurried: bool = False
        self.pressed: bool = False
        self.globals = {op.sym_name.data: op for op in module.body.block.ops if isinstance(op, GlobalOp)}
        functions = [op for op in module.body.block.ops if isinstance(op, func.FuncOp) and op.body.blocks]
        self.functions = {op.sym_name.data: op for op in functions}
        self.counting = {name for name, op in self.functions.items() if any(map(counts, op.walk()))}
        called = {op.callee.string_value() for op in module.walk() if isinstance(op, func.CallOp)}
        for name, function in sorted(self.functions.items(), key=lambda item: item[0] != ENTRY):
            if name not in called:
                self.roots |= {argument: argument for argument in function.args}
                if name != ENTRY:  # an argument may hold something, and be written, too
                    self.held |= dict.fromkeys(function.args, INT32)
                self.settle(function.body.block)

    # -- until nothing changes ---------------------------------------------------------------------------------------

    def settle(self, block: Block) -> None:
        """Run the body of a function until neither buffers nor what its loops carry change."""
        around, before = (self.changed, self.hurried, self.pressed, self.carried), dict(self.held)
        self.pressed, self.carried = self.pressed or self.hurried, {}
        for n in count():
            self.changed, self.hurried = False, n >= ROUNDS
            self.run(block)
            if not self.changed:
                break
        self.changed, self.hurried, self.pressed, self.carried = around
        self.changed |= self.held != before

    def carry(self, argument: SSAValue, found: Range) -> None:
        self.grow(self.carried, argument, found, self.hurried)

    def grow(self, table: dict[SSAValue, Range], key: SSAValue, found: Range, hurried: bool) -> None:
        if (new := hull(table.get(key), found)) != table.get(key):
            table[key] = INT32 if hurried else new
            self.changed = True

    # -- ops ---------------------------------------------------------------------------------------------------------

    def run(self, block: Block) -> None:
        for op in block.ops:
            self.step(op)

    def step(self, op: Operation) -> None:
        match op:
            case func.CallOp():
                self.call(op)
            case scf.ForOp():
                self.loop(op)
            case scf.WhileOp():
                self.repeat(op)
            case memref.StoreOp():
                self.write(op.memref, self.range(op.value))
            case memref.CopyOp():
                self.write(op.destination, self.read(op.source))
            case memref.LoadOp():
                self.set(op.res, self.read(op.memref))
            case memref.GetGlobalOp():
                self.roots[op.memref] = op.memref
                self.write(op.memref, self.constant(self.globals[op.name_.string_value()]))
            case _ if op.regions:
                self.control(op)
            case _ if op.results and isinstance(op.results[0].type, MemRefType):
                source = op.operands[0] if op.operands and isinstance(op.operands[0].type, MemRefType) else None
                self.roots[op.results[0]] = op.results[0] if source is None else self.roots[source]
            case _ if op.results:
                self.set(op.results[0], self.computed(op, [self.range(value) for value in op.operands]))
            case _:
                pass

    def set(self, value: SSAValue, found: Range) -> None:
        if value.type == i64:
            self.ranges[value] = hull(self.ranges.get(value), found)
        self.values[value] = found if within(found, whole(value.type)) else whole(value.type)

    def range(self, value: SSAValue) -> Range:
        return self.values.get(value, whole(value.type))

    def computed(self, op: Operation, operands: list[Range]) -> Range:
        match op:
            case arith.ConstantOp(value=IntegerAttr() as value):
                return value.value.data, value.value.data
            case arith.SubiOp(lhs=a, rhs=b) if a is b:
                return 0, 0
            case arith.MuliOp() if (divided := division_undone(op.result)) is not None:
                low, high = self.range(divided.lhs)
                return min(low, 0), max(high, 0)
            case arith.SubiOp(lhs=a, rhs=b) if (divided := division_undone(b)) is not None and divided.lhs is a:
                return RULES["arith.remsi"](operands[0], self.range(divided.rhs))
            case arith.AddiOp() if counts_from_end(op):
                (low, high), size = operands
                return RULES[op.name]((min(low, -1), min(high, -1)), size)
            case arith.SelectOp():
                _, a, b = operands
                if below_zero(op.cond) is op.rhs:
                    b = max(b[0], 0), max(b[1], 0)
                return hull(a, b)
            case arith.ExtUIOp() if operands[0][0] < 0:
                return 0, (1 << width_of(op.input.type)) - 1
            case arith.ExtSIOp() if op.input.type == i1:
                return -1, 0
            case arith.IndexCastOp() | arith.ExtSIOp() | arith.ExtUIOp() | arith.TruncIOp():
                return operands[0]
            case _ if op.name in RULES:
                return RULES[op.name](*operands)
            case _:
                return ANYTHING

    # -- buffers -----------------------------------------------------------------------------------------------------

    def read(self, buffer: SSAValue) -> Range:
        """A buffer in which nothing has been written yet holds some number of the device."""
        return self.held.get(self.roots[buffer], whole(element_of(buffer)))

    def write(self, buffer: SSAValue, found: Range) -> None:
        if is_integer(element_of(buffer)):
            self.grow(self.held, self.roots[buffer], found, self.hurried or self.pressed)

    def constant(self, op: GlobalOp) -> Range:
        value = op.initial_value
        if isinstance(value, DenseResourceAttr):
            array: Any = self.ctx.weights[value.resource_handle.data]
        else:
            array = np.array(list(cast("DenseIntOrFPElementsAttr", value).get_values()))
        return (int(array.min()), int(array.max())) if array.size and array.dtype.kind in "iu" else INT32

    def call(self, op: func.CallOp) -> None:
        function = self.functions.get(op.callee.string_value())
        if function is None or op.callee.string_value() not in self.counting:
            return
        for argument, value in zip(function.args, op.arguments, strict=True):
            if isinstance(value.type, MemRefType):
                self.roots[argument] = self.roots[value]
            else:
                self.set(argument, self.range(value))
        self.settle(function.body.block)

    # -- control flow ------------------------------------------------------------------------------------------------

    def loop(self, op: scf.ForOp) -> None:
        """A loop of counted steps."""
        counter, *carried = op.body.block.args
        self.set(counter, (self.range(op.lb)[0], max(self.range(op.lb)[1], self.range(op.ub)[1] - 1)))
        for argument, first in zip(carried, op.iter_args, strict=True):
            self.carry(argument, self.range(first))
            self.set(argument, self.carried[argument])
        self.run(op.body.block)
        for n, (argument, end) in enumerate(zip(carried, yielded(op.body.block), strict=True)):
            drift = self.drift(op.results[n], argument)
            last = self.range(end) if drift is None else RULES["arith.addi"](self.range(op.iter_args[n]), drift)
            self.carry(argument, last if within(last, whole(end.type)) else whole(end.type))
            self.set(op.results[n], self.carried[argument])

    def drift(self, value: SSAValue, argument: SSAValue) -> Range | None:
        """By how much a number has changed, if all that was done to `argument` was to add to it."""
        if value is argument:
            return 0, 0
        match value.owner:
            case arith.AddiOp(lhs=a, rhs=b):
                for kept, added in ((a, b), (b, a)):
                    if (so_far := self.drift(kept, argument)) is not None:
                        return RULES["arith.addi"](so_far, self.range(added))
            case arith.SelectOp(lhs=a, rhs=b):
                either = self.drift(a, argument), self.drift(b, argument)
                return None if either[0] is None or either[1] is None else hull(either[0], either[1])
            case scf.ForOp() as loop:
                n = loop.results.index(value)
                own = loop.body.block.args[n + 1]
                each = self.drift(yielded(loop.body.block)[n], own)
                before = (0, 0) if own is argument else self.drift(loop.iter_args[n], argument)
                if each is not None and before is not None:
                    return RULES["arith.addi"](before, times(self.trips(loop), each))
            case _:
                pass
        return None

    def trips(self, op: scf.ForOp) -> int:
        """The most steps of a loop."""
        lower, upper, step = (self.range(value) for value in (op.lb, op.ub, op.step))
        return max(0, -((lower[0] - upper[1]) // max(step[0], 1)))

    def repeat(self, op: scf.WhileOp) -> None:
        """A loop on a condition: of what it carries, a number that goes up from its start and is kept below a bound."""
        before, after = op.before_region.block, op.after_region.block
        self.run(before)
        condition = cast("scf.ConditionOp", before.last_op)
        for value, argument in zip(condition.args, after.args, strict=True):
            bound = kept_below(condition.condition, value)
            if bound is not None and isinstance(value.owner, Block) and value.owner is before:
                n = before.args.index(value)
                up = self.drift(yielded(after)[n], argument)
                low = self.range(op.operands[n])[0] if up is not None and up[0] >= 0 else INT32[0]
                self.set(argument, (low, max(low, self.range(bound)[1] - 1)))
        self.control(op)

    def control(self, op: Operation) -> None:
        """An `if`, a `while`, threads: what their blocks are handed may be anything."""
        for block in (block for region in op.regions for block in region.blocks):
            self.run(block)
        for n, result in enumerate(op.results):
            found = None
            for region in op.regions if isinstance(op, scf.IfOp) else ():
                found = hull(found, self.range(yielded(region.block)[n]))
            self.set(result, found or whole(result.type))


def yielded(block: Block) -> tuple[SSAValue, ...]:
    assert block.last_op is not None
    return tuple(block.last_op.operands)


def element_of(buffer: SSAValue) -> Attribute:
    return cast("MemRefType[Attribute]", buffer.type).element_type


def is_integer(kind: Attribute) -> bool:
    """Whether it is more than a bool."""
    return isinstance(kind, IntegerType) and width_of(cast("Attribute", kind)) > 1


def counts(op: Operation) -> bool:
    """Whether it makes an i64, or has to do with a buffer of integers: not so what only looks at the bits of floats."""
    values = (*op.results, *op.operands)
    return any(is_integer(element_of(v)) if isinstance(v.type, MemRefType) else v.type == i64 for v in values)


def whole(kind: Attribute) -> Range:
    """All that a device has of a type."""
    if not isinstance(kind, IntegerType):
        return INT32
    width = min(width_of(cast("Attribute", kind)), 32)
    return (0, 1) if width == 1 else (-(1 << (width - 1)), (1 << (width - 1)) - 1)


def width_of(kind: Attribute) -> int:
    return cast("IntegerType", kind).width.data
