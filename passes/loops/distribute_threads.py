"""Let a team of threads run the program: each runs all of @main, and does its share of the loops.

    func.func private @scale(%x: memref<64x32xf32>, %out: memref<64x32xf32>) {
      scf.for %i = %c0 to %c64 step %c1 { ... } {stepwell.parallel}
      memref.store %last, %out[%c63, %c31] : memref<64x32xf32>
      func.return
    }
    func.func @main(%x: ..., %out: ..., %weights: ..., %arena: ...) {
      func.call @scale(%x, %t) : ...
      func.call @tiny(%t, %out) : ...
      func.return
    }
  becomes, with `threads=2`,
    func.func private @stepwell_barrier(memref<64xi32>)
    func.func private @scale(%x: ..., %out: ..., %team: memref<64xi32>, %thread: index, %threads: index) {
      %is_first = arith.cmpi eq, %thread, %c0 : index
      %0 = arith.muli %thread, %c64 : index                        // of 64 steps: from 64 * thread / threads
      %begin = arith.divui %0, %threads : index
      ...                                                          // to 64 * (thread + 1) / threads
      scf.for %i = %begin to %end step %c1 { ... }
      func.call @stepwell_barrier(%team) : (memref<64xi32>) -> ()  // both touch %out
      scf.if %is_first {
        memref.store %last, %out[%c63, %c31] : memref<64x32xf32>
      }
      func.return
    }
    func.func @main(..., %team: memref<64xi32>, %thread: index, %threads: index) attributes {stepwell.threads = 2} {
      func.call @scale(%x, %t, %team, %thread, %threads) : ...
      func.call @stepwell_barrier(%team) : (memref<64xi32>) -> ()  // @tiny reads what @scale wrote
      scf.if %is_first {                                           // too little work to share
        func.call @tiny(%t, %out) : ...
      }
      func.return
    }

A step of a function is a loop marked `stepwell.parallel` or a call of a kernel that has such loops, which all threads
run, or what stands between two of those, which thread 0 runs alone: but for what later steps take values from, which
all threads compute. A barrier stands before a step that touches memory which another step since the last barrier
writes, or writes what it reads. At the end none waits: who starts the threads waits for all of them to return.

All threads run the control flow of @main around shared kernels, by scalars that each computes or reads for itself; a
step of a loop may touch what the step before it did, so it counts as pending when a step begins.

`threads` is the most that will come: how many there are is said at each run, and with one, all that is written here
runs as if it had not been distributed. Of nested parallel loops the one is shared whose slowest thread is done first.
The split is static, and the same wherever loops have as many steps, so that a thread mostly reads what it wrote itself:
from a core that shares no cache with it, data come at a third of the speed.
A kernel of little work is not shared, and a program that would win less than it takes to wake the team stays as it is.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import cast

from stepwell.context import Context
from stepwell.diagnostics import StepwellError
from stepwell.locations import stamp
from stepwell.manifest import ENTRY, THREADS
from stepwell.pass_manager import ModulePass
from stepwell.passes.loops_to_llvm.arguments import constant, written_arguments
from xdsl.dialects import arith, func, scf
from xdsl.dialects.builtin import (
    ArrayAttr,
    DictionaryAttr,
    FunctionType,
    IndexType,
    IntegerAttr,
    MemRefType,
    ModuleOp,
    i32,
    i64,
)
from xdsl.ir import Block, Operation, Region, SSAValue

from .plan_memory import THREAD
from .steps import PARALLEL, Accesses, Memory, Step, best_share, cannot_be_parted, steps_of, times, work

BARRIER = "stepwell_barrier"
TEAM = MemRefType(i32, [64])
"""What the threads of a team count in: four cache lines, see `targets/native/team.py`."""


@dataclass(frozen=True)
class DistributeThreads(ModulePass):
    """`threads`: how many run the program. `min_work`: how many ops a kernel must run to be worth sharing, about what
    a few barriers take. `min_spared`: how many each run of the program must spare, about what it takes to wake the
    team."""

    name = "distribute-threads"

    threads: int = 1
    min_work: int = 8192
    min_spared: int = 100_000

    def apply(self, ctx: Context, module: ModuleOp) -> None:
        if self.threads < 1:
            raise StepwellError(f"distribute-threads: threads={self.threads}, but there is at least one")
        functions = {op.sym_name.data: op for op in module.body.block.ops if isinstance(op, func.FuncOp)}
        main = functions.get(ENTRY)
        if main is None:
            raise StepwellError(f"distribute-threads: the module has no function @{ENTRY}", module)
        if THREADS in main.attributes:
            raise StepwellError("distribute-threads: the program is distributed already", main)
        kernels = {name: op for name, op in functions.items() if op is not main and not op.is_declaration}
        for kernel in kernels.values():
            self.hold_against_memory(kernel)
        spared = {name: n for name, op in kernels.items() if (n := self.spared(op))}
        calls = [op for op in main.walk() if isinstance(op, func.CallOp)]
        in_all = sum(spared.get(op.callee.string_value(), 0) * times(op) for op in calls)
        if self.threads == 1 or in_all <= self.min_spared:
            return
        shared = {name: kernels[name] for name in spared}
        memory = Memory({name: written_arguments(op) for name, op in kernels.items()}, frozenset(shared))
        for op in (*shared.values(), main):
            Distribution(op, self.threads, memory).run()
        main.attributes[THREADS] = IntegerAttr(self.threads, i64)
        barrier = func.FuncOp.external(BARRIER, [TEAM], [])
        barrier.location = main.location
        module.body.block.insert_op_before(barrier, cast(Operation, module.body.block.first_op))

    def hold_against_memory(self, kernel: func.FuncOp) -> None:
        """Refuse more threads than plan-memory placed buffers for: two would work in one's memory."""
        for op in kernel.body.block.ops:
            placed = op.attributes.get(THREAD)
            if isinstance(placed, IntegerAttr) and placed.value.data < self.threads:
                raise StepwellError(
                    f"distribute-threads: threads={self.threads}, but @{kernel.sym_name.data} has buffers for "
                    f"{placed.value.data}",
                    where=op,
                    fix=f"run plan-memory{{threads={self.threads}}}",
                )

    def spared(self, kernel: func.FuncOp) -> int:
        """How many ops fewer the slowest thread runs than one thread alone would; 0 where sharing is not worth it."""
        ops = list(kernel.body.block.ops)
        total = sum(work(op) for op in ops)
        spared = 0
        for op in ops:
            if isinstance(op, scf.ForOp) and (share := best_share(op, self.threads)) is not None:
                spared += work(op) - share.time
        if total < self.min_work or spared * 10 < total or any(cannot_be_parted(op, self.threads) for op in ops):
            return 0
        return spared


