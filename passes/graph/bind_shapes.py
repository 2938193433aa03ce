"""Give the symbolic dims of a model's inputs their numbers.

    // bind-shapes{shapes="x=4x8"}
    func.func @main(%x: tensor<?x8xf32> {stepwell.name = "x", stepwell.dims = ["batch", 8 : i64]}, ...)
  becomes
    func.func @main(%x: tensor<4x8xf32> {stepwell.name = "x", stepwell.dims = [4 : i64, 8 : i64]}, ...)

Several inputs are given as `x=4x8;mask=4x1`. A dim of one name has one number wherever it occurs, so an input that is
not given may be bound by another one. What follows inside the function is inferred at once (`infer-shapes`); on the
onnx level only the inputs are bound, since the step down to graph works all types out anew.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from stepwell.context import Context
from stepwell.diagnostics import StepwellError
from stepwell.dialects.graph.types import DYNAMIC, element_type_of, shape_of, tensor
from stepwell.pass_manager import ModulePass
from xdsl.dialects.builtin import (
    ArrayAttr,
    DictionaryAttr,
    FunctionType,
    IntegerAttr,
    ModuleOp,
    StringAttr,
    TensorType,
    i64,
)
from xdsl.dialects.func import FuncOp
from xdsl.ir import Attribute, BlockArgument
from xdsl.rewriter import Rewriter

from .infer_shapes import InferShapes

Shape = tuple[int, ...]
Dim = int | str
"""A number, or the name of a symbolic dim; the empty name is nobody's."""


@dataclass(frozen=True)
class BindShapes(ModulePass):
    name = "bind-shapes"

    shapes: str = ""
    """`name=4x3x224x224`, several separated by `;`; inputs that have all their sizes need none."""

    @classmethod
    def of(cls, shapes: Mapping[str, Sequence[int]]) -> BindShapes:
        """The pass for shapes as Python has them: `BindShapes.of({"x": array.shape})`."""
        return cls(";".join(f"{name}={'x'.join(map(str, shape))}" for name, shape in shapes.items()))

    def apply(self, ctx: Context, module: ModuleOp) -> None:
        shapes = parse_shapes(self.shapes)
        for function in module.ops:
            if isinstance(function, FuncOp) and not function.is_declaration and inputs_of(function):
                bind(function, shapes)
        level = module.attributes.get("stepwell.level")
        if level is None or level == StringAttr("graph"):
            InferShapes().apply(ctx, module)


def parse_shapes(text: str) -> dict[str, Shape]:
    """`x=4x8;mask=4x1` as {"x": (4, 8), "mask": (4, 1)}; a scalar's shape is empty, `x=`."""
    shapes: dict[str, Shape] = {}
    for part in filter(None, text.split(";")):
        name, equals, dims = part.rpartition("=")
        if not equals or not name or re.fullmatch(r"(\d+(x\d+)*)?", dims) is None:
            raise StepwellError(f"'{part}' is no shape", fix="write name=4x3x224x224; several are separated by ;")
        if name in shapes:
            raise StepwellError(f"input '{name}' is given two shapes", fix="give each input one shape")
        shapes[name] = tuple(int(dim) for dim in dims.split("x") if dim)
    return shapes


@dataclass
class Interface:
    """An input: its block argument, its name, and its dims as numbers and names."""

    argument: BlockArgument
    name: str
    dims: tuple[Dim, ...]


def inputs_of(function: FuncOp) -> list[Interface]:
    inputs: list[Interface] = []
    for argument, attributes in zip(function.args, attributes_of(function.arg_attrs, len(function.args)), strict=True):
        name = attributes.get("stepwell.name")
        if isinstance(name, StringAttr) and isinstance(argument.type, TensorType):
            shape = shape_of(argument)
            pairs = zip(dims_of(attributes) or [""] * len(shape), shape, strict=True)
            dims = tuple(dim if size == DYNAMIC else size for dim, size in pairs)
            inputs.append(Interface(argument, name.data, dims))
    return inputs


