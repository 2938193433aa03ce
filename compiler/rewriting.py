"""A greedy rewrite driver: patterns dispatched on the root op's type, locations carried, an end guaranteed.

    changed = apply_patterns(module, [DropIdentity(), MergeTwo()])

Patterns are xDSL's `RewritePattern`s with `@op_type_rewrite_pattern`; the type in the annotation decides which ops a
pattern is tried on, and the order of the list is the order of benefit. Ops come from a worklist: after a rewrite,
what it touched is looked at again, until nothing fires.

    what was there                          what a pattern for `mul` makes of it
    %a = graph.add %x, %y   loc("add1")     %m = graph.fma %x, %y, %z   loc(fused["add1", "mul1"])
    %m = graph.mul %a, %z   loc("mul1")

An op that a rewriting inserts and that knows no location of its own gets the root's, fused with those of the ops that
vanished with it. Ops without effects that nothing uses are erased.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cached_property
from inspect import getclosurevars
from types import UnionType
from typing import Any, cast, get_args

from xdsl.ir import ErasedSSAValue, Operation, SSAValue
from xdsl.pattern_rewriter import PatternRewriter, PatternRewriterListener, RewritePattern, op_type_rewrite_pattern
from xdsl.transforms.dead_code_elimination import is_trivially_dead
from xdsl.utils.exceptions import DiagnosticException
from xdsl.utils.worklist import Worklist

from .diagnostics import StepwellError, one_line
from .locations import fuse, stamp

PatternsOf = Callable[[type[Operation]], Sequence[RewritePattern]]
"""The patterns to try on ops of one type, in order."""

REWRITES_PER_OP = 64
"""A run is stopped after so many rewritings for each op that it started with..."""

REWRITES_ANYWAY = 4096
"""...and never before this many: no set of patterns that comes to an end has been seen to need more."""

pattern_counts: ContextVar[Counter[str] | None] = ContextVar("pattern_counts", default=None)
"""Where the driver counts how often each pattern class fired; None when nobody asks."""


@contextmanager
def counting_patterns() -> Generator[Counter[str]]:
    """Count what fires inside the `with`: pattern class → times."""
    counts: Counter[str] = Counter()
    token = pattern_counts.set(counts)
    try:
        yield counts
    finally:
        pattern_counts.reset(token)


def apply_patterns(
    scope: Operation, patterns: Sequence[RewritePattern] | PatternsOf, *, max_rewrites: int | None = None
) -> bool:
    """Apply `patterns` to all ops inside `scope` until none fires. True when anything changed.

    Raises `StepwellError` that names the patterns which keep firing, when there is no end after `max_rewrites`.
    """
    return GreedyDriver(scope, patterns if callable(patterns) else Dispatch(patterns), max_rewrites).run()


def root_types(pattern: RewritePattern) -> tuple[type[Operation], ...]:
    """The op types that a pattern may fire on: what its `@op_type_rewrite_pattern` annotation says, else any op."""
    function = cast(Any, type(pattern).match_and_rewrite)
    if getattr(function, "__code__", None) is not _TYPED_CODE:
        return (Operation,)
    expected = getclosurevars(function).nonlocals["expected_type"]
    return get_args(expected) if isinstance(expected, UnionType) else (expected,)


@op_type_rewrite_pattern
def _typed(self: RewritePattern, op: Operation, rewriter: PatternRewriter) -> None:
    """Only its code object is of use: every function that the decorator makes shares it."""


_TYPED_CODE = cast(Any, _typed).__code__


class Dispatch:
    """The patterns for each op type, found once: 300 patterns that don't match cost nothing."""

    def __init__(self, patterns: Iterable[RewritePattern]) -> None:
        self._rooted = [(pattern, root_types(pattern)) for pattern in patterns]
        self._found: dict[type[Operation], tuple[RewritePattern, ...]] = {}

    def __call__(self, op_type: type[Operation]) -> Sequence[RewritePattern]:
        if (found := self._found.get(op_type)) is None:
            found = tuple(pattern for pattern, roots in self._rooted if issubclass(op_type, roots))
            self._found[op_type] = found
        return found


