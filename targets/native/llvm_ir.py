"""A module at level `llvm` as the text of LLVM IR.

    llvm.func internal @double(%x: !llvm.ptr {llvm.noalias}, %i: i64) {
      %0 = llvm.getelementptr inbounds %x[%i] : (!llvm.ptr, i64) -> !llvm.ptr, f32
      %v = llvm.load %0 {alignment = 4 : i64} : !llvm.ptr -> f32
      ...
  becomes
    define internal void @double(ptr noalias %x, i64 %i) #0 {
      %v0 = getelementptr inbounds float, ptr %x, i64 %i
      %v = load float, ptr %v0, align 4
      ...

A table says how each op is written. Constants stand where they are used, block arguments become phis, and the names
that values have in the dialect stay. Triple and data layout are left to the emitter.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

import numpy as np
from stepwell.diagnostics import StepwellError, printable
from stepwell.dialects.gpu import GPUModuleOp
from stepwell.dialects.llvm import X86AMXType
from stepwell.locations import describe
from xdsl.dialects import llvm
from xdsl.dialects.builtin import (
    BFloat16Type,
    DenseArrayBase,
    DenseIntOrFPElementsAttr,
    Float16Type,
    Float32Type,
    Float64Type,
    FloatAttr,
    IntAttr,
    IntegerAttr,
    IntegerType,
    ModuleOp,
    UnitAttr,
    VectorType,
)
from xdsl.ir import Attribute, Block, Operation, SSAValue

PLAIN = re.compile(r"[-A-Za-z$._][-A-Za-z$._0-9]*")

FLOATS: dict[type[Attribute], tuple[str, str]] = {
    Float16Type: ("half", "f16"),
    BFloat16Type: ("bfloat", "bf16"),
    Float32Type: ("float", "f32"),
    Float64Type: ("double", "f64"),
}
BINARY = {
    f"llvm.{name}": name
    for name in (
        *("add", "sub", "mul", "shl", "udiv", "sdiv", "urem", "srem", "and", "or", "xor", "lshr", "ashr"),
        *("fadd", "fsub", "fmul", "fdiv", "frem"),
    )
}
CASTS = {
    f"llvm.{name}": name
    for name in (
        *("trunc", "zext", "sext", "fptrunc", "fpext", "sitofp", "uitofp", "fptosi", "fptoui"),
        *("bitcast", "ptrtoint", "inttoptr"),
    )
}
OVERLOADS = {
    "llvm.memcpy": (0, 1, 2),
    "llvm.memmove": (0, 1, 2),
    "llvm.memset": (0, 2),
    "llvm.powi": (-1, 1),
    "llvm.vector.reduce.fadd": (1,),
    "llvm.vector.reduce.fmul": (1,),
}
"""Which operands' types (-1: the result's) an intrinsic's full name ends with, where it is not the result's alone."""
NVVM_KERNEL, NVVM_BLOCK = "nvvm.kernel", "nvvm.reqntid"
"""Upstream's attributes of a function that NVIDIA's GPUs launch, and of the threads of its blocks."""
FAST = ("reassoc", "nnan", "ninf", "nsz", "arcp", "contract", "afn")

Render = Callable[["FunctionWriter", Operation], str]
RENDERS: dict[str, Render] = {}


def renders(*names: str) -> Callable[[Render], Render]:
    def enter(render: Render) -> Render:
        for name in names:
            RENDERS[name] = render
        return render

    return enter


def print_llvm_ir(
    module: ModuleOp | GPUModuleOp, only: Collection[str] | None = None, attributes: Mapping[str, str] | None = None
) -> str:
    """The text of `module`, every function with the string `attributes`.

    With `only`, those functions alone, visible to the linker, so that each can be compiled to an object of its own.
    """
    functions = [op for op in module.body.block.ops if isinstance(op, llvm.FuncOp)]
    variables = [variable(op) for op in module.body.block.ops if isinstance(op, llvm.GlobalOp)]
    for op in module.body.block.ops:
        if not isinstance(op, llvm.FuncOp | llvm.GlobalOp):
            raise StepwellError(f"{op.name} cannot stand in an LLVM IR module here", where=op)
    signatures = {op.sym_name.data: op for op in functions}
    parts: list[str] = []
    called: dict[str, None] = {}
    defined: set[str] = set()
    for op in functions:
        name = op.sym_name.data
        if not op.body.blocks or (only is not None and name not in only):
            continue
        defined.add(name)
        writer = FunctionWriter()
        parts.append(writer.function(op, visible=only is not None))
        called |= writer.called
    declared = [declaration(signatures[name]) for name in called if name not in defined]
    group = " ".join(f'"{key}"="{value}"' for key, value in (attributes or {}).items())
    heads = [*variables, *declared]
    return "\n".join([*heads, *([""] if heads else []), *parts, f"attributes #0 = {{ nounwind {group} }}\n"])


def declaration(op: llvm.FuncOp) -> str:
    inputs = ", ".join(type_text(type) for type in op.function_type.inputs)
    return f"declare {type_text(op.function_type.output)} {symbol(op.sym_name.data)}({inputs})"


def variable(op: llvm.GlobalOp) -> str:
    """Memory that is there before any function runs, without a value."""
    if op.value is not None or op.body.blocks:
        raise StepwellError("a global of a value cannot be written as LLVM IR here", where=op)
    space = op.addr_space.value.data
    words = [op.linkage.linkage.data, *([f"addrspace({space})"] if space else []), "global"]
    return f"{symbol(op.sym_name.data)} = {' '.join(words)} {type_text(op.global_type)} undef, {align_text(op)}"


def symbol(name: str) -> str:
    return f"@{name}" if PLAIN.fullmatch(name) else f'@"{name}"'


def type_text(type: Attribute) -> str:
    if isinstance(type, IntegerType):
        return f"i{type.width.data}"
    if isinstance(type, VectorType):
        return f"<{type.get_shape()[0]} x {type_text(type.get_element_type())}>"
    if isinstance(type, llvm.LLVMPointerType):
        return f"ptr addrspace({space})" if (space := space_of(type)) else "ptr"
    if isinstance(type, llvm.LLVMArrayType):
        return f"[{type.size.data} x {type_text(type.type)}]"
    if isinstance(type, llvm.LLVMStructType):
        return f"{{{', '.join(map(type_text, type.types))}}}"
    if isinstance(type, llvm.LLVMVoidType):
        return "void"
    if isinstance(type, X86AMXType):
        return "x86_amx"
    if (known := FLOATS.get(type.__class__)) is not None:
        return known[0]
    raise StepwellError(f"{type} has no name in LLVM IR")


def space_of(type: llvm.LLVMPointerType) -> int:
    return type.addr_space.data if isinstance(type.addr_space, IntAttr) else 0


def mangled(type: Attribute) -> str:
    """A type as an intrinsic's name spells it: v16f32, i64, p0."""
    if isinstance(type, VectorType):
        return f"v{type.get_shape()[0]}{mangled(type.get_element_type())}"
    if isinstance(type, llvm.LLVMPointerType):
        return f"p{space_of(type)}"
    return FLOATS[type.__class__][1] if type.__class__ in FLOATS else type_text(type)


