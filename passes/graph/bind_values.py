"""Give the inputs that a program is made for (`stepwell.by_value`) their values.

    // bind-values{values="axes=1,-1"}
    func.func @main(%x: ..., %axes: tensor<2xi64> {stepwell.name = "axes", stepwell.by_value}) ... {
      %y = onnx.ReduceSum(%x, %axes) : ...
  becomes
    func.func @main(%x: ..., %axes: tensor<2xi64> {stepwell.name = "axes", stepwell.by_value}) ... {
      %axes_1 = onnx.Constant() {value = dense<[1, -1]> : tensor<2xi64>}
      %y = onnx.ReduceSum(%x, %axes_1) : ...

The argument stays, so that a program is called alike whatever it was made for; nothing reads it. Several are given as
`axes=1,-1;scales=1.0,2.5`; the shapes are bound before. Numbers are written so that they are read back exactly.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from stepwell.context import Context
from stepwell.diagnostics import StepwellError
from stepwell.dialects import graph
from stepwell.dialects.graph.base import Array
from stepwell.dialects.graph.types import DYNAMIC, dtype_of, element_type_of, shape_of
from stepwell.dialects.onnx import op_class
from stepwell.dialects.onnx.schemas import DEFAULT_DOMAIN
from stepwell.interface import main_function
from stepwell.pass_manager import ModulePass
from xdsl.dialects.builtin import ModuleOp, StringAttr
from xdsl.dialects.func import FuncOp
from xdsl.ir import Operation

from .bind_shapes import Interface, inputs_of


@dataclass(frozen=True)
class BindValues(ModulePass):
    name = "bind-values"

    values: str = ""
    """`name=1,-1`, several separated by `;`; nothing behind the `=` is an empty vector."""

    def apply(self, ctx: Context, module: ModuleOp) -> None:
        main = main_function(module)
        inputs = {item.name: item for item in inputs_of(main)}
        for name, numbers in parse_values(self.values):
            if name not in inputs:
                known = ", ".join(map(repr, inputs))
                raise StepwellError(f"there is no input '{name}'", where=main, fix=f"the inputs are {known}")
            bind(ctx, module, main, inputs[name], numbers)


def parse_values(text: str) -> Iterable[tuple[str, list[str]]]:
    """`axes=1,-1;k=3` as ("axes", ["1", "-1"]), ("k", ["3"])."""
    for part in filter(None, text.split(";")):
        name, equals, numbers = part.rpartition("=")
        if not equals or not name:
            raise StepwellError(f"'{part}' gives no value", fix="write name=1,2,3; several are separated by ;")
        yield name, [number for number in numbers.split(",") if number]


def bind(ctx: Context, module: ModuleOp, main: FuncOp, item: Interface, numbers: list[str]) -> None:
    shape, dtype = shape_of(item.argument), dtype_of(element_type_of(item.argument))
    if DYNAMIC in shape:
        raise StepwellError(f"input '{item.name}' has open dims", where=main, fix="bind its shape first (bind-shapes)")
    try:
        read = [float(number) if dtype.kind == "f" else int(number) for number in numbers]
        array = np.array(read, np.float64 if dtype.kind == "f" else object).astype(dtype).reshape(shape)
    except (ValueError, OverflowError):
        said = f"{','.join(numbers) or 'nothing'} is no value of {item.argument.type}"
        raise StepwellError(f"input '{item.name}': {said}", where=main) from None
    constant = constant_of(ctx, module, array)
    constant.location = main.location
    constant.results[0].name_hint = item.argument.name_hint
    block = main.body.block
    item.argument.replace_all_uses_with(constant.results[0])
    if block.first_op is not None:
        block.insert_op_before(constant, block.first_op)


def constant_of(ctx: Context, module: ModuleOp, array: Array) -> Operation:
    """A constant of the level at which the module stands."""
    made = graph.inline_constant(array)
    if module.attributes.get("stepwell.level") != StringAttr("onnx"):
        return made
    return op_class(DEFAULT_DOMAIN, "Constant").create(
        result_types=[made.result.type], properties={"value": made.value}
    )
