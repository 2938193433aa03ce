"""The step from loops over memrefs to the `llvm` dialect, in one go: func, scf, cf, memref, arith, math and
vectors.

    func.func private @double(%x: memref<8xf32>, %y: memref<8xf32>) attributes {stepwell.kernel} {
      %c0 = arith.constant 0 : index
      ...
      scf.for %i = %c0 to %c8 step %c1 {
        %v = memref.load %x[%i] : memref<8xf32>
        %w = arith.addf %v, %v : f32
        memref.store %w, %y[%i] : memref<8xf32>
      }
      func.return
    }
  becomes
    llvm.func internal @double(%x: !llvm.ptr {llvm.noalias, llvm.readonly}, %y: !llvm.ptr {llvm.noalias}) ... {
      ...
      llvm.br ^0(%c0 : i64)
    ^0(%i: i64):
      %0 = llvm.getelementptr inbounds %x[%i] : (!llvm.ptr, i64) -> !llvm.ptr, f32
      %v = llvm.load %0 {alignment = 4 : i64} : !llvm.ptr -> f32
      %w = llvm.fadd %v, %v {fastmathFlags = #llvm.fastmath<contract>} : f32
      ...

One walk with a table of rules (op name → rule, one file a family of ops) and a memoised type conversion, because eight
passes with a recursive conversion each would take longer than LLVM itself. A memref is a bare pointer: shapes and
strides are static here, so they are in the code. Unsupported ops are errors, there is no partial lowering.
"""

from __future__ import annotations

from dataclasses import dataclass

from stepwell.context import Context
from stepwell.diagnostics import StepwellError
from stepwell.pass_manager import ModulePass
from xdsl.dialects import func, llvm
from xdsl.dialects.builtin import ArrayAttr, DictionaryAttr, IntegerAttr, ModuleOp, StringAttr
from xdsl.ir import Attribute, Block, Operation, Region

from . import arithmetic, control, mathematics, memory, vectors, x86
from .arguments import argument_attributes
from .lowering import Lowering, Types

FAMILIES = (arithmetic, control, mathematics, memory, vectors, x86)
"""Importing a family enters its rules into the table."""


@dataclass(frozen=True)
class LoopsToLLVM(ModulePass):
    name = "loops-to-llvm"

    def apply(self, ctx: Context, module: ModuleOp) -> None:
        types = Types()
        declarations: dict[str, llvm.FuncOp] = {}
        arguments = argument_attributes(module)
        lowered: list[Operation] = []
        for op in module.body.block.ops:
            if not isinstance(op, func.FuncOp):
                raise StepwellError(f"loops-to-llvm knows no '{op.name}' at the top of a module", where=op)
            try:
                lowered.append(lower_function(op, types, declarations, arguments.get(op.sym_name.data)))
            except StepwellError as error:
                if error.where is None:
                    error.where = op
                raise
        body = module.body
        old = body.detach_block(body.block)
        body.add_block(Block([*declarations.values(), *lowered]))
        module.attributes["stepwell.level"] = StringAttr("llvm")
        del old


def lower_function(
    op: func.FuncOp,
    types: Types,
    declarations: dict[str, llvm.FuncOp],
    arg_attrs: list[dict[str, Attribute]] | None,
) -> llvm.FuncOp:
    results = [types(type) for type in op.function_type.outputs]
    if len(results) > 1:
        raise StepwellError("a function of several results is not supported", where=op)
    inputs = [types(type) for type in op.function_type.inputs]
    region = Region()
    made = llvm.FuncOp(
        op.sym_name,
        llvm.LLVMFunctionType(inputs, results[0] if results else None),
        linkage=llvm.LinkageAttr("internal" if is_private(op) else "external"),
        body=region,
        extra_attrs=op.attributes,
    )
    made.location = op.location
    made.properties["unnamed_addr"] = IntegerAttr(0, 64)  # what reading the text gives it
    if arg_attrs is not None and any(arg_attrs):
        made.arg_attrs = ArrayAttr([DictionaryAttr(attrs) for attrs in arg_attrs])
    if not op.body.blocks:
        made.linkage = llvm.LinkageAttr("external")
        return made
    blocks = {block: Block(arg_types=[types(arg.type) for arg in block.args]) for block in op.body.blocks}
    low = Lowering(types, region, next(iter(blocks.values())), blocks, declarations)
    for old, new in blocks.items():
        low.start(new)
        low.scopes = [{}]
        for arg, converted in zip(old.args, new.args, strict=True):
            low[arg] = converted
        for inner in old.ops:
            low.lower(inner)
    low.finish()
    return made


def is_private(op: func.FuncOp) -> bool:
    return op.sym_visibility is not None and op.sym_visibility.data == "private"