def float_text(value: float, type: Attribute) -> str:
    """A float exactly: in decimal where that is short and exact, else by its bits."""
    if isinstance(type, Float16Type):
        return f"0xH{np.float16(value).view(np.uint16):04X}"
    if isinstance(type, BFloat16Type):
        return f"0xR{bfloat16_bits(value):04X}"
    if isinstance(type, Float32Type):
        with np.errstate(over="ignore"):
            value = float(np.float32(value))
    if abs(value) < 1e6 and (value * 1024).is_integer():
        return repr(value)
    return "0x" + struct.pack(">d", value).hex().upper()


def bfloat16_bits(value: float) -> int:
    """The upper half of the float32, rounded to nearest even."""
    bits = int(np.float32(value).view(np.uint32))
    if value != value:
        return (bits >> 16) | 0x40  # keep it a (quiet) NaN
    return (bits + 0x7FFF + ((bits >> 16) & 1)) >> 16


def scalar_text(value: Any, type: Attribute) -> str:
    if isinstance(type, IntegerType):
        return ("false", "true")[int(value) & 1] if type.width.data == 1 else str(int(value))
    return float_text(float(value), type)


def constant_text(op: llvm.ConstantOp) -> str:
    value, type = op.value, op.result.type
    if isinstance(value, IntegerAttr | FloatAttr):
        return scalar_text(value.value.data, type)
    assert isinstance(value, DenseIntOrFPElementsAttr) and isinstance(type, VectorType)
    element = type.get_element_type()
    if value.is_splat():
        return f"splat ({type_text(element)} {scalar_text(next(iter(value.get_values())), element)})"
    return "<" + ", ".join(f"{type_text(element)} {scalar_text(v, element)}" for v in value.get_values()) + ">"


