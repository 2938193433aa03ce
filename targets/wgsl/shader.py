"""A kernel as a WGSL module of its own.

    // kernel_relu_0: node 'relu1'
    struct Params {
      out_start: i32,
    }
    @group(0) @binding(0) var<storage, read_write> x: array<f32>;     // memref<40xf32>
    @group(0) @binding(1) var<storage, read_write> out: array<f32>;
    @group(0) @binding(2) var<uniform> params: Params;

    @compute @workgroup_size(64, 1, 1)
    fn main(@builtin(global_invocation_id) global_id: vec3<u32>) {
      ...
    }

Buffers are bound in the order of the kernel's arguments, numbers follow together. All buffers are bound for reading and
writing: parts of one arena could not be bound in two ways at once.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from stepwell.diagnostics import StepwellError
from stepwell.dialects import gpu
from stepwell.dialects.gpu.attributes import AddressSpace, space_of
from stepwell.dialects.gpu.ids import IdOp
from stepwell.locations import describe
from stepwell.targets.source.expressions import Expr
from stepwell.targets.source.printer import FunctionPrinter, Names
from xdsl.dialects.builtin import MemRefType
from xdsl.ir import Operation, SSAValue

from .language import WGSL

BUILTINS = {
    "gpu.global_id": ("global_id", "global_invocation_id"),
    "gpu.thread_id": ("thread_id", "local_invocation_id"),
    "gpu.block_id": ("block_id", "workgroup_id"),
    "gpu.grid_dim": ("grid_dim", "num_workgroups"),
}


def shaders(module: gpu.GPUModuleOp) -> dict[str, str]:
    """The source of each kernel, by name."""
    return {op.sym_name.data: shader(op) for op in module.body.block.ops if isinstance(op, gpu.FuncOp)}


def shader(function: gpu.FuncOp) -> str:
    """The source of one kernel."""
    language = WGSL()
    names = Names(language.KEYWORDS | {name for name, _ in BUILTINS.values()})
    printer = ShaderPrinter(language, names)
    buffers = [arg for arg in function.arguments if isinstance(arg.type, MemRefType)]
    numbers = [arg for arg in function.arguments if not isinstance(arg.type, MemRefType)]
    head = [f"// {function.sym_name.data}: {describe(function.location) or 'no node of the model'}"]
    globals_: list[str] = []
    for n, buffer in enumerate(buffers):
        name = names.fresh(buffer.name_hint, f"arg{buffer.index}")
        printer.known[buffer] = Expr(name)
        globals_.append(
            f"@group(0) @binding({n}) var<storage, read_write> {name}: {array(buffer, language, function)};"
        )
    for buffer in function.workgroup_buffers:
        name = names.fresh(buffer.name_hint, "shared_memory")
        printer.known[buffer] = Expr(name)
        globals_.append(f"var<workgroup> {name}: {array(buffer, language, function)};")
    if numbers:
        fields: list[str] = []
        for number in numbers:
            name = names.fresh(number.name_hint, "n")
            printer.known[number] = Expr(f"params.{name}")
            fields.append(f"  {name}: {language.type_name(number.type, function)},")
        head += ["struct Params {", *fields, "}"]
        globals_.append(f"@group(0) @binding({len(buffers)}) var<uniform> params: Params;")
    for buffer in function.private_buffers:
        name = names.fresh(buffer.name_hint, "own")
        printer.known[buffer] = Expr(name)
        printer.line(f"var {name}: {array(buffer, language, function)};")
    printer.block(function.body.block)
    size = ", ".join(map(str, function.block_size or (1, 1, 1)))
    takes = ", ".join(f"@builtin({builtin}) {name}: vec3<u32>" for name, builtin in sorted(printer.builtins))
    lines = [
        *head,
        *globals_,
        "",
        *language.used.values(),
        f"@compute @workgroup_size({size})",
        f"fn main({takes}) {{",
        *printer.lines,
        "}",
    ]
    return "\n".join(lines) + "\n"


def array(buffer: SSAValue, language: WGSL, where: Operation) -> str:
    kind = buffer.type
    assert isinstance(kind, MemRefType)
    element = language.type_name(kind.element_type, where)
    if element == "bool":
        raise StepwellError("WGSL keeps no bool in a buffer", where, fix="run narrow-types")
    if space_of(kind) is AddressSpace.Global:
        return f"array<{element}>"
    count = 1
    for size in kind.get_shape():
        count *= size
    return f"array<{element}, {count}>"


@dataclass
class ShaderPrinter(FunctionPrinter):
    builtins: set[tuple[str, str]] = field(default_factory=set[tuple[str, str]])
    """The numbers of a thread that are asked for: (name, built-in value)."""

    def op(self, op: Operation) -> None:
        match op:
            case IdOp() if op.name in BUILTINS:
                name, builtin = BUILTINS[op.name]
                self.builtins.add((name, builtin))
                self.define(op.result, Expr(f"i32({name}.{op.dimension.data.value})"))
            case gpu.BarrierOp():
                self.settle()
                self.line("workgroupBarrier();")
            case gpu.ReturnOp():
                self.settle()
            case _:
                super().op(op)
