"""What a loader must know of a compiled program, read off @main's attributes, and the weights packed for it.

    func.func @main(...) attributes {
      stepwell.signature = {inputs = [{name = "x", type = tensor<1x4xf32>}], outputs = [...]},
      stepwell.weights_layout = {fc.weight = 0 : i64}, stepwell.weights_size = 64 : i64,
      stepwell.arena_size = 128 : i64}
  gives
    {"inputs": [{"name": "x", "dtype": "float32", "shape": [1, 4]}], "outputs": [...],
     "arena_size": 128, "weights_size": 64, "entry": "main", "threads": 1}

An output whose size the data decide has besides "sizes": for each dim the number of the output that holds how many of
it count, or -1; and such an output has "hidden": true.
Where large weights may be shared with other programs there is "shared_weights": where in the block they begin.
An input that stands in an output's memory has besides "grows": that output's name; its shape is the output's.

The same attributes stand at the levels program and llvm, so both targets read them here.
"""

from __future__ import annotations

from typing import Any, TypeVar, cast

import numpy as np
from xdsl.dialects.builtin import (
    ArrayAttr,
    BFloat16Type,
    DenseArrayBase,
    DictionaryAttr,
    Float16Type,
    Float32Type,
    Float64Type,
    IndexType,
    IntegerAttr,
    IntegerType,
    ModuleOp,
    Signedness,
    StringAttr,
    TensorType,
)
from xdsl.ir import Attribute, Operation

from .context import Context
from .diagnostics import StepwellError

ENTRY = "main"
SIGNATURE = "stepwell.signature"
GROWS = "stepwell.grows"
"""Of an argument of @main: the name of the output whose memory it is, see `grow-in-place`."""
WEIGHTS_LAYOUT = "stepwell.weights_layout"
WEIGHTS_SIZE = "stepwell.weights_size"
SHARED_WEIGHTS = "stepwell.shared_weights"
"""Where in the block of weights those begin that programs may share; the block itself begins with this number."""
ARENA_SIZE = "stepwell.arena_size"
THREADS = "stepwell.threads"

DTYPE_NAMES: dict[type[Attribute], str] = {
    Float16Type: "float16",
    Float32Type: "float32",
    Float64Type: "float64",
    IndexType: "int64",
    BFloat16Type: "bfloat16",
}

A = TypeVar("A", bound=Attribute)


def has_dtype(element: Attribute) -> bool:
    return isinstance(element, IntegerType) or type(element) in DTYPE_NAMES


def dtype_name(element: Attribute) -> str:
    """The numpy name of an element type; signless integers are signed, i1 is bool."""
    if isinstance(element, IntegerType):
        integer = cast(IntegerType[int, Signedness], element)
        width = integer.width.data
        if width == 1:
            return "bool"
        return f"uint{width}" if integer.signedness.data == Signedness.UNSIGNED else f"int{width}"
    if (name := DTYPE_NAMES.get(type(element))) is None:
        raise StepwellError(f"values of {element} are not supported", fix="export the model with ordinary numbers")
    return name


def entry_of(module: ModuleOp) -> Operation:
    """The function @main, whichever dialect it stands in."""
    for op in module.body.block.ops:
        name = op.properties.get("sym_name")
        if isinstance(name, StringAttr) and name.data == ENTRY:
            return op
    raise StepwellError(f"the module has no function @{ENTRY}", module)


def manifest_of(module: ModuleOp) -> dict[str, Any]:
    """The manifest of a module at level program or llvm."""
    main = entry_of(module)
    signature = _attribute(main, SIGNATURE, DictionaryAttr)
    return {
        "inputs": [_describe(value) for value in _entries(signature, "inputs")],
        "outputs": [_describe(value) for value in _entries(signature, "outputs")],
        "arena_size": integer_attribute(main, ARENA_SIZE),
        "weights_size": integer_attribute(main, WEIGHTS_SIZE),
        "entry": ENTRY,
        "threads": integer_attribute(main, THREADS) if THREADS in main.attributes else 1,
        **({"shared_weights": integer_attribute(main, SHARED_WEIGHTS)} if SHARED_WEIGHTS in main.attributes else {}),
    }


def pack_weights(ctx: Context, module: ModuleOp) -> bytearray:
    """The bytes that @main's weights argument points at: each weight at its offset, zeros between."""
    main = entry_of(module)
    packed = bytearray(integer_attribute(main, WEIGHTS_SIZE))
    into = np.frombuffer(packed, dtype=np.uint8)
    for key, offset in _attribute(main, WEIGHTS_LAYOUT, DictionaryAttr).data.items():
        assert isinstance(offset, IntegerAttr)
        start = offset.value.data
        weight = np.ascontiguousarray(ctx.weights[key]).reshape(-1).view(np.uint8)
        into[start : start + weight.size] = weight
    if SHARED_WEIGHTS in main.attributes:
        into[:8].view(np.int64)[0] = integer_attribute(main, SHARED_WEIGHTS)
    return packed


def integer_attribute(main: Operation, name: str) -> int:
    return _attribute(main, name, IntegerAttr).value.data


def _attribute(main: Operation, name: str, kind: type[A]) -> A:
    found = main.attributes.get(name)
    if not isinstance(found, kind):
        raise StepwellError(f"@{ENTRY} has no {name}", main, fix="run graph-to-linalg and plan-memory first")
    return found


def _entries(signature: DictionaryAttr, side: str) -> list[DictionaryAttr]:
    return list(cast(ArrayAttr[DictionaryAttr], signature.data[side]))


def _describe(entry: DictionaryAttr) -> dict[str, Any]:
    name = cast(StringAttr, entry.data["name"])
    kind = cast(TensorType[Attribute], entry.data["type"])
    said: dict[str, Any] = {"name": name.data, "dtype": dtype_name(kind.element_type), "shape": list(kind.get_shape())}
    sizes = entry.data.get("sizes")
    if isinstance(sizes, DenseArrayBase):
        said["sizes"] = [int(n) for n in sizes.get_values()]
    if isinstance(grows := entry.data.get("grows"), StringAttr):
        said["grows"] = grows.data
    return said | ({"hidden": True} if "hidden" in entry.data else {})
