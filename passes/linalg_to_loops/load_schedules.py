"""Take the schedules of a file, before a strategy writes those of the other kernels.

    load-schedules{file="mine.mlir"}

`mine.mlir` holds schedule.kernel ops, as `stepwell-translate MODEL --to schedule` prints them, or is a dump that holds
some; whatever else stands in it is not looked at. A kernel that the module has not is an error. See docs/schedule.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from stepwell.context import Context
from stepwell.diagnostics import StepwellError, did_you_mean
from stepwell.dialects.schedule import KernelOp
from stepwell.pass_manager import ModulePass
from stepwell.text import parse_module, read_text
from stepwell.verification import verify_module
from xdsl.dialects.builtin import ModuleOp

from .apply_schedule import functions_of


@dataclass(frozen=True)
class LoadSchedules(ModulePass):
    """`file`: where the schedules are."""

    name = "load-schedules"

    file: str

    def apply(self, ctx: Context, module: ModuleOp) -> None:
        schedules = read_schedules(ctx, Path(self.file))
        names = [op.sym_name.data for op in functions_of(module)]
        have = {op.kernel_name for op in module.body.block.ops if isinstance(op, KernelOp)}
        for schedule in schedules:
            name = schedule.kernel_name
            if name not in names:
                fix = did_you_mean(name, names) or "`stepwell-translate MODEL --to schedule` prints what it has"
                raise StepwellError(f"the model has no kernel @{name}", schedule, fix)
            if name in have:
                raise StepwellError(f"@{name} has two schedules", schedule)
            have.add(name)
            schedule.detach()
            module.body.block.add_op(schedule)


def read_schedules(ctx: Context, path: Path) -> list[KernelOp]:
    """The schedules of a file, verified. Raises `StepwellError` for a file that cannot be read or holds none."""
    found = parse_module(ctx, read_text(path), str(path))
    verify_module(found, ctx.sources)
    schedules = [op for op in found.body.block.ops if isinstance(op, KernelOp)]
    if not schedules:
        raise StepwellError("there is no schedule.kernel in this file", str(path))
    return schedules
