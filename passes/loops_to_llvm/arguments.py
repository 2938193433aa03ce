"""What LLVM may assume of a kernel's pointers: `noalias`, `readonly`, and an alignment.

A kernel's arguments are different buffers, except that plan-memory lets a kernel write over an input that dies with
it. So the calls are looked at: two arguments that are views of overlapping bytes in any call, one of them written,
are not `noalias`.

    func.call @k(%a, %b)      // %a = memref.view %arena[0], %b = memref.view %arena[0]: in place
    func.call @k(%c, %d)      // apart
  gives @k(%0: !llvm.ptr {llvm.align = 64}, %1: !llvm.ptr {llvm.align = 64}), neither noalias

A kernel that calls a function without a body, as it does where threads wait for one another, finds what it writes
changed behind its back: what it writes through is not `noalias` either.

A function that nobody calls is called from outside, with buffers that do not overlap.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import gcd, prod

from stepwell.dialects.lanes import memref_type
from xdsl.dialects import func, memref
from xdsl.dialects.arith import ConstantOp
from xdsl.dialects.builtin import IntegerAttr, MemRefType, ModuleOp, UnitAttr, i8
from xdsl.ir import Attribute, Operation, SSAValue

from .memory import element_bytes, static_strides

LINE = 64
"""Offsets in the arena and in the weights are multiples of a cache line; their bases are so aligned too."""

WRITES = {
    **{"memref.store": 1, "memref.copy": 1},
    **{"vector.store": 1, "vector.maskedstore": 0, "vector.transfer_write": 1},
    "amx.tile_store": 0,
}
"""Which operand an op writes through."""

SAME_START = (
    *("memref.collapse_shape", "memref.expand_shape", "memref.cast", "memref.assume_alignment"),
    "memref.extract_strided_metadata",
)
VIEWS = (*SAME_START, "memref.view", "memref.subview", "memref.reinterpret_cast")


@dataclass(frozen=True)
class Bytes:
    """A range of bytes of one buffer; `start` None: somewhere in it. `exact`: all of the range, not somewhere in it."""

    buffer: SSAValue
    start: int | None
    size: int
    exact: bool = True

    def overlaps(self, other: Bytes) -> bool:
        if self.buffer is not other.buffer:
            return False
        if self.start is None or other.start is None:
            return True
        return self.start < other.start + other.size and other.start < self.start + self.size


def bytes_of(value: SSAValue) -> Bytes:
    """Where in which buffer a memref lies, looking through views; a view at a place known only when run is all that
    it is a view of."""
    start, size, exact = 0, span(memref_type(value)), True
    while isinstance(op := value.owner, Operation) and op.name in VIEWS:
        value = op.operands[0]
        if op.name in SAME_START:
            continue
        offset = shift(op)
        if offset is None:
            start, size, exact = 0, span(memref_type(value)), False
        else:
            start += offset
    return Bytes(value, start, size, exact)


def span(type: MemRefType[Attribute]) -> int:
    """Bytes from the first element of a memref to behind its last."""
    shape, strides = type.get_shape(), static_strides(type)
    elements = 1 + sum((size - 1) * stride for size, stride in zip(shape, strides, strict=True))
    return elements * element_bytes(type.element_type) if prod(shape) else 0


def shift(view: Operation) -> int | None:
    """How many bytes behind the start of its source a view starts; None where that is not known."""
    if isinstance(view, memref.ViewOp):
        return constant(view.byte_shift)
    if not isinstance(view, memref.SubviewOp) or view.offsets:
        return None
    source = memref_type(view.source)
    steps = zip(view.static_offsets.get_values(), static_strides(source), strict=True)
    return sum(int(index) * stride for index, stride in steps) * element_bytes(source.element_type)


def constant(value: SSAValue) -> int | None:
    op = value.owner
    if isinstance(op, ConstantOp) and isinstance(op.value, IntegerAttr):
        return op.value.value.data
    return None


def written_arguments(op: Operation) -> set[int]:
    """Which arguments a function writes through; all that it passes on to another count."""
    written: set[int] = set()
    for inner in op.walk():
        if inner.name == "func.call":
            targets = [operand for operand in inner.operands if isinstance(operand.type, MemRefType)]
        elif inner.name in WRITES:
            targets = [inner.operands[WRITES[inner.name]]]
        else:
            continue
        for target in targets:
            root = bytes_of(target).buffer
            if root.owner is op.regions[0].blocks.first:
                written.add(root.index)  # pyright: ignore
    return written


def argument_attributes(module: ModuleOp) -> dict[str, list[dict[str, Attribute]]]:
    """The llvm argument attributes of each function that has a body."""
    functions = {op.sym_name.data: op for op in module.body.block.ops if isinstance(op, func.FuncOp) and op.body.blocks}
    written = {name: written_arguments(op) for name, op in functions.items()}
    aliased: dict[str, set[int]] = {name: set() for name in functions}
    aligned: dict[str, list[int]] = {}
    for caller in functions.values():
        for call in caller.walk():
            if isinstance(call, func.CallOp) and call.callee.string_value() not in functions:
                aliased[caller.sym_name.data] |= written[caller.sym_name.data]
            if isinstance(call, func.CallOp) and (name := call.callee.string_value()) in functions:
                ranges = [bytes_of(a) if isinstance(a.type, MemRefType) else None for a in call.arguments]
                aliased[name] |= overlapping(ranges, written[name])
                here = [alignment(r, caller) for r in ranges]
                aligned[name] = [gcd(a, b) for a, b in zip(here, aligned.get(name, here), strict=True)]
    return {
        name: [
            attributes(type, n, written[name], aliased[name], aligned.get(name))
            for n, type in enumerate(op.function_type.inputs)
        ]
        for name, op in functions.items()
    }


def overlapping(ranges: list[Bytes | None], written: set[int]) -> set[int]:
    found: set[int] = set()
    for i, one in enumerate(ranges):
        for j, other in enumerate(ranges[:i]):
            if one is not None and other is not None and (i in written or j in written) and one.overlaps(other):
                found |= {i, j}
    return found


def alignment(range: Bytes | None, caller: func.FuncOp) -> int:
    """Views of the byte buffers that plan-memory made start on lines; what a user hands in may start anywhere."""
    if range is None or range.start is None or not range.exact or not is_byte_buffer(range.buffer):
        return 1
    return gcd(range.start, LINE)


def is_byte_buffer(value: SSAValue) -> bool:
    """An arena, weights or workspace argument: bytes that are only looked at through views."""
    type = memref_type(value)
    if type.element_type != i8 or len(type.get_shape()) != 1:
        return False
    return any(use.operation.name == "memref.view" for use in value.uses)


def attributes(
    type: Attribute, n: int, written: set[int], aliased: set[int], aligned: list[int] | None
) -> dict[str, Attribute]:
    if not isinstance(type, MemRefType):
        return {}
    found: dict[str, Attribute] = {}
    if n not in aliased:
        found["llvm.noalias"] = UnitAttr()
    if n not in written:
        found["llvm.readonly"] = UnitAttr()
    if aligned is not None and aligned[n] >= 16:
        found["llvm.align"] = IntegerAttr(aligned[n], 64)
    return found
