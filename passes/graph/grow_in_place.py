"""An input with rows appended, which an output is, can be the input's own memory, with room behind: a cache that grows.

    func.func @main(%past: tensor<1x3x8x64xf32> {stepwell.name = "past"}, ...)
        -> (tensor<1x3x9x64xf32> {stepwell.name = "present"}) {
      %present = graph.concat %past, %new {axis = 2} : (...) -> tensor<1x3x9x64xf32>
      ...
      func.return %present
  becomes
    func.func @main(%past: tensor<1x3x9x64xf32> {stepwell.name = "past", stepwell.grows = "present"}, ...) ... {
      %present = graph.update_at %past, %new, %zero, %zero, %eight, %zero : ...
      ...
      func.return %present

The argument is now all of the output's memory, in whose first rows the caller has put the input (`runtime/native.py`
does, where it does not stand there already); only the new rows are written. Everything that reads the output reads it
there. It must be all that the input is used for, and be returned once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from stepwell.context import Context
from stepwell.dialects.graph import ConcatOp, ConstantOp, UpdateAtOp, inline_constant
from stepwell.dialects.graph.types import is_static, shape_of
from stepwell.locations import stamp
from stepwell.manifest import ENTRY, GROWS
from stepwell.pass_manager import FunctionPass
from xdsl.dialects.builtin import ArrayAttr, DictionaryAttr, FunctionType, StringAttr
from xdsl.dialects.func import FuncOp, ReturnOp
from xdsl.ir import BlockArgument, Operation, SSAValue
from xdsl.rewriter import Rewriter

NAME = "stepwell.name"


@dataclass(frozen=True)
class GrowInPlace(FunctionPass):
    name = "grow-in-place"

    def apply_to(self, ctx: Context, func: FuncOp) -> None:
        last = func.body.block.last_op
        if func.sym_name.data != ENTRY or not isinstance(last, ReturnOp):
            return
        for argument, concat, output in list(growing(func, last)):
            attributes = func.arg_attrs
            assert attributes is not None
            entries = list(attributes)
            entries[argument.index] = DictionaryAttr({**entries[argument.index].data, GROWS: StringAttr(output)})
            update(argument, concat)
            func.arg_attrs = ArrayAttr(entries)
        func.function_type = FunctionType.from_lists([arg.type for arg in func.args], func.function_type.outputs.data)


def growing(func: FuncOp, last: ReturnOp) -> Iterator[tuple[BlockArgument, ConcatOp, str]]:
    """The inputs that grow: the concatenation that makes an input an output, and the output's name."""
    arguments, results = func.arg_attrs, func.res_attrs
    if arguments is None or results is None:
        return
    returned = list(last.operands)
    for argument, attributes in zip(func.args, arguments, strict=True):
        concat = argument.get_user_of_unique_use()
        if NAME not in attributes.data or not isinstance(concat, ConcatOp) or concat.inputs[0] is not argument:
            continue
        if concat.parent is not func.body.block or returned.count(concat.result) != 1 or not is_static(concat.result):
            continue
        name = results.data[returned.index(concat.result)].data.get(NAME)
        if isinstance(name, StringAttr) and 0 not in shape_of(argument):
            yield argument, concat, name.data


def update(argument: BlockArgument, concat: ConcatOp) -> None:
    """Put what is appended behind the rows that are there."""
    rank, axis, row = len(shape_of(argument)), concat.axis, shape_of(argument)[concat.axis]
    whole = Rewriter.replace_value_with_new_type(argument, concat.result_type)
    made: list[Operation] = []

    def number(value: int) -> ConstantOp:
        made.append(constant := inline_constant(np.array(value, np.int64)))
        return constant

    zero = number(0)
    value: SSAValue | Operation = whole
    for part in concat.inputs[1:]:
        at = number(row)
        value = UpdateAtOp(value, part, *(at if n == axis else zero for n in range(rank)))
        made.append(value)
        row += shape_of(part)[axis]
    assert isinstance(value, UpdateAtOp)
    value.result.name_hint = concat.result.name_hint
    stamp(made, concat.location)
    block = concat.parent
    assert block is not None
    block.insert_ops_before(made, concat)
    concat.result.replace_all_uses_with(value.result)
    block.erase_op(concat)
