"""Compile a module of loops, or of llvm, and call its functions with numpy arrays.

double = jit(text)                     # the module's only, or last, function
y = np.empty_like(x); double(x, y)     # arrays as pointers, Python numbers as the function's scalar types
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any

import numpy as np
from stepwell.context import Context
from stepwell.pass_manager import parse_passes, run_passes
from stepwell.runtime.native import link
from stepwell.targets.cpu.hardware import Hardware, host
from stepwell.targets.native.emitter import Emitter
from stepwell.targets.native.llvm_ir import print_llvm_ir
from stepwell.text import parse_module
from xdsl.dialects import llvm
from xdsl.dialects.builtin import Float32Type, Float64Type, IntegerType, ModuleOp
from xdsl.ir import Attribute


def ctype(type: Attribute) -> Any:
    if isinstance(type, Float32Type):
        return ctypes.c_float
    if isinstance(type, Float64Type):
        return ctypes.c_double
    if isinstance(type, IntegerType):
        return {1: ctypes.c_bool, 8: ctypes.c_int8, 16: ctypes.c_int16, 32: ctypes.c_int32, 64: ctypes.c_int64}[
            type.width.data
        ]
    return ctypes.c_void_p


def jit(module: ModuleOp | str, name: str | None = None, hardware: Hardware | None = None) -> Callable[..., Any]:
    """The function `name` (the last one without it) of a module at level program or loops, or of llvm already."""
    if isinstance(module, str):
        module = parse_module(Context(), module)
    module.verify()
    if not any(isinstance(op, llvm.FuncOp) for op in module.body.block.ops):
        run_passes(Context(), module, parse_passes("loops-to-llvm"), verify_each=True)
    functions = [op for op in module.body.block.ops if isinstance(op, llvm.FuncOp) and op.body.blocks]
    chosen = next(op for op in reversed(functions) if name is None or op.sym_name.data == name)
    chosen.linkage = llvm.LinkageAttr("external")
    emitter = Emitter(hardware or host())
    library = link([emitter.object_code(print_llvm_ir(module, attributes=emitter.attributes()))], chosen.sym_name.data)
    output = chosen.function_type.output
    result = None if isinstance(output, llvm.LLVMVoidType) else ctype(output)
    prototype = ctypes.CFUNCTYPE(result, *(ctype(t) for t in chosen.function_type.inputs))
    function = prototype(library[chosen.sym_name.data])

    def call(*args: Any) -> Any:
        assert library is not None  # keeps the code loaded
        return function(*(arg.ctypes.data if isinstance(arg, np.ndarray) else arg for arg in args))

    return call
