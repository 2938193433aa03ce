"""Errors for people: one line what, one line where, one line what to do, and a caret where there is source text.

    error: graph.conv: 3 input channels, but the weight has 4
      at node 'features.0', model.onnx
      fix: export the model again with the weight that belongs to it

Everything a user can cause is a `StepwellError`; a Python traceback that reaches a user is a bug.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from xdsl.ir import Operation


@dataclass
class StepwellError(Exception):
    """A clear error. `what` happened, `where` (a location, or the op it came from), and what to do (`fix`).

    `source` holds lines of source text with a caret below, where there is text to show.
    """

    what: str
    where: Operation | str | None = None
    fix: str | None = None
    source: str | None = None

    def __str__(self) -> str:
        lines = [f"error: {self.what}"]
        where = self.location()
        if where is not None:
            lines.append(f"  at {where}")
        if self.source is not None:
            lines.append(self.source)
        if self.fix is not None:
            lines.append(f"  fix: {self.fix}")
        return "\n".join(lines)

    def location(self) -> str | None:
        """`where` as words: `node 'conv1', model.onnx` or `file.mlir:3:7`."""
        from .locations import describe

        if self.where is None or isinstance(self.where, str):
            return self.where
        return describe(self.where.location) or self.where.name


class InputError(StepwellError):
    """An input handed to a compiled program is missing, misnamed, or of the wrong dtype or shape."""
