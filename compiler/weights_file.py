"""Weights in a file: safetensors, read by memory map.

    8 bytes: n, the header's length    n bytes of JSON: {"conv1.weight": {"dtype": "F32", "shape": [8, 3, 3, 3],
                                                         "data_offsets": [0, 864]}, ...}    the data

The format's own library reads bfloat16 only into a framework and copies what it reads; ours maps the file, so that a
weight is read when it is first touched, and keeps every dtype that numpy (with ml_dtypes) has: those which
the format has no name for are written as raw bytes, with their dtype and shape in the format's `__metadata__`.
"""

from __future__ import annotations

import json
import math
import mmap
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from .diagnostics import StepwellError

Array = npt.NDArray[Any]

NAMES = {
    "bool": "BOOL",
    "uint8": "U8",
    "int8": "I8",
    "uint16": "U16",
    "int16": "I16",
    "uint32": "U32",
    "int32": "I32",
    "uint64": "U64",
    "int64": "I64",
    "float16": "F16",
    "bfloat16": "BF16",
    "float32": "F32",
    "float64": "F64",
    "float8_e4m3fn": "F8_E4M3",
    "float8_e5m2": "F8_E5M2",
}
DTYPES = {name: dtype for dtype, name in NAMES.items()}
RAW = "stepwell.raw."
"""`__metadata__` of a weight that is stored as bytes: "stepwell.raw.key" → "int4 3x5"."""
LARGEST_HEADER = 100_000_000
"""The format's own limit, in bytes."""


def dtype_of(name: str) -> np.dtype[Any]:
    """A dtype by numpy's name, or ml_dtypes'."""
    try:
        return np.dtype(name)
    except TypeError:
        import ml_dtypes

        return np.dtype(getattr(ml_dtypes, name))


def bytes_of(array: Array) -> memoryview:
    return np.ascontiguousarray(array).reshape(-1).view(np.uint8).data


def write_weights(path: Path, arrays: Mapping[str, Array]) -> None:
    """Write `arrays` beside, then rename: a reader never sees half a file."""
    header: dict[str, Any] = {}
    metadata: dict[str, str] = {}
    offset = 0
    # Wide elements first, so that each weight stands at a multiple of its element's size.
    keys = sorted(arrays, key=lambda key: -arrays[key].dtype.itemsize)
    for key in keys:
        array = arrays[key]
        dtype, shape = NAMES.get(array.dtype.name), list(array.shape)
        if dtype is None:
            metadata[RAW + key] = f"{array.dtype.name} {'x'.join(str(n) for n in shape)}"
            dtype, shape = "U8", [array.nbytes]
        header[key] = {"dtype": dtype, "shape": shape, "data_offsets": [offset, offset + array.nbytes]}
        offset += array.nbytes
    text = json.dumps({"__metadata__": metadata, **header} if metadata else header).encode()
    text += b" " * (-(8 + len(text)) % 64)
    beside = path.with_name(path.name + ".part")
    with beside.open("wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for key in keys:
            file.write(bytes_of(arrays[key]))
    beside.replace(path)


def read_weights(path: Path, keys: Collection[str]) -> dict[str, Array]:
    """Those of `keys` that the file has, as read-only arrays on a map of it."""
    try:
        with path.open("rb") as file:
            data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except FileNotFoundError:
        raise StepwellError(
            f"the weights file {path} is missing", fix="keep it beside the .mlir that it was written with"
        ) from None
    except (OSError, ValueError) as error:
        raise StepwellError(f"the weights file {path} cannot be read: {error}") from None
    try:
        return parse_weights(data, keys)
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise StepwellError(f"the weights file {path} is damaged: {error}", fix="write the dump again") from None


def parse_weights(data: mmap.mmap, keys: Collection[str]) -> dict[str, Array]:
    length = int.from_bytes(data[:8], "little")
    if len(data) < 8 or length > min(LARGEST_HEADER, len(data) - 8):
        raise ValueError("its header is longer than the file")
    header = cast(dict[str, Any], json.loads(data[8 : 8 + length]))
    metadata = cast(dict[str, str], header.get("__metadata__", {}))
    start = 8 + length
    found: dict[str, Array] = {}
    for key in keys:
        if key not in header or key == "__metadata__":
            continue
        entry = header[key]
        begin, end = (int(n) for n in entry["data_offsets"])
        shape = tuple(int(n) for n in entry["shape"])
        dtype = dtype_of(DTYPES[entry["dtype"]])
        if (raw := metadata.get(RAW + key)) is not None:
            name, _, dims = raw.partition(" ")
            dtype, shape = dtype_of(name), tuple(int(n) for n in dims.split("x") if n)
        size = math.prod(shape) * dtype.itemsize
        if min(shape, default=0) < 0 or begin < 0 or end - begin != size or start + end > len(data):
            raise ValueError(f"'{key}' does not lie within it")
        found[key] = np.frombuffer(data, np.uint8, size, start + begin).view(dtype).reshape(shape)
    return found
