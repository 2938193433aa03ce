"""What a function of loops does, step by step: which memory a step touches, how long it takes, who can share it.

scf.for ... { ... } {stepwell.parallel}         // a parallel step
%bias = vector.load %b[%c0] : ...               // a step of three ops: all threads need %bias in the next loop,
%v = memref.load %x[%c8] : memref<9xf32>        // thread 0 alone loads and stores %v
memref.store %v, %out[%c8] : memref<9xf32>
scf.for ... { ... %bias ... } {stepwell.parallel}
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from stepwell.passes.linalg_to_loops.emit import PARALLEL
from stepwell.passes.loops_to_llvm.arguments import VIEWS, WRITES, Bytes, bytes_of, constant
from xdsl.dialects import func, scf
from xdsl.dialects.builtin import MemRefType
from xdsl.ir import Block, Operation, SSAValue

from .plan_memory import inplace_inputs

READS = {"memref.load": 0, "vector.load": 0, "vector.maskedload": 0, "memref.copy": 0}
"""Which operand an op reads through. What is neither here nor in `WRITES` reads and writes all that it is handed."""
FREE = (*VIEWS, "arith.constant")
"""Ops that cost nothing and touch nothing: all threads have them."""
MATH_WORK = 20
"""How many simple ops one of dialect math takes: it is a polynomial, or a call for each lane."""


@dataclass
class Accesses:
    """Which bytes are read and written."""

    reads: list[Bytes] = field(default_factory=list[Bytes])
    writes: list[Bytes] = field(default_factory=list[Bytes])

    def add(self, other: Accesses) -> None:
        self.reads += other.reads
        self.writes += other.writes

    def conflicts(self, other: Accesses) -> bool:
        """Whether one writes what the other touches."""
        mine, theirs = [*self.reads, *self.writes], [*other.reads, *other.writes]
        return any(a.overlaps(b) for a in self.writes for b in theirs) or any(
            a.overlaps(b) for a in mine for b in other.writes
        )


@dataclass
class Memory:
    """What is known of memory: which arguments each kernel writes, and which of a function's may be one buffer."""

    written: Mapping[str, set[int]]
    shared: frozenset[str]
    """The kernels that all threads run."""
    same: dict[SSAValue, SSAValue] = field(default_factory=dict[SSAValue, SSAValue])

    def enter(self, function: func.FuncOp) -> None:
        """An output that may stand over an input counts as that input; so do all that are tied to one another."""
        args = function.body.block.args
        for n, out in enumerate(args):
            for other in inplace_inputs(function, n):
                a, b = self.root(out), self.root(args[other])
                if a is not b:
                    self.same[a] = b

    def root(self, value: SSAValue) -> SSAValue:
        while value in self.same:
            value = self.same[value]
        return value

    def bytes(self, value: SSAValue) -> Bytes:
        found = bytes_of(value)
        root = self.root(found.buffer)
        return found if root is found.buffer else Bytes(root, None, found.size)

    def accesses(self, ops: Sequence[Operation]) -> Accesses:
        found = Accesses()
        for op in (inner for top in ops for inner in top.walk()):
            if op.name in FREE:
                continue
            handed = [n for n, value in enumerate(op.operands) if isinstance(value.type, MemRefType)]
            if not handed:
                continue
            written = set(handed)
            if op.name in READS or op.name in WRITES:
                handed = [n for n in handed if n == READS.get(op.name)]
                written = {n for n in written if n == WRITES.get(op.name)}
            elif isinstance(op, func.CallOp) and (known := self.written.get(op.callee.string_value())) is not None:
                written &= known
            found.reads += [self.bytes(op.operands[n]) for n in handed]
            found.writes += [self.bytes(op.operands[n]) for n in sorted(written)]
        return found


@dataclass
class Step:
    """One parallel op, control flow, or ops of which thread 0 runs `alone` and all threads the rest."""

    ops: list[Operation]
    parallel: bool
    accesses: Accesses
    control: bool = False
    """Control flow around what a team shares: all run it."""
    alone: list[Operation] = field(default_factory=list[Operation])
    alone_accesses: Accesses = field(default_factory=Accesses)
    common_accesses: Accesses = field(default_factory=Accesses)


def steps_of(block: Block, memory: Memory) -> Iterator[Step]:
    """The steps of `block`, but for its terminator and the ops that cost nothing."""
    run: list[Operation] = []
    for op in block.ops:
        if op.name in FREE:
            continue
        parallel, control = is_parallel(op, memory), is_control(op, memory)
        if op is block.last_op or parallel or control:
            yield from _plain_steps(run, memory)
            run = []
            if op is not block.last_op:
                yield Step([op], parallel, memory.accesses([op]), control)
        else:
            run.append(op)


