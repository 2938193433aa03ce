"""A file that makes a failed pass fail again: the module as it stood before that pass, and the rest of the pipeline.

    // stepwell reproducer: fuse failed: internal error: KeyError: 'conv1'
    // run it again: stepwell-opt --run-reproducer fuse.mlir
    // pipeline: fuse{max-ops=8},outline-kernels
    builtin.module { ...

Printing the module before every pass would cost more than the passes. So the manager keeps one copy of what came in,
and when a pass fails runs the passes before it on that copy once more; passes are deterministic.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from xdsl.dialects.builtin import ModuleOp

from .context import Context
from .diagnostics import InternalError, StepwellError
from .pass_manager import Hook, PassManager, Step, pipeline_text
from .text import write_module

PIPELINE_LINE = re.compile(r"^// pipeline: (.*)$", re.MULTILINE)


def default_folder() -> Path:
    """Reproducers of one user go to one place, where the next of the same pass takes the last one's."""
    return Path(tempfile.gettempdir()) / f"stepwell-reproducers-{os.getuid() if hasattr(os, 'getuid') else 'user'}"


@dataclass
class ReproducingManager:
    """Runs a pipeline; when a pass fails, writes a reproducer into `folder` and names it in the error."""

    ctx: Context
    module: ModuleOp
    folder: Path
    hooks: Sequence[Hook] = ()
    only_faults: bool = False
    """Write nothing for what a user's model caused, only for faults of ours: a model's weights may be large."""

    def run(self, steps: Sequence[Step]) -> None:
        before = self.module.clone() if steps else self.module
        manager = PassManager(self.ctx, self.module, self.hooks)
        for number, step in enumerate(steps):
            try:
                manager.run((step,))
            except StepwellError as error:
                if isinstance(error, InternalError) or not self.only_faults:
                    self.write(before, steps, number, error)
                raise

    def write(self, before: ModuleOp, steps: Sequence[Step], failed: int, error: StepwellError) -> None:
        again = PassManager(self.ctx, before)
        try:
            again.run(steps[:failed])
        except StepwellError:
            return  # it fails earlier on the copy: not deterministic, so there is nothing honest to write
        name = error.in_pass or "pipeline"
        path = self.folder / f"{name}.mlir"
        comment = (
            f"// stepwell reproducer: {name} failed: {error.what}\n"
            f"// run it again: stepwell-opt --run-reproducer {path.name}\n"
            f"// pipeline: {pipeline_text(steps[failed:])}\n"
        )
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_module(self.ctx, before, path, comment)
        except (OSError, StepwellError):
            return  # the error itself matters more than that it could not be kept
        error.reproducer = str(path)


def pipeline_of_reproducer(text: str, name: str) -> str:
    """The pipeline inside a reproducer's text."""
    found = PIPELINE_LINE.search(text)
    if found is None:
        raise StepwellError(f"{name} is no reproducer: it has no '// pipeline:' line")
    return found.group(1)
