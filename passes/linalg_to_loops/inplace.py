"""Which input of a kernel its output may overwrite: `stepwell.inplace` on the output's argument.

    func.func private @relu(%x: memref<4xf32>, %out: memref<4xf32> {stepwell.inplace = array<i64: 0>})

The caller may hand in one buffer as both when the input's contents are needed no more. That is safe when no op reads
the input after the output was first written, and an op that does both reads exactly the element that it then writes:
a generic with parallel loops only, equal indexing maps that are permutations, and operands whose types, which say
where each element lies from the buffer's start, are equal.
"""

from __future__ import annotations

from xdsl.dialects import func
from xdsl.dialects.builtin import ArrayAttr, DenseArrayBase, DictionaryAttr, MemRefType, i64
from xdsl.dialects.linalg import ops as linalg
from xdsl.ir import Attribute, Operation, SSAValue

from .aliases import reads_only_its_own_element

INPLACE = "stepwell.inplace"
VIEW_NAMES = frozenset(
    f"memref.{name}"
    for name in ("subview", "expand_shape", "collapse_shape", "cast", "reinterpret_cast", "extract_strided_metadata")
)


def touches(buffer: SSAValue) -> list[tuple[Operation, int]]:
    """(op, operand index) of all that reads or writes a buffer, through views as well."""
    found: list[tuple[Operation, int]] = []
    todo = [buffer]
    while todo:
        for use in todo.pop().uses:
            if use.operation.name in VIEW_NAMES:
                todo.extend(use.operation.results)
            else:
                found.append((use.operation, use.index))
    return found


def may_overwrite(function: func.FuncOp, source: SSAValue, out: SSAValue) -> bool:
    block = function.body.block
    position = {op: n for n, op in enumerate(block.ops)}
    writes = touches(out)
    if source.type != out.type or not writes:
        return False
    if any(op not in position or not isinstance(op, linalg.GenericOp | linalg.FillOp) for op, _ in writes):
        return False
    first = min(position[op] for op, _ in writes)
    for op, operand in touches(source):
        if op not in position or position[op] > first:
            return False
        if position[op] == first and not _in_step(op, operand, [index for other, index in writes if other is op]):
            return False
    return True


def _in_step(op: Operation, source: int, outs: list[int]) -> bool:
    if not isinstance(op, linalg.GenericOp) or len(outs) != 1:
        return False
    out = outs[0] - len(op.inputs)
    if out < 0 or op.operands[source].type != op.operands[outs[0]].type:
        return False
    return source < len(op.inputs) and reads_only_its_own_element(op, source, out)


def mark_inplace(function: func.FuncOp, inputs: int) -> None:
    """Set `stepwell.inplace` on the output arguments, those from number `inputs` on."""
    args = function.body.block.args
    attributes: list[dict[str, Attribute]] = [{} for _ in args]
    for out in args[inputs:]:
        safe = [
            source.index
            for source in args[:inputs]
            if isinstance(source.type, MemRefType) and may_overwrite(function, source, out)
        ]
        if safe:
            attributes[out.index][INPLACE] = DenseArrayBase.from_list(i64, safe)
    if any(attributes):
        function.properties["arg_attrs"] = ArrayAttr([DictionaryAttr(entry) for entry in attributes])
