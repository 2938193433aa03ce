"""A kernel of a device as source text: what its buffers, its numbers and its threads are called, around its body.

    gpu.func @scale(%x: memref<40xf32>, %out: memref<?xf32>, %out_start: index) kernel
        attributes {known_block_size = array<i32: 64, 1, 1>} {
      %id = gpu.global_id x
      ...
  is, in CUDA C,
    extern "C" __global__ void __launch_bounds__(64) scale(float *x, float *out, const int out_start)
    {
      const int id = blockIdx.x * blockDim.x + threadIdx.x;
      ...

Where a kernel was made of several nodes of a model, a comment says from which one the lines below it come:

      // node 'scores'
      const float v = x[id] * 0.125f;
      // node 'probabilities'
      out[id] = ...

so that what a driver has to say of a line can be said of a node.

A language of kernels says what an id is (`IDS`), how threads wait for one another (`BARRIER`), and how the parts are
put together (`text`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import prod
from typing import ClassVar

from stepwell.diagnostics import StepwellError
from stepwell.dialects import gpu
from stepwell.dialects.gpu.ids import IdOp
from stepwell.locations import UNKNOWN, describe, is_known, text_place
from xdsl.dialects import memref
from xdsl.dialects.builtin import FusedLoc, IndexType, LocationAttr, MemRefType
from xdsl.ir import Attribute, BlockArgument, Operation

from .expressions import FUNCTIONS, Expr
from .language import Language
from .printer import FunctionPrinter, Names

CALLED = FUNCTIONS | {"fabs", "fmod", "fmax", "fmin", "pow", "rint"}
"""Names of functions, which that of a buffer would hide."""


@dataclass
class KernelLanguage(Language):
    """Places are counted in 32 bits, and none is below 0."""

    IDS: ClassVar[Mapping[str, str]]
    """An id's op → its text. {d}: x, y or z; {n}: 0, 1 or 2."""
    BARRIER: ClassVar[str]
    TOGETHER: ClassVar = False
    """Whether the kernels of a program stand in one file, with one copy of the helpers."""
    STATEMENTS: ClassVar[Mapping[str, Callable[[KernelPrinter, Operation], None]]] = {}
    """How ops are written that one language alone has."""
    asked: set[str] = field(default_factory=set[str])
    """The ids that a kernel asks for."""
    hands_on: bool = False
    """Whether a thread may read in a buffer what another one wrote there."""

    def is_position(self, kind: Attribute) -> bool:
        return isinstance(kind, IndexType)

    def element_name(self, buffer: BlockArgument, where: Operation) -> str:
        """The type of a buffer's elements."""
        kind = buffer.type
        assert isinstance(kind, MemRefType)
        return self.type_name(kind.element_type, where)

    def identifier(self, op: IdOp) -> Expr:
        """The number that an id op gives."""
        dimension = str(op.dimension.data)
        self.asked.add(op.name)
        return Expr(self.IDS[op.name].format(d=dimension, n="xyz".index(dimension)))

    def number(self, name: str) -> Expr:
        """A number that a launch hands in, inside of the kernel."""
        return Expr(name)

    def printer(self, names: Names, whole: LocationAttr) -> KernelPrinter:
        """What prints the body of a kernel that came from `whole`."""
        return KernelPrinter(self, names, kernel_language=self, whole=whole)

    def text(self, kernel: Kernel) -> str:
        """The source of a kernel; the whole of it, unless kernels stand together."""
        raise NotImplementedError

    def barrier(self) -> str:
        return self.BARRIER

    def head(self) -> list[str]:
        """What stands before kernels that stand together, and before their helpers: `types` are those of all."""
        return []


@dataclass(frozen=True)
class Kernel:
    """What a language puts together: (element type, name) of each buffer, (type, name) of each number, (element type,
    name, how many) of what threads share and of what each has of its own, and the lines of the body."""

    name: str
    comment: str
    block: tuple[int, ...]
    buffers: tuple[tuple[str, str], ...]
    numbers: tuple[tuple[str, str], ...]
    shared: tuple[tuple[str, str, int], ...]
    own: tuple[tuple[str, str, int], ...]
    lines: tuple[str, ...]


