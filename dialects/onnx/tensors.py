"""Tensors of a model file as numpy arrays, and arrays as attributes.

A TensorProto keeps its values in one of three ways: raw little-endian bytes, a list of numbers, or a range of another
file. Each may claim dims that its data do not have, and the other file may be anywhere: both are checked here. Data in
other files are memory-mapped, so that a model of many gigabytes costs only what is read.
"""

from __future__ import annotations

import math
import os
from dataclasses import dataclass, field
from pathlib import Path, PureWindowsPath
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from stepwell.context import Context
from stepwell.diagnostics import StepwellError
from xdsl.dialects.builtin import (
    ArrayAttr,
    BytesAttr,
    DenseIntOrFPElementsAttr,
    DenseResourceAttr,
    StringAttr,
    TensorType,
)
from xdsl.ir import Attribute

from .types import ELEMENTS, StringsAttr

if TYPE_CHECKING:
    from onnx import SparseTensorProto, TensorProto

Array = npt.NDArray[Any]
TensorAttribute = DenseIntOrFPElementsAttr[Any] | DenseResourceAttr | StringsAttr

MOST_INLINE = 16
"""Arrays of up to so many elements stand in the text itself."""

MOST_DIMS = 32
"""More than any operator takes, and half of numpy's own limit."""

MOST_DENSE = 1 << 28
"""Bytes that a sparse tensor may grow to when it is made dense; its dims alone cost a hostile file nothing."""

# Elements that xDSL prints as a person would and reads back to the bit.
INLINE_DTYPES = frozenset(
    ("float32", "float64", "bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")
)

# number in TensorProto.DataType -> (numpy's dtype, field of the values as numbers, dtype of that field)
# Sixteen-bit floats and all that is narrower stand in int32_data as bit patterns.
DTYPES: dict[int, tuple[str, str, str]] = {
    1: ("float32", "float_data", "float32"),
    2: ("uint8", "int32_data", "int32"),
    3: ("int8", "int32_data", "int32"),
    4: ("uint16", "int32_data", "int32"),
    5: ("int16", "int32_data", "int32"),
    6: ("int32", "int32_data", "int32"),
    7: ("int64", "int64_data", "int64"),
    9: ("bool", "int32_data", "int32"),
    10: ("float16", "int32_data", "int32"),
    11: ("float64", "double_data", "float64"),
    12: ("uint32", "uint64_data", "uint64"),
    13: ("uint64", "uint64_data", "uint64"),
    14: ("complex64", "float_data", "float32"),
    15: ("complex128", "double_data", "float64"),
    16: ("bfloat16", "int32_data", "int32"),
    17: ("float8_e4m3fn", "int32_data", "int32"),
    18: ("float8_e4m3fnuz", "int32_data", "int32"),
    19: ("float8_e5m2", "int32_data", "int32"),
    20: ("float8_e5m2fnuz", "int32_data", "int32"),
    21: ("uint4", "int32_data", "int32"),
    22: ("int4", "int32_data", "int32"),
    23: ("float4_e2m1fn", "int32_data", "int32"),
    24: ("float8_e8m0fnu", "int32_data", "int32"),
    25: ("uint2", "int32_data", "int32"),
    26: ("int2", "int32_data", "int32"),
}

# Elements narrower than a byte: how many bits each has. They stand packed, the first in the low bits.
PACKED = {21: 4, 22: 4, 23: 4, 25: 2, 26: 2}

# Bit patterns in int32_data, not numbers: the unsigned integer of their width.
PATTERNS = {10: "uint16", 16: "uint16", 17: "uint8", 18: "uint8", 19: "uint8", 20: "uint8", 24: "uint8"}