class FunctionWriter:
    """Writes one function: names of values and blocks, types by identity, and what it calls."""

    def __init__(self) -> None:
        self.names: dict[SSAValue, str] = {}
        self.labels: dict[Block, str] = {}
        self.taken: set[str] = set()
        self.called: dict[str, None] = {}
        self._types: dict[int, tuple[Attribute, str]] = {}
        self._unnamed = 0

    # Names
    def type(self, type: Attribute) -> str:
        if (known := self._types.get(id(type))) is None:
            known = self._types[id(type)] = (type, type_text(type))
        return known[1]

    def name(self, value: SSAValue) -> str:
        if (known := self.names.get(value)) is not None:
            return known
        base = value.name_hint
        if base is None or not PLAIN.fullmatch(base):
            base, self._unnamed = f"v{self._unnamed}", self._unnamed + 1
        name, n = base, 1
        while name in self.taken:
            name, n = f"{base}.{n}", n + 1
        self.taken.add(name)
        self.names[value] = "%" + name
        return "%" + name

    def typed(self, value: SSAValue) -> str:
        return f"{self.type(value.type)} {self.name(value)}"

    def typed_list(self, values: Iterable[SSAValue]) -> str:
        return ", ".join(self.typed(value) for value in values)

    # Structure
    def function(self, op: llvm.FuncOp, *, visible: bool) -> str:
        blocks = list(op.body.blocks)
        self.labels = {block: f"b{n}" if n else "entry" for n, block in enumerate(blocks)}
        self.taken.update(self.labels.values())
        args = ", ".join(self.argument(arg, op, n) for n, arg in enumerate(blocks[0].args))
        internal = "internal " if op.linkage.linkage.data in ("internal", "private") and not visible else ""
        where = describe(op.location)  # names are a stranger's: a comment must not end before its line does
        lines = [] if where is None else [f"; {printable(where).replace(chr(10), ' ')}"]
        output = self.type(op.function_type.output)
        alone = "noinline " if uses_tiles(op) else ""
        kernel = "ptx_kernel " if NVVM_KERNEL in op.attributes else ""
        lines.append(f"define {internal}{kernel}{output} {symbol(op.sym_name.data)}({args}) {alone}#0{block_of(op)} {{")
        incoming = incoming_values(blocks)
        for n, block in enumerate(blocks):
            lines.append(f"{self.labels[block]}:")
            for index, arg in enumerate(block.args if n else ()):
                lines.append(f"  {self.name(arg)} = phi {self.type(arg.type)} {self.phi(incoming[block], index)}")
            for inner in block.ops:
                if (line := self.line(inner)) is not None:
                    lines.append("  " + line)
        lines.append("}\n")
        return "\n".join(lines)

    def argument(self, arg: SSAValue, op: llvm.FuncOp, n: int) -> str:
        words = [self.type(arg.type)]
        if op.arg_attrs is not None:
            for key, value in op.arg_attrs.data[n].data.items():
                word = key.removeprefix("llvm.")
                if isinstance(value, UnitAttr):
                    words.append(word)
                elif isinstance(value, IntegerAttr):
                    words.append(f"{word} {value.value.data}")
        return " ".join([*words, self.name(arg)])

    def phi(self, incoming: list[tuple[Block, tuple[SSAValue, ...]]], index: int) -> str:
        return ", ".join(f"[ {self.name(values[index])}, %{self.labels[block]} ]" for block, values in incoming)

    def line(self, op: Operation) -> str | None:
        """The text of an op; None for a constant, which is written where it is used."""
        if isinstance(op, llvm.ConstantOp):
            self.names[op.result] = constant_text(op)
            return None
        if op.name in ("llvm.mlir.poison", "llvm.mlir.undef", "llvm.mlir.zero"):
            word = {"llvm.mlir.poison": "poison", "llvm.mlir.undef": "undef"}.get(op.name, "zeroinitializer")
            self.names[op.results[0]] = word
            return None
        if isinstance(op, llvm.AddressOfOp):
            self.names[op.result] = symbol(op.global_name.string_value())
            return None
        if (render := RENDERS.get(op.name)) is None:
            raise StepwellError(f"{op.name} cannot be written as LLVM IR", where=op)
        text = render(self, op)
        return f"{self.name(op.results[0])} = {text}" if op.results else text


