"""Errors that a test file announces where they must arise: `stepwell-opt --verify-diagnostics`, as in upstream MLIR.

    func.func @f(%x: tensor<4xf32>) -> tensor<4xf32> {
      // expected-error@+1 {{slope is NaN}}
      %y = graph.leaky_relu %x {slope = 0x7FC00000 : f32} : tensor<4xf32>
      func.return %y : tensor<4xf32>
    }

The text in the braces must be a part of the error's words (`what` or `fix`) on that line: `@+N`, `@-N`, `@above`,
`@below`, or no offset for the line of the comment; `@unknown` for an error without a line. `expected-error-re` is a
regular expression. What is announced must come, and nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from .diagnostics import StepwellError

COMMENT = re.compile(
    r"//\s*expected-error(?P<re>-re)?(?:@(?P<at>[+-]\d+|above|below|unknown))?\s*\{\{(?P<text>.*?)\}\}"
)


@dataclass(frozen=True)
class ExpectedError:
    line: int | None
    text: str
    is_pattern: bool
    written_at: int

    def matches(self, error: StepwellError) -> bool:
        place = error.place()
        if (None if place is None else place.line.data) != self.line:
            return False
        said = f"{error.what}\n{error.fix or ''}"
        return re.search(self.text, said) is not None if self.is_pattern else self.text in said


def expected_errors(text: str) -> Iterator[ExpectedError]:
    for number, line in enumerate(text.splitlines(), start=1):
        for match in COMMENT.finditer(line):
            at = {None: "+0", "above": "-1", "below": "+1"}.get(match["at"], match["at"])
            target = None if at == "unknown" else number + int(at)
            yield ExpectedError(target, match["text"], match["re"] is not None, number)


def compare(name: str, text: str, errors: Sequence[StepwellError]) -> list[str]:
    """What differs between the errors that `text` announces and those that arose; nothing when all is as announced."""
    open_errors = list(errors)
    complaints: list[str] = []
    for expected in expected_errors(text):
        met = next((error for error in open_errors if expected.matches(error)), None)
        if met is None:
            where = "without a line" if expected.line is None else f"on line {expected.line}"
            complaints.append(f"{name}:{expected.written_at}: no error {where} says '{expected.text}'")
        else:
            open_errors.remove(met)
    complaints.extend(f"{name}: not announced: {error}" for error in open_errors)
    return complaints
