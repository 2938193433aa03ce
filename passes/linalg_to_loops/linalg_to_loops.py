"""Turn linalg ops on memrefs into loops: scalar ones for a C compiler, register-tiled vector ones for machine code.

    linalg.fill ins(%zero : f32) outs(%y : memref<64x32xf32>)
    linalg.generic {maps of a matrix product} ins(%a, %b) outs(%y)
  becomes, with `vector-width=16 unroll=1 vectors=1`,
    scf.for %j = %c0 to %c32 step %c16 {
      scf.for %i = %c0 to %c64 step %c1 {
        %start = vector.broadcast %zero : f32 to vector<16xf32>
        %sum = scf.for %k = %c0 to %c8 step %c1 iter_args(%acc = %start) {
          %x = vector.broadcast %a[i, k]
          %s = vector.fma %x, %b[k, j .. j + 16], %acc : vector<16xf32>
          scf.yield %s
        }
        vector.store %sum, %y[i, j .. j + 16]

`access.py` reads each op as loops over flat buffers, `nests.py` joins what can share loops (the fill above; an
elementwise op that follows), `tile.py` chooses the numbers, `emit.py` writes the loops.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast

from stepwell.context import Context
from stepwell.diagnostics import StepwellError
from stepwell.locations import fuse, stamp
from stepwell.pass_manager import ModulePass
from xdsl.dialects import arith, func, memref
from xdsl.dialects.builtin import ArrayAttr, DenseArrayBase, DictionaryAttr, ModuleOp, StringAttr, i64
from xdsl.ir import Attribute, Block, BlockArgument, Operation, SSAValue

from .access import VIEWS, Stage, stage_of
from .builder import Function
from .emit import Emitter
from .nests import Nest, group
from .tile import Rules, choose_tile, vector_dims

INPLACE = "stepwell.inplace"
TRANSPARENT = (*VIEWS, memref.AllocOp, memref.ViewOp, memref.GetGlobalOp, arith.ConstantOp)
"""Ops that touch no element, so that nests may move across them."""


@dataclass(frozen=True)
class LinalgToLoops(ModulePass):
    """`vector-width`: lanes of f32 in a register, 1 for scalar loops. `registers`: how many vector registers there are.
    `unroll`, `vectors`: the tile of a reduction where they are not 0 (rows, and vectors a row)."""

    name = "linalg-to-loops"

    vector_width: int = 1
    registers: int = 32
    unroll: int = 0
    vectors: int = 0

    def apply(self, ctx: Context, module: ModuleOp) -> None:
        width = self.vector_width
        if width < 1 or width & (width - 1):
            raise StepwellError(f"linalg-to-loops: vector-width={width} is not a power of two")
        if self.registers < 1 or self.unroll < 0 or self.vectors < 0:
            raise StepwellError("linalg-to-loops: registers, unroll and vectors are counts, the last two may be 0")
        for op in module.body.block.ops:
            if isinstance(op, func.FuncOp) and op.body.first_block is not None:
                self._lower(op)
        module.attributes["stepwell.level"] = StringAttr("loops")

    def _lower(self, op: func.FuncOp) -> None:
        shared = Function(op.body.blocks[0])
        rules = Rules(self.vector_width, self.registers, self.unroll, self.vectors)
        for block in list(blocks_of(op)):
            nests = [nest for run in stages_in(block) for nest in group(run, vector_dims)]
            if not nests:
                continue
            keep_inplace_safe(op, nests)
            position = {op: n for n, op in enumerate(block.ops)}
            for nest in nests:
                if nest.is_empty:
                    continue
                nest = nest.collapsed()
                tile = choose_tile(nest, rules)
                ops = sorted((s.op for s in nest.stages), key=position.__getitem__)
                made = Emitter(nest, tile, shared, ops[-1]).emit()
                stamp(made, fuse(o.location for o in ops))
            for nest in nests:
                for stage in nest.stages:
                    block.erase_op(stage.op)
            erase_unused(block)
        stamp((v.owner for v in shared.shared.values() if isinstance(v.owner, Operation)), op.location)


def blocks_of(op: Operation) -> Iterator[Block]:
    """The blocks inside of `op` that are run, not those that say what a linalg op computes."""
    for block in (block for region in op.regions for block in region.blocks):
        yield block
        for inner in block.ops:
            if not inner.name.startswith("linalg."):
                yield from blocks_of(inner)


def stages_in(block: Block) -> Iterator[list[Stage]]:
    """The stages of `block`, parted where an op stands between them that may touch memory."""
    run: list[Stage] = []
    for op in block.ops:
        if (stage := stage_of(op)) is not None:
            run.append(stage)
        elif op.name.startswith("linalg."):
            raise StepwellError(f"linalg-to-loops: {op.name} is not supported", op, "rewrite it as a linalg.generic")
        elif not isinstance(op, TRANSPARENT):
            yield run
            run = []
    yield run


def erase_unused(block: Block) -> None:
    """Views that nothing uses any more, and buffers that were only there between two stages of a nest."""
    for op in reversed(list(block.ops)):
        if isinstance(op, (*VIEWS, memref.AllocOp)) and not tuple(op.results[0].uses):
            block.erase_op(op)


def keep_inplace_safe(function: func.FuncOp, nests: list[Nest]) -> None:
    """Take back `stepwell.inplace = [n]` where a nest now writes the output before it has read all of input `n`.

    That an output may share its buffer with an input was found for one op after the other. A nest runs ops together:
    a convolution whose epilogue writes the output still reads its input while it does.
    """
    given = function.properties.get("arg_attrs")
    if not isinstance(given, ArrayAttr):
        return
    args = function.body.block.args
    entries: list[Attribute] = []
    for out, entry in zip(args, cast("ArrayAttr[Attribute]", given), strict=True):
        assert isinstance(entry, DictionaryAttr)
        inputs = entry.data.get(INPLACE)
        if isinstance(inputs, DenseArrayBase):
            safe = [int(n) for n in inputs.get_values() if may_share(nests, args[int(n)], out)]
            left: dict[str, Attribute] = {k: v for k, v in entry.data.items() if k != INPLACE}
            entry = DictionaryAttr(left | ({INPLACE: DenseArrayBase.from_list(i64, safe)} if safe else {}))
        entries.append(entry)
    function.properties["arg_attrs"] = ArrayAttr(entries)


def may_share(nests: list[Nest], source: BlockArgument, out: SSAValue) -> bool:
    """Whether every element of `source` is read before, or in the very iteration in which, that of `out` is written."""
    first = next((n for n, nest in enumerate(nests) if out in nest.writes), len(nests))
    for n, nest in enumerate(nests):
        if n < first or source not in nest.reads:
            continue
        reads = [a.at for s in nest.stages for a in s.reads() if a.base is source]
        writes = [a.at for s in nest.stages for a in s.outputs if a.base is out]
        if n > first or any(source in s.gathers() for s in nest.stages) or len({*reads, *writes}) != 1:
            return False
    return True