def block_of(op: llvm.FuncOp) -> str:
    """Which blocks of threads a kernel of a GPU is launched in."""
    size = op.attributes.get(NVVM_BLOCK)
    if not isinstance(size, DenseArrayBase):
        return ""
    return f' "{NVVM_BLOCK}"="{",".join(map(str, size.get_values()))}"'


def uses_tiles(op: Operation) -> bool:
    """Whether there are tiles of AMX in `op`. Their registers have one shape in a function, so it stays one."""
    calls = (inner.intrin.data for inner in op.walk() if isinstance(inner, llvm.CallIntrinsicOp))
    return any(name.startswith("llvm.x86.tile") for name in calls)


def incoming_values(blocks: list[Block]) -> dict[Block, list[tuple[Block, tuple[SSAValue, ...]]]]:
    """For each block, its predecessors and the values that they pass to its arguments."""
    incoming: dict[Block, list[tuple[Block, tuple[SSAValue, ...]]]] = {block: [] for block in blocks}
    for block in blocks:
        last = block.last_op
        if isinstance(last, llvm.BrOp):
            incoming[last.successor].append((block, tuple(last.arguments)))
        elif isinstance(last, llvm.CondBrOp):
            if last.then_block is last.else_block:
                raise StepwellError("a branch with one target for both outcomes has no phi", where=last)
            incoming[last.then_block].append((block, tuple(last.then_arguments)))
            incoming[last.else_block].append((block, tuple(last.else_arguments)))
    return incoming


def flags_text(op: Operation) -> str:
    """fast-math or overflow flags, each with a space behind it."""
    flags = op.properties.get("fastmathFlags")
    if isinstance(flags, llvm.FastMathAttr):
        held = {str(flag) for flag in flags.data}
        return "".join(f"{word} " for word in FAST if word in held)
    overflow = op.properties.get("overflowFlags")
    if isinstance(overflow, IntegerAttr):
        bits = overflow.value.data
        return ("nuw " if bits & 2 else "") + ("nsw " if bits & 1 else "")
    return ""


@renders(*BINARY)
def render_binary(f: FunctionWriter, op: Operation) -> str:
    lhs, rhs = op.operands
    return f"{BINARY[op.name]} {flags_text(op)}{f.typed(lhs)}, {f.name(rhs)}"


@renders(*CASTS)
def render_cast(f: FunctionWriter, op: Operation) -> str:
    return f"{CASTS[op.name]} {f.typed(op.operands[0])} to {f.type(op.results[0].type)}"


@renders("llvm.fneg")
def render_fneg(f: FunctionWriter, op: Operation) -> str:
    return f"fneg {flags_text(op)}{f.typed(op.operands[0])}"


@renders("llvm.icmp", "llvm.fcmp")
def render_compare(f: FunctionWriter, op: Operation) -> str:
    predicate = op.properties["predicate"]
    assert isinstance(predicate, IntegerAttr)
    integer = op.name == "llvm.icmp"
    flag = (llvm.ICmpPredicateFlag if integer else llvm.FCmpPredicateFlag).from_int(predicate.value.data)
    lhs, rhs = op.operands
    return f"{'icmp' if integer else 'fcmp'} {str(flag).lstrip('_')} {f.typed(lhs)}, {f.name(rhs)}"


@renders("llvm.select")
def render_select(f: FunctionWriter, op: Operation) -> str:
    return f"select {f.typed_list(op.operands)}"


@renders("llvm.getelementptr")
def render_gep(f: FunctionWriter, op: Operation) -> str:
    assert isinstance(op, llvm.GEPOp)
    dynamic = iter(op.ssa_indices)
    indices = [
        f.typed(next(dynamic)) if index == llvm.GEP_USE_SSA_VAL else f"i64 {index}"
        for index in op.rawConstantIndices.get_values()
    ]
    inbounds = "inbounds " if op.inbounds is not None else ""
    return f"getelementptr {inbounds}{f.type(op.elem_type)}, {f.typed(op.ptr)}, {', '.join(indices)}"


def align_text(op: Operation) -> str:
    alignment = op.properties.get("alignment")
    return f"align {alignment.value.data}" if isinstance(alignment, IntegerAttr) else ""


@renders("llvm.load")
def render_load(f: FunctionWriter, op: Operation) -> str:
    return ", ".join(filter(None, (f"load {f.type(op.results[0].type)}", f.typed(op.operands[0]), align_text(op))))


@renders("llvm.store")
def render_store(f: FunctionWriter, op: Operation) -> str:
    return ", ".join(filter(None, (f"store {f.typed(op.operands[0])}", f.typed(op.operands[1]), align_text(op))))