def is_parallel(op: Operation, memory: Memory) -> bool:
    if isinstance(op, func.CallOp):
        return op.callee.string_value() in memory.shared
    return isinstance(op, scf.ForOp) and trip(op) is not None


def is_control(op: Operation, memory: Memory) -> bool:
    """Whether `op` is a branch or a loop around kernels that all threads run."""
    if not isinstance(op, scf.IfOp | scf.ForOp | scf.WhileOp):
        return False
    return any(isinstance(inner, func.CallOp) and is_parallel(inner, memory) for inner in op.walk())


def _plain_steps(run: list[Operation], memory: Memory) -> Iterator[Step]:
    """`run` as one step, or as several where what all threads read is written within it."""
    if not run:
        return
    common = _used_outside(run)
    alone: list[Operation] = []
    written = Accesses()
    for n, op in enumerate(run):
        here = memory.accesses([op])
        if op not in common:
            alone.append(op)
            written.add(here)
        elif alone and here.conflicts(Accesses(writes=written.writes)):
            yield from _plain_steps(run[:n], memory)
            yield from _plain_steps(run[n:], memory)
            return
    both = memory.accesses([op for op in run if op in common])
    yield Step(run, False, memory.accesses(run), alone=alone, alone_accesses=written, common_accesses=both)


def _used_outside(run: list[Operation]) -> set[Operation]:
    """The ops of `run` whose results are used behind it, and those of `run` that these need."""
    inside = set(run)

    def holder(op: Operation) -> Operation:
        """The op of the run's block that `op` is or stands in."""
        while op.parent is not run[0].parent and (parent := op.parent_op()) is not None:
            op = parent
        return op

    found: set[Operation] = set()
    for op in reversed(run):
        users = {holder(use.operation) for result in op.results for use in result.uses}
        if any(user not in inside or user in found for user in users):
            found.add(op)
    return found


# How long it takes


def trip(op: scf.ForOp) -> tuple[int, int, int] | None:
    """(lower bound, steps, step) of a parallel loop that a team can share."""
    lower, upper, step = (constant(value) for value in (op.lb, op.ub, op.step))
    if PARALLEL not in op.attributes or op.results or lower is None or upper is None or not step:
        return None
    return lower, max(0, -((lower - upper) // step)), step


def work(op: Operation) -> int:
    """How many ops `op` runs, itself included."""
    if op.name in FREE:
        return 0
    total = MATH_WORK if op.name.startswith("math.") else 1
    inside = sum(work(inner) for region in op.regions for block in region.blocks for inner in block.ops)
    if isinstance(op, scf.ForOp):
        lower, upper, step = (constant(value) for value in (op.lb, op.ub, op.step))
        if lower is not None and upper is not None and step:
            inside *= max(0, -((lower - upper) // step))
    return total + inside


def times(op: Operation) -> int:
    """How often the loops around `op` run it; those whose length is not known count as one step."""
    count, parent = 1, op.parent_op()
    while parent is not None:
        if isinstance(parent, scf.ForOp):
            lower, upper, step = (constant(value) for value in (parent.lb, parent.ub, parent.step))
            if lower is not None and upper is not None and step:
                count *= max(0, -((lower - upper) // step))
        parent = parent.parent_op()
    return count


@dataclass(frozen=True)
class Share:
    """How a team shares a parallel loop: by its own steps, or by those of parallel loops `inside` of it."""

    time: int
    """What the slowest thread runs."""
    inside: bool
    lower: int
    trips: int
    step: int


def best_share(loop: scf.ForOp, threads: int) -> Share | None:
    found = trip(loop)
    if found is None:
        return None
    lower, trips, step = found
    whole, outside = 0, 0
    for op in loop.body.block.ops:
        inner = best_share(op, threads) if isinstance(op, scf.ForOp) else None
        whole += work(op)
        outside += work(op) if inner is None else inner.time
    time = -(-trips // threads) * whole
    if trips * outside * 20 < time * 19:  # sharing the outer loop is simpler, unless it takes 5 % longer
        return Share(trips * outside, True, lower, trips, step)
    return Share(time, False, lower, trips, step)


def cannot_be_parted(op: Operation, threads: int) -> bool:
    """Whether `op`, or one that threads share inside of it, has results beside its effects, so that neither all threads
    nor one alone could run it. What stands inside of a loop whose steps are shared is one thread's, whatever it is."""
    share = best_share(op, threads) if isinstance(op, scf.ForOp) else None
    if share is not None:
        assert isinstance(op, scf.ForOp)
        return share.inside and any(cannot_be_parted(inner, threads) for inner in op.body.block.ops)
    return bool(op.results) and any(inner.name in WRITES or inner.name == "func.call" for inner in op.walk())
