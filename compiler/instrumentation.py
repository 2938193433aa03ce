"""Hooks around passes: verify, print, compare, time, dump, count.

stepwell-opt f.mlir -p fuse,cse --timing

----- time of passes, s -----
  0.0312   87.4 %  fuse
  0.0045   12.6 %  cse
  0.0357  100.0 %  total
"""

from __future__ import annotations

import difflib
import sys
import time
from collections import Counter
from collections.abc import Collection
from contextvars import Token
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

from .diagnostics import StepwellError
from .levels import check_level, level_of
from .pass_manager import PassRun
from .rewriting import pattern_counts
from .text import ModuleWriter, print_module
from .verification import verify_module


def stderr() -> TextIO:
    return sys.stderr


@dataclass
class BaseHook:
    """A hook that does nothing."""

    def before_pass(self, run: PassRun) -> None:
        pass

    def after_pass(self, run: PassRun) -> None:
        pass

    def pass_failed(self, run: PassRun, error: StepwellError) -> None:
        pass


@dataclass
class VerifyEach(BaseHook):
    """Verify the module after every pass, and that it keeps to what its level may contain."""

    _level: str | None = None

    def before_pass(self, run: PassRun) -> None:
        self._level = level_of(run.module)

    def after_pass(self, run: PassRun) -> None:
        verify_module(run.module, run.ctx.sources)
        stepped_down = level_of(run.module) != self._level
        check_level(run.module, halfway=not stepped_down)


@dataclass
class CheckSteps(BaseHook):
    """At each step down, and only there: nothing of the level above may be left."""

    _level: str | None = None

    def before_pass(self, run: PassRun) -> None:
        self._level = level_of(run.module)

    def after_pass(self, run: PassRun) -> None:
        if level_of(run.module) != self._level:
            check_level(run.module)


@dataclass
class PrintIR(BaseHook):
    """Print the module before and after passes, by name; `after_all` after each, `changes` only what changed."""

    before: Collection[str] = ()
    after: Collection[str] = ()
    after_all: bool = False
    changes: bool = False
    locations: bool = False
    _text: str = ""

    def before_pass(self, run: PassRun) -> None:
        if run.name in self.before:
            print(f"// -----// IR before {run.name} //----- //\n{self.text(run)}", file=stderr())
        if self.changes:
            self._text = self.text(run)

    def after_pass(self, run: PassRun) -> None:
        if self.after_all or run.name in self.after:
            print(f"// -----// IR after {run.name} //----- //\n{self.text(run)}", file=stderr())
        if self.changes:
            old, new = self._text.splitlines(), self.text(run).splitlines()
            diff = list(difflib.unified_diff(old, new, f"before {run.name}", f"after {run.name}", lineterm=""))
            print("\n".join(diff) + "\n" if diff else f"// {run.name}: no change", file=stderr())

    def pass_failed(self, run: PassRun, error: StepwellError) -> None:
        if self.after_all or self.changes:
            print(f"// -----// IR when {run.name} failed //----- //\n{self.text(run)}", file=stderr())

    def text(self, run: PassRun) -> str:
        return print_module(run.module, locations=self.locations)


@dataclass
class TimeNode:
    seconds: float = 0.0
    runs: int = 0
    inner: dict[str, TimeNode] = field(default_factory=dict[str, "TimeNode"])


@dataclass
class Timing(BaseHook):
    """How long each pass took, as a tree: passes in the order of their first run, nests around them."""

    root: TimeNode = field(default_factory=TimeNode)
    _begun: float = 0.0

    def before_pass(self, run: PassRun) -> None:
        self._begun = time.perf_counter()

    def after_pass(self, run: PassRun) -> None:
        seconds = time.perf_counter() - self._begun
        node = self.root
        node.seconds += seconds
        for name in (*run.path, run.name):
            node = node.inner.setdefault(name, TimeNode())
            node.seconds += seconds
        node.runs += 1

    def report(self) -> str:
        lines = ["----- time of passes, s -----"]
        self.add_lines(lines, self.root, 0)
        lines.append(self.line(self.root.seconds, "total"))
        return "\n".join(lines)

    def add_lines(self, lines: list[str], node: TimeNode, depth: int) -> None:
        for name, inner in node.inner.items():
            times = f" ({inner.runs} times)" if inner.runs > 1 else ""
            lines.append(self.line(inner.seconds, "  " * depth + name + times))
            self.add_lines(lines, inner, depth + 1)

    def line(self, seconds: float, name: str) -> str:
        share = 100.0 * seconds / self.root.seconds if self.root.seconds else 0.0
        return f"{seconds:8.4f}  {share:5.1f} %  {name}"


@dataclass
class DumpDir(BaseHook):
    """A .mlir file after every pass, `03-canonicalize.mlir`, with what came in as `00-input.mlir`."""

    folder: Path
    _count: int = 0
    _writer: ModuleWriter = field(init=False)

    def __post_init__(self) -> None:
        self._writer = ModuleWriter(self.folder)

    def before_pass(self, run: PassRun) -> None:
        if self._count == 0:
            self.dump(run, "input")

    def after_pass(self, run: PassRun) -> None:
        self.dump(run, run.name)

    def dump(self, run: PassRun, name: str) -> None:
        try:
            self._writer.write(run.ctx, run.module, f"{self._count:02d}-{name}")
        except OSError as error:
            raise StepwellError(f"cannot dump into {self.folder}: {error.strerror or error}") from None
        self._count += 1


@dataclass
class PassStatistics(BaseHook):
    """How often each pattern fired, by pass."""

    counts: dict[str, Counter[str]] = field(default_factory=dict[str, Counter[str]])
    _token: Token[Counter[str] | None] | None = None

    def before_pass(self, run: PassRun) -> None:
        self._token = pattern_counts.set(self.counts.setdefault(run.name, Counter()))

    def after_pass(self, run: PassRun) -> None:
        if self._token is not None:
            pattern_counts.reset(self._token)
            self._token = None

    def pass_failed(self, run: PassRun, error: StepwellError) -> None:
        self.after_pass(run)

    def report(self) -> str:
        lines = ["----- patterns that fired -----"]
        for name, counts in self.counts.items():
            lines.append(name + ("" if counts else ": none"))
            lines.extend(f"{times:8d}  {pattern}" for pattern, times in counts.most_common())
        return "\n".join(lines)
