"""Whether `stepwell.signature` is what @main's own types say: a person may have edited it, and runtimes believe it.

    func.func @main(%image: memref<1x4xi8>, %out: memref<1x2xf32>, %weights: memref<64xi8>, %arena: memref<0xi8>)
      attributes {stepwell.signature = {inputs = [{name = "image", type = tensor<1x4xui8>}],
                                        outputs = [{name = "scores", type = tensor<1x2xf32>}]}, ...}

An argument and its entry have one shape, and elements that differ in their sign at most. Tensors are taken and given;
buffers are all taken, inputs first, and behind the outputs from level `program` on the weights and the arena. Pointers
(level `llvm`) have no shapes: of them only the number can be looked at.

For a device whose host converts what it hands over (level `device`), an int64 may be kept as an int32, a bool as an
int32, a float16 as a float32 or as its bits. Where memory is handed over as it is, that would be read past its end.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from xdsl.dialects.builtin import (
    DYNAMIC_INDEX,
    ArrayAttr,
    DictionaryAttr,
    FixedBitwidthType,
    IntegerType,
    MemRefType,
    ModuleOp,
    Signedness,
    StringAttr,
    TensorType,
)
from xdsl.ir import Attribute, Operation

from .diagnostics import StepwellError
from .manifest import ENTRY, SIGNATURE, has_dtype


def check_signature(module: ModuleOp, converted: bool = False) -> None:
    """Raise `StepwellError` where @main has a signature that it does not keep to.

    `converted`: whether buffers may hold another type than the tensors that are handed over.
    """
    for op in module.body.block.ops:
        name = op.properties.get("sym_name")
        if SIGNATURE in op.attributes and isinstance(name, StringAttr) and name.data == ENTRY:
            check_types(op, entries(op, "inputs"), entries(op, "outputs"), converted)


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
    main: Operation,
    inputs: list[tuple[str, TensorType[Attribute]]],
    outputs: list[tuple[str, TensorType[Attribute]]],
    converted: bool,
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
            if isinstance(type, TensorType | MemRefType):
                held = cast("TensorType[Attribute] | MemRefType[Attribute]", type)
                if shape_of(held) != shape_of(tensor) or not fits(held, tensor.element_type, converted):
                    raise wrong(main, f"'{name}' is {tensor} there, and {type} in @{ENTRY}")


def shape_of(type: TensorType[Attribute] | MemRefType[Attribute]) -> Sequence[int]:
    return type.get_shape()


def fits(held: TensorType[Attribute] | MemRefType[Attribute], said: Attribute, converted: bool) -> bool:
    """Whether elements of a signature's type are those of an argument, but for their sign."""
    if (found := signless(held.element_type)) == (wanted := signless(said)):
        return True
    if not converted or not isinstance(held, MemRefType) or not has_dtype(found):
        return False
    return isinstance(found, IntegerType) == isinstance(wanted, IntegerType) or bits(found) == bits(wanted)


def signless(element: Attribute) -> Attribute:
    if not isinstance(element, IntegerType):
        return element
    return IntegerType(cast("IntegerType[int, Signedness]", element).width.data)


def bits(element: Attribute) -> int:
    assert isinstance(element, FixedBitwidthType)
    return element.bitwidth


def wrong(main: Operation, what: str) -> StepwellError:
    return StepwellError(
        f"{SIGNATURE} is not what @{ENTRY} is: {what}",
        where=main,
        fix="let it say the names and types that the model had, or go down from a level above it",
    )
