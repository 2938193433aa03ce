"""Mark the inputs whose values say what program a model is: axes, shapes, repeats that a caller hands in.

    func.func @main(%x: tensor<2x3xf32> {stepwell.name = "x"}, %axes: tensor<1xi64> {stepwell.name = "axes"}) ... {
      %y = onnx.ReduceSum(%x, %axes) : ...
  becomes
    func.func @main(%x: ... {stepwell.name = "x"}, %axes: ... {stepwell.name = "axes", stepwell.by_value}) ... {

A program is made for the values of such inputs as it is for the shapes of all (`bind-values`, `bind-shapes`). Which
they are is found by trying the step down to graph on a copy: where a conversion must know a number, or the result's
shape depends on one, the number's origins are marked, if all are short vectors or scalars. A shape is no value: what
depends on the shape of an input alone is known once shapes are bound.

What else the trial says is wrong is reported, so that a model with open dims is refused before it is run. A number that
the model itself computes from larger inputs is neither: there the model is cut when it is run (`split-stages`).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import cast

from stepwell.context import Context
from stepwell.diagnostics import NeedsRun, StepwellError
from stepwell.dialects.graph import DynamicOp
from stepwell.interface import BY_VALUE, main_function
from stepwell.pass_manager import ModulePass
from xdsl.dialects.builtin import (
    DYNAMIC_INDEX,
    AnyFloat,
    ArrayAttr,
    DictionaryAttr,
    IntegerType,
    ModuleOp,
    TensorType,
    UnitAttr,
)
from xdsl.dialects.func import FuncOp
from xdsl.ir import Attribute, BlockArgument

from .blocks import origins_of
from .conversion import NeedsShapes, NeedsValue, Unsettled
from .onnx_to_graph import OnnxToGraph

LONGEST = 64
"""Elements of an input up to which a program for its values makes sense."""


@dataclass(frozen=True)
class MarkValueInputs(ModulePass):
    name = "mark-value-inputs"

    def apply(self, ctx: Context, module: ModuleOp) -> None:
        main = main_function(module)
        indices = value_inputs(ctx, module)
        if not indices:
            return
        given = main.arg_attrs.data if main.arg_attrs is not None else [DictionaryAttr({})] * len(main.args)
        main.arg_attrs = ArrayAttr(
            [
                DictionaryAttr({**entry.data, BY_VALUE: UnitAttr()}) if index in indices else entry
                for index, entry in enumerate(given)
            ]
        )


def value_inputs(ctx: Context, module: ModuleOp) -> set[int]:
    """The numbers of @main's arguments on whose values the graph depends."""
    trial, copy = ctx.clone(), module.clone()
    trial.problems = []
    main = main_function(copy)
    count = len(main.args)
    OnnxToGraph().apply(trial, copy)
    found: set[int] = set()
    waiting = [problem for problem in trial.problems if isinstance(problem, NeedsShapes)]
    for problem in trial.problems:
        if problem not in waiting:
            found |= inputs_of_problem(ctx, main, count, problem)
    for op in main.body.walk():
        if isinstance(op, DynamicOp):
            origins = {origin for origin in origins_of(*op.operands[1:])}
            if all(can_mark(main, argument, count) for argument in origins):
                found |= {argument.index for argument in origins}
    for problem in waiting if not found else ():  # else what is found may give the dims that are open
        found |= inputs_of_problem(ctx, main, count, problem)
    return found


def inputs_of_problem(ctx: Context, main: FuncOp, count: int, problem: StepwellError) -> set[int]:
    """The inputs whose values (or shapes: none of those) put an end to a problem; it is reported if there are none."""
    if isinstance(problem, Unsettled) or (isinstance(problem, NeedsShapes) and has_open_dims(main, count)):
        return set()
    if isinstance(problem, NeedsRun) and not isinstance(problem, NeedsValue):
        return set()
    if not isinstance(problem, NeedsValue):
        ctx.report(problem)
        return set()
    origins = origins_of(problem.value, *problem.also)
    if not all(can_mark(main, argument, count) for argument in origins):
        if problem.instead is not None:
            return inputs_of_problem(ctx, main, count, problem.instead)
        if isinstance(problem.value, BlockArgument) and problem.value.index < count:
            ctx.report(problem)
    elif not origins and not has_open_dims(main, count):
        ctx.report(problem)
    else:
        return {argument.index for argument in origins}
    return set()


def can_mark(main: FuncOp, argument: BlockArgument, count: int) -> bool:
    """Whether an argument is one of the function's own, a scalar or a short vector of numbers."""
    kind: Attribute = argument.type
    if argument.block is not main.body.block or argument.index >= count or not isinstance(kind, TensorType):
        return False
    shape = cast("TensorType[Attribute]", kind).get_shape()
    numbers = isinstance(cast("TensorType[Attribute]", kind).element_type, IntegerType | AnyFloat)
    return numbers and len(shape) <= 1 and (DYNAMIC_INDEX in shape or prod(shape) <= LONGEST)


def has_open_dims(main: FuncOp, count: int) -> bool:
    kinds = [cast("TensorType[Attribute]", argument.type) for argument in main.args[:count]]
    return any(DYNAMIC_INDEX in kind.get_shape() for kind in kinds)
