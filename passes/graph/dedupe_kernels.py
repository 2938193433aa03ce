"""Keep one of each set of equal kernels, and let all calls go to it.

    %a = func.call @kernel_relu_0(%x) : ...            %a = func.call @kernel_relu_0(%x) : ...
    %b = func.call @kernel_relu_1(%a) : ...   becomes  %b = func.call @kernel_relu_0(%a) : ...

Kernels are equal if they have the same type, ops, attributes (constants among them) and the same wiring; names and
locations don't count. Those of the ones that go are fused into the location of the one that stays. A network repeats
itself, so that few kernels are left to lower: ResNet-50 has 50-odd convolutions, 20-odd of them different.
`--pass-statistics` says how many went and how many stay.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from stepwell.context import Context
from stepwell.locations import fuse
from stepwell.pass_manager import ModulePass
from stepwell.rewriting import pattern_counts
from xdsl.dialects.builtin import ModuleOp, StringAttr, SymbolRefAttr
from xdsl.dialects.func import CallOp, FuncOp
from xdsl.ir import Attribute, Block, Operation, SSAValue

from .outline_kernels import KERNEL


@dataclass(frozen=True)
class DedupeKernels(ModulePass):
    name = "dedupe-kernels"

    def apply(self, ctx: Context, module: ModuleOp) -> None:
        kernels = [op for op in module.body.ops if isinstance(op, FuncOp) and KERNEL in op.attributes]
        kept: dict[object, list[FuncOp]] = {}
        for kernel in kernels:
            kept.setdefault(structure_of(kernel), []).append(kernel)
        renamed: dict[str, str] = {}
        for first, *others in kept.values():
            first.location = fuse([first.location, *(other.location for other in others)])
            for other in others:
                renamed[other.sym_name.data] = first.sym_name.data
                other.detach()
                other.erase()
        redirect_calls(module, renamed)
        if (counts := pattern_counts.get()) is not None:
            counts["kernels that equal an earlier one"] += len(renamed)
            counts["kernels that stay"] += len(kept)


def redirect_calls(module: ModuleOp, renamed: dict[str, str]) -> None:
    for op in module.walk():
        if isinstance(op, CallOp) and (name := renamed.get(op.callee.string_value())) is not None:
            op.callee = SymbolRefAttr(StringAttr(name))


def structure_of(func: FuncOp) -> object:
    """A value that two functions share exactly if they differ in names and locations at most."""
    numbers: dict[SSAValue, int] = {}
    blocks = {block: number for number, block in enumerate(func.body.blocks)}
    body = tuple(item for block in func.body.blocks for item in _structure_of_block(block, numbers, blocks))
    return func.function_type, _frozen(func.attributes), body


def _structure_of_block(block: Block, numbers: dict[SSAValue, int], blocks: dict[Block, int]) -> Iterator[object]:
    for argument in block.args:
        numbers[argument] = len(numbers)
    yield tuple(argument.type for argument in block.args)
    for op in block.ops:
        yield _structure_of_op(op, numbers, blocks)


def _structure_of_op(op: Operation, numbers: dict[SSAValue, int], blocks: dict[Block, int]) -> object:
    operands = tuple(numbers[operand] for operand in op.operands)
    successors = tuple(blocks[block] for block in op.successors)
    regions: list[object] = []
    for region in op.regions:
        inner = {**blocks, **{block: len(blocks) + number for number, block in enumerate(region.blocks)}}
        regions.append(tuple(item for block in region.blocks for item in _structure_of_block(block, numbers, inner)))
    for result in op.results:
        numbers[result] = len(numbers)
    types = tuple(op.result_types)
    return op.name, _frozen(op.properties), _frozen(op.attributes), operands, types, successors, tuple(regions)


def _frozen(attributes: dict[str, Attribute]) -> frozenset[tuple[str, Attribute]]:
    return frozenset(attributes.items())
