"""Lay operands out in the order in which the inner loops read them, as `schedule.pack` asks for.

    memref.global "private" constant @w : memref<768x100xf32> = dense_resource<w>
    func.func @main(%x: memref<128x768xf32>, %out: memref<128x100xf32>) {
      %w = memref.get_global @w : memref<768x100xf32>
      func.call @matmul(%x, %w, %out) : ...
    }
    func.func private @matmul(%x: memref<128x768xf32>, %w: memref<768x100xf32>, %out: memref<128x100xf32>) {
      linalg.generic {indexing_maps = [..., affine_map<(i, j, k) -> (k, j)>, ...]} ins(%x, %w) outs(%out)
    }
    schedule.kernel @matmul {
      schedule.pack [0] input 1 outer_dims_perm = [1, 0] inner_dims_pos = [1] inner_tiles = [64]
      ...
    }
  becomes
    memref.global "private" constant @w_packed : memref<2x768x64xf32> = dense_resource<w_packed>
    func.func @main(%x: memref<128x768xf32>, %out: memref<128x100xf32>) {
      %w_packed = memref.get_global @w_packed : memref<2x768x64xf32>
      func.call @matmul(%x, %w_packed, %out) : ...
    }
    func.func private @matmul(%x: memref<128x768xf32>, %w: memref<2x768x64xf32>, %out: memref<128x100xf32>) {
      linalg.generic {indexing_maps = [..., affine_map<(i, j, k) -> (j floordiv 64, k, j mod 64)>, ...]} ...
    }

That is for an argument for which every caller has a weight: the weights table gets the packed array, which is made of
the original when it is asked for. Rows of a matrix that lie far apart would each take a page and, where their distance
is a power of two, fall into the same few sets of the caches; the panels are read in one stream.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from stepwell.context import Context
from stepwell.diagnostics import StepwellError
from stepwell.dialects.memref import GlobalOp, tensor_of
from stepwell.dialects.schedule import (
    KernelOp,
    NestOp,
    PackOp,
    ParallelOp,
    ReorderOp,
    TileOp,
    VectorizeOp,
)
from stepwell.dialects.schedule.ops import nest_of
from stepwell.locations import stamp
from stepwell.pass_manager import ModulePass
from stepwell.weights import Array
from xdsl.dialects import func, memref
from xdsl.dialects.builtin import (
    AffineMapAttr,
    ArrayAttr,
    DenseArrayBase,
    DenseResourceAttr,
    IntegerAttr,
    MemRefType,
    ModuleOp,
    i64,
)
from xdsl.dialects.linalg import ops as linalg
from xdsl.dialects.linalg.attrs import IteratorType, IteratorTypeAttr
from xdsl.ir import BlockArgument, Operation, SSAValue
from xdsl.ir.affine import AffineExpr, AffineMap
from xdsl.rewriter import Rewriter

from .apply_schedule import functions_of, stages_of
from .bufferize_kernel import copy
from .views import Buffer, type_of

RESHAPES = (memref.ExpandShapeOp, memref.CollapseShapeOp)


@dataclass(frozen=True)
class PackOperands(ModulePass):
    name = "pack-operands"

    def apply(self, ctx: Context, module: ModuleOp) -> None:
        functions = {op.sym_name.data: op for op in functions_of(module)}
        constants = Constants(ctx, module)
        for schedule in [op for op in module.body.block.ops if isinstance(op, KernelOp)]:
            for pack in [op for op in schedule.body.block.ops if isinstance(op, PackOp)]:
                kernel = functions.get(schedule.kernel_name)
                if kernel is None:
                    raise StepwellError(f"there is no function @{schedule.kernel_name} to schedule", schedule)
                pack_operand(kernel, schedule, pack, constants)
                schedule.body.block.erase_op(pack)
        constants.erase_unused()


@dataclass(frozen=True)
class Packing:
    """How a buffer of `shape` is packed. See `schedule.pack`."""

    shape: tuple[int, ...]
    perm: tuple[int, ...]
    tiles: tuple[tuple[int, int], ...]

    @property
    def packed_shape(self) -> tuple[int, ...]:
        tiles = dict(self.tiles)
        return (*(math.ceil(self.shape[d] / tiles.get(d, 1)) for d in self.perm), *tiles.values())

    def place(self, index: Sequence[AffineExpr]) -> list[AffineExpr]:
        """Where element `index` lies."""
        tiles = dict(self.tiles)
        outer = [index[d] // tiles[d] if d in tiles else index[d] for d in self.perm]
        return [*outer, *(index[d] % size for d, size in self.tiles)]

    def map(self, place: AffineMap) -> AffineMap:
        """Where what lay at `place` lies."""
        return AffineMap(place.num_dims, place.num_symbols, tuple(self.place(place.results)))

    def pack(self, array: Array) -> Array:
        """The packed copy of `array`, whose shape may be another one of as many elements."""
        tiles = dict(self.tiles)
        array = array.reshape(self.shape)
        if any(self.shape[d] % size for d, size in self.tiles):
            array = np.pad(array, [(0, -n % tiles.get(d, 1)) for d, n in enumerate(self.shape)])
        parts: list[int] = []
        where: dict[int, int] = {}  # the axis of a dimension, or of its tiles; what is within a tile follows
        for d, n in enumerate(array.shape):
            where[d] = len(parts)
            parts += [n // tiles[d], tiles[d]] if d in tiles else [n]
        axes = [*(where[d] for d in self.perm), *(where[d] + 1 for d, _ in self.tiles)]
        return np.ascontiguousarray(array.reshape(parts).transpose(axes))


def pack_operand(kernel: func.FuncOp, schedule: KernelOp, pack: PackOp, constants: Constants) -> None:
    """Do what `pack` asks for."""
    op = packed_op(kernel, pack)
    value = op.inputs[pack.operand_number]
    kind = type_of(value)
    if len(pack.perm) != len(kind.get_shape()):
        raise StepwellError(f"schedule.pack: it is for {len(pack.perm)} dimensions, but the input is a {kind}", pack)
    packing = Packing(kind.get_shape(), tuple(pack.perm), tuple(pack.tiles.items()))
    packed = MemRefType(kind.element_type, packing.packed_shape)
    maps = list(op.indexing_maps)
    maps[pack.operand_number] = AffineMapAttr(packing.map(maps[pack.operand_number].data))
    op.properties["indexing_maps"] = ArrayAttr(maps)
    argument = reshaped(value)  # a part of the weights, which a block reads, is packed when it is its turn
    if isinstance(argument, BlockArgument) and constants.are_given(kernel, argument):
        for call in constants.calls[kernel.sym_name.data]:
            constants.give(call, argument.index, packing, packed)
        op.operands[pack.operand_number] = argument
        erase_views(argument)
        Rewriter.replace_value_with_new_type(argument, packed)
        kernel.update_function_type()
    else:
        op.operands[pack.operand_number] = copied(op, value, packing, packed)
        schedule_copy(schedule, pack, packing)


def copied(op: linalg.GenericOp, value: SSAValue, packing: Packing, packed: Buffer) -> SSAValue:
    """A packed copy of `value`, made right before `op`."""
    place = memref.AllocOp([], [], packed)
    place.memref.name_hint = f"{value.name_hint}_packed" if value.name_hint else "packed"
    made = copy(value, place.memref)
    identity = AffineMap.identity(len(packing.shape))
    made.properties["indexing_maps"] = ArrayAttr([AffineMapAttr(identity), AffineMapAttr(packing.map(identity))])
    made.properties["iterator_types"] = ArrayAttr([IteratorTypeAttr(IteratorType.PARALLEL)] * len(packing.shape))
    stamp([place, made], op.location)
    block = op.parent
    assert block is not None
    block.insert_ops_before([place, made], op)
    return place.memref


def schedule_copy(schedule: KernelOp, pack: PackOp, packing: Packing) -> None:
    """Count the copy, which stands before the op that `pack` speaks of, among the linalg ops, and schedule it: panel by
    panel, with as many lanes as the op itself has."""
    here = pack.number
    block = schedule.body.block
    lanes = 1
    for op in list(block.ops):
        if isinstance(op, NestOp):
            if here in op.numbers:
                lanes = next((o.count for o in block.ops if isinstance(o, VectorizeOp) and nest_of(o.loop) is op), 1)
            op.properties["ops"] = DenseArrayBase.from_list(i64, [n + (n >= here) for n in op.numbers])
        elif isinstance(op, PackOp) and op.number >= here:
            op.properties["op"] = IntegerAttr(op.number + 1, i64)
    dims = [d for d, size in enumerate(packing.shape) if size > 1]
    nest = NestOp([here], [packing.shape[d] for d in dims])
    loops: dict[int, SSAValue] = dict(zip(dims, nest.loops, strict=True))
    tiles = [TileOp(loops[d], size) for d, size in packing.tiles if d in loops and size < packing.shape[d]]
    tiled = {tile.loop: tile for tile in tiles}
    outer = [tiled[loops[d]].outer if loops[d] in tiled else loops[d] for d in packing.perm if d in loops]
    inner = [tiled[loops[d]].inner for d, _ in packing.tiles if d in loops and loops[d] in tiled]
    made: list[Operation] = [nest, *tiles, ReorderOp([*outer, *inner]), ParallelOp(outer)]
    if inner and lanes > 1 and packing.tiles[-1][0] == len(packing.shape) - 1:
        made.append(VectorizeOp(inner[-1], lanes))
    stamp(made, pack.location)
    block.add_ops(made)


def packed_op(kernel: func.FuncOp, pack: PackOp) -> linalg.GenericOp:
    """The op of whose input `pack` speaks."""
    stages = stages_of(kernel)
    if pack.number >= len(stages):
        raise StepwellError(f"schedule.pack: @{kernel.sym_name.data} has no linalg op {pack.number}", pack)
    op = stages[pack.number].op
    if not isinstance(op, linalg.GenericOp) or pack.operand_number >= len(op.inputs):
        raise StepwellError(f"schedule.pack: linalg op {pack.number} has no input {pack.operand_number}", pack)
    return op


def erase_views(value: SSAValue) -> None:
    """Erase reshapes of `value` that nothing uses."""
    for use in list(value.uses):
        view = use.operation
        if isinstance(view, RESHAPES):
            erase_views(view.results[0])
            if view.results[0].first_use is None:
                view.detach()
                view.erase()


def reshaped(value: SSAValue) -> SSAValue:
    """What `value` is a reshape of."""
    while isinstance(value.owner, RESHAPES):
        value = value.owner.operands[0]
    return value


@dataclass
class Constants:
    """The weights of a module: which call hands over which, and the packed ones that were made of them."""

    ctx: Context
    module: ModuleOp
    calls: dict[str, list[func.CallOp]] = field(default_factory=dict[str, list[func.CallOp]])
    globals: dict[str, GlobalOp] = field(default_factory=dict[str, GlobalOp])
    packed: dict[tuple[str, Packing], GlobalOp] = field(default_factory=dict[tuple[str, Packing], GlobalOp])

    def __post_init__(self) -> None:
        for op in self.module.walk():
            if isinstance(op, func.CallOp):
                self.calls.setdefault(op.callee.string_value(), []).append(op)
            elif isinstance(op, GlobalOp):
                self.globals[op.sym_name.data] = op

    def are_given(self, kernel: func.FuncOp, argument: BlockArgument) -> bool:
        """Whether each call of `kernel` hands over a weight, which the kernel reads in one op only."""
        calls = self.calls.get(kernel.sym_name.data, [])
        value: SSAValue = argument
        while (use := value.get_user_of_unique_use()) is not None and isinstance(use, RESHAPES):
            value = use.results[0]
        given = [self._weight(call.arguments[argument.index]) for call in calls]
        return bool(calls) and value.has_one_use() and all(weight is not None for weight in given)

    def _weight(self, value: SSAValue) -> GlobalOp | None:
        get = reshaped(value).owner
        found = self.globals.get(get.name_.string_value()) if isinstance(get, memref.GetGlobalOp) else None
        if found is None or found.constant is None or not isinstance(found.initial_value, DenseResourceAttr):
            return None
        return found

    def give(self, call: func.CallOp, number: int, packing: Packing, kind: Buffer) -> None:
        """Hand over the packed weight instead of the one that argument `number` is."""
        value = call.arguments[number]
        weight = self._weight(value)
        assert weight is not None
        packed = self._packed(weight, packing, kind)
        get = memref.GetGlobalOp(packed.sym_name.data, kind)
        get.memref.name_hint = re.sub(r"\W", "_", packed.sym_name.data)
        stamp([get], weight.location)
        block = call.parent
        assert block is not None
        block.insert_op_before(get, call)
        call.operands[number] = get.memref

    def _packed(self, weight: GlobalOp, packing: Packing, kind: Buffer) -> GlobalOp:
        value = weight.initial_value
        assert isinstance(value, DenseResourceAttr)
        source = value.resource_handle.data
        if (source, packing) not in self.packed:
            key = self.ctx.weights.derive(f"{source}_packed", source, packing.pack)
            symbol, n = f"{weight.sym_name.data}_packed", 0
            while symbol in self.globals:
                symbol, n = f"{weight.sym_name.data}_packed_{n}", n + 1
            made = GlobalOp(symbol, kind, DenseResourceAttr.from_params(key, tensor_of(kind)))
            stamp([made], weight.location)
            self.module.body.block.insert_op_before(made, weight)
            self.globals[symbol] = self.packed[source, packing] = made
        return self.packed[source, packing]

    def erase_unused(self) -> None:
        """Erase what only calls that now get a packed weight used."""
        if not self.packed:
            return
        used: set[str] = set()
        for op in list(self.module.walk()):
            if isinstance(op, memref.GetGlobalOp):
                erase_views(op.memref)
                if op.memref.first_use is None:
                    op.detach()
                    op.erase()
                else:
                    used.add(op.name_.string_value())
        for name, op in self.globals.items():
            if name not in used:
                self.module.body.block.erase_op(op)
