"""Errors for people: one line what, one line where, one line what to do, and a caret where there is source text.

    error: graph.conv: 3 input channels, but the weight has 4
      at model.mlir:3:8
      %y = graph.conv %x, %w : (tensor<1x3x8x8xf32>, tensor<8x4x3x3xf32>) -> tensor<1x8x6x6xf32>
           ^
      fix: export the model again with the weight that belongs to it

Everything a user can cause is a `StepwellError`; a Python traceback that reaches a user is a bug.
"""

from __future__ import annotations

import difflib
import os
import sys
import traceback
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from xdsl.dialects.builtin import FileLineColLoc, LocationAttr
    from xdsl.ir import Operation

WIDEST_LINE = 160
"""A longer source line is cut around its caret: a line of weights must not fill the screen."""


@dataclass
class StepwellError(Exception):
    """A clear error. `what` happened, `where` (a location, or the op it came from), and what to do (`fix`).

    `source` holds lines of source text with a caret below, where there is text to show.
    """

    what: str
    where: Operation | LocationAttr | str | None = None
    fix: str | None = None
    source: str | None = None
    in_pass: str | None = None
    """The pass that failed, filled in by the pass manager."""
    reproducer: str | None = None
    """A file that `stepwell-opt --run-reproducer` runs again, where one was written."""

    def __post_init__(self) -> None:
        super().__init__(self.what)

    def __str__(self) -> str:
        lines = [f"error: {self.what}"]
        where = self.location()
        if where is not None:
            lines.append(f"  at {where}")
        if self.source is not None:
            lines.append(self.source)
        if self.in_pass is not None:
            lines.append(f"  in pass '{self.in_pass}'")
        if self.reproducer is not None:
            lines.append(f"  to see it again: stepwell-opt --run-reproducer {self.reproducer}")
        if self.fix is not None:
            lines.append(f"  fix: {self.fix}")
        return "\n".join(lines)

    def location(self) -> str | None:
        """`where` as words: `node 'conv1', model.onnx` or `file.mlir:3:7`."""
        from xdsl.ir import Operation

        from .locations import describe

        if self.where is None or isinstance(self.where, str):
            return self.where
        if isinstance(self.where, Operation):
            return describe(self.where.location) or f"{self.where.name} (its origin is not known)"
        return describe(self.where)

    def place(self) -> FileLineColLoc | None:
        """The line of text that the error speaks of; None where it speaks of no text."""
        from xdsl.ir import Operation

        from .locations import text_place

        if self.where is None or isinstance(self.where, str):
            return None
        return text_place(self.where.location if isinstance(self.where, Operation) else self.where)

    def show_source(self, sources: Mapping[str, str]) -> None:
        """Add the source line with its caret, when the text of the file is at hand."""
        place = self.place()
        if self.source is not None or place is None or place.filename.data not in sources:
            return
        lines = sources[place.filename.data].splitlines()
        if 0 < place.line.data <= len(lines):
            self.source = caret(lines[place.line.data - 1], place.column.data)


class InputError(StepwellError):
    """An input handed to a compiled program is missing, misnamed, or of the wrong dtype or shape."""


class InternalError(StepwellError):
    """A fault of ours, not of the user: what a Python exception inside a pass is turned into."""


def fault(error: Exception, notes: str = "") -> InternalError:
    """A Python exception that nobody foresaw, as an error for people."""
    return InternalError(
        f"internal error: {type(error).__name__}: {one_line(error)}{notes}",
        fix="this is a fault of stepwell: please report it; STEPWELL_TRACEBACK=1 shows where it arose",
    )


def report(error: StepwellError) -> None:
    """Say an error to a tool's user; with STEPWELL_TRACEBACK=1 in the environment, where in Python it arose, too."""
    if os.environ.get("STEPWELL_TRACEBACK") == "1":
        traceback.print_exception(error.__cause__ or error)
    print(printable(str(error)), file=sys.stderr)


def printable(text: str) -> str:
    """Words for a screen: names are a stranger's, and what they hold must not move a terminal's cursor."""
    return "".join(c if c.isprintable() or c == "\n" else ascii(c)[1:-1] for c in text)


def caret(line: str, column: int) -> str:
    """A source line and a caret under its `column` (from 1), cut to a width that can be read."""
    start = max(0, column - 1 - WIDEST_LINE // 2) if len(line) > WIDEST_LINE else 0
    shown = line[start : start + WIDEST_LINE]
    indent = len(shown) - len(shown.lstrip())
    return f"      {shown.strip()}\n      {' ' * (column - 1 - start - indent)}^"


def one_line(error: BaseException) -> str:
    """What an exception says, on one line; the name of its class when it says nothing."""
    return " ".join(str(error).split()) or type(error).__name__


def did_you_mean(name: str, known: Iterable[str]) -> str | None:
    """`did you mean 'canonicalize'?` for the known name nearest to a misspelt one."""
    near = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
    return f"did you mean '{near[0]}'?" if near else None


@dataclass
class NeedsRun(StepwellError):
    """A size or a number is needed that only a run can tell: there a model is cut into stages (`split-stages`)."""