def attributes_of(attributes: ArrayAttr[DictionaryAttr] | None, count: int) -> Iterator[Mapping[str, Attribute]]:
    if attributes is None:
        return iter([dict[str, Attribute]()] * count)
    return (one.data for one in attributes.data)


def dims_of(attributes: Mapping[str, Attribute]) -> list[Dim] | None:
    dims = attributes.get("stepwell.dims")
    if not isinstance(dims, ArrayAttr):
        return None
    return [
        dim.value.data if isinstance(dim, IntegerAttr) else dim.data if isinstance(dim, StringAttr) else ""
        for dim in cast("ArrayAttr[Attribute]", dims)
    ]


def bind(function: FuncOp, shapes: Mapping[str, Shape]) -> None:
    inputs = inputs_of(function)
    if unknown := [name for name in shapes if name not in {item.name for item in inputs}]:
        raise StepwellError(
            f"there is no input '{unknown[0]}'",
            where=function,
            fix=f"the inputs are {', '.join(repr(item.name) for item in inputs)}",
        )
    numbers = match(function, inputs, shapes)
    for item in inputs:
        bound = shapes.get(item.name) or tuple(
            numbers.get(dim, -1) if isinstance(dim, str) else dim for dim in item.dims
        )
        sizes = [DYNAMIC if dim == -1 else dim for dim in bound]
        Rewriter.replace_value_with_new_type(item.argument, tensor(sizes, element_type_of(item.argument)))
    function.arg_attrs = with_numbers(
        function.arg_attrs, numbers, {item.name: shapes.get(item.name) for item in inputs}
    )
    function.res_attrs = with_numbers(function.res_attrs, numbers, {})
    outputs = function.function_type.outputs.data
    function.function_type = FunctionType.from_lists([argument.type for argument in function.args], outputs)


def match(function: FuncOp, inputs: Sequence[Interface], shapes: Mapping[str, Shape]) -> dict[str, int]:
    """The number of each named dim. Raises where a shape does not fit, or a name would have two numbers."""
    numbers: dict[str, int] = {}
    origin: dict[str, str] = {}
    for item in inputs:
        if (shape := shapes.get(item.name)) is None:
            continue
        if len(shape) != len(item.dims):
            raise StepwellError(
                f"input '{item.name}' has {len(item.dims)} dims, but is bound to {say(shape)}, which has {len(shape)}",
                where=function,
                fix=f"its shape is {say(item.dims)}",
            )
        for axis, (dim, number) in enumerate(zip(item.dims, shape, strict=True)):
            if isinstance(dim, int) and dim != number:
                raise StepwellError(
                    f"dim {axis} of input '{item.name}' is {dim}, but is bound to {number}",
                    where=function,
                    fix=f"its shape is {say(item.dims)}",
                )
            if not isinstance(dim, str) or not dim:
                continue
            if numbers.setdefault(dim, number) != number:
                raise StepwellError(
                    f"dim '{dim}' is {numbers[dim]} in input '{origin[dim]}', but {number} in input '{item.name}'",
                    where=function,
                    fix="a dim of one name has one number",
                )
            origin.setdefault(dim, item.name)
    return numbers


def say(dims: Sequence[Dim]) -> str:
    return "x".join(str(dim) or "?" for dim in dims) or "scalar"


def with_numbers(
    attributes: ArrayAttr[DictionaryAttr] | None, numbers: Mapping[str, int], shapes: Mapping[str, Shape | None]
) -> ArrayAttr[DictionaryAttr] | None:
    """The same attributes with numbers for the dims that have one by now."""
    if attributes is None:
        return None
    changed: list[DictionaryAttr] = []
    for one in attributes.data:
        name, dims = one.data.get("stepwell.name"), dims_of(one.data)
        if dims is None:
            changed.append(one)
            continue
        shape = shapes.get(name.data) if isinstance(name, StringAttr) else None
        bound = shape or [numbers.get(dim, dim) if isinstance(dim, str) else dim for dim in dims]
        written = [StringAttr(dim) if isinstance(dim, str) else IntegerAttr(dim, i64) for dim in bound]
        changed.append(DictionaryAttr({**one.data, "stepwell.dims": ArrayAttr(written)}))
    return ArrayAttr(changed)
