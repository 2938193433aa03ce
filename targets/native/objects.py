"""A compiled model as files to link into a program: an object, the header that says how to call it, its weights.

    stepwell-translate model.onnx --to object --cpu cortex-a72 -o out/model.o
      out/model.o             model_run, for that processor; it needs the C library's libm and memcpy
      out/model.h             how to call it
      out/model.weights.bin   what it reads

The processor need not be this machine's. An object runs on the thread that calls it.
"""

from __future__ import annotations

from stepwell.context import Context
from stepwell.diagnostics import StepwellError
from stepwell.manifest import entry_of, manifest_of, pack_weights
from stepwell.passes.llvm.add_entry import NAME as ENTRY
from stepwell.target import Translation
from stepwell.targets.c.header import Header, prefix_for
from stepwell.targets.c.main_program import main_source
from xdsl.dialects import llvm
from xdsl.dialects.builtin import ModuleOp, StringAttr

from .emitter import Emitter
from .llvm_ir import print_llvm_ir
from .pipeline import NativeOptions

ALIGNMENT = 64
"""Bytes at which code takes weights and arena to be aligned: a cache line."""


def object_files(
    ctx: Context, module: ModuleOp, options: NativeOptions, name: str, *, with_main: bool = False
) -> dict[str, bytes]:
    """The object, its header and its weights, all called after `name`. `with_main`: a C main around the model, too."""
    if options.threads > 1:
        raise StepwellError("an object runs on the thread that calls it", fix="--threads 1")
    header = Header(prefix_for(name), manifest_of(module), alignment=ALIGNMENT)
    emitter = Emitter(options.hardware)
    weights = bytes(pack_weights(ctx, module))
    module = module.clone()
    for op in list(module.body.block.ops):  # C calls @main itself
        if isinstance(op, llvm.FuncOp) and op.sym_name.data == ENTRY:
            module.body.block.erase_op(op)
    entry_of(module).properties["sym_name"] = StringAttr(header.entry)
    files = {
        f"{header.prefix}.o": emitter.object_code(print_llvm_ir(module, attributes=emitter.attributes())),
        f"{header.prefix}.h": header.text().encode(),
        f"{header.prefix}.weights.bin": weights,
    }
    if with_main:
        files[f"{header.prefix}_main.c"] = main_source(header).encode()
    return files


OBJECT = Translation("native", "llvm", object_files)