@dataclass
class TensorReader:
    """Reads the tensors of one model. `folder` is where its data files may lie; None when it came without a folder."""

    folder: Path | None
    _files: dict[str, Array] = field(default_factory=dict[str, Array])

    def read(self, proto: TensorProto, what: str) -> Array:
        """The values of `proto`. `what` names it in errors; so does every StepwellError that this raises."""
        shape = self._shape(proto.dims, what)
        number = proto.data_type
        if number == 8:
            return self._strings(proto, shape, what)
        if number not in DTYPES:
            known = ELEMENTS.get(number)
            raise StepwellError(f"{what} has elements of type {known[0] if known else number}, which is not supported")
        if proto.HasField("segment"):
            raise StepwellError(f"{what} is one segment of a tensor, which is not supported")
        dtype = _dtype(number)
        count = math.prod(shape)
        bits = PACKED.get(number)
        size = count * dtype.itemsize if bits is None else (count * bits + 7) // 8
        if proto.data_location == proto.EXTERNAL:
            data = self._external(proto, size, what)
        elif proto.HasField("raw_data"):
            data = np.frombuffer(proto.raw_data, np.uint8)
        else:
            return self._numbers(proto, shape, what)
        if data.size != size:
            raise StepwellError(f"{what} has {data.size} bytes of data, but its dims {list(shape)} need {size}")
        if bits is not None:
            return _unpack(data, bits, count, dtype).reshape(shape)
        if dtype == np.bool_:
            return (data != 0).reshape(shape)
        array = data.view(dtype.newbyteorder("<") if dtype.kind in "iufc" else dtype).reshape(shape)
        return array if array.flags.aligned else array.copy()

    def read_sparse(self, proto: SparseTensorProto, what: str) -> Array:
        """A sparse tensor, made dense."""
        shape = self._shape(proto.dims, what)
        values = self.read(proto.values, f"the values of {what}")
        indices = self.read(proto.indices, f"the indices of {what}")
        count = math.prod(shape)
        if count * values.dtype.itemsize > MOST_DENSE:
            raise StepwellError(f"{what} with dims {list(shape)} is too big to be made dense")
        if values.ndim != 1 or indices.dtype != np.int64:
            raise StepwellError(f"{what} must have a list of values and indices of type int64")
        if indices.shape == (values.size,):
            flat = indices
        elif indices.shape == (values.size, len(shape)):
            if indices.size and ((indices < 0).any() or (indices >= np.array(shape)).any()):
                raise StepwellError(f"{what} has an index outside of its dims {list(shape)}")
            strides = [math.prod(shape[i + 1 :]) for i in range(len(shape))]
            flat = indices @ np.array(strides, np.int64)
        else:
            raise StepwellError(f"{what} has {values.size} values, but indices of shape {list(indices.shape)}")
        if flat.size and (flat.min() < 0 or flat.max() >= count):
            raise StepwellError(f"{what} has an index outside of its dims {list(shape)}")
        dense = np.zeros(count, values.dtype)
        dense[flat] = values
        return dense.reshape(shape)

    def _shape(self, dims: Any, what: str) -> tuple[int, ...]:
        shape = tuple(int(dim) for dim in dims)
        if len(shape) > MOST_DIMS:
            raise StepwellError(f"{what} has {len(shape)} dims; at most {MOST_DIMS} are supported")
        if any(dim < 0 for dim in shape):
            raise StepwellError(f"{what} has a negative dim: {list(shape)}")
        return shape

    def _numbers(self, proto: TensorProto, shape: tuple[int, ...], what: str) -> Array:
        number, count = proto.data_type, math.prod(shape)
        dtype = _dtype(number)
        _, name, listed = DTYPES[number]
        values = np.array(getattr(proto, name), listed)
        bits = PACKED.get(number)
        per_element = 2 if dtype.kind == "c" else 1
        expected = count * per_element if bits is None else (count * bits + 7) // 8
        if values.size != expected:
            raise StepwellError(
                f"{what} has {values.size} values in {name}, but its dims {list(shape)} need {expected}"
            )
        if dtype.kind == "c":
            return values.view(dtype).reshape(shape)
        if dtype == np.bool_:
            return (values != 0).reshape(shape)
        narrow = np.dtype("uint8" if bits is not None else PATTERNS.get(number, dtype))
        array = values.astype(narrow)
        if values.dtype.kind in "iu" and not np.array_equal(array.astype(values.dtype), values):
            raise StepwellError(f"{what} has a value in {name} that does not fit {narrow}")
        if bits is not None:
            return _unpack(array, bits, count, dtype).reshape(shape)
        return array.view(dtype).reshape(shape)

    def _strings(self, proto: TensorProto, shape: tuple[int, ...], what: str) -> Array:
        if proto.data_location == proto.EXTERNAL or proto.HasField("raw_data"):
            raise StepwellError(f"{what} is a tensor of strings, whose data must stand in string_data")
        if len(proto.string_data) != math.prod(shape):
            raise StepwellError(
                f"{what} has {len(proto.string_data)} strings, but its dims {list(shape)} need {math.prod(shape)}"
            )
        array = np.empty(len(proto.string_data), object)
        for i, text in enumerate(proto.string_data):
            try:
                array[i] = text.decode()
            except UnicodeDecodeError:
                raise StepwellError(f"{what} has a string that is not UTF-8 at {i}") from None
        return array.reshape(shape)

    def _external(self, proto: TensorProto, size: int, what: str) -> Array:
        entries = {entry.key: entry.value for entry in proto.external_data}
        data = self._file(entries.get("location", ""), what)
        offset = _number(entries.get("offset", "0"), "offset", what)
        length = _number(entries["length"], "length", what) if "length" in entries else size
        if length != size:
            raise StepwellError(f"{what} has {length} bytes of data, but its dims {list(proto.dims)} need {size}")
        if offset + length > data.size:
            raise StepwellError(
                f"{what} lies at bytes {offset} to {offset + length} of '{entries['location']}', which has {data.size}",
                fix="the file is not complete, or belongs to another model: fetch it again",
            )
        return data[offset : offset + length]

    def _file(self, location: str, what: str) -> Array:
        """The bytes of a data file beside the model, mapped once. A path may lead nowhere but into the folder."""
        if self.folder is None:
            raise StepwellError(
                f"{what} has its data in another file, '{location}'",
                fix="give the path of the model instead of its bytes, so that its folder is known",
            )
        if location in self._files:
            return self._files[location]
        outside = StepwellError(
            f"{what} has its data in '{location}', which is not inside the model's folder",
            fix="data files must lie beside the model, under a relative path; no link may lead out of the folder",
        )
        windows = PureWindowsPath(location)
        if not location or "\0" in location:
            raise StepwellError(f"{what} has its data in another file, but does not name it")
        if Path(location).is_absolute() or windows.drive or windows.root or ".." in windows.parts:
            raise outside
        root = os.path.realpath(self.folder)
        path = os.path.realpath(os.path.join(root, location))
        if os.path.commonpath((root, path)) != root:
            raise outside
        if not os.path.isfile(path):
            raise StepwellError(
                f"{what} has its data in '{location}', and there is no such file beside the model",
                fix="fetch the data file and put it into the model's folder",
            )
        try:
            size = os.path.getsize(path)
            data = np.memmap(path, np.uint8, "r") if size else np.empty(0, np.uint8)
        except OSError as error:
            raise StepwellError(f"the data file '{location}' cannot be read: {error.strerror}") from None
        self._files[location] = data
        return data