@dataclass
class GreedyDriver:
    """One run over the ops inside `scope`."""

    scope: Operation
    patterns_of: PatternsOf
    max_rewrites: int | None = None

    worklist: Worklist[Operation] = field(default_factory=Worklist[Operation], init=False)
    inserted: list[Operation] = field(default_factory=list[Operation], init=False)
    erased: list[Operation] = field(default_factory=list[Operation], init=False)
    recent: deque[str] = field(default_factory=lambda: deque[str](maxlen=64), init=False)

    def run(self) -> bool:
        counts = pattern_counts.get()
        limit, rewrites, before = self.max_rewrites, 0, -1
        while rewrites != before:  # a pattern may look further than at its neighbours: all again, until none fires
            before = rewrites
            size = self.fill()
            if limit is None:
                limit = max(REWRITES_ANYWAY, REWRITES_PER_OP * size)
            while self.worklist:
                op = self.worklist.pop()
                if op.parent is None or (name := self.rewrite(op)) is None:
                    continue
                rewrites += 1
                self.recent.append(name)
                if counts is not None:
                    counts[name] += 1
                if rewrites > limit:
                    raise self.no_end(rewrites)
        return rewrites > 0

    def fill(self) -> int:
        """Put every op on the worklist, so that they come off it in the order of the text."""
        ops = [op for region in self.scope.regions for op in region.walk()]
        for op in reversed(ops):
            self.worklist.push(op)
        return len(ops)

    def rewrite(self, op: Operation) -> str | None:
        """Try the patterns on `op`, and give the name of the one that fired."""
        rewriter = PatternRewriter(op)
        rewriter.extend_from_listener(self.listener)
        if is_trivially_dead(op):
            rewriter.erase(op)
            self.erased.clear()
            return "erase dead op"
        makers: list[Operation] | None = None
        for pattern in self.patterns_of(type(op)):
            if makers is None:
                makers = makers_of(op)
            self.inserted.clear()
            self.erased.clear()
            location = op.location
            try:
                pattern.match_and_rewrite(op, rewriter)
            except StepwellError as error:
                if error.where is None:
                    error.where = location
                raise
            except DiagnosticException as error:
                raise StepwellError(f"{op.name}: {one_line(error)}", where=location) from error
            except Exception as error:
                error.add_note(f"in pattern {type(pattern).__name__} on {op.name}")
                raise
            if rewriter.has_done_action:
                self.place_new_ops(op, makers, rewriter)
                return type(pattern).__name__
        return None

    def place_new_ops(self, root: Operation, makers: list[Operation], rewriter: PatternRewriter) -> None:
        """Erase what made only what `root` used, and give the new ops the locations of all that they stand for."""
        new = [op for op in self.inserted if op.parent is not None]
        gone = list(self.erased)
        if root in gone:
            while makers:
                op = makers.pop()
                if op.parent is None or op in new or not is_trivially_dead(op):
                    continue
                makers.extend(makers_of(op))
                rewriter.erase(op)
                gone.append(op)
        gone = [op for op in gone if op is not root]
        # a value is made before it is used: the ops further up went last
        location = fuse([*(op.location for op in reversed(gone)), root.location])
        stamp(new, location)

    def no_end(self, rewrites: int) -> StepwellError:
        often = ", ".join(f"{name} ({n} of the last {len(self.recent)})" for name, n in Counter(self.recent).items())
        return StepwellError(
            f"rewriting does not come to an end: after {rewrites} rewritings these patterns still fire: {often}",
            where=self.scope,
            fix="two of them undo each other, or one fires on what it made: make its condition stricter",
        )

    # What the rewriter tells us.

    @cached_property
    def listener(self) -> PatternRewriterListener:
        return PatternRewriterListener(
            operation_insertion_handler=[self.on_insertion],
            operation_removal_handler=[self.on_removal],
            operation_modification_handler=[self.worklist.push],
            operation_replacement_handler=[self.on_replacement],
        )

    def on_insertion(self, op: Operation) -> None:
        self.inserted.append(op)
        for inner in op.walk():
            self.worklist.push(inner)

    def on_removal(self, op: Operation) -> None:
        self.erased.append(op)
        for inner in op.walk():
            for operand in inner.operands:
                if not isinstance(operand, ErasedSSAValue) and isinstance(operand.owner, Operation):
                    self.worklist.push(operand.owner)
        for inner in op.walk():
            self.worklist.remove(inner)

    def on_replacement(self, op: Operation, values: Sequence[SSAValue | None]) -> None:
        for result in op.results:
            for use in result.uses:
                self.worklist.push(use.operation)


def makers_of(op: Operation) -> list[Operation]:
    """The ops that make what `op` uses; constants are left out, they say nothing of where it came from."""
    return [operand.owner for operand in op.operands if isinstance(operand.owner, Operation) and operand.owner.operands]