@dataclass
class Distribution:
    """One function on its way to be run by a team."""

    function: func.FuncOp
    threads: int
    memory: Memory
    head: list[Operation] = field(default_factory=list[Operation])
    constants: dict[int, SSAValue] = field(default_factory=dict[int, SSAValue])
    is_first: SSAValue | None = None
    bounds: dict[int, tuple[SSAValue, SSAValue]] = field(default_factory=dict[int, tuple[SSAValue, SSAValue]])

    def run(self) -> None:
        block = self.function.body.block
        self.memory.enter(self.function)
        steps = list(steps_of(block, self.memory))  # read before anything is changed
        self.team = block.insert_arg(TEAM, len(block.args))
        self.thread = block.insert_arg(IndexType(), len(block.args))
        self.count = block.insert_arg(IndexType(), len(block.args))
        self._number_thread(block)
        self.team.name_hint, self.thread.name_hint, self.count.name_hint = "team", "thread", "threads"
        self._run_steps(steps, Accesses())
        first = cast(Operation, block.first_op)
        stamp(self.head, self.function.location)
        block.insert_ops_before(self.head, first)
        self.function.properties["function_type"] = FunctionType.from_lists(block.arg_types, [])
        given = self.function.properties.get("arg_attrs")
        if isinstance(given, ArrayAttr):
            entries = cast("ArrayAttr[DictionaryAttr]", given)
            self.function.properties["arg_attrs"] = ArrayAttr([*entries, *[DictionaryAttr({})] * 3])

    def _number_thread(self, block: Block) -> None:
        """What plan-memory placed once for each thread is counted from the thread's number."""
        for op in list(block.ops):
            if THREAD in op.attributes:
                op.results[0].replace_all_uses_with(self.thread)
                block.erase_op(op)

    def _run_steps(self, steps: list[Step], pending: Accesses) -> Accesses:
        """Run steps when `pending` may still be going on; what may be when they are done."""
        for step in steps:
            if step.accesses.conflicts(pending):
                self._barrier(step.ops[0])
                pending = Accesses()
            if step.control:
                pending = self._run_control(step, pending)
                continue
            if step.parallel:
                self._share(step.ops[0])
            else:
                if step.alone and step.alone_accesses.conflicts(step.common_accesses):
                    self._barrier_after(step.ops[-1])
                self._alone(step.alone, step.ops[-1])
            pending.add(step.accesses)
        return pending

    def _run_control(self, step: Step, pending: Accesses) -> Accesses:
        """Of a branch one region is run. A loop may run none of its steps, or one after another."""
        op = step.ops[0]
        before, after = Accesses(), Accesses()
        before.add(pending)
        after.add(pending)
        if not isinstance(op, scf.IfOp):
            before.add(step.accesses)
        for block in [block for region in op.regions for block in region.blocks]:
            given = Accesses()
            given.add(before)
            after.add(self._run_steps(list(steps_of(block, self.memory)), given))
        return after

    def _barrier(self, before: Operation) -> None:
        assert before.parent is not None
        before.parent.insert_op_before(self._barrier_call(before), before)

    def _barrier_after(self, op: Operation) -> None:
        assert op.parent is not None
        op.parent.insert_op_after(self._barrier_call(op), op)

    def _barrier_call(self, near: Operation) -> Operation:
        call = func.CallOp(BARRIER, [self.team], [])
        call.location = near.location
        return call

    def _alone(self, ops: list[Operation], last: Operation) -> None:
        """Let thread 0 alone run `ops`, behind `last` and the barrier that may follow it."""
        if not ops:
            return
        block = cast(Block, last.parent)
        place = last.next_op
        while isinstance(place, func.CallOp) and place.callee.string_value() == BARRIER:
            place = place.next_op
        assert place is not None  # the terminator at the latest
        inner = Block()
        made = scf.IfOp(self._is_first(), [], Region(inner))
        block.insert_op_before(made, place)
        for op in ops:
            op.detach()
            inner.add_op(op)
        end = scf.YieldOp()
        inner.add_op(end)
        stamp((made, end), ops[0].location)

    def _is_first(self) -> SSAValue:
        if self.is_first is None:
            test = arith.CmpiOp(self.thread, self.constant(0), "eq")
            self.head.append(test)
            self.is_first = test.result
            self.is_first.name_hint = "is_first"
        return self.is_first

    def _share(self, op: Operation) -> None:
        """Give each thread its part of a parallel loop, or hand a kernel what it needs to do so."""
        if isinstance(op, func.CallOp):
            new = func.CallOp(op.callee, [*op.arguments, self.team, self.thread, self.count], [])
            new.attributes |= op.attributes
            new.location = op.location
            block = cast(Block, op.parent)
            block.insert_op_before(new, op)
            block.erase_op(op)
            return
        assert isinstance(op, scf.ForOp)
        share = best_share(op, self.threads)
        assert share is not None
        if not share.inside:
            self._bound(op, share.lower, share.trips, share.step)
            return
        for step in list(steps_of(op.body.block, self.memory)):  # all run the outer loop, tiles are independent
            if step.parallel:
                self._share(step.ops[0])
            else:
                self._alone(step.alone, step.ops[-1])

    def _bound(self, loop: scf.ForOp, lower: int, trips: int, step: int) -> None:
        """Run the steps from `trips * thread / threads` to `trips * (thread + 1) / threads`."""
        begin, end = self._steps(trips)
        made: list[Operation] = []

        def at(count: SSAValue) -> SSAValue:
            value = count
            if step != 1:
                made.append(arith.MuliOp(value, self.constant(step)))
                value = made[-1].results[0]
            if lower:
                made.append(arith.AddiOp(value, self.constant(lower)))
                value = made[-1].results[0]
            return value

        first, last = at(begin), at(end)
        if constant(loop.ub) != lower + trips * step:  # the last step is a part of one
            made.append(arith.MinSIOp(last, loop.ub))
            last = made[-1].results[0]
        loop.operands[0], loop.operands[1] = first, last
        stamp(made, loop.location)
        cast(Block, loop.parent).insert_ops_before(made, loop)
        for inner in loop.walk():
            inner.attributes.pop(PARALLEL, None)

    def _steps(self, trips: int) -> tuple[SSAValue, SSAValue]:
        """A thread's first step of `trips`, and the one behind its last."""
        if trips not in self.bounds:
            following = arith.AddiOp(self.thread, self.constant(1))
            ends: list[SSAValue] = []
            self.head.append(following)
            for number, name in ((self.thread, "begin"), (following.result, "end")):
                scaled = arith.MuliOp(number, self.constant(trips))
                part = arith.DivUIOp(scaled.result, self.count)
                part.result.name_hint = name
                self.head += [scaled, part]
                ends.append(part.result)
            self.bounds[trips] = ends[0], ends[1]
        return self.bounds[trips]

    def constant(self, value: int) -> SSAValue:
        """An index constant at the function's head; one that stands in its block moves there."""
        if value not in self.constants:
            for op in self.function.body.block.ops:
                if isinstance(op, arith.ConstantOp) and op.value == IntegerAttr.from_index_int_value(value):
                    op.detach()
                    break
            else:
                op = arith.ConstantOp(IntegerAttr.from_index_int_value(value))
                op.result.name_hint = f"c{value}"
            self.head.append(op)
            self.constants[value] = op.result
        return self.constants[value]
