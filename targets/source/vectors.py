"""Neighbours that a thread moves at once, in the languages that have a way to read a float4 among floats.

    %v = vector.load %x[%i] {alignment = 16 : i64} : memref<1024xf32>, vector<4xf32>
    vector.store %v, %t[%j] {alignment = 16 : i64} : memref<256xf32, #gpu.address_space<workgroup>>, vector<4xf32>
  is, in OpenCL C and in CUDA C++,
    const float4 v = vload4(0, &x[i]);                  const float4 v = *(const float4 *)&x[i];
    vstore4(v, 0, &t[j]);                               *(float4 *)&t[j] = v;

A language says how (`Vectors`). A shader of WGSL or GLSL could not: its buffer is an array of one type.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from stepwell.diagnostics import StepwellError
from stepwell.dialects.gpu.attributes import AddressSpace, space_of
from stepwell.dialects.lanes import element, lanes
from xdsl.dialects import vector
from xdsl.dialects.builtin import Float32Type, IntegerAttr, IntegerType
from xdsl.ir import Attribute, Operation

from .expressions import ATOM, Expr
from .kernel import KernelPrinter

PARTS = "xyzw"
WORD = 4
"""Bytes of an element."""


@dataclass(frozen=True)
class Vectors:
    """How a language reads, writes and makes vectors. {kind}: the vector's type, {n}: its elements, {at}: the first
    element in memory, {space}: what memory that is, {value}, {values}. `aligned`: only at multiples of its size."""

    read: str
    write: str
    made: str
    aligned: bool = True
    spaces: tuple[str, str] = ("", "")
    """Of the device's memory, and of a block's."""


BY_POINTER = Vectors("*(const {kind} *)&{at}", "*({kind} *)&{at} = {value};", "make_{kind}({values})")


def is_short(kind: Attribute) -> bool:
    """Whether it is a vector of a few elements of 32 bits."""
    of = element(kind)
    word = isinstance(of, Float32Type) or (isinstance(of, IntegerType) and of.width.data == 8 * WORD)
    return word and lanes(kind) in ((2,), (4,))


def count_of(printer: KernelPrinter, op: Operation, kind: Attribute) -> int:
    """How many elements a vector has that the language has a type for."""
    shape = lanes(kind)
    if shape is None or not is_short(kind):
        raise StepwellError(
            f"{printer.language.NAME} cannot move {kind} at once", op, fix="schedule.cache without `by`"
        )
    return shape[0]


def words(
    vectors: Vectors, printer: KernelPrinter, op: vector.LoadOp | vector.StoreOp, kind: Attribute
) -> dict[str, object]:
    """What a language's forms speak of."""
    count = count_of(printer, op, kind)
    given = op.attributes.get("alignment")
    known = given.value.data if isinstance(given, IntegerAttr) else WORD
    if vectors.aligned and known % (WORD * count):
        raise StepwellError(f"{printer.language.NAME} moves {kind} at multiples of {WORD * count} bytes", op)
    space = vectors.spaces[space_of(op.base.type) is AddressSpace.Workgroup]
    at = printer.element(op.base, op.indices)
    return {"kind": printer.language.type_name(kind, op), "n": count, "at": at, "space": space}


def write_load(vectors: Vectors, printer: KernelPrinter, op: Operation) -> None:
    assert isinstance(op, vector.LoadOp)
    printer.declare(op.result, Expr(vectors.read.format(**words(vectors, printer, op, op.result.type))))


def write_store(vectors: Vectors, printer: KernelPrinter, op: Operation) -> None:
    assert isinstance(op, vector.StoreOp)
    value, said = printer.use(op.vector), words(vectors, printer, op, op.vector.type)
    printer.settle()
    printer.line(vectors.write.format(value=value.text, **said))


def write_extract(vectors: Vectors, printer: KernelPrinter, op: Operation) -> None:
    assert isinstance(op, vector.ExtractOp)
    count_of(printer, op, op.vector.type)
    (n,) = op.static_position.get_values()
    if op.dynamic_position:
        raise StepwellError("which element of a vector is meant must be known", op)
    printer.known[op.result] = Expr(f"{printer.use(op.vector).at(ATOM)}.{PARTS[n]}")


def write_broadcast(vectors: Vectors, printer: KernelPrinter, op: Operation) -> None:
    assert isinstance(op, vector.BroadcastOp)
    kind = op.vector.type
    values = ", ".join([printer.use(op.source).text] * count_of(printer, op, kind))
    printer.declare(op.vector, Expr(vectors.made.format(kind=printer.language.type_name(kind, op), values=values)))


def vector_name(kind: Attribute, element_name: Callable[[Attribute], str]) -> str | None:
    """float4, int2; None for what is no such vector."""
    shape: Sequence[int] | None = lanes(kind)
    return f"{element_name(element(kind))}{shape[0]}" if shape is not None and is_short(kind) else None


WRITERS: dict[str, Callable[[Vectors, KernelPrinter, Operation], None]] = {
    "vector.load": write_load,
    "vector.store": write_store,
    "vector.extract": write_extract,
    "vector.broadcast": write_broadcast,
}


def statements(vectors: Vectors) -> dict[str, Callable[[KernelPrinter, Operation], None]]:
    """How these ops are written in a language."""
    return {name: partial(write, vectors) for name, write in WRITERS.items()}
