"""What a model takes and gives: names, dtypes and dims, read off @main; and the check of what a caller hands in.

func.func @main(%x: tensor<?x3x224x224xf32> {stepwell.name = "input", stepwell.dims = ["batch", 3, 224, 224]})
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import numpy.typing as npt
from xdsl.dialects import builtin, func
from xdsl.dialects.builtin import ArrayAttr, DictionaryAttr, ModuleOp, StringAttr, TensorType, UnrankedTensorType
from xdsl.ir import Attribute

from .diagnostics import InputError, StepwellError
from .manifest import dtype_name

Array = npt.NDArray[Any]

BY_VALUE = "stepwell.by_value"
"""Marks an argument of @main whose value a program is made for, as it is for the shapes of all."""

NAME, SIZES, HIDDEN = "stepwell.name", "stepwell.sizes", "stepwell.hidden"
"""Of a result of @main: its name; of each dim, the number of the result that tells how many of it count, or -1 where
all do; that it is such a number, which the runtime reads and no user sees."""

NEXT_STAGE = "next_stage"
"""The function of what comes behind the point at which a model is cut, see `split-stages`."""

ANY_RANK = "..."
"""Stands for all dims of an output whose rank follows from what the inputs hold."""


@dataclass(frozen=True)
class TensorSpec:
    """One input or output: its name in the model, a dtype, and its dims, each a size or the name of a symbol."""

    name: str
    dtype: str
    dims: tuple[int | str, ...]

    def __str__(self) -> str:
        return f"{self.dtype}[{', '.join(str(dim or '?') for dim in self.dims)}]"


@dataclass(frozen=True)
class Interface:
    """What a model takes and gives.

    `by_value`: the names of the inputs whose values, too, a program is made for (axes, repeats, sizes).
    """

    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    by_value: tuple[str, ...] = ()

    def static_shapes(self) -> tuple[tuple[int, ...], ...] | None:
        """The shapes of the inputs; None when any dim is symbolic."""
        shapes = tuple(tuple(dim for dim in spec.dims if isinstance(dim, int)) for spec in self.inputs)
        ranks = tuple(len(spec.dims) for spec in self.inputs)
        return shapes if tuple(map(len, shapes)) == ranks else None


def to_json(interface: Interface) -> bytes:
    sides = {"inputs": interface.inputs, "outputs": interface.outputs}
    said: dict[str, Any] = {side: [[s.name, s.dtype, s.dims] for s in specs] for side, specs in sides.items()}
    return json.dumps({**said, "by_value": interface.by_value}).encode()


def from_json(text: bytes) -> Interface:
    said = json.loads(text)
    inputs, outputs = (tuple(TensorSpec(n, t, tuple(d)) for n, t, d in said[side]) for side in ("inputs", "outputs"))
    return Interface(inputs, outputs, tuple(said["by_value"]))


def main_function(module: ModuleOp) -> func.FuncOp:
    """@main. Raises `StepwellError` when the module has none."""
    for op in module.body.block.ops:
        if isinstance(op, func.FuncOp) and op.sym_name.data == "main":
            if op.is_declaration:
                raise StepwellError("@main is only declared", where=op, fix="give it a body")
            return op
    raise StepwellError("the module has no function @main", fix="a program starts at func.func @main")


def interface_of(module: ModuleOp) -> Interface:
    """What @main takes and gives; from its own attributes at the graph levels, from `stepwell.signature` below them."""
    if (below := _signature(module)) is not None:
        return below
    main = main_function(module)
    types = main.function_type
    inputs = _specs(types.inputs.data, main.arg_attrs, "arg")
    said = main.arg_attrs.data if main.arg_attrs is not None else ()
    return Interface(
        inputs,
        _specs(types.outputs.data, main.res_attrs, "result"),
        tuple(spec.name for spec, entry in zip(inputs, said, strict=False) if BY_VALUE in entry.data),
    )


def _signature(module: ModuleOp) -> Interface | None:
    for op in module.body.block.ops:
        signature = op.attributes.get("stepwell.signature")
        if isinstance(signature, DictionaryAttr):
            sides = (cast("ArrayAttr[DictionaryAttr]", signature.data[side]) for side in ("inputs", "outputs"))
            inputs, outputs = (tuple(_spec_of(e) for e in side if "hidden" not in e.data) for side in sides)
            return Interface(inputs, outputs)
    return None


def _spec_of(entry: DictionaryAttr) -> TensorSpec:
    name = cast(StringAttr, entry.data["name"])
    kind = cast("TensorType[Attribute]", entry.data["type"])
    return TensorSpec(name.data, dtype_name(kind.element_type), tuple(kind.get_shape()))


def _specs(types: Sequence[Attribute], attrs: ArrayAttr[DictionaryAttr] | None, side: str) -> tuple[TensorSpec, ...]:
    specs: list[TensorSpec] = []
    for i, kind in enumerate(types):
        said: Mapping[str, Attribute] = attrs.data[i].data if attrs is not None else {}
        if HIDDEN in said:
            continue
        name = said.get(NAME)
        label = name.data if isinstance(name, StringAttr) else f"{side}{i}"
        if isinstance(kind, UnrankedTensorType) and side == "result":
            element = cast("UnrankedTensorType[Attribute]", kind).element_type
            specs.append(TensorSpec(label, dtype_name(element), (ANY_RANK,)))
            continue
        if not isinstance(kind, TensorType):
            raise StepwellError(
                f"'{label}' is of type {kind}", fix="only tensors of known rank can be handed in and out"
            )
        tensor = cast("TensorType[Attribute]", kind)
        specs.append(TensorSpec(label, dtype_name(tensor.element_type), _dims(tensor, said.get("stepwell.dims"))))
    return tuple(specs)


def _dims(kind: TensorType[Attribute], said: Attribute | None) -> tuple[int | str, ...]:
    shape = kind.get_shape()
    names = cast("ArrayAttr[Attribute]", said).data if isinstance(said, ArrayAttr) else ()
    if len(names) != len(shape):
        return tuple("" if size == builtin.DYNAMIC_INDEX else size for size in shape)
    return tuple(
        size if size != builtin.DYNAMIC_INDEX else (dim.data if isinstance(dim, StringAttr) else "")
        for size, dim in zip(shape, names, strict=True)
    )


def check_feeds(interface: Interface, feeds: Mapping[str, Array]) -> None:
    """Hold what a caller hands in against the interface. Raises `InputError` naming the first input that is wrong."""
    names = [spec.name for spec in interface.inputs]
    for name in feeds:
        if name not in names:
            near = difflib.get_close_matches(str(name), names, 1)
            raise InputError(
                f"the model has no input '{name}'",
                fix=(f"did you mean '{near[0]}'? " if near else "") + f"its inputs are {_listed(interface.inputs)}",
            )
    bound: dict[str, tuple[int, str]] = {}
    for spec in interface.inputs:
        if spec.name not in feeds:
            raise InputError(f"input '{spec.name}' is missing", fix=f"hand in {_listed(interface.inputs)}")
        _check_one(spec, feeds[spec.name], bound)


def check_out(interface: Interface, feeds: Mapping[str, Array], out: Mapping[str, Array]) -> None:
    """Hold the arrays that outputs are to be written to against the interface, and against the inputs: only of an
    output that goes on where an input stops may the memory be that input's, from its first element on."""
    specs = {spec.name: spec for spec in interface.outputs}
    for name, array in out.items():
        if name not in specs:
            raise InputError(f"the model has no output '{name}'", fix=f"its outputs are {_listed(interface.outputs)}")
        if array.dtype.name != specs[name].dtype:
            raise InputError(f"out['{name}'] is {array.dtype.name}, but the output is {specs[name].dtype}")
        if not array.flags.c_contiguous or not array.flags.writeable:
            raise InputError(
                f"out['{name}'] cannot be written to in one piece", fix="hand in numpy.empty(shape, dtype)"
            )
        for other, given in out.items():
            if other != name and np.may_share_memory(array, given):
                raise InputError(f"out['{name}'] shares memory with out['{other}']")
        for feed, given in feeds.items():
            if np.may_share_memory(array, given) and not is_start(given, array):
                raise InputError(
                    f"out['{name}'] shares memory with input '{feed}'",
                    fix="only what the output is a longer version of may be there: hand in a view of its first rows",
                )


