"""Whether `stepwell.signature` is what @main's own types say: a person may have edited it, and runtimes believe it.

    func.func @main(%image: memref<1x4xi8>, %out: memref<1x2xf32>, %weights: memref<64xi8>, %arena: memref<0xi8>)
      attributes {stepwell.signature = {inputs = [{name = "image", type = tensor<1x4xui8>}],
                                        outputs = [{name = "scores", type = tensor<1x2xf32>}]}, ...}

An argument and its entry have one shape, and elements that differ in their sign at most. Tensors are taken and given;
buffers are all taken, inputs first, and behind the outputs from level `program` on the weights and the arena. Pointers
(level `llvm`) have no shapes: of them only the number can be looked at.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from xdsl.dialects.builtin import (
    DYNAMIC_INDEX,
    ArrayAttr,
    DictionaryAttr,
    IntegerType,
    MemRefType,
    ModuleOp,
    StringAttr,
    TensorType,
    i1,
)
from xdsl.ir import Attribute, Operation

from .diagnostics import StepwellError
from .manifest import ENTRY, SIGNATURE, has_dtype

SIDES = ("inputs", "outputs")


def check_signature(module: ModuleOp) -> None:
    """Raise `StepwellError` where @main has a signature that it does not keep to."""
    for op in module.body.block.ops:
        name = op.properties.get("sym_name")
        if SIGNATURE in op.attributes and isinstance(name, StringAttr) and name.data == ENTRY:
            sides = [entries(op, side) for side in SIDES]
            check_types(op, *sides)


def entries(main: Operation, side: str) -> list[tuple[str, TensorType[Attribute]]]:
    """(name, type) of each input, or output."""
    said = main.attributes[SIGNATURE]
    listed = said.data.get(side) if isinstance(said, DictionaryAttr) else None
    if not isinstance(listed, ArrayAttr):
        raise wrong(main, f"it has no array of {side}")
    found: list[tuple[str, TensorType[Attribute]]] = []
    for entry in cast("ArrayAttr[Attribute]", listed):
        name = entry.data.get("name") if isinstance(entry, DictionaryAttr) else None
        kind = entry.data.get("type") if isinstance(entry, DictionaryAttr) else None
        if not isinstance(name, StringAttr) or not isinstance(kind, TensorType):
            raise wrong(main, f"each of the {side} has a name and the type of a tensor")
        tensor = cast("TensorType[Attribute]", kind)
        if DYNAMIC_INDEX in tensor.get_shape() or not has_dtype(tensor.element_type):
            raise wrong(main, f"'{name.data}' is {tensor}, of which there are no programs")
        found.append((name.data, tensor))
    return found


def check_types(
    main: Operation, inputs: list[tuple[str, TensorType[Attribute]]], outputs: list[tuple[str, TensorType[Attribute]]]
) -> None:
    body = main.regions[0].blocks.first
    kind = main.properties.get("function_type")
    if body is None or kind is None:
        return
    taken, given = [arg.type for arg in body.args], list[Attribute]()
    if body.last_op is not None and body.last_op.name == "func.return":
        given = list(body.last_op.operand_types)
    wanted = [(inputs, taken, "takes"), (outputs, given, "gives")]
    if not given and (outputs or len(taken) > len(inputs)):
        wanted = [([*inputs, *outputs], taken, "takes")]
    for listed, types, does in wanted:
        if len(types) < len(listed) or (any(isinstance(t, TensorType) for t in types) and len(types) > len(listed)):
            raise wrong(main, f"it lists {len(listed)} tensors, and @{ENTRY} {does} {len(types)}")
        for (name, tensor), type in zip(listed, types, strict=False):
            if isinstance(type, TensorType | MemRefType) and not fits(cast("TensorType[Attribute]", type), tensor):
                raise wrong(main, f"'{name}' is {tensor} there, and {type} in @{ENTRY}")


def fits(type: TensorType[Attribute] | MemRefType[Attribute], said: TensorType[Attribute]) -> bool:
    return shape_of(type) == shape_of(said) and signless(type.element_type) == signless(said.element_type)


def shape_of(type: TensorType[Attribute] | MemRefType[Attribute]) -> Sequence[int]:
    return type.get_shape()


def signless(element: Attribute) -> Attribute:
    if not isinstance(element, IntegerType) or element == i1:
        return element
    return IntegerType(cast("IntegerType[int]", element).width.data)


def wrong(main: Operation, what: str) -> StepwellError:
    return StepwellError(
        f"{SIGNATURE} is not what @{ENTRY} is: {what}",
        where=main,
        fix="let it say the names and types that the model had, or go down from a level above it",
    )
