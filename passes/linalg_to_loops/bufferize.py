"""Turn tensors into buffers, destination passing: a kernel writes into buffers that its caller hands in.

    func.func private @relu(%x: tensor<4xf32>) -> tensor<4xf32> {
      %e = tensor.empty() : tensor<4xf32>
      %y = linalg.generic {...} ins(%x : tensor<4xf32>) outs(%e : tensor<4xf32>) {...} -> tensor<4xf32>
      func.return %y : tensor<4xf32>
    }
    func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
      %b = arith.constant dense_resource<bias> : tensor<4xf32>
      %y = func.call @add(%x, %b) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
      %z = func.call @relu(%y) : (tensor<4xf32>) -> tensor<4xf32>
      func.return %z : tensor<4xf32>
    }
  becomes
    func.func private @relu(%x: memref<4xf32>, %out: memref<4xf32> {stepwell.inplace = array<i64: 0>}) {
      linalg.generic {...} ins(%x : memref<4xf32>) outs(%out : memref<4xf32>) {...}
      func.return
    }
    memref.global "private" constant @bias : memref<4xf32> = dense_resource<bias>
    func.func @main(%x: memref<4xf32>, %out: memref<4xf32>) {
      %b = memref.get_global @bias : memref<4xf32>
      %y = memref.alloc() : memref<4xf32>
      func.call @add(%x, %b, %y) : (memref<4xf32>, memref<4xf32>, memref<4xf32>) -> ()
      func.call @relu(%y, %out) : (memref<4xf32>, memref<4xf32>) -> ()
      func.return
    }

`bufferize_main.py` rewrites @main: where each of its tensors lives, and what is written in its place there
(concatenations, padding, outputs) or read where it stands (slices). `bufferize_kernel.py` rewrites the kernels, each
for the layouts of the buffers with which @main calls it.
"""

from __future__ import annotations

from dataclasses import dataclass

from stepwell.context import Context
from stepwell.diagnostics import StepwellError
from stepwell.pass_manager import ModulePass
from xdsl.dialects import func
from xdsl.dialects.builtin import ModuleOp, StringAttr

from .bufferize_kernel import bufferize_kernel
from .bufferize_main import ENTRY, MainBuffers, Symbols, Variants
from .inplace import mark_inplace
from .views import Buffer, tensor_type


@dataclass(frozen=True)
class Bufferize(ModulePass):
    name = "bufferize"

    def apply(self, ctx: Context, module: ModuleOp) -> None:
        functions = {
            op.sym_name.data: op
            for op in module.body.block.ops
            if isinstance(op, func.FuncOp) and op.body.first_block is not None and holds_tensors(op)
        }
        for name, op in functions.items():
            if len(op.body.blocks) != 1:
                raise StepwellError(f"@{name} has more than one block", op)
        main = functions.pop(ENTRY, None)
        symbols = Symbols(module)
        variants = Variants(symbols, functions)
        if main is not None:
            MainBuffers(module, main, symbols, variants).run()
        for name, kernel in functions.items():
            bufferize_variants(kernel, variants.names.get(name, {}))


def bufferize_variants(kernel: func.FuncOp, variants: dict[tuple[Buffer, ...], str]) -> None:
    """One function for each list of buffer types; one for contiguous buffers where nobody calls the kernel."""
    name, inputs = kernel.sym_name.data, len(kernel.body.block.args)
    copies = [kernel, *(kernel.clone() for _ in list(variants)[1:])]
    for types, variant, function in zip(variants or [None], variants.values() or [name], copies, strict=True):
        function.properties["sym_name"] = StringAttr(variant)
        if function is not kernel:
            assert kernel.parent is not None
            kernel.parent.insert_op_after(function, kernel)
        bufferize_kernel(function, types)
        mark_inplace(function, inputs)


def holds_tensors(function: func.FuncOp) -> bool:
    """A function without tensors stands on buffers already."""
    values = [*function.body.block.args, *(result for op in function.body.block.ops for result in op.results)]
    return any(tensor_type(value) is not None for value in values)