def is_start(rows: Array, whole: Array) -> bool:
    """Whether `rows` are a view of the first elements of `whole` along each dim, and fewer than all."""
    first = rows.__array_interface__["data"][0] == whole.__array_interface__["data"][0]
    return first and rows.strides == whole.strides and rows.shape != whole.shape


def _check_one(spec: TensorSpec, array: Array, bound: dict[str, tuple[int, str]]) -> None:
    if not isinstance(array, np.ndarray):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise InputError(
            f"input '{spec.name}' is a {type(array).__name__}, not a numpy array",
            fix=f"hand in numpy.asarray(x, dtype='{spec.dtype}')",
        )
    if array.dtype.name != spec.dtype:
        raise InputError(
            f"input '{spec.name}' is {array.dtype.name}, but the model takes {spec.dtype}",
            fix=f"convert it: x.astype('{spec.dtype}')",
        )
    if array.dtype.byteorder not in ("=", "|") and not array.dtype.isnative:
        raise InputError(f"input '{spec.name}' has foreign byte order", fix=f"convert it: x.astype('{spec.dtype}')")
    if array.ndim != len(spec.dims):
        raise InputError(
            f"input '{spec.name}' has {array.ndim} dims {array.shape}, but the model takes {spec}",
            fix="add or drop dims: x[None] adds one in front, x.reshape(...) does the rest",
        )
    for axis, (got, want) in enumerate(zip(array.shape, spec.dims, strict=True)):
        if isinstance(want, int):
            if got != want:
                raise InputError(
                    f"input '{spec.name}' has shape {list(array.shape)}: dim {axis} is {got}, "
                    f"but the model takes {spec}",
                    fix=f"make dim {axis} {want}",
                )
        elif want:
            known = bound.setdefault(want, (got, spec.name))
            if known[0] != got:
                raise InputError(
                    f"'{want}' is {known[0]} in input '{known[1]}' and {got} in input '{spec.name}' (dim {axis})",
                    fix="inputs that share a symbol must agree on it",
                )


def _listed(specs: Sequence[TensorSpec]) -> str:
    return ", ".join(f"'{spec.name}' {spec}" for spec in specs)
