"""Turn each kernel into kernels of which a thread stores one element, the one whose number it bears.

    gpu.func @pad(%x: memref<40xf32>, %out: memref<100xf32>) kernel attributes {known_block_size = ...64, 1, 1>} {
      %id = gpu.global_id x
      %j = arith.remui %id, %c4
      %i = arith.divui %id, %c4
      %v = memref.load %x[%id]
      memref.store %v, %out[11 + 10 * %i + %j]
  becomes
    gpu.func @pad(%x: memref<40xf32>, %out: memref<100xf32>) kernel attributes {known_block_size = ... 1, 1, 1>} {
      %element = gpu.global_id x
      %r = arith.subi %element, %c11
      %i = arith.divui %r, %c10
      %j = arith.remui %r, %c10
      scf.if (%r >= 0 and %i < 10 and %j < 4) {
        %v = memref.load %x[4 * %i + %j]
        memref.store %v, %out[%element]
      }
  and its launch is of 100 blocks of one thread. The buffer that is stored to is the last one among the arguments.

A fragment shader (OpenGL ES 3.00, WebGL 2) cannot say where it writes: it is run for every element of what is drawn,
and gives that element's value or discards it. A kernel that stores several results becomes one kernel for each; a loop
around a store is taken apart like a thread's number (`places.py`). What a kernel reads of the buffer that it stores to
is what was there before. Refused: barriers and what else threads do together, and a store whose thread cannot be told
from its place.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from math import prod
from typing import cast

from stepwell.context import Context
from stepwell.diagnostics import StepwellError
from stepwell.dialects import gpu
from stepwell.manifest import entry_of
from stepwell.pass_manager import ModulePass
from stepwell.passes.loops_to_gpu.flat import Indices
from stepwell.passes.loops_to_gpu.loops_to_gpu import is_root
from stepwell.passes.loops_to_llvm.arguments import constant
from xdsl.dialects import func, memref
from xdsl.dialects.builtin import MemRefType, ModuleOp, SymbolRefAttr
from xdsl.ir import Attribute, Operation, SSAValue

from .fragment import FIX, Fragment

ALONE = frozenset({"gpu.global_id", "gpu.return"})
"""What a thread does without others."""


@dataclass(frozen=True)
class GPUToFragments(ModulePass):
    name = "gpu-to-fragments"

    def apply(self, ctx: Context, module: ModuleOp) -> None:
        main = cast("func.FuncOp", entry_of(module))
        start = main.body.block.first_op
        assert start is not None

        def at_start(op: Operation) -> Operation:
            op.location = main.location
            main.body.block.insert_op_before(op, start)
            return op

        launches = [op for op in main.walk() if isinstance(op, gpu.LaunchFuncOp)]
        kernels = [op.target() for op in launches]  # before others have their names
        rewriting = Rewriting(Indices(at_start))
        for op, kernel in zip(launches, kernels, strict=True):
            assert kernel is not None
            rewriting.replace(op, kernel)
        for kernel in rewriting.made:
            kernel.detach()
            kernel.erase()


@dataclass
class Rewriting:
    """`indices`: numbers at the start of @main. `made`: what became of each kernel."""

    indices: Indices
    made: dict[gpu.FuncOp, list[Fragment]] = field(default_factory=dict[gpu.FuncOp, list[Fragment]])

    def replace(self, op: gpu.LaunchFuncOp, kernel: gpu.FuncOp) -> None:
        assert op.parent is not None
        if kernel not in self.made:
            points = prod(constant(n) or 0 for n in (*op.blocks, *op.threads))
            self.made[kernel] = list(self.split(kernel, points))
        one = self.indices.value(1)
        for fragment in self.made[kernel]:
            arguments = [op.arguments[n] for n in fragment.kept]
            count = self.indices.value(elements(op.arguments[fragment.target.index]))
            name = SymbolRefAttr(op.kernel.root_reference, [fragment.name])
            launch = gpu.LaunchFuncOp(name, [count, one, one], [one, one, one], arguments)
            launch.location = op.location
            op.parent.insert_op_before(launch, op)
        op.detach()
        op.erase()

    def split(self, kernel: gpu.FuncOp, points: int) -> Iterator[Fragment]:
        """A kernel for each store to a buffer of the host."""
        check(kernel)
        stores = [op for op in kernel.walk() if isinstance(op, memref.StoreOp) and op.memref in kernel.arguments]
        assert kernel.parent is not None
        for n, store in enumerate(stores):
            name = kernel.sym_name.data if len(stores) == 1 else f"{kernel.sym_name.data}_r{n}"
            fragment = Fragment(name, kernel, store, points)
            kernel.parent.insert_op_before(fragment.function(), kernel)
            yield fragment


def check(kernel: gpu.FuncOp) -> None:
    """Raise `StepwellError` for a kernel whose threads do something together, or that reads what it has stored."""
    name = kernel.sym_name.data
    stored: list[SSAValue] = []
    for op in kernel.walk():
        if op is not kernel and op.name.startswith("gpu.") and op.name not in ALONE:
            raise StepwellError(f"@{name}: {op.name} is of threads together; fragments are each alone", op, FIX)
        if isinstance(op, memref.StoreOp) and op.memref in kernel.arguments:
            stored.append(op.memref)
    if kernel.workgroup_buffers:
        raise StepwellError(f"@{name} has memory that threads share; fragments are each alone", kernel, FIX)
    for op in kernel.walk():
        if isinstance(op, memref.LoadOp) and op.memref in stored and len(stored) > 1:
            raise StepwellError(f"@{name} stores several results and reads one of them: no fragment does", op, FIX)


def elements(buffer: SSAValue) -> int:
    """How many elements the whole of which a launch is handed a part has."""
    while not is_root(buffer):
        buffer = cast("Operation", buffer.owner).operands[0]
    return prod(cast("MemRefType[Attribute]", buffer.type).get_shape())