def _dtype(number: int) -> np.dtype[Any]:
    name = DTYPES[number][0]
    try:
        return np.dtype(name)
    except TypeError:
        import ml_dtypes  # comes with onnx; its dtypes are numpy's once it is imported

        return np.dtype(getattr(ml_dtypes, name))


def _unpack(data: Array, bits: int, count: int, dtype: np.dtype[Any]) -> Array:
    """Elements of `bits` bits as one a byte."""
    shifts = np.arange(0, 8, bits, dtype=np.uint8)
    codes = ((data[:, None] >> shifts) & ((1 << bits) - 1)).reshape(-1)[:count]
    if dtype.name.startswith("int"):
        codes = (codes.astype(np.int8) ^ (1 << (bits - 1))) - (1 << (bits - 1))  # extend the sign
        return codes.astype(np.int8).astype(dtype)
    return codes.astype(dtype) if dtype.name.startswith("uint") else codes.astype(np.uint8).view(dtype)


def _number(text: str, name: str, what: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 20):
        raise StepwellError(f"{what} has '{text[:40]}' as the {name} of its data; it must be a number")
    return int(text)


def tensor_attribute(ctx: Context, hint: str, array: Array, element: Attribute) -> TensorAttribute:
    """An array as attribute: in the text when it is small, else a reference to the weights table."""
    type: TensorType[Any] = TensorType(element, array.shape)
    if array.dtype == object:
        return StringsAttr(ArrayAttr([StringAttr(text) for text in array.reshape(-1)]), type)
    if array.size <= MOST_INLINE and array.dtype.name in INLINE_DTYPES and not _mixes_zeros(array):
        # As xDSL packs it, true has all bits set.
        packed = -array.view(np.int8) if array.dtype == np.bool_ else array
        return DenseIntOrFPElementsAttr(type, BytesAttr(packed.tobytes()))
    return DenseResourceAttr(StringAttr(ctx.weights.add(hint, array)), type)


def _mixes_zeros(array: Array) -> bool:
    """0.0 and -0.0 in one array of zeros: xDSL takes it for a splat of the first, and would print that."""
    if array.dtype.kind != "f" or array.size < 2 or array.any():
        return False
    signs = np.signbit(array)
    return bool(signs.any() and not signs.all())
