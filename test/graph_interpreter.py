"""Run a module of graph ops in numpy, op by op: what passes at this level must not change.

results = evaluate(ctx, module, x, y)     # calls @main
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from stepwell.context import Context
from stepwell.dialects.graph import ConstantOp, FusionOp, GraphOp, YieldOp, array_of
from xdsl.dialects.builtin import ModuleOp
from xdsl.dialects.func import CallOp, FuncOp, ReturnOp
from xdsl.ir import Block, SSAValue


def evaluate(ctx: Context, module: ModuleOp, *inputs: np.ndarray, function: str = "main") -> list[np.ndarray]:
    """The results of a function of the module."""
    func = next(op for op in module.body.ops if isinstance(op, FuncOp) and op.sym_name.data == function)
    return run_block(ctx, module, func.body.block, inputs)


def run_block(ctx: Context, module: ModuleOp, block: Block, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
    known: dict[SSAValue, np.ndarray] = dict(zip(block.args, inputs, strict=True))
    for op in block.ops:
        given = [known[operand] for operand in op.operands]
        match op:
            case ReturnOp() | YieldOp():
                return given
            case ConstantOp():
                results = [array_of(ctx, op)]
            case CallOp():
                results = evaluate(ctx, module, *given, function=op.callee.string_value())
            case FusionOp():
                results = run_block(ctx, module, op.body, given)
            case GraphOp():
                results = [op.fold(*given)]
            case _:
                raise AssertionError(f"{op.name} is no op of this level")
        for value, array in zip(op.results, results, strict=True):
            assert array.shape == value.type.get_shape(), f"{op}: {array.shape}"
            known[value] = array
    raise AssertionError("a block without a terminator")