def names_nodes(location: LocationAttr) -> bool:
    """Whether it names nodes of a model; in text every op has a line of its own."""
    return is_known(location) and text_place(location) is None


@dataclass
class KernelPrinter(FunctionPrinter):
    """Prints the body of a kernel."""

    kernel_language: KernelLanguage = field(kw_only=True)
    whole: LocationAttr = UNKNOWN
    """Of the kernel. Only if it is made of several nodes are they told apart."""
    here: LocationAttr = UNKNOWN
    said: LocationAttr = UNKNOWN

    def line(self, text: str) -> None:
        if self.here != self.said and text and not text.startswith(("}", "//")):
            self.said = self.here
            super().line(f"// {describe(self.here)}")
        super().line(text)

    def op(self, op: Operation) -> None:
        if op.location != self.whole and isinstance(self.whole, FusedLoc) and names_nodes(op.location):
            self.here = op.location
        match op:
            case IdOp() if op.name in self.kernel_language.IDS:
                self.define(op.result, self.kernel_language.identifier(op))
            case gpu.BarrierOp():
                self.settle()
                self.line(self.kernel_language.barrier())
            case gpu.ReturnOp():
                self.settle()
            case _ if (write := self.kernel_language.STATEMENTS.get(op.name)) is not None:
                write(self, op)
            case _ if op.name.startswith(("vector.", "nvgpu.")):
                fix = "schedule.cache without `by` and `stages`, or a target whose device can"
                raise StepwellError(f"{self.kernel_language.NAME} has no {op.name}", op, fix)
            case _:
                super().op(op)


def hands_on(function: gpu.FuncOp) -> bool:
    """Whether threads of `function` that wait for one another load from a buffer that they store to."""
    ops = list(function.walk())
    stored = {op.memref for op in ops if isinstance(op, memref.StoreOp)}
    read = {op.memref for op in ops if isinstance(op, memref.LoadOp)}
    waits = any(isinstance(op, gpu.BarrierOp) for op in ops)
    return waits and not stored.isdisjoint(read.intersection(function.arguments))


def kernel_text(function: gpu.FuncOp, language: KernelLanguage) -> str:
    """The source of `function`. `language` is used for this kernel only."""
    name = function.sym_name.data
    names = Names({*language.KEYWORDS, *CALLED, name})
    printer = language.printer(names, function.location)
    buffers: list[tuple[str, str]] = []
    numbers: list[tuple[str, str]] = []
    for argument in function.arguments:
        label = names.fresh(argument.name_hint, f"arg{argument.index}")
        if isinstance(argument.type, MemRefType):
            printer.known[argument] = Expr(label)
            buffers.append((language.element_name(argument, function), label))
        else:
            printer.known[argument] = language.number(label)
            numbers.append((language.type_name(argument.type, function), label))

    def local(buffer: BlockArgument) -> tuple[str, str, int]:
        assert isinstance(buffer.type, MemRefType)
        label = names.fresh(buffer.name_hint, "local")
        printer.known[buffer] = Expr(label)
        return language.element_name(buffer, function), label, prod(buffer.type.get_shape())

    shared = tuple(map(local, function.workgroup_buffers))
    own = tuple(map(local, function.private_buffers))
    language.hands_on = hands_on(function)
    printer.block(function.body.block)
    comment = f"// {name}: {describe(function.location) or 'no node of the model'}"
    block = function.block_size or (1, 1, 1)
    lines = tuple(printer.lines)
    return language.text(Kernel(name, comment, block, tuple(buffers), tuple(numbers), shared, own, lines))


def kernel_files(module: gpu.GPUModuleOp, language: type[KernelLanguage]) -> dict[str, str]:
    """The sources of a module: a file for each kernel, called after it, or one for all, called `kernels`."""
    texts: dict[str, str] = {}
    whole = language()
    for op in module.body.block.ops:
        if isinstance(op, gpu.FuncOp):
            own = language()
            texts[op.sym_name.data] = kernel_text(op, own)
            whole.used |= own.used
            whole.types |= own.types
    if not language.TOGETHER:
        return texts
    return {"kernels": "\n".join([*whole.head(), *whole.used.values(), *texts.values()])}