@renders("llvm.alloca")
def render_alloca(f: FunctionWriter, op: Operation) -> str:
    return f"alloca {f.type(op.properties['elem_type'])}, {f.typed(op.operands[0])}, {align_text(op)}"


@renders("llvm.intr.masked.load")
def render_masked_load(f: FunctionWriter, op: Operation) -> str:
    data, mask, otherwise = op.operands
    type = op.results[0].type
    args = f"ptr {align_text(op)} {f.name(data)}, {f.typed(mask)}, {f.typed(otherwise)}"
    return f"call {f.type(type)} @llvm.masked.load.{mangled(type)}.p0({args})"


@renders("llvm.intr.masked.store")
def render_masked_store(f: FunctionWriter, op: Operation) -> str:
    value, data, mask = op.operands
    args = f"{f.typed(value)}, ptr {align_text(op)} {f.name(data)}, {f.typed(mask)}"
    return f"call void @llvm.masked.store.{mangled(value.type)}.p0({args})"


@renders("llvm.intr.fma")
def render_fma(f: FunctionWriter, op: Operation) -> str:
    type = op.results[0].type
    return f"call {f.type(type)} @llvm.fma.{mangled(type)}({f.typed_list(op.operands)})"


@renders("llvm.call_intrinsic")
def render_intrinsic(f: FunctionWriter, op: Operation) -> str:
    assert isinstance(op, llvm.CallIntrinsicOp)
    base = op.intrin.data
    if base.startswith("llvm.vector.reduce.") and base not in OVERLOADS:
        which = (0,)
    elif base.startswith(("llvm.x86.", "llvm.nvvm.")):  # an instruction has one form
        which = ()
    else:
        which = OVERLOADS.get(base, (-1,))
    types = [op.results[0].type if n < 0 else op.args[n].type for n in which]
    output = f.type(op.results[0].type) if op.results else "void"
    name = ".".join([base, *map(mangled, types)])
    return f"call {flags_text(op)}{output} @{name}({f.typed_list(op.args)})"


@renders("llvm.call")
def render_call(f: FunctionWriter, op: Operation) -> str:
    assert isinstance(op, llvm.CallOp)
    if op.callee is None:
        raise StepwellError("an indirect call cannot be written as LLVM IR here", where=op)
    callee = op.callee.string_value()
    f.called[callee] = None
    output = f.type(op.results[0].type) if op.results else "void"
    return f"call {output} {symbol(callee)}({f.typed_list(op.args)})"


@renders("llvm.extractelement")
def render_extract(f: FunctionWriter, op: Operation) -> str:
    return f"extractelement {f.typed_list(op.operands)}"


@renders("llvm.extractvalue")
def render_extract_value(f: FunctionWriter, op: Operation) -> str:
    assert isinstance(op, llvm.ExtractValueOp)
    return f"extractvalue {f.typed(op.container)}, {', '.join(map(str, op.position.get_values()))}"


@renders("llvm.insertelement")
def render_insert(f: FunctionWriter, op: Operation) -> str:
    return f"insertelement {f.typed_list(op.operands)}"


@renders("llvm.shufflevector")
def render_shuffle(f: FunctionWriter, op: Operation) -> str:
    assert isinstance(op, llvm.ShuffleVectorOp)
    lanes = list(op.mask.iter_values())
    if not any(lanes):
        mask = f"<{len(lanes)} x i32> zeroinitializer"
    else:
        shown = ", ".join(f"i32 {lane}" if lane >= 0 else "i32 poison" for lane in lanes)
        mask = f"<{len(lanes)} x i32> <{shown}>"
    return f"shufflevector {f.typed_list(op.operands)}, {mask}"


@renders("llvm.br")
def render_br(f: FunctionWriter, op: Operation) -> str:
    return f"br label %{f.labels[op.successors[0]]}"


@renders("llvm.cond_br")
def render_cond_br(f: FunctionWriter, op: Operation) -> str:
    yes, no = (f.labels[block] for block in op.successors)
    return f"br {f.typed(op.operands[0])}, label %{yes}, label %{no}"


@renders("llvm.return")
def render_return(f: FunctionWriter, op: Operation) -> str:
    return f"ret {f.typed(op.operands[0])}" if op.operands else "ret void"


@renders("llvm.unreachable")
def render_unreachable(f: FunctionWriter, op: Operation) -> str:
    return "unreachable"
