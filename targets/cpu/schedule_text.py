"""The schedules of a model as text for a person to edit: above each kernel, what its linalg ops are.

// 0 linalg.fill, node 'conv1', model.onnx
// 1 linalg.generic, node 'conv1', model.onnx
// 2 linalg.generic, node 'relu1', model.onnx
schedule.kernel @kernel_conv_0 {
  ...
"""

from __future__ import annotations

import io
from typing import Any

from stepwell.context import Context
from stepwell.dialects.schedule import KernelOp
from stepwell.locations import describe
from stepwell.passes.linalg_to_loops.apply_schedule import functions_of, stages_of
from stepwell.target import Translation
from stepwell.text import ModulePrinter
from xdsl.dialects.builtin import ModuleOp

HEAD = "// Edit, and hand back with --schedule; kernels left out get the schedule that they have without it.\n"


def schedule_text(ctx: Context, module: ModuleOp, options: Any, name: str) -> dict[str, bytes]:
    functions = {op.sym_name.data: op for op in functions_of(module)}
    out = io.StringIO()
    out.write(HEAD)
    for schedule in (op for op in module.body.block.ops if isinstance(op, KernelOp)):
        out.write("\n")
        for number, stage in enumerate(stages_of(functions[schedule.kernel_name])):
            where = describe(stage.op.location)
            out.write(f"// {number} {stage.op.name}" + (f", {where}" if where is not None else "") + "\n")
        ModulePrinter(stream=out).print_op(schedule)
        out.write("\n")
    return {f"{name}.mlir": out.getvalue().encode()}


SCHEDULE = Translation("native", "buffers", schedule_text)
